import { wrongParam } from './answers.js';

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(body: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return wrongParam('', 'the body is not JSON');
  }
  return isFields(value) ? value : wrongParam('', 'the body is not an object');
}

/** A text of 1 to `longest` characters at a JSON Pointer below `fields`. */
export function text(fields: Fields, pointer: string, longest: number): string {
  const value = at(fields, pointer);
  if (typeof value !== 'string' || value === '') return wrongParam(pointer, 'a text is needed');
  return value.length <= longest ? value : wrongParam(pointer, `at most ${longest} characters`);
}

export function optionalText(fields: Fields, pointer: string, longest: number): string | undefined {
  return at(fields, pointer) === undefined ? undefined : text(fields, pointer, longest);
}

/** Integer fen, above 0. */
export function fen(fields: Fields, pointer: string): number {
  const value = at(fields, pointer);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 10_000_000_000) return wrongParam(pointer, 'a whole number of fen from 1');
  return value;
}

/** CNY, or nothing. */
export function onlyCny(fields: Fields, pointer: string): void {
  const currency = at(fields, pointer);
  if (currency !== undefined && currency !== 'CNY') wrongParam(pointer, 'CNY only');
}

export function object(fields: Fields, pointer: string): Fields {
  const value = at(fields, pointer);
  return isFields(value) ? value : wrongParam(pointer, 'an object is needed');
}

/** A merchant's order number: 6 to 32 of digits, letters and `_-|*`. */
export function checkedOrderNumber(value: string, field: string, location: 'body' | 'url'): string {
  return /^[0-9A-Za-z_\-|*]{6,32}$/.test(value) ? value : wrongParam(field, '6 to 32 of digits, letters and _-|*', location);
}

function at(fields: Fields, pointer: string): unknown {
  let value: unknown = fields;
  for (const name of pointer.split('/').slice(1)) value = isFields(value) ? value[name] : undefined;
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
