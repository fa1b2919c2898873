import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from './bytes.js';
import { FIELDS } from './fields.js';
import { decode, encode, frame, FrameReader, Iso8583Error, macInput, type Iso8583Message } from './iso8583.js';

/** A sign-on as a real terminal sent it (published test data). */
const SIGN_ON =
  '600003000060310031010008000020000000C408120000783130303136393139383433323930303435383230303042004750493034323034303230323035313430303030323430323130363837303030303030313038303856302E302E332E30040000000000000000110000072600500003303120';

const head = { tpdu: '6000030000', header: '603100310100' } as const;
const text = fc.array(fc.constantFrom(...'ABC 0123456789中国银联商务'), { maxLength: 12 }).map((characters) => characters.join(''));

const fieldValue = (field: number): fc.Arbitrary<string> => {
  const format = FIELDS[field];
  if (format === undefined) throw new Error(`no field ${field}`);
  const { length } = format;
  const [min, max] = 'size' in length ? [length.size, length.size] : [0, Math.min(length.max, 60)];
  switch (format.kind) {
    case 'n':
      return fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
    case 'z':
      return fc.string({ unit: fc.constantFrom(...'0123456789='), minLength: min, maxLength: max });
    case 'b':
      return fc.uint8Array({ minLength: min, maxLength: max }).map(toHex);
    case 'text':
      return 'size' in length ? fc.string({ unit: fc.constantFrom(...'AZ09 '), minLength: min, maxLength: max }) : text.filter((value) => Buffer.from(value, 'utf8').length <= max);
  }
};
const messages: fc.Arbitrary<Iso8583Message> = fc
  .record({
    mti: fc.constantFrom('0200', '0210', '0400', '0800'),
    fields: fc.record(Object.fromEntries(Object.keys(FIELDS).map((field) => [field, fieldValue(Number(field))])), { requiredKeys: [] }),
  })
  .map(({ mti, fields }) => ({ ...head, mti, fields: fields as Record<number, string> }));

describe('encode and decode', () => {
  it('reads a real sign-on and writes it back', () => {
    const message = decode(fromHex(SIGN_ON));
    expect(message).toMatchObject({ ...head, mti: '0800' });
    expect(message.fields).toMatchObject({ 11: '000078', 41: '10016919', 60: '00000726005', 63: '303120' });
    expect(toHex(encode(message))).toBe(SIGN_ON);
  });

  it('what is encoded decodes to the same message', () => {
    fc.assert(fc.property(messages, (message) => {
        expect(decode(encode(message))).toEqual({ ...message, fields: { ...message.fields } });
      }));
  });

  it('aligns DE 22 left and DE 23 right, and pads odd lengths behind', () => {
    const bytes = encode({ ...head, mti: '0200', fields: { 2: '6228480000000000019', 22: '051', 23: '001', 35: '6228480000000000019=2912' } });
    expect(toHex(bytes).slice(42)).toBe(['1962284800000000000190', '0510', '0001', '246228480000000000019D2912'].join(''));
  });

  // Those of the elements in use that the published messages do not show.
  it.each([
    [15, '1124', '1124'],
    [32, '48020000', '0848020000'],
    [33, '00010000', '0800010000'],
    [35, '6228480000000000019=49121010000000101', '376228480000000000019D491210100000001010'],
    [36, '99622848=156', '001299622848D156'],
    [37, '632700000017', '363332373030303030303137'],
    [38, 'A12345', '413132333435'],
    [39, 'A0', '4130'],
    [43, `街角小店${' '.repeat(32)}`, `BDD6BDC7D0A1B5EA${'20'.repeat(32)}`],
    [44, '测试银行甲 48020000', '19B2E2CAD4D2F8D0D0BCD7203438303230303030'],
    [48, '0000000012500010000000000000001', '003100000000125000100000000000000010'],
    [54, '0210156C000000012345', '00203032313031353643303030303030303132333435'],
    [61, '0000070000421123', '00160000070000421123'],
  ])('writes and reads DE %i %s', (field, value, bytes) => {
    const bit = 1n << BigInt(64 - field);
    const whole = `${head.tpdu}${head.header}0200${bit.toString(16).padStart(16, '0').toUpperCase()}${bytes}`;
    expect(toHex(encode({ ...head, mti: '0200', fields: { [field]: value } }))).toBe(whole);
    expect(decode(fromHex(whole)).fields).toEqual({ [field]: value });
  });

  // The longest there is of each, as the dialect has it: one more is refused.
  it.each([
    [2, 19],
    [32, 11],
    [33, 11],
    [35, 37],
    [36, 104],
    [44, 25],
    [48, 322],
    [54, 20],
    [60, 17],
    [61, 29],
    [57, 999],
  ])('DE %i has up to %i', (field, max) => {
    const longest = { ...head, mti: '0200', fields: { [field]: '1'.repeat(max) } };
    expect(decode(encode(longest))).toEqual(longest);
    expect(() => encode({ ...longest, fields: { [field]: '1'.repeat(max + 1) } })).toThrow(expect.objectContaining({ code: 'FIELD_INVALID', field }));
  });

  it('arbitrary bytes decode, or throw Iso8583Error', () => {
    const real = fromHex(SIGN_ON);
    const damaged = fc.tuple(fc.nat(real.length - 1), fc.nat(255)).map(([at, byte]) => real.map((old, index) => (index === at ? byte : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged, fc.uint8Array({ maxLength: 80 }).map((tail) => concatBytes(real.subarray(0, 21), tail))), (bytes) => {
        let message: Iso8583Message;
        try {
          message = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Iso8583Error);
          return;
        }
        expect(toHex(encode(message))).toBe(toHex(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['FIELD_UNKNOWN', { 99: '1' }],
    ['FIELD_UNKNOWN', { 1: '0' }],
    ['FIELD_INVALID', { 4: '1' }],
    ['FIELD_INVALID', { 4: '00000000001X' }],
    ['FIELD_INVALID', { 2: '12345678901234567890' }],
    ['FIELD_INVALID', { 41: '1234567' }],
    ['FIELD_INVALID', { 44: '\u{1F600}' }],
    ['FIELD_INVALID', { 52: '00' }],
    ['FIELD_INVALID', { 55: '0g' }],
  ])('refuses to write what does not fit: %s %j', (code, fields) => {
    expect(() => encode({ ...head, mti: '0200', fields: fields as Record<number, string> })).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['HEAD_INVALID', { tpdu: '60000300' }],
    ['HEAD_INVALID', { tpdu: '600003000000' }],
    ['HEAD_INVALID', { header: '603100310' }],
    ['HEAD_INVALID', { header: '60310031010000' }],
    ['HEAD_INVALID', { mti: '200' }],
    ['HEAD_INVALID', { mti: '02000' }],
    ['HEAD_INVALID', { mti: '0A00' }],
  ])('refuses to write another head: %s %j', (code, changed) => {
    expect(() => encode({ ...head, mti: '0200', fields: {}, ...changed })).toThrow(expect.objectContaining({ code }));
  });

  // Message type, bitmap, fields.
  it.each([
    ['HEAD_INVALID', '0A00', '0000000000000000', ''],
    ['MESSAGE_SHORT', '0200', '00000000000000', ''],
    ['BITMAP_INVALID', '0200', '8000000000000000', '0000000000000000'],
    ['FIELD_UNKNOWN', '0200', '0800000000000000', '0000000000000000'],
    ['FIELD_INVALID', '0200', '4000000000000000', '1A6228480000000000'],
    ['FIELD_INVALID', '0200', '4000000000000000', '2062284800000000000190'],
    ['FIELD_INVALID', '0200', '4000000000000000', '136228480000000A'],
    ['FIELD_INVALID', '0200', '4000000000000000', '1362284800000001'],
    ['FIELD_INVALID', '0200', '2000000000000000', '00000A'],
    ['FIELD_INVALID', '0200', '0000020000000000', '1001'],
    ['FIELD_INVALID', '0200', '0000000008000000', 'FF'.repeat(12)],
    ['MESSAGE_SHORT', '0200', '0000000000000200', '00'],
    ['MESSAGE_SHORT', '0200', '0000000000000200', '0002AA'],
  ])('refuses to read what the dialect does not know: %s %s %s %s', (code, mti, bitmap, fields) => {
    expect(() => decode(fromHex(head.tpdu + head.header + mti + bitmap + fields))).toThrow(expect.objectContaining({ code }));
  });

  it('refuses what is cut, and what has bytes left over', () => {
    expect(() => decode(fromHex(SIGN_ON).slice(0, -1))).toThrow(expect.objectContaining({ code: 'MESSAGE_SHORT', field: 63 }));
    expect(() => decode(fromHex(`${SIGN_ON}00`))).toThrow(expect.objectContaining({ code: 'LEFT_OVER' }));
  });

  it('keeps values out of its errors', () => {
    expect(() => encode({ ...head, mti: '0200', fields: { 2: '622848000000000001X', 35: '622848=2912' } })).toThrow(
      /^FIELD_INVALID: DE 2 \(primary account number\): not digits$/,
    );
  });
});

describe('macInput', () => {
  it('is the message from its type on, without DE 64', () => {
    const fields = { 3: '000000', 11: '000001', 64: '3841394539314238' };
    expect(toHex(macInput(encode({ ...head, mti: '0200', fields })))).toBe('02002020000000000001000000000001');
  });
  it('refuses a message without DE 64', () => {
    expect(() => macInput(fromHex(SIGN_ON))).toThrow(Iso8583Error);
    expect(() => macInput(new Uint8Array(5))).toThrow(Iso8583Error);
  });
});

describe('frames', () => {
  it('come out whole, however the stream was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600, size: 'max' }), { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sent, cuts) => {
        const stream = concatBytes(...sent.map(frame));
        const reader = new FrameReader();
        const got: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          got.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(got.map(toHex)).toEqual(sent.map(toHex));
      }),
    );
  });
  it('begin with a big-endian length of all that follows', () => {
    expect(toHex(frame(new Uint8Array(0x0102)).subarray(0, 4))).toBe('01020000');
    expect(frame(new Uint8Array(4096))).toHaveLength(4098);
  });
  it('refuse lengths over 4096', () => {
    expect(() => new FrameReader().push(fromHex('1001'))).toThrow(Iso8583Error);
    expect(new FrameReader().push(fromHex('1000'))).toEqual([]);
    expect(() => frame(new Uint8Array(4097))).toThrow(Iso8583Error);
  });
});
