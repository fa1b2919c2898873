import { Buffer } from 'node:buffer';
import { assert, constantFrom, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leakScanner, type LeakEncoding, type Secret } from './leak-scanner.js';

const PAN = '6228480000000000018';
const TRACK = '6228480000000000018=49122010000012345';
const secrets = [
  { name: 'card number', value: PAN },
  { name: 'track 2', value: TRACK },
  { name: 'PIN', value: '739184' },
  { name: 'PIN block', value: Buffer.from('0AF1C2D3E4F59687', 'hex') },
  { name: 'key', value: Buffer.from('00112233445566778899AABBCCDDEEF0', 'hex') },
  { name: "payer's code", value: '281029384756102938' },
  { name: "holder's name", value: '张三丰' },
] as const satisfies readonly Secret[];
const scanner = leakScanner({ secrets });
const found = (bytes: Uint8Array | string): string[] => scanner.scan('log', bytes).map(({ secret, encoding }) => `${secret}: ${encoding}`);
const raw = (value: string | Uint8Array): Buffer => Buffer.from(value as Uint8Array);
const within = (bytes: Uint8Array | string, before = '{"x":"'): Buffer => Buffer.concat([Buffer.from(before), Buffer.from(bytes as Uint8Array), Buffer.from('"}\n')]);

describe.each(secrets.map((secret) => [secret.name, secret] as const))('%s', (name, { value }) => {
  const plain: LeakEncoding = typeof value === 'string' ? 'plain' : 'bytes';
  it('plain', () => expect(found(within(value))).toContain(`${name}: ${plain}`));
  it('hexadecimal, both cases', () => {
    expect(found(within(raw(value).toString('hex')))).toContain(`${name}: hex`);
    expect(found(within(raw(value).toString('hex').toUpperCase()))).toContain(`${name}: hex`);
  });
  it.each([0, 1, 2])('base64 of something longer, %i bytes in, both alphabets', (before) => {
    const longer = Buffer.concat([Buffer.from('\u{1}~?'.slice(0, before)), raw(value), Buffer.from('~~~~')]);
    expect(found(within(longer.toString('base64')))).toContain(`${name}: base64`);
    expect(found(within(longer.toString('base64url')))).toContain(`${name}: base64`);
  });
  it('base64 of it alone', () => expect(found(within(raw(value).toString('base64')))).toContain(`${name}: base64`));
});

it('keys and PIN blocks as hexadecimal text in base64', () => {
  expect(found(Buffer.from(raw(secrets[4].value).toString('hex')).toString('base64'))).toContain('key: base64');
  expect(found(Buffer.from(raw(secrets[3].value).toString('hex').toUpperCase()).toString('base64'))).toContain('PIN block: base64');
});

it('GB18030: Chinese text, and digits of full width', () => {
  expect(found(Buffer.from('D5C5C8FDB7E1', 'hex'))).toContain("holder's name: gb18030");
  const wide = Buffer.concat([...PAN].map((digit) => Buffer.from([0xa3, 0xb0 + Number(digit)])));
  expect(found(wide)).toContain('card number: full-width');
  expect(found([...'739184'].map((digit) => String.fromCharCode(0xff_10 + Number(digit))).join(''))).toContain('PIN: full-width');
});

it('as a terminal writes them: packed digits, D for the separator, groups, UTF-16', () => {
  expect(found(Buffer.from(`19${PAN}0`, 'hex'))).toContain('card number: packed');
  expect(found(Buffer.from(`0${PAN}`, 'hex'))).toContain('card number: packed');
  expect(found(Buffer.from(`${TRACK.replace('=', 'D')}F`, 'hex').toString('base64'))).toContain('track 2: packed');
  expect(found(TRACK.replace('=', 'D'))).toContain('track 2: plain');
  expect(found(TRACK.replace('=', 'd'))).toContain('track 2: plain');
  expect(found('PAN 6228 4800 0000 0000 018')).toContain('card number: grouped');
  expect(found('2810-2938-4756-1029-38')).toContain("payer's code: grouped");
  expect(found(Buffer.from(PAN, 'utf16le'))).toContain('card number: utf-16');
});

it('an odd number of digits, packed, whatever digit shares a byte with its first or last one', () => {
  const { scan } = leakScanner({ secrets: [{ name: 'card number', value: '371449635398431' }] });
  for (const packed of ['371449635398431D', '371449635398431F', '0371449635398431', '5371449635398431']) {
    expect(scan('log', Buffer.from(packed, 'hex')).map(({ encoding }) => encoding)).toEqual(['packed']);
    // Letters, as bytes beside it look like.
    expect(scan('log', Buffer.from(`4D${packed}4D`, 'hex')).map(({ encoding }) => encoding)).toEqual(['packed']);
    expect(scan('log', Buffer.from(`4D${packed}4D`, 'hex').toString('base64')).map(({ encoding }) => encoding)).toEqual(['packed']);
  }
});

it('a card number of twelve digits, and one of thirteen that nobody knows', () => {
  const { scan } = leakScanner({ secrets: [{ name: 'card number', value: '639000000003' }] });
  expect(scan('log', Buffer.from('639000000003', 'hex')).map(({ encoding }) => encoding)).toEqual(['packed']);
  expect(found('card 4222222222222.')).toEqual(["a number of 13 digits with a card's check digit: card-number"]);
});

it('a long secret counts also where letters or digits stand beside it', () => {
  expect(found('no6228 4800 0000 0000 018x')).toContain('card number: grouped');
  expect(found(`a${[...PAN].map((digit) => String.fromCharCode(0xff_10 + Number(digit))).join('')}b`)).toContain('card number: full-width');
});

it('as a drawing writes it: each character in an element of its own', () => {
  const drawn = (text: string): string => `<svg><g><text>${[...text].map((sign, x) => `<tspan x="${x}">${sign === ' ' ? '&#xa0;' : sign}</tspan>`).join('')}</text></g></svg>`;
  expect(found(drawn(`CARD ${PAN}`))).toContain('card number: markup');
  expect(found(drawn('PIN 739184'))).toContain('PIN: markup');
  expect(found(drawn('4111111111111111'))).toEqual(["a number of 16 digits with a card's check digit: card-number"]);
  expect(found(drawn('411111******1111'))).toEqual([]);
});

it('a card number that nobody knows: plain, and as the hexadecimal of its digits', () => {
  const unknown = '4111111111111111';
  expect(found(`card ${unknown},`)).toEqual(["a number of 16 digits with a card's check digit: card-number"]);
  expect(found(Buffer.from(unknown).toString('hex'))).toEqual(["a number of 16 digits with a card's check digit: card-number"]);
  expect(found('card 411111******1111')).toEqual([]);
  expect(found('card 4111111111111112')).toEqual([]);
  expect(found(`${'0'.repeat(16)}`)).toEqual([]);
});

it.each(['2200000000000004', '2221000000000009', '30569309025904', '378282246310005', '3530111333300000', '5500005555555559', '6011111111111117', '6200000000000005', '8171999927660000', '9558820000000000006'])(
  'the beginnings of every scheme: %s',
  (number) => expect(found(`card ${number}`)).toHaveLength(1),
);

it('times, dates and other numbers begin as no scheme does, though their check digit fits', () => {
  for (const number of ['1764106738008', '20261125214308', '1000000000000008', '7000000000000005']) expect(found(number)).toEqual([]);
});

it('harmless texts are passed over by their exact value, and only by the search for unknown numbers', () => {
  const trade = '4111111111111111';
  const knowing = leakScanner({ secrets, harmless: [trade, PAN] });
  expect(knowing.scan('log', `{"trade":"${trade}"}`)).toEqual([]);
  expect(knowing.scan('log', '{"trade":"5500005555555559"}')).toHaveLength(1);
  expect(knowing.scan('log', PAN).map(({ secret }) => secret)).toContain('card number');
});

it('a PIN counts only where it stands alone', () => {
  expect(found('the PIN is 739184.')).toContain('PIN: plain');
  expect(found('at 1739184000 in a0739184ff')).toEqual([]);
});

it('findings tell where, and never the value', () => {
  const [leak] = scanner.scan('receipt.txt', `1234567 ${PAN}`);
  expect(leak).toEqual({ source: 'receipt.txt', secret: 'card number', encoding: 'plain', offset: 8 });
  expect(JSON.stringify(scanner.scan('x', `${TRACK} 739184`))).not.toMatch(/6228480|739184/);
});

it('a secret without a value is refused: it would be found everywhere, or nowhere', () => {
  expect(() => leakScanner({ secrets: [{ name: 'key', value: new Uint8Array() }] })).toThrow(RangeError);
});

it('finds what is planted anywhere in any bytes', () => {
  assert(
    property(uint8Array({ maxLength: 300 }), uint8Array({ maxLength: 300 }), constantFrom(...secrets.filter(({ value }) => value.length >= 8)), (before, after, { name, value }) => {
      expect(found(Buffer.concat([before, raw(value), after])).some((each) => each.startsWith(name))).toBe(true);
      expect(found(Buffer.from(Buffer.concat([before, raw(value), after]).toString('base64'))).some((each) => each.startsWith(name))).toBe(true);
    }),
  );
});
