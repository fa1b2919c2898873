import type { SucceedState } from '../definition/asl.js';
import { leave } from './leave.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

export const enterSucceed = (turn: Turn, scope: ScopeState, state: SucceedState): Steps<void> =>
  leave(turn, scope, state, { next: null, otherwise: scope.current.input });
