/**
 * What one write puts on disk: a batch of records as one line of JSON, its members in this order:
 *
 *     {"v":2,"durableTo":6,"prev":"<64 hex>","records":[{"seq":7,"at":1767225600000,"stream":"x/4711","v":2,"event":{...}},...],"crc":"<8 hex>"}
 *
 * `prev` is the SHA-256 of the line before it (its UTF-8 bytes without the line feed), 64 zeros for the first.
 * Every record up to `durableTo` was on disk when the line was written.
 * `crc` is the CRC-32 of the line's own bytes up to the comma before it: the chain can't vouch for the last line, nobody follows it.
 * A line counts whole or not at all, and no call of `append` is spread over two: so a crash keeps a call or cuts it.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { EventRecord } from '../events.js';
import { isObject } from '../json.js';
import type { Lines } from './lines.js';
import { EVENT_VERSION } from './record-of.js';

/** `prev` of the first line. */
export const FIRST_PREV = '0'.repeat(64);

export interface Batch {
  /** In order, at least one. */
  readonly records: readonly EventRecord[];
  readonly durableTo: number;
  readonly prev: string;
  /** SHA-256 of the line: `prev` of the next one. */
  readonly hash: string;
}

/** `whole`: its checksum fits, so that no crash has spoilt it. */
export type Decoded = ({ readonly is: 'batch' } & Batch) | { readonly is: 'bad'; readonly why: string; readonly whole: boolean } | { readonly is: 'foreign'; readonly v: number };

const LINE_FEED = 0x0a;
/** Of every line. */
export const BEGINNING = '{"v":';
const CRC_LENGTH = ',"crc":"00000000"}'.length;

const crcOf = (text: string | Uint8Array): string => crc32(text).toString(16).padStart(8, '0');
const endOf = (body: Uint8Array): string => `,"crc":"${crcOf(body)}"}`;

/** SHA-256 of a line without its line feed. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line);

/**
 * Writes a batch's line to the others.
 * @param records in order, at least one
 * @returns the line without its line feed, as a view that the next one may overwrite
 */
export const encode = ({ durableTo, prev }: Pick<Batch, 'durableTo' | 'prev'>, records: readonly EventRecord[], lines: Lines): Uint8Array =>
  lines.add(beginning(`${BEGINNING}${EVENT_VERSION},"durableTo":${durableTo},"prev":"${prev}","records":`, records), CRC_LENGTH, endOf);

/** Records of one piece of text: a longer one is no young object, and costs a third more. */
const PIECE_RECORDS = 64;

const beginning = function* (envelope: string, records: readonly EventRecord[]): Generator<string> {
  yield envelope;
  for (let from = 0; from < records.length; from += PIECE_RECORDS) {
    yield from === 0 ? '[' : ',';
    yield JSON.stringify(records.slice(from, from + PIECE_RECORDS)).slice(1, -1);
  }
  yield ']';
};

const PREV = /^\{"v":\d+,"durableTo":\d+,"prev":"([0-9a-f]{64})"/;
/** So many bytes of a line hold its `prev`. */
export const PREV_WITHIN = 128;
/** `prev` as a line's first bytes say it. */
export const prevIn = (start: Uint8Array): string | undefined => PREV.exec(Buffer.from(start).toString('latin1'))?.[1];

/** Whether a line's bytes, given without its line feed, are those that were written. */
export const isWhole = (bytes: Uint8Array): boolean => {
  const end = bytes.length - CRC_LENGTH;
  return end > 0 && Buffer.from(bytes.buffer, bytes.byteOffset + end, CRC_LENGTH).toString('latin1') === endOf(bytes.subarray(0, end));
};

/** Reads a line, given without its line feed, into records that nobody else holds; says why where the bytes are no batch that was written whole. */
export const decode = (bytes: Uint8Array): Decoded => {
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (line.length <= CRC_LENGTH) return bad('the line is too short');
  if (!isWhole(line)) return bad('the bytes do not fit their checksum');
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return odd('the line is not JSON');
  }
  if (!isObject(value)) return odd('the line is no batch of records');
  const { v, durableTo, prev, records } = value;
  if (counts(v) && v !== EVENT_VERSION) return { is: 'foreign', v };
  if (!counts(v) || !Number.isSafeInteger(durableTo) || typeof prev !== 'string' || prev.length !== 64 || !Array.isArray(records) || records.length === 0) return odd('the line lacks a part of its envelope');
  let next: number | undefined;
  for (const record of records) {
    // A clock that counts finer than a millisecond was taken as it was once.
    if (!isObject(record) || !counts(record.seq) || !Number.isFinite(record.at) || typeof record.stream !== 'string' || record.v !== v) return odd('a record lacks a part of its envelope');
    if (!isObject(record.event) || typeof record.event.type !== 'string') return odd('a record holds no event');
    if (next === undefined && ((durableTo as number) < 0 || (durableTo as number) >= record.seq)) return odd('the line calls durable what comes after it');
    if (record.seq !== (next ?? record.seq)) return odd('the records of the line do not follow each other');
    next = record.seq + 1;
  }
  return { is: 'batch', records: records as unknown as EventRecord[], durableTo: durableTo as number, prev, hash: lineHash(line) };
};

const bad = (why: string): Decoded => ({ is: 'bad', why, whole: false });
/** Written so, by whomever. */
const odd = (why: string): Decoded => ({ is: 'bad', why, whole: true });

/** Why a line gave no records. */
export const whyNot = (read: Exclude<Decoded, { readonly is: 'batch' }>): string => (read.is === 'bad' ? read.why : `version ${read.v}`);

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
