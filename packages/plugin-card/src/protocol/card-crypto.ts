/** The DES-based cryptography of cards and terminals. Errors never repeat a key, a PIN or a card number. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, fromHex, toHex } from './bytes.js';
import type { TlvMap } from './tlv.js';

const ZERO = new Uint8Array(8);

/**
 * DES (8-byte key) or Triple DES (16 or 24), ECB, no padding.
 * Single DES is done as EDE with one key three times: OpenSSL 3 offers no plain DES.
 * @throws RangeError for another key length, or data that is not whole blocks
 */
export const desEcb = (key: Uint8Array, data: Uint8Array, direction: 'encrypt' | 'decrypt'): Uint8Array => {
  if (data.length % 8 !== 0) throw new RangeError('DES works on blocks of 8 bytes');
  const make = direction === 'encrypt' ? createCipheriv : createDecipheriv;
  const cipher = make('des-ede3', tripleKey(key), null).setAutoPadding(false);
  return concatBytes(cipher.update(data), cipher.final());
};

const tripleKey = (key: Uint8Array): Uint8Array => {
  if (key.length === 8) return concatBytes(key, key, key);
  if (key.length === 16) return concatBytes(key, key.subarray(0, 8));
  if (key.length === 24) return key;
  throw new RangeError('a DES key has 8, 16 or 24 bytes');
};

/** Key check value: the first 4 bytes of 8 zero bytes encrypted under the key. */
export const checkValue = (key: Uint8Array): Uint8Array => desEcb(key, ZERO, 'encrypt').slice(0, 4);

/**
 * The UnionPay POS MAC: blocks are XORed first, and their 16 hex characters encrypted in two halves.
 * @param mak 8 or 16 bytes
 * @returns DE 64: 8 bytes, which are ASCII hex characters
 */
export const unionpayEcbMac = (mak: Uint8Array, data: Uint8Array): Uint8Array => {
  const folded = blocks(data).reduce(xor, ZERO);
  const characters = Buffer.from(toHex(folded), 'latin1');
  const first = desEcb(mak, characters.subarray(0, 8), 'encrypt');
  const second = desEcb(mak, xor(first, characters.subarray(8)), 'encrypt');
  return Uint8Array.from(Buffer.from(toHex(second).slice(0, 8), 'latin1'));
};

/** ANSI X9.19 (ISO 9797-1 algorithm 3, padding method 1): 8 bytes. */
export const retailMac = (key16: Uint8Array, data: Uint8Array): Uint8Array => {
  const [left, right] = halves(key16);
  const chained = blocks(data).reduce((mac, block) => desEcb(left, xor(mac, block), 'encrypt'), ZERO);
  return desEcb(left, desEcb(right, chained, 'decrypt'), 'encrypt');
};

/**
 * Clear PIN block of ISO 9564 format 0.
 * @param pin 4 to 12 digits
 * @throws RangeError for another PIN or a card number under 13 digits
 */
export const pinBlockFormat0 = (pin: string, pan: string): Uint8Array => {
  if (!/^\d{4,12}$/.test(pin)) throw new RangeError('a PIN has 4 to 12 digits');
  return xor(fromHex(`0${pin.length.toString(16)}${pin}`.padEnd(16, 'F')), panBlock(pan));
};

/** The PIN in a clear block of format 0. @throws RangeError when the block does not fit the card number */
export const pinFromBlock = (block: Uint8Array, pan: string): string => {
  if (block.length !== 8) throw new RangeError('a PIN block has 8 bytes');
  const text = toHex(xor(block, panBlock(pan)));
  const length = Number.parseInt(text.slice(1, 2), 16);
  const pin = text.slice(2, 2 + length);
  if (text[0] !== '0' || !/^\d{4,12}$/.test(pin) || !/^F*$/.test(text.slice(2 + length))) throw new RangeError('not a PIN block of format 0 for this card');
  return pin;
};

const panBlock = (pan: string): Uint8Array => {
  if (!/^\d{13,19}$/.test(pan)) throw new RangeError('a card number has 13 to 19 digits');
  return fromHex(`0000${pan.slice(-13, -1)}`);
};

/**
 * A card's own key from its issuer's master key (EMV book 2, annex A1.4, option A).
 * @param sequence card sequence number, 2 digits
 * @returns 16 bytes of odd parity
 */
export const deriveCardKey = (issuerMasterKey16: Uint8Array, pan: string, sequence: string): Uint8Array => {
  halves(issuerMasterKey16);
  if (!/^\d{2}$/.test(sequence)) throw new RangeError('a card sequence number has 2 digits here');
  const left = fromHex((pan + sequence).slice(-16).padStart(16, '0'));
  const right = left.map((byte) => byte ^ 0xff);
  return oddParity(desEcb(issuerMasterKey16, concatBytes(left, right), 'encrypt'));
};

/** Session key of one transaction (PBOC): each half from the transaction counter (ATC, 9F36, 2 bytes) and its complement. */
export const sessionKey = (cardKey16: Uint8Array, atc: Uint8Array): Uint8Array => {
  halves(cardKey16);
  if (atc.length !== 2) throw new RangeError('a transaction counter has 2 bytes');
  const six = new Uint8Array(6);
  return desEcb(cardKey16, concatBytes(six, atc, six, atc.map((byte) => byte ^ 0xff)), 'encrypt');
};

/** ISO 9797-1 algorithm 3 with padding method 2 (80 00 ..): an AAC, TC or ARQC, 8 bytes. */
export const applicationCryptogram = (sessionKey16: Uint8Array, data: Uint8Array): Uint8Array => retailMac(sessionKey16, concatBytes(data, Uint8Array.of(0x80)));

/**
 * The issuer's answer to an ARQC (method 1), 8 bytes.
 * @param responseCode DE 39 as text: `00`
 */
export const arpc = (sessionKey16: Uint8Array, arqc8: Uint8Array, responseCode: string): Uint8Array => {
  halves(sessionKey16);
  if (arqc8.length !== 8 || !/^[0-9A-Z]{2}$/.test(responseCode)) throw new RangeError('an ARQC has 8 bytes, a response code 2 characters');
  const code = new Uint8Array(8);
  code.set(Buffer.from(responseCode, 'latin1'));
  return desEcb(sessionKey16, xor(arqc8, code), 'encrypt');
};

const CRYPTOGRAM_TAGS = ['9F02', '9F03', '9F1A', '95', '5F2A', '9A', '9C', '9F37', '82', '9F36'] as const;

/**
 * The bytes an ARQC is made over: amounts, country, TVR, currency, date, type, random, AIP, ATC, and the card verification
 * results, which stand in issuer data 9F10 behind its length, key index and version.
 * @throws RangeError naming the data object that is missing
 */
export const cryptogramData = (tlv: TlvMap): Uint8Array => {
  const terminal = CRYPTOGRAM_TAGS.map((tag) => {
    const value = tlv.get(tag);
    if (value === undefined) throw new RangeError(`the cryptogram needs ${tag}`);
    return fromHex(value);
  });
  const issuer = fromHex(tlv.get('9F10') ?? '');
  if (issuer.length < 7) throw new RangeError('the cryptogram needs 9F10 with card verification results');
  return concatBytes(...terminal, issuer.subarray(3, 7));
};

const blocks = (data: Uint8Array): readonly Uint8Array[] => {
  const padded = new Uint8Array(Math.ceil(data.length / 8) * 8);
  padded.set(data);
  return Array.from({ length: padded.length / 8 }, (_, index) => padded.subarray(index * 8, index * 8 + 8));
};

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => Uint8Array.from(a, (byte, index) => byte ^ (b[index] ?? 0));

const halves = (key16: Uint8Array): readonly [Uint8Array, Uint8Array] => {
  if (key16.length !== 16) throw new RangeError('this takes a key of 16 bytes');
  return [key16.subarray(0, 8), key16.subarray(8)];
};

const oddParity = (key: Uint8Array): Uint8Array =>
  key.map((byte) => {
    let bits = byte >> 1;
    let ones = 0;
    for (; bits > 0; bits >>= 1) ones += bits & 1;
    return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  });
