import type { ChoiceState } from '../definition/asl.js';
import { truth } from './fields.js';
import { leave } from './leave.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** The first rule whose Condition is true leads on, with that rule's Assign and Output; otherwise Default, with the state's. */
export const enterChoice = function* (turn: Turn, scope: ScopeState, state: ChoiceState): Steps<void> {
  for (const [index, rule] of state.Choices.entries()) {
    const fits = truth(turn, scope, rule.Condition, `Choices/${index}/Condition`);
    if (fits instanceof Promise ? yield fits : fits) {
      yield* leave(turn, scope, rule, { next: rule.Next, otherwise: scope.current.input, pointer: `/Choices/${index}` });
      return;
    }
  }
  if (state.Default === undefined) {
    throw turn.failure(scope, 'States.NoChoiceMatched', 'No rule in Choices matched, and the state has no Default.');
  }
  yield* leave(turn, scope, state, { next: state.Default, otherwise: scope.current.input });
};
