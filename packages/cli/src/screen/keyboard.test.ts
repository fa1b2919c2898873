import { describe, expect, it, vi } from 'vitest';

/** Stands for the terminal: how the question that is asked goes on. */
const terminal = vi.hoisted(() => ({ answer: (_text: string): void => undefined }));
vi.mock('@inquirer/prompts', () => ({
  select: (_config: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      // As the library does: it closes its reader, which pauses the input, and tells the answer then.
      terminal.answer = (text) => {
        process.stdin.emit('pause');
        resolve(text);
      };
      const aborted = (): void => reject(Object.assign(new Error('aborted'), { name: 'AbortPromptError' }));
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted);
    }),
}));
const { select } = await import('./keyboard.js');

/** Node itself listens, too. */
const listeners = process.stdin.listenerCount('pause');
const asked = (signal = new AbortController().signal): Promise<string> => select<string>({ message: '?', choices: ['a'] }, { signal });

describe('a question', () => {
  it('is answered', async () => {
    const answer = asked();
    terminal.answer('a');
    expect(await answer).toBe('a');
    expect(process.stdin.listenerCount('pause')).toBe(listeners);
  });

  it('ends as by Ctrl-C when the keyboard is gone', async () => {
    const answer = asked();
    process.stdin.emit('pause');
    await expect(answer).rejects.toMatchObject({ name: 'ExitPromptError' });
    expect(process.stdin.listenerCount('pause')).toBe(listeners);
  });

  it('that is taken back is taken back', async () => {
    const stop = new AbortController();
    const answer = asked(stop.signal);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortPromptError' });
  });
});
