import { expect, it } from 'vitest';
import { evolvePayment } from '../engine/payment.js';
import type { EventRecord, TillEvent } from '../events.js';
import { checkLog } from './log-checkers.js';

const amount = { amountMinor: 1000, currency: 'CNY' };
const intent = {
  type: 'paymentPrepared', attempt: 1, execution: 'x1', step: 'Pay#1', taskAttempt: 1, method: 'wallet', plugin: 'p', dueMinor: 1000, saleReference: 'x1', sealed: false,
  request: { paymentId: 'x1/Pay#1', attempt: 1, operation: 'sale', amount, terminalId: 'T1', operatorId: '', allowPartial: false, arguments: {} },
  prepared: { reference: 'r1', lane: 'r1', data: {}, dataVersion: 1 },
};
const approved = { type: 'paymentAnswered', attempt: 1, to: 'submit', try: 1, answer: { outcome: 'approved', verified: true, amount, completion: 'none', facts: { receipt: [] } } };
const committed = { type: 'paymentCommitted' };
const condemned = { type: 'paymentCondemned', attempt: 1, why: 'timed-out', remedy: { do: 'reverse' } };
const undone = { type: 'paymentUndoAnswered', attempt: 1, try: 1, answer: { outcome: 'undone', verified: true, proof: 'acknowledged' } };
const left = { type: 'stepLeft', step: 'Pay#1', next: null, output: {} };
const cancelled = { type: 'cancelRequested', by: 'merchant', reason: 'changed my mind' };

const problemsOf = (...events: readonly object[]): readonly string[] => {
  const records = events.map((event, index) => ({ seq: index + 1, at: index, stream: event === cancelled || event === left ? 'x/x1' : 'p/x1/Pay#1', event: event as TillEvent })) as EventRecord[];
  const payment = records.filter(({ stream }) => stream.startsWith('p/')).reduce<ReturnType<typeof evolvePayment> | undefined>(evolvePayment, undefined);
  return checkLog({ records, payments: new Map(payment ? [[payment.paymentId, payment]] : []), sealedKeys: [] });
};

it('a cancel before the approval is heeded, though another one came after it (14)', () => {
  expect(problemsOf(intent, approved, committed)).toEqual([]);
  expect(problemsOf(intent, approved, cancelled, committed)).toEqual([]);
  for (const more of [[], [cancelled]]) expect(problemsOf(intent, cancelled, approved, ...more, committed)).toEqual([expect.stringContaining('cancelled before it was decided')]);
});

it('what was condemned as its time was over is not told as paid; a flow that fails orders the undo before what it was told (14)', () => {
  expect(problemsOf(intent, approved, condemned, left, undone)).toEqual([expect.stringContaining('its Task was told that it is paid')]);
  expect(problemsOf(intent, approved, { ...condemned, why: 'flow-failed' }, left, undone)).toEqual([]);
});

it('an approval after a decline is told apart, and is a case (5)', () => {
  const declined = { type: 'paymentAnswered', attempt: 1, to: 'inquire', try: 1, answer: { outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'never' } };
  const contradicted = { type: 'paymentContradicted', known: 'declined', heard: approved.answer };
  expect(problemsOf(intent, declined, approved)).toContainEqual(expect.stringContaining('approved after its decline'));
  expect(problemsOf(intent, declined, contradicted)).toEqual([expect.stringContaining('there is no case')]);
  expect(problemsOf(intent, declined, { type: 'caseOpened', caseId: 'case1', why: 'x' }, contradicted)).toEqual([]);
});
