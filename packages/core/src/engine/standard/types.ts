import type { ActionContext, ActionManifest, Audience, Clock } from '../../contract.js';
import type { Json, JsonObject, JsonSchema, Text } from '../../json.js';
import type { Journal } from '../journal.js';
import type { Prompts } from '../prompts.js';
import type { Receipts } from '../receipts.js';
import type { Settler } from '../settler.js';
import type { Stop } from '../stops.js';
import type { LoadedTerminal } from '../terminal.js';

/** What core's own actions are given beside their arguments. */
export interface StandardContext extends Omit<ActionContext, 'signal' | 'dueAt'> {
  readonly dueAt: number | undefined;
  readonly attempt: number;
  /** Aborted on cancel, on time-out, and when the engine closes; has a `signal` for whoever needs one. */
  readonly stop: Stop;
  /** Idempotency key of the transaction, where it has one. */
  readonly key: string | undefined;
  /** Prompts of this step that were answered before a restart. */
  readonly answers: { readonly [audience: string]: Json };
  /** Notes one audience's answer in the log. */
  answered(audience: Audience, value: Json): void;
  readonly loaded: LoadedTerminal;
  readonly services: StandardServices;
}

export interface StandardServices {
  readonly prompts: Prompts;
  readonly settler: Settler;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly receipts: Receipts;
}

/** An action of core's own. One that moves money ends by itself: cancel and time-out are requests to it (rule 14). */
export interface StandardAction extends ActionManifest {
  readonly movesMoney?: boolean;
  /** It does nothing outside before what its flow was told of a payment is on disk, so that it need not be kept waiting. */
  readonly waitsItself?: boolean;
  run(args: JsonObject, context: StandardContext): Promise<Json>;
}

export const standard = <A>(action: ActionManifest & Pick<StandardAction, 'movesMoney' | 'waitsItself'> & { run(args: A, context: StandardContext): Promise<Json> }): StandardAction =>
  action as unknown as StandardAction;

export const object = (properties: { readonly [name: string]: JsonSchema }, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** A text as workflows write it: one string for both languages, or one for each. */
export type TextArgument = string | Text;
export const textSchema: JsonSchema = {
  anyOf: [{ type: 'string' }, object({ zh: { type: 'string' }, en: { type: 'string' } }, ['zh', 'en'])],
};
export const toText = (text: TextArgument | undefined, otherwise: Text): Text & JsonObject => {
  const { zh, en } = text === undefined ? otherwise : typeof text === 'string' ? { zh: text, en: text } : text;
  return { zh, en };
};

export const amountMinorSchema: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
export const currencySchema: JsonSchema = { type: 'string', pattern: '^[A-Z]{3}$', default: 'CNY' };

/** Errors that any Task may end with. */
export const cancelled: { readonly [name: string]: Text } = {
  'Terminal.Cancelled': { zh: '已取消', en: 'Cancelled' },
};
