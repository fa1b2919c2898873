/** The surface that an embedder sees. */
import type { EventEmitter } from 'eventemitter3';
import type { Alarm } from './alarm.js';
import { checkPlugins, loadTerminal } from './container.js';
import type { Clock, Counters, Plugin, RandomSource, Terminal } from './contract.js';
import type { Catalogue } from './definition/catalogue.js';
import type { Diagnostic } from './definition/diagnostic.js';
import { catalogueOf } from './engine/catalogue.js';
import { systemClock, systemRandom, timeSortedIds } from './engine/defaults.js';
import { Executions } from './engine/executions.js';
import { type ExecutionResult, type FoundPayment, History, type TransactionView } from './engine/history.js';
import { Journal, startContent, stream } from './engine/journal.js';
import { type CaseDecision, checkDecision, resolutionOf, type UndoneSince } from './engine/case-files.js';
import { type CaseState, inQuestion, openCase, openCases, type PaymentState, undoneSince } from './engine/payment.js';
import { type PaymentView, viewOf } from './engine/payment-view.js';
import type { IdSource, Ports, Storage } from './engine/ports.js';
import { type Prompt, Prompts } from './engine/prompts.js';
import { Queue } from './engine/queue.js';
import { codedSealed } from './engine/sealed.js';
import { Receipts } from './engine/receipts.js';
import { sealedKey } from './engine/in-hand.js';
import { LogMarks } from './engine/log-marks.js';
import { Services } from './engine/services.js';
import { Settler } from './engine/settler.js';
import { tellingLog } from './engine/telling-log.js';
import type { LoadedTerminal } from './engine/terminal.js';
import { Workflows, type WorkflowSource } from './engine/workflows.js';
import { TillwrightError } from './errors.js';
import type { EventRecord } from './events.js';
import { kindOf, messageOf } from './fault.js';
import { checkOptions, checkPluginList, checkSources, clockOf, decisionOf, type Order, orderOf, personOf, text } from './given.js';
import { GuardedEmitter } from './guarded-emitter.js';
import { createEvaluate } from './interpreter/expression.js';
import { deepFreeze, type Json } from './json.js';
import { nextTurn } from './next-turn.js';
import { CORE_VERSION } from './version.js';

export type { ExecutionResult, FoundPayment, TransactionView } from './engine/history.js';
export type { WorkflowSource } from './engine/workflows.js';

export interface TillOptions extends Storage {
  readonly plugins: readonly Plugin[];
  readonly workflows: { readonly [name: string]: WorkflowSource };
  readonly terminals: { readonly [id: string]: { readonly tid: string; readonly mid: string; readonly name: string; readonly operatorId?: string } };
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly ids?: IdSource;
  /** How long a sale waits while an earlier payment on its line is being undone; 20 s unless told. */
  readonly laneWaitMs?: number;
  /** How many closed transactions stay in memory, for whoever asks about the last ones; 50 unless told. The log answers for all others. */
  readonly keepClosed?: number;
}

export interface Sale {
  readonly executionId: string;
  /** Resolves once the end is on disk. Rejects with what stopped the till before that: ENGINE_CLOSED, LOG_FAILED; the next life goes on, and tells by the same key or id. */
  readonly result: Promise<ExecutionResult>;
}

export interface CaseView {
  readonly caseId: string;
  readonly why: string;
  readonly openedAt: number;
  readonly undone?: UndoneSince;
  /** Of the attempt that a person decides about, as the host's books have it. */
  readonly reference: string;
  readonly payment: PaymentView;
}

/** A listener that throws harms nobody: neither what it was told of nor who else listens. Its error surfaces as an uncaught one. */
export interface TillEvents {
  /** Every event once it is on disk, in order. */
  event: [record: EventRecord];
  prompt: [prompt: Prompt];
  'prompt-closed': [prompt: Prompt];
  /** As it is raised. What nobody has heard yet is kept, the last hundred, and told once: in order, to whoever listens first, in a turn of its own. */
  alarm: [alarm: Alarm];
}

/** Every call that is given what its types do not allow throws CALL_INVALID, and changes nothing. */
export interface Till extends EventEmitter<TillEvents> {
  /** @throws WORKFLOW_UNKNOWN, TERMINAL_UNKNOWN, TERMINAL_BUSY, KEY_REUSED, ID_REUSED, LOG_RESTORED, LOG_FAILED, ENGINE_CLOSED */
  start(order: { terminal: string; workflow: string; key?: string; input?: Json }): Promise<Sale>;
  /** A transaction, however long ago it was; on disk as it is told. @throws EXECUTION_UNKNOWN; LOG_FAILED where the disk takes it no more */
  get(executionId: string): Promise<TransactionView>;
  /** Payments with an attempt of this reference (trace number with terminal and batch, trade number), newest first, however old; on disk as they are told. @throws LOG_FAILED as `get` */
  find(reference: string): Promise<readonly FoundPayment[]>;
  /** Executions that are open, and those that ended last, as they stand in memory. */
  executions(): readonly { readonly executionId: string; readonly status: string; readonly terminal: string }[];
  prompts(terminal?: string): readonly Prompt[];
  /** @throws PROMPT_UNKNOWN, PROMPT_ANSWER_INVALID */
  answer(promptId: string, value: Json): void;
  /** The answer that every prompt takes. @throws PROMPT_UNKNOWN */
  cancelPrompt(promptId: string, by?: string): void;
  /** @throws EXECUTION_UNKNOWN */
  cancel(executionId: string, by: string, reason: string): void;
  /** Every durable record of an execution and its payments, in order, however old. @throws EXECUTION_UNKNOWN */
  history(executionId: string): Promise<readonly EventRecord[]>;
  /** Payments that are open, and those of the transactions that closed last, as they stand in memory: before goods are handed over ask `get`. */
  payments(): readonly PaymentView[];
  /** One for each payment about which a person has to decide. */
  cases(): readonly CaseView[];
  /** Whatever else is open of its payment is resolved with it. @throws CASE_UNKNOWN, CASE_NEEDS_REASON, CASE_AMOUNT; CASE_UNDONE for a payment called paid that the host has proven undone */
  resolve(caseId: string, decision: CaseDecision): Promise<void>;
  /** Terminals that sell nothing until a person acknowledges that their log is not the one that their PIN pad knows (rule 17). */
  held(): readonly string[];
  /**
   * The terminal sells again, with trace numbers above those that its PIN pad has seen. Its cases stay until they are resolved.
   * @throws CASE_NEEDS_REASON, TERMINAL_UNKNOWN, TERMINAL_NOT_HELD; LOG_RESTORED where the PIN pad does not answer
   */
  acknowledge(terminal: string, decision: { by: string; reason: string }): Promise<void>;
  /** A changed workflow serves the next transaction; running ones finish on their own version. @throws WORKFLOW_INVALID, and the old one stays */
  replace(workflow: string, source: WorkflowSource): void;
  /** The same for several that change together: all of them, or none. New ones join. */
  replace(changed: { readonly [workflow: string]: WorkflowSource }): void;
  /** Prints what a terminal's printer owes, as far as its paper goes. @throws TERMINAL_UNKNOWN, ENGINE_CLOSED, LOG_FAILED */
  printOwed(terminal: string): Promise<void>;
  /** What workflows may use, with everything that the plugins offer. */
  readonly catalogue: Catalogue;
  /** Ends all work, closes what plugins opened, and lets go of the log. @throws PLUGIN_CLOSE_FAILED, LOG_FAILED when everything else is closed */
  close(): Promise<void>;
}

/**
 * Opens an engine: checks plugins and workflows, takes the log, goes on with everything that the log leaves open.
 * @throws CALL_INVALID, PLUGIN_*, WORKFLOW_INVALID (with `details.diagnostics`), TERMINAL_DUPLICATE, LOG_LOCKED, LOG_DAMAGED, LOG_VERSION, LOG_FAILED
 */
export const createTill = async (options: TillOptions): Promise<Till> => {
  checkOptions(options);
  checkPlugins(options.plugins);
  const till = new Engine(options);
  try {
    await till.open();
  } catch (error) {
    // Why it could not be opened counts.
    await till.close().catch(() => {});
    throw error;
  }
  return till;
};

/** What a till holds in memory, for checkers that hold it against its log. @internal */
export const journalOf = (till: Till): Journal => {
  if (!(till instanceof Engine)) throw new TypeError('not a till that createTill opened');
  return till.journal;
};

class Engine extends GuardedEmitter<TillEvents> implements Till {
  readonly #options: TillOptions;
  readonly #ports: Ports;
  readonly #journal: Journal;
  readonly #closing = new AbortController();
  readonly #terminals = new Map<string, LoadedTerminal>();
  readonly #prompts: Prompts;
  readonly #receipts: Receipts;
  readonly #marks: LogMarks;
  readonly #settler: Settler;
  readonly #executions: Executions;
  /** Version of each, as every transaction names them. */
  readonly #plugins: { readonly [plugin: string]: string };
  readonly #history: History;
  readonly #workflows: Workflows;
  readonly #undelivered = new Queue<EventRecord>();
  /** Alarms that nobody has heard yet, oldest first. */
  readonly #unheard: Alarm[] = [];
  readonly #services: Services;
  readonly #cleanUp: (() => void)[] = [];
  /** Terminals between their first check and their start: two starts at once don't both find a terminal free. */
  readonly #starting = new Set<string>();
  /** Keys of starts that are under way. */
  readonly #keyed = new Map<string, Promise<void>>();
  #failure: unknown;
  /** The log is. */
  #opened = false;
  /** Memory holds all that the log leaves open. */
  #replayed = false;
  #goesOn = false;
  #closed: Promise<void> | undefined;

  constructor(options: TillOptions) {
    super();
    this.#options = options;
    this.#plugins = deepFreeze(Object.fromEntries(options.plugins.map(({ name, version }) => [name, version])));
    const clock = options.clock ? clockOf(options.clock) : systemClock;
    const random = options.random ?? systemRandom;
    this.#ports = { clock, random, ids: options.ids ?? timeSortedIds(clock, random), hash: options.hash, log: tellingLog(options.log), sealed: codedSealed(options.sealed, (error) => void (this.#closing.signal.aborted || this.#fail(error))) };
    this.#journal = new Journal(this.#ports, options.keepClosed === undefined ? {} : { keepClosed: options.keepClosed });
    this.#history = new History(this.#journal, this.#ports.log);
    this.#services = new Services(clock);
    this.#prompts = new Prompts((event, prompt) => this.emit(event, prompt));
    this.#receipts = new Receipts(this.#journal, this.#closing.signal, (alarm) => this.#raise(alarm));
    const failed = (error: unknown): void => this.#fail(error);
    this.#marks = new LogMarks({ ports: this.#ports, journal: this.#journal, held: (terminal) => this.#hold(terminal) });
    this.#settler = new Settler({
      ports: this.#ports,
      journal: this.#journal,
      methodOf: (terminalId, method) => this.#terminals.get(terminalId)?.methods.get(method),
      alarm: (alarm) => this.#raise(alarm),
      marks: this.#marks,
      laneWaitMs: options.laneWaitMs ?? 20_000,
      closing: this.#closing.signal,
      failed,
    });
    this.#executions = new Executions({
      ports: this.#ports,
      journal: this.#journal,
      evaluate: createEvaluate({ hash: options.hash }),
      prompts: this.#prompts,
      services: { prompts: this.#prompts, settler: this.#settler, journal: this.#journal, clock, receipts: this.#receipts },
      terminals: this.#terminals,
      unopened: (id) => this.#load({ id, tid: '', mid: '', name: '', operatorId: '' }, []),
      closing: this.#closing.signal,
      assertOpen: () => this.#assertOpen(),
      failed,
      ended: (entry) => this.#history.tell(entry),
    });
    this.#workflows = new Workflows({ journal: this.#journal, hash: options.hash, catalogue: (names) => catalogueOf([...this.#terminals.values()], names) });
  }

  get journal(): Journal {
    return this.#journal;
  }

  get catalogue(): Catalogue {
    return catalogueOf([...this.#terminals.values()], this.#workflows.names);
  }

  async open(): Promise<void> {
    const tids = new Map<string, string>();
    for (const [id, { tid, mid, name, operatorId = '01' }] of Object.entries(this.#options.terminals)) {
      const other = tids.get(`${mid}/${tid}`);
      if (other !== undefined) throw new TillwrightError('TERMINAL_DUPLICATE', { found: `${tid} (${other}, ${id})` });
      tids.set(`${mid}/${tid}`, id);
      this.#terminals.set(id, this.#load({ id, tid, mid, name, operatorId }, this.#options.plugins));
    }
    this.#workflows.replace(this.#options.workflows);
    const opened = await this.#ports.log.open({ restore: (state) => this.#journal.restore(state), fold: (record) => this.#journal.replay(record) });
    this.#opened = true;
    await this.#journal.replayed();
    this.#replayed = true;
    this.#journal.onAppend((records) => {
      for (const record of records) this.#undelivered.push(record);
    });
    const notFailing = this.#ports.log.onFailure?.((error) => this.#fail(error));
    if (notFailing) this.#cleanUp.push(notFailing);
    let due = false;
    const notDue = this.#ports.log.onCheckpointDue?.(() => {
      due = true;
    });
    if (notDue) this.#cleanUp.push(notDue);
    this.#journal.onAppend(() => {
      if (!due) return;
      due = false;
      void this.#checkpoint();
    });
    this.#cleanUp.push(this.#ports.log.onDurable((durableTo) => this.#deliver(durableTo)));
    this.#journal.append([{ stream: stream.engine, event: { type: 'engineOpened', version: CORE_VERSION, ...(opened.cut ? { cut: opened.cut } : {}) } }]);
    for (const loaded of this.#terminals.values()) {
      await this.#services.open(loaded);
      this.#cleanUp.push(this.#receipts.onPaper(loaded));
    }
    this.#cleanUp.push(this.#marks.begin([...this.#terminals].map(([id, { pinPad }]) => [id, pinPad])));
    await Promise.all([...this.#terminals.keys()].map((id) => this.#marks.check(id)));
    if (this.#marks.isNewest()) await this.#forgetOrphans();
    this.#settler.recover();
    // In a turn of its own: whoever opens the till listens by then, and sees the prompts that are shown again.
    nextTurn(() => this.#goOn());
    for (const loaded of this.#terminals.values()) void this.#receipts.deliverOwed(loaded);
  }

  /** Takes up what the log left open, once. */
  #goOn(): void {
    if (this.#goesOn || this.#closing.signal.aborted) return;
    this.#goesOn = true;
    this.#executions.recover();
  }

  async start(given: { terminal: string; workflow: string; key?: string; input?: Json }): Promise<Sale> {
    const order = orderOf(given);
    const { key } = order;
    if (key === undefined) return await this.#start(order);
    // One after the other under one key: the second finds what the first began.
    const before = this.#keyed.get(key);
    const turn = (before ?? Promise.resolve()).then(() => this.#start(order));
    const over = turn.then(() => {}, () => {});
    this.#keyed.set(key, over);
    try {
      return await turn;
    } finally {
      if (this.#keyed.get(key) === over) this.#keyed.delete(key);
    }
  }

  async #start({ terminal, workflow, key, input }: Order): Promise<Sale> {
    this.#assertOpen();
    // Who starts in the turn that opened the till must find the terminals held that the log holds.
    this.#goOn();
    const known = key === undefined ? undefined : await this.#journal.started(key);
    if (known && key !== undefined) {
      if (known.content !== startContent({ terminal, workflow, input })) throw new TillwrightError('KEY_REUSED', { key });
      return { executionId: known.execution, result: this.#history.resultOf(known.execution) };
    }
    this.#assertOpen();
    this.#loaded(terminal);
    if (!this.#workflows.has(workflow)) throw new TillwrightError('WORKFLOW_UNKNOWN', { workflow, known: this.#workflows.names.join(', ') });
    if (this.#starting.has(terminal) || this.#executions.on(terminal) !== undefined) throw new TillwrightError('TERMINAL_BUSY', { terminal });
    this.#starting.add(terminal);
    try {
      const checking = this.#marks.check(terminal);
      if (checking) await checking;
      if (this.#marks.isHeld(terminal)) throw new TillwrightError('LOG_RESTORED', { terminal });
      // Core's own are unique by their making.
      const executionId = this.#options.ids ? await this.#newId() : this.#ports.ids.next('x');
      const entry = await this.#executions.start({
        type: 'start',
        executionId,
        terminal,
        workflow,
        pins: this.#workflows.pin(workflow),
        plugins: this.#plugins,
        input,
        ...(key === undefined ? {} : { key }),
      });
      const result = this.#history.resultIn(entry);
      // Who gave a key may ask again after a crash: the answer must be the same transaction (15).
      if (key !== undefined) await this.#ports.log.durable(this.#ports.log.head);
      return { executionId, result };
    } finally {
      this.#starting.delete(terminal);
    }
  }

  /** An execution under the id of a former one would take its payments for its own, and what they paid. */
  async #newId(): Promise<string> {
    const id: unknown = this.#ports.ids.next('x');
    if (typeof id !== 'string' || id === '' || this.#journal.executions.has(id) || (await this.#journal.archive.knows(id))) throw new TillwrightError('ID_REUSED', { id: typeof id === 'string' ? id : '' });
    return id;
  }

  async get(executionId: string): Promise<TransactionView> {
    return await this.#history.get(text('till.get', 'executionId', executionId));
  }

  async find(reference: string): Promise<readonly FoundPayment[]> {
    return await this.#history.find(text('till.find', 'reference', reference));
  }

  async history(executionId: string): Promise<readonly EventRecord[]> {
    return await this.#history.records(text('till.history', 'executionId', executionId));
  }

  executions(): ReturnType<Till['executions']> {
    return [...this.#journal.executions.values()].map(({ id, state }) => ({ executionId: id, status: state.status, terminal: state.terminal }));
  }

  prompts(terminal?: string): readonly Prompt[] {
    return this.#prompts.list().filter((prompt) => terminal === undefined || prompt.terminalId === terminal);
  }

  answer(promptId: string, value: Json): void {
    this.#assertOpen();
    this.#prompts.answer(text('till.answer', 'promptId', promptId), value);
  }

  cancelPrompt(promptId: string, by = 'merchant'): void {
    this.#assertOpen();
    this.#prompts.cancel(text('till.cancelPrompt', 'promptId', promptId), text('till.cancelPrompt', 'by', by));
  }

  cancel(executionId: string, by: string, reason: string): void {
    this.#assertOpen();
    for (const [name, value] of Object.entries({ executionId, by, reason })) text('till.cancel', name, value);
    if (!this.#journal.executions.has(executionId)) throw new TillwrightError('EXECUTION_UNKNOWN', { execution: executionId });
    // Who cancels in the turn that opened the till means what the log left open.
    this.#goOn();
    this.#executions.cancel(executionId, by, reason);
  }

  payments(): readonly PaymentView[] {
    return [...this.#journal.payments.values()].map(viewOf);
  }

  cases(): readonly CaseView[] {
    return [...this.#journal.payments.values()].flatMap((payment) => {
      const open = openCase(payment);
      return open ? [caseView(payment, open)] : [];
    });
  }

  async resolve(caseId: string, decision: CaseDecision): Promise<void> {
    this.#assertOpen();
    text('till.resolve', 'caseId', caseId);
    const decided = decisionOf(decision);
    const payment = [...this.#journal.payments.values()].find((each) => openCases(each).some((open) => open.caseId === caseId));
    if (!payment) throw new TillwrightError('CASE_UNKNOWN', { case: caseId });
    const open = openCases(payment);
    for (const each of open) checkDecision({ ...caseView(payment, each), attempts: payment.attempts.map(({ request }) => request.amount), currency: payment.currency }, decided);
    await this.#journal.appendDurably(resolutionOf(open, decided).map((event) => ({ stream: stream.payment(payment.paymentId), event })));
    this.#settler.settle(payment.paymentId);
  }

  held(): readonly string[] {
    return this.#marks.held();
  }

  async acknowledge(terminal: string, decision: { by: string; reason: string }): Promise<void> {
    this.#assertOpen();
    const person = personOf(decision);
    this.#loaded(terminal);
    await this.#marks.acknowledge(terminal, person);
    this.#settler.release(terminal);
  }

  replace(workflow: string, source: WorkflowSource): void;
  replace(changed: { readonly [workflow: string]: WorkflowSource }): void;
  replace(changed: string | { readonly [workflow: string]: WorkflowSource }, source: WorkflowSource = ''): void {
    this.#assertOpen();
    const sources = typeof changed === 'string' ? { [changed]: source } : changed;
    checkSources('till.replace', sources);
    this.#workflows.replace(sources);
  }

  async printOwed(terminal: string): Promise<void> {
    this.#assertOpen();
    await this.#receipts.deliverOwed(this.#loaded(terminal));
  }

  /** @throws TERMINAL_UNKNOWN */
  #loaded(terminal: string): LoadedTerminal {
    const loaded = this.#terminals.get(text('till', 'terminal', terminal));
    if (!loaded) throw new TillwrightError('TERMINAL_UNKNOWN', { terminal, known: [...this.#terminals.keys()].join(', ') });
    return loaded;
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([this.#executions.idle(), this.#settler.idle()]);
    if (this.#opened && this.#failure === undefined) await this.#leave().then(() => this.#marks.close(), () => {});
    // Whatever fails on the way: vaults are emptied, and the log is let go of.
    const failures: unknown[] = [];
    const tried = async (work: () => unknown): Promise<void> => {
      try {
        await work();
      } catch (error) {
        failures.push(error);
      }
    };
    for (const stop of this.#cleanUp) await tried(stop);
    failures.push(...(await this.#services.close()));
    for (const { vault } of this.#terminals.values()) vault.clear();
    if (this.#opened) {
      await tried(() => this.#ports.sealed.close?.());
      // What is missing in memory would be forgotten for good.
      if (this.#replayed && this.#failure === undefined) await this.#checkpoint();
      await tried(() => this.#ports.log.close());
    }
    this.#history.reject(new TillwrightError('ENGINE_CLOSED'));
    if (failures.length > 0) throw failures[0];
  }

  /** All that the next life goes on from is on disk. */
  async #leave(): Promise<void> {
    this.#receipts.deferOwed(this.#terminals.keys());
    await this.#ports.log.durable(this.#ports.log.head);
  }

  #load(terminal: Terminal, plugins: readonly Plugin[]): LoadedTerminal {
    const { clock, random } = this.#ports;
    return loadTerminal({ clock, random, terminal, counters: this.#countersOf(terminal.id) }, plugins);
  }

  #countersOf(terminal: string): Counters {
    const append = (counter: string, to: number): number => {
      this.#journal.append([{ stream: stream.terminal(terminal), event: { type: 'terminalCounted', counter, to } }]);
      return to;
    };
    return {
      current: (name, from) => this.#journal.counter(terminal, name) ?? from,
      next: (name, { min, max }) => {
        const last = this.#journal.counter(terminal, name);
        return append(name, last === undefined || last >= max || last < min ? min : last + 1);
      },
      set: (name, to) => void append(name, to),
    };
  }

  /** What was sealed for an intent that never reached the log was never sent, where the log is the one that was written last. */
  async #forgetOrphans(): Promise<void> {
    const wanted = new Set([...this.#journal.payments.values()].flatMap((p) => p.attempts.filter((a) => a.sealed).map((a) => sealedKey(p.paymentId, a.attempt))));
    for (const key of await this.#ports.sealed.keys()) if (!wanted.has(key)) await this.#ports.sealed.forget(key);
  }

  async #hold(terminalId: string): Promise<void> {
    this.#receipts.doubt(terminalId);
    await this.#settler.hold(terminalId);
    // In a turn of its own: whoever opens the till listens by then.
    nextTurn(() => this.#raise({ kind: 'log-restored', terminalId, why: new TillwrightError('LOG_RESTORED', { terminal: terminalId }).message }));
  }

  /** What is folded so far, so that the next opening need not read it again. Without it opening takes longer, and that is all. */
  async #checkpoint(): Promise<void> {
    try {
      await this.#ports.log.checkpoint?.(this.#journal.snapshot());
    } catch (error) {
      // A log that failed says so itself.
      if (TillwrightError.is(error) || this.#failure !== undefined) return;
      this.#raise({ kind: 'checkpoint-failed', why: messageOf(error) });
    }
  }

  #deliver(durableTo: number): void {
    for (let record = this.#undelivered.first; record && record.seq <= durableTo; record = this.#undelivered.first) {
      this.#undelivered.shift();
      this.emit('event', record);
    }
  }

  override on<E extends keyof TillEvents>(event: E, listener: EventEmitter.EventListener<TillEvents, E>, context?: unknown): this {
    return super.on(event, listener, context).#listened(event);
  }

  override once<E extends keyof TillEvents>(event: E, listener: EventEmitter.EventListener<TillEvents, E>, context?: unknown): this {
    return super.once(event, listener, context).#listened(event);
  }

  /** In a turn of its own: nobody is called before `on` returns, and whoever else listens by then hears it too. */
  #listened(event: keyof TillEvents): this {
    if (event === 'alarm' && this.#unheard.length > 0) nextTurn(() => this.#tellUnheard());
    return this;
  }

  #raise(alarm: Alarm): void {
    this.#unheard.push(alarm);
    this.#tellUnheard();
    if (this.#unheard.length > UNHEARD_MAX) this.#unheard.shift();
  }

  #tellUnheard(): void {
    while (this.listenerCount('alarm') > 0) {
      const alarm = this.#unheard.shift();
      if (!alarm) return;
      this.emit('alarm', alarm);
    }
  }

  #assertOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing.signal.aborted) throw new TillwrightError('ENGINE_CLOSED');
  }

  /** A write failed, or the code did: memory may be ahead of the disk, so nothing more is done until the engine is opened again. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const failure = TillwrightError.is(error) ? error : new TillwrightError('ENGINE_FAULT', { why: kindOf(error) }, { cause: error });
    this.#failure = failure;
    this.#closing.abort();
    this.#raise({ kind: failure.code === 'LOG_FAILED' ? 'log-failed' : 'engine-stopped', why: failure.message });
    this.#history.reject(failure);
  }
}

/**
 * What workflows may use with these plugins: they are loaded for one terminal, and nothing is opened.
 * @throws CALL_INVALID, PLUGIN_*
 */
export const catalogueFor = (plugins: readonly Plugin[], workflows: readonly string[]): Catalogue => {
  checkPluginList('catalogueFor', plugins);
  checkPlugins(plugins);
  const counters: Counters = { current: (_name, from) => from, next: (_name, { min }) => min, set: () => {} };
  const terminal = { id: 'T1', tid: '00000001', mid: '000000000000001', name: '', operatorId: '01' };
  return catalogueOf([loadTerminal({ clock: systemClock, random: systemRandom, terminal, counters }, plugins)], workflows);
};

const caseView = (payment: PaymentState, open: CaseState): CaseView => {
  const undone = undoneSince(payment, open);
  return { caseId: open.caseId, why: open.why, openedAt: open.openedAt, ...(undone ? { undone } : {}), reference: inQuestion(payment, open)?.prepared.reference ?? '', payment: viewOf(payment) };
};

/** Alarms that are kept for whoever listens first: what needs a person stands in `cases()` and `held()` all the same. */
const UNHEARD_MAX = 100;

/** The diagnostics that a WORKFLOW_INVALID carries. */
export const diagnosticsOf = (error: unknown): readonly Diagnostic[] =>
  TillwrightError.is(error, 'WORKFLOW_INVALID') ? (error.details['diagnostics'] as unknown as Diagnostic[]) : [];
