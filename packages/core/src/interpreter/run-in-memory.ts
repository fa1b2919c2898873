/** Runs a definition without an engine: tasks are functions, time is virtual and moves only when nothing else can. For tests and benchmarks. */
import type { StateMachine } from '../definition/asl.js';
import type { ExecutionEvent } from '../events.js';
import type { Json } from '../json.js';
import { decide } from './decide.js';
import { evolveAll } from './evolve.js';
import { createEvaluate } from './expression.js';
import { todo } from './todo.js';
import type { Command, Evaluate, ExecutionState, Input, Program } from './types.js';

export type Call = Extract<Command, { do: 'call' }>;

/** How a Task ends, `afterMs` of virtual time later (0 where left out). `never` waits for its timeout. */
export type TaskOutcome =
  | { readonly result: Json; readonly afterMs?: number }
  | { readonly error: string; readonly cause?: string; readonly afterMs?: number }
  | { readonly never: true };
export type TaskFunction = (args: Json, call: Call, atMs: number) => TaskOutcome;

export interface RunOptions {
  readonly definition: StateMachine;
  /** Further workflows that `workflow:run` may name. */
  readonly workflows?: { readonly [name: string]: StateMachine };
  readonly input?: Json;
  /** By Resource. */
  readonly tasks?: { readonly [resource: string]: TaskFunction };
  /** For resources that `tasks` does not name. */
  readonly otherwise?: TaskFunction;
  readonly evaluate?: Evaluate;
  readonly seed?: string;
  /** Virtual time to begin at, in ms since 1970. */
  readonly startAtMs?: number;
  /** Hears of every decision. */
  readonly onDecided?: (decided: { readonly before: ExecutionState | undefined; readonly input: Input; readonly events: readonly ExecutionEvent[]; readonly after: ExecutionState }) => void;
  /** Goes on from here instead of starting: what a log gave after a crash. */
  readonly from?: { readonly state: ExecutionState; readonly atMs: number };
}

export interface RunResult {
  readonly state: ExecutionState;
  readonly events: readonly ExecutionEvent[];
  readonly calls: readonly Call[];
  /** Virtual time at the end, in ms since 1970. */
  readonly endedAtMs: number;
}

const INPUTS_MAX = 1_000_000;
const sharedEvaluate = createEvaluate({
  hash: () => {
    throw new Error('Give `evaluate` with a hash to use $hash');
  },
});

/** The program in which a definition is called `main`. */
export const programOf = (options: Pick<RunOptions, 'definition' | 'workflows'>): Program => ({
  main: 'main',
  definitions: { ...options.workflows, main: options.definition },
});

/** @throws Error when the execution stands still for good or does not end within a million inputs */
export const runInMemory = async (options: RunOptions): Promise<RunResult> => {
  const run = new Run(options);
  await run.toEnd();
  return run.result();
};

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly input: Inner;
}
type Inner = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'seed'> : never) : never;

class Run {
  private readonly program: Program;
  private readonly evaluate: Evaluate;
  private readonly events: ExecutionEvent[] = [];
  private readonly calls: Call[] = [];
  private readonly pending = new Map<string, Pending>();
  private state: ExecutionState | undefined;
  private nowMs: number;
  private inputs = 0;
  private order = 0;

  constructor(private readonly options: RunOptions) {
    this.program = programOf(options);
    this.evaluate = options.evaluate ?? sharedEvaluate;
    this.state = options.from?.state;
    this.nowMs = options.from?.atMs ?? options.startAtMs ?? Date.UTC(2026, 0, 1);
  }

  async toEnd(): Promise<void> {
    if (!this.state) await this.take(this.start());
    while (this.state?.status === 'running') {
      if (this.inputs > INPUTS_MAX) throw new Error('The execution does not end');
      await this.take(this.next(this.state));
    }
  }

  result(): RunResult {
    if (!this.state) throw new Error('Not run yet');
    return { state: this.state, events: this.events, calls: this.calls, endedAtMs: this.nowMs };
  }

  private start(): Inner {
    return {
      type: 'start',
      executionId: 'execution-1',
      terminal: 'T1',
      workflow: 'main',
      pins: Object.fromEntries(Object.keys(this.program.definitions).map((name) => [name, `hash-of-${name}`])),
      plugins: {},
      input: this.options.input ?? {},
    };
  }

  private async take(inner: Inner): Promise<void> {
    const input = { ...inner, at: this.nowMs, seed: `${this.options.seed ?? 'seed'}-${this.inputs++}` } as Input;
    const before = this.state;
    const events = await decide(this.program, before, input, this.evaluate);
    const after = evolveAll(before, events, this.nowMs, this.program);
    if (!after) throw new Error('Nothing was decided');
    this.events.push(...events);
    this.state = after;
    this.options.onDecided?.({ before, input, events, after });
  }

  /** What happens next: what is to be gone on with, then the earliest answer or timer. */
  private next(state: ExecutionState): Inner {
    const commands = todo(state, this.program);
    const wanted = new Set<string>();
    for (const command of commands) {
      if (command.do === 'continue') return { type: 'continue' };
      const key = command.do === 'call' ? `${command.step}/${command.attempt}` : `${command.step}/${command.timer}/${command.dueAt}`;
      wanted.add(key);
      if (!this.pending.has(key)) this.begin(key, command);
    }
    for (const key of this.pending.keys()) if (!wanted.has(key)) this.pending.delete(key);
    let first: [string, Pending] | undefined;
    for (const entry of this.pending) {
      const [, pending] = entry;
      if (!first || pending.atMs < first[1].atMs || (pending.atMs === first[1].atMs && pending.order < first[1].order)) first = entry;
    }
    if (!first || first[1].atMs === Number.POSITIVE_INFINITY) throw new Error(`The execution stands still: ${JSON.stringify(commands)}`);
    this.pending.delete(first[0]);
    this.nowMs = Math.max(this.nowMs, first[1].atMs);
    return first[1].input;
  }

  private begin(key: string, command: Exclude<Command, { do: 'continue' }>): void {
    const order = this.order++;
    if (command.do === 'timer') {
      this.pending.set(key, { atMs: command.dueAt, order, input: { type: 'timerFired', step: command.step, timer: command.timer } });
      return;
    }
    this.calls.push(command);
    const task = this.options.tasks?.[command.resource] ?? this.options.otherwise;
    if (!task) throw new Error(`No function stands for ${command.resource}`);
    const outcome = task(command.arguments, command, this.nowMs);
    const { step, attempt } = command;
    const atMs = 'never' in outcome ? Number.POSITIVE_INFINITY : this.nowMs + (outcome.afterMs ?? 0);
    const input: Inner =
      'error' in outcome
        ? { type: 'taskFailed', step, attempt, error: outcome.error, cause: outcome.cause ?? '' }
        : { type: 'taskSucceeded', step, attempt, result: 'result' in outcome ? outcome.result : null };
    this.pending.set(key, { atMs, order, input });
  }
}
