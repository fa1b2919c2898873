/** What a payment owes, where no till gets to in a test of a rule. */
import { describe, expect, it } from 'vitest';
import type { Answer, Finding, Remedy } from '../contract.js';
import type { EventRecord, PaymentEvent } from '../events.js';
import { type Duty, nextDuty } from './duties.js';
import { evolvePayment, type PaymentState } from './payment.js';

const amount = { amountMinor: 1000, currency: 'CNY' };
const approved: Answer = { outcome: 'approved', verified: true, amount, completion: 'none', facts: { receipt: [] } };
const undone: Finding = { outcome: 'undone', verified: true, proof: 'no-original' };

const prepared = (attempt: number): PaymentEvent => ({
  type: 'paymentPrepared',
  attempt,
  execution: 'x-1',
  step: 'Pay#1',
  taskAttempt: attempt,
  method: 'm',
  plugin: 'p',
  dueMinor: 1000,
  saleReference: 'x-1',
  request: { paymentId: 'x-1/Pay#1', attempt, operation: 'sale', amount, terminalId: 'T1', operatorId: '01', allowPartial: false, arguments: {} },
  prepared: { reference: `r-${attempt}`, lane: 'l', data: {}, dataVersion: 1 },
  sealed: true,
});
const answered = (attempt: number, to: 'submit' | 'inquire' | 'watch', answer: Answer | Finding): PaymentEvent => ({ type: 'paymentAnswered', attempt, to, try: 1, answer });
const fold = (events: readonly PaymentEvent[]): PaymentState => {
  const state = events.reduce<PaymentState | undefined>((before, event, index) => evolvePayment(before, { seq: index + 1, at: index, stream: 'p/x-1/Pay#1', v: 2, event } as EventRecord), undefined);
  if (!state) throw new Error('no event');
  return state;
};

it('what is sealed of an approval that turned up stays until that is condemned, also where its plugin is not there', () => {
  const before = [prepared(1), answered(1, 'submit', { outcome: 'unknown', reason: 'no-answer', why: 'silence' }), answered(1, 'inquire', undone), prepared(2), answered(2, 'submit', approved), { type: 'paymentCommitted' } as const];
  // The second is paid: what its reversal would have needed may go.
  expect(nextDuty(fold(before), undefined)).toEqual({ do: 'forget', attempt: 2 });
  const after = [...before, { type: 'sealedForgotten', attempt: 2 } as const, answered(1, 'watch', approved)];
  expect(nextDuty(fold(after), undefined)).toBeUndefined();
});

it('what is sealed of a void that no host knew is forgotten also where its plugin is not there: nobody reverses that again', () => {
  const second = prepared(2) as Extract<PaymentEvent, { type: 'paymentPrepared' }>;
  const voided: PaymentEvent = { ...second, undoes: 1, request: { ...second.request, operation: 'void' } };
  const unknown = [prepared(1), answered(1, 'submit', approved), { type: 'paymentCondemned', attempt: 1, why: 'flow-failed', remedy: { do: 'void', amount } } as const, voided, answered(2, 'inquire', undone)];
  expect(nextDuty(fold(unknown), undefined)).toEqual({ do: 'forget', attempt: 2 });
  // A sale may be reversed once more when its plugin is back.
  expect(nextDuty(fold([prepared(1), answered(1, 'submit', { outcome: 'unknown', reason: 'no-answer', why: 'silence' }), answered(1, 'inquire', undone)]), undefined)).toBeUndefined();
});

it('a remedy of another amount than was taken asks a person, also where an old log ordered it', () => {
  const context = (state: PaymentState) => nextDuty(state, { now: 100, inFlight: new Set(), mayComplete: false, method: { policy: { answerWithinMs: 1, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 1_000_000, backoffMs: [1_000], laneAttempts: 3 }, watchAtMs: [] }, inquiry: false, reversal: true, deliver: false } });
  const condemnedTo = (amountMinor: number): PaymentEvent => ({ type: 'paymentCondemned', attempt: 1, why: 'flow-failed', remedy: { do: 'refund', amount: { amountMinor, currency: 'CNY' } } });
  const taken = [prepared(1), answered(1, 'submit', approved)];
  expect(context(fold([...taken, condemnedTo(1000)]))).toMatchObject({ do: 'undo-by', operation: 'refund' });
  expect(context(fold([...taken, condemnedTo(300)]))).toEqual({ do: 'open-case', attempt: 1, why: 'the method would refund 300 CNY of 1000 CNY' });
  const inPart = [prepared(1), answered(1, 'submit', { ...approved, amount: { ...amount, amountMinor: 300 } } as Answer)];
  expect(context(fold([...inPart, condemnedTo(300)]))).toMatchObject({ do: 'undo-by', operation: 'refund' });
  expect(context(fold([...inPart, condemnedTo(1000)]))).toEqual({ do: 'open-case', attempt: 1, why: 'the method would refund 1000 CNY of 300 CNY' });
});

describe('how often a host is asked', () => {
  const MINUTE = 60_000;
  const dutyOf = (state: PaymentState, { now = 100, inquiry = false, backoffMs = [1_000], watchAtMs = [] as number[] }) =>
    nextDuty(state, { now, inFlight: new Set(), mayComplete: false, method: { policy: { answerWithinMs: 1, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 7 * 1_440 * MINUTE, backoffMs, laneAttempts: 3 }, watchAtMs }, inquiry, reversal: true, deliver: false } });
  const ordered = (remedy: Remedy): PaymentEvent => ({ type: 'paymentCondemned', attempt: 1, why: 'flow-failed', remedy });
  const atOf = (duty: Duty | undefined): number | undefined => duty && 'at' in duty ? duty.at : undefined;

  it('for what was reversed without proof: at the times that its method lists, also where the reversal found no connection for long', () => {
    const tried = (n: number): PaymentEvent => ({ type: 'paymentUndoAnswered', attempt: 1, try: n, answer: n === 6 ? { outcome: 'undone', verified: true, proof: 'no-original' } : { outcome: 'not-sent', why: 'no connection' } });
    const state = fold([prepared(1), answered(1, 'submit', { outcome: 'unknown', reason: 'no-answer', why: 'silence' }), ordered({ do: 'reverse' }), ...[1, 2, 3, 4, 5, 6].map(tried)]);
    expect(dutyOf(state, { backoffMs: [1_000, 5 * MINUTE], watchAtMs: [10_000] })).toMatchObject({ do: 'reverse', to: 'watch', at: 10_008 });
  });

  it.each<[string, Finding]>([
    ['pending', { outcome: 'pending', waitingFor: 'payer' }],
    ['failed', { outcome: 'unknown', reason: 'failed', why: 'the host calls it failed' }],
  ])('for what it calls %s and undone without proof in turn: more and more seldom', (_, heard) => {
    const tried = (n: number): PaymentEvent => ({ type: 'paymentUndoAnswered', attempt: 1, try: n, answer: { outcome: 'undone', verified: true, proof: 'no-original' } });
    const inTurn = Array.from({ length: 20 }, (_each, n) => [tried(n + 1), answered(1, 'watch', heard)]).flat();
    const state = fold([prepared(1), answered(1, 'submit', { outcome: 'unknown', reason: 'no-answer', why: 'silence' }), ordered({ do: 'reverse' }), ...inTurn, tried(21)]);
    expect(dutyOf(state, { inquiry: true, backoffMs: [1_000, 5 * MINUTE], watchAtMs: [10_000] })).toMatchObject({ do: 'inquire', to: 'watch', at: 43 + 5 * MINUTE });
  });

  it('for a refund that is on its way: more and more seldom, however short the pauses of its method are', () => {
    const pending: Finding = { outcome: 'pending', waitingFor: 'host' };
    const refund: PaymentEvent = { ...(prepared(2) as Extract<PaymentEvent, { type: 'paymentPrepared' }>), undoes: 1, sealed: false, request: { ...(prepared(2) as Extract<PaymentEvent, { type: 'paymentPrepared' }>).request, operation: 'refund' } };
    const asked = Array.from({ length: 400 }, () => answered(2, 'inquire', pending));
    const state = fold([prepared(1), { type: 'sealedForgotten', attempt: 1 }, answered(1, 'submit', approved), ordered({ do: 'refund', amount }), refund, answered(2, 'submit', pending as Answer), { type: 'caseOpened', caseId: 'c', why: 'w' }, ...asked]);
    expect(atOf(dutyOf(state, { inquiry: true }))).toBe(406 + 5 * MINUTE);
  });

  it('for a void that can not be prepared: more and more seldom, too', () => {
    const tried = (n: number): PaymentEvent => ({ type: 'paymentUndoAnswered', attempt: 1, try: n, answer: { outcome: 'unknown', reason: 'host-error', why: 'it can not be prepared' } });
    const state = fold([prepared(1), answered(1, 'submit', approved), ordered({ do: 'void', amount }), { type: 'caseOpened', caseId: 'c', why: 'w' }, ...Array.from({ length: 400 }, (_, n) => tried(n + 1))]);
    expect(atOf(dutyOf(state, {}))).toBe(403 + 5 * MINUTE);
  });
});
