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
  /** SHA-256 of the line before its first. */
  readonly prev: string;
  /** How many records it holds. */
  records: number;
  /** The last one's number; 0 for none. */
  last: number;
  /** Its last lines, with their line feeds, as far as no sync has covered them. */
  readonly unwritten: Lines;
  /** Bytes on disk and in `unwritten`. */
  size: number;
  /** What was appended since: the next line. */
  pending: EventRecord[];
}

export const emptySegment = (number: number, prev: string): OpenSegment => ({ number, prev, records: 0, last: 0, unwritten: new Lines(), size: 0, pending: [] });

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
