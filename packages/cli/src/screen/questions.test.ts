import { describe, expect, it, vi } from 'vitest';

/** Stands for the terminal: what the person types is what the library would have shown, key by key. */
const terminal = vi.hoisted(() => ({ typed: '', asked: [] as { default?: string; prefill?: string }[] }));
vi.mock('@inquirer/prompts', () => ({
  input: async (config: { default?: string; prefill?: string; transformer?: (text: string) => string; validate(text: string): true | string }, { signal }: { signal: AbortSignal }) => {
    terminal.asked.push({ default: config.default ?? '', prefill: config.prefill ?? '' });
    const text = (config.default ?? '') + terminal.typed;
    for (let length = 1; length <= text.length; length += 1) expect(config.transformer?.(text.slice(0, length))).toBe(text.slice(0, length));
    if (signal.aborted) throw Object.assign(new Error('aborted'), { name: 'AbortPromptError' });
    if (config.validate(text) !== true) throw new Error('refused');
    return text;
  },
}));
const { askText } = await import('./questions.js');

describe('a question that was interrupted', () => {
  it('stands there again with what was typed', async () => {
    const draft = { text: '' };
    terminal.typed = '88.';
    await expect(askText('Amount', AbortSignal.abort(), draft, () => true)).rejects.toThrow('aborted');
    terminal.typed = '50';
    expect(await askText('Amount', new AbortController().signal, draft, () => true)).toBe('88.50');
    expect(terminal.asked).toEqual([{ default: '', prefill: 'editable' }, { default: '88.', prefill: 'editable' }]);
  });
});
