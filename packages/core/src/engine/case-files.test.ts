/** When an open case says that the money is back: only where the host has proven it since, and nothing says otherwise. */
import { describe, expect, it } from 'vitest';
import type { EventRecord, PaymentEvent } from '../events.js';
import { casesIn } from './case-files.js';
import { approvedFor } from './money-rules.testing.js';
import { paymentsOf } from './payment-view.js';

const prepared = (attempt: number, more: object = {}): PaymentEvent =>
  ({
    type: 'paymentPrepared',
    attempt,
    execution: 'x1',
    step: 'Pay#1',
    taskAttempt: attempt,
    method: 'm',
    plugin: 'p',
    dueMinor: 1000,
    saleReference: 's',
    request: { paymentId: 'x1/Pay#1', attempt, operation: 'sale', amount: { amountMinor: 1000, currency: 'CNY' }, terminalId: 'T1', operatorId: '01', allowPartial: false, arguments: {} },
    prepared: { reference: `r${attempt}`, lane: 'l', data: {}, dataVersion: 1 },
    sealed: false,
    ...more,
  }) as PaymentEvent;
const sale = (attempt: number, amountMinor: number, ...pans: string[]): PaymentEvent => {
  const plain = prepared(attempt);
  if (plain.type !== 'paymentPrepared') throw new Error('none');
  return { ...plain, request: { ...plain.request, amount: { amountMinor, currency: 'CNY' }, arguments: { cards: pans.map((maskedPan, n) => ({ sensitive: `s${attempt}${n}`, kind: 'card', view: { maskedPan } })) } } };
};
const answered = (attempt: number, answer: object): PaymentEvent => ({ type: 'paymentAnswered', attempt, to: 'inquire', try: 1, answer }) as PaymentEvent;
const undone = (attempt: number, proof: string): PaymentEvent => ({ type: 'paymentUndoAnswered', attempt, try: 1, answer: { outcome: 'undone', verified: true, proof } }) as PaymentEvent;
const declined = { outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'later' };
const condemned: PaymentEvent = { type: 'paymentCondemned', attempt: 1, why: 'no-answer', remedy: { do: 'reverse' } };
const open: PaymentEvent = { type: 'caseOpened', caseId: 'c1', why: 'not undone after 3 tries' };
const tried = [prepared(1), condemned, open];
const turnedUp: PaymentEvent = { type: 'caseOpened', caseId: 'c1', attempt: 1, why: 'known as declined, then heard approved' };
const contradicted: PaymentEvent = { type: 'paymentContradicted', known: 'declined', heard: approvedFor(1000) } as PaymentEvent;

/** The records' times count up by ten. */
const recordOf = (event: PaymentEvent, index: number): EventRecord => ({ seq: index + 1, at: 10 * (index + 1), stream: 'p/x1/Pay#1', v: 1, event }) as EventRecord;
const filesOf = (events: readonly PaymentEvent[]) => casesIn(events.map(recordOf));
const fileOf = (events: readonly PaymentEvent[]) => filesOf(events)[0];
const told = (events: readonly PaymentEvent[]): unknown => fileOf(events)?.undone;

describe('an open case', () => {
  it.each<[string, PaymentEvent[], unknown]>([
    ['a reversal that was taken', [...tried, undone(1, 'acknowledged')], { at: 40, proof: 'acknowledged' }],
    ['an inquiry that says so', [...tried, answered(1, { outcome: 'undone', verified: true, proof: 'closed' })], { at: 40, proof: 'closed' }],
    ['a void that was approved', [...tried, prepared(2, { undoes: 1 }), answered(2, approvedFor(1000))], { at: 50, proof: 'money-back' }],
    ['a void that was made anew', [...tried, prepared(2, { undoes: 1 }), undone(2, 'acknowledged'), prepared(3, { undoes: 1 }), answered(3, approvedFor(1000))], { at: 70, proof: 'money-back' }],
    ['a host that knew nothing of it, and then had undone it', [...tried, undone(1, 'no-original'), undone(1, 'acknowledged')], { at: 50, proof: 'acknowledged' }],
    ['what turned up beside what is paid, where the case is about that one', [prepared(1), undone(1, 'no-original'), prepared(2), answered(2, approvedFor(1000)), { type: 'paymentCommitted' }, { ...open, attempt: 1 } as PaymentEvent, answered(1, approvedFor(1000)), condemned, undone(1, 'acknowledged')], { at: 90, proof: 'acknowledged' }],
    ['a later attempt that was declined', [...tried, undone(1, 'acknowledged'), prepared(2), answered(2, declined)], { at: 40, proof: 'acknowledged' }],
    ['what turned up beside a later attempt that was undone before', [prepared(1), condemned, undone(1, 'no-original'), prepared(2), answered(2, { outcome: 'undone', verified: true, proof: 'closed' }), answered(1, approvedFor(1000)), open, undone(1, 'acknowledged')], { at: 80, proof: 'acknowledged' }],
  ])('says so after %s', (_name, events, expected) => expect(told(events)).toEqual(expected));

  it.each<[string, PaymentEvent[]]>([
    ['nothing was heard', tried],
    ['a host knew nothing of it', [...tried, undone(1, 'no-original')]],
    ['another attempt has no proof', [...tried, undone(1, 'no-original'), prepared(2), answered(2, { outcome: 'undone', verified: true, proof: 'closed' })]],
    ['an approval came after all', [...tried, undone(1, 'no-original'), answered(1, approvedFor(1000))]],
    ['a refund is on its way', [...tried, prepared(2, { undoes: 1 }), answered(1, { outcome: 'undone', verified: true, proof: 'closed' })]],
    ['one attempt stands as paid, and the case is about all of them', [prepared(1), undone(1, 'no-original'), prepared(2), answered(2, approvedFor(1000)), { type: 'paymentCommitted' }, open, answered(1, approvedFor(1000)), condemned, undone(1, 'acknowledged')]],
    ['a later attempt was paid', [...tried, undone(1, 'acknowledged'), prepared(2), answered(2, approvedFor(1000))]],
    ['a decline was contradicted', [...tried, undone(1, 'acknowledged'), prepared(2), answered(2, declined), contradicted]],
    ['it was undone before, and the case is about something else', [prepared(1), condemned, undone(1, 'acknowledged'), prepared(2), answered(2, declined), contradicted, open]],
  ])('does not where %s', (_name, events) => expect(told(events)).toBeUndefined());
});

it('tells the amount of the attempt in question, and every card that was brought, where a Retry changed them', () => {
  const events = [sale(1, 1000, '622848******0019'), answered(1, declined), sale(2, 800, '622848******0019', '625094******0021'), prepared(3, { undoes: 2 }), open];
  expect(fileOf(events)).toMatchObject({ amountMinor: 800, brought: [{ maskedPan: '622848******0019' }, { maskedPan: '625094******0021' }] });
  const former = [sale(1, 1000), condemned, undone(1, 'no-original'), sale(2, 800), answered(2, declined), open];
  expect(fileOf(former)).toMatchObject({ amountMinor: 1000 });
  const still = [sale(1, 1000), condemned, sale(2, 800), answered(2, declined), open];
  expect(fileOf(still)).toMatchObject({ amountMinor: 1000 });
  const both = [sale(1, 1000), condemned, undone(1, 'no-original'), sale(2, 800), { ...condemned, attempt: 2 } as PaymentEvent, open];
  expect(fileOf(both)).toMatchObject({ amountMinor: 800 });

  const beside = [sale(1, 1000), answered(1, declined), sale(2, 800), answered(2, approvedFor(800)), { type: 'paymentCommitted' } as PaymentEvent, turnedUp, contradicted];
  expect(fileOf(beside)).toMatchObject({ attempt: 1, amountMinor: 1000, facts: [] });
});

it('counts what stands by the attempt that a person called paid, though a later one was declined', () => {
  const resolved: PaymentEvent = { type: 'caseResolved', caseId: 'c1', as: 'paid', by: 'n', reason: 'r' };
  const events = [sale(1, 1000), answered(1, declined), sale(2, 800), answered(2, declined), turnedUp, contradicted, resolved];
  expect(paymentsOf(events.map(recordOf))).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);
  expect(paymentsOf([...events.slice(0, -1), { ...resolved, amountMinor: 300 }].map(recordOf))).toMatchObject([{ state: 'paid', amountMinor: 300 }]);
});

it('tells of each case what was decided about that one', () => {
  const resolved = (caseId: string, as: string, by: string): PaymentEvent => ({ type: 'caseResolved', caseId, as, by, reason: 'r' }) as PaymentEvent;
  const events = [...tried, resolved('c1', 'undone', 'Li'), { ...open, caseId: 'c2' } as PaymentEvent, resolved('c2', 'paid', 'Wang')];
  expect(filesOf(events).map(({ resolved: decision }) => decision)).toEqual([
    { as: 'undone', by: 'Li', reason: 'r', at: 40 },
    { as: 'paid', by: 'Wang', reason: 'r', at: 60 },
  ]);
});

it('tells what the host has told of the sale, not of what undoes it', () => {
  const approval = (value: string) => approvedFor(1000, { facts: { receipt: [{ key: 'rrn', label: { zh: '参考号', en: 'Reference' }, value }] } });
  const events = [prepared(1), answered(1, approval('sale')), condemned, prepared(2, { undoes: 1 }), answered(2, approval('void')), open];
  expect(fileOf(events)?.facts).toMatchObject([{ value: 'sale' }]);
});
