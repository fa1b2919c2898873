/** The log of one life, which is held against what the life before was told of it. */
import type { EventInput, FindBy, OpenedLog } from '../engine/ports.js';
import type { EventRecord } from '../events.js';
import type { Json } from '../json.js';
import type { FileLog } from '../log/file-log.js';
import type { SimulatedLog } from './storage.js';

export interface WatchedLogOptions {
  readonly log: FileLog;
  /** What stands on the disk, read by somebody else. */
  readonly onDisk: () => readonly EventRecord[];
  /** The life before, if it left something. */
  readonly before?: WatchedLog | undefined;
  /** Told what should be there and is not, in words. */
  readonly lost: (problem: string) => void;
  /** Told when opening cuts a torn tail. */
  readonly torn: () => void;
}

export class WatchedLog implements SimulatedLog {
  readonly records: (EventRecord | undefined)[] = [];
  readonly #options: WatchedLogOptions;
  /** Where a call of append ended: what one call gives is kept whole or not at all. */
  readonly #ends = new Set<number>();
  #opened = false;

  constructor(options: WatchedLogOptions) {
    this.#options = options;
  }

  get head(): number {
    return this.#options.log.head;
  }
  get durableTo(): number {
    return this.#options.log.durableTo;
  }

  async open(options?: { readonly restore?: (state: Json) => boolean }): Promise<OpenedLog> {
    const { log, onDisk, torn } = this.#options;
    const opened = await log.open(options);
    if (opened.cut) torn();
    this.records.push(...onDisk());
    this.#ends.add(this.records.length);
    this.#compare();
    this.#opened = true;
    return opened;
  }

  append(inputs: readonly EventInput[], at: number): readonly EventRecord[] {
    const appended = this.#options.log.append(inputs, at);
    const first = appended[0]?.seq ?? this.head + 1;
    this.#ends.add(first - 1).add(this.head);
    for (const record of appended) this.records[record.seq - 1] = record;
    return appended;
  }

  durable = (seq: number): Promise<void> => this.#options.log.durable(seq);
  onDurable = (listener: (durableTo: number) => void): (() => void) => this.#options.log.onDurable(listener);
  onFailure = (listener: (error: Error) => void): (() => void) => this.#options.log.onFailure?.(listener) ?? (() => {});
  read = (stream: string): AsyncIterable<EventRecord> => this.#options.log.read(stream);
  find = (by: FindBy, value: string): Promise<readonly string[]> => this.#options.log.find(by, value);
  checkpoint = async (state: Json): Promise<void> => this.#options.log.checkpoint?.(state);
  onCheckpointDue = (listener: () => void): (() => void) => this.#options.log.onCheckpointDue?.(listener) ?? (() => {});
  close = (): Promise<void> => this.#options.log.close();

  /** The last life that was open at all: one that never was changed nothing that counts. */
  get last(): WatchedLog | undefined {
    return this.#opened ? this : this.#options.before;
  }

  /** All that was durable is there, and of the rest whole calls, in order and unchanged. */
  #compare(): void {
    const { before, lost } = this.#options;
    if (!before) return;
    const { records } = this;
    if (records.length < before.durableTo) lost(`the log ends with record ${records.length}, and ${before.durableTo} were on disk`);
    if (records.length > before.records.length) lost(`the log holds ${records.length} records, of which ${before.records.length} were appended`);
    if (!before.#ends.has(records.length)) lost(`the log ends with record ${records.length}, within what one call appended`);
    const changed = before.records.findIndex((record, index) => record && records[index] && JSON.stringify(record) !== JSON.stringify(records[index]));
    if (changed !== -1) lost(`record ${changed + 1} is another one than was appended`);
  }
}
