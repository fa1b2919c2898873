/** What a power cut leaves in the middle of a transaction goes on when the till is opened again: the same `todo` that runs it live. */
import { describe, expect, it } from 'vitest';
import { action, Actions, bind, Counters, definePlugin, type Plugin } from '../contract.js';
import type { Json } from '../json.js';
import { memoryLog } from '../log/memory-log.js';
import { approvedFor, cut, events, flow, open, reopen, run, settled, type Setup, type SetupOptions, type State, statuses, until, verbs } from './money-rules.testing.js';
import { virtualClock } from './virtual-clock.js';

const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {} } as const;

/** A device that is at work until it is told to be done. */
const bench = (): { plugin: Plugin; calls: Json[]; done: () => void } => {
  const calls: Json[] = [];
  let isDone = false;
  const waiting: (() => void)[] = [];
  const work = async (args: Json): Promise<Json> => {
    calls.push(args);
    if (!isDone) await new Promise<void>((resolve) => waiting.push(resolve));
    return calls.length;
  };
  const plugin = definePlugin({
    name: 'bench',
    provides: [bind(Actions).toValue({ namespace: 'bench', actions: { again: action({ ...manifest, redo: 'again', run: work }), once: action({ ...manifest, redo: 'fail', run: work }), breaks: action({ ...manifest, redo: 'again', run: () => Promise.reject(new Error('broken')) }) } })],
  });
  return {
    plugin,
    calls,
    done: () => {
      isDone = true;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
};

const task = (resource: string, extra: State = {}): State => ({ Type: 'Task', Resource: resource, Arguments: { n: '{% 6 + 1 %}' }, ...('Next' in extra ? {} : { End: true }), ...extra });
const caught: State = { Type: 'Pass', Output: { caught: '{% $states.input.Error %}' }, End: true };
const catching = (error: string): State => ({ Catch: [{ ErrorEquals: [error], Next: 'Caught' }] });
const start = async (setup: Setup): Promise<string> => {
  const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  result.catch(() => {});
  return executionId;
};
const resultOf = async ({ till }: Setup, executionId: string) => await (await till.get(executionId)).result;

describe('a call that was running when the power failed', () => {
  const begin = async (resource: string, extra: State = {}) => {
    const { plugin, calls, done } = bench();
    const options: SetupOptions = { kind: 'wallet', plugins: [plugin], flow: flow({ Do: task(resource, extra), ...('Catch' in extra ? { Caught: caught } : {}) }) };
    const first = await open(options);
    const executionId = await start(first);
    await until(first, 'it runs', () => calls.length > 0);
    return { first, executionId, options, calls, done };
  };

  it('runs again with the same arguments where it says so, and its result counts once', async () => {
    const { first, executionId, options, calls, done } = await begin('bench:again');
    const second = await cut(first, options);
    await until(second, 'it runs again', () => calls.length > 1);
    done();
    expect(await resultOf(second, executionId)).toMatchObject({ status: 'succeeded', output: 2 });
    expect(calls).toEqual([{ n: 7 }, { n: 7 }]);
    expect(events(second.log, 'stepLeft')).toHaveLength(1);
  });

  it('fails with Task.Interrupted where it must not, which a workflow may catch; it does not run again', async () => {
    const plain = await begin('bench:once');
    expect(await resultOf(await cut(plain.first, plain.options), plain.executionId)).toMatchObject({ status: 'failed', error: 'Task.Interrupted' });
    expect(plain.calls).toHaveLength(1);
    const caughtIt = await begin('bench:once', catching('Task.Interrupted'));
    expect(await resultOf(await cut(caughtIt.first, caughtIt.options), caughtIt.executionId)).toMatchObject({ status: 'succeeded', output: { caught: 'Task.Interrupted' } });
    expect(caughtIt.calls).toHaveLength(1);
  });

  it('fails with Task.Unknown where its plugin is gone', async () => {
    const { first, executionId } = await begin('bench:again', catching('Task.Unknown'));
    expect(await resultOf(await cut(first, { kind: 'wallet' }), executionId)).toMatchObject({ status: 'succeeded', output: { caught: 'Task.Unknown' } });
  });
});

describe('what is due at a time', () => {
  /** The till is off from 20 s after its first step until 40 s after it. */
  const overThePowerCut = async (first: State, plugins: readonly Plugin[] = []) => {
    const options: SetupOptions = { kind: 'wallet', plugins: [...plugins], flow: flow({ First: first }) };
    const setup = await open(options);
    const began = setup.clock.now();
    const executionId = await start(setup);
    await setup.clock.until(began + 20_000);
    setup.clock.stop();
    await setup.log.durable(setup.log.head);
    return { second: await reopen({ ...setup, clock: virtualClock({ startMs: began + 40_000 }) }, options), began, executionId };
  };

  it.each([
    { what: 'a wait', state: { Type: 'Wait', Seconds: 60, End: true }, result: { status: 'succeeded' } },
    { what: "a step's time-out", state: task('bench:again', { TimeoutSeconds: 60 }), result: { error: 'States.Timeout' } },
    { what: 'the interval of a retry', state: task('bench:breaks', { Retry: [{ ErrorEquals: ['Task.Failed'], IntervalSeconds: 60, MaxAttempts: 1 }] }), result: { error: 'Task.Failed' } },
  ])('keeps it: $what', async ({ state, result }) => {
    const { second, began, executionId } = await overThePowerCut(state as State, [bench().plugin]);
    expect(await resultOf(second, executionId)).toMatchObject(result);
    expect(second.clock.now() - began).toBe(60_000);
  });

  it('and was missed meanwhile is due at once', async () => {
    const options: SetupOptions = { kind: 'wallet', flow: flow({ First: { Type: 'Wait', Seconds: 60, End: true } }) };
    const setup = await open(options);
    const executionId = await start(setup);
    await setup.log.durable(setup.log.head);
    // The clock goes on while the till is off.
    await setup.clock.until(setup.clock.now() + 59_999);
    const second = await reopen(setup, options);
    const began = second.clock.now();
    await resultOf(second, executionId);
    expect(second.clock.now() - began).toBeLessThanOrEqual(1);
  });
});

describe('a workflow that was changed while the till was off', () => {
  it('holds for what begins from then on; what had begun goes on as it began', async () => {
    const { plugin, calls, done } = bench();
    const options = (says: string): SetupOptions => ({ kind: 'wallet', plugins: [plugin], flow: flow({ Do: task('bench:again', { Next: 'Say' }), Say: { Type: 'Pass', Output: says, End: true } }) });
    const first = await open(options('old'));
    const executionId = await start(first);
    await until(first, 'it runs', () => calls.length > 0);
    const second = await cut(first, options('new'));
    done();
    expect(await resultOf(second, executionId)).toMatchObject({ status: 'succeeded', output: 'old' });
    expect(await resultOf(second, await start(second))).toMatchObject({ status: 'succeeded', output: 'new' });
  });
});

describe('rule 8: an approval that an inquiry brings', () => {
  const due = approvedFor(1000, { completion: 'due' });

  it('is completed by the card that is still there', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.findings.push(due as never);
    expect(await resultOf(setup, await start(setup))).toMatchObject({ status: 'succeeded', output: { committed: true } });
    expect(events(setup.log, 'paymentCompleted')).toHaveLength(1);
  });

  it('is undone where the card went with the power', async () => {
    const first = await open({ kind: 'wallet' });
    first.host.submits.push({ lost: 'answer' });
    const executionId = await start(first);
    await until(first, 'it is submitted', () => first.host.calls.length > 0);
    const second = await cut(first, { kind: 'wallet' });
    second.host.findings.push(due as never);
    expect(await resultOf(second, executionId)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await settled(second);
    expect(statuses(second.host)).toEqual(['reversed']);
    expect(verbs(second.host).filter((verb) => verb === 'submit')).toHaveLength(1);
  });
});

it('who asks for a result once the till is closed is told so, and does not wait for ever: also of what was running before it was opened', async () => {
  const options: SetupOptions = { kind: 'wallet', flow: flow({ Ask: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'Well?' }, End: true } }) };
  const first = await open(options);
  const executionId = await start(first);
  const { till } = await cut(first, options);
  await till.close();
  const { status, result } = await till.get(executionId);
  expect(status).toBe('running');
  await expect(result).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

it.each(['card', 'wallet'] as const)('a till that is closed while a payment is at its host cancels nothing: what is approved meanwhile is paid (%s)', async (kind) => {
  const options: SetupOptions = { kind };
  const first = await open(options);
  let closed: Promise<void> | undefined;
  first.till.on('event', ({ event }) => {
    if (event.type === 'paymentPrepared') closed ??= first.till.close();
  });
  const { executionId, result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
  await expect(result).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await closed;
  const second = await reopen(first, options);
  expect(await resultOf(second, executionId)).toMatchObject({ status: 'succeeded', output: { committed: true } });
  expect(statuses(second.host)).toEqual(['approved']);
  await second.till.close();
});

it.each(['get', 'find'] as const)('%s tells nobody of a payment that a power cut could still take back', async (how) => {
  let held = false;
  const log = memoryLog({ beforeSync: () => (held ? new Promise(() => {}) : Promise.resolve()) });
  const first = await open({ kind: 'card', log });
  first.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }));
  first.host.completions.push(() => {
    held = true;
    return { outcome: 'completed' };
  });
  const executionId = await start(first);
  await until(first, 'the card has accepted', () => events(log, 'paymentCompleted').length > 0);
  const told: unknown[] = [];
  const ask = ({ till }: Setup) => (how === 'get' ? till.get(executionId) : till.find('m-sale-1'));
  ask(first).then((each) => told.push(each), () => {});
  await first.clock.until(first.clock.now() + 1_000);
  expect(told).toEqual([]);
  const second = await reopen(first, { kind: 'card' });
  await settled(second);
  const now = await ask(second);
  expect('payments' in now ? now.payments : now).toMatchObject([{ state: 'undone' }]);
  await second.till.close();
});

it('counters go on over a restart, each terminal its own, and begin again after the last', async () => {
  const plugin = definePlugin({
    name: 'counting',
    provides: [
      bind(Actions).from([Counters], (counters) => ({
        namespace: 'count',
        actions: {
          one: action({ ...manifest, redo: 'again', run: async () => [counters.current('batch', 7), counters.next('trace', { min: 1, max: 3 })] }),
          batch: action({
            ...manifest,
            redo: 'again',
            run: async () => {
              counters.set('batch', 9);
              return null;
            },
          }),
        },
      })),
    ],
  });
  const counting = (name: string) => flow({ Do: { Type: 'Task', Resource: `count:${name}`, End: true } });
  const options: SetupOptions = { kind: 'wallet', terminals: 2, plugins: [plugin], flow: counting('one'), workflows: { batch: counting('batch') } };
  const first = await open(options);
  const outputs = async (setup: Setup, terminal = 'T1') => ((await run(setup, {}, terminal)) as { output?: unknown }).output;
  expect(await outputs(first)).toEqual([7, 1]);
  await (await first.till.start({ terminal: 'T1', workflow: 'batch' })).result;
  expect(await outputs(first)).toEqual([9, 2]);
  const second = await cut(first, options);
  expect(await outputs(second)).toEqual([9, 3]);
  expect(await outputs(second)).toEqual([9, 1]);
  expect(await outputs(second, 'T2')).toEqual([7, 1]);
  await second.till.close();
});
