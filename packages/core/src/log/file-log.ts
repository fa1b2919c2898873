import { join } from 'node:path';
import { Low } from 'lowdb';
import type { EventInput, EventLog, FindBy, OpenedLog, OpenOptions } from '../engine/ports.js';
import { coded, TillwrightError } from '../errors.js';
import type { EventRecord } from '../events.js';
import { messageOf } from '../fault.js';
import type { Json } from '../json.js';
import { nextTurn } from '../next-turn.js';
import { AppendingAdapter } from './appending-adapter.js';
import { encode, FIRST_PREV, lineHash } from './batch.js';
import { checkpointText, type SegmentStart, writeCheckpoint } from './checkpoint-file.js';
import type { FileSystem } from './file-system.js';
import { Listeners } from './listeners.js';
import { nodeFileSystem } from './node-file-system.js';
import { openHistory } from './opening.js';
import { recordOf } from './record-of.js';
import { FIRST_START } from './scan.js';
import { emptySegment, type OpenSegment } from './segment.js';
import { SegmentIndex } from './segment-index.js';
import { readSegment, lineMark } from './segment-reader.js';
import { systemTimer, type Timer } from './system.js';
import { addTerms, answersTo, findTerm, streamTerm } from './terms.js';

export interface FileLogOptions {
  /** A segment whose lines have reached this size is sealed before the next append, in bytes; 8 MiB unless told. */
  readonly segmentBytes?: number;
  /** How long what nobody waits for may stay unwritten, in ms; 100 unless told. */
  readonly lazyFlushMs?: number;
  /** The disk; the machine's own unless a test breaks one. */
  readonly fileSystem?: FileSystem;
  /** The machine's own unless a simulation has its own time. */
  readonly timer?: Timer;
}

export interface FileLog extends EventLog {
  /** Since it was opened: syncs of records, and records appended. */
  readonly stats: {
    readonly syncs: number;
    readonly records: number;
    /** Records that opening read: all of them, or from the checkpoint's segment on. */
    readonly readAtOpen: number;
  };
  /** SHA-256 of the last line. Once `durableTo` is `head` it is the hash of `head`'s line: both together are what an anchor holds (the settlement slip). */
  readonly headHash: string;
}

/** A line ends once it holds so many records, though no write takes it yet: who reads one record reads its line. */
const LINE_RECORDS = 1000;
/** So many records make a line before a write takes them, unless one is under way. */
const AHEAD_RECORDS = 64;

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * An event log in a directory: numbered segments of JSON lines, chained by hash, one writer.
 *
 * One sync serves everybody who waits: what is appended while a sync runs goes with the next one, as one line. What one call of
 * `append` gives reaches the disk whole or not at all, also through a power failure.
 * @param dir made where it is missing; held by one process at a time
 * @throws LOG_FAILED from every append and `durable` after the first write or sync that failed: close it, mend the disk, open it again
 */
export const fileLog = (dir: string, options: FileLogOptions = {}): FileLog => new DirectoryLog(dir, options);

class DirectoryLog implements FileLog {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #segmentBytes: number;
  readonly #lazyFlushMs: number;
  readonly #timer: Timer;
  #unlock: (() => Promise<void>) | undefined;
  #adapter: AppendingAdapter;
  #db: Low<OpenSegment>;
  /** The one being written is `#db.data`; those begun after it wait here. Appends go to the last. */
  #begun: OpenSegment[] = [];
  /** What the segments that the index does not have yet answer to; `#nameAll` adds what the newest records do. */
  #terms = new Map<number, Set<string>>();
  /** Of the newest segment, those whose terms are not there yet. */
  #unnamed: EventRecord[] = [];
  #index: SegmentIndex;
  /** Where the chain stood before the segment that is appended to. */
  #start: SegmentStart = FIRST_START;
  /** Bytes of the segments before that one. */
  #sizes: number[] = [];
  #checkpointing: Promise<void> = Promise.resolve();
  readonly #due = new Set<() => void>();
  readonly #failing = new Set<(error: Error) => void>();
  #readAtOpen = 0;
  #head = 0;
  #headHash = '';
  /** The last line, as long as its hash was not taken. */
  #lastLine: Uint8Array | undefined;
  #durableTo = 0;
  #appended = 0;
  /** A line is about to be made of what is pending. */
  #ahead = false;
  #wanted = 0;
  #writing: Promise<void> | undefined;
  #waiting: Waiter[] = [];
  readonly #listeners = new Listeners();
  /** Takes the lazy flush back. */
  #lazy: (() => void) | undefined;
  #failure: TillwrightError | undefined;

  constructor(dir: string, options: FileLogOptions) {
    this.#dir = dir;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#adapter = new AppendingAdapter(this.#fs, dir, 0);
    this.#index = new SegmentIndex(this.#fs, dir);
    this.#db = new Low<OpenSegment>(this.#adapter, emptySegment(1, FIRST_PREV));
    this.#segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024;
    this.#lazyFlushMs = options.lazyFlushMs ?? 100;
    this.#timer = options.timer ?? systemTimer;
  }

  get head(): number {
    return this.#head;
  }
  get headHash(): string {
    if (this.#lastLine) this.#headHash = lineHash(this.#lastLine);
    this.#lastLine = undefined;
    return this.#headHash;
  }
  get durableTo(): number {
    return this.#durableTo;
  }
  get stats() {
    return { syncs: this.#adapter.syncs, records: this.#appended, readAtOpen: this.#readAtOpen };
  }

  async open(options: OpenOptions = {}): Promise<OpenedLog> {
    await this.#system(this.#fs.makeDirectory(this.#dir));
    const unlock = await this.#system(this.#fs.lock(join(this.#dir, 'lock')));
    if (unlock === undefined) throw new TillwrightError('LOG_LOCKED', { dir: this.#dir });
    try {
      const opened = await this.#system(this.#load(options));
      this.#unlock = unlock;
      return opened;
    } catch (error) {
      await this.#adapter.close().catch(() => undefined);
      await this.#index.close();
      await unlock();
      throw error;
    }
  }

  append(inputs: readonly EventInput[], at: number): readonly EventRecord[] {
    this.#usable();
    if (inputs.length === 0) return [];
    this.#roll(at);
    const records = inputs.map((input) => this.#add(input, at));
    if (this.#newest.pending.length >= LINE_RECORDS) this.#writeDown(this.#newest);
    else if (this.#newest.pending.length >= AHEAD_RECORDS) this.#writeDownAhead();
    this.#lazy ??= this.#timer(this.#lazyFlushMs, () => this.#write(this.#head));
    return records;
  }

  durable(seq: number): Promise<void> {
    return this.#onDisk(seq, true);
  }

  onDurable(listener: (durableTo: number) => void): () => void {
    return this.#listeners.add(listener);
  }

  onFailure(listener: (error: Error) => void): () => void {
    this.#failing.add(listener);
    return () => void this.#failing.delete(listener);
  }

  /** @param asked from outside: a log that is closed takes no question any more */
  #onDisk(seq: number, asked = false): Promise<void> {
    return new Promise((resolve, reject) => {
      if (asked) this.#usable();
      // Who waited for something else first may come after the failure: nothing is written any more.
      if (this.#failure !== undefined) throw this.#failure;
      if (seq > this.#head) throw new RangeError(`record ${seq} was never appended`);
      if (seq <= this.#durableTo) return resolve();
      this.#waiting.push({ seq, resolve, reject });
      this.#write(seq);
    });
  }

  /** @throws LOG_UNREADABLE, LOG_DAMAGED, ENGINE_CLOSED; `find` as well */
  async *read(stream: string): AsyncGenerator<EventRecord> {
    const mark = lineMark({ stream });
    for await (const record of this.#recordsWith(streamTerm(stream), mark)) if (record.stream === stream) yield record;
  }

  async find(by: FindBy, value: string): Promise<readonly string[]> {
    const found = new Set<string>();
    for await (const record of this.#recordsWith(findTerm(by, value), lineMark({ value }))) if (answersTo(record, by, value)) found.add(record.stream);
    return [...found];
  }

  async checkpoint(state: Json): Promise<void> {
    this.#usable();
    const seq = this.#head;
    this.#writeDown(this.#newest);
    const text = checkpointText({ seq, hash: this.headHash, segment: this.#newest.number, start: this.#start, sizes: this.#sizes }, state);
    const writing = this.#checkpointing.catch(() => undefined).then(async () => {
      await this.#onDisk(seq);
      await this.#index.settled();
      await writeCheckpoint(this.#fs, this.#dir, text);
    });
    this.#checkpointing = writing;
    await writing;
  }

  onCheckpointDue(listener: () => void): () => void {
    this.#due.add(listener);
    return () => void this.#due.delete(listener);
  }

  async close(): Promise<void> {
    const unlock = this.#unlock;
    if (unlock === undefined) return;
    this.#unlock = undefined;
    try {
      if (this.#failure === undefined) await this.#onDisk(this.#head);
    } finally {
      this.#lazy?.();
      this.#lazy = undefined;
      await this.#writing;
      await this.#checkpointing.catch(() => undefined);
      await this.#index.close();
      await this.#adapter.close().catch(() => undefined);
      await unlock();
    }
  }

  get #newest(): OpenSegment {
    return this.#begun.at(-1) ?? this.#db.data;
  }

  #usable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#unlock === undefined) throw new TillwrightError('ENGINE_CLOSED');
  }

  /** What the system refuses becomes an error that a person can act on. */
  async #system<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw coded(error, 'LOG_FAILED');
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Opening

  async #load(options: OpenOptions): Promise<OpenedLog> {
    this.#index = new SegmentIndex(this.#fs, this.#dir);
    const { end, terms, last, sizes, read } = await openHistory(this.#fs, this.#dir, this.#index, options);
    this.#adapter = new AppendingAdapter(this.#fs, this.#dir, end.lastSegment);
    this.#db = new Low<OpenSegment>(this.#adapter, last);
    if (end.lastSegment > 0) {
      // What is read here counts as durable from here on, but may so far lie in the kernel's memory only.
      await this.#adapter.settle(last, { claimed: end.claimed, cut: end.cut !== undefined });
      await this.#db.read();
    }
    this.#begun = [];
    this.#terms = new Map([[last.number, terms]]);
    this.#start = end.start;
    this.#sizes = sizes;
    this.#readAtOpen = read;
    this.#head = end.records;
    this.#durableTo = end.records;
    this.#wanted = end.records;
    this.#headHash = end.head;
    this.#lastLine = undefined;
    this.#unnamed = [];
    this.#appended = 0;
    this.#waiting = [];
    this.#checkpointing = Promise.resolve();
    this.#failure = undefined;
    return end.cut === undefined ? {} : { cut: end.cut };
  }

  /** Records, up to the head, of segments that may hold the term; those without a mark are left out where that is cheaper. */
  async *#recordsWith(term: string | undefined, mark: Buffer): AsyncGenerator<EventRecord> {
    // Without its index it would find nothing.
    if (this.#unlock === undefined) throw new TillwrightError('ENGINE_CLOSED');
    const upTo = this.#head;
    try {
      for (const number of await this.#segmentsWith(term)) {
        const open = [this.#db.data, ...this.#begun].find((segment) => segment.number === number);
        for await (const record of readSegment(this.#fs, this.#dir, open ?? number, mark)) {
          if (record.seq > upTo) return;
          yield record;
        }
      }
    } catch (error) {
      throw coded(error, 'LOG_UNREADABLE');
    }
  }

  async #segmentsWith(term: string | undefined): Promise<number[]> {
    this.#nameAll();
    if (term === undefined) return Array.from({ length: this.#newest.number }, (_, index) => index + 1);
    // Before the wait: what the index takes over meanwhile is then in one of the two.
    const unindexed = [...this.#terms].flatMap(([number, terms]) => (terms.has(term) ? [number] : []));
    return [...new Set([...(await this.#index.find(term)), ...unindexed])].sort((a, b) => a - b);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Appending: synchronous, in memory

  #roll(at: number): void {
    const full = this.#newest;
    const begins = full.records === 0;
    // Whatever size was given: a seal can only name a line that stands.
    if (begins ? full.number === 1 : full.pending.length > 0 || full.size < this.#segmentBytes) return;
    if (!begins) {
      this.#nameAll();
      this.#start = { seq: this.#head, hash: this.headHash, sealedRecords: full.records };
      this.#sizes = [...this.#sizes, full.size];
      this.#begun.push(emptySegment(full.number + 1, this.headHash));
      this.#terms.set(full.number + 1, new Set());
      for (const due of this.#due) due();
    }
    // A later segment that a crash left empty still has to say what it follows.
    this.#add({ stream: 'e', event: { type: 'segmentSealed', segment: this.#newest.number - 1, records: this.#start.sealedRecords, head: this.headHash } }, at);
  }

  #add(input: EventInput, at: number): EventRecord {
    const segment = this.#newest;
    const record = recordOf(this.#head + 1, at, input);
    segment.pending.push(record);
    this.#unnamed.push(record);
    segment.records += 1;
    segment.last = record.seq;
    this.#head = record.seq;
    this.#appended += 1;
    return record;
  }

  /** Makes a line of what was appended since the last one. A segment grows by this only: when it is full nothing of it is pending. */
  #writeDown(segment: OpenSegment): void {
    const { pending, unwritten } = segment;
    if (pending.length === 0) return;
    const before = unwritten.length;
    this.#lastLine = encode({ durableTo: this.#durableTo, prev: this.headHash }, pending, unwritten);
    segment.size += unwritten.length - before;
    // A list of its own: somebody may be reading this one.
    segment.pending = [];
  }

  /** What the log needs to know of its last records, but not before they are on their way to the disk. */
  #catchUp(): void {
    void this.headHash;
    this.#nameAll();
  }

  #nameAll(): void {
    const terms = this.#terms.get(this.#newest.number);
    let before: string | undefined;
    for (const { stream, event } of this.#unnamed) {
      if (terms) addTerms(stream, event, terms, before);
      before = stream;
    }
    this.#unnamed = [];
  }

  /** In the next turn: with many tills that is where all of them wait for what is sealed to be on disk. */
  #writeDownAhead(): void {
    if (this.#ahead) return;
    this.#ahead = true;
    nextTurn(() => {
      this.#ahead = false;
      // While a write is under way a line could not yet say that what that carries is on disk: damage to it would pass for a torn tail.
      if (this.#writing === undefined && this.#newest.pending.length >= AHEAD_RECORDS) this.#writeDown(this.#newest);
    });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Writing: one at a time, each takes along whatever waits

  #write(upTo: number): void {
    if (this.#failure !== undefined) return;
    this.#wanted = Math.max(this.#wanted, upTo);
    this.#writing ??= this.#writeOn();
  }

  async #writeOn(): Promise<void> {
    // One turn of the queue, so that who appends in the same breath shares the sync.
    await Promise.resolve();
    try {
      while (this.#wanted > this.#durableTo) await this.#writeOnce();
    } catch (error) {
      this.#failure = failed(error);
      this.#lazy?.();
      for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#failure);
      for (const listener of this.#failing) listener(this.#failure);
    }
    // In the same breath as the last look at what is wanted: who asks from now on starts a new round.
    this.#writing = undefined;
  }

  async #writeOnce(): Promise<void> {
    const segment = this.#db.data;
    this.#writeDown(segment);
    const last = segment.last || this.#durableTo;
    if (last === this.#head) {
      this.#lazy?.();
      this.#lazy = undefined;
    }
    const writing = this.#db.write();
    // Then the disk is at work, and all who wait for it are idle.
    nextTurn(() => this.#catchUp());
    await writing;
    this.#durableTo = last;
    const next = this.#begun[0];
    if (next !== undefined && segment.unwritten.length === 0) {
      this.#begun.shift();
      this.#db.data = next;
      this.#index.add(segment.number, next.prev, this.#terms.get(segment.number) ?? new Set());
      this.#terms.delete(segment.number);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (waiter.seq <= last) waiter.resolve();
      else this.#waiting.push(waiter);
    }
    this.#listeners.tell(last);
  }
}

const failed = (error: unknown): TillwrightError =>
  new TillwrightError('LOG_FAILED', { why: messageOf(error) }, { cause: error });
