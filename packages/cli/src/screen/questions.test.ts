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
const { askText, codeQuestion } = await import('./questions.js');

it('a code is asked for by what the methods of this till read', () => {
  const method = { label: { zh: '支付宝', en: 'Alipay' }, needs: 'payer-code', operations: ['sale'], arguments: {}, errors: {} } as const;
  const methods = [
    { ...method, id: 'alipay', payerCode: { prefixes: ['25', '26', '27'], minLength: 16, maxLength: 24 } },
    { ...method, id: 'points', label: { zh: '会员积分', en: 'Member points' }, payerCode: { prefixes: ['91'], minLength: 16, maxLength: 16 } },
    { ...method, id: 'gift', label: { zh: '礼品卡', en: 'Gift card' }, payerCode: { prefixes: ['60', '64'], minLength: 20, maxLength: 20 } },
    { ...method, id: 'card', needs: 'card' },
  ] as const;
  expect(codeQuestion(methods, 'zh')).toBe('出示的码（支付宝 25-27 开头 16-24 位；会员积分 91 开头 16 位；礼品卡 60/64 开头 20 位；c 取消）');
  expect(codeQuestion(methods, 'en')).toBe('The code (Alipay: 16-24 digits from 25-27; Member points: 16 digits from 91; Gift card: 20 digits from 60/64; c cancels)');
});

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
