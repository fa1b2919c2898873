/**
 * The workflow language as data: the Amazon States Language (states-language.net) with JSONata.
 * A string of the form `{% ... %}` is an expression wherever a `Template` or an `Expression<T>` may stand.
 */
import type { Json } from '../json.js';

export type Template = Json;
export type Expression<T> = T | string;

export interface StateMachine {
  readonly Comment?: string;
  readonly QueryLanguage?: 'JSONata' | 'JSONPath';
  readonly Version?: '1.0';
  readonly StartAt: string;
  readonly TimeoutSeconds?: number;
  readonly States: { readonly [name: string]: State };
}

interface Common {
  readonly Comment?: string;
  readonly QueryLanguage?: 'JSONata' | 'JSONPath';
}
interface Flowing {
  readonly Next?: string;
  readonly End?: boolean;
}
interface Assigning {
  readonly Assign?: { readonly [variable: string]: Template };
}
interface Outputting {
  readonly Output?: Template;
}

export interface Retrier {
  readonly Comment?: string;
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}
export interface Catcher extends Assigning, Outputting {
  readonly Comment?: string;
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
}
interface Failing {
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
}

export interface PassState extends Common, Flowing, Assigning, Outputting {
  readonly Type: 'Pass';
}
export interface TaskState extends Common, Flowing, Assigning, Outputting, Failing {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly Arguments?: Template;
  readonly TimeoutSeconds?: Expression<number>;
  readonly HeartbeatSeconds?: Expression<number>;
}
export interface ChoiceRule extends Assigning, Outputting {
  readonly Comment?: string;
  readonly Condition: Expression<boolean>;
  readonly Next: string;
}
export interface ChoiceState extends Common, Assigning, Outputting {
  readonly Type: 'Choice';
  readonly Choices: readonly ChoiceRule[];
  readonly Default?: string;
}
export interface WaitState extends Common, Flowing, Assigning, Outputting {
  readonly Type: 'Wait';
  readonly Seconds?: Expression<number>;
  readonly Timestamp?: string;
}
export interface SucceedState extends Common, Outputting {
  readonly Type: 'Succeed';
}
export interface FailState extends Common {
  readonly Type: 'Fail';
  readonly Error?: string;
  readonly Cause?: string;
}
export interface ParallelState extends Common, Flowing, Assigning, Outputting, Failing {
  readonly Type: 'Parallel';
  readonly Arguments?: Template;
  readonly Branches: readonly StateMachine[];
}
export interface MapState extends Common, Flowing, Assigning, Outputting, Failing {
  readonly Type: 'Map';
  readonly Items?: Expression<readonly Json[]>;
  readonly ItemSelector?: Template;
  readonly ItemProcessor: StateMachine & { readonly ProcessorConfig?: { readonly Mode?: 'INLINE' } };
  readonly MaxConcurrency?: Expression<number>;
  readonly ToleratedFailureCount?: Expression<number>;
  readonly ToleratedFailurePercentage?: Expression<number>;
}

export type State = PassState | TaskState | ChoiceState | WaitState | SucceedState | FailState | ParallelState | MapState;
