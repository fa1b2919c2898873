/**
 * Reads a log from its first line to its last and tells a torn tail from damage.
 *
 * A crash can only spoil what was not yet on disk: the end of the last segment. So
 * - bytes there that are no line are a torn tail, unless a later line (`durableTo`) or the checkpoint still says that what
 *   should stand there was on disk: then it is damage;
 * - bytes that are no line in an earlier segment are damage, since the next segment is begun only when it is on disk;
 * - a whole line that holds no records, or does not follow the one before it, is damage wherever it stands: no crash writes that.
 */
import { join } from 'node:path';
import { TillwrightError } from '../errors.js';
import type { EventRecord } from '../events.js';
import { type Batch, BEGINNING, decode, FIRST_PREV, rawLines, whyNot, type Decoded, type RawLine } from './batch.js';
import { type CheckpointPlace, checkpointPlace, type SegmentStart } from './checkpoint-file.js';
import type { FileSystem } from './file-system.js';
import { segmentName, segmentNumbers, segmentPath } from './segment.js';

export interface Place {
  /** Name within the log's directory. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Offset of the line in the file, from 0. */
  readonly byte: number;
}

/** The first place that is wrong. */
export interface Fault extends Place {
  /** The record that should stand there. */
  readonly seq: number;
  readonly why: string;
}

export interface ScannedRecord {
  readonly record: EventRecord;
  /** SHA-256 of its line. */
  readonly hash: string;
  readonly segment: number;
  /** Its place in the segment's file: from 1, and the offset from 0. */
  readonly line: number;
  readonly byte: number;
}

/** What a sound log ends with. */
export interface SoundEnd {
  readonly is: 'sound';
  readonly records: number;
  readonly segments: number;
  /** SHA-256 of the last line; 64 zeros for an empty log. */
  readonly head: string;
  /** Number of the last segment, 0 where there is none, and its sound bytes. */
  readonly lastSegment: number;
  readonly length: number;
  /** How many of those bytes hold lines that a later one says were on disk. */
  readonly claimed: number;
  /** Where the chain stood before the last segment. */
  readonly start: SegmentStart;
  /** Where the next line would stand. */
  readonly place: Place;
  /** A torn tail after those, in bytes. */
  readonly cut?: { readonly bytes: number };
}

export type ScanEnd = SoundEnd | { readonly is: 'damaged'; readonly fault: Fault } | { readonly is: 'foreign'; readonly fault: Fault };

/** Where the chain of every log begins. */
export const FIRST_START: SegmentStart = { seq: 0, hash: FIRST_PREV, sealedRecords: 0 };

/**
 * Gives the sound records in order, and returns how the log ends.
 * @param from the log's checkpoint, to begin at its segment: those before that must exist and are not read
 */
export async function* scanLog(fs: FileSystem, dir: string, from?: CheckpointPlace): AsyncGenerator<readonly ScannedRecord[], ScanEnd> {
  // Before the log is read: a till that goes on writing meanwhile may take another one.
  const checkpoint = from ?? (await checkpointPlace(fs, dir));
  const numbers = segmentNumbers(await fs.list(dir));
  let start = from?.start ?? FIRST_START;
  const chain: Chain = { ...start };
  let end: SegmentEnd = { is: 'sound', length: 0, claimed: 0, lines: 0 };
  for (const [index, number] of numbers.entries()) {
    if (number !== index + 1) return damaged({ file: segmentName(index + 1), line: 1, byte: 0, seq: chain.seq + 1, why: 'the segment is missing' });
    if (from && number < from.segment) continue;
    start = { ...chain };
    end = yield* scanSegment(fs, dir, number, number === numbers.length, chain);
    if (end.is !== 'sound') return end;
  }
  const { torn } = end;
  // Only one of this very log is a witness.
  if (torn && checkpoint && checkpoint.segment === numbers.length && checkpoint.start.hash === start.hash && checkpoint.seq > chain.seq) {
    return damaged({ ...torn.fault, why: `${torn.fault.why}, and the checkpoint says that record ${checkpoint.seq} was on disk` });
  }
  return {
    is: 'sound',
    records: chain.seq,
    segments: numbers.length,
    head: chain.hash,
    lastSegment: numbers.length,
    length: end.length,
    claimed: end.claimed,
    start,
    place: { file: segmentName(Math.max(numbers.length, 1)), line: end.lines + 1, byte: end.length },
    ...(torn ? { cut: { bytes: torn.bytes } } : {}),
  };
}

/** Where the chain stands: the last sound record. */
interface Chain {
  seq: number;
  hash: string;
  /** What the segment before held. */
  sealedRecords: number;
}

type SegmentEnd = { readonly is: 'sound'; readonly length: number; readonly claimed: number; readonly lines: number; readonly torn?: { readonly fault: Fault; readonly bytes: number } } | Exclude<ScanEnd, SoundEnd>;

const damaged = (fault: Fault) => ({ is: 'damaged', fault }) as const;

async function* scanSegment(fs: FileSystem, dir: string, number: number, last: boolean, chain: Chain): AsyncGenerator<readonly ScannedRecord[], SegmentEnd> {
  const file = segmentName(number);
  const before = chain.seq;
  let line = 0;
  let length = 0;
  let size = 0;
  // The last record of each line and where that ends, and up to which record some line says that all was on disk.
  const ends: { readonly seq: number; readonly length: number }[] = [];
  let claims = 0;
  let torn: Fault | undefined;

  for await (const lines of rawLines(fs.read(segmentPath(dir, number)))) {
    const sound: ScannedRecord[] = [];
    for (const raw of lines) {
      line += 1;
      size = raw.offset + raw.bytes.length + (raw.ended ? 1 : 0);
      const read = readLine(raw);
      const fault = (why: string): Fault => ({ file, line, byte: raw.offset, seq: chain.seq + 1, why });
      if (read.is === 'bad' && read.whole && torn === undefined) return damaged(fault(read.why));
      if (read.is === 'bad') torn ??= fault(read.why);
      if (torn !== undefined) {
        if (!last) return damaged({ ...torn, why: `${torn.why}, and a later segment exists` });
        // Only a witness is looked for now: does anything later call the lost record durable?
        const later = read.is === 'bad' ? lineWithin(raw) : read;
        if (later?.is === 'foreign') return { is: 'foreign', fault: torn };
        if (later?.is === 'batch' && later.durableTo > chain.seq) return damaged({ ...torn, why: `${torn.why}, and record ${later.records[0]?.seq} says that it was on disk` });
        continue;
      }
      if (read.is !== 'batch') return { is: 'foreign', fault: fault(whyNot(read)) };
      const misfit = misfits(read, chain, number, before);
      if (misfit !== undefined) return damaged(fault(misfit));
      for (const record of read.records) sound.push({ record, hash: read.hash, segment: number, line, byte: raw.offset });
      chain.seq += read.records.length;
      chain.hash = read.hash;
      length = size;
      ends.push({ seq: chain.seq, length });
      claims = Math.max(claims, read.durableTo);
    }
    if (sound.length > 0) yield sound;
  }

  const records = chain.seq - before;
  if (!last && records === 0) return damaged({ file, line: 1, byte: 0, seq: chain.seq + 1, why: 'the segment is empty, and a later one exists' });
  chain.sealedRecords = records;
  return { is: 'sound', length, claimed: ends.findLast(({ seq }) => seq <= claims)?.length ?? 0, lines: ends.length, ...(torn ? { torn: { fault: torn, bytes: size - length } } : {}) };
}

/** What no line feed ends was not written whole, whatever it says. */
const readLine = (raw: RawLine): Decoded => (raw.ended ? decode(raw.bytes) : { is: 'bad', why: 'the line breaks off', whole: false });

/** A whole line at the end of bytes that are none: what stood before it has lost its line feed, or it has none of its own. What it says of others is true. */
const lineWithin = ({ bytes }: RawLine): Decoded | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = text.indexOf(BEGINNING); at !== -1; at = text.indexOf(BEGINNING, at + 1)) {
    const read = decode(text.subarray(at));
    if (read.is !== 'bad') return read;
  }
  return undefined;
};

/** @param before what the segments before this one hold */
const misfits = ({ records, prev }: Batch, chain: Chain, segment: number, before: number): string | undefined => {
  const [first] = records;
  if (first?.seq !== chain.seq + 1) return `record ${first?.seq} stands where record ${chain.seq + 1} should`;
  if (prev !== chain.hash) return `record ${first.seq} does not continue record ${chain.seq}: one of the two was changed`;
  if (segment === 1 || chain.seq > before) return undefined;
  const { event } = first;
  if (event.type !== 'segmentSealed') return 'the segment does not begin by sealing the one before it';
  if (event.segment !== segment - 1 || event.records !== chain.sealedRecords || event.head !== chain.hash) return 'the seal does not fit the segment before it';
  return undefined;
};

export const damage = (dir: string, fault: Fault): TillwrightError => {
  const { file, line, byte, seq, why } = fault;
  return new TillwrightError('LOG_DAMAGED', { place: `${join(dir, file)}:${line}`, file, line, byte, seq, why });
};

/** @throws LOG_DAMAGED, LOG_VERSION unless the log is sound */
export const sound = (dir: string, end: ScanEnd): SoundEnd => {
  if (end.is === 'sound') return end;
  if (end.is === 'damaged') throw damage(dir, end.fault);
  throw new TillwrightError('LOG_VERSION', { found: `${join(dir, end.fault.file)}:${end.fault.line}, ${end.fault.why}` });
};
