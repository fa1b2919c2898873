/** Rule 15: for one sale no more is taken than what is due for it, however often a flow asks. */
import { describe, expect, it } from 'vitest';
import { memoryLog } from '../log/memory-log.js';
import { approvedFor, broken, declined, flow, open, pay, reopen, run, settled, type Setup, type SetupOptions, type State, statuses, until } from './money-rules.testing.js';

const succeed: State = { Type: 'Succeed' };
const branch = (states: { [name: string]: State }) => ({ StartAt: Object.keys(states)[0] ?? '', States: states });
const caught: State = { Catch: [{ ErrorEquals: ['X'], Next: 'Instead' }] };
const stands = ({ host }: Setup): number[] => [...host.ledger.values()].filter(({ status }) => status === 'approved').map(({ amountMinor }) => amountMinor);
const refused = { status: 'failed', error: 'Payment.ExceedsDue' };

/** What it pays for is given from outside. */
const ofSale = (extra: State = {}, dueMinor = '{% $states.input.dueMinor %}'): State =>
  pay(extra, { amountMinor: '{% $states.input.amountMinor %}', dueMinor, saleReference: '{% $states.input.sale %}' });
const sale = (amountMinor: number, dueMinor = 1000, name = 'bill-7') => ({ amountMinor, dueMinor, sale: name });

describe('rule 15: a sale that is paid is not paid once more', () => {
  it.each(['wallet', 'card'] as const)('by a Catch behind a branch that has committed it (%s)', async (kind) => {
    const both = { Type: 'Parallel', Branches: [branch({ Pay: pay() }), branch({ Wait: { Type: 'Wait', Seconds: 5, Next: 'Broken' }, Broken: broken })], ...caught, End: true };
    const setup = await open({ kind, flow: flow({ Both: both, Instead: pay() }) });
    expect(await run(setup)).toMatchObject({ ...refused, unsettled: [] });
    expect(stands(setup)).toEqual([1000]);
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', committed: true }]);
  });

  it('by a second Task, nor by the second iteration of a Map', async () => {
    const twice = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Again' }), Again: pay({}, { amountMinor: 300 }) }) });
    expect(await run(twice)).toMatchObject({ ...refused, cause: expect.stringContaining('of 300 that are due for sale') });
    expect(stands(twice)).toEqual([1000]);

    const map: State = { Type: 'Map', Items: [1, 2], MaxConcurrency: 1, ItemProcessor: branch({ Pay: pay() }), End: true };
    const mapped = await open({ kind: 'wallet', flow: flow({ Map: map }) });
    expect(await run(mapped)).toMatchObject(refused);
    expect(stands(mapped)).toEqual([1000]);
  });

  it('and neither is more taken than the rest of it', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Part: pay({ Next: 'Whole' }, { amountMinor: 600, dueMinor: 1000 }), Whole: pay({}, { dueMinor: 1000 }) }) });
    expect(await run(setup)).toMatchObject(refused);
    await settled(setup);
    // What does not cover the sale does not stand.
    expect(statuses(setup.host)).toEqual(['reversed']);

    const alone = await open({ kind: 'wallet', flow: flow({ Pay: pay({}, { dueMinor: 999 }) }) });
    expect(await run(alone)).toMatchObject(refused);
    expect(alone.host.calls).toEqual([]);
  });

  it('in another currency', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Again' }), Again: pay({}, { amountMinor: 150, dueMinor: 5000, currency: 'USD' }) }) });
    expect(await run(setup)).toMatchObject({ ...refused, cause: expect.stringContaining('paid in CNY') });
    expect(stands(setup)).toEqual([1000]);
  });

  it('by another transaction that names it, though the first has left memory, and after a restart', async () => {
    const options: SetupOptions = { kind: 'wallet', terminals: 2, keepClosed: 0, flow: flow({ Pay: ofSale() }) };
    const first = await open(options);
    expect(await run(first, sale(1000))).toMatchObject({ status: 'succeeded' });
    expect(first.till.payments()).toEqual([]);
    expect(await run(first, sale(1000), 'T2')).toMatchObject(refused);
    const second = await reopen(first, options);
    expect(await run(second, sale(1))).toMatchObject(refused);
    expect(await run(second, sale(1000, 1000, 'bill-8'))).toMatchObject({ status: 'succeeded' });
    expect(stands(second)).toEqual([1000, 1000]);
  });

  it('by another transaction that names the first one by its key or its id', async () => {
    const setup = await open({ kind: 'wallet', keepClosed: 0, flow: flow({ Pay: pay() }), workflows: { other: flow({ Pay: ofSale() }) } });
    const keyed = await setup.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: {} });
    await keyed.result;
    const plain = await setup.till.start({ terminal: 'T1', workflow: 'sale', input: {} });
    await plain.result;
    for (const name of ['order-1', plain.executionId]) {
      expect(await (await setup.till.start({ terminal: 'T1', workflow: 'other', input: sale(1000, 1000, name) })).result).toMatchObject(refused);
    }
    expect(stands(setup)).toEqual([1000, 1000]);
  });
});

describe('rule 15: a sale in parts, whose last part leaves memory while an earlier one is read back from the log', () => {
  it('is not paid once more', async () => {
    const log = memoryLog();
    const read = log.read.bind(log);
    let reading = Promise.resolve();
    log.read = async function* (stream) {
      await reading;
      yield* read(stream);
    };
    const seen: State = { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'Thank you' }, End: true };
    const commit: State = { Type: 'Task', Resource: 'payment:commit', Next: 'Seen' };
    const setup = await open({ kind: 'wallet', log, terminals: 2, keepClosed: 0, flow: flow({ Pay: ofSale({ Next: 'Commit' }), Commit: commit, Seen: seen }) });
    const { till } = setup;
    const see = (): void => till.prompts().forEach(({ id }) => till.answer(id, true));
    const first = run(setup, sale(300));
    await until(setup, 'its first part is paid', () => till.prompts().length > 0);
    see();
    await first;
    expect(till.payments()).toEqual([]);

    const rest = run(setup, sale(700));
    await until(setup, 'the rest is paid', () => till.prompts().length > 0);
    let goOn: () => void = () => {};
    reading = new Promise((resolve) => (goOn = resolve));
    const other = run(setup, sale(700), 'T2');
    await setup.clock.until(setup.clock.now() + 1_000);
    see();
    await rest;
    expect(till.payments()).toEqual([]);
    till.on('prompt', ({ id }) => queueMicrotask(() => till.answer(id, true)));
    goOn();
    expect(await other).toMatchObject(refused);
    expect(stands(setup)).toEqual([300, 700]);
  });
});

describe('rule 15: a sale that another transaction pays while its own one runs', () => {
  const late: SetupOptions = {
    kind: 'wallet',
    terminals: 2,
    keepClosed: 0,
    flow: flow({ Wait: { Type: 'Wait', Seconds: 60, Next: 'Pay' }, Pay: pay() }),
    workflows: { other: flow({ Pay: ofSale() }) },
  };

  it.each([false, true])('is not paid once more, though that one is closed and over (restarted between: %s)', async (restarts) => {
    let setup = await open(late);
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    expect(await (await setup.till.start({ terminal: 'T2', workflow: 'other', input: sale(1000, 1000, executionId) })).result).toMatchObject({ status: 'succeeded' });
    if (restarts) setup = await reopen(setup, late);
    expect(await (await setup.till.get(executionId)).result).toMatchObject(refused);
    expect(stands(setup)).toEqual([1000]);
    expect(setup.till.payments()).toEqual([]);
  });
});

describe('rule 15: what is still due may be taken', () => {
  it('where the sale is another one, or where what was taken for it was declined or undone', async () => {
    const other = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Other' }), Other: pay({}, { saleReference: 'another' }) }) });
    expect(await run(other)).toMatchObject({ status: 'succeeded' });
    expect(stands(other)).toEqual([1000, 1000]);

    const instead: State = { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Instead' }], Next: 'Instead' };
    const again = await open({ kind: 'wallet', flow: flow({ Pay: pay(instead), Instead: pay() }) });
    again.host.submits.push(declined);
    expect(await run(again)).toMatchObject({ status: 'succeeded' });
    expect(stands(again)).toEqual([1000]);
  });

  it.each([50, 0])('by another transaction: it is committed where both cover it (%i closed ones in memory)', async (keepClosed) => {
    const options: SetupOptions = {
      kind: 'card',
      keepClosed,
      flow: flow({ Pay: ofSale({ Next: 'Commit' }), Commit: { Type: 'Task', Resource: 'payment:commit', Next: 'Done' }, Done: succeed }),
      workflows: { rest: flow({ Pay: ofSale() }) },
    };
    const first = await open(options);
    expect(await run(first, sale(600))).toMatchObject({ status: 'succeeded' });
    const second = await reopen(first, options);
    const rest = async (amountMinor: number) => await (await second.till.start({ terminal: 'T1', workflow: 'rest', input: sale(amountMinor) })).result;
    expect(await rest(500)).toMatchObject(refused);
    expect(await rest(300)).toMatchObject({ status: 'failed', error: 'Payment.Uncommitted' });
    await settled(second);
    expect(await rest(400)).toMatchObject({ status: 'succeeded', output: { committed: true } });
    expect(stands(second)).toEqual([600, 400]);
  });

  it('counts what a person decided', async () => {
    const paid = { status: 'succeeded' };
    for (const [decided, again] of [[{ as: 'paid' }, [[1, refused]]], [{ as: 'not-paid' }, [[1000, paid]]], [{ as: 'paid', amountMinor: 400 }, [[601, refused], [600, paid], [1, refused]]]] as const) {
      const setup = await open({ kind: 'wallet', flow: flow({ Pay: ofSale() }) });
      setup.host.submits.push({ lost: 'answer' });
      for (let n = 0; n < 50; n += 1) {
        setup.host.findings.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
        setup.host.reversals.push({ outcome: 'refused', code: '12' });
      }
      expect(await run(setup, sale(1000))).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
      const [open_] = setup.till.cases();
      expect(await run(setup, sale(1000))).toMatchObject({ status: 'failed', error: 'Payment.NotSent' });
      await setup.till.resolve(open_?.caseId ?? '', { ...decided, by: 'Li', reason: 'seen in the books' });
      for (const [amountMinor, then] of again) expect(await run(setup, sale(amountMinor))).toMatchObject(then);
    }
  });

  it('where a payment:commit has kept a part of it before', async () => {
    const setup = await open({
      kind: 'wallet',
      flow: flow({ Part: pay({ Next: 'Commit' }, { amountMinor: 600, dueMinor: 1000 }), Commit: { Type: 'Task', Resource: 'payment:commit', Next: 'Rest' }, Rest: pay({}, { amountMinor: 400, dueMinor: 1000 }) }),
    });
    expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
  });
});

describe('rule 9: what counts towards a commitment', () => {
  const commit = (Next: string): State => ({ Type: 'Task', Resource: 'payment:commit', Next });

  it('is each part once: one that its own flow has committed is not paid twice over', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Part: pay({ Next: 'Commit' }, { amountMinor: 300, dueMinor: 1000 }), Commit: commit('More'), More: pay({ Next: 'Broken' }, { amountMinor: 400, dueMinor: 1000 }), Broken: broken }) });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'X' });
    await settled(setup);
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 300 }, { state: 'undone', committed: false }]);
    expect(stands(setup)).toEqual([300]);
  });

  it('is what another transaction has committed, not what it may still undo', async () => {
    const wait: State = { Type: 'Wait', Seconds: 60, Next: 'Broken' };
    const setup = await open({ kind: 'wallet', terminals: 2, flow: flow({ Pay: ofSale({ Next: 'Wait' }), Wait: wait, Broken: broken }), workflows: { rest: flow({ Pay: ofSale() }) } });
    const first = run(setup, sale(400));
    await setup.clock.until(setup.clock.now() + 5_000);
    expect(await (await setup.till.start({ terminal: 'T2', workflow: 'rest', input: sale(600) })).result).toMatchObject({ status: 'failed', error: 'Payment.Uncommitted' });
    expect(await first).toMatchObject({ status: 'failed', error: 'X' });
    await settled(setup);
    expect(stands(setup)).toEqual([]);
  });

  it('is a part that a person called paid', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ First: pay({ Catch: [{ ErrorEquals: ['Payment.Unsettled'], Next: 'Look' }] }, { amountMinor: 400, dueMinor: 1000 }), Look: { Type: 'Wait', Seconds: 600, Next: 'Rest' }, Rest: pay({}, { amountMinor: 600, dueMinor: 1000 }) }) });
    const { host, till, clock } = setup;
    const unknown = { outcome: 'unknown', reason: 'no-answer', why: 'silence' } as const;
    host.submits.push(unknown);
    host.findings.push(unknown, unknown, unknown, unknown);
    host.reversals.push(unknown, unknown, unknown, unknown, unknown);
    const { result } = await till.start({ terminal: 'T1', workflow: 'sale' });
    await until(setup, 'a case is open', () => till.cases().length > 0);
    await till.resolve(till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'it stands in the books' });
    await clock.until(clock.now() + 10_000);
    expect(await result).toMatchObject({ status: 'succeeded', output: { committed: true } });
  });

  it('is an attempt whose former one was approved for less than was asked, and undone for that', async () => {
    const again = { Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }], Next: 'Commit' };
    const setup = await open({ kind: 'wallet', flow: flow({ Part: pay(again, { amountMinor: 600, dueMinor: 1000 }), Commit: commit('Done'), Done: succeed }) });
    setup.host.submits.push(approvedFor(200));
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 600, committed: true }]);
  });
});
