import { refused, type ResponseNode } from './envelope.js';

export type Fields = Readonly<Record<string, unknown>>;

/** Ends a method with a business answer. */
export class BusinessFailure extends Error {
  constructor(readonly node: ResponseNode) {
    super(String(node['sub_code']));
  }
}

export function fail(subCode: string, fields: Fields = {}): never {
  throw new BusinessFailure(refused('40004', subCode, fields));
}

/** @returns fen of a decimal yuan text such as `88.88`; undefined when it is none, zero, or over 100 million yuan */
export function minorOf(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^(0|[1-9]\d{0,8})(\.\d{1,2})?$/.test(value)) return undefined;
  const [whole = '0', fen = ''] = value.split('.');
  const amountMinor = Number(whole) * 100 + Number(fen.padEnd(2, '0'));
  return amountMinor > 0 && amountMinor <= 10_000_000_000 ? amountMinor : undefined;
}

/** `88.88` of 8888 fen. */
export function yuan(amountMinor: number): string {
  const digits = String(amountMinor).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** A text of 1 to `longest` characters, or ACQ.INVALID_PARAMETER. */
export function textOf(content: Fields, name: string, longest: number): string {
  const value = content[name];
  if (typeof value !== 'string' || value === '' || value.length > longest) return fail('ACQ.INVALID_PARAMETER');
  return value;
}

export function optionalText(content: Fields, name: string, longest: number): string | undefined {
  return content[name] === undefined ? undefined : textOf(content, name, longest);
}

export function amountOf(content: Fields, name: string): number {
  return minorOf(content[name]) ?? fail('ACQ.INVALID_PARAMETER');
}

/** A merchant's order number: letters, digits and `_`, up to 64. */
export function orderNumber(content: Fields): string {
  const value = textOf(content, 'out_trade_no', 64);
  return /^\w+$/.test(value) ? value : fail('ACQ.INVALID_PARAMETER');
}

/** `timeout_express` and its kind: `5m`, `2h`, `1d`; milliseconds. */
export function spanMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(value) ?? fail('ACQ.INVALID_PARAMETER');
  return Number(count) * (unit === 'm' ? 60_000 : unit === 'h' ? 3_600_000 : 86_400_000);
}
