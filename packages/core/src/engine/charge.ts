/** What a Task asks of the settler, and what it hears once that is decided. */
import type { Declined, Live, UndoReason } from '../contract.js';
import type { StepId } from '../events.js';
import { canonicalJson, type JsonObject } from '../json.js';
import type { Money } from '../money.js';
import { type AttemptState, paidMinor, partialUnasked, type PaymentState, standingMinor, turnedUp } from './payment.js';
import type { PayingScreen } from './paying-screen.js';
import type { Stop } from './stops.js';

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

/** The Task behind an order. */
export interface Asking {
  /** What its method sees of it; the signal is made when somebody first wants it. */
  readonly live: Live;
  /** What its customer sees. */
  readonly screen: PayingScreen;
  /** Stopped once nobody wants the payment any more. */
  readonly stop: Stop;
}

/** What the host has declined it declines again: it is asked anew only with other input, or where the decline says that it may be (13). */
export const declinedBefore = (payment: PaymentState | undefined, order: ChargeOrder): Declined | undefined => {
  const asked = canonicalJson([order.arguments, { ...order.amount }]);
  const forGood = ({ request, answer }: AttemptState): Declined | undefined => {
    if (answer?.outcome !== 'declined') return undefined;
    const isSame = (): boolean => canonicalJson([request.arguments, { ...request.amount }]) === asked;
    return answer.again === 'never' || (answer.again === 'new-input' && isSame()) ? answer : undefined;
  };
  // Not the last one only: other input may have come in between.
  return payment?.attempts.filter((a) => a.undoes === undefined && a.fate === 'declined').map(forGood).findLast((answer) => answer !== undefined);
};

/** A Retry is the same payment once more: who settles it, and for which sale it counts, stands in its first intent (13, 15). @returns why this is none */
export const isAnother = ({ method, currency, saleReference }: PaymentState, order: ChargeOrder): string | undefined =>
  method === order.method && currency === order.amount.currency && saleReference === order.saleReference
    ? undefined
    : `this payment was begun by ${method}, in ${currency}, for sale ${saleReference}: a Retry changes none of them, another Task may`;

/**
 * Where a Task goes on with what is there already, its own or, tried again, that of a try before it: nothing new is sent while that stands
 * or is not decided, and what becomes of it is what the Task hears (13).
 * @returns the Task's attempt that began it
 */
export const goesOn = (payment: PaymentState | undefined, taskAttempt: number): number | undefined => {
  const last = payment?.attempts.findLast((a) => a.undoes === undefined);
  const ended = last?.fate === 'declined' || last?.fate === 'not-sent' || last?.fate === 'undone';
  return last && (last.taskAttempt === taskAttempt || !ended) ? last.taskAttempt : undefined;
};

/** Why no more may be taken for a sale: with what stands as paid for it already it would be more than is due (15). */
export const exceedsDue = (others: readonly PaymentState[], { amount, dueMinor, saleReference }: Pick<ChargeOrder, 'amount' | 'dueMinor' | 'saleReference'>): string | undefined => {
  const paid = others.filter((other) => standingMinor(other) > 0);
  const stranger = paid.find(({ currency }) => currency !== amount.currency);
  if (stranger) return `sale ${saleReference} is paid in ${stranger.currency} already: a sale has one currency`;
  const taken = paid.reduce((sum, other) => sum + standingMinor(other), 0);
  if (taken + amount.amountMinor <= dueMinor) return undefined;
  return `of ${dueMinor} that are due for sale ${saleReference}, ${taken} are paid: ${amount.amountMinor} more would be too much. "dueMinor" says what is due in all, "saleReference" that it is another sale`;
};

/** How a charge ended, for the Task that asked. */
export type ChargeResult =
  | { readonly is: 'paid'; readonly attempt: AttemptState; readonly payment: PaymentState }
  | { readonly is: 'declined'; readonly answer: Declined }
  | { readonly is: 'not-sent' | 'exceeds-due'; readonly why: string }
  | { readonly is: 'undone' | 'unsettled'; readonly why: UndoReason | 'open'; readonly caseId?: string };

/** What the Task hears, once it is decided: paid, declined, not sent, undone, or still to be undone. */
export const chargeResult = (payment: PaymentState, taskAttempt: number, inFlight: ReadonlySet<number>, givenUp: boolean): ChargeResult | undefined => {
  const attempt = payment.attempts.findLast((a) => a.taskAttempt === taskAttempt && a.undoes === undefined);
  if (!attempt || inFlight.has(attempt.attempt)) return undefined;
  // Open, or resolved before the Task heard of it: nothing else is told any more.
  const theCase = payment.cases.at(-1);
  const unsettled = (why: UndoReason | 'open'): ChargeResult => ({ is: 'unsettled', why, ...(theCase ? { caseId: theCase.caseId } : {}) });
  switch (attempt.fate) {
    case 'completed':
      // As what nobody asked for, and what somebody gave up, it is about to be condemned.
      if (turnedUp(attempt)) return theCase && unsettled('open');
      if (payment.committed) return { is: 'paid', attempt, payment };
      return !givenUp && !partialUnasked(attempt) && paidMinor(payment) < payment.dueMinor ? { is: 'paid', attempt, payment } : theCase && unsettled('open');
    case 'declined':
      return attempt.answer?.outcome === 'declined' ? { is: 'declined', answer: attempt.answer } : undefined;
    case 'not-sent':
      return { is: 'not-sent', why: attempt.answer?.outcome === 'not-sent' ? attempt.answer.why : 'not sent' };
    case 'undone':
      return { is: 'undone', why: attempt.condemned?.why ?? 'no-answer' };
    case 'condemned': {
      const tried = attempt.undo.tries > 0 || payment.attempts.some((a) => a.undoes === attempt.attempt && a.fate !== 'submitted');
      return tried || theCase ? unsettled(attempt.condemned?.why ?? 'no-answer') : undefined;
    }
    default:
      return theCase && unsettled('open');
  }
};
