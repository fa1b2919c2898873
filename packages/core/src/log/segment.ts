import { join } from 'node:path';
import type { EventRecord } from '../events.js';
import { Lines } from './lines.js';

/**
 * The segment that is appended to, as lowdb keeps it. Earlier ones are sealed: full, on disk, never written again.
 * A segment after the first begins with `segmentSealed`, which says what the one before it held; it is the first record
 * of the new one because then the full one needs no further write, and the new one's existence already says that the
 * full one is wholly on disk.
 */
export interface OpenSegment {
  /** 1, 2, ... */
  readonly number: number;
  readonly records: EventRecord[];
  /** Lines, with their line feeds, of the last of `records` that no write has taken yet. */
  readonly unwritten: Lines;
  /** Bytes on disk and in `unwritten`. */
  size: number;
}

export const emptySegment = (number: number): OpenSegment => ({ number, records: [], unwritten: new Lines(), size: 0 });

const NAME = /^(\d{8})\.jsonl$/;

export const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.jsonl`;
export const segmentPath = (dir: string, number: number): string => join(dir, segmentName(number));

/** The segments among a directory's names, in order. Other names are none of the log's business. */
export const segmentNumbers = (names: readonly string[]): readonly number[] =>
  names
    .flatMap((name) => {
      const match = NAME.exec(name);
      return match === null ? [] : [Number(match[1])];
    })
    .sort((a, b) => a - b);
