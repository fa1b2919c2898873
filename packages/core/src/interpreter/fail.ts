import type { FailState } from '../definition/asl.js';
import { text } from './fields.js';
import type { Steps } from './steps.js';
import { StateFailed, type Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** Ends its scope with the error it names, '' for what it leaves out. */
export const enterFail = function* (turn: Turn, scope: ScopeState, state: FailState): Steps<never> {
  const error = state.Error === undefined ? '' : yield* text(turn, scope, state.Error, 'Error');
  const cause = state.Cause === undefined ? '' : yield* text(turn, scope, state.Cause, 'Cause');
  throw new StateFailed(error, cause);
};
