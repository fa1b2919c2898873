/** Rule 10: branches, iterations and child workflows own what they took. */
import { describe, expect, it } from 'vitest';
import { memoryLog } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import { approvedFor, broken, cut, declined, events, flow, open, pay, reopen, run, settled, type Setup, type SetupOptions, type State, statuses, until, verbs } from './money-rules.testing.js';
import { virtualClock } from './virtual-clock.js';

const succeed: State = { Type: 'Succeed' };
const caughtTo = (next: string): State => ({ Catch: [{ ErrorEquals: ['States.ALL'], Next: next }], Next: next });
const branch = (states: { [name: string]: State }) => ({ StartAt: Object.keys(states)[0] ?? '', States: states });
/** Begins anew while something of the sale is not decided. */
const patient: State = { Retry: [{ ErrorEquals: ['Payment.NotSent'], IntervalSeconds: 5, MaxAttempts: 9 }] };
const stands = ({ host }: Setup): number[] => [...host.ledger.values()].filter(({ status }) => status === 'approved').map(({ amountMinor }) => amountMinor);

/** One payment for each amount, one after the other; an iteration given as broken fails once it is paid. */
const each = (extra: State): State => ({
  Type: 'Map',
  Items: '{% $states.input.parts %}',
  MaxConcurrency: 1,
  ItemProcessor: branch({
    Part: pay({ Output: '{% $states.input.broken %}', Next: 'Whole' }, { amountMinor: '{% $states.input.amountMinor %}', dueMinor: 1000 }),
    Whole: { Type: 'Choice', Choices: [{ Condition: '{% $states.input %}', Next: 'Broken' }], Default: 'Done' },
    Broken: broken,
    Done: succeed,
  }),
  ...extra,
});
const part = (amountMinor: number, breaks = false) => ({ amountMinor, broken: breaks });

describe('rule 10: an iteration of a Map', () => {
  it('that fails gives back what it took, though the Map tolerates it; what its sisters took is handed up and committed with the rest', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Parts: each({ ToleratedFailureCount: 1, Next: 'Rest' }), Rest: pay(patient, { amountMinor: 400, dueMinor: 1000 }) }) });
    expect(await run(setup, { parts: [part(600), part(300, true)] })).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(stands(setup)).toEqual([600, 400]);
    expect(setup.till.payments().map(({ state, committed }) => ({ state, committed }))).toEqual([
      { state: 'paid', committed: true },
      { state: 'undone', committed: false },
      { state: 'paid', committed: true },
    ]);
  });

  it('that the Map does not tolerate takes its sisters\' payments along, though the error is caught outside', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Parts: each(caughtTo('Instead')), Instead: pay(patient) }) });
    expect(await run(setup, { parts: [part(600), part(300, true)] })).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(stands(setup)).toEqual([1000]);
    expect(statuses(setup.host)).toEqual(['reversed', 'reversed', 'approved']);
  });

  it('takes its sisters\' payments along when the Map is begun anew', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Parts: each({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 5, MaxAttempts: 1 }], End: true }) }) });
    setup.host.submits.push((amount) => approvedFor(amount), declined);
    expect(await run(setup, { parts: [part(600), part(400)] })).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed', 'approved', 'approved']);
  });

  it('that succeeds hands its payment up: a later failure of the flow undoes it', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Parts: each({ Next: 'Broken' }), Broken: broken }) });
    expect(await run(setup, { parts: [part(600)] })).toMatchObject({ status: 'failed', error: 'X' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('keeps what was committed inside it, however the Map ends', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Parts: each(caughtTo('Done')), Done: succeed }) });
    expect(await run(setup, { parts: [part(1000, true)] })).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(stands(setup)).toEqual([1000]);
  });
});

describe('rule 10: a scope that is entered once more', () => {
  /** A bill of 1000 in two parts, each taken by the same step; a part that is declined is taken once more. */
  const bill = (taker: State): string =>
    flow({
      Begin: { Type: 'Pass', Assign: { parts: [600, 400] }, Next: 'Part' },
      Part: { ...taker, Assign: { parts: '{% [$parts[[1..5]]] %}' }, Catch: [{ ErrorEquals: ['Payment.Declined'], Next: 'Sorry' }], Next: 'More' },
      Sorry: { Type: 'Wait', Seconds: 60, Next: 'Part' },
      More: { Type: 'Choice', Choices: [{ Condition: '{% $count($parts) > 0 %}', Next: 'Part' }], Default: 'Commit' },
      Commit: { Type: 'Task', Resource: 'payment:commit', End: true },
    });
  const taking = pay({}, { amountMinor: '{% $states.input.amountMinor %}', dueMinor: 1000 });
  const input = { amountMinor: '{% $parts[0] %}' };
  const within: [string, State][] = [
    ['a child workflow', { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'part', input } }],
    ['a Parallel', { Type: 'Parallel', Arguments: input, Branches: [branch({ Take: taking })] }],
    ['a Map', { Type: 'Map', Items: ['{% $parts[0] %}'], ItemSelector: { amountMinor: '{% $states.context.Map.Item.Value %}' }, MaxConcurrency: 1, ItemProcessor: branch({ Take: taking }) }],
  ];

  it.each(within.flatMap(([name, taker]) => [false, true].map((restarts) => [name, restarts, taker] as const)))('and fails keeps what it had taken the time before, when it succeeded: %s (restarted between: %s)', async (_, restarts, taker) => {
    const options: SetupOptions = { kind: 'wallet', flow: bill(taker), workflows: { part: flow({ Take: taking }) } };
    let setup = await open(options);
    setup.host.submits.push((amount) => approvedFor(amount), { ...declined, again: 'later' } as typeof declined);
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    await until(setup, 'the second part is declined', () => events(setup.log, 'waitStarted').length > 0);
    if (restarts) setup = await cut(setup, options);
    expect(await (await setup.till.get(executionId)).result).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(stands(setup)).toEqual([600, 400]);
    expect(setup.till.payments().map(({ state, committed }) => ({ state, committed }))).toEqual([
      { state: 'paid', committed: true },
      { state: 'declined', committed: false },
      { state: 'paid', committed: true },
    ]);
  });
});

describe('rule 10: a child workflow', () => {
  const parent = (extra: State, then: { [name: string]: State }): string => flow({ Child: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'child', input: {} }, ...extra }, ...then });
  const paying = pay({ Next: 'Broken' }, { amountMinor: 600, dueMinor: 1000 });
  const half = pay({}, { amountMinor: 600, dueMinor: 1000 });

  it('that fails gives back what it took, though the error is caught outside', async () => {
    const setup = await open({ kind: 'card', flow: parent(caughtTo('Instead'), { Instead: pay(patient) }), workflows: { child: flow({ Half: paying, Broken: broken }) } });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(stands(setup)).toEqual([1000]);
    expect(verbs(setup.host)).toEqual(['submit', 'complete', 'submit', 'submit', 'complete']);
  });

  it('is run anew by a Retry, as another payment, once what its first run took is undone', async () => {
    const setup = await open({ kind: 'wallet', flow: parent({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 5, MaxAttempts: 1 }], End: true }, {}), workflows: { child: flow({ Half: pay({ Next: 'Rest' }, { amountMinor: 600, dueMinor: 1000 }), Rest: pay({}, { amountMinor: 400, dueMinor: 1000 }) }) } });
    setup.host.submits.push((amount) => approvedFor(amount), declined);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed', 'approved', 'approved']);
    expect(stands(setup)).toEqual([600, 400]);
  });

  it('that succeeds hands its payment up: it is committed with what its parent takes, or undone with it', async () => {
    const child = flow({ Half: half });
    const whole = await open({ kind: 'card', flow: parent({ Next: 'Rest' }, { Rest: pay({}, { amountMinor: 400, dueMinor: 1000 }) }), workflows: { child } });
    expect(await run(whole)).toMatchObject({ status: 'succeeded' });
    expect(whole.till.payments().map(({ committed }) => committed)).toEqual([true, true]);

    const failing = await open({ kind: 'card', flow: parent({ Next: 'Broken' }, { Broken: broken }), workflows: { child } });
    expect(await run(failing)).toMatchObject({ status: 'failed', error: 'X' });
    await settled(failing);
    expect(statuses(failing.host)).toEqual(['refunded']);

    const alone = await open({ kind: 'card', flow: parent({ End: true }, {}), workflows: { child } });
    expect(await run(alone)).toMatchObject({ status: 'failed', error: 'Payment.Uncommitted' });
    await settled(alone);
    expect(statuses(alone.host)).toEqual(['refunded']);
  });
});

describe('rule 10: submits under way when their scope ends badly', () => {
  /** The other branch fails while this one's host is still thinking. */
  const beside = (then: { [name: string]: State }): string =>
    flow({
      Both: { Type: 'Parallel', Branches: [branch({ Pay: pay() }), branch({ Soon: { Type: 'Wait', Seconds: 1, Next: 'Broken' }, Broken: broken })], ...caughtTo(Object.keys(then)[0] ?? '') },
      ...then,
    });
  const afterMs = ({ clock, host }: Setup, ms: number) => async (amount: number) => {
    await clock.until(clock.now() + ms);
    host.calls.push('answered');
    return approvedFor(amount);
  };

  it.each(['wallet', 'card'] as const)('are waited for, and undone once they are answered (%s)', async (kind) => {
    const setup = await open({ kind, flow: beside({ Done: succeed }) });
    setup.host.submits.push(afterMs(setup, 3_000));
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(setup.host.calls).toHaveLength(1);
    await until(setup, 'it is answered and undone', () => statuses(setup.host)[0] !== undefined && statuses(setup.host)[0] !== 'approved');
    await settled(setup);
    expect(stands(setup)).toEqual([]);
    expect(verbs(setup.host)).toEqual(['submit', 'answered', kind === 'card' ? 'submit' : 'reverse']);
  });

  it.each(['wallet', 'card'] as const)('are undone after a restart too: the flow is already past them (%s)', async (kind) => {
    const options = { kind, flow: beside({ Tell: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'cash?' }, End: true } }) } as const;
    const first = await open(options);
    first.host.submits.push((amount) => {
      first.host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: amount, status: 'approved' });
      return new Promise(() => {});
    });
    const { result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    await until(first, 'the flow has gone on', () => first.till.prompts().length > 0);
    await first.log.durable(first.log.head);
    const second = await reopen(first, options);
    await settled(second);
    expect(statuses(second.host)).toEqual(['reversed']);
    expect(events(second.log, 'paymentCommitted')).toEqual([]);
  });

  it('that have not begun are not begun: what was being sealed for them is forgotten', async () => {
    const clock = virtualClock();
    const store = memorySealedStore();
    const sealed: typeof store = {
      ...store,
      put: async (key, data) => {
        await clock.until(clock.now() + 3_000);
        await store.put(key, data);
      },
    };
    const setup = await open({ kind: 'card', method: { seal: true }, flow: beside({ Done: succeed }), clock, sealed });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await clock.until(clock.now() + 60_000);
    expect(setup.host.calls).toEqual([]);
    expect(setup.till.payments()).toEqual([]);
    expect(await store.keys()).toEqual([]);
  });
});

it('rule 10: what a branch that failed has left waiting for its payer is given back, though the power fails right after', async () => {
  const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
  const both: State = { Type: 'Parallel', Branches: [branch({ Pay: pay() }), branch({ Wait: { Type: 'Wait', Seconds: 7, Next: 'Broken' }, Broken: broken })], ...caughtTo('Later') };
  const options: SetupOptions = { kind: 'wallet', flow: flow({ Both: both, Later: { Type: 'Wait', Seconds: 60, Next: 'Done' }, Done: succeed }) };
  const first = await open(options);
  first.host.submits.push((amount) => {
    first.host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: amount, status: 'approved' });
    return waiting;
  });
  first.host.findings.push(waiting);
  // The first life's own undo does not get through.
  first.host.reversals.push({ outcome: 'not-sent', why: 'no connection' });
  const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
  result.catch(() => {});
  await until(first, 'the flow went on', () => events(first.log, 'waitStarted').length === 2);
  first.clock.stop();
  const end = first.log.records.findIndex(({ event }) => event.type === 'stepLeft' && event.step === 'Both#1');
  const second = await open({ ...options, host: first.host, log: memoryLog({ records: first.log.records.slice(0, end + 1) }) });
  expect(await (await second.till.get(executionId)).result).toMatchObject({ status: 'succeeded' });
  await settled(second);
  expect(statuses(second.host)).toEqual(['reversed']);
});
