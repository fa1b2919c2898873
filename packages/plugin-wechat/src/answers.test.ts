import { money } from '@tillwright/core/contract';
import type { JsonObject } from '@tillwright/core/contract';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCodepay, readNative, readQuery, readRefund, readRefundQuery, readReverse } from './answers.js';
import type { Asked } from './answers.js';
import { codeKey, DUPLICATE_CODES, PAY_CODES, REFUND_CODES, REVERSE_LOOKS, REVERSE_REFUSALS } from './codes.js';
import type { WechatHeard } from './gateway.js';

const asked: Asked = { reference: 'WS1', amount: money(8888, 'CNY'), appid: 'wx1', mchid: '1900' };
const PAID = {
  appid: 'wx1',
  mchid: '1900',
  out_trade_no: 'WS1',
  transaction_id: '4200001',
  trade_state: 'SUCCESS',
  success_time: '2018-06-08T10:34:56+08:00',
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
  amount: { total: 8888, payer_total: 8000, currency: 'CNY', payer_currency: 'CNY' },
};
const answer = (body: JsonObject, status = 200): WechatHeard => ({ heard: 'answer', status, body });
const refusedBy = (code: string, status = 400) => answer({ code, message: 'm' }, status);
const nothing: WechatHeard = { heard: 'silence', sent: true, reason: 'unverified', why: 'w', status: 403 };
const notSent: WechatHeard = { heard: 'silence', sent: false, reason: 'no-answer', why: 'w' };
const query = (body: JsonObject) => readQuery(answer({ ...PAID, ...body }), asked);

describe('codepay', () => {
  it('SUCCESS for this order and amount is approved, with what the receipt needs', () => {
    expect(readCodepay(answer(PAID), asked)).toEqual({
      outcome: 'approved',
      verified: true,
      amount: { amountMinor: 8888, currency: 'CNY' },
      completion: 'none',
      facts: {
        reference: 'WS1',
        tradeNumber: '4200001',
        payer: 'oUpF****eS6o',
        totalMinor: 8888,
        paidMinor: 8000,
        discountMinor: 888,
        paidAt: '2018-06-08T10:34:56+08:00',
        receipt: [
          { key: 'merchantOrderNumber', label: { zh: '商户订单号', en: 'Order no.' }, value: 'WS1' },
          { key: 'tradeNumber', label: { zh: '微信支付单号', en: 'WeChat Pay no.' }, value: '4200001' },
          { key: 'payer', label: { zh: '付款用户', en: 'Payer' }, value: 'oUpF****eS6o' },
          { key: 'paidAmount', label: { zh: '实付金额', en: 'Paid' }, value: 'RMB 80.00' },
          { key: 'discountAmount', label: { zh: '优惠金额', en: 'Discount' }, value: 'RMB 8.88' },
          { key: 'paidAt', label: { zh: '付款时间', en: 'Paid at' }, value: '2018-06-08 10:34:56' },
        ],
      },
    });
  });

  // Rule 3: amount, reference, merchant and application agree, or nothing is decided.
  it.each<[string, JsonObject]>([
    ['more than asked', { amount: { total: 8889, currency: 'CNY' } }],
    ['no amount', { amount: null }],
    ['an amount as text', { amount: { total: '8888', currency: 'CNY' } }],
    ['a fraction', { amount: { total: 88.88, currency: 'CNY' } }],
    ['nothing', { amount: { total: 0, currency: 'CNY' } }],
    ['another currency', { amount: { total: 8888, currency: 'HKD' } }],
    ['another order', { out_trade_no: 'WS2' }],
    ['no order', { out_trade_no: null }],
    ['another merchant', { mchid: '1901' }],
    ['another application', { appid: 'wx2' }],
  ])('SUCCESS for %s is unknown: mismatch', (_name, change) => {
    expect(readCodepay(answer({ ...PAID, ...change }), asked)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    expect(query(change)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });

  it('without a payment number nothing could be refunded later: unknown', () => {
    for (const transaction_id of ['', null]) expect(query({ transaction_id })).toMatchObject({ outcome: 'unknown', reason: 'garbled' });
  });

  it('an amount without a currency is in yuan', () => {
    expect(query({ amount: { total: 8888 } })).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888, currency: 'CNY' } });
  });

  it.each([
    [8888, 'RMB 88.88', undefined],
    [8887, 'RMB 88.87', 'RMB 0.01'],
    [5, 'RMB 0.05', 'RMB 88.83'],
    [0, 'RMB 0.00', 'RMB 88.88'],
    // None of these can be what the payer paid of it.
    [8889, 'RMB 88.88', undefined],
    [-1, 'RMB 88.88', undefined],
    [0.5, 'RMB 88.88', undefined],
    ['8000', 'RMB 88.88', undefined],
  ])('of 8888 the payer paid %j', (payer_total, paid, discount) => {
    const read = query({ amount: { total: 8888, payer_total, currency: 'CNY' } });
    const lines = typeof read !== 'string' && read.outcome === 'approved' ? (read.facts.receipt as readonly { readonly key: string; readonly value: string }[]) : [];
    const valueOf = (key: string) => lines.find((line) => line.key === key)?.value;
    expect([valueOf('paidAmount'), valueOf('discountAmount')]).toEqual([paid, discount]);
  });

  it('facts hold what may be logged and printed, and nothing else that the host wrote', () => {
    const factsOf = (change: JsonObject): JsonObject => {
      const read = query(change);
      return typeof read !== 'string' && read.outcome === 'approved' ? read.facts : {};
    };
    expect(factsOf({ transaction_id: '\u001b@42\n00001\u202e' })).toMatchObject({ tradeNumber: '@4200001' });
    expect(factsOf({ transaction_id: '7'.repeat(65) })).toMatchObject({ tradeNumber: '7'.repeat(64) });
    for (const success_time of ['2018-06-08T10:34:56+08:00\u001b@', ' 2018-06-08T10:34:56+08:00', '2018-06-08 10:34:56', 20180608, null]) expect(factsOf({ success_time })).toMatchObject({ paidAt: '' });
    for (const success_time of ['2018-06-08T10:34:56.123+08:00', '2018-06-08T02:34:56Z']) expect(factsOf({ success_time })).toMatchObject({ paidAt: success_time });
    for (const openid of ['oUpF8uMu', 'oUp']) expect(factsOf({ payer: { openid } })).toMatchObject({ payer: '*'.repeat(openid.length) });
    expect(factsOf({ payer: { openid: 'oUpF8uMuA' } })).toMatchObject({ payer: 'oUpF****uMuA' });
    expect(Object.values(factsOf({ success_time: null, payer: ['oUpF8uMuAJO'] })['receipt'] ?? {}).map((line) => (line as JsonObject)['key'])).toEqual(['merchantOrderNumber', 'tradeNumber', 'paidAmount', 'discountAmount']);
  });

  it('any amount: approved exactly up to what was asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 1_000_000 }), (askedMinor, paidMinor) => {
        const read = readCodepay(answer({ ...PAID, amount: { total: paidMinor, currency: 'CNY' } }), { ...asked, amount: money(askedMinor, 'CNY') });
        return paidMinor <= askedMinor ? read.outcome === 'approved' && read.amount.amountMinor === paidMinor : read.outcome === 'unknown';
      }),
    );
  });

  it('USERPAYING waits for the payer, said with 200 and nothing else, or as a code', () => {
    expect(readCodepay(answer({ trade_state: 'USERPAYING' }), asked)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
    expect(readCodepay(refusedBy('USERPAYING'), asked)).toEqual({ outcome: 'pending', waitingFor: 'payer' });
  });

  it.each(Object.entries(PAY_CODES))('%s declines with its hint', (code, entry) => {
    expect(readCodepay(refusedBy(code), asked)).toEqual({ outcome: 'declined', verified: true, code, ...entry });
    expect([codeKey(code), entry.hint.zh.length > 5, entry.hint.en.length > 5]).toEqual([code, true, true]);
  });

  // By name, as WeChat Pay's pages write them, and what the cashier can do.
  it.each([
    ['new-input', 'AUTHCODEEXPIRE AUTH_CODE_EXPIRED AUTH_CODE_INVALID AUTH_CODE_ERROR NOTENOUGH NOT_ENOUGH NOTSUPORTCARD TRADE_ERROR ORDER_CLOSED ORDERREVERSED'],
    ['never', 'ACCOUNT_ERROR RULE_LIMIT NO_AUTH PARAM_ERROR SIGN_ERROR APPID_MCHID_NOT_MATCH APPID_NOT_EXIST MCH_NOT_EXISTS'],
    ['later', 'FREQUENCY_LIMITED RATELIMIT_EXCEEDED'],
    ['duplicate', 'ORDERPAID OUT_TRADE_NO_USED BUYER_MISMATCH'],
  ])('%s: %s', (what, codes) => {
    const read = codes.split(' ').map((code) => readCodepay(refusedBy(code), asked));
    expect(read.map((each) => (each.outcome === 'declined' ? each.again : each.outcome === 'unknown' ? each.reason : each.outcome))).toEqual(read.map(() => what));
  });

  it('codes are known with and without underscores', () => {
    expect(readCodepay(refusedBy('AUTH_CODE_EXPIRE'), asked)).toMatchObject({ outcome: 'declined', code: 'AUTH_CODE_EXPIRE', again: 'new-input' });
    expect(readCodepay(refusedBy('ORDER_PAID'), asked)).toMatchObject({ outcome: 'unknown', reason: 'duplicate' });
  });

  // Rule 4.
  it.each([...DUPLICATE_CODES])('%s is unknown: the first copy may have been paid', (code) => {
    expect(readCodepay(refusedBy(code), asked)).toMatchObject({ outcome: 'unknown', reason: 'duplicate' });
    expect(PAY_CODES[code]).toBeUndefined();
  });

  it.each(['SYSTEM_ERROR', 'BANK_ERROR', 'INVALID_REQUEST', 'SOMETHING_NEW', '', 'toString', '__proto__', 'constructor'])('%j decides nothing', (code) => {
    for (const status of [400, 403, 500]) expect(readCodepay(refusedBy(code, status), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });

  it('a status that is neither success nor an error approves nothing', () => {
    for (const status of [199, 300, 302]) {
      expect(readCodepay(answer(PAID, status), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
      expect(readQuery(answer(PAID, status), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
    }
  });

  it('what is told of a code is a code, whatever the host wrote there', () => {
    expect(readCodepay(refusedBy('new "13800138000"\u001b@', 403), asked)).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'answered NEW13800138000, HTTP status 403' });
    expect(readCodepay(answer({}, 500), asked)).toMatchObject({ why: 'answered without a code, HTTP status 500' });
    expect(readQuery(refusedBy('BANK_ERROR', 500), asked)).toMatchObject({ reason: 'host-error', why: 'the inquiry was answered BANKERROR' });
    expect(readQuery(answer({}, 500), asked)).toMatchObject({ why: 'the inquiry was answered 500' });
  });

  it('an unverified refusal decides nothing, and not-sent is said only where nothing left', () => {
    expect(readCodepay(nothing, asked)).toEqual({ outcome: 'unknown', reason: 'unverified', why: 'w' });
    expect(readCodepay(notSent, asked)).toEqual({ outcome: 'not-sent', why: 'w' });
  });

  it('a state that can not follow a payment just begun is unknown', () => {
    for (const trade_state of ['REVOKED', 'CLOSED', 'REFUND', 'X', null]) expect(readCodepay(answer({ ...PAID, trade_state }), asked).outcome).toBe('unknown');
    expect(readCodepay(answer({}), asked).outcome).toBe('unknown');
  });
});

describe('native', () => {
  it('shows the QR and waits', () => expect(readNative(answer({ code_url: 'weixin://wxpay/bizpayurl?pr=x' }))).toEqual({ outcome: 'pending', waitingFor: 'payer', show: { qr: 'weixin://wxpay/bizpayurl?pr=x' } }));
  it.each([{}, { code_url: '' }, { code_url: 7 }, { code_url: 'w'.repeat(1025) }])('is unknown with %j', (body) => expect(readNative(answer(body as JsonObject))).toMatchObject({ outcome: 'unknown', reason: 'garbled' }));
  it('refuses and stays unknown as codepay does', () => {
    expect(readNative(refusedBy('PARAM_ERROR'))).toMatchObject({ outcome: 'declined', again: 'never' });
    expect(readNative(refusedBy('ORDERPAID'))).toMatchObject({ outcome: 'unknown', reason: 'duplicate' });
    expect(readNative(nothing).outcome).toBe('unknown');
    expect(readNative(notSent).outcome).toBe('not-sent');
  });
});

describe('query', () => {
  it('SUCCESS is approved', () => expect(query({})).toMatchObject({ outcome: 'approved', amount: { amountMinor: 8888 } }));
  it.each(['NOTPAY', 'USERPAYING', 'ACCEPT'])('%s waits', (trade_state) => expect(query({ trade_state })).toEqual({ outcome: 'pending', waitingFor: 'payer' }));
  it('CLOSED and REVOKED are undone; a time of payment says that money went back', () => {
    const unpaid = { success_time: null };
    expect(query({ trade_state: 'CLOSED', ...unpaid })).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect(query({ trade_state: 'REVOKED', ...unpaid })).toEqual({ outcome: 'undone', verified: true, proof: 'closed' });
    expect(query({ trade_state: 'REVOKED' })).toEqual({ outcome: 'undone', verified: true, proof: 'money-back' });
    expect(query({ trade_state: 'REVOKED', out_trade_no: 'WS2' })).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  // WeChat Pay's own words for it: the payment failed, reverse the order (支付失败，请撤销订单). Payers were charged under it all the same.
  it('PAYERROR is no decline: it asks for a reversal', () => {
    expect(query({ trade_state: 'PAYERROR' })).toMatchObject({ outcome: 'unknown', reason: 'failed' });
    expect(readCodepay(answer({ ...PAID, trade_state: 'PAYERROR' }), asked)).toMatchObject({ outcome: 'unknown', reason: 'failed' });
    expect(readCodepay(refusedBy('PAYERROR'), asked)).toMatchObject({ outcome: 'unknown', reason: 'host-error' });
  });
  it('REFUND asks for the refund', () => expect(query({ trade_state: 'REFUND' })).toBe('refunded'));
  it('no such order is absent only when it is verified', () => {
    expect(readQuery(refusedBy('ORDER_NOT_EXIST', 404), asked)).toEqual({ outcome: 'absent' });
    expect(readQuery({ ...nothing, status: 404 }, asked)).toMatchObject({ outcome: 'unknown', reason: 'unverified' });
  });
  it('anything else decides nothing, an unreachable host included', () => {
    expect(query({ trade_state: 'NEW' })).toMatchObject({ outcome: 'unknown' });
    expect(readQuery(refusedBy('SYSTEM_ERROR', 500), asked)).toMatchObject({ outcome: 'unknown' });
    expect(readQuery(notSent, asked)).toEqual({ outcome: 'unknown', reason: 'no-answer', why: 'w' });
  });
});

describe('reverse and close', () => {
  it('success asks for a look: it is said of numbers that never were', () => {
    expect(readReverse(answer({ appid: 'wx1', mchid: '1900', out_trade_no: 'WS1' }), asked)).toEqual({ say: 'done' });
    expect(readReverse(answer({}, 204), asked)).toEqual({ say: 'done' });
    expect(readReverse(answer({ out_trade_no: 'WS2' }), asked)).toMatchObject({ say: 'unknown' });
  });
  it('the payer is paying', () => expect(readReverse(refusedBy('USERPAYING'), asked)).toEqual({ say: 'paying' }));
  it.each([...REVERSE_REFUSALS])('%s is refused', (code) => expect(readReverse(refusedBy(code), asked)).toEqual({ say: 'refused', code }));
  it.each([...REVERSE_LOOKS])('%s asks for a look', (code) => expect(readReverse(refusedBy(code), asked)).toEqual({ say: 'look' }));
  it('all else is unknown, or was not sent', () => {
    expect(readReverse(refusedBy('SYSTEM_ERROR', 500), asked)).toMatchObject({ say: 'unknown', unknown: { outcome: 'unknown', reason: 'host-error' } });
    expect(readReverse(nothing, asked)).toMatchObject({ say: 'unknown', unknown: { outcome: 'unknown', reason: 'unverified' } });
    expect(readReverse(notSent, asked)).toMatchObject({ say: 'unknown', unknown: { outcome: 'not-sent' } });
  });
});

describe('refunds', () => {
  const refund = { number: 'WR1', amount: money(888, 'CNY') };
  const ok = { out_refund_no: 'WR1', out_trade_no: 'WS1', refund_id: '5000', status: 'SUCCESS', amount: { refund: 888, total: 8888, currency: 'CNY' } };
  it('as they stand', () => {
    expect(readRefund(answer({ ...ok, success_time: '2018-06-08T10:34:56+08:00' }), asked, refund)).toEqual({
      outcome: 'approved',
      verified: true,
      amount: { amountMinor: 888, currency: 'CNY' },
      completion: 'none',
      facts: {
        reference: 'WR1',
        tradeNumber: '5000',
        refundedMinor: 888,
        refundedAt: '2018-06-08T10:34:56+08:00',
        receipt: [
          { key: 'refundNumber', label: { zh: '退款单号', en: 'Refund no.' }, value: 'WR1' },
          { key: 'tradeNumber', label: { zh: '微信退款单号', en: 'WeChat refund no.' }, value: '5000' },
          { key: 'refundedAmount', label: { zh: '退款金额', en: 'Refunded' }, value: 'RMB 8.88' },
          { key: 'refundedAt', label: { zh: '退款时间', en: 'Refunded at' }, value: '2018-06-08 10:34:56' },
        ],
      },
    });
    expect(readRefund(answer({ ...ok, status: 'PROCESSING' }), asked, refund)).toEqual({ outcome: 'pending', waitingFor: 'host' });
    expect(readRefund(answer({ ...ok, status: 'CLOSED' }), asked, refund)).toMatchObject({ outcome: 'declined', verified: true, code: 'CLOSED', again: 'later' });
    expect(readRefund(answer({ ...ok, status: 'ABNORMAL' }), asked, refund)).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'the refund stands as ABNORMAL' });
    expect(readRefund(answer({ ...ok, status: null }), asked, refund)).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'the refund stands as nothing' });
  });
  it('are not sent only where nothing left', () => {
    expect(readRefund(notSent, asked, refund)).toEqual({ outcome: 'not-sent', why: 'w' });
    expect(readRefund(nothing, asked, refund)).toEqual({ outcome: 'unknown', reason: 'unverified', why: 'w' });
  });
  it.each<JsonObject>([{ out_refund_no: 'WR2' }, { out_trade_no: 'WS2' }, { amount: { refund: 887 } }, { amount: { refund: 888, currency: 'HKD' } }, { amount: null }])('are unknown with %j', (change) => {
    expect(readRefund(answer({ ...ok, ...change }), asked, refund)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
    expect(readRefundQuery(answer({ ...ok, ...change }), asked, refund)).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it.each(Object.entries(REFUND_CODES))('%s declines', (code, entry) => expect(readRefund(refusedBy(code), asked, refund)).toEqual({ outcome: 'declined', verified: true, code, ...entry }));
  it('are found by their own number', () => {
    expect(readRefundQuery(answer(ok), asked, refund)).toMatchObject({ outcome: 'approved' });
    expect(readRefundQuery(refusedBy('RESOURCE_NOT_EXISTS', 404), asked, refund)).toEqual({ outcome: 'absent' });
    expect(readRefundQuery(nothing, asked, refund)).toMatchObject({ outcome: 'unknown' });
    expect(readRefundQuery(notSent, asked, refund)).toEqual({ outcome: 'unknown', reason: 'no-answer', why: 'w' });
    expect(readRefundQuery(refusedBy('SYSTEM_ERROR', 500), asked, refund)).toMatchObject({ outcome: 'unknown' });
  });
});

it('whatever a verified answer holds, reading it never throws and approves nothing that does not agree', () => {
  const member = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>('SUCCESS', 'USERPAYING', 'REVOKED', 'WS1', 'wx1', '1900', 'ORDERPAID', { total: 8888, currency: 'CNY' }, { refund: 888 }));
  const body = fc.dictionary(fc.constantFrom('code', 'appid', 'mchid', 'out_trade_no', 'transaction_id', 'trade_state', 'amount', 'payer', 'success_time', 'status', 'out_refund_no', 'code_url'), member);
  fc.assert(
    fc.property(body, fc.constantFrom(200, 204, 400, 404, 500), (members, status) => {
      const heard = answer(members as JsonObject, status);
      const refund = { number: 'WR1', amount: money(888, 'CNY') };
      readNative(heard);
      readReverse(heard, asked);
      readRefund(heard, asked, refund);
      readRefundQuery(heard, asked, refund);
      for (const each of [readCodepay(heard, asked), readQuery(heard, asked)]) {
        if (typeof each !== 'string' && each.outcome === 'approved') {
          expect([status < 300, members['out_trade_no'], members['mchid'], members['appid'], each.amount.amountMinor]).toEqual([true, 'WS1', '1900', 'wx1', 8888]);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});
