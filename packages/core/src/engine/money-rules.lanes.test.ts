/** Rules 11, 12, 13 and 15: in which order undos go, and who waits for what is not decided. */
import { describe, expect, it } from 'vitest';
import { type Answer, bind, definePlugin, PaymentMethod } from '../contract.js';
import type { Json } from '../json.js';
import { memoryLog } from '../log/memory-log.js';
import { alarmsOf, approvedFor, broken, cut, declined, events, flow, open, pay, reopen, run, settled, type Setup, type SetupOptions, statuses, until, verbs } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const part = (amountMinor: number, next: string, method = 'm') => pay({ Next: next }, { method, amountMinor, dueMinor: 1000 });
const undone = ({ host }: Setup): string[] => host.calls.filter((call) => call.startsWith('reverse')).map((call) => call.split(' ')[1] ?? '');
const noConnection = { outcome: 'not-sent', why: 'no connection' } as const;
const silence = { outcome: 'unknown', reason: 'no-answer', why: 'silence' } as const;
const times = <A>(count: number, answer: A): A[] => Array.from({ length: count }, () => answer);

describe('rule 11: undos of one transaction', () => {
  const three: SetupOptions = {
    kind: 'card',
    method: { remedy: () => ({ do: 'reverse' }) },
    flow: flow({ First: part(100, 'Second'), Second: part(200, 'Third'), Third: part(300, 'Broken'), Broken: broken }),
  };

  it('go newest first on one lane', async () => {
    const setup = await open(three);
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'X', unsettled: [{}, {}, {}] });
    await settled(setup);
    expect(undone(setup)).toEqual(['m-sale-3', 'm-sale-2', 'm-sale-1']);
  });

  it('go newest first after a restart too', async () => {
    const first = await open(three);
    first.host.reversals.push('never');
    await run(first);
    await until(first, 'the first undo is sent', () => undone(first).length > 0);
    const second = await reopen(first, three);
    await settled(second);
    expect(undone(second)).toEqual(['m-sale-3', 'm-sale-3', 'm-sale-2', 'm-sale-1']);
    expect(statuses(second.host)).toEqual(['reversed', 'reversed', 'reversed']);
  });

  it('do not wait for one another on lanes of their own', async () => {
    const wallet = scriptedHost();
    const setup = await open({
      kind: 'card',
      method: { remedy: () => ({ do: 'reverse' }) },
      plugins: [scriptedMethod({ id: 'w', host: wallet, kind: 'wallet' })],
      flow: flow({ Wallet: part(300, 'Card', 'w'), Card: part(600, 'Broken'), Broken: broken }),
    });
    // The card's host is silent until the call's time is over.
    setup.host.reversals.push('never');
    await run(setup);
    const ended = events(setup.log, 'executionEnded')[0]?.at ?? 0;
    await until(setup, 'the wallet is undone', () => setup.till.payments()[0]?.state === 'undone');
    expect(setup.clock.now() - ended).toBeLessThan(10_000);
    expect(setup.till.payments()[1]).toMatchObject({ state: 'being-undone' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });
});

it('rule 2: a reversal that has waited for its lane until its host takes it no more is not sent: a person is told', async () => {
  const setup = await open({
    kind: 'card',
    method: { remedy: () => ({ do: 'reverse' }), policy: { reverse: { notBeforeMs: 0, withinMs: 5_000, backoffMs: [2_000], laneAttempts: 3 } } },
    flow: flow({ First: part(100, 'Second'), Second: part(200, 'Broken'), Broken: broken }),
  });
  // Silent until the call's time is over, which is longer than that.
  setup.host.reversals.push('never');
  await run(setup);
  await settled(setup);
  expect(undone(setup)).toEqual(['m-sale-2']);
  expect(setup.till.cases()).toMatchObject([{ why: "the host's time for undoing it is over" }, { why: "the host's time for undoing it is over" }]);
});

describe('rule 12: a lane with an undo that does not get through', () => {
  const stuck = async (reversals: Setup['host']['reversals']): Promise<Setup> => {
    const setup = await open({ kind: 'card' });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push(...reversals);
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    return setup;
  };

  it('opens after so many tries that reached the host, with a case; the tries go on', async () => {
    const setup = await stuck([...times(6, noConnection), ...times(6, silence)]);
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    // Six without a connection do not count, three that reached the host do.
    expect(undone(setup)).toHaveLength(9);
    expect(statuses(setup.host)).toEqual(['approved']);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'it is undone', () => statuses(setup.host)[0] === 'reversed');
    expect(undone(setup)).toHaveLength(13);
    expect(events(setup.log, 'paymentUndoAnswered').map(({ event }) => event.type === 'paymentUndoAnswered' && event.try)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(setup.till.cases()).toHaveLength(1);
  });

  it('so with a void: it goes on until there is a connection, however often there is none', async () => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), ...times(8, noConnection));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['refunded']);
    expect(setup.till.payments()).toMatchObject([{ state: 'undone' }]);
    expect(setup.till.cases()).toEqual([]);
  });

  it('keeps nothing sealed of a void that was not sent, while it is tried again', async () => {
    const policy = { reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [20_000], laneAttempts: 3 } };
    const setup = await open({ kind: 'card', method: { seal: true, policy }, flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), ...times(8, noConnection));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await until(setup, 'it was tried seven times', () => events(setup.log, 'paymentAnswered').length === 8);
    // The sale's, which the next void needs, and the last void's, unless that is gone already.
    expect((await setup.sealed.keys()).length).toBeLessThanOrEqual(2);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['refunded']);
    expect(await setup.sealed.keys()).toEqual([]);
  });

  it('so seldom, where a method lists short pauses, that a night without a line fills neither memory nor log', async () => {
    const policy = { reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [1_000], laneAttempts: 3 } };
    const setup = await open({ kind: 'card', method: { policy }, flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), ...times(2_000, noConnection));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    const night = setup.clock.now() + 12 * 3_600_000;
    while (setup.clock.now() < night) await setup.clock.until(setup.clock.now() + 60_000);
    const tries = events(setup.log, 'paymentPrepared').length - 1;
    expect(tries).toBeGreaterThan(100);
    expect(tries).toBeLessThan(400);
    setup.host.submits.length = 0;
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['refunded']);
  });

  it('tells a person of a void that finds no connection for as long as the host would have taken a reversal, and makes it all the same', async () => {
    const policy = { reverse: { notBeforeMs: 0, withinMs: 60_000, backoffMs: [20_000], laneAttempts: 3 } };
    const setup = await open({ kind: 'card', method: { policy }, flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), ...times(8, noConnection));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    expect(setup.till.cases()).toMatchObject([{ why: 'the void could not be sent' }]);
    await until(setup, 'it is undone', () => statuses(setup.host)[0] === 'refunded');
    expect(setup.till.cases()).toMatchObject([{ undone: { proof: 'money-back' } }]);
  });

  it('counts those tries over a restart', async () => {
    const first = await stuck(times(12, silence));
    await until(first, 'two tries are answered', () => events(first.log, 'paymentUndoAnswered').length === 2);
    await first.log.durable(first.log.head);
    const second = await reopen(first, { kind: 'card' });
    await until(second, 'a case is open', () => second.till.cases().length > 0);
    expect(undone(second)).toHaveLength(3);
  });

  it('keeps a sale waiting for so long and no longer; nothing of that sale is sent', async () => {
    const setup = await stuck(times(50, noConnection));
    const begun = setup.clock.now();
    expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent', unsettled: [] });
    expect(setup.clock.now() - begun).toBe(20_000);
    expect(setup.host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
    expect(setup.till.cases()).toEqual([]);
  });

  it('lets a sale go that waits when the undo gets through', async () => {
    const setup = await stuck(times(2, noConnection));
    const waiting = run(setup);
    expect(await waiting).toMatchObject({ status: 'succeeded' });
    expect(setup.host.calls.map((call) => call.split(' ')[0])).toEqual(['submit', 'reverse', 'reverse', 'reverse', 'submit', 'complete']);
  });
});

describe('rule 13: retry, over a restart', () => {
  const retried = (error: string): SetupOptions => ({ kind: 'wallet', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: [error], IntervalSeconds: 60, MaxAttempts: 1 }] }) }) });
  const submits = ({ host }: Setup): string[] => host.calls.filter((call) => call.startsWith('submit'));
  const cutOff = async (options: SetupOptions, setup: Setup, moment: string): Promise<{ second: Setup; result: Promise<Json> }> => {
    const sale = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    sale.result.catch(() => {});
    await until(setup, moment, () => events(setup.log, moment).length > 0);
    await setup.log.durable(setup.log.head);
    const second = await reopen(setup, options);
    return { second, result: (await second.till.get(sale.executionId)).result as unknown as Promise<Json> };
  };

  it('makes one new attempt, with a reference of its own, when the power fails between the decline and the Retry', async () => {
    const options = retried('Payment.Declined');
    const first = await open(options);
    first.host.submits.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'later' });
    const { second, result } = await cutOff(options, first, 'taskFailed');
    expect(submits(second)).toHaveLength(1);
    expect(await result).toMatchObject({ status: 'succeeded' });
    expect(submits(second)).toEqual(['submit sale m-sale-1', 'submit sale m-sale-2']);
    expect(second.till.payments()).toMatchObject([{ references: ['m-sale-1', 'm-sale-2'], amountMinor: 1000, committed: true }]);
  });

  it('makes it only once the former attempt is undone, when the power fails while that is not decided', async () => {
    const options = retried('Payment.Undone');
    const first = await open(options);
    first.host.submits.push({ lost: 'answer' });
    first.host.findings.push(...times(9, silence));
    const { second, result } = await cutOff(options, first, 'paymentAnswered');
    expect(await result).toMatchObject({ status: 'succeeded' });
    expect(submits(second)).toHaveLength(2);
    expect(statuses(second.host)).toEqual(['reversed', 'approved']);
    const undoneAt = events(second.log, 'paymentUndoAnswered')[0]?.seq ?? Infinity;
    expect(events(second.log, 'paymentPrepared')[1]?.seq).toBeGreaterThan(undoneAt);
  });
});

describe('rule 12: a void that a person decides about', () => {
  /** A sale that is paid, and to be voided: three times the void can't be prepared, then there is a case; half a minute later it is tried again. */
  const casePending = async (log = memoryLog(), clock = virtualClock()) => {
    const host = scriptedHost();
    const [provision] = scriptedMethod({ id: 'own', host, kind: 'card' }).provides;
    if (provision?.how.kind !== 'value') throw new Error('not a value');
    const method = provision.how.value as PaymentMethod;
    let fails = 3;
    const prepare: PaymentMethod['prepare'] = (request, live) => (request.operation === 'void' && (fails -= 1) >= 0 ? Promise.reject(new Error('not now')) : method.prepare(request, live));
    const setup = await open({
      kind: 'wallet',
      log,
      clock,
      plugins: [definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue({ ...method, prepare })] })],
      flow: flow({ Pay: pay({ Next: 'Broken' }, { method: 'own', dueMinor: 2000 }), Broken: broken }),
      workflows: { next: flow({ Pay: pay({}, { method: 'own' }) }) },
    });
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    return { setup, host, decide: async () => await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'the goods are gone' }) };
  };

  it('is not sent, though it waited for its lane then', async () => {
    const { setup, host, decide } = await casePending();
    await setup.clock.until(setup.clock.now() + 24_000);
    host.submits.push('never');
    const next = await setup.till.start({ terminal: 'T1', workflow: 'next' });
    next.result.catch(() => {});
    await setup.clock.until(setup.clock.now() + 7_000);
    await decide();
    await setup.clock.until(setup.clock.now() + 120_000);
    expect(host.calls.filter((call) => call.startsWith('submit void'))).toEqual([]);
    expect(host.ledger.get('own-sale-1')).toMatchObject({ status: 'approved' });
    expect(setup.till.payments()[0]).toMatchObject({ state: 'paid', amountMinor: 1000 });
  });

  it('is not sent, though its intent was on its way to the disk then', async () => {
    const clock = virtualClock();
    let syncMs = 0;
    const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + syncMs) });
    const { setup, host, decide } = await casePending(log, clock);
    syncMs = 5_000;
    await until(setup, 'its intent is written', () => events(log, 'paymentPrepared').length === 2);
    await decide();
    await setup.clock.until(setup.clock.now() + 120_000);
    expect(host.calls.filter((call) => call.startsWith('submit void'))).toEqual([]);
    expect(setup.till.payments()[0]).toMatchObject({ state: 'paid', amountMinor: 1000 });
  });

  it.each<['paid' | 'undone', 'approved' | 'declined', readonly object[]]>([
    ['paid', 'approved', [{ kind: 'contradiction', why: 'known as paid, then heard approved' }]],
    ['paid', 'declined', []],
    ['undone', 'approved', []],
    ['undone', 'declined', []],
  ])('called %s, and then %s by the host, is an alarm where the money is back', async (as, heard, expected) => {
    const { setup, host } = await casePending();
    const alarms = alarmsOf(setup);
    await setup.clock.until(setup.clock.now() + 1_000);
    alarms.length = 0;
    host.submits.push((async () => {
      await setup.clock.until(setup.clock.now() + 5_000);
      return heard === 'approved' ? approvedFor(1000) : declined;
    }) as never);
    await until(setup, 'it is sent', () => host.calls.some((call) => call.startsWith('submit void')));
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as, by: 'Li', reason: 'so say the books' });
    await setup.clock.until(setup.clock.now() + 60_000);
    expect(alarms).toMatchObject(expected);
  });
});

it('rule 12: a reversal that waited for its lane is not sent once a person has decided: what he called paid stays paid', async () => {
  const setup = await open({ kind: 'card' });
  const { host, clock, till } = setup;
  host.submits.push({ lost: 'answer' });
  host.reversals.push(...times(3, silence));
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  await until(setup, 'a case is open', () => till.cases().length > 0);
  // The next try is due in half a minute, while the next sale has the lane.
  await clock.until(clock.now() + 25_000);
  host.submits.push('never');
  const next = await till.start({ terminal: 'T1', workflow: 'sale' });
  next.result.catch(() => {});
  await clock.until(clock.now() + 8_000);
  await till.resolve(till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'it stands in the books' });
  await clock.until(clock.now() + 120_000);
  expect(undone(setup).filter((reference) => reference === 'm-sale-1')).toHaveLength(3);
  expect(statuses(host)).toEqual(['approved']);
});

it('rule 13: there is no new attempt beside an open case, though the former one is undone by then: what a person decides counts for all of the payment', async () => {
  const again = { Retry: [{ ErrorEquals: ['Payment.Unsettled'], IntervalSeconds: 200, MaxAttempts: 1 }] };
  const setup = await open({ kind: 'card', flow: flow({ Pay: pay(again, { saleReference: 'bill-1' }) }) });
  setup.host.submits.push({ lost: 'answer' });
  setup.host.reversals.push(...times(4, silence));
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.NotSent' });
  expect(statuses(setup.host)).toEqual(['reversed']);
  const [open_] = setup.till.cases();
  await setup.till.resolve(open_?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'so say the books' });
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(statuses(setup.host)).toEqual(['reversed', 'approved']);
});

describe('rule 13: a Retry whose arguments come out otherwise', () => {
  const first = (then: Json, otherwise: Json): string => `{% $states.context.State.RetryCount = 0 ? ${JSON.stringify(then)} : ${JSON.stringify(otherwise)} %}`;
  const retried = async (args: { [name: string]: Json }) => {
    const other = scriptedHost();
    const setup = await open({ kind: 'wallet', plugins: [scriptedMethod({ id: 'w', host: other, kind: 'wallet' })], flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], MaxAttempts: 1 }] }, args) }) });
    setup.host.submits.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'later' });
    return { setup, other };
  };

  it.each<[string, { [name: string]: Json }]>([
    ['another method, which nobody would ask or undo', { method: first('m', 'w') }],
    ['another sale, for which it would not count', { saleReference: first('bill-1', 'bill-2') }],
    ['another currency', { currency: first('CNY', 'USD') }],
  ])('is sent nothing: %s', async (_, args) => {
    const { setup, other } = await retried(args);
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('another Task may'), unsettled: [] });
    expect([...setup.host.calls, ...other.calls]).toEqual(['submit sale m-sale-1']);
  });

  it('counts towards what is due now', async () => {
    const less = await retried({ amountMinor: first(1000, 500) });
    expect(await run(less.setup)).toMatchObject({ status: 'succeeded', output: { amountMinor: 500, committed: true } });
    const more = await retried({ amountMinor: 500, dueMinor: first(500, 1000) });
    expect(await run(more.setup)).toMatchObject({ status: 'failed', error: 'Payment.Uncommitted' });
    await settled(more.setup);
    expect(statuses(more.setup.host)).toEqual(['reversed']);
  });
});

describe('rule 13: a new attempt whose intent is on its way to the disk', () => {
  it('is not sent when an approval turns up for the former one, which was undone without proof', async () => {
    const clock = virtualClock();
    let syncMs = 0;
    const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + syncMs) });
    const setup = await open({ kind: 'wallet', clock, log, flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 62, MaxAttempts: 1 }] }) }) });
    setup.host.submits.push({ lost: 'request' });
    // Asked for after a minute; it takes its time.
    const late = async () => (await clock.until(clock.now() + 4_000), approvedFor(1000));
    setup.host.findings.push(...times(4, { outcome: 'absent' } as const), late as never);
    setup.host.reversals.push({ outcome: 'undone', verified: true, proof: 'no-original' });
    const sale = run(setup);
    await until(setup, 'it is begun anew', () => events(log, 'taskFailed').length > 0);
    syncMs = 5_000;
    expect(await sale).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('is not decided any more') });
    expect(events(log, 'paymentPrepared')).toHaveLength(2);
    expect(verbs(setup.host).filter((verb) => verb === 'submit')).toHaveLength(1);
    syncMs = 0;
    await settled(setup);
    expect(setup.till.payments()).toMatchObject([{ state: 'not-sent', committed: false }]);
  });
});

describe('rule 13: a new attempt that is on its way, or paid, when an approval turns up for the former one, which was found undone without proof', () => {
  const undoneError = ['Payment.Undone'];
  const again = pay({ Retry: [{ ErrorEquals: undoneError, IntervalSeconds: 2, MaxAttempts: 1 }] });
  const instead = { Pay: pay({ Catch: [{ ErrorEquals: undoneError, Next: 'Instead' }] }), Instead: pay() };

  /** A sale whose first request is answered when the test says so and whose second one is so a second after that, or at once. */
  const begunAnew = async (states: { [name: string]: ReturnType<typeof pay> }, secondIn: number) => {
    const setup = await open({ kind: 'wallet', flow: flow(states) });
    const { host, clock } = setup;
    const tells: ((answer: Answer) => void)[] = [];
    const later = (): Promise<Answer> => new Promise((resolve) => tells.push(resolve));
    host.submits.push(later as never, later as never);
    host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' });
    const result = run(setup);
    await until(setup, 'it is sent anew', () => tells.length === 2);
    const approve = (n: number): void => {
      host.ledger.set(`m-sale-${n}`, { reference: `m-sale-${n}`, amountMinor: 1000, status: 'approved' });
      tells[n - 1]?.(approvedFor(1000));
    };
    return { setup, result, approve, wait: async (ms = secondIn) => await clock.until(clock.now() + ms) };
  };

  it.each([
    ['a Retry, while the new one has no answer', { Pay: again }, 1_000],
    ['a Retry, with the answer to the new one', { Pay: again }, 0],
    ['a Catch, with the answer to the new one', instead, 0],
  ] as const)('undoes that one, and keeps the new one: %s', async (_, states, secondIn) => {
    const { setup, result, approve, wait } = await begunAnew(states, secondIn);
    approve(1);
    if (secondIn > 0) await wait();
    approve(2);
    expect(await result).toMatchObject({ status: 'succeeded', output: { amountMinor: 1000, committed: true } });
    await wait(100_000);
    expect(statuses(setup.host)).toEqual(['reversed', 'approved']);
    expect(setup.till.payments().reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(1000);
  });

  it.each([1000, 2000])('tells a Retry that begins as the approval is on its way to the disk that it is undone (%i are due)', async (dueMinor) => {
    const clock = virtualClock();
    let syncMs = 0;
    const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + syncMs) });
    const setup = await open({ kind: 'wallet', clock, log, flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: undoneError, IntervalSeconds: 30, MaxAttempts: 1 }] }, { dueMinor }) }) });
    setup.host.submits.push((async () => (await clock.until(clock.now() + 39_000), (syncMs = 20_000), approvedFor(1000))) as never);
    setup.host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' });
    const result = run(setup);
    expect(await result).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('undoes it though the new one was paid long before', async () => {
    const { setup, result, approve, wait } = await begunAnew({ Pay: again }, 0);
    approve(2);
    expect(await result).toMatchObject({ status: 'succeeded' });
    await wait(5_000);
    approve(1);
    await settled(setup);
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
    await wait(5_000);
    expect(statuses(setup.host).toSorted()).toEqual(['approved', 'reversed']);
  });

  describe('where its undo needs a person', () => {
    const ofSale = pay({ Retry: [{ ErrorEquals: undoneError, IntervalSeconds: 2, MaxAttempts: 1 }] }, { saleReference: 'S-1' });
    const withCase = async (reversals: Setup['host']['reversals']) => {
      const { setup, result, approve, wait } = await begunAnew({ Pay: ofSale }, 0);
      setup.host.reversals.push(...reversals);
      approve(2);
      expect(await result).toMatchObject({ status: 'succeeded' });
      approve(1);
      await until(setup, 'a case is open', () => setup.till.cases().length > 0);
      return { setup, wait };
    };

    it.each(['undone', 'not-paid'] as const)('what he decides is about it alone: the new one stays paid, and its sale is not paid again (%s)', async (as) => {
      const { setup } = await withCase([{ outcome: 'refused', code: '05' }]);
      const [first, second] = setup.till.payments()[0]?.references ?? [];
      expect([second, setup.till.cases()]).toMatchObject([expect.any(String), [{ reference: first }]]);
      await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as, by: 'Li', reason: 'the first one was paid back by hand' });
      expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
      expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.ExceedsDue' });
      // Over a restart, too.
      const { till } = await cut(setup, { kind: 'wallet', flow: flow({ Pay: ofSale }) });
      expect(till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);
      expect(setup.host.ledger.size).toBe(2);
    });

    it('the same of one that had been declined, for which a new one was paid', async () => {
      const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 2, MaxAttempts: 1 }] }, { saleReference: 'S-1' }) }) });
      const { host, clock, till } = setup;
      let tell: (answer: Answer) => void = () => {};
      host.submits.push((() => new Promise<Answer>((resolve) => (tell = resolve))) as never);
      host.findings.push({ ...declined, again: 'later' } as never);
      expect(await run(setup)).toMatchObject({ status: 'succeeded' });
      tell(approvedFor(1000));
      await clock.until(clock.now() + 1_000);
      await till.resolve(till.cases()[0]?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'the first one was paid back by hand' });
      expect(till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
      expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.ExceedsDue' });
    });

    it('the same of one that was undone without proof, which the host refuses to look for again', async () => {
      const setup = await open({ kind: 'card', flow: flow({ Pay: ofSale }) });
      setup.host.submits.push({ lost: 'request' });
      setup.host.reversals.push({ outcome: 'undone', verified: true, proof: 'no-original' }, { outcome: 'refused', code: '12' });
      expect(await run(setup)).toMatchObject({ status: 'succeeded' });
      await until(setup, 'a case is open', () => setup.till.cases().length > 0);
      await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'the first one is not in the books' });
      expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
      expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.ExceedsDue' });
      expect(setup.host.ledger.size).toBe(1);
    });

    it('he is told once the host has undone it after all, so that he does not pay it back once more', async () => {
      const { setup } = await withCase(times(3, silence));
      await until(setup, 'it is undone', () => statuses(setup.host).includes('reversed'));
      expect(setup.till.cases()).toMatchObject([{ undone: { proof: 'acknowledged' } }]);
    });
  });
});

describe('rule 15: one sale reference on two terminals, over a restart', () => {
  it('lets the second pay only when what the first began is decided', async () => {
    const options: SetupOptions = { kind: 'card', terminals: 2, flow: flow({ Pay: pay({}, { saleReference: 'S-1' }) }) };
    const first = await open(options);
    first.host.submits.push({ lost: 'answer' });
    const sale = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    sale.result.catch(() => {});
    await until(first, 'it is submitted', () => first.host.calls.length > 0);
    const second = await reopen(first, options);
    second.host.reversals.push(noConnection);
    expect(await run(second, {}, 'T2')).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('of the same sale is not decided') });
    await settled(second);
    expect(await run(second, {}, 'T2')).toMatchObject({ status: 'succeeded' });
    expect(statuses(second.host)).toEqual(['reversed', 'approved']);
  });
});

it('rule 12: what is about to be undone keeps its lane: no sale that waits for it slips in between', async () => {
  const branch = (name: string, state: ReturnType<typeof pay>) => ({ StartAt: name, States: { [name]: state, Gone: { Type: 'Pass', End: true } } });
  const paid = (saleReference: string) => pay({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Gone' }] }, { saleReference });
  const both = { Type: 'Parallel', Branches: [branch('First', paid('one')), branch('Second', paid('two'))], End: true };
  const setup = await open({ kind: 'card', flow: flow({ Both: both as never }) });
  setup.host.submits.push({ lost: 'answer' });
  await run(setup);
  expect(verbs(setup.host)).toEqual(['submit', 'reverse', 'submit', 'complete']);
});

it('rule 12: a sale waits for the undo of one that its flow has given up, though there is no line for that yet', async () => {
  const setup = await open({ kind: 'card', method: { remedy: () => ({ do: 'reverse' }) }, flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }), workflows: { next: flow({ Pay: pay() }) } });
  setup.host.reversals.push(...times(2, noConnection));
  expect(await run(setup)).toMatchObject({ error: 'X' });
  expect(await (await setup.till.start({ terminal: 'T1', workflow: 'next' })).result).toMatchObject({ status: 'succeeded' });
  expect(verbs(setup.host)).toEqual(['submit', 'complete', 'reverse', 'reverse', 'reverse', 'submit', 'complete']);
});

describe('rules 12 and 14: a sale that waits for its lane', () => {
  const shut = async (states: Parameters<typeof flow>[0]): Promise<Setup> => {
    const setup = await open({ kind: 'card', workflows: { waiting: flow(states) } });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push(...times(3, noConnection));
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    return setup;
  };

  it('is not sent, and does not wait on, once it is cancelled', async () => {
    const setup = await shut({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.NotSent'], MaxAttempts: 3 }] }) });
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'waiting' });
    await setup.clock.until(setup.clock.now() + 1_000);
    setup.till.cancel(executionId, 'merchant', 'enough');
    const at = setup.clock.now();
    expect(await result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    expect(setup.clock.now() - at).toBeLessThan(1_000);
    expect(verbs(setup.host).filter((verb) => verb === 'submit')).toHaveLength(1);
  });

  it('is paid by its Retry, though its time-out had given it up', async () => {
    const setup = await shut({ Pay: pay({ TimeoutSeconds: 5, Retry: [{ ErrorEquals: ['States.Timeout', 'Payment.NotSent'], IntervalSeconds: 120, MaxAttempts: 1 }] }) });
    const { result } = await setup.till.start({ terminal: 'T1', workflow: 'waiting' });
    expect(await result).toMatchObject({ status: 'succeeded', output: { committed: true } });
    expect(statuses(setup.host)).toEqual(['reversed', 'approved']);
  });
});
