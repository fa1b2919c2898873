/** Rule 9: what an approval leaves owed to the host is delivered once the payment is committed, or a person is told. */
import { describe, expect, it } from 'vitest';
import { bind, definePlugin, PaymentMethod } from '../contract.js';
import { memoryLog } from '../log/memory-log.js';
import { alarmsOf, approvedFor, broken, cut, events, flow, open, pay, reopen, run, settled, type Setup, type SetupOptions, statuses, until, verbs } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const options: SetupOptions = { kind: 'card', method: { owes: true }, keepClosed: 0 };
const commit = { Type: 'Task', Resource: 'payment:commit', End: true };
const results = ({ log }: Setup) => events(log, 'adviceAnswered').map(({ event }) => event.type === 'adviceAnswered' && [event.try, event.result]);
const deliveries = ({ host }: Setup): number => verbs(host).filter((verb) => verb === 'deliver').length;
const isDelivered = (setup: Setup) => (): boolean => results(setup).some((result) => result && result[1] === 'delivered');
const later = async ({ clock }: Setup, seconds: number): Promise<void> => await clock.until(clock.now() + seconds * 1_000);

describe('rule 9: an advice that is owed', () => {
  it('is delivered once, after the commitment; then the transaction is closed', async () => {
    const setup = await open(options);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'it is delivered', isDelivered(setup));
    await later(setup, 600);
    expect(verbs(setup.host)).toEqual(['submit', 'complete', 'deliver']);
    expect(setup.host.calls.at(-1)).toBe('deliver m-sale-1');
    expect(setup.till.payments()).toEqual([]);
    const types = setup.log.records.map(({ event }) => event.type);
    expect(types.indexOf('adviceAnswered')).toBeGreaterThan(types.indexOf('paymentCommitted'));
  });

  it('is not delivered before that, nor for what is undone', async () => {
    const part = pay({ Next: 'Wait' }, { amountMinor: 600, dueMinor: 1000 });
    const wait = { Type: 'Wait', Seconds: 60, Next: 'Then' };
    const kept = await open({ ...options, flow: flow({ Part: part, Wait: wait, Then: commit }) });
    const { result } = await kept.till.start({ terminal: 'T1', workflow: 'sale' });
    await until(kept, 'it waits', () => events(kept.log, 'waitStarted').length > 0);
    await later(kept, 30);
    expect(deliveries(kept)).toBe(0);
    await result;
    await until(kept, 'it is delivered', isDelivered(kept));

    const undone = await open({ ...options, flow: flow({ Part: part, Wait: wait, Then: broken }) });
    await run(undone);
    await settled(undone);
    await later(undone, 600);
    expect(statuses(undone.host)).toEqual(['refunded']);
    expect(deliveries(undone)).toBe(0);
  });

  it.each(['never', 'throw', 'again', 'sure' as 'again'] as const)('is tried again with back-off where the host says %s, over a restart', async (reply) => {
    const first = await open(options);
    first.host.deliveries.push(reply, reply, reply);
    await run(first);
    await until(first, 'it was tried twice', () => results(first).length === 2);
    await first.log.durable(first.log.head);
    const [one, two] = events(first.log, 'adviceAnswered').map(({ at }) => at);
    expect((two ?? 0) - (one ?? 0)).toBe(2_000 + (reply === 'never' ? 10_000 : 0));
    const second = await reopen(first, options);
    expect(second.till.payments()).toHaveLength(1);
    await until(second, 'it is delivered', isDelivered(second));
    expect(results(second)).toEqual([[1, 'again'], [2, 'again'], [3, 'again'], [4, 'delivered']]);
    expect(second.till.cases()).toEqual([]);
  });

  it('is tried once, though its sale was committed later than the host takes one', async () => {
    const policy = { reverse: { notBeforeMs: 0, withinMs: 60_000, backoffMs: [25_000], laneAttempts: 3 } };
    const setup = await open({ ...options, method: { owes: true, policy }, flow: flow({ Part: pay({ Next: 'Wait' }, { amountMinor: 600, dueMinor: 1000 }), Wait: { Type: 'Wait', Seconds: 120, Next: 'Then' }, Then: commit }) });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'it is delivered', isDelivered(setup));
    expect(setup.till.cases()).toEqual([]);
  });

  it('is a case when the host has not taken it in time, and is tried no more', async () => {
    const setup = await open({ ...options, method: { owes: true, policy: { reverse: { notBeforeMs: 0, withinMs: 60_000, backoffMs: [25_000], laneAttempts: 3 } } } });
    setup.host.deliveries.push(...Array.from({ length: 9 }, () => 'again' as const));
    const alarms = alarmsOf(setup);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    expect(alarms).toMatchObject([{ kind: 'case-opened', why: expect.stringContaining('could not be delivered in time') }]);
    await later(setup, 600);
    expect(deliveries(setup)).toBe(3);
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'told the acquirer' });
    expect(statuses(setup.host)).toEqual(['approved']);
    await until(setup, 'it is closed', () => setup.till.payments().length === 0);
  });

  it('is a case, in the same write, where its plugin asks for a person', async () => {
    const setup = await open(options);
    setup.host.deliveries.push('ask-person');
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    const at = setup.log.records.findIndex(({ event }) => event.type === 'adviceAnswered');
    expect(setup.log.records[at + 1]?.event).toMatchObject({ type: 'caseOpened', why: expect.stringContaining('needs a person') });
    await later(setup, 600);
    expect(deliveries(setup)).toBe(1);
  });

  it('takes its turn on the lane: nothing is sent beside a sale that is under way', async () => {
    const setup = await open(options);
    setup.host.deliveries.push('again');
    await run(setup);
    await until(setup, 'it was tried', () => results(setup).length === 1);
    setup.host.submits.push(async (amountMinor) => {
      await later(setup, 8);
      expect(deliveries(setup)).toBe(1);
      return approvedFor(amountMinor, { completion: 'due' });
    });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'it is delivered', isDelivered(setup));
  });

  it('is not tried again once it has waited for its lane until the host takes none any more', async () => {
    const setup = await open({ ...options, method: { owes: true, policy: { reverse: { notBeforeMs: 0, withinMs: 5_000, backoffMs: [2_000], laneAttempts: 3 } } } });
    setup.host.deliveries.push('again');
    await run(setup);
    await until(setup, 'it was tried', () => results(setup).length === 1);
    // Silent until the call's time is over, which is longer than that.
    setup.host.submits.push('never');
    await run(setup);
    await until(setup, 'a person is told', () => setup.till.cases().some(({ why }) => why.includes('could not be delivered in time')));
    expect(results(setup)).toEqual([[1, 'again']]);
  });

  it('does not wait where its lane is shut for sales until a person has decided about another one', async () => {
    const first = await open(options);
    first.host.deliveries.push(...Array.from({ length: 9 }, () => 'again' as const));
    await run(first);
    first.host.submits.push({ lost: 'answer' });
    const { result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    await until(first, 'it is submitted', () => verbs(first.host).filter((verb) => verb === 'submit').length === 2);
    const records = first.log.records.map((record) => (record.event.type === 'paymentPrepared' && record.seq === first.log.records.findLast(({ event }) => event.type === 'paymentPrepared')?.seq ? { ...record, event: { ...record.event, prepared: { ...record.event.prepared, dataVersion: 7 } } } : record));
    first.clock.stop();
    first.host.deliveries.length = 0;
    const second = await open({ ...options, host: first.host, log: memoryLog({ records }) });
    await until(second, 'it is delivered', isDelivered(second));
    // What nobody reads is a person's, and keeps the lane shut (18).
    expect(second.till.cases()).toHaveLength(1);
    expect(await run(second)).toMatchObject({ error: 'Payment.NotSent' });
  });

  it('is a case where its plugin is gone, and is delivered when that comes back', async () => {
    const first = await open(options);
    first.host.deliveries.push('again');
    await run(first);
    await until(first, 'it was tried', () => results(first).length === 1);
    await first.log.durable(first.log.head);
    const gone: SetupOptions = { ...options, method: { id: 'else' }, flow: flow({ Pay: pay({}, { method: 'else' }) }) };
    const second = await reopen(first, gone);
    const alarms = alarmsOf(second);
    await until(second, 'a case is open', () => second.till.cases().length > 0);
    expect(alarms).toMatchObject([{ kind: 'plugin-missing' }]);
    // It is paid, and nobody's lane is shut by it.
    expect(await run(second)).toMatchObject({ status: 'succeeded' });
    const third = await cut(second, options);
    await until(third, 'it is delivered', isDelivered(third));
    expect(third.till.cases()).toHaveLength(1);
  });

  it('is a person\'s once he has decided that it is not paid, also when its plugin comes back', async () => {
    const first = await open(options);
    first.host.deliveries.push('again');
    const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    await result;
    await until(first, 'it was tried', () => results(first).length === 1);
    const second = await cut(first, { ...options, method: { id: 'else' }, flow: flow({ Pay: pay({}, { method: 'else' }) }) });
    await until(second, 'a case is open', () => second.till.cases().length > 0);
    await second.till.resolve(second.till.cases()[0]?.caseId ?? '', { as: 'not-paid', by: 'Li', reason: 'the acquirer has paid it back' });
    expect((await second.till.get(executionId)).payments).toMatchObject([{ state: 'undone', amountMinor: 0 }]);
    const third = await cut(second, options);
    await later(third, 600);
    expect(deliveries(third)).toBe(1);
  });

  it('keeps nothing sealed, though its plugin is gone: what is committed is not reversed', async () => {
    const first = await open({ ...options, method: { owes: true, seal: true } });
    await run(first);
    // The power failed before it was forgotten, and after the end.
    const end = first.log.records.findIndex(({ event }) => event.type === 'executionEnded');
    const records = first.log.records.slice(0, end + 1).filter(({ event }) => event.type !== 'sealedForgotten').map((record, at) => ({ ...record, seq: at + 1 }));
    first.clock.stop();
    await first.sealed.put(`${records.find(({ event }) => event.type === 'paymentCommitted')?.stream.slice(2)}@1`, new Uint8Array([1, 2, 3]));
    const log = memoryLog({ records });
    const second = await open({ ...options, method: { id: 'else' }, flow: flow({ Pay: pay({}, { method: 'else' }) }), log, sealed: first.sealed });
    await until(second, 'a case is open', () => second.till.cases().length > 0);
    await later(second, 1);
    expect(await second.sealed.keys()).toEqual([]);
  });

  it('is delivered again where a crash cut off that it was', async () => {
    const first = await open(options);
    await run(first);
    await until(first, 'it is delivered', isDelivered(first));
    const at = first.log.records.findIndex(({ event }) => event.type === 'adviceAnswered');
    first.clock.stop();
    const second = await open({ ...options, host: first.host, log: memoryLog({ records: first.log.records.slice(0, at) }) });
    await until(second, 'it is delivered', isDelivered(second));
    expect(deliveries(second)).toBe(2);
  });

  it('is refused at load where nothing says when to try again', async () => {
    const how = scriptedMethod({ host: scriptedHost(), kind: 'wallet', owes: true }).provides[0]?.how as { readonly value: PaymentMethod };
    const { capabilities, policy } = how.value;
    const asked = { ...how.value, capabilities: { ...capabilities, reversal: false }, policy: { ...policy, reverse: { ...policy.reverse, backoffMs: [] } } };
    const plugin = definePlugin({ name: 'asked', provides: [bind(PaymentMethod).toValue(asked)] });
    await expect(open({ kind: 'wallet', plugins: [plugin] })).rejects.toMatchObject({ code: 'PLUGIN_UNSAFE', message: expect.stringContaining('no back-off') });
  });
});

it('rule 9: an advice is delivered, or a person is told, also after somebody has decided about another attempt of its payment', async () => {
  const decidedAbout = async (rest: Pick<SetupOptions, 'keepClosed'> = {}): Promise<Setup> => {
    const clock = virtualClock();
    const again = pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 1, MaxAttempts: 1 }] });
    const setup = await open({ kind: 'wallet', clock, method: { owes: true, policy: { reverse: { notBeforeMs: 0, withinMs: 600_000, backoffMs: [2_000, 30_000], laneAttempts: 3 } } }, flow: flow({ Pay: again }), ...rest });
    // The first one is declined, and approved after all when the second one is paid, whose advice does not get through.
    setup.host.submits.push((async () => (await clock.until(clock.now() + 30_000), approvedFor(1000))) as never);
    setup.host.findings.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'later' });
    setup.host.deliveries.push(...Array.from({ length: 5 }, () => 'again' as const));
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    return setup;
  };
  const decide = async ({ till }: Setup) => await till.resolve(till.cases()[0]?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'paid back by hand' });

  const setup = await decidedAbout();
  await decide(setup);
  expect(isDelivered(setup)()).toBe(false);
  await until(setup, 'it is delivered', isDelivered(setup));
  expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);

  // Nor does a transaction with an open case leave memory, though another one of it is resolved.
  const never = await decidedAbout({ keepClosed: 0 });
  never.host.deliveries.push(...Array.from({ length: 100 }, () => 'again' as const));
  await decide(never);
  await later(never, 700);
  expect(never.till.cases()).toMatchObject([{ why: 'what its approval left owed to the host could not be delivered in time' }]);
  await decide(never);
  const tries = deliveries(never);
  await later(never, 3_600);
  expect(deliveries(never)).toBe(tries);
});

it('rule 9: what a person decides about an advice leaves nothing charged that is to be undone', async () => {
  const again = pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }] });
  const setup = await open({ kind: 'wallet', method: { owes: true }, flow: flow({ Pay: again }) });
  // The first one was sent, and nobody knows of it until it is looked for.
  setup.host.submits.push({ lost: 'answer' });
  setup.host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' });
  setup.host.deliveries.push('ask-person');
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  await until(setup, 'a case is open', () => setup.till.cases().length > 0);
  await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'told the acquirer by hand' });
  await later(setup, 600);
  expect(statuses(setup.host)).toEqual(['reversed', 'approved']);
  expect(deliveries(setup)).toBe(1);
  expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);
});
