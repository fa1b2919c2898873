import { ActionError, type Audience } from '../../contract.js';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../../json.js';
import type { Prompt } from '../prompts.js';
import { amountMinorSchema, cancelled, currencySchema, object, standard, type StandardAction, type StandardContext, type TextArgument, textSchema, toText } from './types.js';

const audienceSchema: JsonSchema = { enum: ['merchant', 'customer'] };
const oneAudience: JsonSchema = { ...audienceSchema, default: 'merchant' };
/** One object for all: a schema is compiled, and looked up, by what it is. */
const AGREED: JsonSchema = { const: true };
const ANY_AMOUNT: JsonSchema = { type: 'integer', minimum: 1, maximum: 99_999_999 };

/** Opens a prompt for each audience and waits until all have answered; one who cancels ends it for all. */
const ask = (
  context: StandardContext,
  audiences: readonly Audience[],
  prompt: Pick<Prompt, 'kind' | 'show'> & { answer: JsonSchema },
): Promise<{ readonly [audience: string]: Json }> =>
  new Promise((resolve, reject) => {
    const answers: { [audience: string]: Json } = { ...context.answers };
    const closers: (() => void)[] = [];
    let over = false;
    const end = (finish: () => void): void => {
      over = true;
      for (const close of closers) close();
      deaf();
      finish();
    };
    const deaf = context.stop.onAbort(() => end(() => reject(context.stop.reason)));
    const isDone = (): boolean => audiences.every((audience) => audience in answers);
    const finish = (): void => end(() => resolve(answers));
    for (const audience of audiences.filter((each) => !(each in answers))) {
      const close = context.services.prompts.open(
        {
          id: `${context.executionId}/${context.step}@${context.attempt}/${audience}`,
          terminalId: context.terminal.id,
          executionId: context.executionId,
          step: context.step,
          audience,
          ...prompt,
          ...(context.dueAt === undefined ? {} : { dueAt: context.dueAt }),
        },
        (how) => {
          if (how.is === 'cancelled') return end(() => reject(new ActionError('Terminal.Cancelled', `cancelled by ${how.by}`, { by: how.by })));
          answers[audience] = how.value;
          // The last answer stands in the step's own end; one that waits for others must outlive a restart.
          if (isDone()) finish();
          else context.answered(audience, how.value);
        },
      );
      // Whoever was told of it has cancelled, or answered for all, as he heard of it: nobody else is asked.
      if (over) return close();
      closers.push(close);
    }
    if (isDone()) finish();
  });

export const promptActions: { readonly [name: string]: StandardAction } = {
  amount: standard<{ text?: TextArgument; currency?: string; minMinor?: number; maxMinor?: number; audience?: Audience }>({
    description: { zh: '输入金额', en: 'Asks for an amount; the result is in minor units' },
    arguments: object({ text: textSchema, currency: currencySchema, minMinor: amountMinorSchema, maxMinor: amountMinorSchema, audience: oneAudience }),
    result: amountMinorSchema,
    errors: cancelled,
    redo: 'again',
    run: async ({ text, currency = 'CNY', minMinor = 1, maxMinor = 99_999_999, audience = 'merchant' }, context) => {
      const answers = await ask(context, [audience], {
        kind: 'amount',
        show: { text: toText(text, { zh: '请输入金额', en: 'Enter the amount' }), currency, minMinor, maxMinor },
        answer: minMinor === ANY_AMOUNT['minimum'] && maxMinor === ANY_AMOUNT['maximum'] ? ANY_AMOUNT : { type: 'integer', minimum: minMinor, maximum: Math.min(maxMinor, Number.MAX_SAFE_INTEGER) },
      });
      return answers[audience] ?? null;
    },
  }),

  choose: standard<{ text?: TextArgument; options: { value: Json; label: TextArgument; disabled?: boolean; why?: TextArgument }[]; audience?: Audience }>({
    description: { zh: '从列表中选择', en: 'Asks for one of several options; the result is its value' },
    arguments: object(
      {
        text: textSchema,
        audience: oneAudience,
        options: {
          type: 'array',
          minItems: 1,
          items: object({ value: true as unknown as JsonSchema, label: textSchema, disabled: { type: 'boolean' }, why: textSchema }, ['value', 'label']),
        },
      },
      ['options'],
    ),
    result: {},
    errors: cancelled,
    redo: 'again',
    run: async ({ text, options, audience = 'merchant' }, context) => {
      const usable = options.filter((option) => !option.disabled).map((option) => option.value);
      const answers = await ask(context, [audience], {
        kind: 'choose',
        show: {
          text: toText(text, { zh: '请选择', en: 'Please choose' }),
          options: options.map(({ value, label, disabled = false, why }) => ({
            value,
            label: toText(label, { zh: '', en: '' }),
            disabled,
            ...(why === undefined ? {} : { why: toText(why, { zh: '', en: '' }) }),
          })),
        },
        answer: usable.length > 0 ? { enum: usable } : { not: {} },
      });
      return answers[audience] ?? null;
    },
  }),

  confirm: standard<{ text?: TextArgument; lines?: { label: TextArgument; value: string }[]; audience?: Audience[] }>({
    description: { zh: '确认：各方都同意才继续', en: 'Shows details; all asked must agree, any may cancel' },
    arguments: object({
      text: textSchema,
      lines: { type: 'array', items: object({ label: textSchema, value: { type: 'string' } }, ['label', 'value']) },
      audience: { type: 'array', items: audienceSchema, minItems: 1, uniqueItems: true, default: ['merchant', 'customer'] },
    }),
    result: AGREED,
    errors: cancelled,
    redo: 'again',
    run: async ({ text, lines = [], audience = ['merchant', 'customer'] }, context) => {
      await ask(context, audience, {
        kind: 'confirm',
        show: {
          text: toText(text, { zh: '请确认', en: 'Please confirm' }),
          lines: lines.map(({ label, value }) => ({ label: toText(label, { zh: '', en: '' }), value })),
        },
        answer: AGREED,
      });
      return true;
    },
  }),

  notice: standard<{ text: TextArgument; details?: JsonObject; audience?: Audience }>({
    description: { zh: '显示信息，等待确认', en: 'Shows a text until it is acknowledged' },
    arguments: object({ text: textSchema, details: { type: 'object' }, audience: oneAudience }, ['text']),
    result: AGREED,
    errors: cancelled,
    redo: 'again',
    run: async ({ text, details, audience = 'merchant' }, context) => {
      await ask(context, [audience], {
        kind: 'notice',
        show: { text: toText(text, { zh: '', en: '' }), ...(isObject(details) ? { details } : {}) },
        answer: AGREED,
      });
      return true;
    },
  }),
};
