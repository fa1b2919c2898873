import type { Prompt, Till } from '@tillwright/core';
import { promptAnswerer, type SimulatedTill } from '@tillwright/device-sim';

/** Lets the script answer for merchant and customer; a prompt that it does not know ends the run. */
export const answerByScript = (till: Till, world: SimulatedTill, notice: (line: string) => void, gap: (error: unknown) => void): void => {
  const answer = promptAnswerer(world);
  till.on('prompt', (prompt: Prompt) => {
    // Answered in a turn of its own, as a person would: the prompt is open by then.
    setImmediate(() => {
      if (!till.prompts().some(({ id }) => id === prompt.id)) return;
      try {
        const value = answer(prompt);
        if (value === undefined) return;
        notice(`${prompt.audience} ${prompt.kind}: ${value === 'cancel' ? 'cancel' : JSON.stringify(value)}`);
        if (value === 'cancel') till.cancelPrompt(prompt.id, prompt.audience);
        else till.answer(prompt.id, value);
      } catch (error) {
        gap(error);
        till.cancelPrompt(prompt.id, 'script');
      }
    });
  });
};
