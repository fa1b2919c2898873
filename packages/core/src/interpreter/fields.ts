/** Fields whose value must be of one kind. A wrong one fails the state with `States.QueryEvaluationError`. */
import type { Expression } from '../definition/asl.js';
import { isObject, type Json } from '../json.js';
import type { StateFailed, Turn } from './turn.js';
import type { ScopeState } from './types.js';

const kindOf = (value: Json): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isObject(value)) return 'object';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  return typeof value;
};

const unexpected = (turn: Turn, scope: ScopeState, template: Json, field: string, expected: string, found: Json): StateFailed => {
  const what =
    typeof template === 'string' && template.startsWith('{%')
      ? `The JSONata expression '${template.slice(2, -2).trim()}' specified for the field '${field}' returned an unexpected result type.`
      : `The field '${field}' holds an unexpected type.`;
  return turn.failure(scope, 'States.QueryEvaluationError', `${what} Expected '${expected}', but was '${kindOf(found)}' for value: ${shown(found)}`);
};

const SHOWN_MAX = 1000;

/** A value as a cause shows it. */
export const shown = (value: Json): string => {
  const text = JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
};

/** What the field comes to, once it is there. */
const checked = <T extends Json>(found: Json | Promise<Json>, check: (value: Json) => T): T | Promise<T> => (found instanceof Promise ? found.then(check) : check(found));

/** As all of these, a promise only where the expression has to be waited for. */
export const text = (turn: Turn, scope: ScopeState, template: string, field: string): string | Promise<string> =>
  checked(turn.evaluate(scope, template, `/${field}`), (value) => {
    if (typeof value === 'string') return value;
    throw unexpected(turn, scope, template, field, 'string', value);
  });

export const truth = (turn: Turn, scope: ScopeState, template: Expression<boolean>, field: string): boolean | Promise<boolean> =>
  checked(turn.evaluate(scope, template, `/${field}`), (value) => {
    if (typeof value === 'boolean') return value;
    throw unexpected(turn, scope, template, field, 'boolean', value);
  });

/** A whole number from `min` on; `max` keeps dates within what JavaScript's clock can name. */
export const wholeNumber = (
  turn: Turn,
  scope: ScopeState,
  template: Expression<number>,
  field: string,
  range: { readonly min: number; readonly max: number },
): number | Promise<number> =>
  checked(typeof template === 'number' ? template : turn.evaluate(scope, template, `/${field}`), (value) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw unexpected(turn, scope, template, field, 'integer', value);
    if (value < range.min || value > range.max) {
      throw turn.failure(scope, 'States.QueryEvaluationError', `The field '${field}' must be between ${range.min} and ${range.max} but was: ${value}`);
    }
    return value;
  });

/** 0 to 100, fractions included. */
export const percentage = (turn: Turn, scope: ScopeState, template: Expression<number>, field: string): number | Promise<number> =>
  checked(turn.evaluate(scope, template, `/${field}`), (value) => {
    if (typeof value !== 'number') throw unexpected(turn, scope, template, field, 'number', value);
    if (value >= 0 && value <= 100) return value;
    throw turn.failure(scope, 'States.QueryEvaluationError', `The field '${field}' must be between 0 and 100 but was: ${value}`);
  });

export const list = (turn: Turn, scope: ScopeState, template: Expression<readonly Json[]>, field: string): readonly Json[] | Promise<readonly Json[]> =>
  checked(turn.evaluate(scope, template, `/${field}`), (value) => {
    if (Array.isArray(value)) return value as readonly Json[];
    throw unexpected(turn, scope, template as Json, field, 'array', value);
  });

/** AWS's own upper bound for TimeoutSeconds, HeartbeatSeconds and Seconds. */
export const SECONDS = { min: 0, max: 99_999_999 } as const;
