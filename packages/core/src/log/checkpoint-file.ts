/**
 * `checkpoint.json` beside the segments: two lines, where in the log it was taken and what the records up to there fold to.
 * It stands outside the chain and is written whole or not at all; one that does not fit is as good as none.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isObject, type Json } from '../json.js';
import type { FileSystem } from './file-system.js';

/** Where the chain stood before a segment. */
export interface SegmentStart {
  /** Records before it. */
  readonly seq: number;
  /** SHA-256 of the last of them. */
  readonly hash: string;
  /** How many of them the segment before holds. */
  readonly sealedRecords: number;
}

export interface CheckpointPlace {
  readonly seq: number;
  /** SHA-256 of that record's line. */
  readonly hash: string;
  /** The segment that the log was in: the record stands in it, or ends the one before. */
  readonly segment: number;
  readonly start: SegmentStart;
  /** Bytes of each segment before it. */
  readonly sizes: readonly number[];
}

export interface Checkpoint extends CheckpointPlace {
  readonly state: Json;
}

const NAME = 'checkpoint.json';
const VERSION = 1;

/** Taken to text at once: what changes meanwhile does not get in. */
export const checkpointText = (place: CheckpointPlace, state: Json): string => {
  const body = JSON.stringify(state);
  const head = JSON.stringify({ v: VERSION, ...place });
  return `${JSON.stringify({ crc: crc32(`${head}\n${body}`) })}\n${head}\n${body}`;
};

export const writeCheckpoint = async (fs: FileSystem, dir: string, text: string): Promise<void> => {
  const path = join(dir, NAME);
  const unfinished = `${path}.new`;
  await fs.remove(unfinished);
  const file = await fs.openAppend(unfinished, { create: true });
  try {
    const bytes = Buffer.from(text, 'utf8');
    const written = await file.append(bytes);
    if (written !== bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(unfinished, path);
  await fs.syncDirectory(dir);
};

export const removeCheckpoint = (fs: FileSystem, dir: string): Promise<void> => fs.remove(join(dir, NAME));

/** @returns undefined where there is none that can be read and was written whole, by a version that this one understands: the log says the same, and more slowly */
export const readCheckpoint = async (fs: FileSystem, dir: string): Promise<Checkpoint | undefined> => {
  const found = await read(fs, dir);
  try {
    return found && { ...found.place, state: JSON.parse(found.body) as Json };
  } catch {
    return undefined;
  }
};

/** Where it was taken: everything up to there was on disk. */
export const checkpointPlace = async (fs: FileSystem, dir: string): Promise<CheckpointPlace | undefined> => (await read(fs, dir))?.place;

const read = async (fs: FileSystem, dir: string): Promise<{ readonly place: CheckpointPlace; readonly body: string } | undefined> => {
  try {
    const bytes = await fs.readWhole(join(dir, NAME));
    if (bytes === undefined) return undefined;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
    const [sum = '', head = '', body = ''] = text.split('\n');
    const { crc } = JSON.parse(sum) as { crc: unknown };
    if (crc !== crc32(`${head}\n${body}`)) return undefined;
    const place = JSON.parse(head) as Json;
    return isObject(place) && place['v'] === VERSION ? { place: place as unknown as CheckpointPlace, body } : undefined;
  } catch {
    return undefined;
  }
};
