/** What a payment owes, where no till gets to in a test of a rule. */
import { expect, it } from 'vitest';
import type { Answer, Finding } from '../contract.js';
import type { EventRecord, PaymentEvent } from '../events.js';
import { nextDuty } from './duties.js';
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

it('a remedy of another amount than was taken asks a person, also where an old log ordered it', () => {
  const context = (state: PaymentState) => nextDuty(state, { now: 100, inFlight: new Set(), mayComplete: false, method: { policy: { answerWithinMs: 1, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 1_000_000, backoffMs: [1_000], laneAttempts: 3 }, watchAtMs: [] }, inquiry: false, reversal: true, deliver: false } });
  const condemnedTo = (amountMinor: number): PaymentEvent => ({ type: 'paymentCondemned', attempt: 1, why: 'flow-failed', remedy: { do: 'refund', amount: { amountMinor, currency: 'CNY' } } });
  const taken = [prepared(1), answered(1, 'submit', approved)];
  expect(context(fold([...taken, condemnedTo(1000)]))).toMatchObject({ do: 'undo-by', operation: 'refund' });
  expect(context(fold([...taken, condemnedTo(300)]))).toEqual({ do: 'open-case', why: 'the method would refund 300 CNY of 1000 CNY' });
});
