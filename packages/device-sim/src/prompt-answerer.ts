import type { Json } from '@tillwright/core/contract';
import type { PromptKind } from './script/script.js';
import type { SimulatedTill } from './simulation.js';

/** What the answerer reads of a prompt. */
export interface AnswerablePrompt {
  readonly id: string;
  readonly kind: PromptKind;
  readonly audience: 'merchant' | 'customer';
  readonly show: Json;
}

/**
 * Lets the simulation's script answer prompts.
 * @returns a function giving the answer, 'cancel', or undefined where nobody reacts (always for `device` prompts that the script does not cancel)
 * It throws SimulationError SCRIPT_GAP where the script says nothing of such a prompt.
 */
export const promptAnswerer =
  (world: SimulatedTill) =>
  (prompt: AnswerablePrompt): Json | 'cancel' | undefined =>
    world.answer({ kind: prompt.kind, audience: prompt.audience, text: JSON.stringify(prompt.show) });
