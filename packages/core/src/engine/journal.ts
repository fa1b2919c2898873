import type { StateMachine } from '../definition/asl.js';
import type { EventRecord, ExecutionEvent, StepId, TerminalEvent } from '../events.js';
import type { Decision } from '../interpreter/decide.js';
import type { OwnState } from '../interpreter/draft.js';
import { evolveOwn } from '../interpreter/evolve.js';
import type { ExecutionState, Program } from '../interpreter/types.js';
import { canonicalJson, deepFreeze, isObject, type Json, type JsonObject } from '../json.js';
import { CORE_VERSION } from '../version.js';
import { Archive } from './archive.js';
import { handedUp } from './ownership.js';
import { beginsPayment, evolvePayment, isSettled, mayOweLater, openCase, owesReceipt, type PaymentState } from './payment.js';
import type { EventInput, Ports } from './ports.js';
import { Roster } from './roster.js';

export const stream = {
  execution: (id: string) => `x/${id}`,
  payment: (id: string) => `p/${id}`,
  terminal: (id: string) => `t/${id}`,
  engine: 'e',
} as const;

/**
 * Counts up whenever the folds make something else of the same records. A checkpoint of another fold, or of another version of
 * core, is not taken: the log is folded anew.
 */
const FOLD = 10;

/** What a snapshot tells whoever only looks. */
export interface Outline {
  /** All that are open, and some that closed last. */
  readonly payments: readonly PaymentState[];
  /** Terminals that wait for a person (17). */
  readonly held: readonly string[];
}

/** @returns undefined where this version folds otherwise */
export const outlineOf = (snapshot: Json): Outline | undefined => {
  if (!isOwn(snapshot)) return undefined;
  const { payments, holds } = snapshot as unknown as { payments: PaymentState[]; holds: [string, { acknowledged: boolean }][] };
  return { payments, held: holds.filter(([, { acknowledged }]) => !acknowledged).map(([terminal]) => terminal) };
};

const isOwn = (snapshot: Json): snapshot is JsonObject => isObject(snapshot) && snapshot['fold'] === FOLD && snapshot['core'] === CORE_VERSION;

export interface JournalOptions {
  /** How many closed transactions stay in memory, the last ones that closed; 50 unless told. */
  readonly keepClosed?: number;
}

/** An execution as the journal holds it; ended ones keep no more than their result. */
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
  /** Uncommitted payments of scopes that have succeeded, each with the step that it belongs to since (10). */
  handedUp?: { readonly [paymentId: string]: StepId };
}

/** A decision about an execution. */
export interface Decided {
  readonly id: string;
  /** Its stream, by the name that its events come with. */
  readonly stream: string;
  readonly program: Program;
  readonly decision: Decision;
}

/**
 * The log with everything folded out of it that may still change: one place appends, and what it appends is folded at once.
 * A transaction that is closed, its execution ended and nothing owed by its payments, leaves memory after a while; the log answers for it then.
 */
export class Journal {
  readonly executions = new Roster<string, ExecutionEntry>();
  readonly payments = new Roster<string, PaymentState>();
  readonly #byExecution = new Roster<string, string[]>();
  readonly #bySale = new Roster<string, string[]>();
  /** Running execution -> the last record of what it was told of its payments, until that is known to be on disk. */
  readonly #told = new Roster<string, number>();
  /** Terminal -> its payments with copies of a receipt that are not printed. */
  readonly #owing = new Map<string, Set<string>>();
  readonly keys = new Roster<string, { readonly execution: string; readonly content: string }>();
  readonly #definitions = new Map<string, StateMachine>();
  /** Pins of starts that are being decided. */
  readonly beginning = new Set<ExecutionState['pins']>();
  readonly #counters = new Map<string, number>();
  /** Terminal -> the record that its PIN pad remembers and this log does not hold, until the next one (17). */
  readonly #holds = new Map<string, { readonly hash: string; readonly acknowledged: boolean }>();
  readonly #listeners: ((records: readonly EventRecord[]) => void)[] = [];
  /** Executions whose transaction is closed, in the order in which they closed. */
  readonly #closed = new Set<string>();
  /** Settled payments that their method says owe nothing more. */
  readonly #atRest = new Set<string>();
  /** Payments that had left memory when they were heard of again in a replay. */
  readonly #strays = new Set<string>();
  readonly #keepClosed: number;
  readonly archive: Archive;
  /** Payments that somebody is at work on stay. */
  busy: (paymentId: string) => boolean = () => false;

  constructor(
    readonly ports: Pick<Ports, 'log' | 'clock'>,
    { keepClosed = 50 }: JournalOptions = {},
  ) {
    this.#keepClosed = keepClosed;
    this.archive = new Archive(ports.log);
  }

  /** Folds what the log holds, or holds after what was restored, record by record; `replayed` follows the last one. */
  replay(record: EventRecord): void {
    const id = record.stream.slice(2);
    // Heard of after it was closed: it comes back whole.
    if (record.stream[0] === 'p' && !beginsPayment(record.event) && !this.payments.has(id)) this.#strays.add(id);
    else this.#fold(record);
  }

  async replayed(): Promise<void> {
    for (const id of this.#strays) await this.recall(id);
    this.#strays.clear();
    this.forgetDefinitions();
    // As what is appended from here on: plugins and embedders see parts of it.
    for (const payment of this.payments.values()) deepFreeze(payment);
    for (const { state } of this.executions.values()) deepFreeze([state.input, state.output, ...Object.values(state.scopes), ...Object.values(state.results)]);
  }

  /** All that is in memory, as of the log's head. Plain data: what the log keeps as a checkpoint. */
  snapshot(): Json {
    const plain = {
      fold: FOLD,
      core: CORE_VERSION,
      executions: [...this.executions.values()].map(({ id, state, seq, startSeq, cancelled, handedUp: owners }) => ({ id, state, seq, startSeq, ...(cancelled ? { cancelled } : {}), ...(owners ? { handedUp: owners } : {}) })),
      payments: [...this.payments.values()],
      keys: [...this.keys],
      counters: [...this.#counters],
      holds: [...this.#holds],
      definitions: [...this.#definitions],
      closed: [...this.#closed],
      atRest: [...this.#atRest],
    };
    return plain as unknown as Json;
  }

  /** Takes up what `snapshot` gave, in an empty journal. @returns false, and nothing is changed, where this version folds otherwise */
  restore(from: Json): boolean {
    if (!isOwn(from)) return false;
    try {
      this.#restore(from);
      return true;
    } catch {
      // Whatever is wrong with it: the log says the same, and more slowly.
      for (const map of [this.executions, this.payments, this.keys, this.#byExecution, this.#bySale, this.#owing, this.#definitions, this.#counters, this.#holds, this.#closed, this.#atRest]) map.clear();
      return false;
    }
  }

  #restore(from: JsonObject): void {
    const { executions, payments, keys, counters, holds, definitions, closed, atRest } = from as unknown as {
      executions: Omit<ExecutionEntry, 'program'>[];
      payments: PaymentState[];
      keys: [string, { execution: string; content: string }][];
      counters: [string, number][];
      holds: [string, { hash: string; acknowledged: boolean }][];
      definitions: [string, StateMachine][];
      closed: string[];
      atRest: string[];
    };
    for (const [hash, definition] of definitions) this.#definitions.set(hash, definition);
    for (const entry of executions) this.executions.set(entry.id, { ...entry, program: this.programOf(entry.state.workflow, entry.state.pins) });
    for (const payment of payments) this.#take(payment);
    for (const [key, known] of keys) this.keys.set(key, known);
    for (const [name, to] of counters) this.#counters.set(name, to);
    for (const [terminal, hold] of holds) this.#holds.set(terminal, hold);
    for (const id of closed) this.#closed.add(id);
    for (const id of atRest) this.#atRest.add(id);
  }

  /** The transaction that a key started, however long ago (15). */
  async started(key: string): Promise<{ readonly execution: string; readonly content: string } | undefined> {
    const known = this.keys.get(key);
    if (known) return known;
    const start = await this.archive.startOf(key);
    return start && { execution: start.execution, content: startContent(start.event) };
  }

  /** Brings a payment back that has left memory. */
  async recall(paymentId: string): Promise<PaymentState | undefined> {
    const payment = this.payments.get(paymentId) ?? (await this.archive.payment(paymentId));
    if (payment && !this.payments.has(paymentId)) this.#take(payment);
    return this.payments.get(paymentId);
  }

  /** Nothing is owed by a settled payment, says who knows its method. */
  rest(paymentId: string): void {
    this.#atRest.add(paymentId);
  }

  isAtRest(paymentId: string): boolean {
    return this.#atRest.has(paymentId);
  }

  /** Looks whether a payment's transaction can leave memory. */
  look(paymentId: string): void {
    const payment = this.payments.get(paymentId);
    if (payment) this.#look(payment.execution);
  }

  /**
   * Appends and folds; nothing is on disk yet.
   *
   * Events of executions are frozen, so that the log keeps them as they are: whatever a plugin or an embedder made has come
   * through `ownJson` before it got into one. Those of payments are kept so where whoever made them has frozen them; the log copies the others.
   * @returns the last record's number
   */
  append(inputs: readonly EventInput[]): number {
    return this.#append(inputs, this.ports.clock.now(), (records) => records).at(-1)?.seq ?? this.ports.log.head;
  }

  /**
   * As `append`, for events of an execution exactly as they were decided, among others: the decision's state is taken over, so
   * that they are folded once. They are written under the time at which they were decided.
   * @returns the execution, which may have ended and left memory already, and the addresses of its scopes that have changed
   */
  appendDecided(inputs: readonly EventInput[], decided: Decided): { readonly entry: ExecutionEntry; readonly changed: Iterable<string> } {
    return this.#append(inputs, decided.decision.base.at, (records) => {
      const own = records.filter((record) => record.stream === decided.stream);
      const { state, changed } = decided.decision.commit();
      let entry = this.executions.get(decided.id);
      if (!entry) this.#begun((entry = { id: decided.id, program: decided.program, state, seq: 0, startSeq: own[0]?.seq ?? 0 }));
      entry.seq = own.at(-1)?.seq ?? entry.seq;
      for (const { event } of own) this.#handUp(entry, event as ExecutionEvent);
      if (state.status !== 'running') this.#ended(decided.id);
      return { entry, changed };
    }, decided.stream);
  }

  /** @param taken makes of the records what comes back, before anybody else hears of them */
  #append<T>(inputs: readonly EventInput[], at: number, taken: (records: readonly EventRecord[]) => T, takenOver?: string): T {
    for (const input of inputs) if (input.stream[0] === 'x') deepFreeze(input.event);
    const records = this.ports.log.append(inputs, at);
    for (const record of records) if (record.stream !== takenOver) this.#fold(record);
    const back = taken(records);
    for (const listener of this.#listeners) listener(records);
    return back;
  }

  async appendDurably(inputs: readonly EventInput[]): Promise<number> {
    const seq = this.append(inputs);
    await this.ports.log.durable(seq);
    return seq;
  }

  /** The flow goes on with what was told of a payment, while that is on its way to the disk: what it does outside waits. */
  goOnBefore(execution: string, seq: number): void {
    if (this.executions.get(execution)?.state.status === 'running') this.#told.set(execution, seq);
  }

  /** That what a flow was told of its payments is on disk; undefined where it is. @throws LOG_FAILED */
  toldOnDisk(execution: string): Promise<void> | undefined {
    const { log } = this.ports;
    const seq = this.#told.get(execution);
    if (seq === undefined) return undefined;
    if (seq > log.durableTo) return log.durable(seq);
    this.#told.delete(execution);
    return undefined;
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

  /** The step of a running execution that a payment belongs to now (10). */
  ownerOf({ execution, paymentId, step }: PaymentState): StepId {
    return this.executions.get(execution)?.handedUp?.[paymentId] ?? step;
  }

  /** Those as well that have left memory. */
  async everyPaymentOfSale(saleReference: string): Promise<readonly PaymentState[]> {
    const ids = await this.archive.maybeOfSale(saleReference);
    // All of them in one go: what leaves memory while others are read back is not missed.
    const found = await Promise.all(ids.map((id) => this.payments.get(id) ?? this.archive.payment(id)));
    const all = new Map<string, PaymentState>();
    for (const payment of [...found, ...this.paymentsOfSale(saleReference)]) if (payment?.saleReference === saleReference) all.set(payment.paymentId, payment);
    return [...all.values()];
  }

  /** Payments of a terminal with a receipt that is still to be printed. */
  owingReceipts(terminalId: string): readonly PaymentState[] {
    return this.#all([...(this.#owing.get(terminalId) ?? [])]);
  }

  #all(ids: readonly string[] | undefined): readonly PaymentState[] {
    if (!ids) return NONE;
    return ids.map((id) => this.payments.get(id)).filter((payment) => payment !== undefined);
  }

  /** Keeps those that executions in memory are pinned to, and such as begin: whatever else a start needs it stores again. */
  forgetDefinitions(): void {
    const pinned = new Set([...this.beginning, ...[...this.executions.values()].map(({ state }) => state.pins)].flatMap((pins) => Object.values(pins)));
    for (const hash of this.#definitions.keys()) if (!pinned.has(hash)) this.#definitions.delete(hash);
  }

  hasDefinition(hash: string): boolean {
    return this.#definitions.has(hash);
  }

  counter(terminal: string, name: string): number | undefined {
    return this.#counters.get(`${terminal}/${name}`);
  }

  counters(terminal: string): { readonly [name: string]: number } {
    const prefix = `${terminal}/`;
    return Object.fromEntries([...this.#counters].filter(([name]) => name.startsWith(prefix)).map(([name, to]) => [name.slice(prefix.length), to]));
  }

  hold(terminal: string): { readonly hash: string; readonly acknowledged: boolean } | undefined {
    return this.#holds.get(terminal);
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
        return this.#foldExecution(record as EventRecord<ExecutionEvent>);
      case 'p': {
        const before = this.payments.get(id);
        const after = evolvePayment(before, record);
        if (before) {
          this.payments.set(id, after);
          if (after.receipts !== before.receipts) this.#noteOwing(after);
          // What is not about its receipts may make it owe something again.
          else this.#atRest.delete(id);
        } else this.#take(after);
        return this.#look(after.execution);
      }
      case 't': {
        const event = record.event as TerminalEvent;
        const hold = this.#holds.get(id);
        if (event.type === 'terminalCounted') this.#counters.set(`${id}/${event.counter}`, event.to);
        else if (event.type === 'logHeld') this.#holds.set(id, { hash: event.record.hash, acknowledged: false });
        else if (hold) this.#holds.set(id, { ...hold, acknowledged: true });
        return;
      }
      default:
        if (record.event.type === 'definitionStored') this.#definitions.set(record.event.hash, JSON.parse(record.event.source) as StateMachine);
    }
  }

  #take(payment: PaymentState): void {
    const { paymentId, execution, saleReference } = payment;
    this.payments.set(paymentId, payment);
    push(this.#byExecution, execution, paymentId);
    push(this.#bySale, saleReference, paymentId);
    if (payment.receipts.length > 0) this.#noteOwing(payment);
  }

  /** What others have paid for its sale need not wait for it any more. */
  #ended(execution: string): void {
    this.#told.delete(execution);
    this.#look(execution);
    for (const other of this.paymentsOfSale(execution)) if (other.execution !== execution) this.#look(other.execution);
  }

  /** A transaction that has just closed stays for a while, one that is open again stays for good. */
  #look(execution: string): void {
    const running = this.executions.get(execution)?.state.status === 'running';
    if (running || !(this.#byExecution.get(execution) ?? []).every((id) => this.#isClosed(id))) {
      this.#closed.delete(execution);
      return;
    }
    this.#closed.add(execution);
    for (const oldest of this.#closed) {
      if (this.#closed.size <= this.#keepClosed) return;
      this.#closed.delete(oldest);
      this.#leave(oldest);
    }
  }

  #isClosed(paymentId: string): boolean {
    const payment = this.payments.get(paymentId);
    if (payment === undefined) return true;
    // One case may be resolved, and another one open.
    return isSettled(payment) && !openCase(payment) && !owesReceipt(payment) && (!mayOweLater(payment) || this.#atRest.has(paymentId)) && !this.#isOfRunning(payment) && !this.busy(paymentId);
  }

  /** Another transaction, which still runs, has yet to count it (15). */
  #isOfRunning({ saleReference, execution }: PaymentState): boolean {
    return saleReference !== execution && this.executions.get(saleReference)?.state.status === 'running';
  }

  #leave(execution: string): void {
    const key = this.executions.get(execution)?.state.key;
    if (key !== undefined && this.keys.get(key)?.execution === execution) this.keys.delete(key);
    this.executions.delete(execution);
    for (const payment of this.paymentsOf(execution)) {
      const { paymentId, saleReference, terminalId } = payment;
      this.payments.delete(paymentId);
      this.#atRest.delete(paymentId);
      this.#owing.get(terminalId)?.delete(paymentId);
      const others = (this.#bySale.get(saleReference) ?? []).filter((id) => id !== paymentId);
      if (others.length > 0) this.#bySale.set(saleReference, others);
      else this.#bySale.delete(saleReference);
    }
    this.#byExecution.delete(execution);
  }

  #noteOwing(payment: PaymentState): void {
    const { terminalId, paymentId } = payment;
    let owing = this.#owing.get(terminalId);
    if (!owing) this.#owing.set(terminalId, (owing = new Set()));
    if (owesReceipt(payment)) owing.add(paymentId);
    else owing.delete(paymentId);
  }

  #foldExecution({ stream: name, seq, at, event }: EventRecord<ExecutionEvent>): void {
    const id = name.slice(2);
    if (event.type === 'executionStarted') {
      const program = this.programOf(event.workflow, event.pins);
      const state = evolveOwn(undefined, [event], at, program);
      if (state) this.#begun({ id, program, state, seq, startSeq: seq });
      return;
    }
    const entry = this.executions.get(id);
    if (event.type === 'cancelRequested') {
      // In old logs one may stand behind the end: what has left memory by then is not changed by it.
      if (!entry) return;
      entry.cancelled = { by: event.by, calls: openCalls(entry.state) };
    }
    if (!entry) throw new Error(`the log has ${event.type} for an execution ${id} that never started`);
    evolveOwn(entry.state as OwnState, [event], at, entry.program);
    entry.seq = seq;
    this.#handUp(entry, event);
    if (entry.state.status !== 'running') this.#ended(id);
  }

  #handUp(entry: ExecutionEntry, event: ExecutionEvent): void {
    if (event.type === 'executionEnded') delete entry.handedUp;
    if (event.type !== 'stepLeft' || !this.#byExecution.has(entry.id)) return;
    for (const payment of this.paymentsOf(entry.id)) {
      const before = entry.handedUp?.[payment.paymentId] ?? payment.step;
      const owner = payment.committed ? before : handedUp(before, event);
      if (owner !== before) entry.handedUp = { ...entry.handedUp, [payment.paymentId]: owner };
    }
  }

  #begun(entry: ExecutionEntry): void {
    this.executions.set(entry.id, entry);
    const { key } = entry.state;
    if (key !== undefined) this.keys.set(key, { execution: entry.id, content: startContent(entry.state) });
  }
}

const openCalls = (state: ExecutionState): string[] =>
  Object.values(state.scopes).flatMap(({ current: { step, phase } }) => {
    if (phase.is === 'task') return [`${step}@${phase.attempt}`];
    // Whoever cancels in the pause before a Retry means what that would begin.
    return phase.is === 'retrying' ? [`${step}@${phase.attempt + 1}`] : [];
  });

/** What must be the same for two starts with one key (rule 15). */
export const startContent = (start: { terminal: string; workflow: string; input: ExecutionState['input'] }): string =>
  canonicalJson({ terminal: start.terminal, workflow: start.workflow, input: start.input });

const NONE: readonly PaymentState[] = [];

const push = (index: Roster<string, string[]>, key: string, value: string): void => {
  const list = index.get(key);
  if (list) list.push(value);
  else index.set(key, [value]);
};
