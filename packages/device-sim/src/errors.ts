import type { Text } from '@tillwright/core/contract';

export type SimulationErrorCode = 'SCRIPT_INVALID' | 'SCRIPT_GAP' | 'SIMULATION_MISUSED' | 'PAD_MEMORY_DAMAGED' | 'CARD_MEMORY_DAMAGED' | 'POINTS_MEMORY_DAMAGED';

/** What an embedder or script's author did wrong: what happened and what to do next. Never holds card data, codes or PINs. */
export class SimulationError extends Error {
  constructor(
    readonly code: SimulationErrorCode,
    readonly what: Text,
    readonly hint: Text,
  ) {
    super(`${code}: ${what.en}. ${hint.en}.`);
    this.name = 'SimulationError';
  }
}
