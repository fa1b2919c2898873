/** With the devices, these hold all that is not deterministic. */
import type { Clock, RandomSource } from '../contract.js';
import type { EventRecord, TillEvent } from '../events.js';
import type { Json } from '../json.js';

export type { Clock, RandomSource } from '../contract.js';

/** Ids that never repeat over the whole life of a log, restarts included: sortable by time on a till, counted in simulation. */
export interface IdSource {
  next(prefix: string): string;
}

/** A digest of UTF-8 text as lower-case hex. */
export type Hash = (algorithm: 'MD5' | 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512', text: string) => string;

/** Where an engine keeps what must survive it, and the hash that goes with it. */
export interface Storage {
  readonly log: EventLog;
  readonly sealed: SealedStore;
  readonly hash: Hash;
}

export interface EventInput {
  readonly stream: string;
  readonly event: TillEvent;
}

/**
 * An append-only log. One writer; append order is durability order.
 * `append` gives numbers at once and keeps the records in memory order; nothing is promised before `durable` resolves.
 */
export interface EventLog {
  /**
   * Takes the log for this process and reads it once.
   * @param options.fold is given every record in order, or those after a checkpoint that was restored. It is void what was
   *   folded where this rejects: only the log's end tells whether it is sound.
   * @param options.restore is offered what `checkpoint` was last given, if the log still holds the record that it was taken
   *   at; false refuses it, and the log is read from its beginning. Without it there is no such offer.
   * @throws LOG_LOCKED, LOG_DAMAGED, LOG_VERSION, LOG_FAILED
   */
  open(options?: OpenOptions): Promise<OpenedLog>;
  /**
   * @param at ms since 1970, the same for all of one call: what one call appends is one write
   * @throws LOG_FAILED after a failed write or sync: the engine must be reopened. Whatever it throws, the engine stops
   */
  append(inputs: readonly EventInput[], at: number): readonly EventRecord[];
  /** Resolves once everything up to `seq` is on disk; waiting callers share one sync. There is no limit to the wait: a sale is told when it is on disk. @throws LOG_FAILED; whatever it throws, the engine stops */
  durable(seq: number): Promise<void>;
  /** Calls back, without forcing a sync, whenever more is on disk. Returns how to stop. */
  onDurable(listener: (durableTo: number) => void): () => void;
  /** Calls back once, when the log has failed, though nobody waits for it; without it, what `append` and `durable` throw tells. Returns how to stop. */
  onFailure?(listener: (error: Error) => void): () => void;
  /** The last appended record's number, 0 for none, and what is on disk. */
  readonly head: number;
  readonly durableTo: number;
  /** Reads back from disk or memory, sealed segments included: every record of a stream, in order. @throws LOG_UNREADABLE, LOG_DAMAGED; `find` as well */
  read(stream: string): AsyncIterable<EventRecord>;
  /**
   * Streams that were ever begun under a name, oldest first: the execution of a start's key, payments by an attempt's
   * reference, by their execution, by a sale reference that is not their execution's id, or by a case about them. The whole
   * history answers, at a cost that does not grow with it.
   */
  find(by: FindBy, value: string): Promise<readonly string[]>;
  /**
   * Keeps what all records up to the head fold to, so that the next opening need not read them. Derived: without it, or where
   * it does not fit, the log itself is read. Resolves when it is on disk.
   * @throws LOG_FAILED; any other error means that it was not kept, and nothing else
   */
  checkpoint?(state: Json): Promise<void>;
  /** Calls back when so much was appended that a checkpoint is worth its while. Returns how to stop. */
  onCheckpointDue?(listener: () => void): () => void;
  close(): Promise<void>;
}

export type FindBy = 'key' | 'reference' | 'execution' | 'sale' | 'case';

export interface OpenOptions {
  readonly fold?: (record: EventRecord) => void;
  readonly restore?: (state: Json) => boolean;
}

export interface OpenedLog {
  /** An unacknowledged tail that a crash tore and opening cut, in bytes. */
  readonly cut?: { readonly bytes: number };
}

/**
 * What must be erasable, beside a log that can not erase: sealed by the PIN pad. Few bytes for each open payment.
 * A put that throws is SEALED_FAILED, and nothing is sent; whatever the others throw, the engine stops (SEALED_UNREADABLE).
 */
export interface SealedStore {
  /** Resolves once it is on disk. Puts at the same time may share a sync. @throws RangeError above 4,076 bytes, the key in UTF-8 counted */
  put(key: string, sealed: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  /** Gone at once for `get` and `keys`; erased soon, without a sync of its own. After a crash it may be back: then it is forgotten again. */
  forget(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** Lets go of what it holds open; it can be used again. */
  close?(): Promise<void>;
}

export interface Ports extends Storage {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly ids: IdSource;
}
