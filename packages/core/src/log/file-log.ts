import { join } from 'node:path';
import { Low } from 'lowdb';
import type { EventInput, EventLog, OpenedLog } from '../engine/ports.js';
import { TillwrightError } from '../errors.js';
import type { EventRecord, TillEvent } from '../events.js';
import { AppendingAdapter } from './appending-adapter.js';
import type { FileSystem } from './file-system.js';
import { Listeners } from './listeners.js';
import { nodeFileSystem } from './node-file-system.js';
import { decode, encode, rawLines } from './record.js';
import { damage, scanLog, sound, type SoundEnd } from './scan.js';
import { emptySegment, segmentName, segmentPath, type OpenSegment } from './segment.js';

export interface FileLogOptions {
  /** A segment that has reached this size is sealed before the next append, in bytes; 8 MiB unless told. */
  readonly segmentBytes?: number;
  /** How long what nobody waits for may stay unwritten, in ms; 100 unless told. */
  readonly lazyFlushMs?: number;
  /** The disk; the machine's own unless a test breaks one. */
  readonly fileSystem?: FileSystem;
}

export interface FileLog extends EventLog {
  /** Since it was opened: syncs of records, and records appended. */
  readonly stats: { readonly syncs: number; readonly records: number };
  /** SHA-256 of the last appended record's line: with `head` what an anchor holds (the settlement slip, the PIN pad). */
  readonly headHash: string;
}

interface Waiter {
  readonly seq: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * An event log in a directory: numbered segments of JSON lines, chained by hash, one writer.
 *
 * One sync serves everybody who waits: what is appended while a sync runs goes with the next one. What one call of `append`
 * gives reaches the disk whole or not at all, also through a power failure.
 * @param dir made where it is missing; held by one process at a time
 * @throws LOG_FAILED from every append and `durable` after the first write or sync that failed: close it, mend the disk, open it again
 */
export const fileLog = (dir: string, options: FileLogOptions = {}): FileLog => new DirectoryLog(dir, options);

class DirectoryLog implements FileLog {
  readonly #dir: string;
  readonly #fs: FileSystem;
  readonly #segmentBytes: number;
  readonly #lazyFlushMs: number;
  #unlock: (() => Promise<void>) | undefined;
  #adapter: AppendingAdapter;
  #db: Low<OpenSegment>;
  /** The one being written is `#db.data`; those begun after it wait here. Appends go to the last. */
  #begun: OpenSegment[] = [];
  /** Stream -> numbers of the segments that hold records of it. */
  #streams = new Map<string, number[]>();
  #sealedRecords = 0;
  #head = 0;
  #headHash = '';
  #durableTo = 0;
  #appended = 0;
  #wanted = 0;
  #writing: Promise<void> | undefined;
  #waiting: Waiter[] = [];
  readonly #listeners = new Listeners();
  #lazy: NodeJS.Timeout | undefined;
  #failure: TillwrightError | undefined;

  constructor(dir: string, options: FileLogOptions) {
    this.#dir = dir;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#adapter = new AppendingAdapter(this.#fs, dir, 0);
    this.#db = new Low<OpenSegment>(this.#adapter, emptySegment(1));
    this.#segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024;
    this.#lazyFlushMs = options.lazyFlushMs ?? 100;
  }

  get head(): number {
    return this.#head;
  }
  get headHash(): string {
    return this.#headHash;
  }
  get durableTo(): number {
    return this.#durableTo;
  }
  get stats() {
    return { syncs: this.#adapter.syncs, records: this.#appended };
  }

  async open(): Promise<OpenedLog> {
    await this.#system(this.#fs.makeDirectory(this.#dir));
    const unlock = await this.#system(this.#fs.lock(join(this.#dir, 'lock')));
    if (unlock === undefined) throw new TillwrightError('LOG_LOCKED', { dir: this.#dir });
    try {
      const end = await this.#system(this.#load());
      this.#unlock = unlock;
      return { records: this.#all(end.lastSegment), ...(end.cut === undefined ? {} : { cut: end.cut }) };
    } catch (error) {
      await this.#adapter.close().catch(() => undefined);
      await unlock();
      throw error;
    }
  }

  append(inputs: readonly EventInput[], at: number): readonly EventRecord[] {
    this.#usable();
    if (inputs.length === 0) return [];
    this.#roll(at);
    const records = inputs.map(({ stream, event }, index) => this.#add(stream, event, at, index < inputs.length - 1));
    this.#lazy ??= setTimeout(() => this.#write(this.#head), this.#lazyFlushMs).unref();
    return records;
  }

  async durable(seq: number): Promise<void> {
    this.#usable();
    return this.#onDisk(seq);
  }

  onDurable(listener: (durableTo: number) => void): () => void {
    return this.#listeners.add(listener);
  }

  #onDisk(seq: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (seq > this.#head) throw new RangeError(`record ${seq} was never appended`);
      if (seq <= this.#durableTo) return resolve();
      this.#waiting.push({ seq, resolve, reject });
      this.#write(seq);
    });
  }

  async *read(stream: string): AsyncGenerator<EventRecord> {
    const upTo = this.#head;
    for (const number of this.#streams.get(stream)?.slice() ?? []) {
      const inMemory = [this.#db.data, ...this.#begun].find((segment) => segment.number === number);
      for await (const record of inMemory === undefined ? this.#sealed(number, stream) : inMemory.records.slice()) {
        if (record.seq > upTo) return;
        if (record.stream === stream) yield record;
      }
    }
  }

  async close(): Promise<void> {
    const unlock = this.#unlock;
    if (unlock === undefined) return;
    this.#unlock = undefined;
    try {
      if (this.#failure === undefined) await this.#onDisk(this.#head);
    } finally {
      clearTimeout(this.#lazy);
      this.#lazy = undefined;
      await this.#writing;
      await this.#adapter.close().catch(() => undefined);
      await unlock();
    }
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
      throw TillwrightError.is(error) ? error : failed(error);
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Opening

  async #load(): Promise<SoundEnd> {
    const streams = new Map<string, number[]>();
    const scan = scanLog(this.#fs, this.#dir);
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) for (const { record, segment } of step.value) note(streams, record.stream, segment);
    const end = sound(this.#dir, step.value);

    const number = Math.max(end.lastSegment, 1);
    this.#adapter = new AppendingAdapter(this.#fs, this.#dir, end.lastSegment);
    this.#db = new Low<OpenSegment>(this.#adapter, emptySegment(number));
    if (end.lastSegment > 0) {
      // What is read here counts as durable from here on, but may so far lie in the kernel's memory only.
      await this.#adapter.settle({ length: end.length, claimed: end.claimed, cut: end.cut !== undefined });
      await this.#db.read();
    }
    this.#begun = [];
    this.#streams = streams;
    this.#sealedRecords = end.sealedRecords;
    this.#head = end.records;
    this.#durableTo = end.records;
    this.#wanted = end.records;
    this.#headHash = end.head;
    this.#appended = 0;
    this.#waiting = [];
    this.#failure = undefined;
    return end;
  }

  /** Sealed segments from disk, the open one from memory: a checkpoint would begin at a later segment. */
  async *#all(segments: number): AsyncGenerator<EventRecord> {
    const open = this.#db.data.records.slice();
    for (let number = 1; number < segments; number += 1) yield* this.#sealed(number);
    yield* open;
  }

  async *#sealed(number: number, stream?: string): AsyncGenerator<EventRecord> {
    const mark = stream === undefined ? undefined : Buffer.from(`,"stream":${JSON.stringify(stream)},"v":`);
    let line = 0;
    for await (const lines of rawLines(this.#fs.read(segmentPath(this.#dir, number)))) {
      for (const { bytes, offset } of lines) {
        line += 1;
        if (mark !== undefined && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(mark)) continue;
        const decoded = decode(bytes);
        if (decoded.is === 'line') yield decoded.record;
        else throw damage(this.#dir, { file: segmentName(number), line, byte: offset, seq: 0, why: decoded.is === 'bad' ? decoded.why : 'newer' });
      }
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Appending: synchronous, in memory

  #roll(at: number): void {
    const full = this.#begun.at(-1) ?? this.#db.data;
    const begins = full.records.length === 0;
    if (begins ? full.number === 1 : full.size < this.#segmentBytes) return;
    // A later segment that a crash left empty still has to say what it follows.
    const before = begins ? full.number - 1 : full.number;
    if (!begins) this.#begun.push(emptySegment(full.number + 1));
    const records = begins ? this.#sealedRecords : full.records.length;
    this.#add('e', { type: 'segmentSealed', segment: before, records, head: this.#headHash }, at, false);
  }

  #add(stream: string, event: TillEvent, at: number, more: boolean): EventRecord {
    const segment = this.#begun.at(-1) ?? this.#db.data;
    const { record, hash, text } = encode({ seq: this.#head + 1, at, stream, durableTo: this.#durableTo, prev: this.#headHash }, event, more);
    segment.records.push(record);
    segment.unwritten.push(text);
    segment.size += Buffer.byteLength(text);
    this.#head = record.seq;
    this.#headHash = hash;
    this.#appended += 1;
    note(this.#streams, stream, segment.number);
    return record;
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
      clearTimeout(this.#lazy);
      for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#failure);
    }
    // In the same breath as the last look at what is wanted: who asks from now on starts a new round.
    this.#writing = undefined;
  }

  async #writeOnce(): Promise<void> {
    const segment = this.#db.data;
    const last = segment.records.at(-1)?.seq ?? this.#durableTo;
    if (last === this.#head) {
      clearTimeout(this.#lazy);
      this.#lazy = undefined;
    }
    await this.#db.write();
    this.#durableTo = last;
    const next = this.#begun[0];
    if (next !== undefined && segment.unwritten.length === 0) {
      this.#begun.shift();
      this.#db.data = next;
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

const note = (streams: Map<string, number[]>, stream: string, segment: number): void => {
  const numbers = streams.get(stream);
  if (numbers === undefined) streams.set(stream, [segment]);
  else if (numbers.at(-1) !== segment) numbers.push(segment);
};

const failed = (error: unknown): TillwrightError =>
  new TillwrightError('LOG_FAILED', { why: error instanceof Error ? error.message : String(error) }, { cause: error });
