import type { LedgerEntry } from '../control.js';
import type { Ledger } from '../ledger.js';
import { chinaDate, rfc3339 } from '../wallet/china-time.js';
import type { PayerBook, PayerOutcome, Waiting } from '../wallet/payers.js';
import type { Fields } from './params.js';

export interface Refund {
  readonly outRefundNo: string;
  readonly refundId: string;
  readonly amountMinor: number;
  readonly reason?: string;
  readonly at: number;
  /** Missing while the money is on its way back. */
  readonly doneAt?: number;
}

/**
 * All the host knows under one `out_trade_no`. `stage` beside WeChat Pay's `trade_state`:
 * - `barred`: reversed before it came to exist; nothing is found under it and nothing will be
 * - `open` NOTPAY, `waiting` USERPAYING, `paid` SUCCESS (REFUND once money went back), `failed` PAYERROR,
 *   `closed` CLOSED, `revoked` REVOKED
 */
export interface Order {
  readonly reference: string;
  readonly stage: 'barred' | 'open' | 'waiting' | 'paid' | 'failed' | 'closed' | 'revoked';
  readonly kind: 'codepay' | 'native';
  readonly amountMinor: number;
  readonly description: string;
  readonly attach?: string;
  readonly deviceId?: string;
  /** When the payment, or the QR, was asked for. Milliseconds. */
  readonly at: number;
  readonly payerId?: string;
  /** Keyed digest of the payer's code. */
  readonly codeDigest?: string;
  readonly waiting?: Waiting;
  readonly paidAt?: number;
  readonly transactionId?: string;
  readonly codeUrl?: string;
  readonly expiresAt?: number;
  /** True when a reversal gave money back. */
  readonly moneyBack?: true;
  readonly refunds: readonly Refund[];
  /** Why a payment failed. */
  readonly code?: string;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  SUCCESS: '支付成功', REFUND: '转入退款', NOTPAY: '未支付', CLOSED: '已关闭', REVOKED: '已撤销', USERPAYING: '用户支付中', PAYERROR: '支付失败',
};

export function tradeState(order: Order): string {
  switch (order.stage) {
    case 'open':
      return 'NOTPAY';
    case 'waiting':
      return 'USERPAYING';
    case 'paid':
      return order.refunds.length > 0 ? 'REFUND' : 'SUCCESS';
    case 'failed':
      return 'PAYERROR';
    case 'revoked':
      return 'REVOKED';
    case 'barred':
    case 'closed':
      return 'CLOSED';
  }
}

export function refundedMinor(order: Order): number {
  return order.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

function digitsOf(text: string): string {
  return [...text].map((char) => char.charCodeAt(0) % 10).join('');
}

export function openid(payerId: string): string {
  return `oUpF8u${payerId}`.slice(0, 28);
}

export class Orders {
  constructor(
    private readonly ledger: Ledger<Order>,
    readonly payers: PayerBook,
    private readonly clock: () => number,
    readonly merchant: { readonly appid: string; readonly mchid: string },
    private readonly latePay: 'approve' | 'refuse',
  ) {}

  now(): number {
    return this.clock();
  }

  /** What stands under a number, brought up to date. */
  async current(reference: string): Promise<Order | undefined> {
    const known = this.ledger.get(reference);
    if (known === undefined) return undefined;
    const after = expired(known, this.now());
    return after === known ? known : this.put(after);
  }

  byTransactionId(transactionId: string): Order | undefined {
    return this.ledger.all().find((order) => order.transactionId === transactionId);
  }

  byRefundNo(outRefundNo: string): Order | undefined {
    return this.ledger.all().find(({ refunds }) => refunds.some((each) => each.outRefundNo === outRefundNo));
  }

  codeDigest(code: string): string {
    return this.payers.digest(`code:${code}`);
  }

  isCodeUsed(code: string): boolean {
    const digest = this.codeDigest(code);
    return this.ledger.all().some((order) => order.codeDigest === digest);
  }

  /** Reversed before it came, and forgotten since. */
  isForgotten(order: Order): boolean {
    return this.latePay === 'approve' && order.stage === 'barred';
  }

  /** Durable when it resolves. */
  async put(order: Order): Promise<Order> {
    await this.ledger.put(order);
    return order;
  }

  canPay(personId: string, amountMinor: number): boolean {
    const held = this.ledger
      .all()
      .filter((order) => order.payerId === personId && order.paidAt !== undefined && order.moneyBack !== true)
      .reduce((sum, order) => sum + order.amountMinor - refundedMinor(order), 0);
    return this.payers.balanceMinor(personId) - held >= amountMinor;
  }

  /** 28 digits: `42000`, five that belong to the merchant, the date, and ten of this order's own. */
  paid(order: Order): Order {
    const { waiting: _waiting, ...rest } = order;
    const at = this.now();
    const own = digitsOf(this.payers.digest(`transaction:${order.reference}`));
    return { ...rest, stage: 'paid', paidAt: at, transactionId: `4200001${own.slice(0, 3)}${chinaDate(at)}${own.slice(3, 13)}` };
  }

  /** The payer decides now. */
  decided(order: Order, outcome: PayerOutcome): Order {
    if (outcome === 'walks-away') return { ...order, stage: 'waiting', waiting: { queriesLeft: 0, outcome } };
    const { waiting: _waiting, ...rest } = order;
    if (outcome === 'declines') return { ...rest, stage: 'failed', code: 'TRADE_ERROR' };
    return this.canPay(order.payerId ?? '', order.amountMinor) ? this.paid(order) : { ...rest, stage: 'failed', code: 'NOTENOUGH' };
  }

  refundId(outRefundNo: string, at: number): string {
    const own = digitsOf(this.payers.digest(`refund:${outRefundNo}`));
    return `50000${own.slice(0, 5)}${chinaDate(at)}${own.slice(5, 16)}`;
  }

  /** The order as inquiries and paid answers say it. */
  fields(order: Order): Fields {
    const state = tradeState(order);
    const known = order.payerId === undefined ? {} : { payer: { openid: openid(order.payerId) } };
    return {
      appid: this.merchant.appid,
      mchid: this.merchant.mchid,
      out_trade_no: order.reference,
      ...(order.transactionId === undefined ? {} : { transaction_id: order.transactionId }),
      trade_type: order.kind === 'codepay' ? 'MICROPAY' : 'NATIVE',
      trade_state: state,
      trade_state_desc: DESCRIPTIONS[state],
      ...(order.attach === undefined ? {} : { attach: order.attach }),
      ...(order.paidAt === undefined ? {} : { bank_type: 'OTHERS', success_time: rfc3339(order.paidAt) }),
      ...known,
      amount: {
        total: order.amountMinor,
        ...(order.paidAt === undefined ? {} : { payer_total: order.amountMinor, payer_currency: 'CNY' }),
        currency: 'CNY',
      },
      ...(order.deviceId === undefined ? {} : { scene_info: { device_id: order.deviceId } }),
    };
  }

  view(): readonly LedgerEntry[] {
    return this.ledger.all().map((order) => entryOf(expired(order, this.now())));
  }
}

function expired(order: Order, now: number): Order {
  if (order.expiresAt === undefined || now < order.expiresAt) return order;
  if (order.stage !== 'open' && order.stage !== 'waiting') return order;
  const { waiting: _waiting, ...rest } = order;
  return { ...rest, stage: 'closed' };
}

function entryOf(order: Order): LedgerEntry {
  const refunded = order.moneyBack === true ? order.amountMinor : refundedMinor(order);
  return {
    reference: order.reference,
    amountMinor: order.amountMinor,
    currency: 'CNY',
    status: statusOf(order),
    ...(refunded > 0 ? { refundedMinor: refunded } : {}),
    ...(order.code === undefined ? {} : { code: order.code }),
    at: order.at,
    ...(order.payerId === undefined ? {} : { payer: `${openid(order.payerId).slice(0, 6)}****${openid(order.payerId).slice(-4)}` }),
    ...(order.deviceId === undefined ? {} : { terminalId: order.deviceId }),
  };
}

function statusOf(order: Order): LedgerEntry['status'] {
  switch (order.stage) {
    case 'open':
    case 'waiting':
      return 'waiting';
    case 'paid':
      return refundedMinor(order) === order.amountMinor ? 'refunded' : 'approved';
    case 'failed':
      return 'declined';
    case 'revoked':
      return order.moneyBack === true ? 'reversed' : 'closed';
    case 'barred':
    case 'closed':
      return 'closed';
  }
}
