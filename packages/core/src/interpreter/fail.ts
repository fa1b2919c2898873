import type { FailState } from '../definition/asl.js';
import { text } from './fields.js';
import type { Steps } from './steps.js';
import { StateFailed, type Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** Ends its scope with the error it names, '' for what it leaves out. */
export const enterFail = function* (turn: Turn, scope: ScopeState, state: FailState): Steps<never> {
  const named = state.Error === undefined ? '' : text(turn, scope, state.Error, 'Error');
  const error = named instanceof Promise ? ((yield named) as string) : named;
  const caused = state.Cause === undefined ? '' : text(turn, scope, state.Cause, 'Cause');
  const cause = caused instanceof Promise ? ((yield caused) as string) : caused;
  throw new StateFailed(error, cause);
};
