/** What a Task asks of the settler, and what it hears once that is decided. */
import type { Declined, UndoReason } from '../contract.js';
import type { StepId } from '../events.js';
import { canonicalJson, type JsonObject } from '../json.js';
import type { Money } from '../money.js';
import { type AttemptState, openCase, paidMinor, partialUnasked, type PaymentState } from './payment.js';

export interface ChargeOrder {
  readonly paymentId: string;
  readonly execution: string;
  readonly step: StepId;
  readonly taskAttempt: number;
  readonly method: string;
  readonly amount: Money;
  readonly dueMinor: number;
  readonly saleReference: string;
  readonly terminalId: string;
  readonly operatorId: string;
  readonly allowPartial: boolean;
  readonly arguments: JsonObject;
}

/** What the host has declined it declines again: it is asked anew only with other input, or where the decline says that it may be (13). */
export const declinedBefore = (payment: PaymentState | undefined, order: ChargeOrder): Declined | undefined => {
  const last = payment?.attempts.findLast((a) => a.undoes === undefined);
  if (last?.fate !== 'declined' || last.answer?.outcome !== 'declined') return undefined;
  const { again } = last.answer;
  const same = (): boolean => canonicalJson([last.request.arguments, { ...last.request.amount }]) === canonicalJson([order.arguments, { ...order.amount }]);
  return again === 'never' || (again === 'new-input' && same()) ? last.answer : undefined;
};

/** How a charge ended, for the Task that asked. */
export type ChargeResult =
  | { readonly is: 'paid'; readonly attempt: AttemptState; readonly payment: PaymentState }
  | { readonly is: 'declined'; readonly answer: Declined }
  | { readonly is: 'not-sent'; readonly why: string }
  | { readonly is: 'undone' | 'unsettled'; readonly why: UndoReason | 'open'; readonly caseId?: string };

/** What the Task hears, once it is decided: paid, declined, not sent, undone, or still to be undone. */
export const chargeResult = (payment: PaymentState, taskAttempt: number, inFlight: ReadonlySet<number>, givenUp: boolean): ChargeResult | undefined => {
  const attempt = payment.attempts.findLast((a) => a.taskAttempt === taskAttempt && a.undoes === undefined);
  if (!attempt || inFlight.has(attempt.attempt)) return undefined;
  const open = openCase(payment);
  switch (attempt.fate) {
    case 'completed':
      // What nobody asked for, and what somebody gave up, is about to be condemned.
      if (payment.committed) return { is: 'paid', attempt, payment };
      return !givenUp && !partialUnasked(attempt) && paidMinor(payment) < payment.dueMinor ? { is: 'paid', attempt, payment } : undefined;
    case 'declined':
      return attempt.answer?.outcome === 'declined' ? { is: 'declined', answer: attempt.answer } : undefined;
    case 'not-sent':
      return { is: 'not-sent', why: attempt.answer?.outcome === 'not-sent' ? attempt.answer.why : 'not sent' };
    case 'undone':
      return { is: 'undone', why: attempt.condemned?.why ?? 'no-answer' };
    case 'condemned': {
      const tried = attempt.undo.tries > 0 || payment.attempts.some((a) => a.undoes === attempt.attempt && a.fate !== 'submitted');
      return tried || open ? { is: 'unsettled', why: attempt.condemned?.why ?? 'no-answer', ...(open ? { caseId: open.caseId } : {}) } : undefined;
    }
    default:
      return open ? { is: 'unsettled', why: 'open', caseId: open.caseId } : undefined;
  }
};
