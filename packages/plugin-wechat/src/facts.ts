import type { JsonObject, Money, PaymentFacts, ReceiptField } from '@tillwright/core/contract';

/** What is kept of a WeChat Pay order: for the receipt, and for a refund months later. Amounts in fen. */
export interface WechatFacts extends PaymentFacts {
  /** `out_trade_no` */
  readonly reference: string;
  /** `transaction_id` */
  readonly tradeNumber: string;
  /** `payer.openid`, masked. */
  readonly payer: string;
  readonly totalMinor: number;
  readonly paidMinor: number;
  readonly discountMinor: number;
  /** RFC 3339, as WeChat Pay wrote it; empty where it wrote none. */
  readonly paidAt: string;
}

export const saleFacts = (body: JsonObject, reference: string, total: Money): WechatFacts => {
  const payerTotal = memberOf(body, 'amount', 'payer_total');
  const paidMinor = typeof payerTotal === 'number' && Number.isSafeInteger(payerTotal) && payerTotal >= 0 && payerTotal <= total.amountMinor ? payerTotal : total.amountMinor;
  const facts = {
    reference,
    tradeNumber: textOf(body['transaction_id']),
    payer: masked(textOf(memberOf(body, 'payer', 'openid'))),
    totalMinor: total.amountMinor,
    paidMinor,
    discountMinor: total.amountMinor - paidMinor,
    paidAt: timeOf(body['success_time']),
  };
  const receipt = [
    line('merchantOrderNumber', '商户订单号', 'Order no.', facts.reference),
    line('tradeNumber', '微信支付单号', 'WeChat Pay no.', facts.tradeNumber),
    line('payer', '付款用户', 'Payer', facts.payer),
    line('paidAmount', '实付金额', 'Paid', rmb(facts.paidMinor)),
    ...(facts.discountMinor > 0 ? [line('discountAmount', '优惠金额', 'Discount', rmb(facts.discountMinor))] : []),
    line('paidAt', '付款时间', 'Paid at', shown(facts.paidAt)),
  ].filter((each) => each.value !== '');
  return { ...facts, receipt };
};

export const refundFacts = (body: JsonObject, number: string, amount: Money): PaymentFacts & JsonObject => {
  const tradeNumber = textOf(body['refund_id']);
  const refundedAt = timeOf(body['success_time']);
  return {
    reference: number,
    tradeNumber,
    refundedMinor: amount.amountMinor,
    refundedAt,
    receipt: [
      line('refundNumber', '退款单号', 'Refund no.', number),
      line('tradeNumber', '微信退款单号', 'WeChat refund no.', tradeNumber),
      line('refundedAmount', '退款金额', 'Refunded', rmb(amount.amountMinor)),
      line('refundedAt', '退款时间', 'Refunded at', shown(refundedAt)),
    ].filter((each) => each.value !== ''),
  };
};

export const memberOf = (body: JsonObject, name: string, member: string): unknown => {
  const inner: unknown = body[name];
  return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as JsonObject)[member] : undefined;
};

/** Only what a host may sensibly write into a number or name: it is logged and printed. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value.replace(/[\p{C}]/gu, '').slice(0, 64) : '');

const line = (key: string, zh: string, en: string, value: string): ReceiptField & JsonObject => ({ key, label: { zh, en }, value }) as ReceiptField & JsonObject;

const rmb = (amountMinor: number): string => `RMB ${Math.floor(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`;

const timeOf = (value: unknown): string => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(value) ? value : '');

/** `2018-06-08 10:34:56` of `2018-06-08T10:34:56+08:00`: WeChat Pay writes GMT+8. */
const shown = (time: string): string => time.slice(0, 19).replace('T', ' ');

const masked = (openid: string): string => (openid.length <= 8 ? '*'.repeat(openid.length) : `${openid.slice(0, 4)}****${openid.slice(-4)}`);
