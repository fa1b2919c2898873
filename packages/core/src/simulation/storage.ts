/** What a simulated till keeps over its lives, its log and what is sealed beside it, and what a crash leaves of that. */
import type { EventLog, SealedStore } from '../engine/ports.js';
import type { VirtualClock } from '../engine/virtual-clock.js';
import type { EventRecord } from '../events.js';
import { type MemoryLog, memoryLog, type MemoryLogOptions } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';

export interface SimulatedLog extends EventLog {
  /** What was appended, durable or not, by number less one; nothing where the log wrote a record of its own. */
  readonly records: readonly (EventRecord | undefined)[];
}

export interface SimulatedStorage {
  /** Of the life that runs, or ran last. */
  readonly log: SimulatedLog;
  readonly sealed: SealedStore;
  /** Every record, as a reader of the log finds it. */
  records(): Promise<readonly EventRecord[]>;
  /** The next write or sync fails, and with it the log, or what it belongs to. */
  failNext(what: 'write' | 'sync'): void;
  /** A life ended without a word; the next one begins with what that left. */
  crash(left: CrashLeft): void;
  /** A life ended in peace. */
  closed(): void;
  /** Opening may fail now, as the disk does. */
  readonly mayRefuse: boolean;
  /** Something that was on disk was changed since: opening must refuse it, until it is mended. */
  readonly damaged: boolean;
  mend(): void;
  /** What was on disk and is not any more, in words. */
  readonly lost: readonly string[];
  /** What went wrong on purpose, by name. */
  readonly faults: ReadonlyMap<string, number>;
}

export type CheckpointFate = 'kept' | 'older' | 'torn' | 'absent';

export interface CrashLeft {
  /** How many of the appends that were not durable are there all the same; a disk has its own chances. */
  readonly keepAppends: number;
  readonly checkpoint: CheckpointFate;
}

export interface StorageOptions {
  readonly seed: string;
  readonly clock: VirtualClock;
  /** How long a sync takes. */
  readonly syncMs: () => number;
  /** Records until a checkpoint is due. */
  readonly checkpointEvery?: number;
  /** The till is about to do something to a disk; resolves when it gets to it. */
  readonly operating: () => Promise<void>;
}

export type StorageOf = (options: StorageOptions) => SimulatedStorage;

/** The contract of a disk, without its bytes: a call of append is kept whole or not at all, and nothing is damaged. */
export const inMemory: StorageOf = (options) => new MemoryStorage(options);

class MemoryStorage implements SimulatedStorage {
  log: MemoryLog;
  readonly sealed = memorySealedStore();
  readonly mayRefuse = false;
  readonly damaged = false;
  readonly lost = [];
  readonly faults = new Map<string, number>();
  readonly #options: StorageOptions;
  #checkpoints: { text?: string } = {};
  /** The one before. */
  #olderCheckpoint: string | undefined;

  constructor(options: StorageOptions) {
    this.#options = options;
    this.log = memoryLog(this.#disk());
  }

  async records(): Promise<readonly EventRecord[]> {
    return this.log.records;
  }

  failNext(what: 'write' | 'sync'): void {
    this.log.failNext(what);
  }

  crash({ keepAppends, checkpoint }: CrashLeft): void {
    const { text } = this.#checkpoints;
    const left = { kept: text, older: this.#olderCheckpoint, torn: text?.slice(0, text.length >> 1), absent: undefined }[checkpoint];
    this.#olderCheckpoint = text;
    this.#checkpoints = left === undefined ? {} : { text: left };
    this.log = this.log.crash({ ...this.#disk(), keepAppends });
  }

  closed(): void {
    this.log = memoryLog({ ...this.#disk(), records: this.log.records });
  }

  mend(): void {}

  #disk(): MemoryLogOptions {
    const { clock, syncMs, checkpointEvery } = this.#options;
    return {
      lazyFlush: (sync) => void clock.until(clock.now() + LAZY_FLUSH_MS).then(sync),
      beforeSync: () => clock.until(clock.now() + syncMs()),
      checkpoints: this.#checkpoints,
      ...(checkpointEvery === undefined ? {} : { checkpointEvery }),
    };
  }
}

export const LAZY_FLUSH_MS = 20;
