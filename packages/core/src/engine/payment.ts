/**
 * A payment's stream: its fold, what its state says, and how an answer is judged by it (docs/money-rules.md; rule numbers in brackets).
 * Pure: what is owed next stands in duties.ts.
 */
import type {
  Answer,
  Approved,
  Finding,
  Operation,
  PaymentFacts,
  PaymentRequest,
  Prepared,
  Remedy,
  ReverseAnswer,
  UndoReason,
} from '../contract.js';
import type { CaseSubject, EventRecord, PaymentEvent, StepId, TillEvent } from '../events.js';
import type { JsonObject } from '../json.js';

/**
 * Where an attempt stands.
 * `submitted` no answer recorded yet · `undecided` pending or unknown · `approved` the card must still accept ·
 * `completed` counts as paid · `condemned` one-way: to be undone (6) · the rest is final.
 */
export type Fate = 'submitted' | 'undecided' | 'approved' | 'completed' | 'declined' | 'not-sent' | 'condemned' | 'undone';

export interface AttemptState {
  readonly attempt: number;
  readonly taskAttempt: number;
  readonly operation: Operation;
  readonly request: Omit<PaymentRequest, 'original'>;
  readonly prepared: Prepared;
  readonly sealed: boolean;
  /** ms since 1970: when the intent was written, just before the submit. */
  readonly submittedAt: number;
  /** The attempt that this void or refund undoes. */
  readonly undoes?: number;
  readonly fate: Fate;
  readonly answer?: Answer | Finding;
  readonly approved?: Approved;
  readonly facts?: PaymentFacts;
  /** What it last gave to show while it was pending: a QR may be paid until it is decided. */
  readonly show?: JsonObject;
  readonly inquiries: number;
  /** ms since 1970: when the last of them was answered, or given up. */
  readonly askedAt: number;
  /** It counted as paid at some time, whatever came after: undone by a void or refund, no longer by a reversal. */
  readonly completedOnce: boolean;
  /** The card said no to the approval, or was gone (8). */
  readonly refusedByCard: boolean;
  readonly condemned?: { readonly why: UndoReason; readonly remedy: Remedy; readonly at: number };
  readonly undo: {
    readonly tries: number;
    /** Tries that the host answered in any way (12). */
    readonly reached: number;
    readonly lastAt: number;
    readonly last?: ReverseAnswer;
  };
  readonly undone?: UndoneState;
  /** Tries to deliver what its approval left owed (9); `over` once the host has it, or a person was told. */
  readonly advice: { readonly tries: number; readonly lastAt: number; readonly over: boolean };
}

export interface UndoneState {
  readonly proof: string;
  readonly at: number;
  /** Looks again that the host answered (5). */
  readonly watches: number;
  /** Tries of the next look that nobody answered, and the last one's time. */
  readonly unanswered: number;
  readonly askedAt: number;
}

export interface ReceiptState {
  readonly receiptId: string;
  readonly document: JsonObject;
  readonly copies: readonly ('merchant' | 'customer')[];
  readonly printed: readonly ('merchant' | 'customer')[];
  /** Copies of which it is sure that no line was printed. */
  readonly deferred: readonly ('merchant' | 'customer')[];
}

export interface CaseState extends CaseSubject {
  readonly caseId: string;
  readonly why: string;
  readonly openedAt: number;
  /** While it is open nothing is asked or undone by itself (17). */
  readonly handsOff?: true;
  readonly resolved?: { readonly as: 'paid' | 'not-paid' | 'undone'; readonly amountMinor?: number; readonly by: string; readonly reason: string };
}

export interface PaymentState {
  readonly paymentId: string;
  readonly execution: string;
  readonly step: StepId;
  readonly method: string;
  readonly terminalId: string;
  readonly currency: string;
  /** In all, as the last attempt was told. */
  readonly dueMinor: number;
  /** What stood of it for good in other transactions, when it was asked for. */
  readonly paidElsewhereMinor: number;
  readonly saleReference: string;
  readonly attempts: readonly AttemptState[];
  readonly committed: boolean;
  /** The flow went on without it while its submit was under way (10). */
  readonly givenUp?: UndoReason;
  readonly cases: readonly CaseState[];
  readonly receipts: readonly ReceiptState[];
  /** The host said otherwise than what is known for good (5). */
  readonly contradicted?: true;
}

const NO_ADVICE: AttemptState['advice'] = { tries: 0, lastAt: 0, over: false };

/** A payment's first event is its first intent; what undoes an attempt has an intent, too. */
export const beginsPayment = (event: TillEvent): boolean => event.type === 'paymentPrepared' && event.attempt === 1;

/** The fold, from the event that begins the payment on. */
export const evolvePayment = (state: PaymentState | undefined, record: EventRecord): PaymentState => {
  const event = record.event as PaymentEvent;
  if (event.type === 'paymentPrepared') {
    const attempt: AttemptState = {
      attempt: event.attempt,
      taskAttempt: event.taskAttempt,
      operation: event.request.operation,
      request: event.request,
      prepared: event.prepared,
      sealed: event.sealed,
      submittedAt: record.at,
      ...(event.undoes === undefined ? {} : { undoes: event.undoes }),
      fate: 'submitted',
      inquiries: 0,
      askedAt: 0,
      completedOnce: false,
      refusedByCard: false,
      undo: { tries: 0, reached: 0, lastAt: 0 },
      advice: NO_ADVICE,
    };
    const { dueMinor, paidElsewhereMinor = 0 } = event;
    if (state) return changed(state, { dueMinor, paidElsewhereMinor, attempts: [...state.attempts, attempt] });
    return {
      paymentId: event.request.paymentId,
      execution: event.execution,
      step: event.step,
      method: event.method,
      terminalId: event.request.terminalId,
      currency: event.request.amount.currency,
      dueMinor,
      paidElsewhereMinor,
      saleReference: event.saleReference,
      attempts: [attempt],
      committed: false,
      cases: [],
      receipts: [],
    };
  }
  if (!state) throw new Error(`payment stream ${record.stream} begins with ${event.type}`);
  switch (event.type) {
    case 'paymentAnswered':
      return answered(state, event, record.at);
    case 'paymentCompleted':
      return patch(state, event.attempt, (a) =>
        event.completion.outcome === 'completed'
          ? changed(a, { fate: 'completed', completedOnce: true, ...(event.facts ? { facts: event.facts } : {}) })
          : changed(a, { refusedByCard: true }),
      );
    case 'paymentCommitted':
      return goneOn(state, { committed: true });
    case 'paymentGivenUp':
      return changed(state, { givenUp: event.why });
    case 'paymentCondemned':
      return patch(state, event.attempt, (a) => changed(withoutUndone(a), { fate: 'condemned', condemned: { why: event.why, remedy: event.remedy, at: record.at } }));
    case 'paymentUndoAnswered':
      return patch(state, event.attempt, (a) => {
        const { answer } = event;
        const undo = { tries: event.try, reached: a.undo.reached + (answer.outcome === 'not-sent' ? 0 : 1), lastAt: record.at, last: answer };
        // A reversal that was repeated as a look again (5).
        if (a.undone) return changed(a, { undo, undone: watched(a.undone, answer, record.at) });
        return changed(a, answer.outcome === 'undone' ? { undo, fate: 'undone', undone: undoneBy(answer.proof, record.at) } : { undo });
      });
    case 'sealedForgotten':
      return patch(state, event.attempt, (a) => changed(a, { sealed: false }));
    case 'adviceAnswered':
      return patch(state, event.attempt, (a) => changed(a, { advice: { tries: event.try, lastAt: record.at, over: event.result !== 'again' } }));
    case 'caseOpened':
      return changed(state, { cases: [...state.cases, { caseId: event.caseId, why: event.why, openedAt: record.at, ...subjectOf(state, event), ...(event.handsOff ? { handsOff: true } : {}) }] });
    case 'caseResolved':
      return changed(state, {
        // Whoever decides about an advice has seen to it.
        attempts: state.cases.some((c) => c.caseId === event.caseId && isAboutAdvice(c)) ? state.attempts.map((a) => (owesAdvice(a) ? changed(a, { advice: { ...a.advice, over: true } }) : a)) : state.attempts,
        cases: state.cases.map((c) => (c.caseId === event.caseId ? changed(c, { resolved: { as: event.as, ...(event.amountMinor === undefined ? {} : { amountMinor: event.amountMinor }), by: event.by, reason: event.reason } }) : c)),
      });
    case 'receiptOwed':
      return goneOn(state, { receipts: [...state.receipts, { receiptId: event.receiptId, document: event.document, copies: event.copies, printed: [], deferred: [] }] });
    case 'receiptDeferred':
      return receipt(state, event.receiptId, (r) => changed(r, { deferred: [...r.deferred, event.copy] }));
    case 'receiptBegun':
      return receipt(state, event.receiptId, (r) => changed(r, { deferred: r.deferred.filter((copy) => copy !== event.copy) }));
    case 'receiptPrinted':
      return receipt(state, event.receiptId, ({ receiptId, document, copies, printed, deferred }) => ({ receiptId, document, copies, printed: [...printed, event.copy], deferred: deferred.filter((copy) => copy !== event.copy) }));
    case 'paymentContradicted':
      return changed(state, { contradicted: true });
  }
};

/**
 * A copy with some members changed. `{ ...object, member }` says the same; but on Node 20 such a copy gets a hidden class of its own for
 * each member that the object did not have, at a microsecond each, and whatever reads it later meets nothing that it has seen before.
 */
const changed = <T extends object>(object: T, change: Partial<T>): T => Object.assign({}, object, change);

/** As `changed`, written out for what every payment goes through. */
const goneOn = (state: PaymentState, { attempts = state.attempts, committed = state.committed, receipts = state.receipts }: Partial<Pick<PaymentState, 'attempts' | 'committed' | 'receipts'>>): PaymentState => {
  const { paymentId, execution, step, method, terminalId, currency, dueMinor, paidElsewhereMinor, saleReference, cases, givenUp, contradicted } = state;
  const next: PaymentState = { paymentId, execution, step, method, terminalId, currency, dueMinor, paidElsewhereMinor, saleReference, attempts, committed, cases, receipts };
  return givenUp === undefined && contradicted === undefined ? next : changed(state, next);
};

const patch = (state: PaymentState, attempt: number, change: (a: AttemptState) => AttemptState): PaymentState =>
  goneOn(state, { attempts: state.attempts.map((a) => (a.attempt === attempt ? change(a) : a)) });

const receipt = (state: PaymentState, receiptId: string, change: (r: ReceiptState) => ReceiptState): PaymentState =>
  goneOn(state, { receipts: state.receipts.map((r) => (r.receiptId === receiptId ? change(r) : r)) });

/** Logs of former versions say it in words alone. */
const subjectOf = ({ attempts }: PaymentState, { attempt, about, why }: Extract<PaymentEvent, { type: 'caseOpened' }>): CaseSubject => {
  if (attempt !== undefined) return { attempt, ...(about ? { about } : {}) };
  if (why.startsWith('what its approval left owed to the host')) return { about: 'advice' };
  const declined = why.startsWith('known as declined,') ? attempts.findLast((a) => a.fate === 'declined') : undefined;
  return declined ? { attempt: declined.attempt } : {};
};

const undoneBy = (proof: string, at: number): UndoneState => ({ proof, at, watches: 0, unanswered: 0, askedAt: at });

/** Silence is no look: it is tried again. Proof ends the watch, and a refusal is a person's. */
const watched = (undone: UndoneState, answer: Answer | Finding | ReverseAnswer, at: number): UndoneState => {
  if (answer.outcome === 'unknown' || answer.outcome === 'not-sent' || answer.outcome === 'not-now') return changed(undone, { unanswered: undone.unanswered + 1, askedAt: at });
  if (answer.outcome === 'refused') return undone;
  return changed(undone, { watches: undone.watches + 1, unanswered: 0, askedAt: at, ...(answer.outcome === 'undone' ? { proof: answer.proof } : {}) });
};

const answered = (state: PaymentState, event: Extract<PaymentEvent, { type: 'paymentAnswered' }>, at: number): PaymentState => {
  const next = patch(state, event.attempt, (a) => {
    const { answer } = event;
    // What is decided keeps the answer that decided it, whatever comes late or is found again.
    const counted =
      event.to === 'inquire' ? changed(a, { inquiries: a.inquiries + 1, askedAt: at }) : event.to === 'watch' && a.undone ? changed(a, { undone: watched(a.undone, answer, at) }) : a;
    if (answer.outcome === 'approved') {
      // Known already: the card may have accepted it since, and it may be committed.
      if (a.fate === 'approved' || a.fate === 'completed') return counted;
      // The host has said since that it is undone: the answer is older than that.
      if (a.undone && a.undone.proof !== 'no-original' && event.to === 'late') return a;
      const approved = changed(counted, { answer, approved: answer, facts: answer.facts, completedOnce: answer.completion === 'none', fate: answer.completion === 'due' ? 'approved' : 'completed' });
      // An approval that arrives for a condemned or undone attempt restarts its undo (5).
      if (a.condemned) return changed(withoutUndone(approved), { fate: 'condemned', undo: { tries: a.undo.tries, reached: 0, lastAt: at } });
      return approved;
    }
    // The host has what it did not know: nobody paid yet, and somebody may at any time (5). Its own end of a QR is waited for: that one may only be shown.
    if ((answer.outcome === 'pending' || hasFailed(answer)) && mayTurnUp(a) && at >= (a.prepared.hostExpiryMs ?? 0)) {
      // A host may say so each time that it is asked: the undos before this one count.
      return a.condemned ? changed(withoutUndone(counted), { answer, fate: 'condemned', undo: { ...a.undo, lastAt: at } }) : changed(counted, { answer, fate: 'undecided' });
    }
    if (a.condemned) {
      // Nothing but its undo decides about a condemned attempt, except proof that nothing stands at the host.
      return answer.outcome === 'undone' && a.fate === 'condemned'
        ? changed(counted, { answer, fate: 'undone', undone: undoneBy(answer.proof, at) })
        : counted;
    }
    if (a.fate !== 'submitted' && a.fate !== 'undecided') return counted;
    const heard = changed(counted, { answer, ...(answer.outcome === 'pending' && answer.show ? { show: answer.show } : {}) });
    switch (answer.outcome) {
      case 'declined':
        return changed(heard, { fate: 'declined' });
      case 'not-sent':
        return changed(heard, { fate: 'not-sent' });
      case 'undone':
        return changed(heard, { fate: 'undone', undone: undoneBy(answer.proof, at) });
      default:
        return changed(heard, { fate: 'undecided' });
    }
  });
  const undo = next.attempts.find((a) => a.attempt === event.attempt);
  // A void or refund that was approved has undone its original.
  if (undo?.undoes !== undefined && undo.fate === 'completed') {
    return patch(next, undo.undoes, (a) => changed(a, { fate: 'undone', undone: undoneBy('money-back', at) }));
  }
  return next;
};

const withoutUndone = (attempt: AttemptState): AttemptState => {
  const { undone: _undone, ...rest } = attempt;
  return rest;
};

/** The attempt of the sale that an attempt is, or undoes. */
export const saleOf = ({ attempt, undoes }: AttemptState): number => undoes ?? attempt;

/** True when nothing about it can change any more except receipts: closed (11). */
export const isSettled = (payment: PaymentState): boolean =>
  isResolved(payment) ||
  (payment.cases.every((c) => c.resolved) &&
    payment.attempts.every((a) => a.fate === 'declined' || a.fate === 'not-sent' || a.fate === 'undone' || (a.fate === 'completed' && ((payment.committed && !turnedUp(a)) || a.undoes !== undefined))));

/** The host's answer is open, or an undo is: nobody may submit for the same sale meanwhile (15). */
export const isUndecided = (payment: PaymentState): boolean =>
  !isResolved(payment) && payment.attempts.some(isOpen);

export const isOpen = (a: AttemptState): boolean => a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'approved' || a.fate === 'condemned' || turnedUp(a);

/** The host turned out to have what had been told as undone (5), approved or not decided: it is about to be condemned, whatever else its payment or its sale is paid by. */
export const turnedUp = (a: AttemptState): boolean => a.undoes === undefined && a.undone !== undefined && (a.fate === 'undecided' || a.fate === 'approved' || a.fate === 'completed');

/** It took money or may have, and neither a commitment nor the order to undo it stands behind it, nor is it sure of that order. */
export const isUnowned = (a: AttemptState): boolean =>
  a.undoes === undefined && !turnedUp(a) && (a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'approved' || a.fate === 'completed');

/** The host has it, calls it failed, and wants it undone. */
export const hasFailed = (answer: AttemptState['answer']): boolean => answer?.outcome === 'unknown' && answer.reason === 'failed';

/** Undone without proof: it may come after all (5). */
export const isUnproven = (a: AttemptState): boolean => a.fate === 'undone' && a.undone?.proof === 'no-original';

/** A sale of that kind: it may be paid after all. A void or refund that comes after all does no harm. */
export const mayTurnUp = (a: AttemptState): boolean => a.undoes === undefined && isUnproven(a);

/** Its approval left something owed to the host, which is delivered once it is committed (9). */
export const owesAdvice = (a: AttemptState): boolean => a.fate === 'completed' && a.undoes === undefined && a.approved?.owed !== undefined && !a.advice.over;

/** Whether a settled payment owes anything more depends on its method: what is sealed, a look again (5), an advice (9). */
export const mayOweLater = (payment: PaymentState): boolean =>
  payment.attempts.some((a) => a.sealed || isUnproven(a) || owesAdvice(a));

/** Copies of a receipt are not printed yet. */
export const owesReceipt = (payment: PaymentState): boolean => payment.receipts.some((each) => each.printed.length < each.copies.length);

export const openCase = (payment: PaymentState): CaseState | undefined => openCases(payment)[0];

/** More than one where a case was open when its log was found to be an older copy (17). */
export const openCases = (payment: PaymentState): readonly CaseState[] => payment.cases.filter((c) => !c.resolved);

/**
 * The host has proven since a case was opened that its payment is undone: nothing is left for a person to pay back (2).
 * Absent while anything is open, stands as paid, lacks proof, or was contradicted.
 */
export const undoneSince = (payment: PaymentState, theCase: CaseState): { readonly at: number; readonly proof: string } | undefined => {
  const { openedAt, attempt } = theCase;
  const sales = payment.attempts.filter((a) => a.undoes === undefined);
  // A case about all of it is not over while one of them stands as paid.
  const paid = paidMinor(payment) > 0 && !(attempt !== undefined && isBesidePaid(payment, theCase));
  if (payment.contradicted || paid || payment.attempts.some(isOpen) || sales.some(isUnproven)) return undefined;
  // What turned up may have been undone last, and is not the last one that was begun.
  const [last] = sales.flatMap(({ undone }) => undone ?? []).toSorted((a, b) => b.askedAt - a.askedAt);
  return last && last.askedAt >= openedAt ? { at: last.askedAt, proof: last.proof } : undefined;
};

/**
 * The case is about an attempt that is not to stand, beside another one of its payment that is paid for good: one that was undone
 * without proof, or whose approval turned up for what had been found undone, or declined (5). What a person decides is about that one alone.
 */
const isBesidePaid = (payment: PaymentState, theCase: CaseState): boolean => {
  if (!payment.committed || paidMinor(payment) === 0 || isAboutAdvice(theCase)) return false;
  const subject = payment.attempts.find((a) => a.attempt === theCase.attempt);
  if (subject) return subject.fate !== 'completed' || turnedUp(subject);
  return payment.attempts.some((a) => a.undoes === undefined && (a.fate === 'condemned' || turnedUp(a) || isUnproven(a) || (a.undone?.askedAt ?? -1) >= theCase.openedAt));
};

const isAboutAdvice = ({ about }: CaseState): boolean => about === 'advice';

/** The case by which a person decided about the payment as a whole, where one did. */
const decisive = (payment: PaymentState): CaseState | undefined => payment.cases.findLast((c) => c.resolved && !isBesidePaid(payment, c));

export const decidedAs = (payment: PaymentState): NonNullable<CaseState['resolved']>['as'] | undefined => decisive(payment)?.resolved?.as;

/** A person must decide before anything more is done (17). */
export const isHandsOff = (payment: PaymentState): boolean => payment.cases.some((c) => c.handsOff && !c.resolved);

/** A person decided: the machine does nothing more by itself. Who decides about an advice knows nothing of other attempts, which may still turn up (5). */
export const isResolved = (payment: PaymentState): boolean => payment.cases.some((c) => c.resolved && !isAboutAdvice(c));

/** An answer that says otherwise than what is known for good: a decline, what is paid, or what a person decided (5). */
export const contradiction = (payment: PaymentState, a: AttemptState, heard: Answer | Finding | ReverseAnswer): Extract<PaymentEvent, { type: 'paymentContradicted' }> | undefined => {
  if ((heard.outcome !== 'approved' && heard.outcome !== 'declined' && heard.outcome !== 'undone') || heard.outcome === a.fate) return undefined;
  const last = payment.cases.findLast((c) => c.resolved && (a.fate === 'completed' || !isAboutAdvice(c)));
  const decided = last && a.fate === 'completed' && isBesidePaid(payment, last) ? 'paid' : last?.resolved?.as;
  if (decided === undefined) {
    if (a.fate === 'declined' && heard.outcome === 'approved') return { type: 'paymentContradicted', known: a.fate, heard };
    // Of a host that knows nothing of it nothing is proven.
    const isGone = heard.outcome === 'declined' || (heard.outcome === 'undone' && heard.proof !== 'no-original');
    return a.fate === 'completed' && a.undoes === undefined && !turnedUp(a) && isGone ? { type: 'paymentContradicted', known: 'paid', heard } : undefined;
  }
  // Of a void or refund only its approval tells something of the sale: the money is back.
  if (a.undoes !== undefined && heard.outcome !== 'approved') return undefined;
  const paid = heard.outcome === 'approved' && a.undoes === undefined;
  return paid === (decided === 'paid') ? undefined : { type: 'paymentContradicted', known: decided, heard };
};

/** Why a case is about it. */
export const whyContradicted = ({ known, heard }: Extract<PaymentEvent, { type: 'paymentContradicted' }>): string => `known as ${known}, then heard ${heard.outcome}`;

/** What was taken is given back, no more and no less, whatever a method names; what nobody heard of was taken as it was asked for. */
export const wholly = (remedy: Remedy, { approved, request }: AttemptState): Remedy => {
  const taken = approved?.amount ?? request.amount;
  if (!('amount' in remedy) || (remedy.amount.amountMinor === taken.amountMinor && remedy.amount.currency === taken.currency)) return remedy;
  return { do: 'ask-person', why: `the method would ${remedy.do} ${remedy.amount.amountMinor} ${remedy.amount.currency} of ${taken.amountMinor} ${taken.currency}` };
};

/** What stands as paid, in minor units. */
export const paidMinor = (payment: PaymentState): number =>
  payment.attempts.filter((a) => a.fate === 'completed' && a.undoes === undefined && !turnedUp(a)).reduce((sum, a) => sum + (a.approved?.amount.amountMinor ?? 0), 0);

/** As a person decided, where one did: what he says, else what the host approved, or what was asked for where nobody heard. */
export const standingMinor = (payment: PaymentState): number => {
  const decided = decisive(payment);
  if (!decided) return paidMinor(payment);
  if (decided.resolved?.as !== 'paid') return 0;
  const sale = inQuestion(payment, decided);
  return decided.resolved.amountMinor ?? sale?.approved?.amount.amountMinor ?? sale?.request.amount.amountMinor ?? 0;
};

/** The attempt that a case is about; where it names none, the last one of the sale that may stand at the host, if one may. */
export const inQuestion = ({ attempts }: PaymentState, { attempt }: CaseSubject): AttemptState | undefined => {
  const sales = attempts.filter((a) => a.undoes === undefined);
  return sales.find((a) => a.attempt === attempt) ?? sales.findLast((a) => isOpen(a) || a.fate === 'completed' || isUnproven(a)) ?? sales.at(-1);
};

export const partialUnasked = (a: AttemptState): boolean =>
  a.approved !== undefined && !a.request.allowPartial && a.approved.amount.amountMinor < a.request.amount.amountMinor;

/**
 * Holds an answer against what was asked, whatever a plugin says (3): more than asked, another currency or a partial
 * amount of nothing is no approval of this payment.
 */
export const judge = <A extends Answer | Finding | ReverseAnswer>(answer: A, request: Pick<PaymentRequest, 'amount' | 'operation'>): A | Extract<Answer, { outcome: 'unknown' }> => {
  if (answer.outcome === 'approved' || answer.outcome === 'declined' || answer.outcome === 'undone') {
    if (answer.verified !== true) return { outcome: 'unknown', reason: 'unverified', why: `${answer.outcome} without verification` };
  }
  if (answer.outcome !== 'approved') return answer;
  const { amount } = answer;
  const fits =
    amount.currency === request.amount.currency &&
    Number.isSafeInteger(amount.amountMinor) &&
    amount.amountMinor > 0 &&
    amount.amountMinor <= request.amount.amountMinor;
  // A sale may be approved in part; what is given back in part leaves its customer charged.
  const whole = request.operation === 'sale' || amount.amountMinor === request.amount.amountMinor;
  return fits && whole ? answer : { outcome: 'unknown', reason: 'mismatch', why: `approved for ${amount.amountMinor} ${amount.currency}` };
};
