/**
 * A record as one line of JSON, its members in this order:
 *
 *     {"seq":7,"at":1767225600000,"stream":"x/4711","v":1,"durableTo":5,"prev":"<64 hex>","event":{...},"crc":"<8 hex>"}
 *
 * `prev` is the SHA-256 of the line before it (its UTF-8 bytes without the line feed), 64 zeros for the first.
 * `crc` is the CRC-32 of the line's own bytes up to the comma before it: the chain can't vouch for the last line, nobody follows it.
 * `"more":true` before `crc` says that the next line was appended by the same call: opening keeps a call whole or cuts it.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { EventRecord, TillEvent } from '../events.js';
import { isObject } from '../json.js';
import type { Lines } from './lines.js';
import { recordOf } from './record-of.js';

/** The newest shape of an event that this version writes and reads. */
export const RECORD_VERSION = 1;

/** `prev` of the first record. */
export const FIRST_PREV = '0'.repeat(64);

/** A record with what chains it. */
export interface Line {
  readonly record: EventRecord;
  /** SHA-256 of the line: `prev` of the next one. */
  readonly hash: string;
  /** The next line belongs to the same append. */
  readonly more: boolean;
}

export type Decoded = ({ readonly is: 'line' } & Line) | { readonly is: 'bad'; readonly why: string } | { readonly is: 'newer'; readonly v: number };

const LINE_FEED = 0x0a;
const CRC_LENGTH = ',"crc":"00000000"}'.length;

const crcOf = (text: string | Uint8Array): string => crc32(text).toString(16).padStart(8, '0');

/** SHA-256 of a line without its line feed. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line);

/**
 * Writes a record's line to the others.
 * @param event kept as it is where it is frozen: then all of it is, and plain JSON. Any other is copied, so that later changes
 * reach neither disk nor memory, and memory holds what a restart will read.
 */
export const encode = (fields: Omit<EventRecord, 'v' | 'event'>, event: TillEvent, more: boolean, lines: Lines): Line => {
  const { seq, at, stream, durableTo, prev } = fields;
  const head = `{"seq":${seq},"at":${at},"stream":${JSON.stringify(stream)},"v":${RECORD_VERSION},"durableTo":${durableTo},"prev":"${prev}","event":`;
  const line = lines.add(`${head}${JSON.stringify(event)}${more ? MORE : ''}`, CRC_LENGTH, (body) => `,"crc":"${crcOf(body)}"}`);
  return { record: recordOf(fields, event, RECORD_VERSION), hash: lineHash(line), more };
};

const MORE = ',"more":true';

/** Reads a line, given without its line feed, into a record that nobody else holds; says why where the bytes are no record that was written whole. */
export const decode = (bytes: Uint8Array): Decoded => {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (line.length <= CRC_LENGTH) return { is: 'bad', why: 'the line is too short for a record' };
  const body = line.subarray(0, line.length - CRC_LENGTH);
  if (line.toString('latin1', body.length) !== `,"crc":"${crcOf(body)}"}`) return { is: 'bad', why: 'the bytes do not fit their checksum' };
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return { is: 'bad', why: 'the line is not JSON' };
  }
  if (!isObject(value)) return { is: 'bad', why: 'the line is not a record' };
  if (Number.isSafeInteger(value.v) && (value.v as number) > RECORD_VERSION) return { is: 'newer', v: value.v as number };
  const { seq, at, stream, v, durableTo, prev, event, more } = value;
  if (!counts(seq) || !Number.isSafeInteger(at) || typeof stream !== 'string' || !counts(v) || typeof prev !== 'string' || prev.length !== 64)
    return { is: 'bad', why: 'the record lacks a part of its envelope' };
  if (!Number.isSafeInteger(durableTo) || (durableTo as number) < 0 || (durableTo as number) >= seq)
    return { is: 'bad', why: 'the record calls durable what comes after it' };
  if (!isObject(event) || typeof event.type !== 'string') return { is: 'bad', why: 'the record holds no event' };
  const record = { seq, at, stream, v, durableTo, prev, event } as unknown as EventRecord;
  return { is: 'line', record, hash: lineHash(line), more: more === true };
};

const counts = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** A line's bytes and where they begin. `ended` is false for bytes after the last line feed. */
export interface RawLine {
  readonly bytes: Uint8Array;
  /** Byte offset in the file. */
  readonly offset: number;
  readonly ended: boolean;
}

/** Splits a file's pieces at line feeds. A list per piece, not a promise per line. */
export async function* rawLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<readonly RawLine[]> {
  let rest: Uint8Array[] = [];
  let offset = 0;
  for await (const piece of pieces) {
    const lines: RawLine[] = [];
    let from = 0;
    for (let at = piece.indexOf(LINE_FEED); at !== -1; at = piece.indexOf(LINE_FEED, from)) {
      const end = piece.subarray(from, at);
      const bytes = rest.length === 0 ? end : Buffer.concat([...rest, end]);
      rest = [];
      lines.push({ bytes, offset, ended: true });
      offset += bytes.length + 1;
      from = at + 1;
    }
    if (from < piece.length) rest.push(piece.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [{ bytes: Buffer.concat(rest), offset, ended: false }];
}
