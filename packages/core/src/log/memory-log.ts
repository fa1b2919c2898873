import type { EventInput, EventLog } from '../engine/ports.js';
import { TillwrightError } from '../errors.js';
import type { EventRecord } from '../events.js';
import { messageOf } from '../fault.js';
import type { Json } from '../json.js';
import { Listeners } from './listeners.js';
import { recordOf } from './record-of.js';
import { eachName, findTerm } from './terms.js';

export interface MemoryLogOptions {
  /** What the log begins with: records that an earlier one held. */
  readonly records?: readonly EventRecord[];
  /**
   * Called before a sync that would make everything up to `upTo` durable. Throwing fails the log; a promise that never
   * settles holds the sync for good, which is where a crash test pulls the plug.
   */
  readonly beforeSync?: (upTo: number) => void | Promise<void>;
  /**
   * When what nobody waits for is synced: is given the sync, to call whenever it likes, or never. The next turn of the event
   * loop unless told; a simulation sets a timer of its own clock.
   */
  readonly lazyFlush?: (sync: () => void) => void;
  /** What holds the checkpoint, over several lives; without it none is kept. */
  readonly checkpoints?: { text?: string };
  /** After so many records a checkpoint is due; never unless told. */
  readonly checkpointEvery?: number;
}

export interface MemoryLog extends EventLog {
  /** Everything appended, durable or not. */
  readonly records: readonly EventRecord[];
  readonly stats: { readonly syncs: number; readonly records: number };
  /**
   * The power fails: this log is dead from here on, and what comes back holds what was durable.
   * @param options.keepAppends how many of the appends after that reached the disk unasked, whole and in order; 0 unless told, all but the last one for -1
   */
  crash(options?: MemoryLogOptions & { readonly keepAppends?: number }): MemoryLog;
  /** The next write or sync fails, and with it the log. After a failed write nothing of it is on disk; after a failed sync it may be. */
  failNext(what: 'write' | 'sync'): void;
}

/** An event log in memory: the contract of the file log, for tests, simulation, and tills that keep no books. */
export const memoryLog = (options: MemoryLogOptions = {}): MemoryLog => {
  const records: EventRecord[] = [...(options.records ?? [])];
  // The last seq of each append call: a call reaches the disk whole or not at all.
  const appends: number[] = [];
  const waiting: { readonly seq: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let durableTo = records.length;
  let wanted = durableTo;
  let syncs = 0;
  let syncing = false;
  let flushing = false;
  let isOpen = false;
  let failure: TillwrightError | undefined;
  let toFail: 'write' | 'sync' | undefined;
  let writeFailed = false;
  const listeners = new Listeners();
  const due = new Set<() => void>();
  let dueAt = records.length + (options.checkpointEvery ?? Infinity);
  /** Term -> streams. */
  const found = new Map<string, Set<string>>();
  const note = ({ stream, event }: EventInput): void =>
    eachName(event, (term) => {
      const streams = found.get(term);
      if (streams) streams.add(stream);
      else found.set(term, new Set([stream]));
    });
  records.forEach(note);
  const behind = (): boolean => wanted > durableTo;
  const lazyFlush = options.lazyFlush ?? ((flush: () => void) => void setTimeout(flush, 0));

  const usable = (): void => {
    if (failure !== undefined) throw failure;
    if (!isOpen) throw new TillwrightError('ENGINE_CLOSED');
  };
  const failing = new Set<(error: Error) => void>();
  const fail = (why: string, cause?: unknown): void => {
    failure ??= new TillwrightError('LOG_FAILED', { why }, { cause });
    for (const waiter of waiting.splice(0)) waiter.reject(failure);
    for (const listener of failing) listener(failure);
    failing.clear();
  };

  const syncOnce = async (): Promise<void> => {
    // One turn of the queue: what is appended beside this goes with the same sync.
    await Promise.resolve();
    const upTo = records.length;
    await options.beforeSync?.(upTo);
    if (toFail !== undefined) {
      writeFailed = toFail === 'write';
      throw new Error(`the ${toFail} was made to fail`);
    }
    // The power may have failed meanwhile.
    if (failure !== undefined) throw failure;
    syncs += 1;
    durableTo = upTo;
    for (const waiter of waiting.splice(0)) {
      if (waiter.seq <= durableTo) waiter.resolve();
      else waiting.push(waiter);
    }
    listeners.tell(durableTo);
  };
  const sync = async (upTo: number): Promise<void> => {
    wanted = Math.max(wanted, upTo);
    if (syncing || failure !== undefined) return;
    syncing = true;
    try {
      while (behind()) await syncOnce();
    } catch (error) {
      fail(messageOf(error), error);
    }
    syncing = false;
  };

  const onDisk = (seq: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (seq > records.length) throw new RangeError(`record ${seq} was never appended`);
      if (seq <= durableTo) return resolve();
      waiting.push({ seq, resolve, reject });
      void sync(seq);
    });

  return {
    get head() {
      return records.length;
    },
    get durableTo() {
      return durableTo;
    },
    get records() {
      return records;
    },
    get stats() {
      return { syncs, records: records.length };
    },
    open: async ({ restore, fold } = {}) => {
      if (failure !== undefined) throw failure;
      if (isOpen) throw new TillwrightError('LOG_LOCKED', { dir: 'memory' });
      isOpen = true;
      const kept = restore && readCheckpoint(options.checkpoints?.text, records);
      const from = kept && restore(kept.state) ? kept.seq : 0;
      if (fold) for (const record of records.slice(from)) fold(record);
      return {};
    },
    append: (inputs: readonly EventInput[], at: number) => {
      usable();
      const appended = inputs.map((input) => {
        const record = recordOf(records.length + 1, at, input);
        records.push(record);
        note(record);
        return record;
      });
      if (appended.length > 0) appends.push(records.length);
      if (records.length >= dueAt) {
        dueAt = records.length + (options.checkpointEvery ?? Infinity);
        for (const listener of due) listener();
      }
      if (!flushing) {
        flushing = true;
        lazyFlush(() => {
          flushing = false;
          if (isOpen) void sync(records.length);
        });
      }
      return appended;
    },
    durable: async (seq) => {
      usable();
      return onDisk(seq);
    },
    onDurable: (listener) => listeners.add(listener),
    onFailure: (listener) => {
      failing.add(listener);
      return () => void failing.delete(listener);
    },
    read: (stream) => each(records.filter((record) => record.stream === stream)),
    find: async (by, value) => [...(found.get(findTerm(by, value)) ?? [])],
    checkpoint: async (state) => {
      usable();
      const { checkpoints } = options;
      if (!checkpoints) return;
      const text = JSON.stringify({ seq: records.length, record: records.at(-1) ?? null, state });
      await onDisk(records.length);
      checkpoints.text = text;
    },
    onCheckpointDue: (listener) => {
      due.add(listener);
      return () => void due.delete(listener);
    },
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      if (failure === undefined) await onDisk(records.length);
    },
    crash: ({ keepAppends = 0, ...next } = {}) => {
      const unasked = writeFailed ? [] : appends.filter((last) => last > durableTo).slice(0, keepAppends);
      const survived = records.slice(0, unasked.at(-1) ?? durableTo);
      fail('the power failed');
      return memoryLog({ ...next, records: survived });
    },
    failNext: (what) => {
      toFail = what;
    },
  };
};

/** As on disk: it counts where the record that it was taken at still stands there. */
const readCheckpoint = (text: string | undefined, records: readonly EventRecord[]): { seq: number; state: Json } | undefined => {
  if (text === undefined) return undefined;
  try {
    const { seq, record, state } = JSON.parse(text) as { seq: number; record: Json; state: Json };
    return seq <= records.length && JSON.stringify(records[seq - 1] ?? null) === JSON.stringify(record) ? { seq, state } : undefined;
  } catch {
    return undefined;
  }
};

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
