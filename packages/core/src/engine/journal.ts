import type { StateMachine } from '../definition/asl.js';
import type { EventRecord, ExecutionEvent, TerminalEvent } from '../events.js';
import type { Decision } from '../interpreter/decide.js';
import type { OwnState } from '../interpreter/draft.js';
import { evolveOwn } from '../interpreter/evolve.js';
import type { ExecutionState, Program } from '../interpreter/types.js';
import { canonicalJson, deepFreeze } from '../json.js';
import { evolvePayment, owesReceipt, type PaymentState } from './payment.js';
import type { EventInput, Ports } from './ports.js';

export const stream = {
  execution: (id: string) => `x/${id}`,
  payment: (id: string) => `p/${id}`,
  terminal: (id: string) => `t/${id}`,
  engine: 'e',
} as const;

/** An execution as the journal holds it; `closed` ones keep no more than their result. */
export interface ExecutionEntry {
  readonly id: string;
  readonly program: Program;
  /** One object for the whole execution: each append changes it in place. */
  readonly state: ExecutionState;
  /** Where its last record stands. */
  seq: number;
  readonly startSeq: number;
  /** The calls that were open when somebody asked to cancel: the request outlives a restart (14). */
  cancelled?: { readonly by: string; readonly calls: readonly string[] };
}

/** A decision about an execution, and when it was made. */
export interface Decided {
  readonly id: string;
  readonly program: Program;
  readonly decision: Decision;
  /** ms since 1970: the input's own. */
  readonly at: number;
}

/** The log with everything folded out of it: one place appends, and what it appends is folded at once. */
export class Journal {
  readonly executions = new Map<string, ExecutionEntry>();
  readonly payments = new Map<string, PaymentState>();
  readonly #byExecution = new Map<string, string[]>();
  readonly #bySale = new Map<string, string[]>();
  /** Terminal -> its payments with copies of a receipt that are not printed. */
  readonly #owing = new Map<string, Set<string>>();
  readonly keys = new Map<string, { readonly execution: string; readonly content: string }>();
  readonly #definitions = new Map<string, StateMachine>();
  readonly #counters = new Map<string, number>();
  readonly #listeners: ((records: readonly EventRecord[]) => void)[] = [];

  constructor(readonly ports: Pick<Ports, 'log' | 'clock'>) {}

  /** Folds what the log holds. */
  async load(records: AsyncIterable<EventRecord>): Promise<void> {
    for await (const record of records) this.#fold(record);
  }

  /**
   * Appends and folds; nothing is on disk yet.
   *
   * Events of executions are folded as they are given, and frozen: whatever a plugin or an embedder made has come through
   * `ownJson` before it got into one. Those of payments, which hold what plugins answered, are read back from what is written.
   * @returns the last record's number
   */
  append(inputs: readonly EventInput[]): number {
    return this.#append(inputs, this.ports.clock.now()).at(-1)?.seq ?? this.ports.log.head;
  }

  /**
   * As `append`, for events of an execution exactly as they were decided, among others: the decision's state is taken over, so
   * that they are folded once. They are written under the time at which they were decided.
   * @returns the addresses of the scopes that have changed
   */
  appendDecided(inputs: readonly EventInput[], decided: Decided): Iterable<string> {
    const name = stream.execution(decided.id);
    let changed: Iterable<string> = [];
    this.#append(inputs, decided.at, (records) => {
      const own = records.filter((record) => record.stream === name);
      const { state, changed: addresses } = decided.decision.commit();
      changed = addresses;
      let entry = this.executions.get(decided.id);
      if (!entry) this.#begun((entry = { id: decided.id, program: decided.program, state, seq: 0, startSeq: own[0]?.seq ?? 0 }));
      entry.seq = own.at(-1)?.seq ?? entry.seq;
    }, name);
    return changed;
  }

  #append(inputs: readonly EventInput[], at: number, takeOver?: (records: readonly EventRecord[]) => void, takenOver?: string): readonly EventRecord[] {
    const records = this.ports.log.append(inputs, at);
    for (const [index, record] of records.entries()) {
      const given = inputs[index]?.event;
      if (record.stream[0] !== 'x' || !given) this.#fold(record);
      else if (record.stream === takenOver) deepFreeze(given);
      else this.#foldExecution(record, deepFreeze(given) as ExecutionEvent);
    }
    takeOver?.(records);
    for (const listener of this.#listeners) listener(records);
    return records;
  }

  async appendDurably(inputs: readonly EventInput[]): Promise<number> {
    const seq = this.append(inputs);
    await this.ports.log.durable(seq);
    return seq;
  }

  onAppend(listener: (records: readonly EventRecord[]) => void): void {
    this.#listeners.push(listener);
  }

  /** In the order of their first intents. */
  paymentsOf(execution: string): readonly PaymentState[] {
    return this.#all(this.#byExecution.get(execution));
  }

  paymentsOfSale(saleReference: string): readonly PaymentState[] {
    return this.#all(this.#bySale.get(saleReference));
  }

  /** Payments of a terminal with a receipt that is still to be printed. */
  owingReceipts(terminalId: string): readonly PaymentState[] {
    return this.#all([...(this.#owing.get(terminalId) ?? [])]);
  }

  #all(ids: readonly string[] = []): PaymentState[] {
    return ids.map((id) => this.payments.get(id)).filter((payment) => payment !== undefined);
  }

  hasDefinition(hash: string): boolean {
    return this.#definitions.has(hash);
  }

  counter(terminal: string, name: string): number | undefined {
    return this.#counters.get(`${terminal}/${name}`);
  }

  programOf(workflow: string, pins: { readonly [workflow: string]: string }): Program {
    const definitions: { [workflow: string]: StateMachine } = {};
    for (const [name, hash] of Object.entries(pins)) {
      const definition = this.#definitions.get(hash);
      if (!definition) throw new Error(`the log has no definition ${hash} of ${name}`);
      definitions[name] = definition;
    }
    return { main: workflow, definitions };
  }

  #fold(record: EventRecord): void {
    const id = record.stream.slice(2);
    switch (record.stream[0]) {
      case 'x':
        return this.#foldExecution(record, record.event as ExecutionEvent);
      case 'p': {
        const before = this.payments.get(id);
        const after = evolvePayment(before, record);
        this.payments.set(id, after);
        if (after.receipts !== before?.receipts) this.#noteOwing(after);
        if (!before) {
          push(this.#byExecution, after.execution, id);
          push(this.#bySale, after.saleReference, id);
        }
        return;
      }
      case 't': {
        const event = record.event as TerminalEvent;
        this.#counters.set(`${id}/${event.counter}`, event.to);
        return;
      }
      default:
        if (record.event.type === 'definitionStored') this.#definitions.set(record.event.hash, JSON.parse(record.event.source) as StateMachine);
    }
  }

  #noteOwing(payment: PaymentState): void {
    const { terminalId, paymentId } = payment;
    let owing = this.#owing.get(terminalId);
    if (!owing) this.#owing.set(terminalId, (owing = new Set()));
    if (owesReceipt(payment)) owing.add(paymentId);
    else owing.delete(paymentId);
  }

  #foldExecution({ stream: name, seq, at }: EventRecord, event: ExecutionEvent): void {
    const id = name.slice(2);
    if (event.type === 'executionStarted') {
      const program = this.programOf(event.workflow, event.pins);
      const state = evolveOwn(undefined, [event], at, program);
      if (state) this.#begun({ id, program, state, seq, startSeq: seq });
      return;
    }
    const entry = this.executions.get(id);
    if (entry && event.type === 'cancelRequested') entry.cancelled = { by: event.by, calls: openCalls(entry.state) };
    if (!entry) throw new Error(`the log has ${event.type} for an execution ${id} that never started`);
    evolveOwn(entry.state as OwnState, [event], at, entry.program);
    entry.seq = seq;
  }

  #begun(entry: ExecutionEntry): void {
    this.executions.set(entry.id, entry);
    const { key } = entry.state;
    if (key !== undefined) this.keys.set(key, { execution: entry.id, content: startContent(entry.state) });
  }
}

const openCalls = (state: ExecutionState): string[] =>
  Object.values(state.scopes).flatMap(({ current: { step, phase } }) => (phase.is === 'task' ? [`${step}@${phase.attempt}`] : []));

/** What must be the same for two starts with one key (rule 15). */
export const startContent = (start: { terminal: string; workflow: string; input: ExecutionState['input'] }): string =>
  canonicalJson({ terminal: start.terminal, workflow: start.workflow, input: start.input });

const push = (index: Map<string, string[]>, key: string, value: string): void => {
  const list = index.get(key);
  if (list) list.push(value);
  else index.set(key, [value]);
};
