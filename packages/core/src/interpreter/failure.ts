/** What a failing state does: Retry, then Catch, then its scope fails. */
import type { Catcher, Retrier, State } from '../definition/asl.js';
import type { StatesError } from '../events.js';
import { aroundScope } from './address.js';
import { leave } from './leave.js';
import { seeded } from './random.js';
import type { Steps } from './steps.js';
import { asStatesError, type Turn } from './turn.js';
import type { ScopeState } from './types.js';

const TERMINAL = new Set(['States.DataLimitExceeded', 'States.Runtime']);

/** Whether one of the names in ErrorEquals stands for this error. */
export const matches = (names: readonly string[], error: string): boolean =>
  names.some((name) => {
    if (name === error) return true;
    switch (name) {
      case 'States.ALL':
        return !TERMINAL.has(error);
      case 'States.TaskFailed':
        return error !== 'States.Timeout' && !TERMINAL.has(error);
      case 'States.Timeout':
        return error === 'States.HeartbeatTimeout';
      default:
        return false;
    }
  });

const retriersOf = (state: State): readonly Retrier[] => ('Retry' in state && state.Retry) || [];
const catchersOf = (state: State): readonly Catcher[] => ('Catch' in state && state.Catch) || [];

/**
 * How long a retrier waits.
 * @param used how often it has retried this visit already
 * @param random 0 <= n < 1, for JitterStrategy FULL
 * @returns ms
 */
export const retryDelayMs = (retrier: Retrier, used: number, random: () => number): number => {
  const grown = (retrier.IntervalSeconds ?? 1) * (retrier.BackoffRate ?? 2) ** used;
  const seconds = Math.min(grown, retrier.MaxDelaySeconds ?? 99_999_999);
  return Math.round(seconds * 1000 * (retrier.JitterStrategy === 'FULL' ? random() : 1));
};

/**
 * @param options.retry false once the Task's result is there: what failed then is this state's own Output or Assign, and calling
 * the Task again would do its work a second time
 */
export const failState = function* (turn: Turn, address: string, failed: StatesError, options: { readonly retry: boolean } = { retry: true }): Steps<void> {
  const scope = turn.scope(address);
  if (!scope) return;
  const state = turn.definition(scope);
  if (options.retry && retry(turn, scope, state, failed)) return;
  const index = catchersOf(state).findIndex((one) => matches(one.ErrorEquals, failed.error));
  const catcher = catchersOf(state)[index];
  if (!catcher) {
    failScope(turn, scope, failed);
    return;
  }
  const errorOutput = { Error: failed.error, Cause: failed.cause };
  try {
    yield* leave(turn, scope, catcher, {
      next: catcher.Next,
      otherwise: errorOutput,
      pointer: `/Catch/${index}`,
      seen: { errorOutput },
      caught: failed,
    });
  } catch (thrown) {
    failScope(turn, scope, asStatesError(thrown));
  }
};

const retry = (turn: Turn, scope: ScopeState, state: State, failed: StatesError): boolean => {
  const { phase, step } = scope.current;
  const retrier = retriersOf(state).findIndex((one) => matches(one.ErrorEquals, failed.error));
  const chosen = retriersOf(state)[retrier];
  const used = ('retries' in phase ? phase.retries[retrier] : undefined) ?? 0;
  if (!chosen || used >= (chosen.MaxAttempts ?? 3)) return false;
  const retryAt = turn.base.at + retryDelayMs(chosen, used, () => seeded(turn.nextSeed()).next());
  turn.emit({ type: 'taskFailed', step, attempt: attemptOf(scope), retryAt, retrier, error: failed.error, cause: failed.cause });
  return true;
};

/** The attempt that runs or is about to: one more than the failed one between two. */
export const attemptOf = (scope: ScopeState): number => {
  const { phase } = scope.current;
  if (phase.is === 'retrying') return phase.attempt + 1;
  return 'attempt' in phase ? phase.attempt : 1;
};

/** A scope fails as a whole; at the root that ends the execution. */
export const failScope = (turn: Turn, scope: ScopeState, failed: StatesError): void => {
  const { error, cause } = failed;
  if (scope.address === '') {
    turn.emit({ type: 'executionEnded', status: 'failed', error, cause });
    return;
  }
  const { outer, index } = aroundScope(scope.address);
  const around = turn.scope(outer);
  if (around) turn.emit({ type: 'scopeEnded', step: around.current.step, index, status: 'failed', error, cause });
};
