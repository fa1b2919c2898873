import { createCipheriv } from 'node:crypto';
import { decodeTlv, fromHex, toHex } from '@tillwright/plugin-card/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { CHIP, openHost, STRIPE, type SaleInput, type TestHost } from './terminal.testing.js';

let host: TestHost;
afterEach(() => host.close());

let trace = 0;
const sell = (more: Partial<SaleInput> = {}) => {
  trace += 1;
  return host.terminal.exchange(host.terminal.sale({ account: STRIPE, amountMinor: 5000, entry: 'swiped', trace: String(trace).padStart(6, '0'), ...more }));
};
const code = async (more: Partial<SaleInput> = {}): Promise<string | undefined> => (await sell(more)).fields[39];

const chip = (more: Partial<SaleInput> = {}): Partial<SaleInput> => ({ account: CHIP, entry: 'chip', pin: '1234', ...more });

const encrypt = (key: Buffer, data: Buffer): Buffer => createCipheriv('des-ede3-ecb', Buffer.concat([key, key.subarray(0, 8)]), null).setAutoPadding(false).update(data);

describe('PIN', () => {
  test('a wrong PIN is 55, the third in a row 38, and then no PIN helps until the issuer unblocks the card', async () => {
    host = await openHost();
    expect([await code({ pin: '1111' }), await code({ pin: '2222' }), await code({ pin: '3333' }), await code({ pin: '1234' })]).toEqual(['55', '55', '38', '38']);
    expect(await host.accounts([STRIPE])).toBe(204);
    expect(await code({ pin: '1234' })).toBe('00');
  });

  test('a right PIN between wrong ones starts the count anew', async () => {
    host = await openHost();
    expect([await code({ pin: '1111' }), await code({ pin: '1111' }), await code({ pin: '1234' }), await code({ pin: '1111' }), await code({ pin: '1234' })]).toEqual(['55', '55', '00', '55', '00']);
  });

  test('a sale without a PIN between wrong ones does not: it proves nothing about the PIN', async () => {
    host = await openHost();
    expect([await code({ pin: '1111' }), await code({ pin: '1111' }), await code({}), await code({ pin: '1111' })]).toEqual(['55', '55', '00', '38']);
  });

  test.each<[string, SaleInput['fields']]>([
    ['announced but missing', { 22: '021' }],
    ['a block that is no format 0 under this key', { 22: '021', 26: '12', 53: '2600000000000000', 52: '0000000000000000' }],
    ['under another format', { 22: '021', 26: '12', 53: '1600000000000000', 52: '0000000000000000' }],
  ])('%s is a format error, 99, and no try', async (_what, fields) => {
    host = await openHost();
    for (const _ of [1, 2, 3]) expect(await code({ fields: fields ?? {} })).toBe('99');
    expect(await code({ pin: '1234' })).toBe('00');
  });

  test('a block of another card does not pass', async () => {
    host = await openHost();
    const other = host.terminal.sale({ account: CHIP, amountMinor: 5000, entry: 'chip', trace: '000999', pin: '1234' });
    expect(await code({ fields: { 22: '021', 26: '12', 53: '2600000000000000', 52: other.fields[52] } })).not.toBe('00');
  });

  test('passed over and signed up to the limit; above it the PIN is asked for', async () => {
    host = await openHost({ bypassLimitMinor: 5000 });
    expect(await code({ amountMinor: 5000 })).toBe('00');
    expect(await code({ amountMinor: 5001 })).toBe('55');
    expect(await code({ amountMinor: 5001, pin: '1234' })).toBe('00');
  });

  test('contactless without a PIN up to the limit; asking for it is no try', async () => {
    host = await openHost({ noPinLimitMinor: 30_000 });
    expect(await code({ account: CHIP, entry: 'contactless', amountMinor: 30_000, atc: 1 })).toBe('00');
    for (const _ of [1, 2, 3]) expect(await code({ account: CHIP, entry: 'contactless', amountMinor: 30_001, atc: 2 })).toBe('55');
    expect(await code({ account: CHIP, entry: 'contactless', amountMinor: 30_001, atc: 2, pin: '1234' })).toBe('00');
  });

  test('a card without a PIN needs none', async () => {
    host = await openHost({ accounts: [{ ...STRIPE, pin: '' }] });
    expect(await code({ amountMinor: 900_000 })).toBe('00');
  });
});

describe('chip', () => {
  test('an inserted card gets the issuer’s proof over its own cryptogram', async () => {
    host = await openHost();
    const request = host.terminal.sale({ account: CHIP, entry: 'chip', pin: '1234', amountMinor: 700, trace: '000900', atc: 258 });
    const answer = await host.terminal.exchange(request);
    expect(answer.fields[39]).toBe('00');
    const proof = fromHex(decodeTlv(fromHex(answer.fields[55] ?? '')).get('91') ?? '');
    expect(Buffer.from(proof.slice(8)).toString('latin1')).toBe('00');

    // Worked out from the descriptions: card key option A, session key of both halves, ARPC method 1.
    const left = Buffer.from((CHIP.pan + CHIP.sequence).slice(-16), 'hex');
    const card = encrypt(Buffer.from(CHIP.issuerMasterKey, 'hex'), Buffer.concat([left, left.map((byte) => byte ^ 0xff)]));
    const session = encrypt(card, Buffer.from('0000000000000102000000000000FEFD', 'hex'));
    const arqc = Buffer.from(decodeTlv(fromHex(request.fields[55] ?? '')).get('9F26') ?? '', 'hex');
    arqc[0] = (arqc[0] ?? 0) ^ 0x30;
    arqc[1] = (arqc[1] ?? 0) ^ 0x30;
    expect(toHex(proof.slice(0, 8))).toBe(encrypt(session, arqc).toString('hex').toUpperCase());
  });

  test('a contactless card has left: no proof is sent', async () => {
    host = await openHost();
    const answer = await sell(chip({ entry: 'contactless' }));
    expect([answer.fields[39], answer.fields[55]]).toEqual(['00', undefined]);
  });

  test.each<[string, string, Partial<SaleInput>]>([
    ['a cryptogram of another key', '05', { account: { ...CHIP, issuerMasterKey: '00112233445566778899AABBCCDDEEFF' } }],
    ['a cryptogram over another random number', '05', { chip: { '9F37': '87654321' } }],
    ['a card that declined offline', '05', { chip: { '9F27': '00' } }],
    ['another amount in the chip than in the message', '30', { chip: { '9F02': '000000000001' } }],
    ['another currency in the chip', '30', { chip: { '5F2A': '0840' } }],
    ['no cryptogram', '30', { chip: { '9F26': undefined } }],
    ['no chip data at all', '30', { fields: { 55: undefined } }],
    ['chip data that runs past its end', '30', { fields: { 55: '9F2608D1B2' } }],
    ['another sequence number', '14', { fields: { 23: '002' } }],
  ])('%s is refused with %s', async (_what, expected, more) => {
    host = await openHost();
    expect(await code(chip(more))).toBe(expected);
  });

  test('a counter used before is refused, over a lower one too', async () => {
    host = await openHost();
    expect(await code(chip({ atc: 7 }))).toBe('00');
    expect([await code(chip({ atc: 7 })), await code(chip({ atc: 6 })), await code(chip({ atc: 8 }))]).toEqual(['05', '05', '00']);
  });

  test('after a wrong PIN the same cryptogram may come again', async () => {
    host = await openHost();
    expect([await code(chip({ atc: 7, pin: '9999' })), await code(chip({ atc: 7 })), await code(chip({ atc: 7 }))]).toEqual(['55', '00', '05']);
  });
});

test('accounts are checked before they are taken', async () => {
  host = await openHost();
  for (const wrong of [{ pan: '6222020000000008' }, { expiry: '3013' }, { pin: '12' }, { balanceMinor: 1.5 }, { issuerMasterKey: 'FF' }, { serviceCode: '20' }, { issuer: '' }, { blocked: 'x' }]) {
    expect(await host.accounts([{ ...STRIPE, ...wrong }])).toBe(400);
  }
});
