import type { EventRecord } from '../events.js';
import { decidedAs, evolvePayment, isResolved, isUndecided, openCase, paidMinor, type PaymentState, standingMinor } from './payment.js';

/** How a payment stands, without a byte of card data. */
export interface PaymentView {
  readonly paymentId: string;
  readonly method: string;
  readonly references: readonly string[];
  readonly state: 'paid' | 'declined' | 'not-sent' | 'undone' | 'undecided' | 'being-undone' | 'case';
  readonly amountMinor: number;
  readonly currency: string;
  readonly committed: boolean;
}

export const viewOf = (payment: PaymentState): PaymentView => {
  const decided = decidedAs(payment);
  const state = (): PaymentView['state'] => {
    if (openCase(payment)) return 'case';
    // What a person said stands, whatever the attempts came to.
    if (decided !== undefined) return decided === 'paid' ? 'paid' : 'undone';
    if (!isResolved(payment) && payment.attempts.some((a) => a.fate === 'condemned')) return 'being-undone';
    if (isUndecided(payment)) return 'undecided';
    if (paidMinor(payment) > 0) return 'paid';
    const last = payment.attempts.at(-1)?.fate;
    return last === 'declined' || last === 'not-sent' ? last : 'undone';
  };
  return {
    paymentId: payment.paymentId,
    method: payment.method,
    references: payment.attempts.map((a) => a.prepared.reference),
    state: state(),
    amountMinor: standingMinor(payment),
    currency: payment.currency,
    committed: payment.committed,
  };
};

/** The payments that these records of their streams tell of, in the order in which they were asked for. */
export const paymentsOf = (records: Iterable<EventRecord>): PaymentView[] => {
  const payments = new Map<string, PaymentState>();
  for (const record of records) {
    if (record.stream.startsWith('p/')) payments.set(record.stream, evolvePayment(payments.get(record.stream), record));
  }
  return [...payments.values()].map(viewOf);
};
