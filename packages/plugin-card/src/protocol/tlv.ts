import { concatBytes, fromHex, toHex } from './bytes.js';

/** Tag -> value, both upper-case hex, in the order read. */
export type TlvMap = ReadonlyMap<string, string>;
export type TlvEntry = readonly [tag: string, valueHex: string];

/** Data objects that can't be read, or would be read in two ways. Names the tag, never a value. */
export class TlvError extends Error {
  constructor(
    readonly code: 'TLV_SHORT' | 'TLV_LENGTH' | 'TLV_TAG' | 'TLV_TWICE' | 'TLV_VALUE' | 'TLV_DEPTH',
    what: string,
  ) {
    super(`${code}: ${what}`);
    this.name = 'TlvError';
  }
}

const DEPTH_MAX = 8;
/** Issuer scripts go to the card whole and may come more than once (EMV book 3, 10.10). */
const SCRIPTS: ReadonlySet<string> = new Set(['71', '72']);

/**
 * Reads BER-TLV data objects (EMV book 3, annex B) in order; repeats are kept.
 * Constructed templates (70, 77, E0, ...) are opened and vanish, issuer scripts 71 and 72 stay whole; 00 between objects is padding.
 * @throws TlvError when it runs past its end
 */
export const tlvEntries = (bytes: Uint8Array, depth = 0): readonly TlvEntry[] => {
  if (depth > DEPTH_MAX) throw new TlvError('TLV_DEPTH', `more than ${DEPTH_MAX} templates in each other`);
  const entries: TlvEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] === 0) {
      at += 1;
      continue;
    }
    const tagEnd = endOfTag(bytes, at);
    const tag = toHex(bytes.subarray(at, tagEnd));
    const { length, from } = lengthAt(bytes, tagEnd, tag);
    if (from + length > bytes.length) throw new TlvError('TLV_SHORT', `${tag} announces ${length} bytes, ${bytes.length - from} are there`);
    const value = bytes.subarray(from, from + length);
    const constructed = ((bytes[at] ?? 0) & 0x20) !== 0;
    if (constructed && !SCRIPTS.has(tag)) entries.push(...tlvEntries(value, depth + 1));
    else entries.push([tag, toHex(value)]);
    at = from + length;
  }
  return entries;
};

/**
 * Reads data objects of which each may stand there once.
 * @throws TlvError when it runs past its end, or a tag comes twice
 */
export const decodeTlv = (bytes: Uint8Array): TlvMap => {
  const map = new Map<string, string>();
  for (const [tag, value] of tlvEntries(bytes)) {
    if (map.has(tag)) throw new TlvError('TLV_TWICE', tag);
    map.set(tag, value);
  }
  return map;
};

/** Writes data objects in the order given, lengths in their shortest form. @throws TlvError TLV_TAG, TLV_VALUE */
export const encodeTlv = (entries: Iterable<TlvEntry>): Uint8Array => {
  const parts: Uint8Array[] = [];
  for (const [tag, valueHex] of entries) {
    const name = /^([0-9A-F]{2}){1,4}$/.test(tag) ? fromHex(tag) : undefined;
    if (name === undefined || name[0] === 0 || endOfTag(name, 0) !== name.length) throw new TlvError('TLV_TAG', 'not a tag');
    if (!/^([0-9A-F]{2})*$/i.test(valueHex)) throw new TlvError('TLV_VALUE', `${tag} is not hexadecimal bytes`);
    const value = fromHex(valueHex);
    parts.push(name, lengthBytes(tag, value.length), value);
  }
  return concatBytes(...parts);
};

const endOfTag = (bytes: Uint8Array, at: number): number => {
  let end = at + 1;
  if (((bytes[at] ?? 0) & 0x1f) === 0x1f) {
    for (;;) {
      if (end >= bytes.length) throw new TlvError('TLV_SHORT', 'the tag runs past the end');
      if (end - at >= 4) throw new TlvError('TLV_TAG', 'a tag of more than 4 bytes');
      end += 1;
      if (((bytes[end - 1] ?? 0) & 0x80) === 0) break;
    }
  }
  return end;
};

const lengthAt = (bytes: Uint8Array, at: number, tag: string): { length: number; from: number } => {
  const first = bytes[at];
  if (first === undefined) throw new TlvError('TLV_SHORT', `${tag} has no length`);
  if (first < 0x80) return { length: first, from: at + 1 };
  const more = first & 0x7f;
  if (more === 0 || more > 2) throw new TlvError('TLV_LENGTH', `${tag} has a length in a form that EMV does not use`);
  if (at + 1 + more > bytes.length) throw new TlvError('TLV_SHORT', `the length of ${tag} runs past the end`);
  let length = 0;
  for (const byte of bytes.subarray(at + 1, at + 1 + more)) length = length * 256 + byte;
  return { length, from: at + 1 + more };
};

const lengthBytes = (tag: string, length: number): Uint8Array => {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  if (length < 0x10000) return Uint8Array.of(0x82, length >> 8, length & 0xff);
  throw new TlvError('TLV_VALUE', `${tag} is longer than 65535 bytes`);
};
