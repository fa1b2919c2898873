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
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
};
