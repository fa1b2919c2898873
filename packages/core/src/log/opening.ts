/**
 * How much of a log opening reads: from the checkpoint's segment on where the checkpoint fits the log and its reader, else all.
 * Of sealed segments before that only names and sizes are looked at, and by the index how some of them begin; `verifyLog` reads them.
 */
import type { OpenOptions } from '../engine/ports.js';
import type { EventRecord } from '../events.js';
import { type Checkpoint, checkpointPlace, readCheckpoint, removeCheckpoint } from './checkpoint-file.js';
import type { FileSystem } from './file-system.js';
import { scanLog, type ScanEnd, sound, type SoundEnd } from './scan.js';
import { emptySegment, type OpenSegment, segmentNumbers, segmentPath } from './segment.js';
import type { SegmentIndex } from './segment-index.js';
import { chainBefore, readSegment } from './segment-reader.js';
import { addTerms } from './terms.js';

export interface History {
  readonly end: SoundEnd;
  /** What the last segment answers to. */
  readonly terms: Set<string>;
  /** Its sound records. */
  readonly last: OpenSegment;
  /** Bytes of the segments before the last one. */
  readonly sizes: number[];
  /** How many records were read. */
  readonly read: number;
}

/** @throws LOG_DAMAGED, LOG_VERSION unless the log is sound as far as it is read: then nothing counts that was folded */
export const openHistory = async (fs: FileSystem, dir: string, index: SegmentIndex, { fold, restore }: OpenOptions): Promise<History> => {
  const sizes = await sizesOf(fs, dir);
  const checkpoint = restore && (await readCheckpoint(fs, dir));
  if (checkpoint && restore && fits(checkpoint, sizes)) {
    const tail = await scan(fs, dir, { from: checkpoint });
    if (tail.end.is === 'sound' && tail.reached && restore(checkpoint.state)) {
      await indexTail({ fs, dir, index, terms: tail.terms, end: tail.end });
      const history = historyOf(tail, tail.end, sizes);
      if (fold) await foldTail(fs, dir, history, checkpoint, fold);
      return history;
    }
  }
  // The whole log decides, also whether that checkpoint or the log itself was wrong; the index is made anew from what is read.
  await index.open(Math.max(sizes.length - 1, 0), undefined);
  const whole = await scan(fs, dir, {
    ...(fold ? { fold } : {}),
    sealed: async (segment, end, terms) => {
      // Only one is behind: a long history does not pile up in memory. What can't be written shows at the next checkpoint.
      await index.settled().catch(() => {});
      index.add(segment, end, terms);
    },
  });
  await index.settled().catch(() => {});
  const end = sound(dir, whole.end);
  const taken = await checkpointPlace(fs, dir);
  // It is of another log, or of an older copy's other end: it must not bear witness when the next crash tears this one.
  if (taken && taken.seq > end.records) await removeCheckpoint(fs, dir);
  return historyOf(whole, end, sizes);
};

const historyOf = ({ terms, read }: Scanned, end: SoundEnd, sizes: readonly number[]): History => {
  const number = Math.max(end.lastSegment, 1);
  return {
    end,
    terms: terms.get(number) ?? new Set(),
    last: { ...emptySegment(number, end.start.hash), records: end.records - end.start.seq, last: end.records, size: end.length },
    sizes: sizes.slice(0, -1),
    read,
  };
};

/** What follows a checkpoint is read again once all of it was found sound: it is short. */
const foldTail = async (fs: FileSystem, dir: string, { last }: History, { segment, seq }: Checkpoint, fold: (record: EventRecord) => void): Promise<void> => {
  for (let number = segment; number <= last.number; number += 1) {
    for await (const record of readSegment(fs, dir, number < last.number ? number : last)) if (record.seq > seq) fold(record);
  }
};

/** The checkpoint, where the log still holds what it was taken of and its reader takes it. Changes nothing. */
export const soundCheckpoint = async (fs: FileSystem, dir: string, accept: (state: Checkpoint['state']) => boolean): Promise<Checkpoint | undefined> => {
  const checkpoint = await readCheckpoint(fs, dir);
  if (!checkpoint || !fits(checkpoint, await sizesOf(fs, dir))) return undefined;
  const { end, reached } = await scan(fs, dir, { from: checkpoint });
  return end.is === 'sound' && reached && accept(checkpoint.state) ? checkpoint : undefined;
};

const sizesOf = async (fs: FileSystem, dir: string): Promise<number[]> =>
  await Promise.all(segmentNumbers(await fs.list(dir)).map(async (number) => (await fs.size(segmentPath(dir, number))) ?? 0));

/** The segments before it are there, as long as they were. */
const fits = ({ segment, sizes }: Checkpoint, found: readonly number[]): boolean =>
  sizes.length === segment - 1 && segment <= found.length && sizes.every((size, index) => size === found[index]);

interface Scanned {
  readonly end: ScanEnd;
  readonly terms: Map<number, Set<string>>;
  /** The record that the checkpoint was taken at stands there unchanged. */
  readonly reached: boolean;
  readonly read: number;
}

interface ScanOptions {
  readonly from?: Checkpoint;
  readonly fold?: (record: EventRecord) => void;
  /** Is told of each segment that another one follows, with its last line's hash and its terms; it keeps them then. */
  readonly sealed?: (segment: number, end: string, terms: Set<string>) => Promise<void>;
}

const scan = async (fs: FileSystem, dir: string, { from, fold, sealed }: ScanOptions): Promise<Scanned> => {
  const terms = new Map<number, Set<string>>();
  let reached = from === undefined || (from.seq === from.start.seq && from.hash === from.start.hash);
  let read = 0;
  let head = '';
  const scanning = scanLog(fs, dir, from);
  let step = await scanning.next();
  for (; step.done !== true; step = await scanning.next()) {
    for (const { record, segment, hash } of step.value) {
      read += 1;
      let own = terms.get(segment);
      if (!own) {
        const before = terms.get(segment - 1);
        if (sealed && before) {
          await sealed(segment - 1, head, before);
          terms.delete(segment - 1);
        }
        terms.set(segment, (own = new Set()));
      }
      head = hash;
      addTerms(record.stream, record.event, own);
      fold?.(record);
      if (record.seq === from?.seq) reached = hash === from.hash;
    }
  }
  // The last segment may be empty, when a crash came right after it was made: the one before it is sealed all the same.
  const { value: end } = step;
  if (sealed && end.is === 'sound') {
    const before = terms.get(end.lastSegment - 1);
    if (before) await sealed(end.lastSegment - 1, head, before);
  }
  return { end, terms, reached, read };
};

/** Runs that a crash kept from being written, or that somebody took away, are made from their segments. */
const indexTail = async ({ fs, dir, index, terms, end }: { fs: FileSystem; dir: string; index: SegmentIndex; terms: ReadonlyMap<number, Set<string>>; end: SoundEnd }): Promise<void> => {
  const sealed = end.lastSegment - 1;
  for (let segment = await index.open(sealed, end.start.hash); segment <= sealed; segment += 1) {
    // A run that says nothing of its end is made anew once that can be read.
    const last = segment === sealed ? end.start.hash : await chainBefore(fs, dir, segment + 1);
    index.add(segment, last ?? '', terms.get(segment) ?? (await termsOf(fs, dir, segment)));
    await index.settled().catch(() => {});
  }
};

const termsOf = async (fs: FileSystem, dir: string, segment: number): Promise<Set<string>> => {
  const terms = new Set<string>();
  for await (const { stream, event } of readSegment(fs, dir, segment)) addTerms(stream, event, terms);
  return terms;
};
