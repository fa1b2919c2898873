/**
 * Runs executions: one mailbox each, one input at a time; what `todo` lists is started, what has gone from it is stopped.
 * Live running and recovery are the same code.
 */
import { type Action, type ActionContext, ActionError, type Audience } from '../contract.js';
import type { ExecutionEvent } from '../events.js';
import { addressOf, scopeOf } from '../interpreter/address.js';
import { type Decision, decideOn } from '../interpreter/decide.js';
import { owedBy, todo } from '../interpreter/todo.js';
import type { Command, Evaluate, Happening, InputBase } from '../interpreter/types.js';
import { isObject, type Json, type JsonObject, type JsonSchema, ownJson, type Text } from '../json.js';
import { setAlarm } from './alarms.js';
import { hex } from './hex.js';
import { type ExecutionEntry, type Journal, stream } from './journal.js';
import { isLost } from './ownership.js';
import { isSettled, isUnowned } from './payment.js';
import type { EventInput, Ports } from './ports.js';
import type { Prompts } from './prompts.js';
import { Queue } from './queue.js';
import { Roster } from './roster.js';
import { schemas } from './schemas.js';
import { standardActions } from './standard/index.js';
import type { StandardAction, StandardContext, StandardServices } from './standard/types.js';
import { type Stop, Stops } from './stops.js';
import type { LoadedTerminal } from './terminal.js';

type Call = Extract<Command, { do: 'call' }>;
type Timer = Extract<Command, { do: 'timer' }>;

export interface ExecutionsOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  readonly evaluate: Evaluate;
  readonly services: StandardServices;
  readonly prompts: Prompts;
  readonly terminals: ReadonlyMap<string, LoadedTerminal>;
  /** One that is not opened any more: it has no plugin. */
  readonly unopened: (terminal: string) => LoadedTerminal;
  readonly closing: AbortSignal;
  /** @throws ENGINE_CLOSED, or what the engine has failed of */
  readonly assertOpen: () => void;
  readonly failed: (error: unknown) => void;
  readonly ended: (entry: ExecutionEntry) => void;
}

export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #runners = new Roster<string, Runner>();
  /** Terminal -> the execution that holds it. */
  readonly #holders = new Map<string, string>();
  readonly #stops: Stops;

  constructor(options: ExecutionsOptions) {
    this.#options = options;
    this.#stops = new Stops(options.closing);
    options.closing.addEventListener('abort', () => this.#letGo(), { once: true });
  }

  /** The execution that holds a terminal now. */
  on(terminal: string): string | undefined {
    return this.#holders.get(terminal);
  }

  /** Decides upon the start and appends it; nothing is durable yet. @throws as `assertOpen`, and it has not begun */
  async start(start: Extract<Happening, { type: 'start' }>): Promise<ExecutionEntry> {
    const { journal, ports, assertOpen } = this.#options;
    const { executionId: id, pins } = start;
    const name = stream.execution(id);
    const program = journal.programOf(start.workflow, pins);
    // Its workflow may be replaced meanwhile.
    journal.beginning.add(pins);
    try {
      // In a turn of its own, also where it is there at once: who starts it may only listen from his next line on.
      const decision = await decideOn(program, undefined, start, new Base(ports), this.#options.evaluate);
      assertOpen();
      const { entry } = journal.appendDecided(inputsOf(name, decision.events), { id, stream: name, program, decision });
      this.#run(entry);
      return entry;
    } finally {
      journal.beginning.delete(pins);
    }
  }

  /** Goes on with everything that the log leaves open. */
  recover(): void {
    for (const entry of this.#options.journal.executions.values()) if (entry.state.status === 'running' && !this.#runners.has(entry.id)) this.#run(entry, true);
  }

  /** Every open step of the execution that can be cancelled is cancelled; its flow decides what follows. */
  cancel(executionId: string, by: string, reason: string): void {
    this.#runners.get(executionId)?.cancel(by, reason);
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#runners.values()].map((runner) => runner.idle()));
  }

  #run(entry: ExecutionEntry, recovering = false): void {
    const { terminal } = entry.state;
    const runner = new Runner(entry, this.#options, this.#stops, {
      ended: () => {
        this.#runners.delete(entry.id);
        if (this.#holders.get(terminal) === entry.id) this.#holders.delete(terminal);
        this.#forgetSecrets(terminal);
        this.#options.ended(entry);
      },
      callEnded: () => this.#forgetSecrets(terminal),
    });
    this.#runners.set(entry.id, runner);
    this.#holders.set(terminal, entry.id);
    runner.react(recovering);
  }

  /** What was read for a transaction ends with it, also where a device gives it when that is over. */
  #forgetSecrets(terminal: string): void {
    if (!this.#holders.has(terminal)) this.#options.terminals.get(terminal)?.vault.clear();
  }

  /** A timer that runs would hold its process for as long as a Wait takes. */
  #letGo(): void {
    for (const runner of this.#runners.values()) runner.stopTimers();
  }
}

interface Heard {
  /** The execution is over. */
  readonly ended: () => void;
  /** A call is, though its execution may be over long since. */
  readonly callEnded: () => void;
}

interface RunningCall {
  readonly call: Call;
  readonly stop: Stop;
  readonly movesMoney: boolean;
  closers: Map<Audience, () => void> | undefined;
  /** It has ended: nothing of it is left to stop. */
  over: boolean;
  /** Its end is told to the flow. */
  told: Promise<void> | undefined;
  /** When it last gave a sign of life, ms since 1970. */
  aliveAt: number;
  /** Nobody waits for the next one any more. */
  unwatch: () => void;
}

interface RunningTimer {
  readonly takeBack: () => void;
}

interface Owed {
  readonly command: Call | Timer;
  /** Undefined where it has not begun, or could not. */
  running: RunningCall | RunningTimer | undefined;
}

/** A scope's address, and what is owed by it. */
type OwedBy = readonly [address: string, commands: (Call | Timer)[]];

class Runner {
  readonly entry: ExecutionEntry;
  /** One text for all of its events: what a text hashes to is worked out once. */
  readonly #stream: string;
  readonly #options: ExecutionsOptions;
  readonly #heard: Heard;
  readonly #stops: Stops;
  readonly #calls = new Set<RunningCall>();
  readonly #timers = new Set<RunningTimer>();
  /** Scope -> what it owes, and what runs of that. */
  readonly #owed = new Map<string, readonly Owed[]>();
  readonly #mailbox = new Queue<Happening>();
  /** While the mailbox is being emptied. */
  #emptying: Promise<void> | undefined;

  constructor(entry: ExecutionEntry, options: ExecutionsOptions, stops: Stops, heard: Heard) {
    this.entry = entry;
    this.#stream = stream.execution(entry.id);
    this.#options = options;
    this.#stops = stops;
    this.#heard = heard;
  }

  async idle(): Promise<void> {
    while (this.#emptying) await this.#emptying;
  }

  cancel(by: string, reason: string): void {
    // Whoever hears that its prompts are closed may ask for what has ended already.
    if (this.entry.state.status !== 'running') return;
    this.#options.journal.append([{ stream: this.#stream, event: { type: 'cancelRequested', by, reason } }]);
    for (const running of this.#calls) this.#cancelCall(running, by);
    // What is to be tried again is tried at once, and cancelled as it begins: its flow hears of that now.
    for (const { current: { step, phase } } of Object.values(this.entry.state.scopes)) if (phase.is === 'retrying') this.#post({ type: 'timerFired', step, timer: 'retry' });
  }

  /**
   * Brings what runs in line with what is owed.
   * @param changed addresses of the scopes that have changed since the last time; all of them unless told
   */
  react(recovering = false, changed?: Iterable<string>): void {
    if (this.#options.closing.aborted) return;
    const { state, program } = this.entry;
    if (state.status !== 'running') {
      this.#stopAll();
      this.#heard.ended();
      return;
    }
    const owed = (changed && this.#owedByEach(changed)) ?? this.#owedByAll(todo(state, program));
    const begun: Owed[] = [];
    for (const [address, commands] of owed) {
      const before = this.#owed.get(address) ?? NONE;
      const now = commands.map((command) => before.find((each) => isSame(each.command, command)) ?? { command, running: undefined });
      for (const each of before) if (!now.includes(each)) this.#stop(each);
      if (now.length > 0) this.#owed.set(address, now);
      else if (before !== NONE) this.#owed.delete(address);
      for (const each of now) if (!before.includes(each)) begun.push(each);
    }
    for (const each of begun) if (each.command.do === 'timer') each.running = this.#startTimer(each.command);
    for (const each of begun) if (each.command.do === 'call') each.running = this.#startCall(each.command, recovering);
  }

  /** Of scopes that have changed; undefined where `decide` has to go on with one, and more than these may be concerned. */
  #owedByEach(changed: Iterable<string>): OwedBy[] | undefined {
    const { state, program } = this.entry;
    const owed: OwedBy[] = [];
    for (const address of changed) {
      const scope = Object.hasOwn(state.scopes, address) ? state.scopes[address] : undefined;
      const commands: Command[] = [];
      if (scope && owedBy(scope, program, commands) === 'ready') return undefined;
      owed.push([address, commands as (Call | Timer)[]]);
    }
    return owed;
  }

  #owedByAll(commands: readonly Command[]): Iterable<OwedBy> {
    const owed = new Map<string, (Call | Timer)[]>();
    for (const address of this.#owed.keys()) owed.set(address, []);
    for (const command of commands) {
      if (command.do === 'continue') {
        this.#post({ type: 'continue' });
        continue;
      }
      const address = command.do === 'timer' && command.timer === 'execution-timeout' ? command.step : scopeOf(command.step);
      const others = owed.get(address);
      if (others) others.push(command);
      else owed.set(address, [command]);
    }
    return owed;
  }

  #stop({ running }: Owed): void {
    if (!running) return;
    if ('call' in running) return this.#stopCall(running, 'the flow went another way');
    this.#timers.delete(running);
    running.takeBack();
  }

  #post(happening: Happening): void {
    this.#mailbox.push(happening);
    // In a turn of its own: who posts may be in the middle of something.
    this.#emptying ??= TURN.then(() => this.#empty());
  }

  #empty(): Promise<void> | undefined {
    for (let next = this.#mailbox.shift(); next; next = this.#mailbox.shift()) {
      try {
        const decision = this.#decide(next);
        // Most are there at once.
        if (decision instanceof Promise) return this.#wait(decision);
        if (decision) this.#take(decision);
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#emptying = undefined;
    return undefined;
  }

  async #wait(decision: Promise<Decision>): Promise<void> {
    try {
      this.#take(await decision);
    } catch (error) {
      this.#failed(error);
    }
    // The next one in a turn of its own, so that a row of such decisions is no chain of promises.
    this.#emptying = TURN.then(() => this.#empty());
  }

  #failed(error: unknown): void {
    if (!this.#options.closing.aborted) this.#options.failed(error);
  }

  #decide(happening: Happening): Decision | Promise<Decision> | undefined {
    const { ports, evaluate, closing } = this.#options;
    const { program, state } = this.entry;
    if (closing.aborted || state.status !== 'running') return undefined;
    return decideOn(program, state, happening, new Base(ports), evaluate);
  }

  #take(decision: Decision): void {
    const { journal, closing } = this.#options;
    const { id, program } = this.entry;
    const decided = decision.events;
    if (closing.aborted || decided.length === 0) return;
    const undos = this.#withUndos(decided);
    const events = undos?.events ?? decided;
    const own = inputsOf(this.#stream, events);
    const all = undos ? [...undos.inputs, ...own] : own;
    let changed: Iterable<string> | undefined;
    if (events === decided) ({ changed } = journal.appendDecided(all, { id, stream: this.#stream, program, decision }));
    else journal.append(all);
    undos?.done();
    this.react(false, changed);
  }

  /**
   * Adds to events that end a flow or a scope badly the orders to undo its uncommitted payments, in the same write (10, 11);
   * a flow that would succeed with an approval that nobody committed fails instead.
   * @returns undefined where it has none
   */
  #withUndos(decided: readonly ExecutionEvent[]): { events: readonly ExecutionEvent[]; inputs: { stream: string; event: import('../events.js').PaymentEvent }[]; done: () => void } | undefined {
    const { journal, services } = this.#options;
    const open = journal.paymentsOf(this.entry.id).filter((payment) => !payment.committed && !isSettled(payment));
    if (open.length === 0) return undefined;
    const lost = open.filter((payment) => isLost(journal.ownerOf(payment), decided));
    // What is condemned or given up has its undo orders; what nobody condemned or committed belongs to nobody.
    const unowned = open.some((payment) => !lost.includes(payment) && payment.givenUp === undefined && payment.attempts.some(isUnowned));
    const last = decided.at(-1);
    const uncommitted = unowned && last?.type === 'executionEnded' && last.status === 'succeeded';
    const events: readonly ExecutionEvent[] = uncommitted
      ? [...decided.slice(0, -1), { type: 'executionEnded', status: 'failed', error: 'Payment.Uncommitted', cause: 'the flow ended with a payment that does not cover what is due; it is undone' }]
      : decided;
    const { inputs, done } = services.settler.condemnAll((uncommitted ? open : lost).map((payment) => payment.paymentId), 'flow-failed');
    return { events, inputs, done };
  }

  #startTimer(timer: Timer): RunningTimer | undefined {
    // A screen may have closed the till as it heard of what was started, or stopped, before.
    if (this.#options.closing.aborted) return undefined;
    const fire = (): void => {
      if (this.#options.closing.aborted || !this.#timers.has(running)) return;
      const money = timer.timer === 'timeout' ? [...this.#calls].find(({ call, movesMoney }) => movesMoney && call.step === timer.step) : undefined;
      const paid = this.#paidWithin(timer);
      // A payment's time-out is a request: the Task ends when the payment is decided (14).
      if (money) money.stop.abort(new ActionError('States.Timeout', 'the step took too long'));
      // What is paid is told first (9): its flow may have been too late only because nobody was there to hear of it.
      else if (paid?.told) void paid.told.then(fire);
      else this.#post({ type: 'timerFired', step: timer.step, timer: timer.timer });
    };
    const running: RunningTimer = { takeBack: setAlarm(this.#options.ports.clock, timer.dueAt, fire) };
    this.#timers.add(running);
    return running;
  }

  /** A Task within a workflow whose time is over, of which the payment is committed: it is about to end. */
  #paidWithin({ timer, step }: Timer): RunningCall | undefined {
    if (timer !== 'execution-timeout' && timer !== 'timeout') return undefined;
    const around = timer === 'timeout' ? `${addressOf(step)}[` : step === '' ? '' : `${step}.`;
    const calls = [...this.#calls].filter(({ call, movesMoney, over }) => movesMoney && !over && call.step.startsWith(around));
    if (calls.length === 0) return undefined;
    const paid = new Set(this.#options.journal.paymentsOf(this.entry.id).filter(({ committed }) => committed).map((payment) => payment.step));
    return calls.find(({ call }) => paid.has(call.step));
  }

  #startCall(call: Call, recovering: boolean): RunningCall | undefined {
    if (this.#options.closing.aborted) return undefined;
    const { terminals, unopened, journal } = this.#options;
    const { terminal } = this.entry.state;
    // What a payment came to is told though its terminal is not opened any more, as where its plugin is gone (9, 18).
    const loaded = terminals.get(terminal) ?? (journal.payments.has(`${this.entry.id}/${call.step}`) ? unopened(terminal) : undefined);
    const found = loaded && findAction(loaded, call.resource);
    if (!loaded || !found) {
      this.#post({ type: 'taskFailed', step: call.step, attempt: call.attempt, error: 'Task.Unknown', cause: causeOf(`nothing offers ${call.resource} here`, {}) });
      return undefined;
    }
    if (recovering && found.action.redo === 'fail') {
      this.#post({ type: 'taskFailed', step: call.step, attempt: call.attempt, error: 'Task.Interrupted', cause: causeOf('the engine was restarted meanwhile', {}) });
      return undefined;
    }
    const running: RunningCall = { call, stop: this.#stops.open(), movesMoney: found.standard?.movesMoney ?? false, closers: undefined, over: false, told: undefined, aliveAt: this.#options.ports.clock.now(), unwatch: () => {} };
    this.#calls.add(running);
    if (call.heartbeatMs !== undefined) running.unwatch = this.#watchHeartbeat(running, call.heartbeatMs);
    // In the same breath as its end is told: what follows must not stop what is over.
    const end = (how: Happening): void => {
      this.#post(how);
      running.over = true;
      running.unwatch();
      this.#stops.release(running.stop);
      closePrompts(running);
      this.#heard.callEnded();
    };
    const { step, attempt } = call;
    running.told = this.#invoke(running, loaded, found).then(
      (result) => end({ type: 'taskSucceeded', step, attempt, result }),
      (error: unknown) => end({ type: 'taskFailed', step, attempt, ...failureOf(error, found.action.errors) }),
    );
    // In a former life, or just now by who heard of what was started before it. A payment that was cancelled is not begun anew, whatever its Retry was for.
    const { cancelled } = this.entry;
    const isCancelled = cancelled?.calls.some((each) => each === `${step}@${attempt}` || (running.movesMoney && each.startsWith(`${step}@`)));
    if (cancelled && isCancelled) this.#cancelCall(running, cancelled.by);
    return running;
  }

  /** HeartbeatSeconds: an action that gives no sign of life for so long has failed; a payment is asked to end, as by its time-out. */
  #watchHeartbeat(running: RunningCall, heartbeatMs: number): () => void {
    const { closing, ports: { clock } } = this.#options;
    const { call, stop, movesMoney } = running;
    const look = (): void => {
      const due = running.aliveAt + heartbeatMs;
      if (running.over || stop.aborted || closing.aborted) return;
      if (clock.now() < due) {
        takeBack = setAlarm(clock, due, look);
        return;
      }
      const silent = new ActionError('States.HeartbeatTimeout', `no sign of life for ${heartbeatMs / 1000} s`);
      stop.abort(movesMoney ? new ActionError('States.Timeout', silent.message) : silent);
      if (!movesMoney) this.#post({ type: 'taskFailed', step: call.step, attempt: call.attempt, ...failureOf(silent, {}) });
    };
    let takeBack = setAlarm(clock, running.aliveAt + heartbeatMs, look);
    return () => takeBack();
  }

  async #invoke(running: RunningCall, loaded: LoadedTerminal, found: Found): Promise<Json> {
    const { call, stop } = running;
    const { services } = this.#options;
    const args = isObject(call.arguments) ? call.arguments : {};
    const problem = schemas.problem(found.action.arguments, args, 'Arguments');
    if (problem) throw new ActionError('Task.ArgumentsInvalid', problem);
    const { dueAt } = call;
    const { terminal } = loaded;
    const show: ActionContext['show'] = (audience, text, details) => this.#show(running, audience, text, details);
    const heartbeat = (): void => {
      running.aliveAt = this.#options.ports.clock.now();
    };
    const executionId = this.entry.id;
    const { step, attempt } = call;
    // What a payment came to is on disk before anything outside follows from it: goods, a receipt, a word to anybody.
    const toldOnDisk = (): Promise<void> | undefined => (found.standard?.waitsItself ? undefined : this.#options.journal.toldOnDisk(executionId));
    for (let told = toldOnDisk(); told; told = toldOnDisk()) {
      await told;
      // A payment hears of it by itself: it may have begun long ago.
      if (stop.aborted && !running.movesMoney) throw stop.reason;
    }
    if (!found.standard) {
      const context: ActionContext = {
        executionId,
        step,
        terminal,
        show,
        heartbeat,
        get signal() {
          return stop.signal;
        },
        ...(dueAt === undefined ? {} : { dueAt }),
      };
      return ownJson(await found.action.run(args, context));
    }
    const context: StandardContext = {
      executionId,
      step,
      terminal,
      show,
      heartbeat,
      dueAt,
      stop,
      attempt,
      key: this.entry.state.key,
      answers: call.answers,
      answered: (audience, value) => this.#post({ type: 'promptClosed', step, attempt, audience, how: 'answered', value }),
      loaded,
      services,
    };
    return ownJson(await found.standard.run(args, context));
  }

  /** What stands beside a working device: a prompt that takes no answer but cancel. */
  #show(running: RunningCall, audience: Audience, text: Text, details?: JsonObject): void {
    const { call, stop, movesMoney } = running;
    // A payment that was asked to end goes on until it is undone, unless its flow has left it.
    const goesOn = !stop.aborted || (movesMoney && this.#calls.has(running));
    // What is over has nothing to show: nobody would ever close it.
    if (running.over || !goesOn || this.#options.closing.aborted) return;
    running.aliveAt = this.#options.ports.clock.now();
    const close = this.#options.prompts.open(
      {
        id: `${this.entry.id}/${call.step}@${call.attempt}/${audience}`,
        kind: 'device',
        terminalId: this.entry.state.terminal,
        executionId: this.entry.id,
        step: call.step,
        audience,
        show: { text: { zh: text.zh, en: text.en }, resource: call.resource, ...details },
        ...(call.dueAt === undefined ? {} : { dueAt: call.dueAt }),
      },
      (how) => {
        if (how.is === 'cancelled') this.#cancelCall(running, how.by);
      },
    );
    (running.closers ??= new Map()).set(audience, close);
  }

  #cancelCall(running: RunningCall, by: string): void {
    const { call, stop, movesMoney } = running;
    if (stop.aborted) return;
    const reason = new ActionError('Terminal.Cancelled', `cancelled by ${by}`, { by });
    stop.abort(reason);
    if (!movesMoney) this.#post({ type: 'taskFailed', step: call.step, attempt: call.attempt, ...failureOf(reason, {}) });
  }

  #stopCall(running: RunningCall, why: string): void {
    this.#calls.delete(running);
    if (!running.over && !running.stop.aborted) running.stop.abort(new ActionError('Task.Superseded', why));
    // A device that hangs ends no call: what stands beside it would stand there for good, and its watch for as long as it takes.
    closePrompts(running);
    running.unwatch();
  }

  #stopAll(): void {
    for (const running of this.#calls) this.#stopCall(running, 'the transaction ended');
    this.stopTimers();
    this.#owed.clear();
  }

  stopTimers(): void {
    for (const { takeBack } of this.#timers) takeBack();
    this.#timers.clear();
    for (const { unwatch } of this.#calls) unwatch();
  }
}

const closePrompts = (running: RunningCall): void => {
  const { closers } = running;
  running.closers = undefined;
  for (const close of closers?.values() ?? []) close();
};

type Found = { readonly action: { readonly arguments: JsonSchema; readonly errors: { readonly [name: string]: Text }; readonly redo: 'again' | 'fail' } & Pick<Action, 'run'>; readonly standard?: StandardAction };

/** One for all engines of a process: core's own actions are the same in each. */
const standardFound = new Map<string, Found>(
  Object.entries(standardActions).flatMap(([namespace, actions]) =>
    Object.entries(actions).map(([name, standard]) => [`${namespace}:${name}`, { action: standard as unknown as Found['action'], standard }] as const),
  ),
);

const findAction = (loaded: LoadedTerminal, resource: string): Found | undefined => {
  const found = standardFound.get(resource);
  if (found) return found;
  const [namespace = '', name = ''] = resource.split(':');
  const actions = loaded.actions.get(namespace);
  const action = actions && Object.hasOwn(actions, name) ? actions[name] : undefined;
  return action && { action };
};

type Failure = { readonly error: string; readonly cause: string };

/** Whatever was thrown: a Task always ends. */
const failureOf = (error: unknown, hints: { readonly [name: string]: Text }): Failure => {
  try {
    return named(error, hints);
  } catch {
    return { error: 'Task.Failed', cause: causeOf('the action failed', {}) };
  }
};

const named = (error: unknown, hints: { readonly [name: string]: Text }): Failure => {
  // What a crash says may hold anything, card data too: only its kind is told.
  if (!ActionError.is(error) || typeof error.error !== 'string' || error.error === '') return { error: 'Task.Failed', cause: causeOf(`the action failed${error instanceof Error ? ` (${error.name})` : ''}`, {}) };
  const hint = [hints, commonHints].find((table) => Object.hasOwn(table, error.error))?.[error.error];
  return { error: error.error, cause: causeOf(error.message, { ...(hint ? { hint: { zh: hint.zh, en: hint.en } } : {}), ...error.details }) };
};

/** The Cause of every failed Task is JSON text: `{% $parse($states.errorOutput.Cause).hint.zh %}` is what to show. */
const causeOf = (message: string, details: JsonObject): string => JSON.stringify({ message, hint: { zh: '操作未完成', en: 'The step was not completed' }, ...details });

const commonHints: { readonly [name: string]: Text } = {
  'Terminal.Cancelled': { zh: '已取消', en: 'Cancelled' },
  'States.Timeout': { zh: '操作超时', en: 'It took too long' },
  'States.HeartbeatTimeout': { zh: '设备没有应答', en: 'The device gave no sign of life' },
  'Sensitive.Lost': { zh: '请重新读卡或扫码', en: 'Read the card or scan the code again' },
};

const inputsOf = (name: string, events: readonly ExecutionEvent[]): EventInput[] => events.map((event) => ({ stream: name, event }));

const isSame = (one: Call | Timer, other: Call | Timer): boolean =>
  one.step === other.step && (one.do === 'call' ? other.do === 'call' && one.attempt === other.attempt : other.do === 'timer' && one.timer === other.timer && one.dueAt === other.dueAt);

/** When something happened, and its randomness: drawn in any case, so that nobody's draw hangs on who looks at his, and written out for the few expressions that do. */
class Base implements InputBase {
  readonly at: number;
  readonly #random: Uint8Array;

  constructor({ clock, random }: Ports) {
    this.at = clock.now();
    this.#random = random.bytes(16);
  }

  get seed(): string {
    return hex(this.#random);
  }
}

const NONE: readonly Owed[] = [];
const TURN = Promise.resolve();
