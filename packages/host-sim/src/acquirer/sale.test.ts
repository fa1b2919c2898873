import { createCipheriv } from 'node:crypto';
import { frame, toHex } from '@tillwright/plugin-card/protocol';
import { afterEach, expect, test } from 'vitest';
import { CHIP, NOW, openHost, STRIPE, type SaleInput, type TestHost } from './terminal.testing.js';

let host: TestHost;
afterEach(() => host.close());

const swiped = (more: Partial<SaleInput> = {}): SaleInput => ({ account: STRIPE, amountMinor: 8888, entry: 'swiped', trace: '000007', pin: '1234', ...more });
const sell = (more: Partial<SaleInput> = {}) => host.terminal.exchange(host.terminal.sale(swiped(more)));
const code = async (more: Partial<SaleInput> = {}): Promise<string | undefined> => (await sell(more)).fields[39];

/** The UnionPay MAC, worked out here from its description and not by the codec. */
function macOf(key: Uint8Array, message: Uint8Array): string {
  const input = Buffer.from(message).subarray(11, -8);
  const block = Buffer.alloc(8);
  input.forEach((byte, index) => { block[index % 8] = (block[index % 8] ?? 0) ^ byte; });
  const characters = Buffer.from(block.toString('hex').toUpperCase(), 'latin1');
  const des = (data: Buffer): Buffer => createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false).update(data);
  const first = des(characters.subarray(0, 8));
  const second = des(Buffer.from(first.map((byte, index) => byte ^ (characters[8 + index] ?? 0))));
  return second.toString('hex').toUpperCase().slice(0, 8);
}

test('an approval carries the fields a terminal needs, and a MAC over its bytes', async () => {
  host = await openHost();
  const request = host.terminal.sale(swiped());
  host.terminal.sendBytes(frame(host.terminal.encode(request)));
  const bytes = await host.terminal.next() as Uint8Array;
  expect(Buffer.from(bytes.slice(-8)).toString('latin1')).toBe(macOf(host.terminal.macKey, bytes));

  const answer = await host.terminal.again().then(async (again) => {
    const reply = await again.exchange(again.sale(swiped({ trace: '000008' })));
    again.close();
    return reply;
  });
  expect(answer.mti).toBe('0210');
  expect(answer.fields).toMatchObject({
    2: STRIPE.pan, 3: '000000', 4: '000000008888', 11: '000008', 12: '101112', 13: '1123', 14: '3012', 15: '1123', 25: '00', 32: '48020000',
    37: expect.stringMatching(/^6327\d{8}$/), 38: expect.stringMatching(/^\d{6}$/), 39: '00', 41: '00000001', 42: '898000000000001',
    44: '01020000   48020000   ', 49: '156', 53: '2600000000000000', 60: '22000001000',
  });
  for (const element of [35, 52]) expect(answer.fields[element]).toBeUndefined();
});

test('the ledger shows the sale with its reference, and no card number', async () => {
  host = await openHost();
  await sell();
  expect(await host.ledger()).toEqual([
    { reference: '00000001-000001-000007', amountMinor: 8888, currency: 'CNY', status: 'approved', at: NOW, payer: '622202******0015', terminalId: '00000001' },
  ]);
});

test('a MAC made over anything else is refused with A0, and nothing is written down', async () => {
  host = await openHost();
  const bytes = host.terminal.encode(host.terminal.sale(swiped()));
  // One fen more, after the MAC was made.
  const amountAt = Buffer.from(bytes).indexOf(Buffer.from('000000008888', 'hex'));
  const forged = Uint8Array.from(bytes);
  forged[amountAt + 5] = 0x89;
  host.terminal.sendBytes(frame(forged));
  expect((await host.terminal.answer()).fields[39]).toBe('A0');
  const { 64: _, ...without } = host.terminal.sale(swiped()).fields;
  expect((await host.terminal.exchange({ ...host.terminal.sale(swiped()), fields: without })).fields[39]).toBe('A0');
  expect(await host.ledger()).toEqual([]);
  expect(await code()).toBe('00');
});

test('keys of an earlier sign-on are refused with A0', async () => {
  host = await openHost();
  const stale = host.terminal.macKey;
  await host.terminal.signOn();
  expect(toHex(stale)).not.toBe(toHex(host.terminal.macKey));
  host.terminal.macKey = stale;
  expect(await code()).toBe('A0');
});

test('the same trace in a batch is a duplicate, whatever became of the first', async () => {
  host = await openHost();
  expect(await code()).toBe('00');
  expect(await code({ amountMinor: 9 })).toBe('94');
  expect(await code({ trace: '000009', amountMinor: 0 })).toBe('13');
  expect(await code({ trace: '000009' })).toBe('94');
  expect((await host.ledger()).map(({ status }) => status)).toEqual(['approved', 'declined']);
});

test.each<[string, string, Partial<SaleInput>]>([
  ['no amount', '13', { amountMinor: 0 }],
  ['a card nobody knows', '14', { account: { ...STRIPE, pan: '6222020000000023' } }],
  ['a wrong check digit', '14', { account: { ...STRIPE, pan: '6222020000000016' } }],
  ['another expiry than the card has', '54', { account: { ...STRIPE, expiry: '3011' } }],
  ['another batch', '77', { batch: '000002' }],
  ['another currency', '12', { fields: { 49: '840' } }],
  ['a card number keyed in', '57', { fields: { 22: '011', 35: undefined } }],
  ['track 2 of another card', '30', { fields: { 35: `${CHIP.pan}=301222012345` } }],
  ['a swipe without its track', '30', { fields: { 35: undefined } }],
  ['no entry mode', '30', { fields: { 22: undefined } }],
  ['the condition of a pre-authorization', '30', { fields: { 25: '06' } }],
  ['a terminal that reads neither chip nor tap', '30', { fields: { 60: '2200000100020' } }],
  ['a chip card swiped', '45', { account: CHIP }],
  ['more than the account has', '51', { amountMinor: 1_000_001 }],
])('%s is refused with %s', async (_what, expected, input) => {
  host = await openHost();
  expect(await code(input)).toBe(expected);
  const entries = await host.ledger();
  expect(entries.filter(({ status }) => status === 'approved')).toEqual([]);
});

test('blocked and expired cards get the codes of their accounts', async () => {
  host = await openHost({ accounts: [{ ...STRIPE, blocked: '41' }, { ...CHIP, expiry: '2610', serviceCode: '120' }] });
  expect(await code()).toBe('41');
  expect(await code({ trace: '000008', account: { ...CHIP, expiry: '2610' } })).toBe('54');
});

test('a card is good until the end of its month', async () => {
  host = await openHost({ accounts: [{ ...STRIPE, expiry: '2611' }] });
  expect(await code({ account: { ...STRIPE, expiry: '2611' } })).toBe('00');
  // 2026-12-01 00:00 in China.
  host.clock.now = Date.parse('2026-11-30T16:00:00Z');
  expect(await code({ account: { ...STRIPE, expiry: '2611' }, trace: '000008' })).toBe('54');
});

test('a chip card may be swiped after its chip could not be read', async () => {
  host = await openHost();
  expect(await code({ account: CHIP, chipCondition: '1' })).toBe('45');
  expect(await code({ account: CHIP, chipCondition: '2', trace: '000008' })).toBe('00');
});

test('balances follow: what was spent is gone, to the last fen', async () => {
  host = await openHost({ accounts: [{ ...STRIPE, balanceMinor: 10_000 }] });
  expect(await code({ trace: '000001', amountMinor: 9_999 })).toBe('00');
  expect(await code({ trace: '000002', amountMinor: 2 })).toBe('51');
  expect(await code({ trace: '000003', amountMinor: 1 })).toBe('00');
  expect(await code({ trace: '000004', amountMinor: 1 })).toBe('51');
});

test('two sales at once cannot spend the same money', async () => {
  host = await openHost({ accounts: [{ ...STRIPE, balanceMinor: 10_000 }] });
  const others = await Promise.all([1, 2, 3].map(() => host.terminal.again()));
  const answers = await Promise.all(others.map((terminal, index) => terminal.exchange(terminal.sale(swiped({ trace: `00001${index}`, amountMinor: 6_000 })))));
  expect(answers.map(({ fields }) => fields[39]).sort()).toEqual(['00', '51', '51']);
  for (const each of others) each.close();
});

test('transactions this host does not offer are refused with 12', async () => {
  host = await openHost();
  const sale = host.terminal.sale(swiped());
  expect((await host.terminal.exchange({ ...sale, fields: { ...sale.fields, 3: '310000', 60: '01000001000601' } })).fields[39]).toBe('12');
  expect((await host.terminal.exchange({ ...sale, mti: '0100' })).fields[39]).toBe('12');
});
