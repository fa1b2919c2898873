import { describe, expect, it } from 'vitest';
import type { Retrier } from '../definition/asl.js';
import { matches, retryDelayMs } from './failure.js';
import { runInMemory, type TaskFunction } from './run-in-memory.js';

const half = (): number => 0.5;
const retrier = (more: Partial<Retrier> = {}): Retrier => ({ ErrorEquals: ['States.ALL'], ...more });

describe('which errors a name in ErrorEquals stands for', () => {
  it.each([
    [['States.ALL'], 'Card.Unreadable', true],
    [['States.ALL'], 'States.Timeout', true],
    [['States.ALL'], 'States.QueryEvaluationError', true],
    [['States.ALL'], 'States.Runtime', false],
    [['States.ALL'], 'States.DataLimitExceeded', false],
    [['States.TaskFailed'], 'Payment.Declined', true],
    [['States.TaskFailed'], 'States.HeartbeatTimeout', true],
    [['States.TaskFailed'], 'States.Timeout', false],
    [['States.TaskFailed'], 'States.Runtime', false],
    [['States.Timeout'], 'States.HeartbeatTimeout', true],
    [['States.HeartbeatTimeout'], 'States.Timeout', false],
    [['States.DataLimitExceeded'], 'States.DataLimitExceeded', true],
    [['Pin.Incorrect', 'Payment.Declined'], 'Payment.Declined', true],
    [['Payment'], 'Payment.Declined', false],
    [[], 'Payment.Declined', false],
  ] as const)('%j and %s: %s', (names, error, expected) => {
    expect(matches(names, error)).toBe(expected);
  });
});

describe('how long a retrier waits', () => {
  it('begins with one second and doubles', () => {
    expect([0, 1, 2].map((used) => retryDelayMs(retrier(), used, half))).toEqual([1000, 2000, 4000]);
  });
  it('grows by BackoffRate up to MaxDelaySeconds', () => {
    const one = retrier({ IntervalSeconds: 3, BackoffRate: 1.5, MaxDelaySeconds: 5 });
    expect([0, 1, 2, 9].map((used) => retryDelayMs(one, used, half))).toEqual([3000, 4500, 5000, 5000]);
  });
  it('takes a random part of it with FULL jitter', () => {
    expect(retryDelayMs(retrier({ IntervalSeconds: 8, JitterStrategy: 'FULL' }), 1, half)).toBe(8000);
    expect(retryDelayMs(retrier({ IntervalSeconds: 8, JitterStrategy: 'NONE' }), 1, half)).toBe(16_000);
  });
  it('stays finite however often it is asked', () => {
    expect(retryDelayMs(retrier({ BackoffRate: 10 }), 5000, half)).toBe(99_999_999_000);
  });
});

const failing = (errors: readonly string[]): TaskFunction => {
  const left = [...errors];
  return () => {
    const error = left.shift();
    return error === undefined ? { result: 'done' } : { error, cause: `no ${error}` };
  };
};

const read = (more: object, errors: readonly string[]) =>
  runInMemory({
    definition: {
      StartAt: 'Read',
      States: {
        Read: { Type: 'Task', Resource: 'reader:readCard', End: true, ...more },
        Swipe: { Type: 'Pass', End: true },
      },
    },
    input: { amountMinor: 5 },
    tasks: { 'reader:readCard': failing(errors) },
    startAtMs: 0,
  });

describe('Retry', () => {
  it('calls again after 1, 2 and 4 seconds and then gives up', async () => {
    const { state, calls, endedAtMs } = await read({ Retry: [{ ErrorEquals: ['Card.Unreadable'] }] }, Array(9).fill('Card.Unreadable'));
    expect(state).toMatchObject({ status: 'failed', failure: { error: 'Card.Unreadable', cause: 'no Card.Unreadable' } });
    expect(calls.map((call) => call.attempt)).toEqual([1, 2, 3, 4]);
    expect(calls.map((call) => call.step)).toEqual(['Read#1', 'Read#1', 'Read#1', 'Read#1']);
    expect(endedAtMs).toBe(7000);
  });
  it('never calls again with MaxAttempts 0', async () => {
    const { state, calls } = await read({ Retry: [{ ErrorEquals: ['Card.Unreadable'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }] }, ['Card.Unreadable']);
    expect(state.status).toBe('failed');
    expect(calls).toHaveLength(1);
  });
  it('counts for each retrier apart', async () => {
    const Retry = [
      { ErrorEquals: ['A'], MaxAttempts: 1, IntervalSeconds: 1 },
      { ErrorEquals: ['B'], MaxAttempts: 2, IntervalSeconds: 10, BackoffRate: 1 },
    ];
    const { state, calls, endedAtMs } = await read({ Retry }, ['B', 'A', 'B']);
    expect(state).toMatchObject({ status: 'succeeded', output: 'done' });
    expect(calls).toHaveLength(4);
    expect(endedAtMs).toBe(21_000);
    expect((await read({ Retry }, ['A', 'B', 'A'])).state).toMatchObject({ status: 'failed', failure: { error: 'A' } });
  });
  it('lets Catch have what is left', async () => {
    const { state } = await read({ Retry: [{ ErrorEquals: ['A'], MaxAttempts: 1 }], Catch: [{ ErrorEquals: ['A'], Next: 'Swipe' }] }, ['A', 'A']);
    expect(state).toMatchObject({ status: 'succeeded', output: { Error: 'A', Cause: 'no A' } });
  });
  it('shows the number of retries to expressions', async () => {
    const { calls } = await read({ Arguments: '{% $states.context.State.RetryCount %}', Retry: [{ ErrorEquals: ['A'] }] }, ['A', 'A']);
    expect(calls.map((call) => call.arguments)).toEqual([0, 1, 2]);
  });
  it('does not do a Task again whose result is there and whose own Output fails', async () => {
    const { state, calls } = await read({ Output: '{% $nothing %}', Retry: [{ ErrorEquals: ['States.ALL'] }] }, []);
    expect(state).toMatchObject({ status: 'failed', failure: { error: 'States.QueryEvaluationError' } });
    expect(calls).toHaveLength(1);
  });
  it('spreads FULL jitter by the seed, the same for the same seed', async () => {
    const run = async (seed: string) =>
      (
        await runInMemory({
          definition: { StartAt: 'Read', States: { Read: { Type: 'Task', Resource: 'a:b', Retry: [{ ErrorEquals: ['A'], IntervalSeconds: 100, JitterStrategy: 'FULL' }], End: true } } },
          tasks: { 'a:b': failing(['A']) },
          startAtMs: 0,
          seed,
        })
      ).endedAtMs;
    const times = await Promise.all(['one', 'two', 'three', 'four'].map(run));
    expect(new Set(times).size).toBe(4);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(0);
    for (const time of times) expect(time).toBeLessThanOrEqual(100_000);
    expect(await run('one')).toBe(times[0]);
  });
});

describe('Catch', () => {
  it('goes to the first that matches, with the error as the default output', async () => {
    const { state } = await read({ Catch: [{ ErrorEquals: ['B'], Next: 'Nowhere' }, { ErrorEquals: ['States.ALL'], Next: 'Swipe' }] }, ['A']);
    expect(state.output).toEqual({ Error: 'A', Cause: 'no A' });
  });
  it('sees the input, the error and the old variables in Assign and Output', async () => {
    const { state } = await runInMemory({
      definition: {
        StartAt: 'Begin',
        States: {
          Begin: { Type: 'Pass', Assign: { tries: 1 }, Next: 'Read' },
          Read: {
            Type: 'Task',
            Resource: 'a:b',
            Catch: [{ ErrorEquals: ['A'], Assign: { tries: '{% $tries + 1 %}', why: '{% $states.errorOutput.Error %}' }, Output: { tries: '{% $tries %}', input: '{% $states.input %}' }, Next: 'End' }],
            End: true,
          },
          End: { Type: 'Pass', Output: { output: '{% $states.input %}', tries: '{% $tries %}', why: '{% $why %}' }, End: true },
        },
      },
      input: { amountMinor: 5 },
      tasks: { 'a:b': failing(['A']) },
    });
    expect(state.output).toEqual({ output: { tries: 1, input: { amountMinor: 5 } }, tries: 2, why: 'A' });
  });
  it('catches what an expression in Arguments or Output fails with', async () => {
    const Catch = [{ ErrorEquals: ['States.QueryEvaluationError'], Output: '{% $states.errorOutput.Error %}', Next: 'Swipe' }];
    expect((await read({ Arguments: '{% $nothing %}', Catch }, [])).state.output).toBe('States.QueryEvaluationError');
    expect((await read({ Output: '{% $nothing %}', Catch }, [])).state.output).toBe('States.QueryEvaluationError');
  });
  it('does not catch its own fault', async () => {
    const { state } = await read({ Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $nothing %}', Next: 'Swipe' }] }, ['A']);
    expect(state).toMatchObject({ status: 'failed', failure: { error: 'States.QueryEvaluationError' } });
    expect(state.failure?.cause).toContain("specified for the field 'Catch/0/Output' returned nothing (undefined)");
  });
  it('does not catch States.Runtime as States.ALL', async () => {
    const { state } = await read({ Resource: 'workflow:run', Arguments: { workflow: 'unknown' }, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Swipe' }] }, []);
    expect(state).toMatchObject({ status: 'failed', failure: { error: 'States.Runtime' } });
    expect(state.failure?.cause).toContain('There is no workflow "unknown"');
  });
});
