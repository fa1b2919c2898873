import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from './bytes.js';
import { decodeTlv, encodeTlv, tlvEntries, TlvError } from './tlv.js';

const hex = (max: number) => fc.uint8Array({ maxLength: max, size: 'max' }).map(toHex);
const tags = fc.constantFrom('9F26', '9F27', '82', '95', '5F2A', '9F1E', 'DF31', '91', '4F', 'DF8101', 'DF818101');

describe('BER-TLV', () => {
  it('reads what it wrote, in the same order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(tags, fc.oneof(hex(20), hex(300))), { selector: ([tag]) => tag }), (entries) => {
        expect([...decodeTlv(encodeTlv(entries))]).toEqual(entries);
      }),
    );
  });

  it.each([
    [127, '727F'],
    [128, '728180'],
    [255, '7281FF'],
    [256, '72820100'],
    [65_535, '7282FFFF'],
  ])('writes and reads a length of %i as EMV does', (size, head) => {
    const value = 'A5'.repeat(size);
    expect(toHex(encodeTlv([['72', value]]))).toBe(head + value);
    expect(tlvEntries(fromHex(`${head}${value}9500`))).toEqual([['72', value], ['95', '']]);
    expect(() => tlvEntries(fromHex((head + value).slice(0, -2)))).toThrow(expect.objectContaining({ code: 'TLV_SHORT' }));
  });

  it('takes 00 before, between and behind data objects for nothing', () => {
    expect([...decodeTlv(fromHex('0095010100000057020102008400'))]).toEqual([['95', '01'], ['57', '0102'], ['84', '']]);
    expect([...decodeTlv(fromHex('9501010000'))]).toEqual([['95', '01']]);
  });

  it('arbitrary bytes are read, or throw TlvError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), fc.array(fc.constantFrom(0x70, 0x77, 0x1f, 0x80, 0x81, 0x82, 0x02, 0xff), { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes))), (bytes) => {
        try {
          decodeTlv(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TlvError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('opens templates and keeps issuer scripts whole, repeats included', () => {
    expect([...decodeTlv(fromHex('70085A02622857025F24'))]).toEqual([['5A', '6228'], ['57', '5F24']]);
    const scripts = fromHex('9102AABB7205860384240072058603842401');
    expect(tlvEntries(scripts)).toEqual([['91', 'AABB'], ['72', '8603842400'], ['72', '8603842401']]);
    expect(() => decodeTlv(scripts)).toThrow(expect.objectContaining({ code: 'TLV_TWICE' }));
  });

  it.each([
    ['9F2608D1B2', 'TLV_SHORT'],
    ['9F', 'TLV_SHORT'],
    ['95', 'TLV_SHORT'],
    ['9581', 'TLV_SHORT'],
    ['9580', 'TLV_LENGTH'],
    ['9584000000010A', 'TLV_LENGTH'],
    ['958300000101', 'TLV_LENGTH'],
    ['958201', 'TLV_SHORT'],
    ['9FFFFFFF0100', 'TLV_TAG'],
    ['7002', 'TLV_SHORT'],
    ['700395058000', 'TLV_SHORT'],
    ['9501009501FF', 'TLV_TWICE'],
    ['70127010700E700C700A700870067004700270020000', 'TLV_DEPTH'],
  ])('refuses %s: %s', (bytes, code) => {
    expect(() => decodeTlv(fromHex(bytes))).toThrow(expect.objectContaining({ code }));
  });

  it('refuses to write what is no tag', () => {
    for (const tag of ['', '9', '9F', '9F2600', '00', 'ZZ']) expect(() => encodeTlv([[tag, '00']])).toThrow(TlvError);
    expect(() => encodeTlv([['95', '0']])).toThrow(TlvError);
    expect(() => encodeTlv([['95', '00'.repeat(65_536)]])).toThrow(expect.objectContaining({ code: 'TLV_VALUE' }));
  });
});
