import { alipayTime } from '../wallet/china-time.js';
import type { Twist } from '../wallet/wire.js';
import { BusinessFailure, fail, amountOf, optionalText, orderNumber, textOf, yuan, type Fields } from './business.js';
import { refused, succeeded, type ResponseNode } from './envelope.js';
import { current, openFields, paidFields } from './pay.js';
import { buyerLogonId, exists, refundedMinor, type Trade, type Trades } from './trades.js';

const DAY_MS = 86_400_000;

/** A paid trade older than this is TRADE_FINISHED and can't be refunded any more. */
const FINISHED_AFTER_MS = 365 * DAY_MS;

/** `alipay.trade.query`. A payer who was asked is one inquiry nearer to a decision after each. */
export async function query(trades: Trades, content: Fields, twist: Twist): Promise<ResponseNode> {
  const trade = await found(trades, content);
  if (!exists(trade)) return fail('ACQ.TRADE_NOT_EXIST');
  if (twist?.do === 'user-paying') return succeeded({ ...openFields(trade), trade_status: 'WAIT_BUYER_PAY' });
  const now = await onePollOlder(trades, trade);
  if (now.paidAt === undefined) {
    return succeeded({ ...openFields(now), receipt_amount: '0.00', trade_status: tradeStatus(trades, now) });
  }
  const { gmt_payment: paidAt, ...fields } = paidFields(now);
  return succeeded({ ...fields, send_pay_date: paidAt, trade_status: tradeStatus(trades, now) });
}

/**
 * `alipay.trade.cancel`: for an unknown outcome. Closes what is unpaid, gives back what is paid, and says success for
 * a number that never was; a pay that arrives for it later finds it closed.
 */
export async function cancel(trades: Trades, content: Fields): Promise<ResponseNode> {
  const trade = await found(trades, content);
  if (!exists(trade)) {
    const reference = trade?.reference ?? orderNumber(content);
    if (trade?.stage !== 'barred') {
      const before = trade ?? { amountMinor: 0, subject: '', at: trades.now(), refunds: [] };
      await trades.put({ ...before, reference, stage: 'barred', closedBy: 'cancel', cancelledAt: trades.now() });
    }
    return cancelled({ out_trade_no: reference });
  }
  const named = { out_trade_no: trade.reference, trade_no: trade.tradeNo };
  if (trade.cancelAction !== undefined) return cancelled({ ...named, action: trade.cancelAction });
  if (trade.refunds.length > 0) notCancelled('ACQ.REASON_TRADE_REFUND_FEE_ERR');
  if (trade.stage === 'closed') return cancelled({ ...named, action: 'close' });
  if (tradeStatus(trades, trade) === 'TRADE_FINISHED') notCancelled('ACQ.TRADE_HAS_FINISHED');
  if (trades.now() - trade.at > DAY_MS) notCancelled('ACQ.TRADE_CANCEL_TIME_OUT');
  const action = trade.stage === 'paid' ? 'refund' : 'close';
  const { waiting: _waiting, ...rest } = trade;
  await trades.put({ ...rest, stage: 'closed', closedBy: 'cancel', cancelAction: action, cancelledAt: trades.now() });
  return cancelled({ ...named, action });
}

function cancelled(fields: Fields): ResponseNode {
  return succeeded({ retry_flag: 'N', ...fields });
}

function notCancelled(subCode: string): never {
  throw new BusinessFailure(refused('40004', subCode, { retry_flag: 'N' }));
}

/** `alipay.trade.close`: ends an unpaid trade. A QR nobody scanned has no trade yet. */
export async function close(trades: Trades, content: Fields): Promise<ResponseNode> {
  const trade = await found(trades, content);
  if (!exists(trade)) return fail('ACQ.TRADE_NOT_EXIST');
  if (trade.stage !== 'waiting') return fail('ACQ.TRADE_STATUS_ERROR');
  const { waiting: _waiting, ...rest } = trade;
  await trades.put({ ...rest, stage: 'closed', closedBy: 'close' });
  return succeeded({ out_trade_no: trade.reference, trade_no: trade.tradeNo });
}

/** `alipay.trade.refund`. The same `out_request_no` again changes nothing and says so (`fund_change` N). */
export async function refund(trades: Trades, content: Fields): Promise<ResponseNode> {
  const trade = await found(trades, content);
  if (!exists(trade)) return fail('ACQ.TRADE_NOT_EXIST');
  const amountMinor = amountOf(content, 'refund_amount');
  const outRequestNo = optionalText(content, 'out_request_no', 64) ?? (amountMinor === trade.amountMinor ? trade.reference : fail('ACQ.INVALID_PARAMETER'));
  const before = trade.refunds.find((each) => each.outRequestNo === outRequestNo);
  if (before !== undefined) {
    if (before.amountMinor !== amountMinor) fail('ACQ.DISCORDANT_REPEAT_REQUEST');
    return refundAnswer(trade, before.at, 'N');
  }
  if (trade.paidAt === undefined || trade.cancelAction !== undefined) return fail('ACQ.TRADE_STATUS_ERROR');
  if (refundedMinor(trade) + amountMinor > trade.amountMinor) return fail('ACQ.REFUND_AMT_NOT_EQUAL_TOTAL');
  if (tradeStatus(trades, trade) === 'TRADE_FINISHED') return fail('ACQ.TRADE_HAS_FINISHED');
  const at = trades.now();
  const refunds = [...trade.refunds, { outRequestNo, amountMinor, at }];
  const whole = refundedMinor({ ...trade, refunds }) === trade.amountMinor;
  const after = await trades.put({ ...trade, refunds, ...(whole ? { stage: 'closed', closedBy: 'refund' } : {}) } as Trade);
  return refundAnswer(after, at, 'Y');
}

/** `alipay.trade.fastpay.refund.query`: an unknown refund number is a success that names no refund. */
export async function refundQuery(trades: Trades, content: Fields): Promise<ResponseNode> {
  const trade = await found(trades, content);
  if (!exists(trade)) return fail('ACQ.TRADE_NOT_EXIST');
  const outRequestNo = textOf(content, 'out_request_no', 64);
  const refunded = trade.refunds.find((each) => each.outRequestNo === outRequestNo);
  if (refunded === undefined) return succeeded({});
  return succeeded({
    gmt_refund_pay: alipayTime(refunded.at),
    out_request_no: outRequestNo,
    out_trade_no: trade.reference,
    refund_amount: yuan(refunded.amountMinor),
    refund_status: 'REFUND_SUCCESS',
    total_amount: yuan(trade.amountMinor),
    trade_no: trade.tradeNo,
  });
}

async function onePollOlder(trades: Trades, trade: Trade): Promise<Trade> {
  const { waiting } = trade;
  if (trade.stage !== 'waiting' || waiting === undefined || waiting.outcome === 'walks-away') return trade;
  if (waiting.queriesLeft > 0) {
    return trades.put({ ...trade, waiting: { ...waiting, queriesLeft: waiting.queriesLeft - 1 } });
  }
  return trades.put(trades.decided(trade, waiting.outcome));
}

function tradeStatus(trades: Trades, trade: Trade): string {
  if (trade.stage === 'waiting') return 'WAIT_BUYER_PAY';
  if (trade.stage === 'closed') return 'TRADE_CLOSED';
  return trades.now() - (trade.paidAt ?? trade.at) > FINISHED_AFTER_MS ? 'TRADE_FINISHED' : 'TRADE_SUCCESS';
}

/** The trade that `trade_no`, or else `out_trade_no`, names. */
async function found(trades: Trades, content: Fields): Promise<Trade | undefined> {
  const tradeNo = optionalText(content, 'trade_no', 64);
  if (tradeNo === undefined) return current(trades, orderNumber(content));
  const trade = trades.byTradeNo(tradeNo);
  return trade === undefined ? undefined : trades.upToDate(trade);
}

function refundAnswer(trade: Trade, at: number, fundChange: 'Y' | 'N'): ResponseNode {
  return succeeded({
    buyer_logon_id: buyerLogonId(trade.payerId ?? ''),
    fund_change: fundChange,
    gmt_refund_pay: alipayTime(at),
    out_trade_no: trade.reference,
    // The whole that has been given back so far, not this refund alone.
    refund_fee: yuan(refundedMinor(trade)),
    trade_no: trade.tradeNo,
  });
}
