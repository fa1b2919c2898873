import type { PassState } from '../definition/asl.js';
import { leave, nextOf } from './leave.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

export const enterPass = (turn: Turn, scope: ScopeState, state: PassState): Promise<void> =>
  leave(turn, scope, state, { next: nextOf(state), otherwise: scope.current.input });
