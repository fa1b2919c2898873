import { type Catalogue, fromDecimal, type Json, minorDigits, type Prompt, type Text, toDecimal } from '@tillwright/core';
import { inLine, type Language, say } from '../language.js';
import { input, password, select } from './keyboard.js';

export const CANCEL = Symbol('cancel');
export type Answer = Json | typeof CANCEL;

const words = {
  cancel: { zh: '取消', en: 'Cancel' },
  agree: { zh: '确认', en: 'Confirm' },
  understood: { zh: '知道了', en: 'OK' },
  notAmount: { zh: '请输入金额，如 88.00', en: 'Enter an amount such as 88.00' },
  outside: { zh: '金额须在限额之内：', en: 'The amount must be within: ' },
  amountHint: { zh: '（输入 c 取消）', en: ' (c cancels)' },
  between: { zh: '接下来？', en: 'What next?' },
  nextSale: { zh: '下一笔收款', en: 'Next sale' },
  closeTill: { zh: '关闭收银台', en: 'Close the till' },
  customer: { zh: '顾客', en: 'customer' },
  merchant: { zh: '商户', en: 'merchant' },
} as const satisfies Record<string, Text>;

export const audienceName = (language: Language, audience: 'merchant' | 'customer'): string => say(language, words[audience]);

/** The library's help line speaks English unless told otherwise. */
const keysIn = (language: Language) => ({
  style: { keysHelpTip: (keys: [key: string, action: string][]): string => keys.map(([key, action]) => `${key} ${language === 'zh' ? (KEYS_ZH[action] ?? action) : action}`).join(' • ') },
});
const KEYS_ZH: { readonly [action: string]: string } = { navigate: '移动', select: '选择' };

/** All of them at once where the screen is as high as most: the last one is how to cancel. */
const CHOICES_SHOWN = 18;

interface Option {
  readonly value: Json;
  readonly label: Text;
  readonly disabled?: boolean;
  readonly why?: Text;
}

/** What was typed before something was shown above the question: it stands there again when it is asked anew. PINs are typed anew. */
export interface Draft {
  text: string;
}

/** Asks a person at the terminal. Throws inquirer's abort error when the prompt is closed meanwhile. */
export const askPrompt = async (prompt: Prompt, language: Language, signal: AbortSignal, draft: Draft): Promise<Answer> => {
  const message = `[${audienceName(language, prompt.audience)}] ${say(language, prompt.show.text)}`;
  switch (prompt.kind) {
    case 'amount':
      return await askAmount(message, prompt, language, signal, draft);
    case 'choose': {
      const options = prompt.show['options'] as unknown as readonly Option[];
      return await select<Answer>(
        {
          message,
          theme: keysIn(language),
          pageSize: CHOICES_SHOWN,
          choices: [
            ...options.map(({ value, label, disabled, why }) => ({
              value: value as Answer,
              name: say(language, label),
              disabled: disabled ? (why ? `(${say(language, why)})` : true) : false,
            })),
            { value: CANCEL as Answer, name: say(language, words.cancel) },
          ],
        },
        { signal },
      );
    }
    case 'confirm': {
      const lines = prompt.show['lines'] as unknown as readonly { label: Text; value: string }[];
      const details = lines.map(({ label, value }) => `\n    ${say(language, label)}: ${inLine(value)}`).join('');
      return await agree(`${message}${details}\n `, say(language, words.agree), language, signal);
    }
    default:
      return await agree(message, say(language, words.understood), language, signal);
  }
};

const agree = (message: string, yes: string, language: Language, signal: AbortSignal): Promise<Answer> =>
  select<Answer>(
    {
      message,
      theme: keysIn(language),
      choices: [
        { value: true, name: yes },
        { value: CANCEL, name: say(language, words.cancel) },
      ],
    },
    { signal },
  );

const askAmount = async (message: string, prompt: Prompt, language: Language, signal: AbortSignal, draft: Draft): Promise<Answer> => {
  const currency = String(prompt.show['currency'] ?? 'CNY');
  const min = Number(prompt.show['minMinor'] ?? 1);
  const max = Number(prompt.show['maxMinor'] ?? Number.MAX_SAFE_INTEGER);
  const parsed = (text: string): number | string => {
    try {
      const { amountMinor } = fromDecimal(text.trim(), currency);
      if (amountMinor >= min && amountMinor <= max) return amountMinor;
      return `${say(language, words.outside)}${toDecimal({ amountMinor: min, currency })} - ${toDecimal({ amountMinor: max, currency })}`;
    } catch {
      return minorDigits(currency) === 0 ? say(language, words.notAmount).replace('.00', '') : say(language, words.notAmount);
    }
  };
  const typed = await askText(message + say(language, words.amountHint), signal, draft, (text) => {
    if (isCancel(text)) return true;
    const amount = parsed(text);
    return typeof amount === 'number' ? true : amount;
  });
  return isCancel(typed) ? CANCEL : Number(parsed(typed));
};

const isCancel = (text: string): boolean => /^(c|cancel|取消)$/i.test(text.trim());

export const askChoice = <T>(message: string, choices: readonly { value: T; name: string }[], language: Language, signal: AbortSignal): Promise<T | typeof CANCEL> =>
  select<T | typeof CANCEL>({ message, theme: keysIn(language), pageSize: CHOICES_SHOWN, choices: [...choices, { value: CANCEL, name: say(language, words.cancel) }] }, { signal });

/** Asks for a code to be scanned, and tells what those of each method look like. */
export const codeQuestion = (methods: Catalogue['methods'], language: Language): string => {
  const known = methods.flatMap(({ label, payerCode }) => {
    if (!payerCode) return [];
    const { prefixes, minLength, maxLength } = payerCode;
    const [first, last] = [Number(prefixes[0]), Number(prefixes.at(-1))];
    const from = last - first === prefixes.length - 1 ? span(first, last) : prefixes.join('/');
    const digits = span(minLength, maxLength);
    return [say(language, { zh: `${label.zh} ${from} 开头 ${digits} 位`, en: `${label.en}: ${digits} digits from ${from}` })];
  });
  return say(language, { zh: `出示的码（${[...known, 'c 取消'].join('；')}）`, en: `The code (${[...known, 'c cancels'].join('; ')})` });
};

const span = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`);

/** Between two sales. */
export const askNext = (language: Language, signal: AbortSignal): Promise<boolean> =>
  select<boolean>(
    {
      message: say(language, words.between),
      theme: keysIn(language),
      choices: [
        { value: true, name: say(language, words.nextSale) },
        { value: false, name: say(language, words.closeTill) },
      ],
    },
    { signal },
  );

/** Digits are shown as stars. An empty entry is a bypass; `c` cancels. */
export const askPin = (message: string, options: { minLength: number; maxLength: number; allowBypass: boolean }, language: Language, signal: AbortSignal): Promise<string> =>
  password(
    {
      message,
      mask: '*',
      validate: (text) => {
        if (isCancel(text) || (text === '' && options.allowBypass)) return true;
        return /^\d+$/.test(text) && text.length >= options.minLength && text.length <= options.maxLength
          ? true
          : say(language, { zh: `请输入 ${options.minLength} 到 ${options.maxLength} 位数字`, en: `Enter ${options.minLength} to ${options.maxLength} digits` });
      },
    },
    { signal },
  );

export const askText = (message: string, signal: AbortSignal, draft: Draft, validate: (text: string) => true | string): Promise<string> =>
  input(
    {
      message,
      validate,
      default: draft.text,
      prefill: 'editable',
      // Called with each key.
      transformer: (text) => (draft.text = text),
    },
    { signal },
  );

export { isCancel };
