/** Plain JSON: what a workflow computes with, what an event holds, what crosses a plugin's edge. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A JSON Schema (draft 2020-12). */
export type JsonSchema = { readonly [key: string]: Json };

/** A text that a merchant or customer reads: Chinese first, English beside it. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Writes a value with its keys sorted, so that equal content gives equal bytes (content hashes, idempotent start).
 * @returns JSON text without white space
 */
export const canonicalJson = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isObject(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
};

/** Freezes a value and all it holds: an appended record may not change afterwards. */
export const deepFreeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const key in value) {
      const member = value[key as keyof typeof value] as unknown;
      if (typeof member === 'object') deepFreeze(member);
    }
  }
  return value;
};

/** Arrays and objects within each other, of what enters: deeper than any sensible value, and far from where the stack of whoever reads a log ends. */
export const NESTING_MAX = 200;

/**
 * A frozen copy of a value as JSON text would give it back: what somebody else made enters through this, so that his later
 * changes reach nothing of ours. As in `JSON.stringify`, `toJSON` is heard, and what JSON can't say is left out, or null in a
 * list and by itself.
 * @param nestingMax more for what has come in before, and was put into something of ours
 * @throws TypeError for a bigint or a circle, as `JSON.stringify` does, and for what is nested deeper
 */
export const ownJson = (value: unknown, nestingMax: number = NESTING_MAX): Json => plain(value, '', 0, nestingMax) ?? null;

/** Makes a member of an object's own, whatever its name. */
export const setMember = (object: { [name: string]: Json }, name: string, value: Json): void => {
  if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
};

/** @param told its `toJSON` was heard */
const plain = (value: unknown, key: string, depth: number, nestingMax: number, told = false): Json | undefined => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // JSON knows neither NaN nor -0.
      return Number.isFinite(value) ? value + 0 : null;
    case 'object':
      break;
    case 'bigint':
      return throughText(value, key, depth, nestingMax);
    default:
      return undefined;
  }
  if (value === null) return null;
  // A circle, too.
  if (depth > nestingMax) throw new TypeError(`it is nested more than ${nestingMax} deep`);
  if (!told && 'toJSON' in value && typeof value.toJSON === 'function') return plain((value.toJSON as (key: string) => unknown)(key), key, depth, nestingMax, true);
  if (Array.isArray(value)) {
    const list: Json[] = [];
    for (let index = 0; index < value.length; index++) list.push(plain(value[index], String(index), depth + 1, nestingMax) ?? null);
    return Object.freeze(list);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  // Boxed numbers and the like.
  if (prototype !== Object.prototype && prototype !== null) return throughText(value, key, depth, nestingMax);
  const copy: { [key: string]: Json } = {};
  for (const name of Object.keys(value)) {
    const member = plain((value as { [key: string]: unknown })[name], name, depth + 1, nestingMax);
    if (member === undefined) continue;
    setMember(copy, name, member);
  }
  return Object.freeze(copy);
};

const throughText = (value: unknown, key: string, depth: number, nestingMax: number): Json | undefined => plain(JSON.parse(JSON.stringify(value)), key, depth, nestingMax);
