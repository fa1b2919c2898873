import { rfc3339 } from '../wallet/china-time.js';
import { refusal, wrongParam, type Reply } from './answers.js';
import { refundedMinor, type Order, type Orders, type Refund } from './orders.js';
import { fen, onlyCny, optionalText, text, type Fields } from './params.js';

const YEAR_MS = 365 * 86_400_000;

/**
 * `POST /v3/refund/domestic/refunds`. Answers PROCESSING: the money is on its way, and an inquiry finds SUCCESS once it has arrived.
 * The same `out_refund_no` again changes nothing.
 */
export async function refund(orders: Orders, content: Fields): Promise<Reply> {
  const transactionId = optionalText(content, '/transaction_id', 32);
  const reference = optionalText(content, '/out_trade_no', 32);
  const outRefundNo = text(content, '/out_refund_no', 64);
  const reason = optionalText(content, '/reason', 80);
  const amountMinor = fen(content, '/amount/refund');
  const total = fen(content, '/amount/total');
  if (typeof (content['amount'] as Fields)['currency'] !== 'string') wrongParam('/amount/currency', 'CNY');
  onlyCny(content, '/amount/currency');
  if (transactionId === undefined && reference === undefined) wrongParam('/out_trade_no', 'transaction_id or out_trade_no');

  const order = transactionId === undefined ? await orders.current(reference ?? '') : orders.byTransactionId(transactionId);
  if (order?.paidAt === undefined || (reference !== undefined && order.reference !== reference)) return refusal('RESOURCE_NOT_EXISTS');
  const before = order.refunds.find((each) => each.outRefundNo === outRefundNo);
  const other = orders.byRefundNo(outRefundNo);
  if (before !== undefined && before.amountMinor === amountMinor) return { status: 200, body: fields(order, before) };
  if (other !== undefined) return refusal('INVALID_REQUEST', '同一退款单号的参数与首次请求不一致');
  if (order.moneyBack === true) return refusal('INVALID_REQUEST', '订单已撤销');
  if (total !== order.amountMinor) return refusal('INVALID_REQUEST', '订单金额与原订单不一致');
  if (refundedMinor(order) + amountMinor > order.amountMinor) return refusal('INVALID_REQUEST', '退款总额大于订单金额');
  if (orders.now() - order.paidAt > YEAR_MS) return refusal('INVALID_REQUEST', '订单已超过可退款的期限');

  const at = orders.now();
  const made: Refund = { outRefundNo, refundId: orders.refundId(outRefundNo, at), amountMinor, at, ...(reason === undefined ? {} : { reason }) };
  await orders.put({ ...order, refunds: [...order.refunds, made] });
  return { status: 200, body: fields(order, made) };
}

/**
 * `GET /v3/refund/domestic/refunds/{out_refund_no}`.
 * @param takesMs how long the money is on its way: seconds to a balance, days to a bank card
 */
export async function refundQuery(orders: Orders, outRefundNo: string, takesMs: number): Promise<Reply> {
  const order = orders.byRefundNo(outRefundNo);
  const known = order?.refunds.find((each) => each.outRefundNo === outRefundNo);
  if (order === undefined || known === undefined) return refusal('RESOURCE_NOT_EXISTS');
  if (known.doneAt !== undefined || orders.now() < known.at + takesMs) return { status: 200, body: fields(order, known) };
  const done: Refund = { ...known, doneAt: orders.now() };
  const refunds = order.refunds.map((each) => (each === known ? done : each));
  return { status: 200, body: fields(await orders.put({ ...order, refunds }), done) };
}

function fields(order: Order, made: Refund): Fields {
  return {
    refund_id: made.refundId,
    out_refund_no: made.outRefundNo,
    transaction_id: order.transactionId,
    out_trade_no: order.reference,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    create_time: rfc3339(made.at),
    ...(made.doneAt === undefined ? {} : { success_time: rfc3339(made.doneAt) }),
    status: made.doneAt === undefined ? 'PROCESSING' : 'SUCCESS',
    funds_account: 'AVAILABLE',
    amount: {
      total: order.amountMinor,
      refund: made.amountMinor,
      payer_total: order.amountMinor,
      payer_refund: made.amountMinor,
      settlement_total: order.amountMinor,
      settlement_refund: made.amountMinor,
      discount_refund: 0,
      currency: 'CNY',
    },
  };
}
