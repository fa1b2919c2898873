/**
 * What payment methods say, held against the contract where it comes in. A plugin may be wrong in any way: what is none of the
 * answers to what was asked decides nothing (3), and harms no other payment.
 */
import type { Answer, Completion, Finding, Prepared, Remedy, ReverseAnswer, Unknown } from '../contract.js';
import { kindOf } from '../fault.js';
import { isObject, type Json, type JsonSchema, ownJson } from '../json.js';
import { schemas } from './schemas.js';

const string = { type: 'string' };
const shape = (properties: { readonly [name: string]: JsonSchema }, optional: { readonly [name: string]: JsonSchema } = {}): JsonSchema =>
  ({ type: 'object', required: Object.keys(properties), properties: { ...properties, ...optional } }) as JsonSchema;
const money = shape({ amountMinor: { type: 'number' }, currency: string });
const text = shape({ zh: string, en: string });

/** By outcome; `verified`, amounts and currencies are judged where they count. */
const outcomes: { readonly [outcome: string]: JsonSchema } = {
  approved: shape({ amount: money, completion: { enum: ['due', 'none'] } }, { facts: { type: 'object' }, owed: { type: 'object' } }),
  declined: shape({ code: string, hint: text, again: { enum: ['never', 'new-input', 'sign-on-first', 'later'] } }, { error: string }),
  pending: shape({ waitingFor: { enum: ['payer', 'host'] } }, { show: { type: 'object' } }),
  unknown: shape({ reason: { enum: ['no-answer', 'unverified', 'garbled', 'mismatch', 'duplicate', 'host-error'] }, why: string }),
  'not-sent': shape({ why: string }),
  absent: shape({}),
  undone: shape({ proof: { enum: ['closed', 'money-back', 'acknowledged', 'no-original'] } }),
  'not-now': shape({ retryAt: { type: 'number' }, why: string }),
  refused: shape({ code: string }),
  completed: shape({}, { facts: { type: 'object' } }),
  'refused-by-card': shape({ why: string }),
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

const answering = <T>(...allowed: string[]) => {
  const shapeOf = oneOf(allowed);
  return (value: unknown): T | Unknown => {
    const said = read(value, shapeOf);
    return 'plain' in said ? (said.plain as T) : { outcome: 'unknown', reason: 'garbled', why: said.problem };
  };
};

export const submitAnswer = answering<Answer>('approved', 'declined', 'pending', 'unknown', 'not-sent');
export const findingOf = answering<Finding>('approved', 'declined', 'pending', 'unknown', 'absent', 'undone');
export const reverseAnswer = answering<ReverseAnswer>('undone', 'unknown', 'not-now', 'refused', 'not-sent');

const completions = oneOf(['completed', 'refused-by-card']);

/** What is no word of the card is none of its acceptance. */
export const completionOf = (value: unknown): Completion => {
  const said = read(value, completions);
  return 'plain' in said ? (said.plain as Completion) : { outcome: 'refused-by-card', why: said.problem };
};

const remedies: { readonly [remedy: string]: JsonSchema } = { reverse: shape({}), void: shape({ amount: money }), refund: shape({ amount: money }), 'ask-person': shape({ why: string }) };

/** Where the method names none, also by throwing, a person is asked. */
export const remedyOf = (ask: () => unknown): Remedy => {
  try {
    const said = read(ask(), (plain) => (isObject(plain) && typeof plain['do'] === 'string' && Object.hasOwn(remedies, plain['do']) ? remedies[plain['do']] : undefined));
    return 'plain' in said ? (said.plain as Remedy) : { do: 'ask-person', why: said.problem };
  } catch (error) {
    return { do: 'ask-person', why: `the method names no remedy (${kindOf(error)})` };
  }
};

const preparation = shape({ reference: { type: 'string', minLength: 1 }, lane: { type: 'string', minLength: 1 }, data: { type: 'object' }, dataVersion: { type: 'number' } }, { hostExpiryMs: { type: 'number' } });

/** What was prepared, with what is to be sealed; or why nothing can be sent by it. */
export const preparedOf = (value: unknown): { readonly prepared: Prepared; readonly sealed?: Uint8Array } | { readonly problem: string } => {
  const { prepared, sealed } = (typeof value === 'object' && value !== null ? value : {}) as { prepared?: unknown; sealed?: unknown };
  const said = read(prepared, () => preparation);
  if ('problem' in said) return said;
  if (sealed !== undefined && !(sealed instanceof Uint8Array)) return { problem: 'what the method gave to be sealed is no Uint8Array' };
  return { prepared: said.plain as unknown as Prepared, ...(sealed ? { sealed } : {}) };
};
