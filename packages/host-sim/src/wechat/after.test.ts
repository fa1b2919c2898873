import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type Answer, type TestTill } from './till.testing.js';

const DAY_MS = 86_400_000;
const PAYERS = [
  { name: 'Slow', codePrefixRange: ['1302', '1302'] as const, balanceMinor: 1_000_000, paysAfterQueries: 1 },
  { name: 'Gone', codePrefixRange: ['1303', '1303'] as const, balanceMinor: 1_000_000, outcome: 'walks-away' as const },
  { name: 'Once', codePrefixRange: ['1304', '1304'] as const, balanceMinor: 100 },
];

let till: TestTill;
beforeAll(async () => {
  till = await openTill({ payers: PAYERS });
});
afterAll(() => till.close());

const pay = (reference: string, total = 100, code?: string): Promise<Answer> => till.post('v3/pay/transactions/codepay', sale(till, reference, total, code));
const stateOf = async (reference: string): Promise<unknown> => (await till.query(reference)).data['trade_state'];
const entryOf = async (reference: string): Promise<unknown> => (await till.ledger()).find((entry) => entry.reference === reference);

describe('query', () => {
  it('does not find what was never there, and asks for the merchant', async () => {
    expect(await till.query('NEVER_1')).toMatchObject({ status: 404, data: { code: 'ORDER_NOT_EXIST' } });
    expect(await till.get('v3/pay/transactions/out-trade-no/NEVER_1')).toMatchObject({ status: 400, data: { code: 'PARAM_ERROR', detail: { field: 'mchid', location: 'url' } } });
    expect(await till.get('v3/pay/transactions/out-trade-no/NO', { mchid: till.endpoints.mchid })).toMatchObject({ status: 400, data: { code: 'PARAM_ERROR', detail: { field: 'out_trade_no' } } });
  });
});

describe('reverse', () => {
  it('is taken 15 s after the payment began and not before', async () => {
    await pay('REV_001');
    expect(await till.reverse('REV_001')).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
    till.clock.now += 14_999;
    expect(await till.reverse('REV_001')).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
    expect(await stateOf('REV_001')).toBe('SUCCESS');
    till.clock.now += 1;
    expect(await till.reverse('REV_001')).toEqual({ status: 200, data: { appid: till.endpoints.appid, mchid: till.endpoints.mchid, out_trade_no: 'REV_001' } });
    expect(await stateOf('REV_001')).toBe('REVOKED');
    expect(await entryOf('REV_001')).toMatchObject({ status: 'reversed', refundedMinor: 100 });
    expect(await till.reverse('REV_001')).toMatchObject({ status: 200 });
  });

  it('gives back to the payer, who can spend it again', async () => {
    const pays = async (reference: string): Promise<unknown> => (await pay(reference, 100, freshCode('1304'))).data['trade_state'];
    expect([await pays('REV_011'), await pays('REV_012')]).toEqual(['SUCCESS', undefined]);
    till.clock.now += 15_000;
    await till.reverse('REV_011');
    expect([await pays('REV_013'), await pays('REV_014')]).toEqual(['SUCCESS', undefined]);
  });

  it('is asked for by the merchant and application that sign, and by no other', async () => {
    await pay('REV_008');
    till.clock.now += 15_000;
    const { appid, mchid } = till.endpoints;
    const reverse = (body: Record<string, unknown>): Promise<Answer> => till.post('v3/pay/transactions/out-trade-no/REV_008/reverse', body);
    expect(await reverse({ appid, mchid: '1999999999' })).toMatchObject({ status: 403, data: { code: 'NO_AUTH' } });
    expect(await reverse({ appid: 'wx9', mchid })).toMatchObject({ status: 400, data: { code: 'PARAM_ERROR', detail: { field: '/appid' } } });
    expect(await stateOf('REV_008')).toBe('SUCCESS');
    expect(await reverse({ mchid })).toMatchObject({ status: 200 });
  });

  it('is taken within 7 days', async () => {
    await pay('REV_002');
    await pay('REV_003');
    till.clock.now += 7 * DAY_MS;
    expect(await till.reverse('REV_002')).toMatchObject({ status: 200 });
    till.clock.now += 1;
    expect(await till.reverse('REV_003')).toMatchObject({ status: 400, data: { code: 'REVERSE_EXPIRE' } });
    expect(await stateOf('REV_003')).toBe('SUCCESS');
  });

  it('is refused while a payer is about to pay, and gives the money back afterwards', async () => {
    await pay('REV_004', 100, freshCode('1302'));
    till.clock.now += 15_000;
    for (let time = 0; time < 2; time += 1) expect(await till.reverse('REV_004')).toMatchObject({ status: 400, data: { code: 'USERPAYING' } });
    expect(await stateOf('REV_004')).toBe('SUCCESS');
    expect(await till.reverse('REV_004')).toMatchObject({ status: 200 });
    expect(await entryOf('REV_004')).toMatchObject({ status: 'reversed' });
  });

  it('closes over a payer who walked away; the payer then cannot pay', async () => {
    await pay('REV_005', 100, freshCode('1303'));
    till.clock.now += 15_000;
    expect(await till.reverse('REV_005')).toMatchObject({ status: 200 });
    expect(await stateOf('REV_005')).toBe('REVOKED');
    expect(await till.control('/scan', { reference: 'REV_005', outcome: 'pays' })).toBe(400);
    expect(await entryOf('REV_005')).toMatchObject({ status: 'closed' });
    expect(await pay('REV_005')).toMatchObject({ data: { code: 'ORDER_CLOSED' } });
  });

  it('says success for a number that never was, and a payment that arrives late stays closed', async () => {
    expect(await till.reverse('REV_006')).toMatchObject({ status: 200 });
    expect(await till.query('REV_006')).toMatchObject({ status: 404, data: { code: 'ORDER_NOT_EXIST' } });
    expect(await till.reverse('REV_006')).toMatchObject({ status: 200 });
    expect(await pay('REV_006')).toMatchObject({ status: 400, data: { code: 'ORDER_CLOSED' } });
    expect(await entryOf('REV_006')).toMatchObject({ status: 'closed' });
  });

  it('can be told to close over a payer who is about to pay, and to take it at once', async () => {
    const other = await openTill({ payers: PAYERS, reverse: { whilePaying: 'close', notBeforeMs: 0 } });
    await other.post('v3/pay/transactions/codepay', sale(other, 'REV_007', 100, freshCode('1302')));
    expect(await other.reverse('REV_007')).toMatchObject({ status: 200 });
    expect((await other.query('REV_007')).data['trade_state']).toBe('REVOKED');
    await other.close();
  });
});

describe('refunds', () => {
  const REFUNDS = 'v3/refund/domestic/refunds';
  const refund = (reference: string, no: string, amount: number, total = 100): Promise<Answer> =>
    till.post(REFUNDS, { out_trade_no: reference, out_refund_no: no, reason: 'returned', amount: { refund: amount, total, currency: 'CNY' } });

  it('go their way, then arrive; in parts, never above the whole, once for each number', async () => {
    const paid = await pay('REF_001');
    const made = await refund('REF_001', 'part-1', 40);
    expect(made).toMatchObject({ status: 200, data: { out_refund_no: 'part-1', out_trade_no: 'REF_001', transaction_id: paid.data['transaction_id'], status: 'PROCESSING', amount: { total: 100, refund: 40, currency: 'CNY' } } });
    expect(await refund('REF_001', 'part-1', 40)).toEqual(made);
    expect(await refund('REF_001', 'part-1', 41)).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
    expect(await stateOf('REF_001')).toBe('REFUND');
    expect(await till.get(`${REFUNDS}/part-1`)).toMatchObject({ status: 200, data: { status: 'SUCCESS', refund_id: made.data['refund_id'], amount: { refund: 40 } } });
    expect(await refund('REF_001', 'part-1', 40)).toMatchObject({ data: { status: 'SUCCESS' } });
    expect(await refund('REF_001', 'part-2', 61)).toMatchObject({ data: { code: 'INVALID_REQUEST' } });
    expect(await refund('REF_001', 'part-2', 60, 99)).toMatchObject({ data: { code: 'INVALID_REQUEST' } });
    expect(await entryOf('REF_001')).toMatchObject({ status: 'approved', refundedMinor: 40 });
    expect(await refund('REF_001', 'part-2', 60)).toMatchObject({ status: 200 });
    expect(await till.get(`${REFUNDS}/part-2`)).toMatchObject({ data: { out_refund_no: 'part-2', status: 'SUCCESS', amount: { refund: 60 } } });
    expect(await till.get(`${REFUNDS}/part-1`)).toMatchObject({ data: { out_refund_no: 'part-1', status: 'SUCCESS', amount: { refund: 40 } } });
    expect(await entryOf('REF_001')).toMatchObject({ status: 'refunded', refundedMinor: 100 });
    till.clock.now += 15_000;
    expect(await till.reverse('REF_001')).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
  });

  it('are on their way for as long as the host was told', async () => {
    const slow = await openTill({ refundTakesMs: 3 * DAY_MS });
    try {
      await slow.post('v3/pay/transactions/codepay', sale(slow, 'SLOW_1', 100));
      const body = { out_trade_no: 'SLOW_1', out_refund_no: 'slow-1', amount: { refund: 100, total: 100, currency: 'CNY' } };
      expect(await slow.post(REFUNDS, body)).toMatchObject({ data: { status: 'PROCESSING' } });
      slow.clock.now += 3 * DAY_MS - 1;
      expect(await slow.get(`${REFUNDS}/slow-1`)).toMatchObject({ data: { status: 'PROCESSING' } });
      slow.clock.now += 1;
      expect(await slow.get(`${REFUNDS}/slow-1`)).toMatchObject({ data: { status: 'SUCCESS' } });
    } finally {
      await slow.close();
    }
  });

  it('find the order by its transaction, and a number belongs to one order', async () => {
    const paid = await pay('REF_002');
    await pay('REF_003');
    expect(await till.post(REFUNDS, { transaction_id: paid.data['transaction_id'], out_refund_no: 'by-tx', amount: { refund: 1, total: 100, currency: 'CNY' } })).toMatchObject({ data: { out_trade_no: 'REF_002' } });
    expect(await refund('REF_003', 'by-tx', 1)).toMatchObject({ data: { code: 'INVALID_REQUEST' } });
    const both = { transaction_id: paid.data['transaction_id'], out_trade_no: 'REF_003', out_refund_no: 'both', amount: { refund: 1, total: 100, currency: 'CNY' } };
    expect(await till.post(REFUNDS, both)).toMatchObject({ status: 404, data: { code: 'RESOURCE_NOT_EXISTS' } });
    expect(await till.post(REFUNDS, { ...both, transaction_id: undefined, out_trade_no: undefined })).toMatchObject({ data: { code: 'PARAM_ERROR' } });
    expect(await till.post(REFUNDS, { ...both, out_trade_no: undefined, amount: { ...both.amount, currency: 'USD' } })).toMatchObject({ data: { code: 'PARAM_ERROR', detail: { field: '/amount/currency' } } });
  });

  it('refuse what is unpaid, reversed, unknown or over a year old', async () => {
    await pay('REF_004', 100, freshCode('1303'));
    expect(await refund('REF_004', 'r4', 100)).toMatchObject({ status: 404, data: { code: 'RESOURCE_NOT_EXISTS' } });
    expect(await refund('NEVER_2', 'r5', 100)).toMatchObject({ status: 404, data: { code: 'RESOURCE_NOT_EXISTS' } });
    expect(await till.get(`${REFUNDS}/never`)).toMatchObject({ status: 404, data: { code: 'RESOURCE_NOT_EXISTS' } });
    await pay('REF_005');
    till.clock.now += 15_000;
    await till.reverse('REF_005');
    expect(await refund('REF_005', 'r6', 100)).toMatchObject({ data: { code: 'INVALID_REQUEST' } });
    await pay('REF_006');
    till.clock.now += 366 * DAY_MS;
    expect(await refund('REF_006', 'r7', 100)).toMatchObject({ data: { code: 'INVALID_REQUEST' } });
    expect(await till.post(REFUNDS, { out_trade_no: 'REF_006', out_refund_no: 'r8', amount: { refund: 1, total: 100 } })).toMatchObject({ data: { code: 'PARAM_ERROR', detail: { field: '/amount/currency' } } });
  });
});
