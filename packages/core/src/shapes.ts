/** JSON Schemas of what plugins give: their parts, under short names. */
import type { JsonSchema } from './json.js';

type Members = { readonly [name: string]: JsonSchema };

export const string = { type: 'string' };
/** A text that is not empty. */
export const name = { type: 'string', minLength: 1 };
export const number = { type: 'number' };
export const boolean = { type: 'boolean' };
export const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
export const table = (values: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: values });
export const object = (members: Members, optional: Members = {}): JsonSchema => ({ type: 'object', required: Object.keys(members), properties: { ...members, ...optional } });
/** What a merchant or customer reads. */
export const text = object({ zh: string, en: string });
