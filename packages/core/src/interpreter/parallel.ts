import type { ParallelState } from '../definition/asl.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** Opens a scope for each branch, each with the same input. */
export const startParallel = function* (turn: Turn, scope: ScopeState, state: ParallelState, attempt: number): Steps<void> {
  const given = state.Arguments === undefined ? scope.current.input : turn.evaluate(scope, state.Arguments, '/Arguments');
  const input = given instanceof Promise ? yield given : given;
  turn.emit({ type: 'scopesOpened', step: scope.current.step, kind: 'parallel', inputs: state.Branches.map(() => input), limit: 0, attempt });
};
