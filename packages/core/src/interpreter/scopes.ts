/** What happens when the scopes of a Parallel, a Map or a `workflow:run` have ended or too many have failed. */
import type { MapState, ParallelState, TaskState } from '../definition/asl.js';
import type { StatesError } from '../events.js';
import type { Json } from '../json.js';
import { failState } from './failure.js';
import { leave, nextOf } from './leave.js';
import { progress, type ScopesPhase } from './progress.js';
import type { Steps } from './steps.js';
import { asStatesError, type Turn } from './turn.js';
import type { ScopeState } from './types.js';

export const settleScopes = function* (turn: Turn, scope: ScopeState, phase: ScopesPhase): Steps<void> {
  const stands = progress(phase);
  if (stands === 'open') return;
  if (stands === 'failed') {
    yield* failState(turn, scope.address, reasonOf(turn, scope, phase));
    return;
  }
  const state = turn.definition(scope) as ParallelState | MapState | TaskState;
  const result = resultOf(turn, scope, phase);
  try {
    yield* leave(turn, scope, state, { next: nextOf(state), otherwise: result, seen: { result } });
  } catch (thrown) {
    yield* failState(turn, scope.address, asStatesError(thrown), { retry: false });
  }
};

/** In the order of the scopes. A failure that a Map tolerates stands as its error output, so that results keep their places. */
const resultOf = (turn: Turn, { current: { step } }: ScopeState, phase: ScopesPhase): Json => {
  const results = phase.inputs.map((_, index): Json => {
    const result = turn.result(step, index);
    if (result === undefined) return null;
    return 'output' in result ? result.output : { Error: result.error, Cause: result.cause };
  });
  return phase.kind === 'workflow' ? (results[0] ?? null) : results;
};

const reasonOf = (turn: Turn, { current: { step } }: ScopeState, phase: ScopesPhase): StatesError => {
  if (phase.tolerated > 0) {
    return {
      error: 'States.ExceedToleratedFailureThreshold',
      cause: `The specified tolerated failure threshold was exceeded: ${phase.failures} of ${phase.inputs.length} iterations failed, ${phase.tolerated} may.`,
    };
  }
  for (let index = 0; index < phase.begun; index++) {
    const result = turn.result(step, index);
    if (result && 'error' in result) return { error: result.error, cause: result.cause };
  }
  return { error: 'States.Runtime', cause: 'A scope failed without an error.' };
};
