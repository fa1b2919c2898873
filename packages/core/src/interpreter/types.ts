/** What flows in and out of the interpreter. Plain data, so that a state can be kept as a checkpoint. */
import type { StateMachine } from '../definition/asl.js';
import type { ExecutionEvent, StatesError, StepId } from '../events.js';
import type { Json, JsonObject } from '../json.js';

/** The pinned closure of definitions: the main one and those that `workflow:run` names. */
export interface Program {
  readonly main: string;
  readonly definitions: { readonly [workflow: string]: StateMachine };
}

/**
 * What an execution has become: the fold of its events.
 * `scopes` is keyed by address: '' the root, `Split[1]` a branch or iteration, `Sub[0]` a child workflow.
 */
export interface ExecutionState {
  readonly status: 'running' | 'succeeded' | 'failed';
  /** As `start` named it; '' in logs whose first event does not say. */
  readonly executionId: string;
  readonly executionName?: string;
  readonly terminal: string;
  readonly workflow: string;
  readonly key?: string;
  readonly startedAt: number;
  readonly pins: { readonly [workflow: string]: string };
  readonly input: Json;
  readonly output?: Json;
  readonly failure?: StatesError;
  readonly scopes: { readonly [address: string]: ScopeState };
  /** How scopes ended whose Parallel, Map or Task has not been left yet, by address. */
  readonly results: { readonly [address: string]: ScopeResult };
  /** How often each state address was entered. */
  readonly visits: { readonly [address: string]: number };
  /** How many entries AWS's own history would have by now; causes name the one that entered a state. */
  readonly historyLength: number;
}

export type ScopeResult = { readonly output: Json } | StatesError;

export interface ScopeState {
  readonly address: string;
  /** Workflow whose definition it runs, and the pointer within it to the state machine: `''`, `/States/Split/Branches/1`. */
  readonly workflow: string;
  readonly pointer: string;
  readonly variables: JsonObject;
  /** When it opened, in ms since 1970: a workflow's TimeoutSeconds counts from here. */
  readonly startedAt: number;
  readonly current: StepState;
}

export interface StepState {
  readonly state: string;
  readonly step: StepId;
  readonly input: Json;
  readonly enteredAt: number;
  /** Number of the entry in AWS's own history that entered it. */
  readonly enteredEvent: number;
  readonly phase:
    /** To be decided upon: `todo` says `continue`. */
    | { readonly is: 'entered' }
    | { readonly is: 'waiting'; readonly dueAt: number }
    | {
        readonly is: 'task';
        readonly attempt: number;
        readonly resource: string;
        readonly arguments: Json;
        readonly dueAt?: number;
        readonly heartbeatMs?: number;
        readonly retries: readonly number[];
        /** Answers of prompts so far, by audience. */
        readonly answers: { readonly [audience: string]: Json };
      }
    /** Between two attempts; `retries` counts per retrier. */
    | { readonly is: 'retrying'; readonly attempt: number; readonly retryAt: number; readonly retries: readonly number[] }
    | {
        readonly is: 'scopes';
        readonly kind: 'parallel' | 'map' | 'workflow';
        readonly attempt: number;
        readonly inputs: readonly Json[];
        readonly limit: number;
        readonly tolerated: number;
        readonly workflow?: string;
        /** When TimeoutSeconds of a `workflow:run` ends, in ms since 1970. */
        readonly dueAt?: number;
        /** `map` with an ItemSelector: the items as they were before it. */
        readonly items?: readonly Json[];
        /** Scopes with an index below this have begun. */
        readonly begun: number;
        /** How many of them have ended, and how many of those have failed; the state's `results` say how. */
        readonly ended: number;
        readonly failures: number;
        readonly retries: readonly number[];
      }
    /** The scope's last state was left; its end is not decided upon yet. */
    | { readonly is: 'ended'; readonly output: Json };
}

/** Time, randomness and ids are values: the same input gives the same events. */
export interface InputBase {
  /** ms since 1970. */
  readonly at: number;
  /** At least 16 random bytes as hex: $random, $uuid and jitter are derived from it. */
  readonly seed: string;
}

/** What happened. */
export type Happening =
  | {
      readonly type: 'start';
      readonly executionId: string;
      readonly executionName?: string;
      readonly key?: string;
      readonly terminal: string;
      readonly workflow: string;
      readonly pins: { readonly [workflow: string]: string };
      readonly plugins: { readonly [plugin: string]: string };
      readonly input: Json;
    }
  /** Take up what stands at `entered` (after a restart, mostly). */
  | { readonly type: 'continue' }
  | { readonly type: 'taskSucceeded'; readonly step: StepId; readonly attempt: number; readonly result: Json }
  | ({ readonly type: 'taskFailed'; readonly step: StepId; readonly attempt: number } & StatesError)
  /** One audience answered the prompt of this Task; the others are still asked. */
  | { readonly type: 'promptClosed'; readonly step: StepId; readonly attempt: number; readonly audience: 'merchant' | 'customer'; readonly how: 'answered' | 'cancelled'; readonly value?: Json }
  /** A timer that `todo` asked for is due. */
  | { readonly type: 'timerFired'; readonly step: StepId; readonly timer: TimerKind };

export type Input = InputBase & Happening;

export type TimerKind = 'wait' | 'retry' | 'timeout' | 'execution-timeout';

/** What a state owes now. The engine starts what is new in the list and stops what has gone from it. */
export type Command =
  | { readonly do: 'continue' }
  | {
      readonly do: 'call';
      readonly step: StepId;
      readonly attempt: number;
      readonly resource: string;
      readonly arguments: Json;
      readonly dueAt?: number;
      readonly heartbeatMs?: number;
      readonly answers: { readonly [audience: string]: Json };
      /** Ids of the scopes around it, innermost last: rule 10. '' is the root. */
      readonly scopes: readonly string[];
    }
  /** For `execution-timeout` the step is the address of the scope whose workflow has TimeoutSeconds: '' for the main one. */
  | { readonly do: 'timer'; readonly step: StepId; readonly timer: TimerKind; readonly dueAt: number };

/**
 * Evaluates what stands in a definition. Expressions are found by `{% %}`; constants and plain values come back as they are.
 * @throws an error with `error` `States.QueryEvaluationError` and a `cause`
 */
export type Evaluate = (template: Json, scope: EvaluationScope) => Promise<Json> | Json;

export interface EvaluationScope {
  /** What `$states` is: input, context, result, errorOutput. */
  readonly states: JsonObject;
  /** One of its members, undefined where there is none: most expressions look at one only, and to make all of `states` costs more than they do. */
  statesMember?(name: string): Json | undefined;
  readonly variables: JsonObject;
  readonly at: number;
  readonly seed: string;
  /** Where the template stands, for the cause's text: state's name and JSON Pointer within it. */
  readonly where: { readonly state: string; readonly pointer: string };
}

export type Decide = (program: Program, state: ExecutionState | undefined, input: Input, evaluate: Evaluate) => Promise<readonly ExecutionEvent[]>;
export type Evolve = (state: ExecutionState | undefined, event: ExecutionEvent, at: number, program: Program) => ExecutionState;
export type Todo = (state: ExecutionState, program: Program) => readonly Command[];
