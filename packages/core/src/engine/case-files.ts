/** Cases as a log tells them: what is known of the payment, and everything that was tried. Pure. */
import type { Operation, ReceiptField } from '../contract.js';
import type { EventRecord, PaymentEvent } from '../events.js';
import { canonicalJson, isObject, type Json, type JsonObject } from '../json.js';
import { TillwrightError } from '../errors.js';
import { toDecimal } from '../money.js';
import { type AttemptState, evolvePayment, type Fate, inQuestion, type PaymentState, undoneSince } from './payment.js';

/** What a person decided upon a case. */
export interface CaseDecision {
  readonly as: 'paid' | 'not-paid' | 'undone';
  /** Of what is called paid: what the books say, where that is less than was asked for. In minor units. */
  readonly amountMinor?: number;
  readonly by: string;
  readonly reason: string;
}

/** The host has proven meanwhile, at this time, that the payment is undone: nothing is left to be paid back. */
export interface UndoneSince {
  /** In ms since 1970. */
  readonly at: number;
  /** `money-back`, `closed` (nothing can be paid under its reference any more), `acknowledged` (it took the reversal). */
  readonly proof: string;
}

/**
 * A person decides where the host has not: its proof stands.
 * @throws CASE_UNDONE for a payment called paid that the host has proven undone; CASE_AMOUNT for an amount that it can't have been paid with
 */
export const checkDecision = ({ caseId, undone, attempts, currency }: Pick<CaseFile, 'caseId' | 'undone' | 'currency'> & { readonly attempts: readonly Pick<CaseAttempt, 'amountMinor'>[] }, { as, amountMinor }: CaseDecision): void => {
  const asked = Math.max(...attempts.map((each) => each.amountMinor));
  if (amountMinor !== undefined && (as !== 'paid' || !Number.isSafeInteger(amountMinor) || amountMinor < 1 || amountMinor > asked)) throw new TillwrightError('CASE_AMOUNT', { case: caseId, asked: `${currency} ${toDecimal({ amountMinor: asked, currency })}` });
  if (as === 'paid' && undone) throw new TillwrightError('CASE_UNDONE', { case: caseId, proof: undone.proof, since: new Date(undone.at).toISOString() });
};

/** A person decides about a payment: whatever is open of it is resolved. @param open all open cases of one payment */
export const resolutionOf = (open: readonly Pick<CaseFile, 'caseId'>[], decision: CaseDecision): Extract<PaymentEvent, { type: 'caseResolved' }>[] =>
  open.map(({ caseId }) => ({ type: 'caseResolved', caseId, ...decision }));

/** One attempt of the payment, under its own reference at the host. */
export interface CaseAttempt {
  readonly attempt: number;
  readonly operation: Operation;
  readonly reference: string;
  readonly amountMinor: number;
  readonly fate: Fate;
  /** In ms since 1970. */
  readonly submittedAt: number;
  /** The attempt that this one undoes. */
  readonly undoes?: number;
}

/** A case with its payment. No card data beyond the masked view that the log holds. */
export interface CaseFile {
  readonly caseId: string;
  readonly why: string;
  /** In ms since 1970. */
  readonly openedAt: number;
  readonly resolved?: CaseDecision & { readonly at: number };
  readonly undone?: UndoneSince;
  readonly paymentId: string;
  readonly executionId: string;
  readonly terminalId: string;
  readonly saleReference: string;
  readonly method: string;
  /** The attempt in question: the one that a person decides about. */
  readonly attempt: number;
  /** What that one asked for, in minor units. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly attempts: readonly CaseAttempt[];
  /** Masked views of what the customer brought to its attempts: `{ maskedPan: '622848******0019', entry: 'insert' }`. */
  readonly brought: readonly JsonObject[];
  /** What the host told of its approval, as a receipt shows it: reference number, masked card, times. */
  readonly facts: readonly ReceiptField[];
  /** The payment's own events in order: intents, answers, inquiries, undo tries. */
  readonly records: readonly EventRecord<PaymentEvent>[];
}

/** The cases that a payment's own records tell of. @param records all of its stream, in order */
export const casesIn = (records: readonly EventRecord[]): readonly CaseFile[] => {
  let state: PaymentState | undefined;
  for (const record of records) state = evolvePayment(state, record);
  const payment = state;
  return payment?.cases.map((each) => fileOf(payment, records as readonly EventRecord<PaymentEvent>[], each.caseId)).filter((file) => file !== undefined) ?? [];
};

const fileOf = (payment: PaymentState, records: readonly EventRecord<PaymentEvent>[], caseId: string): CaseFile | undefined => {
  const found = payment.cases.find((each) => each.caseId === caseId);
  const sales = payment.attempts.filter((a) => a.undoes === undefined);
  // A Retry may be for another amount, and with another card.
  const sale = found && inQuestion(payment, found);
  if (!sale) return undefined;
  const undone = undoneSince(payment, found);
  const resolvedAt = records.find(({ event }) => event.type === 'caseResolved' && event.caseId === caseId)?.at;
  return {
    caseId,
    why: found.why,
    openedAt: found.openedAt,
    ...(found.resolved && resolvedAt !== undefined ? { resolved: { ...found.resolved, at: resolvedAt } } : {}),
    ...(undone ? { undone } : {}),
    paymentId: payment.paymentId,
    executionId: payment.execution,
    terminalId: payment.terminalId,
    saleReference: payment.saleReference,
    method: payment.method,
    attempt: sale.attempt,
    amountMinor: sale.request.amount.amountMinor,
    currency: payment.currency,
    attempts: payment.attempts.map(attemptOf),
    brought: broughtTo(sales),
    facts: sale.facts?.receipt ?? [],
    records,
  };
};

const attemptOf = (a: AttemptState): CaseAttempt => ({
  attempt: a.attempt,
  operation: a.operation,
  reference: a.prepared.reference,
  amountMinor: a.request.amount.amountMinor,
  fate: a.fate,
  submittedAt: a.submittedAt,
  ...(a.undoes === undefined ? {} : { undoes: a.undoes }),
});

/** Each once, in the order in which they came. */
const broughtTo = (sales: readonly AttemptState[]): readonly JsonObject[] => {
  const views = sales.flatMap(({ request }) => viewsIn(request.arguments));
  return [...new Map(views.map((view) => [canonicalJson(view), view])).values()];
};

/** The masked views of the sensitive references in a payment's arguments. */
const viewsIn = (value: Json): JsonObject[] => {
  if (Array.isArray(value)) return value.flatMap(viewsIn);
  if (!isObject(value)) return [];
  const { sensitive, view } = value;
  if (typeof sensitive === 'string' && isObject(view)) return [view];
  return Object.values(value).flatMap((each) => (each === undefined ? [] : viewsIn(each)));
};
