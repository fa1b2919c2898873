/**
 * What payment methods say, held against the contract where it comes in. A plugin may be wrong in any way: what is none of the
 * answers to what was asked decides nothing (3), and harms no other payment.
 */
import type { Answer, Completion, Finding, Prepared, Remedy, ReverseAnswer, Unknown } from '../contract.js';
import { kindOf } from '../fault.js';
import { isObject, type Json, type JsonSchema, ownJson } from '../json.js';
import { name, number, object, string, text } from '../shapes.js';
import { schemas } from './schemas.js';

const money = object({ amountMinor: number, currency: string });

/** By outcome; `verified`, amounts and currencies are judged where they count. */
const outcomes: { readonly [outcome: string]: JsonSchema } = {
  approved: object({ amount: money, completion: { enum: ['due', 'none'] } }, { facts: object({}), owed: object({}) }),
  declined: object({ code: string, hint: text, again: { enum: ['never', 'new-input', 'sign-on-first', 'later'] } }, { error: string }),
  pending: object({ waitingFor: { enum: ['payer', 'host'] } }, { show: object({}) }),
  unknown: object({ reason: { enum: ['no-answer', 'unverified', 'garbled', 'mismatch', 'duplicate', 'host-error', 'failed'] }, why: string }),
  'not-sent': object({ why: string }),
  absent: object({}),
  undone: object({ proof: { enum: ['closed', 'money-back', 'acknowledged', 'no-original'] } }),
  'not-now': object({ retryAt: number, why: string }),
  refused: object({ code: string }),
  completed: object({}, { facts: object({}) }),
  'refused-by-card': object({ why: string }),
};

/** Plain data of the method's own no more, or why it is none that was asked for. */
const read = (value: unknown, shapeOf: (plain: Json) => JsonSchema | undefined): { readonly plain: Json } | { readonly problem: string } => {
  let plain: Json;
  try {
    plain = ownJson(value);
  } catch {
    return { problem: 'the method gave what is no plain data' };
  }
  const expected = shapeOf(plain);
  if (!expected) return { problem: 'the method gave what is no answer to this' };
  const problem = schemas.problem(expected, plain, 'what the method gave');
  return problem === undefined ? { plain } : { problem };
};

const oneOf = (allowed: readonly string[]) => (plain: Json): JsonSchema | undefined =>
  isObject(plain) && typeof plain['outcome'] === 'string' && allowed.includes(plain['outcome']) ? outcomes[plain['outcome']] : undefined;

const isText = (label: Json | undefined): boolean => isObject(label) && typeof label['zh'] === 'string' && typeof label['en'] === 'string';
const isLine = (line: Json): boolean => isObject(line) && typeof line['key'] === 'string' && isText(line['label']) && typeof line['value'] === 'string';

/** What a line of the receipt was meant to be, where it can be told. */
const lineOf = (line: Json): Json[] => {
  if (isLine(line)) return [line];
  if (!isObject(line)) return [];
  const { key, label, value } = line;
  const meant = { ...line, key: String(key ?? ''), label: typeof label === 'string' ? { zh: label, en: label } : label, value: typeof value === 'number' ? String(value) : value };
  return isLine(meant as Json) ? [meant as Json] : [];
};

/** A line that is none costs no approval, keeps no receipt from its customer, and no case from a person. */
const withLines = (answer: Json): Json => {
  if (!isObject(answer) || !isObject(answer['facts'])) return answer;
  const { facts } = answer;
  const { receipt } = facts;
  if (Array.isArray(receipt) && receipt.every(isLine)) return answer;
  return { ...answer, facts: { ...facts, receipt: Array.isArray(receipt) ? receipt.flatMap(lineOf) : [] } };
};

const answering = <T>(...allowed: string[]) => {
  const shapeOf = oneOf(allowed);
  return (value: unknown): T | Unknown => {
    const said = read(value, shapeOf);
    return 'plain' in said ? (withLines(said.plain) as T) : { outcome: 'unknown', reason: 'garbled', why: said.problem };
  };
};

export const submitAnswer = answering<Answer>('approved', 'declined', 'pending', 'unknown', 'not-sent');
export const findingOf = answering<Finding>('approved', 'declined', 'pending', 'unknown', 'absent', 'undone');
export const reverseAnswer = answering<ReverseAnswer>('undone', 'unknown', 'not-now', 'refused', 'not-sent');

const completions = oneOf(['completed', 'refused-by-card']);

/** What is no word of the card is none of its acceptance. */
export const completionOf = (value: unknown): Completion => {
  const said = read(value, completions);
  return 'plain' in said ? (withLines(said.plain) as Completion) : { outcome: 'refused-by-card', why: said.problem };
};

const remedies: { readonly [remedy: string]: JsonSchema } = { reverse: object({}), void: object({ amount: money }), refund: object({ amount: money }), 'ask-person': object({ why: string }) };

/** Where the method names none, also by throwing, a person is asked. */
export const remedyOf = (ask: () => unknown): Remedy => {
  try {
    const said = read(ask(), (plain) => (isObject(plain) && typeof plain['do'] === 'string' && Object.hasOwn(remedies, plain['do']) ? remedies[plain['do']] : undefined));
    return 'plain' in said ? (said.plain as Remedy) : { do: 'ask-person', why: said.problem };
  } catch (error) {
    return { do: 'ask-person', why: `the method names no remedy (${kindOf(error)})` };
  }
};

const preparation = object({ reference: name, lane: name, data: object({}), dataVersion: number }, { hostExpiryMs: number });

/** What was prepared, with what is to be sealed; or why nothing can be sent by it. */
export const preparedOf = (value: unknown): { readonly prepared: Prepared; readonly sealed?: Uint8Array } | { readonly problem: string } => {
  const { prepared, sealed } = (typeof value === 'object' && value !== null ? value : {}) as { prepared?: unknown; sealed?: unknown };
  const said = read(prepared, () => preparation);
  if ('problem' in said) return said;
  if (sealed !== undefined && !(sealed instanceof Uint8Array)) return { problem: 'what the method gave to be sealed is no Uint8Array' };
  return { prepared: said.plain as unknown as Prepared, ...(sealed ? { sealed } : {}) };
};
