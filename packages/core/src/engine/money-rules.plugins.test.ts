/** Rule 18: a payment whose plugin is gone, or does not read any more what it stored, is a person's; the rest of the till goes on. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../contract.js';
import { memoryLog } from '../log/memory-log.js';
import { alarmsOf, approvedFor, cut, declined, events, flow, keptSealed, open, pay, reopen, run, settled, type Setup, type SetupOptions, statuses, until, verbs } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';

const other = scriptedMethod({ id: 'other', host: scriptedHost(), kind: 'wallet' });
const options = (dataVersions: readonly number[]): SetupOptions => ({
  kind: 'card',
  terminals: 2,
  method: { dataVersions, seal: true },
  plugins: [other],
  workflows: { other: flow({ Pay: pay({}, { method: 'other' }) }) },
});

/** The host has taken the sale and its answer is lost when the power fails. */
const cutOff = async (): Promise<Setup> => {
  const setup = await open(options([1]));
  setup.host.submits.push({ lost: 'answer' });
  const { result } = await setup.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
  result.catch(() => {});
  await until(setup, 'it is submitted', () => setup.host.calls.length > 0);
  return setup;
};

describe('rule 18: a payment that was stored in an older data version', () => {
  it('becomes a case where the plugin does not read that; nothing is asked or undone for it', async () => {
    const setup = await reopen(await cutOff(), options([2]));
    const alarms = alarmsOf(setup);
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    expect(alarms).toMatchObject([{ kind: 'data-version', why: expect.stringContaining('data version 1') }]);
    await setup.clock.until(setup.clock.now() + 600_000);
    expect(setup.host.calls).toHaveLength(1);
    expect(await setup.sealed.keys()).toHaveLength(1);
    expect(await (await setup.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' })).result).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
  });

  it('shuts its lane, over restarts, until a person has resolved it; other lanes and methods go on', async () => {
    let setup = await reopen(await cutOff(), options([2]));
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    setup = await reopen(setup, options([2]));
    await until(setup, 'its sale has ended', () => setup.till.executions().every(({ status }) => status !== 'running'));
    expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent' });
    expect(await run(setup, {}, 'T2')).toMatchObject({ status: 'succeeded' });
    expect(await (await setup.till.start({ terminal: 'T1', workflow: 'other' })).result).toMatchObject({ status: 'succeeded' });
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'not-paid', by: 'Li', reason: 'refunded at the counter' });
    await settled(setup);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(await keptSealed(setup)).toEqual([]);
    expect(statuses(setup.host)).toEqual(['approved', 'approved', 'approved']);
  });

  it('is settled where the plugin still reads it', async () => {
    const setup = await reopen(await cutOff(), options([1, 2]));
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
    expect(setup.till.cases()).toEqual([]);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  });

  it('is gone on with when a plugin that reads it comes back', async () => {
    let setup = await reopen(await cutOff(), options([2]));
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    setup = await reopen(setup, options([1, 2]));
    await until(setup, 'it is reversed', () => statuses(setup.host)[0] === 'reversed');
    // What was told to a person stays until the person has seen to it.
    expect(setup.till.cases()).toHaveLength(1);
  });

  it('and was undone without proof, is not tried again: nobody could look for the first attempt', async () => {
    const retried = flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 60, MaxAttempts: 1 }] }) });
    const first = await open({ ...options([1]), flow: retried });
    first.host.submits.push({ lost: 'request' });
    const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    await until(first, 'it is undone', () => events(first.log, 'taskFailed').length > 0);
    const second = await cut(first, { ...options([2]), flow: retried });
    expect(await (await second.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'Payment.NotSent' });
    expect(verbs(second.host)).toEqual(['submit', 'reverse']);
    expect(second.till.cases()).toHaveLength(1);
  });

  it('and was approved in part, keeps its lane shut when its flow fails', async () => {
    const part = flow({ Pay: pay({ Next: 'Wait' }, { amountMinor: 600, dueMinor: 1000 }), Wait: { Type: 'Wait', Seconds: 60, Next: 'Break' }, Break: { Type: 'Fail', Error: 'X', Cause: 'x' } });
    const workflows = { ...options([1]).workflows, part };
    const first = await open({ ...options([1]), workflows });
    const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'part' });
    result.catch(() => {});
    await until(first, 'it waits', () => events(first.log, 'waitStarted').length > 0);
    const second = await cut(first, { ...options([2]), workflows });
    expect(await (await second.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'X' });
    expect(await run(second)).toMatchObject({ error: 'Payment.NotSent' });
    expect(verbs(second.host)).not.toContain('reverse');
  });

  it('and was approved for less than was asked, is told as unsettled, also when a person was quicker: nobody waits for ever', async () => {
    const first = await open(options([1]));
    first.host.submits.push(approvedFor(300));
    const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    await result;
    const approved = first.log.records.findIndex(({ event }) => event.type === 'paymentAnswered');
    first.clock.stop();
    const records = first.log.records.slice(0, approved + 1);
    const second = await open({ ...options([2]), log: memoryLog({ records }) });
    expect(await (await second.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
    const opened = second.log.records.findIndex(({ event }) => event.type === 'caseOpened');
    const { event } = second.log.records[opened] ?? {};
    if (event?.type !== 'caseOpened') throw new Error('no case');
    const before = memoryLog({ records: second.log.records.slice(0, opened + 1) });
    await before.open();
    before.append([{ stream: `p/${executionId}/Pay#1`, event: { type: 'caseResolved', caseId: event.caseId, as: 'paid', by: 'Li', reason: "seen in the host's books" } }], second.clock.now());
    second.clock.stop();
    const third = await open({ ...options([2]), log: memoryLog({ records: before.records }) });
    expect(await (await third.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
  });

  it('and was declined stands in nobody\'s way: the next attempt of the payment is settled', async () => {
    const retried = flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 60, MaxAttempts: 1 }] }) });
    const first = await open({ ...options([1]), flow: retried });
    first.host.submits.push({ ...declined, again: 'later' } as Answer);
    const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    await until(first, 'it is declined', () => events(first.log, 'taskFailed').length > 0);
    const second = await cut(first, { ...options([2]), flow: retried });
    second.host.submits.push({ lost: 'answer' });
    expect(await (await second.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(statuses(second.host)).toEqual(['reversed']);
    expect(second.till.cases()).toEqual([]);
  });
});

describe('rule 18: a payment whose plugin is gone', () => {
  const gone: SetupOptions = { ...options([1]), method: { id: 'else' }, flow: flow({ Pay: pay({}, { method: 'else' }) }) };

  it('and was paid before that is told as paid: nobody pays again', async () => {
    const instead = flow({ Pay: pay({ Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Instead' }] }), Instead: pay({}, { method: 'other' }) });
    const setup = await open({ ...options([1]), flow: instead });
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    await result;
    const committed = setup.log.records.findIndex(({ event }) => event.type === 'paymentCommitted');
    setup.clock.stop();
    const later = await open({ ...gone, log: memoryLog({ records: setup.log.records.slice(0, committed + 1) }) });
    expect(await (await later.till.get(executionId)).result).toMatchObject({ status: 'succeeded', output: { paymentId: `${executionId}/Pay#1`, amountMinor: 1000 } });
  });

  it('and was undone without proof is a case: nobody looks for it again, and what that needs is kept until a person has', async () => {
    const first = await open({ ...options([1]), method: { seal: true } });
    first.host.submits.push({ lost: 'request' });
    await run(first);
    expect(events(first.log, 'paymentUndoAnswered')).toMatchObject([{ event: { answer: { proof: 'no-original' } } }]);
    await first.log.durable(first.log.head);
    const setup = await reopen(first, gone);
    const alarms = alarmsOf(setup);
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    expect(alarms).toMatchObject([{ kind: 'plugin-missing' }]);
    expect(await setup.sealed.keys()).toHaveLength(1);
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'not-paid', by: 'Li', reason: "nothing stands in the host's books" });
    await setup.clock.until(setup.clock.now() + 1_000);
    expect(await setup.sealed.keys()).toEqual([]);
  });
});

describe('rule 18: a plugin that does not say what it stores', () => {
  it('takes no payment: it could not be settled after a restart', async () => {
    const host = scriptedHost();
    const plugin = scriptedMethod({ id: 'm', host, kind: 'wallet', dataVersions: [2] });
    const [provision] = plugin.provides;
    if (provision?.how.kind !== 'value') throw new Error('not a value');
    const { dataVersions: _told, ...method } = provision.how.value as { dataVersions?: unknown };
    const silent = { ...plugin, name: 'silent', provides: [{ ...provision, how: { kind: 'value', value: { ...method, id: 'silent' } } as const }] };
    const setup = await open({ kind: 'wallet', plugins: [silent], flow: flow({ Pay: pay({}, { method: 'silent' }) }) });
    expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent', cause: expect.stringContaining('dataVersions') });
    expect(host.calls).toEqual([]);
  });

  it('is refused where what it says is no list of versions', async () => {
    for (const dataVersions of [[], [0], [1.5]]) await expect(open(options(dataVersions))).rejects.toMatchObject({ code: 'PLUGIN_UNSAFE' });
  });
});

/** The answer of a sale is lost, and its plugin does not read it in the next life: a case, and its Task hears that it is not settled. Then its plugin is back. */
const heardUnsettled = async (flowText: string): Promise<Setup> => {
  const reading = (dataVersions: readonly number[]): SetupOptions => ({ kind: 'wallet', flow: flowText, method: { dataVersions } });
  const first = await open(reading([1]));
  first.host.submits.push({ lost: 'answer' });
  run(first).catch(() => {});
  await until(first, 'it is submitted', () => first.host.calls.length > 0);
  const second = await cut(first, reading([2]));
  await until(second, 'it is told', () => [...events(second.log, 'taskFailed'), ...events(second.log, 'stepLeft')].length > 0);
  return await cut(second, reading([1]));
};

describe('rule 13: a Task that is tried again', () => {
  it('hears what became of the attempt that nobody could decide: it is paid, and was not before', async () => {
    const third = await heardUnsettled(flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Unsettled', 'Payment.NotSent'], IntervalSeconds: 60, MaxAttempts: 2 }] }) }));
    const { result } = await third.till.get(third.till.executions()[0]?.executionId ?? '');
    expect(await result).toMatchObject({ status: 'succeeded', output: { amountMinor: 1000, committed: true } });
    expect(statuses(third.host)).toEqual(['approved']);
    expect(verbs(third.host).filter((verb) => verb === 'submit')).toHaveLength(1);
  });
});

describe('rule 10: a flow that goes on without a payment which nobody could decide', () => {
  it('does not pay for it once it turns out to be approved', async () => {
    const third = await heardUnsettled(
      flow({
        Pay: pay({ Catch: [{ ErrorEquals: ['Payment.Unsettled'], Next: 'Tell' }], Next: 'Tell' }),
        Tell: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'another way to pay?' }, TimeoutSeconds: 300, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'End' }], Next: 'End' },
        End: { Type: 'Succeed' },
      }),
    );
    await third.clock.until(third.clock.now() + 900_000);
    expect(events(third.log, 'paymentCommitted')).toEqual([]);
    // A person looks, and nothing is kept without one.
    expect(third.till.payments()).toMatchObject([{ committed: false, state: 'case' }]);
    expect(third.till.cases()).toHaveLength(1);
  });
});

describe('rule 18: a payment whose terminal is not opened any more', () => {
  const twoTills: SetupOptions = { kind: 'wallet', terminals: 2 };
  /** The power fails as the first record of a type has reached the disk; the next life has T1 alone. */
  const withoutItsTerminal = async (type: string): Promise<Setup> => {
    const first = await open(twoTills);
    void run(first, {}, 'T2');
    await until(first, 'it is paid', () => events(first.log, 'paymentCommitted').length > 0);
    const records = first.log.records.slice(0, events(first.log, type)[0]?.seq);
    first.clock.stop();
    return await open({ ...twoTills, terminals: 1, host: first.host, sealed: first.sealed, log: memoryLog({ records }) });
  };
  const resultOf = async ({ till }: Setup) => await (await till.get(till.executions()[0]?.executionId ?? '')).result;

  it('is told as paid where that is known', async () => {
    const setup = await withoutItsTerminal('paymentCommitted');
    expect(await resultOf(setup)).toMatchObject({ status: 'succeeded', output: { amountMinor: 1000, committed: true } });
    expect(setup.till.cases()).toEqual([]);
  });

  it('is a case where nothing is known of it', async () => {
    const setup = await withoutItsTerminal('paymentPrepared');
    expect(await resultOf(setup)).toMatchObject({ status: 'failed', error: 'Payment.Unsettled', unsettled: [expect.anything()] });
    expect(setup.till.cases()).toHaveLength(1);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  });
});
