import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './bytes.js';
import {
  applicationCryptogram,
  arpc,
  checkValue,
  cryptogramData,
  deriveCardKey,
  desEcb,
  pinBlockFormat0,
  pinFromBlock,
  retailMac,
  sessionKey,
  unionpayEcbMac,
} from './card-crypto.js';
import { decodeTlv } from './tlv.js';

const KEY = fromHex('0123456789ABCDEFFEDCBA9876543210');
const digits = (min: number, max: number) => fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const PAN = '5555555551234567';

describe('published vectors', () => {
  it('PIN block, X9.19 and UnionPay MAC', () => {
    expect(toHex(pinBlockFormat0('1234', PAN))).toBe('041261AAAAEDCBA9');
    expect(toHex(retailMac(KEY, Buffer.from('Now is the time for all ')))).toBe('A1C72E74EA3FA9B6');
    const block =
      '0200302004C020C0981100000000000000005100183402100006324392260009942820D1312101120084393136363838303134303030303030303030303030303031313536ACF46E73838A82F92600000000000000000822000001';
    expect(toHex(unionpayEcbMac(fromHex('C24A8FB57AA20123'), fromHex(block)))).toBe('3841394539314238');
  });
  it('working keys and their check values', () => {
    const tmk = fromHex('CA5D92598DCA48CE8A4C76361A9269E9');
    const pin = desEcb(tmk, fromHex('6701EAD6A9AD51E51AA406E2C27FCFA9'), 'decrypt');
    expect(toHex(checkValue(pin))).toBe('8D0A74B8');
    expect(toHex(checkValue(desEcb(tmk, fromHex('B651F9E9BACE9AE1'), 'decrypt')))).toBe('AB7153CA');
  });
});

describe('PIN block', () => {
  it('gives the PIN back for its card', () => {
    fc.assert(fc.property(digits(4, 12), digits(13, 19), (pin, pan) => {
        expect(pinFromBlock(pinBlockFormat0(pin, pan), pan)).toBe(pin);
      }));
  });
  it('does not repeat what it refuses', () => {
    for (const pin of ['123', '1234567890123', '12a4']) expect(() => pinBlockFormat0(pin, PAN)).toThrow('a PIN has 4 to 12 digits');
    expect(() => pinBlockFormat0('1234', '12')).toThrow('a card number has 13 to 19 digits');
    expect(() => pinFromBlock(fromHex('141261AAAAEDCBA9'), PAN)).toThrow(RangeError);
    expect(() => pinFromBlock(fromHex('041261AAAAEDCBA0'), PAN)).toThrow(RangeError);
  });
});

describe('card keys and cryptograms', () => {
  const atc = fromHex('0001');
  it('derive per card, with odd parity, and per transaction', () => {
    const card = deriveCardKey(KEY, '6228480000000000019', '01');
    expect(card).toHaveLength(16);
    for (const byte of card) expect(byte.toString(2).replaceAll('0', '').length % 2).toBe(1);
    expect(toHex(deriveCardKey(KEY, '6228480000000000019', '02'))).not.toBe(toHex(card));
    expect(toHex(sessionKey(card, atc).subarray(0, 8))).toBe(toHex(desEcb(card, fromHex('0000000000000001'), 'encrypt')));
    expect(toHex(sessionKey(card, atc).subarray(8))).toBe(toHex(desEcb(card, fromHex('000000000000FFFE'), 'encrypt')));
  });
  it('are those of a hardware security module (published test data: pyemv, test_ac_hsm.py and test_kd_hsm.py)', () => {
    const issuer = fromHex('0123456789ABCDEFFEDCBA9876543210');
    expect(toHex(checkValue(deriveCardKey(issuer, '12345678901234567', '45')))).toMatch(/^FF08/);
    const card = deriveCardKey(issuer, '9901234567890123', '45');
    expect(toHex(checkValue(card))).toMatch(/^1DA5/);
    // There the session key is of EMV's common derivation, under R = 1234567890123456.
    const session = desEcb(card, fromHex('1234F0789012345612340F7890123456'), 'encrypt');
    expect(toHex(checkValue(session))).toMatch(/^0995/);
    expect(toHex(applicationCryptogram(session, fromHex('0123456789ABCDEF0123456789ABCDEF')))).toBe('4B46013359B7A58B');
    // And the response code two zero bytes, where it is two characters here: the ARQC 4B46.. is given with both taken together.
    expect(toHex(arpc(card, fromHex('7B76013359B7A58B'), '00'))).toBe('F8C9CECAABD55AD1');
  });
  it('a cryptogram is the retail MAC of the padded data; the answer to it depends on the response code', () => {
    const key = sessionKey(KEY, atc);
    const arqc = applicationCryptogram(key, Buffer.from('1234567'));
    expect(toHex(arqc)).toBe(toHex(retailMac(key, fromHex('3132333435363780'))));
    expect(toHex(applicationCryptogram(key, new Uint8Array(8)))).toBe(toHex(retailMac(key, fromHex('00000000000000008000000000000000'))));
    expect(toHex(desEcb(key, arpc(key, arqc, '00'), 'decrypt'))).toBe(toHex(arqc.map((byte, index) => (index < 2 ? byte ^ 0x30 : byte))));
  });
  it('takes its data from the chip data of a real sale', () => {
    const chip = decodeTlv(
      fromHex(
        '9F260846FD62985CAAE7589F2701809F101307011703A00000010A0100000500001EF41C469F37049536C9B89F36020C66950500000000009A032208249C01009F02060000000011115F2A02015682027C009F1A0201569F0306000000000000',
      ),
    );
    expect(toHex(cryptogramData(chip))).toBe(['000000001111', '000000000000', '0156', '0000000000', '0156', '220824', '00', '9536C9B8', '7C00', '0C66', '03A00000'].join(''));
    expect(() => cryptogramData(new Map([['9F02', '00']]))).toThrow('the cryptogram needs 9F03');
  });
});

it('takes whole blocks and known key lengths only', () => {
  expect(() => desEcb(KEY, new Uint8Array(7), 'encrypt')).toThrow(RangeError);
  expect(() => desEcb(new Uint8Array(5), new Uint8Array(8), 'encrypt')).toThrow(RangeError);
  expect(() => retailMac(new Uint8Array(8), new Uint8Array(8))).toThrow(RangeError);
});
