import { fromDecimal } from '@tillwright/core/contract';
import type { JsonObject, Money, PaymentFacts, ReceiptField } from '@tillwright/core/contract';

/** What is kept of an Alipay trade: for the receipt, and for a refund months later. Amounts in fen. */
export interface AlipayFacts extends PaymentFacts {
  /** `out_trade_no` */
  readonly reference: string;
  /** `trade_no` */
  readonly tradeNumber: string;
  /** `buyer_logon_id`, masked by Alipay; masked here where it was not. */
  readonly payer: string;
  readonly totalMinor: number;
  readonly paidMinor: number;
  readonly discountMinor: number;
  /** `yyyy-MM-dd HH:mm:ss` in GMT+8, as Alipay wrote it; empty where it wrote none. */
  readonly paidAt: string;
}

export const saleFacts = (body: JsonObject, reference: string, total: Money): AlipayFacts => {
  const paid = yuanOf(body['buyer_pay_amount']);
  const paidMinor = paid && paid.amountMinor <= total.amountMinor ? paid.amountMinor : total.amountMinor;
  const facts = {
    reference,
    tradeNumber: textOf(body['trade_no']),
    payer: masked(textOf(body['buyer_logon_id'])),
    totalMinor: total.amountMinor,
    paidMinor,
    discountMinor: total.amountMinor - paidMinor,
    paidAt: timeOf(body['gmt_payment']) || timeOf(body['send_pay_date']),
  };
  return { ...facts, receipt: receiptOf(facts) };
};

export const refundFacts = (body: JsonObject, reference: string, amount: Money): PaymentFacts & JsonObject => {
  const tradeNumber = textOf(body['trade_no']);
  const refundedAt = timeOf(body['gmt_refund_pay']);
  return {
    reference,
    tradeNumber,
    refundedMinor: amount.amountMinor,
    refundedAt,
    receipt: [
      line('refundNumber', '退款单号', 'Refund no.', reference),
      line('tradeNumber', '支付宝交易号', 'Alipay trade no.', tradeNumber),
      line('refundedAmount', '退款金额', 'Refunded', rmb(amount.amountMinor)),
      line('refundedAt', '退款时间', 'Refunded at', refundedAt),
    ].filter((each) => each.value !== ''),
  };
};

const receiptOf = (facts: Omit<AlipayFacts, 'receipt'>): AlipayFacts['receipt'] =>
  [
    line('merchantOrderNumber', '商户订单号', 'Order no.', String(facts.reference)),
    line('tradeNumber', '支付宝交易号', 'Alipay trade no.', String(facts.tradeNumber)),
    line('payer', '付款账户', 'Payer', String(facts.payer)),
    line('paidAmount', '实付金额', 'Paid', rmb(Number(facts.paidMinor))),
    ...(Number(facts.discountMinor) > 0 ? [line('discountAmount', '优惠金额', 'Discount', rmb(Number(facts.discountMinor)))] : []),
    line('paidAt', '付款时间', 'Paid at', String(facts.paidAt)),
  ].filter((each) => each.value !== '');

const line = (key: string, zh: string, en: string, value: string): ReceiptField & JsonObject => ({ key, label: { zh, en }, value }) as ReceiptField & JsonObject;

const rmb = (amountMinor: number): string => `RMB ${Math.floor(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`;

/** Yuan as the protocol writes them; undefined for anything else. */
export const yuanOf = (value: unknown): Money | undefined => {
  if (typeof value !== 'string') return undefined;
  try {
    return fromDecimal(value, 'CNY');
  } catch {
    return undefined;
  }
};

/** Only what a host may sensibly write into a number or name: it is logged and printed. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value.replace(/[\p{C}]/gu, '').slice(0, 64) : '');

const timeOf = (value: unknown): string => (typeof value === 'string' && /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(value) ? value : '');

const masked = (account: string): string => {
  if (account === '' || account.includes('*')) return account;
  const at = account.indexOf('@');
  return at > 0 ? `${account.slice(0, Math.min(3, at))}***${account.slice(at)}` : `${account.slice(0, 3)}****${account.length > 8 ? account.slice(-2) : ''}`;
};
