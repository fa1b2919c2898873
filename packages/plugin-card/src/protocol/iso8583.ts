import iconv from 'iconv-lite';
import { concatBytes, fromHex, toHex } from './bytes.js';
import { FIELDS, type FieldFormat } from './fields.js';

/**
 * A message without its frame's length.
 * Values are digits for n and z (track 2 with `=`), text for text fields, upper-case hex for b (52 55 62 63 64): see the field table.
 */
export interface Iso8583Message {
  /** 10 hex digits: protocol `60`, destination, source. */
  readonly tpdu: string;
  /** 12 hex digits. */
  readonly header: string;
  /** 4 digits. */
  readonly mti: string;
  readonly fields: { readonly [dataElement: number]: string };
}

export type Iso8583Fault = 'MESSAGE_SHORT' | 'HEAD_INVALID' | 'BITMAP_INVALID' | 'FIELD_UNKNOWN' | 'FIELD_INVALID' | 'LEFT_OVER' | 'FRAME_INVALID';

/** What does not follow the dialect. Names the data element, never its value. */
export class Iso8583Error extends Error {
  constructor(
    readonly code: Iso8583Fault,
    what: string,
    readonly field?: number,
  ) {
    super(field === undefined ? `${code}: ${what}` : `${code}: DE ${field} (${FIELDS[field]?.name ?? 'not in the table'}): ${what}`);
    this.name = 'Iso8583Error';
  }
}

const TPDU = 5;
const HEADER = 6;
const MTI = 2;
const BITMAP = 8;
const HEAD = TPDU + HEADER;
const FRAME_MAX = 4096;

/**
 * Writes a message, without the frame's length.
 * @throws Iso8583Error FIELD_UNKNOWN, FIELD_INVALID, HEAD_INVALID
 */
export const encode = (message: Iso8583Message): Uint8Array => {
  if (!/^[0-9a-f]{10}$/i.test(message.tpdu)) throw new Iso8583Error('HEAD_INVALID', 'TPDU is not 10 hexadecimal digits');
  if (!/^[0-9a-f]{12}$/i.test(message.header)) throw new Iso8583Error('HEAD_INVALID', 'header is not 12 hexadecimal digits');
  if (!/^\d{4}$/.test(message.mti)) throw new Iso8583Error('HEAD_INVALID', 'message type is not 4 digits');
  const bitmap = new Uint8Array(BITMAP);
  const present = Object.keys(message.fields).map(Number).sort((a, b) => a - b);
  const parts = present.map((field) => {
    const format = FIELDS[field];
    if (format === undefined) throw new Iso8583Error('FIELD_UNKNOWN', 'not in the field table', field);
    bitmap[(field - 1) >> 3] = (bitmap[(field - 1) >> 3] ?? 0) | (0x80 >> ((field - 1) & 7));
    return encodeField(field, format, message.fields[field] ?? '');
  });
  return concatBytes(fromHex(message.tpdu), fromHex(message.header), fromHex(message.mti), bitmap, ...parts);
};

/**
 * Reads one whole message, without the frame's length; nothing may be left over.
 * @throws Iso8583Error for whatever else it is given
 */
export const decode = (bytes: Uint8Array): Iso8583Message => {
  if (bytes.length < HEAD + MTI + BITMAP) throw new Iso8583Error('MESSAGE_SHORT', `${bytes.length} bytes`);
  const mti = toHex(bytes.subarray(HEAD, HEAD + MTI));
  if (!/^\d{4}$/.test(mti)) throw new Iso8583Error('HEAD_INVALID', 'message type is not 4 digits');
  const bitmap = bytes.subarray(HEAD + MTI, HEAD + MTI + BITMAP);
  const fields: Record<number, string> = {};
  let at = HEAD + MTI + BITMAP;
  for (let field = 1; field <= 64; field += 1) {
    if (!hasBit(bitmap, field)) continue;
    if (field === 1) throw new Iso8583Error('BITMAP_INVALID', 'the dialect has no second bitmap');
    const format = FIELDS[field];
    if (format === undefined) throw new Iso8583Error('FIELD_UNKNOWN', 'not in the field table', field);
    const { count, from } = lengthOf(field, format, bytes, at);
    const size = format.kind === 'n' || format.kind === 'z' ? (count + 1) >> 1 : count;
    if (from + size > bytes.length) throw new Iso8583Error('MESSAGE_SHORT', 'runs past the end', field);
    fields[field] = decodeField(field, format, bytes.subarray(from, from + size), count);
    at = from + size;
  }
  if (at !== bytes.length) throw new Iso8583Error('LEFT_OVER', `${bytes.length - at} bytes after the last field`);
  return { tpdu: toHex(bytes.subarray(0, TPDU)), header: toHex(bytes.subarray(TPDU, HEAD)), mti, fields };
};

/**
 * The bytes a MAC is made over: message type to DE 63, bitmap included, of a message that ends with DE 64.
 * @throws Iso8583Error BITMAP_INVALID when it carries no DE 64, MESSAGE_SHORT
 */
export const macInput = (encoded: Uint8Array): Uint8Array => {
  if (encoded.length < HEAD + MTI + BITMAP + 8) throw new Iso8583Error('MESSAGE_SHORT', `${encoded.length} bytes`);
  if (!hasBit(encoded.subarray(HEAD + MTI, HEAD + MTI + BITMAP), 64)) throw new Iso8583Error('BITMAP_INVALID', 'no DE 64');
  return encoded.slice(HEAD, -8);
};

/** Puts the 2-byte big-endian length in front. @throws Iso8583Error FRAME_INVALID over 4096 bytes */
export const frame = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > FRAME_MAX) throw new Iso8583Error('FRAME_INVALID', `${bytes.length} bytes`);
  return concatBytes(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes);
};

/** Cuts a TCP stream into messages, however it arrives. After a throw the stream is out of step: drop the connection. */
export class FrameReader {
  #held: Uint8Array = new Uint8Array(0);

  /**
   * @returns the messages that are complete now, without their length
   * @throws Iso8583Error FRAME_INVALID for a length over 4096 bytes
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#held = concatBytes(this.#held, chunk);
    const complete: Uint8Array[] = [];
    while (this.#held.length >= 2) {
      const size = ((this.#held[0] ?? 0) << 8) | (this.#held[1] ?? 0);
      if (size > FRAME_MAX) throw new Iso8583Error('FRAME_INVALID', `${size} bytes announced`);
      if (this.#held.length < 2 + size) break;
      complete.push(this.#held.slice(2, 2 + size));
      this.#held = this.#held.slice(2 + size);
    }
    return complete;
  }
}

const hasBit = (bitmap: Uint8Array, field: number): boolean => ((bitmap[(field - 1) >> 3] ?? 0) & (0x80 >> ((field - 1) & 7))) !== 0;

const lengthOf = (field: number, format: FieldFormat, bytes: Uint8Array, at: number): { count: number; from: number } => {
  if ('size' in format.length) return { count: format.length.size, from: at };
  const from = at + format.length.prefix;
  if (from > bytes.length) throw new Iso8583Error('MESSAGE_SHORT', 'length runs past the end', field);
  const digits = toHex(bytes.subarray(at, from));
  if (!/^\d+$/.test(digits)) throw new Iso8583Error('FIELD_INVALID', 'length is not BCD', field);
  const count = Number(digits);
  if (count > format.length.max) throw new Iso8583Error('FIELD_INVALID', `longer than ${format.length.max}`, field);
  return { count, from };
};

const encodeField = (field: number, format: FieldFormat, value: string): Uint8Array => {
  const { bytes, count } = encodeValue(field, format, value);
  if ('size' in format.length) {
    if (count !== format.length.size) throw new Iso8583Error('FIELD_INVALID', `${count} long, not ${format.length.size}`, field);
    return bytes;
  }
  if (count > format.length.max) throw new Iso8583Error('FIELD_INVALID', `${count} long, longer than ${format.length.max}`, field);
  return concatBytes(fromHex(String(count).padStart(format.length.prefix * 2, '0')), bytes);
};

const encodeValue = (field: number, format: FieldFormat, value: string): { bytes: Uint8Array; count: number } => {
  switch (format.kind) {
    case 'n':
    case 'z': {
      if (!(format.kind === 'n' ? /^\d*$/ : /^[\d=]*$/).test(value)) throw new Iso8583Error('FIELD_INVALID', 'not digits', field);
      const nibbles = value.replaceAll('=', 'D');
      const spare = nibbles.length % 2 === 0 ? '' : '0';
      return { bytes: fromHex(format.pad === 'front' ? spare + nibbles : nibbles + spare), count: value.length };
    }
    case 'text': {
      const bytes = Uint8Array.from(iconv.encode(value, 'gbk'));
      if (iconv.decode(Buffer.from(bytes), 'gbk') !== value) throw new Iso8583Error('FIELD_INVALID', 'a character is not in GBK', field);
      return { bytes, count: bytes.length };
    }
    case 'b': {
      if (!/^([0-9A-F]{2})*$/.test(value)) throw new Iso8583Error('FIELD_INVALID', 'not upper-case hexadecimal bytes', field);
      return { bytes: fromHex(value), count: value.length / 2 };
    }
  }
};

const decodeField = (field: number, format: FieldFormat, bytes: Uint8Array, count: number): string => {
  switch (format.kind) {
    case 'n':
    case 'z': {
      const nibbles = toHex(bytes);
      const front = format.pad === 'front' && count % 2 === 1;
      const spare = count % 2 === 0 ? '' : front ? nibbles.slice(0, 1) : nibbles.slice(-1);
      const digits = front ? nibbles.slice(1) : nibbles.slice(0, count);
      if (!(format.kind === 'n' ? /^\d*$/ : /^[\dD]*$/).test(digits)) throw new Iso8583Error('FIELD_INVALID', 'not BCD', field);
      // The spare nibble must be 0, so that a message has one spelling and what is decoded encodes to the same bytes.
      if (spare !== '' && spare !== '0') throw new Iso8583Error('FIELD_INVALID', 'the spare nibble is not 0', field);
      return digits.replaceAll('D', '=');
    }
    case 'text': {
      const text = iconv.decode(Buffer.from(bytes), 'gbk');
      if (!Buffer.from(bytes).equals(iconv.encode(text, 'gbk'))) throw new Iso8583Error('FIELD_INVALID', 'not GBK text', field);
      return text;
    }
    case 'b':
      return toHex(bytes);
  }
};
