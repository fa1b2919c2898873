import type { Iso8583Message } from '@tillwright/plugin-card/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { CHIP, openHost, STRIPE, type SaleInput, type TestHost } from './terminal.testing.js';

let host: TestHost;
afterEach(() => host.close());

const BALANCE = 10_000;
const accounts = [{ ...STRIPE, balanceMinor: BALANCE }, CHIP];
const sale = (more: Partial<SaleInput> = {}): Iso8583Message => host.terminal.sale({ account: STRIPE, amountMinor: BALANCE, entry: 'swiped', trace: '000001', ...more });
const code = async (message: Iso8583Message): Promise<string | undefined> => (await host.terminal.exchange(message)).fields[39];
const shown = async () => (await host.ledger()).map(({ at: _at, payer: _payer, terminalId: _tid, currency: _currency, ...entry }) => entry);
/** What is left is shown by what can still be spent. */
const canSpend = async (amountMinor: number, trace: string): Promise<boolean> => (await code(sale({ amountMinor, trace }))) === '00';

const sold = async (more: Partial<SaleInput> = {}) => {
  const request = sale(more);
  return { sale: request, answer: await host.terminal.exchange(request) };
};

describe('reversal', () => {
  test('undoes an approved sale and gives the money back; again, it is acknowledged again', async () => {
    host = await openHost({ accounts });
    const request = sale();
    const approved = await host.terminal.exchange(request);
    const answer = await host.terminal.exchange(host.terminal.reversal(request));
    expect([answer.mti, answer.fields[39], answer.fields[11], answer.fields[37]]).toEqual(['0410', '00', '000001', approved.fields[37]]);
    expect(await code(host.terminal.reversal(request, { 39: 'A0' }))).toBe('00');
    expect(await shown()).toEqual([{ reference: '00000001-000001-000001', amountMinor: BALANCE, status: 'reversed' }]);
    expect([await canSpend(BALANCE, '000002'), await canSpend(1, '000003')]).toEqual([true, false]);
  });

  test('undoes a declined sale without moving money', async () => {
    host = await openHost({ accounts });
    const request = sale({ amountMinor: BALANCE + 1 });
    expect(await code(request)).toBe('51');
    expect(await code(host.terminal.reversal(request))).toBe('00');
    expect(await shown()).toEqual([{ reference: '00000001-000001-000001', amountMinor: BALANCE + 1, status: 'reversed', code: '51' }]);
    expect([await canSpend(BALANCE, '000002'), await canSpend(1, '000003')]).toEqual([true, false]);
  });

  test('of a sale that never came is 25, each time, and shows nothing in the ledger', async () => {
    host = await openHost({ accounts });
    expect([await code(host.terminal.reversal(sale())), await code(host.terminal.reversal(sale()))]).toEqual(['25', '25']);
    expect(await shown()).toEqual([]);
  });

  test('answered with another approval’s code has undone the sale all the same', async () => {
    host = await openHost({ accounts });
    const request = sale();
    await host.terminal.exchange(request);
    await host.fault({ do: 'decline', code: 'A5', match: { operation: 'reversal' } });
    expect(await code(host.terminal.reversal(request))).toBe('A5');
    expect(await shown()).toMatchObject([{ status: 'reversed' }]);
  });

  test.each([
    ['without a reason that there is', { 39: '00' }],
    ['with the track, which a till that keeps none can not send', { 35: '6222020000000015=49121200000000000' }],
    ['with a PIN block', { 52: '1122334455667788' }],
  ])('%s is a format error, and undoes nothing', async (_name, fields) => {
    host = await openHost({ accounts });
    const request = sale();
    await host.terminal.exchange(request);
    expect(await code(host.terminal.reversal(request, fields))).toBe('30');
    expect(await shown()).toMatchObject([{ status: 'approved' }]);
  });

  test('needs a right MAC', async () => {
    host = await openHost({ accounts });
    const request = sale();
    await host.terminal.exchange(request);
    expect(await code(host.terminal.reversal(request, { 64: '3030303030303030' }))).toBe('A0');
    expect(await shown()).toMatchObject([{ status: 'approved' }]);
  });

  test('is found by its original’s trace and batch under keys of a later sign-on', async () => {
    host = await openHost({ accounts });
    const request = sale();
    await host.terminal.exchange(request);
    await host.terminal.signOn();
    expect(await code(host.terminal.reversal(request))).toBe('00');
  });

  test.each<[string, string, Record<number, string | undefined>]>([
    ['another amount', '64', { 4: '000000000001' }],
    ['another card', '25', { 2: CHIP.pan }],
    ['another processing code', '25', { 3: '200000' }],
    ['another batch', '25', { 60: '22000002000600' }],
    ['no reason', '30', { 39: undefined }],
  ])('with %s is refused with %s and changes nothing', async (_what, expected, fields) => {
    host = await openHost({ accounts });
    const request = sale();
    await host.terminal.exchange(request);
    expect(await code(host.terminal.reversal(request, fields))).toBe(expected);
    expect(await shown()).toMatchObject([{ status: 'approved' }]);
  });

  test.each([['approve', '00', 'approved'], ['refuse', '94', 'declined']] as const)('a sale that comes after its reversal: lateSale %s answers %s', async (lateSale, expected, status) => {
    host = await openHost({ accounts, lateSale });
    expect(await code(host.terminal.reversal(sale()))).toBe('25');
    expect(await code(sale())).toBe(expected);
    expect(await shown()).toMatchObject([{ status }]);
    expect(await canSpend(BALANCE, '000002')).toBe(lateSale === 'refuse');
    // Looked at again, the till undoes it after all.
    expect(await code(host.terminal.reversal(sale()))).toBe('00');
    expect(await shown()).toMatchObject([{ status: 'reversed' }, {}]);
  });
});

describe('void', () => {
  test('gives all back and stands with its sale; a second one is refused', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000002' }))).toBe('00');
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000003' }))).toBe('22');
    expect(await code(host.terminal.reversal(paid.sale))).toBe('22');
    expect(await shown()).toEqual([
      {
        reference: '00000001-000001-000001', amountMinor: BALANCE, status: 'voided',
        undoneBy: [
          { reference: '00000001-000001-000002', kind: 'void', amountMinor: BALANCE, status: 'approved' },
          { reference: '00000001-000001-000003', kind: 'void', amountMinor: BALANCE, status: 'declined' },
        ],
      },
    ]);
    expect([await canSpend(BALANCE, '000004'), await canSpend(1, '000005')]).toEqual([true, false]);
  });

  test('reversed, its sale stands again and the money is taken again', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    const request = host.terminal.undo('void', { ...paid, trace: '000002' });
    await host.terminal.exchange(request);
    expect(await code(host.terminal.reversal(request))).toBe('00');
    expect(await shown()).toMatchObject([{ status: 'approved' }]);
    expect(await canSpend(1, '000003')).toBe(false);
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000004' }))).toBe('00');
  });

  test.each<[string, string, Record<number, string | undefined>]>([
    ['another amount', '64', { 4: '000000009999' }],
    ['another card', '25', { 2: CHIP.pan, 35: `${CHIP.pan}=3012220` }],
    ['another trace', '25', { 61: '0000010000091123' }],
    ['another date', '25', { 61: '0000010000011124' }],
    ['a reference number of nothing', '25', { 37: '632700009999' }],
    ['another authorization code', '25', { 38: 'XXXXXX' }],
    ['nothing that names the sale', '25', { 37: undefined, 61: undefined }],
    ['no amount', '13', { 4: '000000000000' }],
    ['another currency', '12', { 49: '840' }],
    ['its sale’s own trace', '94', { 11: '000001' }],
    ['another batch', '77', { 60: '23000002000600' }],
  ])('with %s is refused with %s', async (_what, expected, fields) => {
    host = await openHost({ accounts });
    const paid = await sold();
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000002', fields }))).toBe(expected);
    expect(await shown()).toMatchObject([{ status: 'approved' }]);
  });

  test('without a card is proved by reference number and authorization code', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    const cardless = { 2: undefined, 14: undefined, 22: '012', 35: undefined };
    for (const [trace, missing] of [['000002', 37], ['000003', 38]] as const) {
      expect(await code(host.terminal.undo('void', { ...paid, trace, fields: { ...cardless, [missing]: undefined } }))).toBe('25');
    }
    const request = host.terminal.undo('void', { ...paid, trace: '000004', fields: cardless });
    expect(await code(request)).toBe('00');
    expect(await shown()).toMatchObject([{ status: 'voided' }]);
    expect(await canSpend(BALANCE, '000005')).toBe(true);
  });

  test('of a declined sale is refused with 25', async () => {
    host = await openHost({ accounts });
    const paid = await sold({ amountMinor: BALANCE + 1 });
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000002', fields: { 38: undefined } }))).toBe('25');
  });

  test('of a reversed sale is refused with 25, and moves no money', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    await host.terminal.exchange(host.terminal.reversal(paid.sale));
    for (const kind of ['void', 'refund'] as const) expect(await code(host.terminal.undo(kind, { ...paid, trace: kind === 'void' ? '000002' : '000003' }))).toBe('25');
    expect([await canSpend(BALANCE, '000004'), await canSpend(1, '000005')]).toEqual([true, false]);
  });

  test('with the reference number of another sale is refused with 25: both name the same, or nothing is undone', async () => {
    host = await openHost({ accounts });
    const first = await sold({ amountMinor: 100 });
    const second = await sold({ amountMinor: 100, trace: '000002' });
    expect(await code(host.terminal.undo('void', { ...first, trace: '000003', fields: { 37: second.answer.fields[37] } }))).toBe('25');
    expect(await shown()).toMatchObject([{ status: 'approved' }, { status: 'approved' }]);
  });

  test('of a void is refused with 25', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    const answer = await host.terminal.exchange(host.terminal.undo('void', { ...paid, trace: '000002' }));
    expect(answer.fields[39]).toBe('00');
    const named = { 37: answer.fields[37], 38: undefined, 61: '0000010000020000' };
    expect(await code(host.terminal.undo('refund', { ...paid, trace: '000003', fields: named }))).toBe('25');
    expect([await canSpend(BALANCE, '000004'), await canSpend(1, '000005')]).toEqual([true, false]);
  });

  test.each([['approve', '00'], ['refuse', '94']] as const)('that comes after its reversal: lateSale %s answers %s', async (lateSale, expected) => {
    host = await openHost({ accounts, lateSale });
    const paid = await sold();
    const request = host.terminal.undo('void', { ...paid, trace: '000002' });
    expect(await code(host.terminal.reversal(request))).toBe('25');
    expect(await code(request)).toBe(expected);
    expect(await canSpend(BALANCE, '000003')).toBe(lateSale === 'approve');
  });

  test('refunds may be partial and never sum up to more than was paid', async () => {
    host = await openHost({ accounts });
    const paid = await sold();
    const refund = (amountMinor: number, trace: string): Promise<string | undefined> =>
      code(host.terminal.undo('refund', { ...paid, trace, fields: { 4: String(amountMinor).padStart(12, '0') } }));
    expect(await refund(4_000, '000002')).toBe('00');
    expect(await shown()).toMatchObject([{ status: 'approved', refundedMinor: 4_000 }]);
    expect(await refund(6_001, '000003')).toBe('64');
    expect(await code(host.terminal.undo('void', { ...paid, trace: '000004' }))).toBe('22');
    expect(await refund(6_000, '000005')).toBe('00');
    expect(await shown()).toMatchObject([{ status: 'refunded', refundedMinor: BALANCE }]);
    expect(await refund(1, '000006')).toBe('22');
    expect([await canSpend(BALANCE, '000007'), await canSpend(1, '000008')]).toEqual([true, false]);
  });
});

test('a settled batch takes no sale and no void any more; a reversal finds it, and sign-on tells the next one', async () => {
  host = await openHost({ accounts });
  const first = await sold({ amountMinor: 100 });
  const second = await sold({ amountMinor: 200, trace: '000002' });
  expect(await host.closeBatch()).toBeLessThan(300);
  expect(await code(sale({ amountMinor: 300, trace: '000003' }))).toBe('77');
  expect((await host.terminal.signOn()).fields[60]?.slice(2, 8)).toBe('000002');
  expect(await code(sale({ amountMinor: 300, trace: '000003', batch: '000002' }))).toBe('00');
  const undone = host.terminal.undo('void', { ...first, trace: '000004', fields: { 60: '2300000200060' } });
  expect(await code(undone)).toBe('22');
  expect(await code(host.terminal.reversal(second.sale))).toBe('00');
  expect((await host.ledger()).map(({ reference, status }) => [reference, status])).toEqual([
    ['00000001-000001-000001', 'approved'],
    ['00000001-000001-000002', 'reversed'],
    ['00000001-000002-000003', 'approved'],
  ]);
  expect([await host.closeBatch({ tid: '99999999' }), await host.closeBatch({ terminal: '00000001' })]).toEqual([400, 400]);
});
