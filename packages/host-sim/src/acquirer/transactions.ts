import type { LedgerEntry } from '../control.js';
import { Ledger } from '../ledger.js';

/**
 * A transaction in the acquirer's book, as it was answered. Holds no PAN: `account` is a keyed id, `payer` is masked.
 * Whether a sale was voided or refunded is not written on it: it follows from the voids and refunds that name it, so
 * that each change of the book is one line.
 */
export interface Transaction {
  /** `${tid}-${batch6}-${trace6}` */
  readonly reference: string;
  /** `no-original`: a reversal came for something never seen. */
  readonly kind: 'sale' | 'void' | 'refund' | 'no-original';
  readonly status: 'approved' | 'declined' | 'reversed';
  readonly tid: string;
  readonly trace: string;
  readonly batch: string;
  readonly amountMinor: number;
  /** What was approved: less than the amount when the approval was partial, 0 when declined. */
  readonly approvedMinor: number;
  readonly account: string;
  readonly payer: string;
  /** DE 3 */
  readonly processingCode: string;
  /** DE 39 as answered. */
  readonly code: string;
  readonly rrn: string;
  readonly authorizationCode?: string;
  /** Reference of the sale that a void or refund belongs to. */
  readonly original?: string;
  readonly serial: number;
  /** Host's date, MMDD. */
  readonly date: string;
  readonly at: number;
}

/** What has become of a sale. */
export interface SaleStanding {
  readonly status: 'approved' | 'declined' | 'reversed' | 'voided' | 'refunded';
  readonly refundedMinor: number;
  /** Fen that it still holds of its account. */
  readonly heldMinor: number;
}

/** The acquirer's book of transactions, and what they hold of each account. */
export class TransactionBook {
  readonly #ledger: Ledger<Transaction>;
  readonly #byRrn = new Map<string, string>();
  readonly #undoings = new Map<string, Set<string>>();
  readonly #heldMinor = new Map<string, number>();
  #serial = 0;

  private constructor(ledger: Ledger<Transaction>) {
    this.#ledger = ledger;
    for (const transaction of ledger.all()) this.#index(transaction);
    for (const sale of ledger.all()) if (sale.kind === 'sale') this.#hold(sale.account, this.standing(sale).heldMinor);
  }

  static async open(dir: string | undefined): Promise<TransactionBook> {
    return new TransactionBook(await Ledger.open<Transaction>({ dir, name: 'acquirer' }));
  }

  get(reference: string): Transaction | undefined {
    return this.#ledger.get(reference);
  }

  byRrn(rrn: string): Transaction | undefined {
    const reference = this.#byRrn.get(rrn);
    return reference === undefined ? undefined : this.#ledger.get(reference);
  }

  standing(sale: Transaction): SaleStanding {
    if (sale.status !== 'approved') return { status: sale.status, refundedMinor: 0, heldMinor: 0 };
    const undoings = this.#undoingsOf(sale.reference).filter(({ status }) => status === 'approved');
    if (undoings.some(({ kind }) => kind === 'void')) return { status: 'voided', refundedMinor: 0, heldMinor: 0 };
    const refundedMinor = undoings.reduce((sum, { approvedMinor }) => sum + approvedMinor, 0);
    const heldMinor = sale.approvedMinor - refundedMinor;
    return { status: refundedMinor > 0 && heldMinor === 0 ? 'refunded' : 'approved', refundedMinor, heldMinor };
  }

  /** Fen that stand against an account by its approved sales. */
  heldMinor(account: string): number {
    return this.#heldMinor.get(account) ?? 0;
  }

  /** A serial number nobody had before, across restarts. */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** Seen at once; durable when it resolves, and only then may the terminal be told. */
  async put(transaction: Transaction): Promise<void> {
    const saleReference = transaction.kind === 'sale' ? transaction.reference : transaction.original;
    const heldBefore = this.#heldBy(saleReference);
    const written = this.#ledger.put(transaction);
    this.#index(transaction);
    this.#hold(transaction.account, this.#heldBy(saleReference) - heldBefore);
    await written;
  }

  /** Payments as the control API shows them; voids and refunds stand with the payment they belong to. */
  view(): readonly LedgerEntry[] {
    return this.#ledger
      .all()
      .filter(({ kind }) => kind === 'sale')
      .map((sale) => {
        const { status, refundedMinor } = this.standing(sale);
        const undoneBy = this.#undoingsOf(sale.reference).map((undoing) => ({
          reference: undoing.reference,
          kind: undoing.kind === 'void' ? ('void' as const) : ('refund' as const),
          amountMinor: undoing.amountMinor,
          status: undoing.status,
        }));
        return {
          reference: sale.reference,
          amountMinor: sale.approvedMinor === 0 ? sale.amountMinor : sale.approvedMinor,
          currency: 'CNY' as const,
          status,
          ...(refundedMinor === 0 ? {} : { refundedMinor }),
          ...(sale.code === '00' ? {} : { code: sale.code }),
          at: sale.at,
          payer: sale.payer,
          terminalId: sale.tid,
          ...(undoneBy.length === 0 ? {} : { undoneBy }),
        };
      });
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  #heldBy(saleReference: string | undefined): number {
    const sale = saleReference === undefined ? undefined : this.#ledger.get(saleReference);
    return sale === undefined || sale.kind !== 'sale' ? 0 : this.standing(sale).heldMinor;
  }

  #hold(account: string, changeMinor: number): void {
    if (changeMinor !== 0) this.#heldMinor.set(account, this.heldMinor(account) + changeMinor);
  }

  #undoingsOf(reference: string): readonly Transaction[] {
    return [...(this.#undoings.get(reference) ?? [])].flatMap((each) => this.#ledger.get(each) ?? []);
  }

  #index(transaction: Transaction): void {
    this.#serial = Math.max(this.#serial, transaction.serial);
    if (transaction.rrn !== '') this.#byRrn.set(transaction.rrn, transaction.reference);
    if (transaction.original === undefined) return;
    const undoings = this.#undoings.get(transaction.original) ?? new Set();
    this.#undoings.set(transaction.original, undoings.add(transaction.reference));
  }
}
