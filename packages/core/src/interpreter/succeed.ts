import type { SucceedState } from '../definition/asl.js';
import { leave } from './leave.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

export const enterSucceed = (turn: Turn, scope: ScopeState, state: SucceedState): Promise<void> =>
  leave(turn, scope, state, { next: null, otherwise: scope.current.input });
