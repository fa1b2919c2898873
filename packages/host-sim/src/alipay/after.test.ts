import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type TestTill } from './till.testing.js';

const DAY_MS = 86_400_000;
let till: TestTill;
beforeAll(async () => {
  till = await openTill({
    payers: [
      { name: 'Gone', codePrefixRange: ['2803', '2803'], balanceMinor: 1_000_000, outcome: 'walks-away' },
      { name: 'Once', codePrefixRange: ['2804', '2804'], balanceMinor: 100 },
    ],
  });
});
afterAll(() => till.close());

const entryOf = async (reference: string): Promise<unknown> => (await till.ledger()).find((entry) => entry.reference === reference);

describe('alipay.trade.query', () => {
  it('finds by either number, and not what was never there', async () => {
    const { trade_no: tradeNo } = await till.call('pay', sale('q1', '1.00'));
    expect(await till.call('query', { trade_no: tradeNo })).toMatchObject({ code: '10000', out_trade_no: 'q1', trade_status: 'TRADE_SUCCESS', trade_no: tradeNo });
    expect(await till.call('query', { out_trade_no: 'never' })).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await till.call('query', {})).toMatchObject({ sub_code: 'ACQ.INVALID_PARAMETER' });
  });
});

describe('alipay.trade.cancel', () => {
  it('closes what is unpaid', async () => {
    await till.call('pay', sale('c1', '1.00', freshCode('2803')));
    expect(await till.call('cancel', { out_trade_no: 'c1' })).toMatchObject({ code: '10000', retry_flag: 'N', action: 'close', out_trade_no: 'c1' });
    expect(await till.call('query', { out_trade_no: 'c1' })).toMatchObject({ trade_status: 'TRADE_CLOSED' });
    expect(await till.control('/scan', { reference: 'c1', outcome: 'pays' })).toBe(400);
    expect(await entryOf('c1')).toMatchObject({ status: 'closed' });
  });

  it('gives back what is paid, and says the same when asked again', async () => {
    await till.call('pay', sale('c2', '1.00'));
    for (let time = 0; time < 2; time += 1) {
      expect(await till.call('cancel', { out_trade_no: 'c2' })).toMatchObject({ code: '10000', retry_flag: 'N', action: 'refund' });
    }
    expect(await till.call('query', { out_trade_no: 'c2' })).toMatchObject({ trade_status: 'TRADE_CLOSED' });
    expect(await entryOf('c2')).toMatchObject({ status: 'reversed', amountMinor: 100, refundedMinor: 100 });
    expect(await till.call('refund', { out_trade_no: 'c2', refund_amount: '1.00' })).toMatchObject({ sub_code: 'ACQ.TRADE_STATUS_ERROR' });
  });

  it('gives back to the payer, who can spend it again', async () => {
    const pays = async (reference: string): Promise<unknown> => (await till.call('pay', sale(reference, '1.00', freshCode('2804'))))['code'];
    expect([await pays('c7'), await pays('c8')]).toEqual(['10000', '40004']);
    await till.call('cancel', { out_trade_no: 'c7' });
    expect([await pays('c9'), await pays('c10')]).toEqual(['10000', '40004']);
  });

  it('says success for a number that never was, and a pay that arrives late stays closed', async () => {
    const answer = await till.call('cancel', { out_trade_no: 'c3' });
    expect(answer).toMatchObject({ code: '10000', retry_flag: 'N', out_trade_no: 'c3' });
    expect(answer).not.toHaveProperty('action');
    expect(await till.call('query', { out_trade_no: 'c3' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await till.call('pay', sale('c3', '1.00'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_CLOSE' });
    expect(await till.call('query', { out_trade_no: 'c3' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await entryOf('c3')).toMatchObject({ status: 'closed' });
  });

  it('is for one day', async () => {
    await till.call('pay', sale('c4', '1.00'));
    till.clock.now += DAY_MS;
    await till.call('pay', sale('c5', '1.00'));
    till.clock.now += 1;
    expect(await till.call('cancel', { out_trade_no: 'c4' })).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_CANCEL_TIME_OUT', retry_flag: 'N' });
    expect(await till.call('cancel', { out_trade_no: 'c5' })).toMatchObject({ action: 'refund' });
    expect(await entryOf('c4')).toMatchObject({ status: 'approved' });
  });

  it('is refused once a refund was made', async () => {
    await till.call('pay', sale('c6', '2.00'));
    await till.call('refund', { out_trade_no: 'c6', refund_amount: '1.00', out_request_no: 'r' });
    expect(await till.call('cancel', { out_trade_no: 'c6' })).toMatchObject({ sub_code: 'ACQ.REASON_TRADE_REFUND_FEE_ERR' });
  });
});

describe('alipay.trade.close', () => {
  it('closes what waits and nothing else', async () => {
    await till.call('pay', sale('x1', '1.00', freshCode('2803')));
    expect(await till.call('close', { out_trade_no: 'x1' })).toMatchObject({ code: '10000', out_trade_no: 'x1' });
    expect(await till.call('query', { out_trade_no: 'x1' })).toMatchObject({ trade_status: 'TRADE_CLOSED' });
    expect(await till.call('cancel', { out_trade_no: 'x1' })).toMatchObject({ action: 'close' });
    await till.call('pay', sale('x2', '1.00'));
    expect(await till.call('close', { out_trade_no: 'x2' })).toMatchObject({ sub_code: 'ACQ.TRADE_STATUS_ERROR' });
  });
});

describe('alipay.trade.refund', () => {
  it('gives back in parts, never above the whole, once for each request number', async () => {
    await till.call('pay', sale('r1', '10.00'));
    const refund = (yuan: string, no?: string): ReturnType<TestTill['call']> => till.call('refund', { out_trade_no: 'r1', refund_amount: yuan, ...(no === undefined ? {} : { out_request_no: no }) });
    expect(await refund('4.00')).toMatchObject({ sub_code: 'ACQ.INVALID_PARAMETER' });
    expect(await refund('4.00', 'a')).toMatchObject({ code: '10000', fund_change: 'Y', refund_fee: '4.00' });
    expect(await refund('4.00', 'a')).toMatchObject({ code: '10000', fund_change: 'N', refund_fee: '4.00' });
    expect(await refund('5.00', 'a')).toMatchObject({ sub_code: 'ACQ.DISCORDANT_REPEAT_REQUEST' });
    expect(await refund('6.01', 'b')).toMatchObject({ sub_code: 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL' });
    expect(await till.call('query', { out_trade_no: 'r1' })).toMatchObject({ trade_status: 'TRADE_SUCCESS' });
    expect(await entryOf('r1')).toMatchObject({ status: 'approved', refundedMinor: 400 });
    expect(await refund('6.00', 'b')).toMatchObject({ fund_change: 'Y', refund_fee: '10.00' });
    expect(await refund('6.00', 'b')).toMatchObject({ fund_change: 'N', refund_fee: '10.00' });
    expect(await till.call('query', { out_trade_no: 'r1' })).toMatchObject({ trade_status: 'TRADE_CLOSED' });
    expect(await entryOf('r1')).toMatchObject({ status: 'refunded', refundedMinor: 1000 });
    expect(await refund('0.01', 'c')).toMatchObject({ sub_code: 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL' });
  });

  it('takes the whole without a request number, once', async () => {
    await till.call('pay', sale('r2', '3.00'));
    expect(await till.call('refund', { out_trade_no: 'r2', refund_amount: '3.00' })).toMatchObject({ fund_change: 'Y' });
    expect(await till.call('refund', { out_trade_no: 'r2', refund_amount: '3.00' })).toMatchObject({ fund_change: 'N' });
  });

  it('refuses what is unpaid, unknown, or finished', async () => {
    await till.call('pay', sale('r3', '1.00', freshCode('2803')));
    expect(await till.call('refund', { out_trade_no: 'r3', refund_amount: '1.00' })).toMatchObject({ sub_code: 'ACQ.TRADE_STATUS_ERROR' });
    expect(await till.call('refund', { out_trade_no: 'never', refund_amount: '1.00' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
    await till.call('pay', sale('r4', '1.00'));
    till.clock.now += 366 * DAY_MS;
    expect(await till.call('query', { out_trade_no: 'r4' })).toMatchObject({ trade_status: 'TRADE_FINISHED' });
    expect(await till.call('refund', { out_trade_no: 'r4', refund_amount: '1.00' })).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_FINISHED' });
    expect(await till.call('cancel', { out_trade_no: 'r4' })).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_FINISHED' });
  });

  it('is found by its own inquiry; an unknown one is a success that names no refund', async () => {
    await till.call('pay', sale('r5', '9.00'));
    await till.call('refund', { out_trade_no: 'r5', refund_amount: '2.50', out_request_no: 'part' });
    expect(await till.call('fastpay.refund.query', { out_trade_no: 'r5', out_request_no: 'part' })).toMatchObject({
      code: '10000', out_request_no: 'part', refund_amount: '2.50', total_amount: '9.00', refund_status: 'REFUND_SUCCESS',
    });
    expect(await till.call('fastpay.refund.query', { out_trade_no: 'r5', out_request_no: 'other' })).toEqual({ code: '10000', msg: 'Success' });
    expect(await till.call('fastpay.refund.query', { out_trade_no: 'never', out_request_no: 'part' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
  });
});
