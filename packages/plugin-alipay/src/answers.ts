/** From what was heard to what it means for the money. Pure. Rule numbers: docs/money-rules.md. */
import type { Absent, Answer, Approved, Declined, Finding, JsonObject, Money, Pending, ReverseAnswer, Undone, Unknown } from '@tillwright/core/contract';
import { CANCEL_REFUSALS, DUPLICATE_CODES, GATEWAY_CODES, PAY_CODES, REFUND_CODES } from './codes.js';
import type { CodeEntry } from './codes.js';
import { refundFacts, saleFacts, textOf, yuanOf } from './facts.js';
import { silence } from './gateway.js';
import type { AlipayHeard } from './gateway.js';

/** What an answer must agree with before it decides (3). */
export interface Asked {
  /** `out_trade_no` */
  readonly reference: string;
  readonly amount: Money;
  readonly appId: string;
  readonly sellerId?: string | undefined;
}

/** How long to wait before a cancel that the merchant's empty account refused is tried again. */
const TOP_UP_WAIT_MS = 10 * 60_000;

export const readPay = (heard: AlipayHeard, asked: Asked): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  switch (body['code']) {
    case '10000':
      return paid(body, asked);
    case '10003':
      return waitingForPayer;
    default:
      return refusal(body, PAY_CODES);
  }
};

/** The QR's content is for the customer's display; no trade exists until it is scanned. */
export const readPrecreate = (heard: AlipayHeard, asked: Asked): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  if (body['code'] !== '10000') return refusal(body, PAY_CODES);
  const qr = body['qr_code'];
  if (body['out_trade_no'] !== asked.reference) return unknown('mismatch', 'the QR is not said to be for this order');
  if (typeof qr !== 'string' || qr === '' || qr.length > 1024) return unknown('garbled', 'the answer holds no QR');
  return { ...waitingForPayer, show: { qr } };
};

/**
 * @param open.qr a merchant's QR that may still be scanned: "no such trade" then means "not yet"
 */
export const readQuery = (heard: AlipayHeard, asked: Asked, open: { readonly qr: boolean }): Finding => {
  if (heard.heard === 'silence') return unsure(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  if (body['code'] === '40004' && body['sub_code'] === 'ACQ.TRADE_NOT_EXIST') return open.qr ? waitingForPayer : absent;
  if (body['code'] !== '10000') return unknown('host-error', `the inquiry was answered ${codeOf(body)}`);
  if (body['out_trade_no'] !== asked.reference) return unknown('mismatch', 'the answer names no order, or another');
  switch (body['trade_status']) {
    case 'TRADE_SUCCESS':
    case 'TRADE_FINISHED':
      return paid(body, asked);
    case 'WAIT_BUYER_PAY':
      return waitingForPayer;
    // Closed unpaid, or paid and given back whole: a time of payment tells which.
    case 'TRADE_CLOSED':
      return undone(textOf(body['send_pay_date']) === '' ? 'closed' : 'money-back');
    default:
      return unknown('garbled', 'the answer names no known trade status');
  }
};

/**
 * Success with an action is proof. Success without one is said of a trade that never existed too and proves nothing (5):
 * `look` asks for an inquiry, which tells whether it is closed, or never was.
 */
export const readCancel = (heard: AlipayHeard, asked: Asked, now: number): ReverseAnswer | 'look' => {
  if (heard.heard === 'silence') return silence(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  const subCode = body['sub_code'];
  if (body['code'] === '40004' && subCode === 'ACQ.SELLER_BALANCE_NOT_ENOUGH') {
    return { outcome: 'not-now', retryAt: now + TOP_UP_WAIT_MS, why: "the merchant's balance is too low to give the money back" };
  }
  if (body['code'] === '40004' && subCode === 'ACQ.TRADE_NOT_EXIST') return 'look';
  if (body['code'] === '40004' && typeof subCode === 'string' && CANCEL_REFUSALS.has(subCode)) return { outcome: 'refused', code: subCode };
  if (body['code'] !== '10000') return unknown('host-error', `the cancel was answered ${codeOf(body)}`);
  if (body['retry_flag'] === 'Y') return unknown('host-error', 'Alipay asks to cancel again');
  if (body['action'] === 'close') return undone('closed');
  if (body['action'] === 'refund') return undone('money-back');
  return 'look';
};

/** What the inquiry after a cancel without proof means for the undo. */
export const afterCancel = (found: Finding): ReverseAnswer => {
  if (found.outcome === 'undone') return found;
  if (found.outcome === 'absent') return undone('no-original');
  if (found.outcome === 'unknown') return found;
  return unknown('host-error', `cancelled, and yet the trade stands as ${found.outcome}`);
};

export const readRefund = (heard: AlipayHeard, asked: Asked, refund: { readonly number: string; readonly amount: Money }): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  if (body['code'] !== '10000') return refusal(body, REFUND_CODES);
  const total = yuanOf(body['refund_fee']);
  if (body['out_trade_no'] !== asked.reference) return unknown('mismatch', 'the refund is not said to be of this trade');
  // N: nothing moved by this request; whether an earlier one did is for the inquiry.
  if (body['fund_change'] !== 'Y') return unknown('duplicate', 'the refund moved no money');
  // `refund_fee` is all that was refunded of the trade so far.
  if (!total || total.amountMinor < refund.amount.amountMinor) return unknown('mismatch', 'another amount was refunded');
  return refunded(body, refund);
};

export const readRefundQuery = (heard: AlipayHeard, asked: Asked, refund: { readonly number: string; readonly amount: Money }): Finding => {
  if (heard.heard === 'silence') return unsure(heard);
  const { body } = heard;
  const stranger = strangeness(body, asked);
  if (stranger) return stranger;
  if (body['code'] !== '10000') return unknown('host-error', `the inquiry was answered ${codeOf(body)}`);
  // A success that names no refund: there is none under this number, or not yet.
  if (body['out_request_no'] === undefined && body['refund_status'] === undefined) return absent;
  if (body['out_request_no'] !== refund.number) return unknown('mismatch', 'the answer names another refund');
  // Found, and not said to be made: Alipay's pages have told this as made, as under way and as failed.
  if (body['refund_status'] !== 'REFUND_SUCCESS') return unknown('host-error', `the refund stands as ${textOf(body['refund_status']) || 'nothing'}`);
  const amount = yuanOf(body['refund_amount']);
  if (!amount || amount.amountMinor !== refund.amount.amountMinor) return unknown('mismatch', 'another amount was refunded');
  return refunded(body, refund);
};

const paid = (body: JsonObject, asked: Asked): Approved | Unknown => {
  if (body['out_trade_no'] !== asked.reference) return unknown('mismatch', 'the answer names no order, or another');
  if (textOf(body['trade_no']) === '') return unknown('garbled', 'the answer names no trade number');
  const amount = yuanOf(body['total_amount']);
  if (!amount || amount.amountMinor === 0) return unknown('mismatch', 'the answer names no amount');
  // For less than asked is true all the same: whether a part is allowed is for the payment's rules, not for this plugin.
  if (amount.amountMinor > asked.amount.amountMinor || asked.amount.currency !== 'CNY') return unknown('mismatch', 'paid for more than was asked');
  return { outcome: 'approved', verified: true, amount, completion: 'none', facts: saleFacts(body, asked.reference, amount) };
};

const refunded = (body: JsonObject, refund: { readonly number: string; readonly amount: Money }): Approved => ({
  outcome: 'approved',
  verified: true,
  amount: refund.amount,
  completion: 'none',
  facts: refundFacts(body, refund.number, refund.amount),
});

/** A verified refusal declines only by a listed code: an unlisted one may come after the money was taken. */
const refusal = (body: JsonObject, table: { readonly [code: string]: CodeEntry }): Declined | Unknown => {
  const { code, sub_code: subCode } = body;
  if (typeof subCode === 'string' && DUPLICATE_CODES.has(subCode)) return unknown('duplicate', `the number was used before (${subCode})`);
  if (code === '40004' && typeof subCode === 'string') {
    const known = Object.hasOwn(table, subCode) ? table[subCode] : undefined;
    if (known) return { outcome: 'declined', verified: true, code: subCode, ...known };
  } else if (typeof code === 'string' && Object.hasOwn(GATEWAY_CODES, code)) {
    const known = GATEWAY_CODES[code];
    if (known) return { outcome: 'declined', verified: true, code: textOf(subCode) || code, ...known };
  }
  return unknown('host-error', `answered ${codeOf(body)}`);
};

/** Whatever the answer names of order, currency, application and seller must be ours. */
const strangeness = (body: JsonObject, asked: Asked): Unknown | undefined => {
  const differs = (name: string, ours: string | undefined): boolean => ours !== undefined && body[name] !== undefined && body[name] !== ours;
  if (differs('out_trade_no', asked.reference)) return unknown('mismatch', 'the answer is about another order');
  if (differs('app_id', asked.appId)) return unknown('mismatch', 'the answer is for another application');
  if (differs('seller_id', asked.sellerId)) return unknown('mismatch', 'the answer names another seller');
  if (differs('trans_currency', 'CNY')) return unknown('mismatch', 'the answer is in another currency');
  return undefined;
};

const unsure = (heard: Extract<AlipayHeard, { heard: 'silence' }>): Unknown => unknown(heard.reason, heard.why);

const codeOf = (body: JsonObject): string => [body['code'], body['sub_code']].map((part) => textOf(part).replace(/[^\w.-]/g, '')).filter(Boolean).join(' ') || 'without a code';

const unknown = (reason: Unknown['reason'], why: string): Unknown => ({ outcome: 'unknown', reason, why });
const undone = (proof: Undone['proof']): Undone => ({ outcome: 'undone', verified: true, proof });
const waitingForPayer: Pending = { outcome: 'pending', waitingFor: 'payer' };
const absent: Absent = { outcome: 'absent' };
