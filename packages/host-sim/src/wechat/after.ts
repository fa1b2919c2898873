import type { Twist } from '../wallet/wire.js';
import { refusal, refuse, wrongParam, type Reply } from './answers.js';
import type { Order, Orders } from './orders.js';
import { text, type Fields } from './params.js';

export interface ReversePolicy {
  /** A payment may be reversed no sooner than this after it began. */
  readonly notBeforeMs: number;
  readonly withinMs: number;
  /** While a payer is about to pay: refused with USERPAYING, or closed over the payer's head. */
  readonly whilePaying: 'refuse' | 'close';
}

/** `GET /v3/pay/transactions/out-trade-no/{no}`. A payer who was asked is one inquiry nearer to a decision after each. */
export async function query(orders: Orders, reference: string, twist: Twist): Promise<Reply> {
  const order = await orders.current(reference);
  if (order === undefined || order.stage === 'barred') return refusal('ORDER_NOT_EXIST');
  if (twist?.do === 'user-paying') {
    const { paidAt: _paidAt, transactionId: _transactionId, ...rest } = order;
    return { status: 200, body: orders.fields({ ...rest, stage: 'waiting' }) };
  }
  return { status: 200, body: orders.fields(await onePollOlder(orders, order)) };
}

/**
 * `POST .../{no}/reverse`: for an unknown outcome of a payer's code. Closes what is unpaid, gives back what is paid,
 * and says success for a number that never was; a payment that arrives for it later finds it closed.
 */
export async function reverse(orders: Orders, reference: string, content: Fields, policy: ReversePolicy): Promise<Reply> {
  merchantOf(orders, content);
  const { appid, mchid } = orders.merchant;
  const done: Reply = { status: 200, body: { appid, mchid, out_trade_no: reference } };
  const order = await orders.current(reference);
  const now = orders.now();
  if (order === undefined) {
    await orders.put({ reference, kind: 'codepay', stage: 'barred', amountMinor: 0, description: '', at: now, refunds: [] });
    return done;
  }
  if (order.kind === 'native') return refusal('INVALID_REQUEST', '仅付款码支付的订单可以撤销');
  if (order.stage === 'barred' || order.stage === 'revoked') return done;
  if (order.refunds.length > 0) return refusal('INVALID_REQUEST', '订单已转入退款');
  if (now - order.at < policy.notBeforeMs) return refusal('INVALID_REQUEST', '支付发起后不足 15 秒，请稍后再撤销');
  if (now - order.at > policy.withinMs) return refusal('REVERSE_EXPIRE');
  if (order.waiting?.outcome === 'pays' && policy.whilePaying === 'refuse') {
    // The payer goes on meanwhile, so that a till which only asks for the reversal is not refused for ever.
    await onePollOlder(orders, order);
    return refusal('USERPAYING');
  }
  const { waiting: _waiting, ...rest } = order;
  await orders.put({ ...rest, stage: 'revoked', ...(order.stage === 'paid' ? { moneyBack: true } : {}) });
  return done;
}

/** `POST .../{no}/close`: ends an unpaid merchant's QR. */
export async function close(orders: Orders, reference: string, content: Fields): Promise<Reply> {
  if (text(content, '/mchid', 32) !== orders.merchant.mchid) refuse('NO_AUTH', 'mchid 与签名的商户不一致');
  const order = await orders.current(reference);
  if (order === undefined || order.stage === 'barred') return refusal('ORDER_NOT_EXIST');
  if (order.kind === 'codepay') return refusal('INVALID_REQUEST', '付款码支付的订单请使用撤销');
  if (order.stage === 'paid') return refusal('ORDERPAID');
  if (order.stage === 'open' || order.stage === 'waiting') {
    const { waiting: _waiting, ...rest } = order;
    await orders.put({ ...rest, stage: 'closed' });
  }
  return { status: 204 };
}

async function onePollOlder(orders: Orders, order: Order): Promise<Order> {
  const { waiting } = order;
  if (order.stage !== 'waiting' || waiting === undefined || waiting.outcome === 'walks-away') return order;
  if (waiting.queriesLeft > 0) return orders.put({ ...order, waiting: { ...waiting, queriesLeft: waiting.queriesLeft - 1 } });
  return orders.put(orders.decided(order, waiting.outcome));
}

function merchantOf(orders: Orders, content: Fields): void {
  if (text(content, '/mchid', 32) !== orders.merchant.mchid) refuse('NO_AUTH', 'mchid 与签名的商户不一致');
  if (content['appid'] !== undefined && content['appid'] !== orders.merchant.appid) wrongParam('/appid', 'not the appid of this merchant');
}
