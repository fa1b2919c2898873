/** From what was heard to what it means for the money. Pure. Rule numbers: docs/money-rules.md. */
import type { Absent, Answer, Approved, Declined, Finding, JsonObject, Money, Pending, Undone, Unknown } from '@tillwright/core/contract';
import { codeKey, DUPLICATE_CODES, PAY_CODES, REFUND_CODES, REVERSE_LOOKS, REVERSE_REFUSALS } from './codes.js';
import type { CodeEntry } from './codes.js';
import { memberOf, refundFacts, saleFacts, textOf } from './facts.js';
import { silence } from './gateway.js';
import type { WechatHeard } from './gateway.js';

type Heard = Extract<WechatHeard, { heard: 'answer' }>;

/** What an answer must agree with before it decides (3). */
export interface Asked {
  /** `out_trade_no` */
  readonly reference: string;
  readonly amount: Money;
  readonly appid: string;
  readonly mchid: string;
}

export interface AskedRefund {
  /** `out_refund_no` */
  readonly number: string;
  readonly amount: Money;
}

export const readCodepay = (heard: WechatHeard, asked: Asked): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  if (!succeeded(heard)) return codeOf(heard) === 'USERPAYING' ? waitingForPayer : refusal(heard, PAY_CODES);
  // Waiting is said without an order or a number; it decides nothing.
  if (heard.body['trade_state'] === 'USERPAYING') return waitingForPayer;
  const read = readOrder(heard.body, asked);
  return isAnswer(read) ? read : unknown('host-error', `a payment that has begun stands as ${textOf(heard.body['trade_state'])}`);
};

/** The QR's content is for the customer's display. The answer names no order: its signature covers what this request was told. */
export const readNative = (heard: WechatHeard): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  if (!succeeded(heard)) return refusal(heard, PAY_CODES);
  const qr = heard.body['code_url'];
  if (typeof qr !== 'string' || qr === '' || qr.length > 1024) return unknown('garbled', 'the answer holds no QR');
  return { ...waitingForPayer, show: { qr } };
};

/** `refunded`: the order was paid and money went back; how much is for an inquiry about the refund. */
export const readQuery = (heard: WechatHeard, asked: Asked): Exclude<Finding, Declined> | 'refunded' => {
  if (heard.heard === 'silence') return unsure(heard);
  if (!succeeded(heard)) return codeOf(heard) === 'ORDERNOTEXIST' ? { outcome: 'absent' } : unknown('host-error', `the inquiry was answered ${codeOf(heard) || heard.status}`);
  return readOrder(heard.body, asked);
};

/** What a reversal, or a QR's close, was answered. Success is said of numbers that never were, too: it asks for a look (5). */
export type Reversed = { readonly say: 'done' | 'paying' | 'look' } | { readonly say: 'refused'; readonly code: string } | { readonly say: 'unknown'; readonly unknown: ReturnType<typeof silence> };

export const readReverse = (heard: WechatHeard, asked: Asked): Reversed => {
  if (heard.heard === 'silence') return { say: 'unknown', unknown: silence(heard) };
  if (succeeded(heard)) {
    const named = heard.body['out_trade_no'];
    return named === undefined || named === asked.reference ? { say: 'done' } : { say: 'unknown', unknown: unknown('mismatch', 'the answer is about another order') };
  }
  const code = codeOf(heard);
  if (code === 'USERPAYING') return { say: 'paying' };
  if (REVERSE_REFUSALS.has(code)) return { say: 'refused', code: textOf(heard.body['code']) };
  if (REVERSE_LOOKS.has(code)) return { say: 'look' };
  return { say: 'unknown', unknown: unknown('host-error', `the reversal was answered ${code || heard.status}`) };
};

/** For the refund itself and for the inquiry about it: both answer with the refund as it stands. */
export const readRefund = (heard: WechatHeard, asked: Asked, refund: AskedRefund): Answer => {
  if (heard.heard === 'silence') return silence(heard);
  if (!succeeded(heard)) return refusal(heard, REFUND_CODES);
  const { body } = heard;
  if (body['out_refund_no'] !== refund.number || body['out_trade_no'] !== asked.reference) return unknown('mismatch', 'the answer is about another refund');
  const amount = memberOf(body, 'amount', 'refund');
  const currency = memberOf(body, 'amount', 'currency') ?? 'CNY';
  if (amount !== refund.amount.amountMinor || currency !== refund.amount.currency) return unknown('mismatch', 'another amount is refunded');
  switch (body['status']) {
    case 'SUCCESS':
      return { outcome: 'approved', verified: true, amount: refund.amount, completion: 'none', facts: refundFacts(body, refund.number, refund.amount) };
    case 'PROCESSING':
      return { outcome: 'pending', waitingFor: 'host' };
    case 'CLOSED':
      return { outcome: 'declined', verified: true, code: 'CLOSED', hint: { zh: '退款已关闭，未退款', en: 'The refund was closed: no money went back' }, again: 'later' };
    // ABNORMAL: the payer's card takes no money; someone must act on the merchant platform.
    default:
      return unknown('host-error', `the refund stands as ${textOf(body['status']) || 'nothing'}`);
  }
};

export const readRefundQuery = (heard: WechatHeard, asked: Asked, refund: AskedRefund): Finding => {
  if (heard.heard === 'silence') return unsure(heard);
  if (!succeeded(heard)) return codeOf(heard) === 'RESOURCENOTEXISTS' ? absent : unknown('host-error', `the inquiry was answered ${codeOf(heard) || heard.status}`);
  const read = readRefund(heard, asked, refund);
  return read.outcome === 'not-sent' ? unknown('no-answer', read.why) : read;
};

const readOrder = (body: JsonObject, asked: Asked): Approved | Pending | Undone | Unknown | 'refunded' => {
  const ours = body['out_trade_no'] === asked.reference && body['appid'] === asked.appid && body['mchid'] === asked.mchid;
  if (!ours) return unknown('mismatch', 'the answer names no order of this merchant, or another');
  switch (body['trade_state']) {
    case 'SUCCESS':
      return paid(body, asked);
    case 'REFUND':
      return 'refunded';
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
      return waitingForPayer;
    case 'CLOSED':
      return { outcome: 'undone', verified: true, proof: 'closed' };
    // Reversed unpaid, or paid and given back: a time of payment tells which.
    case 'REVOKED':
      return { outcome: 'undone', verified: true, proof: textOf(body['success_time']) === '' ? 'closed' : 'money-back' };
    case 'PAYERROR':
      // Its text goes on: reverse the order. Payers were charged after it was said.
      return unknown('failed', 'WeChat Pay calls the payment failed');
    default:
      return unknown('garbled', 'the answer names no known trade state');
  }
};

const paid = (body: JsonObject, asked: Asked): Approved | Unknown => {
  const total = memberOf(body, 'amount', 'total');
  const currency = memberOf(body, 'amount', 'currency') ?? 'CNY';
  if (textOf(body['transaction_id']) === '') return unknown('garbled', 'the answer names no payment number');
  if (typeof total !== 'number' || !Number.isSafeInteger(total) || total <= 0 || currency !== asked.amount.currency) return unknown('mismatch', 'the answer names no amount in yuan');
  // For less than asked is true all the same: whether a part is allowed is for the payment's rules, not for this plugin.
  if (total > asked.amount.amountMinor) return unknown('mismatch', 'paid for more than was asked');
  const amount: Money = { amountMinor: total, currency: asked.amount.currency };
  return { outcome: 'approved', verified: true, amount, completion: 'none', facts: saleFacts(body, asked.reference, amount) };
};

/** A verified refusal declines only by a listed code: an unlisted one may come after the money was taken. */
const refusal = (heard: Heard, table: { readonly [code: string]: CodeEntry }): Declined | Unknown => {
  const code = codeOf(heard);
  if (DUPLICATE_CODES.has(code)) return unknown('duplicate', `the number was used before (${code})`);
  return declined(textOf(heard.body['code']), table) ?? unknown('host-error', `answered ${code || 'without a code'}, HTTP status ${heard.status}`);
};

const declined = (code: string, table: { readonly [code: string]: CodeEntry }): Declined | undefined => {
  const key = codeKey(code);
  const known = Object.hasOwn(table, key) ? table[key] : undefined;
  return known && { outcome: 'declined', verified: true, code, ...known };
};

const succeeded = (heard: Heard): boolean => heard.status >= 200 && heard.status < 300;

const codeOf = (heard: Heard): string => codeKey(textOf(heard.body['code'])).replace(/[^A-Z0-9]/g, '');

const unsure = (heard: Extract<WechatHeard, { heard: 'silence' }>): Unknown => unknown(heard.reason, heard.why);

const isAnswer = (read: ReturnType<typeof readOrder>): read is Approved | Pending | Unknown => read !== 'refunded' && read.outcome !== 'undone';

const unknown = (reason: Unknown['reason'], why: string): Unknown => ({ outcome: 'unknown', reason, why });
const waitingForPayer: Pending = { outcome: 'pending', waitingFor: 'payer' };
const absent: Absent = { outcome: 'absent' };
