import type { WaitState } from '../definition/asl.js';
import { SECONDS, text, wholeNumber } from './fields.js';
import { leave, nextOf } from './leave.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

// RFC 3339 as the States Language narrows it: upper-case T and Z, offsets allowed.
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

export const enterWait = function* (turn: Turn, scope: ScopeState, state: WaitState): Steps<void> {
  turn.emit({ type: 'waitStarted', step: scope.current.step, dueAt: yield* dueAt(turn, scope, state) });
};

export const endWait = (turn: Turn, scope: ScopeState, state: WaitState): Steps<void> =>
  leave(turn, scope, state, { next: nextOf(state), otherwise: scope.current.input });

const dueAt = function* (turn: Turn, scope: ScopeState, state: WaitState): Steps<number> {
  if (state.Seconds !== undefined) {
    const seconds = wholeNumber(turn, scope, state.Seconds, 'Seconds', SECONDS);
    return turn.base.at + (seconds instanceof Promise ? ((yield seconds) as number) : seconds) * 1000;
  }
  const given = text(turn, scope, state.Timestamp ?? '', 'Timestamp');
  const timestamp = given instanceof Promise ? ((yield given) as string) : given;
  const ms = TIMESTAMP.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw turn.failure(scope, 'States.QueryEvaluationError', `The field 'Timestamp' must be a time like 2030-01-31T23:59:00Z but was: ${JSON.stringify(timestamp)}`);
  }
  return ms;
};
