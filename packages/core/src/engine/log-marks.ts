/**
 * What each terminal's PIN pad remembers of this log (17). A pad that remembers a record which the log does not hold tells that the log
 * was restored from an older copy, or is another one: nothing at that terminal may go on by itself then.
 */
import type { LogMark, PinPad } from '../contract.js';
import { TillwrightError } from '../errors.js';
import type { EventRecord } from '../events.js';
import { canonicalJson, type Json } from '../json.js';
import { ask } from './ask.js';
import { type Journal, stream } from './journal.js';
import type { Ports } from './ports.js';

const PAD_ANSWERS_WITHIN_MS = 5_000;

export interface LogMarksOptions {
  readonly ports: Pick<Ports, 'log' | 'clock' | 'hash'>;
  readonly journal: Journal;
  /** The terminal's log is not the one that its pad knows. Resolves once every payment that is not settled is a person's. */
  readonly held: (terminalId: string) => Promise<void>;
}

interface Marked {
  readonly pad: Required<Pick<PinPad, 'logMark' | 'keepLogMark'>>;
  /** Whether the pad has been asked what it remembers; until then nothing is written over it. */
  checked: boolean;
  checking?: Promise<void>;
  /** What the pad remembers and the log does not hold. */
  unknown?: LogMark;
  /** Records of the terminal's payments that are not on disk yet, the last one that is, and up to where the pad was told. */
  readonly appended: EventRecord[];
  latest?: EventRecord;
  told: number;
  telling?: Promise<boolean>;
}

export class LogMarks {
  readonly #options: LogMarksOptions;
  readonly #pads = new Map<string, Marked>();

  constructor(options: LogMarksOptions) {
    this.#options = options;
  }

  /** From here on the pad is told. Pads that can't remember are left alone. @returns how to stop */
  begin(pads: Iterable<readonly [terminalId: string, pad: PinPad | undefined]>): () => void {
    for (const [terminalId, pad] of pads) if (remembers(pad)) this.#pads.set(terminalId, { pad, checked: false, appended: [], told: 0 });
    const { journal, ports } = this.#options;
    journal.onAppend((records) => this.#note(records));
    return ports.log.onDurable(() => {
      for (const [terminalId, marked] of this.#pads) {
        if (marked.appended.length === 0) continue;
        if (marked.checked && !marked.unknown) void this.#tell(terminalId, marked);
        else this.#catchUp(marked);
      }
    });
  }

  isHeld(terminalId: string): boolean {
    return this.#pads.get(terminalId)?.unknown !== undefined;
  }

  held(): readonly string[] {
    return [...this.#pads].filter(([, { unknown }]) => unknown).map(([terminalId]) => terminalId);
  }

  /** Every pad that can remember has said that this is the log which was written last. */
  isNewest(): boolean {
    return [...this.#pads.values()].every(({ checked, unknown }) => checked && !unknown);
  }

  /**
   * Asks the pad, until it has answered once. A pad that is silent is asked again before the next message.
   * @returns undefined where there is nothing to wait for
   */
  check(terminalId: string): Promise<void> | undefined {
    const marked = this.#pads.get(terminalId);
    if (!marked || marked.checked) return undefined;
    return (marked.checking ??= this.#check(terminalId, marked).finally(() => delete marked.checking));
  }

  /** Waits until the pad remembers a record that is on disk. @returns false where it did not answer, or remembers another log */
  async keep(terminalId: string, seq: number): Promise<boolean> {
    const marked = this.#pads.get(terminalId);
    if (!marked) return true;
    await this.check(terminalId);
    if (!marked.checked || marked.unknown) return false;
    // What is being told may be an earlier record: then once more.
    for (let turn = 0; turn < 2 && marked.told < seq; turn += 1) if (!(await this.#tell(terminalId, marked))) return false;
    return marked.told >= seq;
  }

  /**
   * A person has seen that the log is not the one that the pad knows: the terminal goes on with the pad's numbers.
   * @throws TERMINAL_NOT_HELD; LOG_RESTORED where the pad does not answer: the terminal stays held, until it is acknowledged or opened again
   */
  async acknowledge(terminalId: string, { by, reason }: { by: string; reason: string }): Promise<void> {
    await this.check(terminalId);
    const marked = this.#pads.get(terminalId);
    if (!marked?.unknown) throw new TillwrightError('TERMINAL_NOT_HELD', { terminal: terminalId });
    await this.#options.journal.appendDurably([{ stream: stream.terminal(terminalId), event: { type: 'logAcknowledged', by, reason } }]);
    if (!(await this.#goOn(terminalId, marked, marked.unknown))) throw new TillwrightError('LOG_RESTORED', { terminal: terminalId });
  }

  /** Tells every pad the last word. */
  async close(): Promise<void> {
    await Promise.all([...this.#pads].map(([terminalId, marked]) => (marked.checked && !marked.unknown ? this.#tell(terminalId, marked) : undefined)));
  }

  async #check(terminalId: string, marked: Marked): Promise<void> {
    const { journal } = this.#options;
    // What is no mark says no more than silence.
    const answer = await this.#ask<{ mark: LogMark | undefined } | 'silent'>(async () => {
      const mark = (await marked.pad.logMark()) ?? undefined;
      return mark === undefined || isMark(mark) ? { mark } : 'silent';
    }, 'silent');
    if (answer === 'silent') return;
    const { mark } = answer;
    if (mark !== undefined && !(await this.#inLog(mark))) {
      const { stream: name, seq, hash } = mark;
      if (journal.hold(terminalId)?.hash !== hash) {
        await journal.appendDurably([{ stream: stream.terminal(terminalId), event: { type: 'logHeld', record: { stream: name, seq, hash } } }]);
      }
      // Acknowledged, and the power failed before the pad was told.
      if (journal.hold(terminalId)?.acknowledged !== true || !(await this.#goOn(terminalId, marked, mark))) {
        marked.unknown = mark;
        await this.#options.held(terminalId);
      }
    }
    marked.checked = true;
  }

  async #inLog(mark: LogMark): Promise<boolean> {
    for await (const record of this.#options.ports.log.read(mark.stream)) if (record.seq === mark.seq) return this.#hashOf(record) === mark.hash;
    return false;
  }

  /** Numbers go on where the pad has seen them, not where the log has. On disk first, then the pad is told. */
  async #goOn(terminalId: string, marked: Marked, mark: LogMark): Promise<boolean> {
    const { journal, ports } = this.#options;
    const name = stream.terminal(terminalId);
    await journal.appendDurably(Object.entries(mark.counters).map(([counter, to]) => ({ stream: name, event: { type: 'terminalCounted', counter, to } })));
    let last: EventRecord | undefined;
    for await (const record of ports.log.read(name)) last = record;
    if (!last || !(await this.#remember(terminalId, marked, last))) return false;
    delete marked.unknown;
    return true;
  }

  #note(records: readonly EventRecord[]): void {
    if (this.#pads.size === 0) return;
    for (const record of records) {
      if (record.stream[0] !== 'p') continue;
      const terminalId = this.#options.journal.payments.get(record.stream.slice(2))?.terminalId;
      if (terminalId !== undefined) this.#pads.get(terminalId)?.appended.push(record);
    }
  }

  #catchUp(marked: Marked): void {
    const { durableTo } = this.#options.ports.log;
    const onDisk = marked.appended.findLastIndex(({ seq }) => seq <= durableTo);
    const [latest] = marked.appended.splice(0, onDisk + 1).slice(-1);
    if (latest) marked.latest = latest;
  }

  #tell(terminalId: string, marked: Marked): Promise<boolean> {
    return (marked.telling ??= this.#tellLatest(terminalId, marked).finally(() => delete marked.telling));
  }

  async #tellLatest(terminalId: string, marked: Marked): Promise<boolean> {
    for (;;) {
      this.#catchUp(marked);
      if (!marked.latest || marked.latest.seq <= marked.told) return true;
      if (!(await this.#remember(terminalId, marked, marked.latest))) return false;
    }
  }

  async #remember(terminalId: string, marked: Marked, record: EventRecord): Promise<boolean> {
    const mark: LogMark = { stream: record.stream, seq: record.seq, hash: this.#hashOf(record), counters: this.#options.journal.counters(terminalId) };
    const kept = await this.#ask(async () => {
      await marked.pad.keepLogMark(mark);
      return true;
    }, false);
    if (kept) marked.told = record.seq;
    return kept;
  }

  #hashOf(record: EventRecord): string {
    return this.#options.ports.hash('SHA-256', canonicalJson(record as unknown as Json));
  }

  #ask<T>(call: () => Promise<T>, silent: T): Promise<T> {
    return ask(call, { clock: this.#options.ports.clock, withinMs: PAD_ANSWERS_WITHIN_MS, silent });
  }
}

const remembers = (pad: PinPad | undefined): pad is PinPad & Marked['pad'] => pad?.logMark !== undefined && pad.keepLogMark !== undefined;

const isMark = (value: unknown): value is LogMark => {
  const { stream: name, seq, hash, counters } = value as Partial<Record<keyof LogMark, unknown>>;
  return typeof name === 'string' && Number.isSafeInteger(seq) && typeof hash === 'string' && typeof counters === 'object' && counters !== null && Object.values(counters).every(Number.isSafeInteger);
};
