import type { PassState } from '../definition/asl.js';
import { leave, nextOf } from './leave.js';
import type { Steps } from './steps.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

export const enterPass = (turn: Turn, scope: ScopeState, state: PassState): Steps<void> =>
  leave(turn, scope, state, { next: nextOf(state), otherwise: scope.current.input });
