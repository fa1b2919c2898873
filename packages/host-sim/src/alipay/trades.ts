import type { LedgerEntry } from '../control.js';
import type { Ledger } from '../ledger.js';
import { chinaDate } from '../wallet/china-time.js';
import { asked, type PayerBook, type PayerOutcome, type Person, type Waiting } from '../wallet/payers.js';

export interface Refund {
  readonly outRequestNo: string;
  readonly amountMinor: number;
  readonly at: number;
}

/**
 * All the gateway knows under one `out_trade_no`.
 * - `refused`: a pay that was declined; there is no trade, a later pay may still make one
 * - `order`: a merchant's QR nobody has scanned; there is no trade yet
 * - `barred`: cancelled before it came to exist; there is no trade and there will be none
 * - `waiting` (WAIT_BUYER_PAY), `paid` (TRADE_SUCCESS, later TRADE_FINISHED), `closed` (TRADE_CLOSED)
 */
export interface Trade {
  readonly reference: string;
  readonly stage: 'refused' | 'order' | 'barred' | 'waiting' | 'paid' | 'closed';
  readonly amountMinor: number;
  readonly subject: string;
  /** When the payment, or the QR, was asked for. Milliseconds. */
  readonly at: number;
  readonly terminalId?: string;
  readonly tradeNo?: string;
  readonly payerId?: string;
  /** Keyed digest of the payer's code. */
  readonly codeDigest?: string;
  readonly waiting?: Waiting;
  readonly paidAt?: number;
  readonly expiresAt?: number;
  readonly qrCode?: string;
  readonly closedBy?: 'cancel' | 'close' | 'refund' | 'payer' | 'time';
  /** What the cancel did, when it closed this number. */
  readonly cancelAction?: 'close' | 'refund';
  readonly cancelledAt?: number;
  readonly refunds: readonly Refund[];
  /** Why a pay was refused. */
  readonly code?: string;
}

/** A number under which a trade exists, for queries and refunds. */
export function exists(trade: Trade | undefined): trade is Trade & { readonly tradeNo: string } {
  return trade !== undefined && trade.stage !== 'refused' && trade.stage !== 'order' && trade.stage !== 'barred';
}

export function refundedMinor(trade: Trade): number {
  return trade.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** Money this trade still holds of its payer. */
function heldMinor(trade: Trade): number {
  if (trade.paidAt === undefined || trade.cancelAction === 'refund') return 0;
  return trade.amountMinor - refundedMinor(trade);
}

/** `1**********` of a person, always the same: a masked sign-in name. */
export function buyerLogonId(payerId: string): string {
  const digits = [...payerId].map((char) => char.charCodeAt(0) % 10).join('');
  return `1${digits.slice(0, 2)}******${digits.slice(2, 4)}`;
}

export function buyerUserId(payerId: string): string {
  const digits = [...payerId].map((char) => char.charCodeAt(0) % 10).join('');
  return `2088${digits.slice(4, 16).padEnd(12, '0')}`;
}

export class Trades {
  constructor(
    private readonly ledger: Ledger<Trade>,
    readonly payers: PayerBook,
    private readonly clock: () => number,
    private readonly latePay: 'approve' | 'refuse',
  ) {}

  now(): number {
    return this.clock();
  }

  get(reference: string): Trade | undefined {
    return this.ledger.get(reference);
  }

  byTradeNo(tradeNo: string): Trade | undefined {
    return this.ledger.all().find((trade) => trade.tradeNo === tradeNo);
  }

  isCodeUsed(code: string): boolean {
    const digest = this.payers.digest(`code:${code}`);
    return this.ledger.all().some((trade) => trade.codeDigest === digest);
  }

  codeDigest(code: string): string {
    return this.payers.digest(`code:${code}`);
  }

  /** Cancelled before it came, and forgotten since. */
  isForgotten(trade: Trade): boolean {
    return this.latePay === 'approve' && trade.stage === 'barred' && trade.closedBy === 'cancel' && trade.qrCode === undefined;
  }

  /** Durable when it resolves. */
  async put(trade: Trade): Promise<Trade> {
    await this.ledger.put(trade);
    return trade;
  }

  /** 28 digits: date, branch, and 15 that belong to this number alone. */
  tradeNo(reference: string, at: number): string {
    const digits = [...this.payers.digest(`trade:${reference}`)].map((char) => char.charCodeAt(0) % 10).join('');
    return `${chinaDate(at)}22001${digits.slice(0, 15)}`;
  }

  canPay(personId: string, amountMinor: number): boolean {
    const held = this.ledger
      .all()
      .filter((trade) => trade.payerId === personId)
      .reduce((sum, trade) => sum + heldMinor(trade), 0);
    return this.payers.balanceMinor(personId) - held >= amountMinor;
  }

  /** A trade begins: paid at once, or waiting for the payer. The payer's money has been looked at before. */
  begun(trade: Trade, person: Person, waiting: Waiting | undefined = asked(person, trade.amountMinor)): Trade {
    const at = this.now();
    const open: Trade = { ...trade, tradeNo: this.tradeNo(trade.reference, at), payerId: person.id };
    return waiting === undefined ? { ...open, stage: 'paid', paidAt: at } : { ...open, stage: 'waiting', waiting };
  }

  /** The payer decides now. */
  decided(trade: Trade, outcome: PayerOutcome): Trade {
    const { waiting: _waiting, ...rest } = trade;
    if (outcome === 'walks-away') return { ...trade, waiting: { queriesLeft: 0, outcome } };
    if (outcome === 'declines' || !this.canPay(trade.payerId ?? '', trade.amountMinor)) {
      return { ...rest, stage: 'closed', closedBy: 'payer' };
    }
    return { ...rest, stage: 'paid', paidAt: this.now() };
  }

  /** Closes what waited longer than the merchant allowed: a trade is closed, a QR nobody scanned makes none any more. */
  async upToDate(trade: Trade): Promise<Trade> {
    const after = expired(trade, this.now());
    return after === trade ? trade : this.put(after);
  }

  view(): readonly LedgerEntry[] {
    return this.ledger.all().map((trade) => entryOf(expired(trade, this.now())));
  }
}

function expired(trade: Trade, now: number): Trade {
  if (trade.expiresAt === undefined || now < trade.expiresAt) return trade;
  if (trade.stage !== 'waiting' && trade.stage !== 'order') return trade;
  const { waiting: _waiting, ...rest } = trade;
  return { ...rest, stage: trade.stage === 'order' ? 'barred' : 'closed', closedBy: 'time' };
}

function entryOf(trade: Trade): LedgerEntry {
  const refunded = trade.cancelAction === 'refund' ? trade.amountMinor : refundedMinor(trade);
  return {
    reference: trade.reference,
    amountMinor: trade.amountMinor,
    currency: 'CNY',
    status: statusOf(trade),
    ...(refunded > 0 ? { refundedMinor: refunded } : {}),
    ...(trade.code === undefined ? {} : { code: trade.code }),
    at: trade.at,
    ...(trade.payerId === undefined ? {} : { payer: buyerLogonId(trade.payerId) }),
    ...(trade.terminalId === undefined ? {} : { terminalId: trade.terminalId }),
  };
}

function statusOf(trade: Trade): LedgerEntry['status'] {
  switch (trade.stage) {
    case 'refused':
      return 'declined';
    case 'paid':
      return 'approved';
    case 'order':
    case 'waiting':
      return 'waiting';
    case 'barred':
      return 'closed';
    case 'closed':
      if (trade.cancelAction === 'refund') return 'reversed';
      return trade.closedBy === 'refund' ? 'refunded' : 'closed';
  }
}
