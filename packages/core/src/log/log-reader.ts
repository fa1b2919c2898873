/**
 * A log for somebody who does not hold it: no lock is taken, nothing is changed, and a till may go on writing. What a checkpoint spares
 * the opening of a till it spares here, too; older records are found through the index.
 */
import type { FindBy } from '../engine/ports.js';
import type { EventRecord } from '../events.js';
import type { Json } from '../json.js';
import { type Checkpoint } from './checkpoint-file.js';
import type { FileSystem } from './file-system.js';
import { soundCheckpoint } from './opening.js';
import { scanLog, sound } from './scan.js';
import { SegmentIndex } from './segment-index.js';
import { readSegment, lineMark } from './segment-reader.js';
import { answersTo, findTerm, streamTerm } from './terms.js';

export class LogReader {
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #index: SegmentIndex;
  /** Sealed segments from here on to the checkpoint's are in no index. */
  readonly #unindexed: number;

  private constructor(fs: FileSystem, dir: string, checkpoint: Checkpoint | undefined, index: SegmentIndex, unindexed: number) {
    this.#fs = fs;
    this.#dir = dir;
    this.#checkpoint = checkpoint;
    this.#index = index;
    this.#unindexed = unindexed;
  }

  /** @param accept is offered what the checkpoint holds; without one that it takes, all is read */
  static async open(fs: FileSystem, dir: string, accept: (state: Json) => boolean): Promise<LogReader> {
    const checkpoint = await soundCheckpoint(fs, dir, accept);
    const index = new SegmentIndex(fs, dir, { looking: true });
    return new LogReader(fs, dir, checkpoint, index, await index.open((checkpoint?.segment ?? 1) - 1, checkpoint?.start.hash));
  }

  /** Records after the checkpoint that was taken, or all. @throws LOG_DAMAGED, LOG_VERSION */
  async *tail(): AsyncGenerator<EventRecord> {
    for await (const record of this.#last()) if (record.seq > (this.#checkpoint?.seq ?? 0)) yield record;
  }

  /** Every record of a stream, in order. @throws LOG_DAMAGED, LOG_VERSION */
  async *read(stream: string): AsyncGenerator<EventRecord> {
    for await (const record of this.#recordsWith(streamTerm(stream), lineMark({ stream }))) if (record.stream === stream) yield record;
  }

  /** Streams that were begun under a name, oldest first. @throws LOG_DAMAGED, LOG_VERSION */
  async find(by: FindBy, value: string): Promise<readonly string[]> {
    const found = new Set<string>();
    for await (const record of this.#recordsWith(findTerm(by, value), lineMark({ value }))) if (answersTo(record, by, value)) found.add(record.stream);
    return [...found];
  }

  async close(): Promise<void> {
    await this.#index.close();
  }

  async *#recordsWith(term: string | undefined, mark: Buffer): AsyncGenerator<EventRecord> {
    const last = this.#checkpoint?.segment ?? 1;
    const indexed = term === undefined ? Array.from({ length: this.#unindexed - 1 }, (_, at) => at + 1) : await this.#index.find(term);
    const before = [...indexed, ...Array.from({ length: last - this.#unindexed }, (_, at) => this.#unindexed + at)];
    for (const number of before) yield* readSegment(this.#fs, this.#dir, number, mark);
    yield* this.#last();
  }

  /** From the checkpoint's segment on. */
  async *#last(): AsyncGenerator<EventRecord> {
    const scan = scanLog(this.#fs, this.#dir, this.#checkpoint);
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) for (const { record } of step.value) yield record;
    sound(this.#dir, step.value);
  }
}
