import type { StateMachine } from '../definition/asl.js';
import type { EventRecord, ExecutionEvent, TerminalEvent } from '../events.js';
import { evolve, evolveAll } from '../interpreter/evolve.js';
import type { ExecutionState, Program } from '../interpreter/types.js';
import { canonicalJson } from '../json.js';
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
  state: ExecutionState;
  /** Where its last record stands. */
  seq: number;
  readonly startSeq: number;
  /** The calls that were open when somebody asked to cancel: the request outlives a restart (14). */
  cancelled?: { readonly by: string; readonly calls: readonly string[] };
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

  /** Appends and folds; nothing is on disk yet. @returns the last record's number */
  append(inputs: readonly EventInput[]): number {
    const records = this.ports.log.append(inputs, this.ports.clock.now());
    this.#foldAll(records);
    for (const listener of this.#listeners) listener(records);
    return records.at(-1)?.seq ?? this.ports.log.head;
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

  /** What one append gave: a run of one execution's events makes one new state, not one for each. */
  #foldAll(records: readonly EventRecord[]): void {
    for (let from = 0; from < records.length; ) {
      const first = records[from];
      if (!first) return;
      this.#fold(first);
      from += 1;
      const entry = first.stream[0] === 'x' ? this.executions.get(first.stream.slice(2)) : undefined;
      if (!entry) continue;
      const events: ExecutionEvent[] = [];
      for (let next = records[from]; next?.stream === first.stream; next = records[from]) {
        events.push(next.event as ExecutionEvent);
        entry.seq = next.seq;
        from += 1;
      }
      if (events.length > 0) entry.state = evolveAll(entry.state, events, first.at, entry.program) ?? entry.state;
    }
  }

  #fold(record: EventRecord): void {
    const id = record.stream.slice(2);
    switch (record.stream[0]) {
      case 'x':
        return this.#foldExecution(id, record as EventRecord<ExecutionEvent>);
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

  #foldExecution(id: string, record: EventRecord<ExecutionEvent>): void {
    const { event } = record;
    if (event.type === 'executionStarted') {
      const program = this.programOf(event.workflow, event.pins);
      this.executions.set(id, { id, program, state: evolve(undefined, event, record.at, program), seq: record.seq, startSeq: record.seq });
      if (event.key !== undefined) this.keys.set(event.key, { execution: id, content: startContent(event) });
      return;
    }
    const entry = this.executions.get(id);
    if (entry && event.type === 'cancelRequested') entry.cancelled = { by: event.by, calls: openCalls(entry.state) };
    if (!entry) throw new Error(`the log has ${event.type} for an execution ${id} that never started`);
    entry.state = evolve(entry.state, event, record.at, entry.program);
    entry.seq = record.seq;
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
