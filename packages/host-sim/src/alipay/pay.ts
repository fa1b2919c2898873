import { alipayTime, alipayTimeMs } from '../wallet/china-time.js';
import type { Twist } from '../wallet/wire.js';
import { asked } from '../wallet/payers.js';
import { amountOf, BusinessFailure, fail, optionalText, orderNumber, spanMs, textOf, yuan, type Fields } from './business.js';
import { refused, succeeded, type ResponseNode } from './envelope.js';
import { buyerLogonId, buyerUserId, exists, type Trade, type Trades } from './trades.js';

/** How long a merchant's QR may be scanned when the merchant names no time: two hours. */
const QR_LIFE_MS = 7_200_000;

interface PayOrder {
  readonly reference: string;
  readonly amountMinor: number;
  readonly subject: string;
  readonly terminalId?: string;
  readonly expiresAt?: number;
}

/** `alipay.trade.pay`: takes the money of the payer whose code was scanned. */
export async function pay(trades: Trades, content: Fields, twist: Twist): Promise<ResponseNode> {
  const order = orderOf(trades, content, 'timeout_express');
  const code = textOf(content, 'auth_code', 64);
  const scene = optionalText(content, 'scene', 32);
  if (scene !== undefined && !['bar_code', 'wave_code', 'security_code'].includes(scene)) fail('ACQ.INVALID_PARAMETER');

  const known = await current(trades, order.reference);
  if (known !== undefined && !trades.isForgotten(known)) {
    const repeated = await repeatOf(trades, known, order, code);
    if (repeated !== undefined) return repeated;
  }

  const trade: Trade = { ...order, stage: 'refused', at: trades.now(), refunds: [] };
  if (!trades.payers.isCode(code) || trades.isCodeUsed(code)) return decline(trades, trade, 'ACQ.PAYMENT_AUTH_CODE_INVALID');
  const used: Trade = { ...trade, codeDigest: trades.codeDigest(code) };
  if (twist?.do === 'decline') return decline(trades, used, twist.code);
  const person = trades.payers.find(code);
  if (!trades.canPay(person.id, order.amountMinor)) return decline(trades, used, 'ACQ.BUYER_BALANCE_NOT_ENOUGH');

  const waiting =
    asked(person, order.amountMinor) ??
    (twist?.do === 'user-paying' ? { queriesLeft: person.paysAfterQueries ?? 0, outcome: person.outcome } : undefined);
  const begun = await trades.put(trades.begun(used, person, waiting));
  return begun.stage === 'paid' ? succeeded(paidFields(begun)) : succeeded(openFields(begun), '10003');
}

/** `alipay.trade.precreate`: a QR for the payer to scan. No trade exists until then. */
export async function precreate(trades: Trades, content: Fields, twist: Twist): Promise<ResponseNode> {
  const order = orderOf(trades, content, 'qr_code_timeout_express', 'timeout_express');
  const known = await current(trades, order.reference);
  if (twist?.do === 'decline') throw new BusinessFailure(failureOf(twist.code));
  if (known !== undefined && known.stage !== 'refused' && !trades.isForgotten(known)) {
    if (known.stage === 'barred' || known.stage === 'closed') fail('ACQ.TRADE_HAS_CLOSE');
    if (known.amountMinor !== order.amountMinor || known.subject !== order.subject) fail('ACQ.CONTEXT_INCONSISTENT');
    if (known.stage === 'paid') fail('ACQ.TRADE_HAS_SUCCESS');
    if (known.qrCode === undefined) fail('ACQ.CONTEXT_INCONSISTENT');
    return succeeded({ out_trade_no: known.reference, qr_code: known.qrCode });
  }
  const qrCode = `https://qr.alipay.com/bax${trades.payers.digest(`qr:${order.reference}`).replace(/[^0-9A-Za-z]/g, '0').toLowerCase()}`;
  const expiresAt = order.expiresAt ?? trades.now() + QR_LIFE_MS;
  await trades.put({ ...order, expiresAt, stage: 'order', at: trades.now(), refunds: [], qrCode });
  return succeeded({ out_trade_no: order.reference, qr_code: qrCode });
}

/** What stands under a number, brought up to date. */
export async function current(trades: Trades, reference: string): Promise<Trade | undefined> {
  const known = trades.get(reference);
  return known === undefined ? undefined : trades.upToDate(known);
}

/** A failure for a code given by a fault: `ACQ.*` is 40004, `isv.*` 40002, five digits stand for themselves. */
export function failureOf(code: string): ResponseNode {
  if (/^\d{5}$/.test(code)) return refused(code, code === '20000' ? 'isp.unknow-error' : `isv.fault-${code}`);
  return refused(code.startsWith('isv.') ? '40002' : '40004', code);
}

/** What pay and query say of a paid trade. */
export function paidFields(trade: Trade): Fields {
  const amount = yuan(trade.amountMinor);
  const paidAt = alipayTime(trade.paidAt ?? trade.at);
  return {
    ...openFields(trade),
    buyer_pay_amount: amount,
    fund_bill_list: [{ amount, fund_channel: 'ALIPAYACCOUNT' }],
    gmt_payment: paidAt,
    invoice_amount: amount,
    point_amount: '0.00',
    receipt_amount: amount,
  };
}

/** What is said of any trade. */
export function openFields(trade: Trade): Fields {
  return {
    buyer_logon_id: buyerLogonId(trade.payerId ?? ''),
    buyer_user_id: buyerUserId(trade.payerId ?? ''),
    out_trade_no: trade.reference,
    total_amount: yuan(trade.amountMinor),
    trade_no: trade.tradeNo,
  };
}

function orderOf(trades: Trades, content: Fields, ...expiry: readonly string[]): PayOrder {
  const reference = orderNumber(content);
  const amountMinor = amountOf(content, 'total_amount');
  const subject = textOf(content, 'subject', 256);
  const terminalId = optionalText(content, 'terminal_id', 32);
  const expiresAt = expiryOf(trades, content, expiry);
  return {
    reference,
    amountMinor,
    subject,
    ...(terminalId === undefined ? {} : { terminalId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** When the payer's time is over: `time_expire` (GMT+8) before any span. */
function expiryOf(trades: Trades, content: Fields, spans: readonly string[]): number | undefined {
  const expire = optionalText(content, 'time_expire', 32);
  if (expire !== undefined) return alipayTimeMs(expire) ?? fail('ACQ.INVALID_PARAMETER');
  const span = spans.map((name) => spanMs(optionalText(content, name, 6))).find((ms) => ms !== undefined);
  return span === undefined ? undefined : trades.now() + span;
}

/** The answer to a pay under a number that was used before; undefined when it may still become a trade. */
async function repeatOf(trades: Trades, known: Trade, order: PayOrder, code: string): Promise<ResponseNode | undefined> {
  if (known.stage === 'barred' || known.stage === 'closed') fail('ACQ.TRADE_HAS_CLOSE');
  if (known.amountMinor !== order.amountMinor || known.subject !== order.subject) fail('ACQ.CONTEXT_INCONSISTENT');
  if (known.stage === 'refused') return undefined;
  if (known.stage === 'order') fail('ACQ.CONTEXT_INCONSISTENT');
  if (known.stage === 'paid') fail('ACQ.TRADE_HAS_SUCCESS', exists(known) ? openFields(known) : {});
  if (known.codeDigest !== trades.codeDigest(code)) fail('ACQ.TRADE_BUYER_NOT_MATCH');
  return succeeded(openFields(known), '10003');
}

async function decline(trades: Trades, trade: Trade, code: string): Promise<ResponseNode> {
  const known = trades.get(trade.reference);
  // A code once burnt under this number stays burnt, whatever the next attempt brings.
  const digest = trade.codeDigest ?? known?.codeDigest;
  await trades.put({ ...trade, ...(digest === undefined ? {} : { codeDigest: digest }), stage: 'refused', code });
  throw new BusinessFailure(failureOf(code));
}
