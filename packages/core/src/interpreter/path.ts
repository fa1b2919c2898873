import { isObject, type Json } from '../json.js';
import type { EvaluationScope } from './types.js';

// Names that the grammar reads as something else when they stand where a step may stand.
const WORDS = new Set(['true', 'false', 'null', 'function', 'and', 'or', 'in']);
const PATH = /^\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)$/;

const NUMBER = /^-?(0|[1-9]\d{0,14})(\.\d{1,14})?$/;
const STRING = /^("[^"\\]*"|'[^'\\]*')$/;

/** The value of an expression that is a literal, `{% true %}`; undefined for any other. */
export const constantOf = (text: string): Json | undefined => {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  // A log would read -0 back as 0.
  if (NUMBER.test(text)) return Number(text) + 0;
  return STRING.test(text) ? text.slice(1, -1) : undefined;
};

/**
 * Reads `$x`, `$x.y.z`, `$states.input.a` without JSONata, where the outcome is the same.
 * @returns a reader that gives undefined where JSONata has to decide: nothing found, or an array on the way, which it would map
 * over; or undefined if the text is no such path
 */
export const compilePath = (text: string): ((scope: EvaluationScope) => Json | undefined) | undefined => {
  const match = PATH.exec(text);
  if (!match) return undefined;
  const name = match[1] ?? '';
  const steps = (match[2] ?? '').split('.').slice(1);
  if (steps.some((step) => WORDS.has(step))) return undefined;
  if (name !== 'states') return (scope) => (Object.hasOwn(scope.variables, name) ? walk(scope.variables[name], steps) : undefined);
  const [member, ...rest] = steps;
  // `$states` as a whole holds a context that is made on demand: it is copied like any other result.
  return member === undefined ? undefined : (scope) => walk(statesMember(scope, member), rest);
};

/** @returns undefined where a name is not there, or stands in anything but an object */
export const walk = (from: Json | undefined, names: readonly string[]): Json | undefined => {
  let value = from;
  for (const name of names) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
};

/** What `$states.name` is. */
export const statesMember = (scope: EvaluationScope, name: string): Json | undefined => {
  if (scope.statesMember) return scope.statesMember(name);
  return Object.hasOwn(scope.states, name) ? scope.states[name] : undefined;
};
