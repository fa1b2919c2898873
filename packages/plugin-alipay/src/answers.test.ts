import { money } from '@tillwright/core/contract';
import type { JsonObject } from '@tillwright/core/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterCancel, readCancel, readPay, readPrecreate, readQuery, readRefund, readRefundQuery } from './answers.js';
import type { Asked } from './answers.js';
import { CANCEL_REFUSALS, DUPLICATE_CODES, GATEWAY_CODES, PAY_CODES, REFUND_CODES } from './codes.js';
import type { AlipayHeard } from './gateway.js';

const asked: Asked = { reference: 'AS1', amount: money(8888, 'CNY'), appId: '2021', sellerId: '2088' };
const answer = (body: JsonObject): AlipayHeard => ({ heard: 'answer', body });
const PAID = { code: '10000', out_trade_no: 'AS1', trade_no: '20141126', total_amount: '88.88', buyer_pay_amount: '80.00', buyer_logon_id: '158****1562', gmt_payment: '2014-11-27 15:45:57' };
const refusedBy = (subCode: string, code = '40004') => answer({ code, sub_code: subCode });
const payerOf = (buyer: string): unknown => {
  const read = readPay(answer({ ...PAID, buyer_logon_id: buyer }), asked);
  return read.outcome === 'approved' ? read.facts['payer'] : undefined;
};
const query = (body: JsonObject) => readQuery(answer({ ...PAID, ...body }), asked, { qr: false });
const cancel = (body: JsonObject) => readCancel(answer({ code: '10000', out_trade_no: 'AS1', ...body }), asked, 1_000);

describe('alipay.trade.pay', () => {
  it('10000 for this order and amount is approved, with what the receipt needs', () => {
    expect(readPay(answer(PAID), asked)).toEqual({
      outcome: 'approved',
      verified: true,
      amount: { amountMinor: 8888, currency: 'CNY' },
      completion: 'none',
      facts: {
        reference: 'AS1',
        tradeNumber: '20141126',
        payer: '158****1562',
        totalMinor: 8888,
        paidMinor: 8000,
        discountMinor: 888,
        paidAt: '2014-11-27 15:45:57',
        receipt: [
          { key: 'merchantOrderNumber', label: { zh: '商户订单号', en: 'Order no.' }, value: 'AS1' },
          { key: 'tradeNumber', label: { zh: '支付宝交易号', en: 'Alipay trade no.' }, value: '20141126' },
          { key: 'payer', label: { zh: '付款账户', en: 'Payer' }, value: '158****1562' },
          { key: 'paidAmount', label: { zh: '实付金额', en: 'Paid' }, value: 'RMB 80.00' },
          { key: 'discountAmount', label: { zh: '优惠金额', en: 'Discount' }, value: 'RMB 8.88' },
          { key: 'paidAt', label: { zh: '付款时间', en: 'Paid at' }, value: '2014-11-27 15:45:57' },
        ],
      },
    });
  });

  it('a payer whom Alipay did not mask is masked', () => {
    expect(payerOf('13800138000')).toBe('138****00');
    expect(payerOf('13800138')).toBe('138****');
    expect(payerOf('somebody@example.com')).toBe('som***@example.com');
    expect(payerOf('al@example.com')).toBe('al***@example.com');
    expect(payerOf('@somebody')).toBe('@so****dy');
  });

  it('facts hold what may be logged and printed, and nothing else that the host wrote', () => {
    const factsOf = (change: JsonObject): JsonObject => {
      const read = readPay(answer({ ...PAID, ...change }), asked);
      return read.outcome === 'approved' ? read.facts : {};
    };
    expect(factsOf({ trade_no: '\u001b@2014\n1126\u202e' })).toMatchObject({ tradeNumber: '@20141126' });
    expect(factsOf({ trade_no: '7'.repeat(65) })).toMatchObject({ tradeNumber: '7'.repeat(64) });
    for (const gmt_payment of ['2014-11-27 15:45:57\u001b@', ' 2014-11-27 15:45:57', '2014-11-27T15:45:57', 20141127, null]) expect(factsOf({ gmt_payment })).toMatchObject({ paidAt: '' });
    expect(factsOf({ gmt_payment: null, send_pay_date: '2014-11-27 15:45:58' })).toMatchObject({ paidAt: '2014-11-27 15:45:58' });
    expect(Object.values(factsOf({ gmt_payment: null, buyer_logon_id: null })['receipt'] ?? {}).map((line) => (line as JsonObject)['key'])).toEqual(['merchantOrderNumber', 'tradeNumber', 'paidAmount', 'discountAmount']);
  });

  it.each([
    ['88.88', 'RMB 88.88', undefined],
    ['88.87', 'RMB 88.87', 'RMB 0.01'],
    ['0.05', 'RMB 0.05', 'RMB 88.83'],
    // More than the whole can't be what the payer paid of it.
    ['88.89', 'RMB 88.88', undefined],
    [null, 'RMB 88.88', undefined],
  ])('of 88.88 the payer paid %j', (buyer_pay_amount, paid, discount) => {
    const read = readPay(answer({ ...PAID, buyer_pay_amount }), asked);
    const lines = read.outcome === 'approved' ? (read.facts.receipt as readonly { readonly key: string; readonly value: string }[]) : [];
    const valueOf = (key: string) => lines.find((line) => line.key === key)?.value;
    expect([valueOf('paidAmount'), valueOf('discountAmount')]).toEqual([paid, discount]);
  });

  // Rule 3: amount, reference, seller and application agree, or nothing is decided.
  it.each([
    ['more than asked', { total_amount: '88.89' }],
    ['no amount', { total_amount: null }],
    ['an amount that is none', { total_amount: '1e2' }],
    ['nothing', { total_amount: '0.00' }],
    ['another order', { out_trade_no: 'AS2' }],
    ['no order', { out_trade_no: null }],
    ['another seller', { seller_id: '2099' }],
    ['another application', { app_id: '2022' }],
    ['another currency', { trans_currency: 'USD' }],
  ])('10000 for %s is unknown: mismatch', (_name, change) => {
    expect(readPay(answer({ ...PAID, ...change }), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  it('an answer that names no order at all is no approval, neither of a pay nor of an inquiry', () => {
    const { out_trade_no: _order, ...nameless } = PAID;
    expect(readPay(answer(nameless), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    expect(readQuery(answer({ ...nameless, trade_status: 'TRADE_SUCCESS' }), asked, { qr: false })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  it('names that agree, or that this till does not hold against its own, decide as ever', () => {
    const { sellerId: _seller, ...anySeller } = asked;
    expect(readPay(answer({ ...PAID, seller_id: '2088', app_id: '2021', trans_currency: 'CNY' }), asked).outcome).toBe('approved');
    expect(readPay(answer({ ...PAID, seller_id: '2099' }), anySeller).outcome).toBe('approved');
  });

  it('without a trade number nothing could be refunded later: unknown', () => {
    for (const trade_no of ['', null]) expect(readPay(answer({ ...PAID, trade_no }), asked)).toMatchObject({ outcome: 'unknown', reason: 'garbled' });
  });

  it('10000 for less is told as what it is: the payment rules condemn it', () => {
    expect(readPay(answer({ ...PAID, total_amount: '80.00' }), asked)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8000 } });
  });

  it('any amount: approved exactly up to what was asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (askedMinor, paidMinor) => {
        const total = `${Math.floor(paidMinor / 100)}.${String(paidMinor % 100).padStart(2, '0')}`;
        const read = readPay(answer({ ...PAID, total_amount: total }), { ...asked, amount: money(askedMinor, 'CNY') });
        return paidMinor <= askedMinor ? read.outcome === 'approved' && read.amount.amountMinor === paidMinor : read.outcome === 'unknown';
      }),
    );
  });

  it('10003 waits for the payer', () => {
    expect(readPay(answer({ code: '10003', out_trade_no: 'AS1' }), asked)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(readPay(answer({ code: '10003', out_trade_no: 'AS2' }), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  it.each(Object.entries(PAY_CODES))('%s declines with its hint', (subCode, entry) => {
    expect(readPay(refusedBy(subCode), asked)).toEqual({ outcome: 'declined', verified: true, code: subCode, ...entry });
    expect([entry.hint.zh, entry.hint.en].every((text) => text.length > 5)).toBe(true);
    expect(readPay(answer({ code: '40004', sub_code: subCode, out_trade_no: 'AS2' }), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  // The codes that Alipay's page of face-to-face payment names, and what the cashier can do.
  it.each([
    ['new-input', 'PAYMENT_AUTH_CODE_INVALID BUYER_BALANCE_NOT_ENOUGH BUYER_BANKCARD_BALANCE_NOT_ENOUGH ERROR_BALANCE_PAYMENT_DISABLE NO_PAYMENT_INSTRUMENTS_AVAILABLE TRADE_HAS_CLOSE PAYMENT_FAIL PULL_MOBILE_CASHIER_FAIL USER_FACE_PAYMENT_SWITCH_OFF'],
    ['never', 'TOTAL_FEE_EXCEED PAYMENT_REQUEST_HAS_RISK BUYER_ENABLE_STATUS_FORBID BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR BEYOND_PAY_RESTRICTION INVALID_PARAMETER ACCESS_FORBIDDEN SELLER_BEEN_BLOCKED'],
    ['duplicate', 'TRADE_HAS_SUCCESS CONTEXT_INCONSISTENT TRADE_BUYER_NOT_MATCH'],
  ])('%s: %s', (what, codes) => {
    const read = codes.split(' ').map((code) => readPay(refusedBy(`ACQ.${code}`), asked));
    expect(read.map((each) => (each.outcome === 'declined' ? each.again : each.outcome === 'unknown' ? each.reason : each.outcome))).toEqual(read.map(() => what));
  });

  // Rule 4.
  it.each([...DUPLICATE_CODES])('%s is unknown: the first copy may have been paid', (subCode) => {
    expect(readPay(refusedBy(subCode), asked)).toMatchObject({ outcome: 'unknown', reason: 'duplicate' });
    expect(PAY_CODES[subCode]).toBeUndefined();
  });

  it.each(['ACQ.SYSTEM_ERROR', 'ACQ.SOMETHING_NEW', 'isp.unknow-error', 'toString', '__proto__', 'constructor'])('%s decides nothing', (subCode) => {
    expect(readPay(refusedBy(subCode), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
    expect(readPay(refusedBy(subCode, '20000'), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
    expect(readPay(refusedBy(subCode, '99999'), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });

  it.each(Object.entries(GATEWAY_CODES))('%s: the gateway refused the request itself, so nothing was taken', (code, entry) => {
    expect(readPay(refusedBy('isv.invalid-signature', code), asked)).toEqual({ outcome: 'declined', verified: true, code: 'isv.invalid-signature', ...entry });
    expect(readPay(answer({ code }), asked)).toMatchObject({ outcome: 'declined', code });
  });

  it.each(['toString', '__proto__', 'constructor'])('the code %s decides nothing', (code) => {
    expect(readPay(answer({ code }), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });

  it('what is told of a code is a code, whatever the host wrote there', () => {
    expect(readPay(refusedBy('ACQ.NEW \u001b@"13800138000"', '4\n0'), asked)).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'answered 40 ACQ.NEW13800138000' });
    expect(readPay(answer({}), asked)).toMatchObject({ why: 'answered without a code' });
  });

  it('silence is unknown, and not-sent only where nothing left', () => {
    expect(readPay({ heard: 'silence', sent: true, reason: 'no-answer', why: 'w' }, asked)).toEqual({ outcome: 'unknown', reason: 'no-answer', why: 'w' });
    expect(readPay({ heard: 'silence', sent: false, reason: 'no-answer', why: 'w' }, asked)).toEqual({ outcome: 'not-sent', why: 'w' });
  });
});

describe('alipay.trade.precreate', () => {
  it('shows the QR and waits', () => {
    expect(readPrecreate(answer({ code: '10000', out_trade_no: 'AS1', qr_code: 'https://qr.alipay.com/x' }), asked)).toEqual({ outcome: 'pending', waitingFor: 'payer', show: { qr: 'https://qr.alipay.com/x' } });
  });
  it.each<[JsonObject, string]>([
    [{ out_trade_no: 'AS2' }, 'mismatch'],
    [{ out_trade_no: null }, 'mismatch'],
    [{ seller_id: '2099' }, 'mismatch'],
    [{ qr_code: null }, 'garbled'],
    [{ qr_code: '' }, 'garbled'],
    [{ qr_code: 'q'.repeat(1025) }, 'garbled'],
  ])('is unknown with %j', (change, reason) => {
    expect(readPrecreate(answer({ code: '10000', out_trade_no: 'AS1', qr_code: 'q', ...change }), asked)).toMatchObject({ outcome: 'unknown', reason });
  });
  it('names its order: without one the QR could be anybody\'s', () => {
    expect(readPrecreate(answer({ code: '10000', qr_code: 'q' }), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it('refuses and stays unknown as a pay does', () => {
    expect(readPrecreate(answer({ code: '40004', sub_code: 'ACQ.TOTAL_FEE_EXCEED', out_trade_no: 'AS1', qr_code: 'q' }), asked)).toMatchObject({ outcome: 'declined', again: 'never' });
    expect(readPrecreate(refusedBy('ACQ.CONTEXT_INCONSISTENT'), asked)).toMatchObject({ outcome: 'unknown', reason: 'duplicate' });
    expect(readPrecreate({ heard: 'silence', sent: true, reason: 'unverified', why: 'w' }, asked)).toEqual({ outcome: 'unknown', reason: 'unverified', why: 'w' });
    expect(readPrecreate({ heard: 'silence', sent: false, reason: 'no-answer', why: 'w' }, asked)).toEqual({ outcome: 'not-sent', why: 'w' });
  });
});

describe('alipay.trade.query', () => {
  it.each(['TRADE_SUCCESS', 'TRADE_FINISHED'])('%s is approved', (trade_status) => {
    expect(query({ trade_status })).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888 } });
    expect(query({ trade_status, total_amount: '99.99' })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it('WAIT_BUYER_PAY waits', () => expect(query({ trade_status: 'WAIT_BUYER_PAY' })).toEqual({ outcome: 'pending', waitingFor: 'payer' }));
  it('TRADE_CLOSED is undone: closed, or money back when it had been paid', () => {
    expect(query({ trade_status: 'TRADE_CLOSED' })).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect(query({ trade_status: 'TRADE_CLOSED', send_pay_date: '2014-11-27 15:45:57' })).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
    expect(query({ trade_status: 'TRADE_CLOSED', out_trade_no: 'AS2' })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    expect(query({ trade_status: 'TRADE_CLOSED', out_trade_no: null })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it('no such trade: absent, or not yet while a QR may be scanned', () => {
    expect(readQuery(refusedBy('ACQ.TRADE_NOT_EXIST'), asked, { qr: false })).toEqual({ outcome: 'absent' });
    expect(readQuery(refusedBy('ACQ.TRADE_NOT_EXIST'), asked, { qr: true })).toEqual({ outcome: 'pending', waitingFor: 'payer' });
  });
  it.each(['20000', '40004', '40002', null])('an inquiry that failed (%j) decides nothing, whatever else it names', (code) => {
    for (const trade_status of ['TRADE_SUCCESS', 'WAIT_BUYER_PAY', 'TRADE_CLOSED']) expect(query({ code, trade_status })).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
    expect(readQuery(refusedBy('ACQ.TRADE_NOT_EXIST', code === '40004' ? '10000' : String(code)), asked, { qr: false }).outcome).toBe('unknown');
  });
  it('of another order, seller or currency nothing is said, not even that it is missing or waits', () => {
    for (const change of [{ out_trade_no: 'AS2' }, { seller_id: '2099' }, { trans_currency: 'USD' }]) {
      expect(query({ trade_status: 'WAIT_BUYER_PAY', ...change })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
      expect(query({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST', ...change })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    }
  });
  it('a state that names no order is none of this order', () => {
    for (const trade_status of ['WAIT_BUYER_PAY', 'TRADE_CLOSED']) expect(readQuery(answer({ code: '10000', trade_status }), asked, { qr: false })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it('anything else decides nothing, an unreachable host included', () => {
    expect(query({ trade_status: 'NEW_STATUS' })).toMatchObject({ outcome: 'unknown', reason: 'garbled' });
    expect(readQuery(refusedBy('ACQ.SYSTEM_ERROR'), asked, { qr: false }).outcome).toBe('unknown');
    expect(readQuery(refusedBy('isv.x', '40002'), asked, { qr: false }).outcome).toBe('unknown');
    expect(readQuery({ heard: 'silence', sent: false, reason: 'no-answer', why: 'w' }, asked, { qr: false })).toEqual({ outcome: 'unknown', reason: 'no-answer', why: 'w' });
  });
});

describe('alipay.trade.cancel', () => {
  it('an action is proof', () => {
    expect(cancel({ action: 'close', retry_flag: 'N' })).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect(cancel({ action: 'refund', retry_flag: 'N' })).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
  });
  it('for another order it is none', () => expect(cancel({ action: 'close', out_trade_no: 'AS2' })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' }));
  it('retry_flag Y asks for it again, whatever the action', () => expect(cancel({ action: 'refund', retry_flag: 'Y' })).toMatchObject({ outcome: 'unknown' }));
  it('success without an action asks for a look', () => {
    expect(cancel({ retry_flag: 'N' })).toBe('look');
    expect(readCancel(refusedBy('ACQ.TRADE_NOT_EXIST'), asked, 0)).toBe('look');
  });
  it('what the look finds', () => {
    expect(afterCancel({ outcome: 'absent' })).toEqual({ outcome: 'undone', verified: true, proof: 'no-original' });
    expect(afterCancel({ outcome: 'undone', verified: true, proof: 'closed' })).toMatchObject({ proof: 'closed' });
    expect(afterCancel({ outcome: 'pending', waitingFor: 'payer' }).outcome).toBe('unknown');
    expect(afterCancel(readPay(answer(PAID), asked) as never)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
    expect(afterCancel({ outcome: 'unknown', reason: 'unverified', why: 'w' })).toEqual({ outcome: 'unknown', reason: 'unverified', why: 'w' });
  });
  it.each([...CANCEL_REFUSALS, 'ACQ.CANCEL_NOT_ALLOWED', 'ACQ.TRADE_CANCEL_TIME_OUT', 'ACQ.REASON_TRADE_BEEN_FREEZEN'])('%s is refused', (code) => expect(readCancel(refusedBy(code), asked, 0)).toEqual({ outcome: 'refused', code }));
  it('an empty merchant account is for later', () => {
    expect(readCancel(refusedBy('ACQ.SELLER_BALANCE_NOT_ENOUGH'), asked, 1_000)).toMatchObject({ outcome: 'not-now', retryAt: 601_000 });
  });
  it('all else is unknown', () => {
    expect(readCancel(refusedBy('ACQ.SYSTEM_ERROR', '20000'), asked, 0)).toMatchObject({ outcome: 'unknown' });
    expect(readCancel(refusedBy('ACQ.NEW'), asked, 0)).toMatchObject({ outcome: 'unknown' });
    for (const subCode of ['ACQ.TRADE_NOT_EXIST', 'ACQ.SELLER_BALANCE_NOT_ENOUGH', ...CANCEL_REFUSALS]) expect(readCancel(refusedBy(subCode, '20000'), asked, 0)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });
});

describe('refunds', () => {
  const refund = { number: 'AR1', amount: money(888, 'CNY') };
  const ok = { code: '10000', out_trade_no: 'AS1', trade_no: '20141126', fund_change: 'Y', refund_fee: '8.88', gmt_refund_pay: '2014-11-27 16:00:00' };
  it('are approved when money moved, for at least this much in all', () => {
    expect(readRefund(answer(ok), asked, refund)).toEqual({
      outcome: 'approved',
      verified: true,
      amount: { amountMinor: 888, currency: 'CNY' },
      completion: 'none',
      facts: {
        reference: 'AR1',
        tradeNumber: '20141126',
        refundedMinor: 888,
        refundedAt: '2014-11-27 16:00:00',
        receipt: [
          { key: 'refundNumber', label: { zh: '退款单号', en: 'Refund no.' }, value: 'AR1' },
          { key: 'tradeNumber', label: { zh: '支付宝交易号', en: 'Alipay trade no.' }, value: '20141126' },
          { key: 'refundedAmount', label: { zh: '退款金额', en: 'Refunded' }, value: 'RMB 8.88' },
          { key: 'refundedAt', label: { zh: '退款时间', en: 'Refunded at' }, value: '2014-11-27 16:00:00' },
        ],
      },
    });
    expect(readRefund(answer({ ...ok, refund_fee: '20.00' }), asked, refund).outcome).toBe('approved');
  });
  it.each([
    [{ fund_change: 'N' }, 'duplicate'],
    [{ refund_fee: '8.87' }, 'mismatch'],
    [{ refund_fee: null }, 'mismatch'],
    [{ out_trade_no: 'AS2' }, 'mismatch'],
    [{ out_trade_no: null }, 'mismatch'],
    [{ out_trade_no: undefined }, 'mismatch'],
    [{ seller_id: '2099' }, 'mismatch'],
    [{ code: '20000' }, 'host-error'],
  ])('are unknown with %j', (change, reason) => expect(readRefund(answer({ ...ok, ...change } as JsonObject), asked, refund)).toMatchObject({ outcome: 'unknown', reason }));
  it('are not sent only where nothing left', () => {
    expect(readRefund({ heard: 'silence', sent: false, reason: 'no-answer', why: 'w' }, asked, refund)).toEqual({ outcome: 'not-sent', why: 'w' });
    for (const sent of [true, false]) expect(readRefundQuery({ heard: 'silence', sent, reason: 'no-answer', why: 'w' }, asked, refund)).toEqual({ outcome: 'unknown', reason: 'no-answer', why: 'w' });
  });
  it.each(Object.entries(REFUND_CODES))('%s declines', (code, entry) => expect(readRefund(refusedBy(code), asked, refund)).toEqual({ outcome: 'declined', verified: true, code, ...entry }));
  it('are found by their own number', () => {
    const found = { code: '10000', out_trade_no: 'AS1', out_request_no: 'AR1', refund_amount: '8.88', refund_status: 'REFUND_SUCCESS' };
    expect(readRefundQuery(answer(found), asked, refund)).toMatchObject({ outcome: 'approved', amount: { amountMinor: 888 } });
    expect(readRefundQuery(answer({ code: '10000' }), asked, refund)).toEqual({ outcome: 'absent' });
    expect(readRefundQuery(answer({ ...found, out_request_no: 'AR2' }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    expect(readRefundQuery(answer({ ...found, refund_amount: '8.80' }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    expect(readRefundQuery(answer({ ...found, refund_amount: null }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    expect(readRefundQuery(answer({ ...found, out_request_no: null }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    for (const change of [{ out_trade_no: 'AS2' }, { seller_id: '2099' }]) expect(readRefundQuery(answer({ ...found, ...change }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    expect(readRefundQuery(answer({ code: '10000', refund_status: 'REFUND_SUCCESS' }), asked, refund)).toMatchObject({ reason: 'mismatch' });
    expect(readRefundQuery(refusedBy('ACQ.SYSTEM_ERROR'), asked, refund)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });
  // Alipay's pages have said both that a refund without a status was made and that it was not, and know one that is under way.
  it.each([undefined, '', 'REFUND_PROCESSING', 'REFUND_FAIL'])('found with the status %j are neither made nor missing', (refund_status) => {
    const found = { code: '10000', out_trade_no: 'AS1', out_request_no: 'AR1', refund_amount: '8.88', refund_status };
    expect(readRefundQuery(answer(found as JsonObject), asked, refund)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });
});

it('whatever a verified answer holds, reading it never throws and approves nothing that does not agree', () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom('10000', '10003', '40004', '20000', 'AS1', '88.88', 'TRADE_SUCCESS', 'TRADE_CLOSED', 'close', 'Y', 'N', 'ACQ.SYSTEM_ERROR'));
  const body = fc.dictionary(
    fc.constantFrom('code', 'sub_code', 'out_trade_no', 'trade_no', 'total_amount', 'trade_status', 'action', 'retry_flag', 'refund_fee', 'fund_change', 'out_request_no', 'refund_status', 'buyer_logon_id', 'send_pay_date', 'qr_code'),
    member,
  );
  fc.assert(
    fc.property(body, (members) => {
      const heard = answer(members as JsonObject);
      const refund = { number: 'AR1', amount: money(888, 'CNY') };
      const read = [readPay(heard, asked), readPrecreate(heard, asked), readQuery(heard, asked, { qr: true }), readRefund(heard, asked, refund), readRefundQuery(heard, asked, refund)];
      readCancel(heard, asked, 0);
      for (const each of read.slice(0, 3)) {
        if (each.outcome === 'approved') expect([members['out_trade_no'], each.amount.amountMinor]).toEqual(['AS1', 8888]);
      }
    }),
    { numRuns: 2_000 },
  );
});
