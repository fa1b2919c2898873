import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTill, sale, type TestTill } from './till.testing.js';

describe('alipay.trade.pay', () => {
  let till: TestTill;
  beforeEach(async () => {
    till = await openTill({
      payers: [
        { name: 'Poor', codePrefixRange: ['2801', '2801'], balanceMinor: 100 },
        { name: 'Slow', codePrefixRange: ['2802', '2802'], balanceMinor: 1_000_000, paysAfterQueries: 2 },
        { name: 'Gone', codePrefixRange: ['2803', '2803'], balanceMinor: 1_000_000, outcome: 'walks-away' },
        { name: 'No', codePrefixRange: ['2804', '2804'], balanceMinor: 1_000_000, outcome: 'declines' },
      ],
    });
  });
  afterEach(() => till.close());

  it('takes the money at once and says whose, how much and when, in GMT+8', async () => {
    const paid = await till.call('pay', sale('T1'));
    expect(paid).toMatchObject({
      code: '10000', msg: 'Success', out_trade_no: 'T1', total_amount: '88.88', buyer_pay_amount: '88.88',
      receipt_amount: '88.88', invoice_amount: '88.88', gmt_payment: '2026-03-01 10:00:00',
      fund_bill_list: [{ amount: '88.88', fund_channel: 'ALIPAYACCOUNT' }],
    });
    expect(paid['trade_no']).toMatch(/^20260301\d{20}$/);
    expect(paid['buyer_logon_id']).toMatch(/^1\d{2}\*{6}\d{2}$/);
    expect(paid['buyer_user_id']).toMatch(/^2088\d{12}$/);
    expect(await till.ledger()).toMatchObject([{ reference: 'T1', amountMinor: 8888, currency: 'CNY', status: 'approved' }]);
  });

  it('asks for the password over 1000 yuan and takes the money when the payer has given it', async () => {
    expect(await till.call('pay', sale('T2', '1000.00'))).toMatchObject({ code: '10000' });
    expect(await till.call('pay', sale('T3', '1000.01'))).toMatchObject({ code: '10003', out_trade_no: 'T3' });
    expect(await till.call('query', { out_trade_no: 'T3' })).toMatchObject({ code: '10000', trade_status: 'WAIT_BUYER_PAY' });
    expect(await till.call('query', { out_trade_no: 'T3' })).toMatchObject({ trade_status: 'TRADE_SUCCESS', send_pay_date: '2026-03-01 10:00:00' });
  });
});
