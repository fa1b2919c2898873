/**
 * The table that says what a payment owes next (docs/money-rules.md; rule numbers in brackets).
 * Pure: the settler beside it turns duties into calls, in live running and after a restart alike.
 */
import type { SettlingPolicy, UndoReason } from '../contract.js';
import type { CaseSubject } from '../events.js';
import { type AttemptState, decidedAs, hasFailed, isHandsOff, isOpen, isResolved, isUnproven, mayTurnUp, openCase, owesAdvice, partialUnasked, type PaymentState, saleOf, turnedUp, wholly } from './payment.js';

/** What a payment owes next. `at` is in ms since 1970; a duty without it is due at once. */
export type Duty =
  | { readonly do: 'inquire'; readonly attempt: number; readonly to: 'inquire' | 'watch'; readonly try: number; readonly at: number }
  | { readonly do: 'complete'; readonly attempt: number }
  | { readonly do: 'condemn'; readonly attempt: number; readonly why: UndoReason }
  | { readonly do: 'reverse'; readonly attempt: number; readonly to: 'undo' | 'watch'; readonly try: number; readonly at: number }
  | { readonly do: 'undo-by'; readonly attempt: number; readonly operation: 'void' | 'refund'; readonly at: number }
  | ({ readonly do: 'open-case'; readonly why: string } & CaseSubject)
  | { readonly do: 'forget'; readonly attempt: number }
  | { readonly do: 'deliver'; readonly attempt: number; readonly try: number; readonly at: number };

export type DutyTo<D extends Duty['do']> = Extract<Duty, { do: D }>;

export interface DutyContext {
  readonly now: number;
  /** Attempts whose submit or completion runs in this process: they are waited for, not decided upon. */
  readonly inFlight: ReadonlySet<number>;
  /** Someone asked to give the payment up (14), or the flow around it ended badly (10): condemns before commitment. */
  readonly giveUp?: UndoReason;
  /** False once the process that held the card is gone: the approval is condemned (8). */
  readonly mayComplete: boolean;
  readonly method: { readonly policy: SettlingPolicy; readonly inquiry: boolean; readonly reversal: boolean; readonly deliver: boolean };
}

/**
 * The table: what is owed, or a look again where that is due sooner.
 * @param context absent where nobody settles the payment, its method being gone or too new (18): what is sealed is still forgotten
 */
export const nextDuty = (payment: PaymentState, context: DutyContext | undefined): Duty | undefined => {
  if (isHandsOff(payment) && !isResolved(payment)) return undefined;
  if (!context) return forgetting(payment, context);
  // What was decided about another attempt leaves the paid one owing what it owes (9).
  if (isResolved(payment)) return forgetting(payment, context) ?? (decidedAs(payment) === undefined && !isHandsOff(payment) ? delivery(payment, context) : undefined);
  const duty = settling(payment, context);
  return duty === 'wait' ? undefined : soonest([duty ?? forgetting(payment, context) ?? delivery(payment, context), unsent(payment), ...payment.attempts.map((a) => look(payment, a, context))]);
};

/**
 * Newest attempt first: an undo's own fate comes before what it undoes. A refund may be on its way for days, and a person may take as long:
 * nothing else is tried for what they are about (7), and what turned up of older attempts is undone meanwhile (5).
 */
const settling = (payment: PaymentState, context: DutyContext): Duty | 'wait' | undefined => {
  const beside: (Duty | undefined)[] = [];
  const undoing = new Set<number>();
  for (const attempt of payment.attempts.toReversed()) {
    if (context.inFlight.has(attempt.attempt)) return 'wait';
    if (undoing.has(attempt.attempt)) continue;
    const duty = attemptDuty(payment, attempt, context);
    if (isOpen(attempt) && (!duty || attempt.operation === 'refund')) {
      beside.push(duty);
      if (attempt.undoes !== undefined) undoing.add(attempt.undoes);
    } else if (duty) return soonest([duty, ...beside]);
  }
  return soonest(beside);
};

const soonest = (duties: readonly (Duty | undefined)[]): Duty | undefined => {
  const at = (duty: Duty): number => ('at' in duty ? duty.at : -Infinity);
  return duties.filter((duty) => duty !== undefined).reduce<Duty | undefined>((first, duty) => (first && at(first) <= at(duty) ? first : duty), undefined);
};

const attemptDuty = (payment: PaymentState, a: AttemptState, context: DutyContext): Duty | undefined => {
  const { policy } = context.method;
  // Before all else: a later attempt may have been committed since, or have brought its card.
  if (turnedUp(a)) return { do: 'condemn', attempt: a.attempt, why: 'no-answer' };
  switch (a.fate) {
    case 'submitted':
    case 'undecided': {
      if (context.giveUp && a.undoes === undefined) return { do: 'condemn', attempt: a.attempt, why: context.giveUp };
      const due = hasFailed(a.answer) ? undefined : policy.inquireAtMs[a.inquiries];
      if (context.method.inquiry && due !== undefined) {
        return { do: 'inquire', attempt: a.attempt, to: 'inquire', try: a.inquiries + 1, at: inquiryAt(a, due, context.now) };
      }
      if (a.operation === 'refund') return unsureRefund(payment, a, context);
      return { do: 'condemn', attempt: a.attempt, why: whyUndecided(a) };
    }
    case 'approved':
      if (partialUnasked(a)) return { do: 'condemn', attempt: a.attempt, why: 'mismatch' };
      if (context.giveUp) return { do: 'condemn', attempt: a.attempt, why: context.giveUp };
      return context.mayComplete && !a.refusedByCard ? { do: 'complete', attempt: a.attempt } : { do: 'condemn', attempt: a.attempt, why: 'card-refused' };
    case 'completed':
      if (a.undoes !== undefined || payment.committed) return undefined;
      if (partialUnasked(a)) return { do: 'condemn', attempt: a.attempt, why: 'mismatch' };
      return context.giveUp ? { do: 'condemn', attempt: a.attempt, why: context.giveUp } : undefined;
    case 'condemned':
      return undoDuty(payment, a, context);
    case 'undone':
    case 'declined':
    case 'not-sent':
      return undefined;
  }
};

/**
 * A refund is never repeated and has no reversal: a person looks (7). Money may be on its way back for days, and a host be away for
 * long: it is asked on beside that, and what it says then stands with the case, before anybody pays back by hand what has arrived (2).
 */
const unsureRefund = (payment: PaymentState, a: AttemptState, { method, now }: DutyContext): Duty | undefined => {
  const { inquireAtMs, reverse } = method.policy;
  const onItsWay = a.answer?.outcome === 'pending';
  if (!openCase(payment)) return caseAbout(a, `refund ${a.prepared.reference} ${onItsWay ? 'is on its way, says the host, and has not arrived yet' : 'has no answer'}`);
  const at = Math.max(a.submittedAt, a.askedAt) + afterUndos(a.inquiries - inquireAtMs.length + 1, reverse.backoffMs);
  if (!method.inquiry || Math.max(at, now) > limit(a, method)) return undefined;
  return { do: 'inquire', attempt: a.attempt, to: 'inquire', try: a.inquiries + 1, at };
};

/**
 * When the next look at what was undone without proof is due (5): the list is finite, and a look that nobody answered is made again. A QR may be
 * paid until its end, whatever was found before: that is waited for. The list begins anew with each undo, so that what a host knew, and calls
 * undone and pending, or failed, in turn, is looked at more and more seldom.
 */
const lookAt = ({ undone, undo, answer, prepared: { hostExpiryMs = 0 } }: AttemptState, { policy }: DutyContext['method']): number | undefined => {
  if (undone?.proof !== 'no-original') return undefined;
  const toItsEnd = undone.askedAt < hostExpiryMs || undone.unanswered > 0 ? Math.max(hostExpiryMs - undone.at, 0) : undefined;
  const due = policy.watchAtMs[undone.watches] ?? toItsEnd;
  if (due === undefined) return undefined;
  if (undone.unanswered > 0) return undone.askedAt + afterTries(Infinity, policy.reverse.backoffMs);
  const wasKnown = answer?.outcome === 'pending' || answer?.outcome === 'approved' || hasFailed(answer);
  return undone.at + (wasKnown ? Math.max(due, afterUndos(undo.tries, policy.reverse.backoffMs)) : due);
};

/**
 * A look again: an inquiry, or the reversal once more where the method has none. A void is not reversed again: should it turn up
 * after all, the money is back, as it should be.
 */
const look = (payment: PaymentState, a: AttemptState, { method, now }: DutyContext): Duty | undefined => {
  const at = lookAt(a, method);
  if (at === undefined || !a.undone || (!method.inquiry && (!method.reversal || a.undoes !== undefined))) return undefined;
  if (!method.inquiry && a.undo.last?.outcome === 'refused') return caseOnce(payment, a, `the host refused to undo it (${a.undo.last.code})`);
  // A host takes a reversal only for so long; it can be asked at any time.
  const over = method.inquiry ? a.undone.unanswered > 0 && at > limit(a, method) : Math.max(at, now) > limit(a, method);
  if (over) return caseOnce(payment, a, 'undone without proof, and the host could not be asked again');
  if (method.inquiry) return { do: 'inquire', attempt: a.attempt, to: 'watch', try: a.undone.watches + a.undone.unanswered + 1, at };
  return { do: 'reverse', attempt: a.attempt, to: 'watch', try: a.undo.tries + 1, at };
};

/** Until then the host takes a reversal. */
export const limit = ({ submittedAt }: AttemptState, { policy }: Pick<DutyContext['method'], 'policy'>): number => submittedAt + policy.reverse.withinMs;

const undoDuty = (payment: PaymentState, a: AttemptState, context: DutyContext): Duty | undefined => {
  const { reverse } = context.method.policy;
  // Once more: an old log may hold another amount, and an approval may have turned up since for less than was asked.
  const remedy = a.condemned && wholly(a.condemned.remedy, a);
  if (!remedy || remedy.do === 'ask-person') return caseOnce(payment, a, remedy?.why ?? 'no remedy is known');
  if (a.undo.last?.outcome === 'refused') return caseOnce(payment, a, `the host refused to undo it (${a.undo.last.code})`);
  const earliest = Math.max(a.submittedAt + reverse.notBeforeMs, a.undo.last ? backOff(a, reverse.backoffMs) : 0);
  // The limit is the reversal's; whether a void or refund is still possible, the host tells.
  if (remedy.do === 'reverse' && Math.max(earliest, context.now) > limit(a, context.method)) return caseOnce(payment, a, "the host's time for undoing it is over");
  // After so many tries that reached the host a person is told; the tries go on (12).
  if (a.undo.reached >= reverse.laneAttempts && !openCase(payment)) return caseAbout(a, `not undone after ${a.undo.reached} tries`);
  if (remedy.do === 'reverse') return { do: 'reverse', attempt: a.attempt, to: 'undo', try: a.undo.tries + 1, at: earliest };
  const undos = payment.attempts.filter((u) => u.undoes === a.attempt);
  const last = undos.at(-1);
  if (last?.fate === 'declined') return caseOnce(payment, a, `the host declined the ${remedy.do}`);
  // Not known to the host, which proves nothing: it may come after all, and one more would pay back twice (5, 7).
  const lost = undos.find((u) => u.operation === 'refund' && isUnproven(u));
  if (lost) return caseOnce(payment, a, `refund ${lost.prepared.reference} was found undone without proof`);
  // As with a reversal: without a connection nothing was tried (12).
  const sent = undos.filter((u) => u.fate !== 'not-sent').length;
  if (sent >= reverse.laneAttempts) return caseOnce(payment, a, `not undone after ${sent} attempts to ${remedy.do} it`);
  // It may stay so for good: a person is told when a reversal's would be over, and the tries go on.
  if (last?.fate === 'not-sent' && context.now > limit(a, context.method) && !openCase(payment)) return caseAbout(a, `the ${remedy.do} could not be sent`);
  const unprepared = a.undo.last ? a.undo.lastAt + afterUndos(a.undo.tries, reverse.backoffMs) : 0;
  const at = Math.max(earliest, unprepared, last ? last.submittedAt + afterUndos(undos.length, reverse.backoffMs) : 0);
  return { do: 'undo-by', attempt: a.attempt, operation: remedy.do, at };
};

const caseOnce = (payment: PaymentState, a: AttemptState, why: string): Duty | undefined => (openCase(payment) ? undefined : caseAbout(a, why));

const caseAbout = (a: AttemptState, why: string): Duty => ({ do: 'open-case', attempt: saleOf(a), why });

/** What is completed and not committed may still be voided, and a void may need the card; so may a reversal that is repeated as a look again. A void that is through, or that no host knew, needs nothing more. */
const forgetting = (payment: PaymentState, context: DutyContext | undefined): Duty | undefined => {
  const forgettable = payment.attempts.find(
    (a) =>
      a.sealed &&
      (isResolved(payment) || a.fate === 'declined' || a.fate === 'not-sent' || (a.fate === 'undone' && !(context ? look(payment, a, context) : mayTurnUp(a))) || (a.fate === 'completed' && ((payment.committed && !turnedUp(a)) || a.undoes !== undefined))),
  );
  return forgettable && { do: 'forget', attempt: forgettable.attempt };
};

/** Does not wait for what else is owed: a void is tried until there is a connection, and seals its card at each try. */
const unsent = ({ attempts }: PaymentState): Duty | undefined => {
  const forgettable = attempts.find((a) => a.sealed && a.fate === 'not-sent');
  return forgettable && { do: 'forget', attempt: forgettable.attempt };
};

const delivery = (payment: PaymentState, { method, now }: DutyContext): Duty | undefined => {
  const owing = payment.committed && method.deliver ? payment.attempts.find(owesAdvice) : undefined;
  if (!owing) return undefined;
  const { tries, lastAt } = owing.advice;
  const at = tries === 0 ? now : lastAt + afterTries(tries, method.policy.reverse.backoffMs);
  // What has not been tried yet is tried once, however late it is.
  if (tries > 0 && Math.max(at, now) > limit(owing, method)) return openCase(payment) ? undefined : { do: 'open-case', attempt: owing.attempt, about: 'advice', why: 'what its approval left owed to the host could not be delivered in time' };
  return { do: 'deliver', attempt: owing.attempt, try: tries + 1, at };
};

/** The times count from the submit; those that a restart, or a host that was slow to answer, let pass are asked one after the other. */
const inquiryAt = (a: AttemptState, dueMs: number, now: number): number =>
  a.answer?.outcome === 'unknown' && a.inquiries === 0 && a.answer.reason === 'host-error' ? now : a.submittedAt + dueMs;

const backOff = (a: AttemptState, backoffMs: readonly number[]): number => {
  const { last, lastAt, tries } = a.undo;
  return last?.outcome === 'not-now' && last.retryAt > lastAt ? last.retryAt : lastAt + afterTries(tries, backoffMs);
};

/** Where a method lists no pause, or none at all: tries that follow one another at once flood host and log, and leave the process no turn for anything else. */
const PAUSE_MS = 1_000;

const afterTries = (tries: number, backoffMs: readonly number[]): number => backoffMs[Math.min(tries, backoffMs.length) - 1] || PAUSE_MS;

/** What is tried for longer than a host takes a reversal, or leaves an attempt in memory at each try: short pauses grow, so that neither memory nor log is filled. */
const UNDOS_PAUSE_MS = 300_000;

const afterUndos = (undos: number, backoffMs: readonly number[]): number => Math.max(afterTries(undos, backoffMs), Math.min(undos * PAUSE_MS, UNDOS_PAUSE_MS));

const whyUndecided = (a: AttemptState): UndoReason => {
  if (a.answer?.outcome === 'pending') return 'timed-out';
  if (a.answer?.outcome !== 'unknown') return 'no-answer';
  const { reason } = a.answer;
  return reason === 'unverified' || reason === 'mismatch' || reason === 'failed' ? reason : 'no-answer';
};
