import type { StepState } from './types.js';

export type ScopesPhase = Extract<StepState['phase'], { is: 'scopes' }>;

/** How the scopes of a Parallel, a Map or a `workflow:run` stand: still open, all ended, or more failed than may. */
export const progress = (phase: ScopesPhase): 'open' | 'ended' | 'failed' => {
  if (phase.failures > phase.tolerated) return 'failed';
  return phase.ended === phase.inputs.length ? 'ended' : 'open';
};
