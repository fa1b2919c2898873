import { describe, expect, it } from 'vitest';
import type { StateMachine } from '../definition/asl.js';
import type { ExecutionEvent } from '../events.js';
import type { Json } from '../json.js';
import { decide, TRANSITIONS_MAX } from './decide.js';
import { evolveAll } from './evolve.js';
import { createEvaluate } from './expression.js';
import { programOf, runInMemory } from './run-in-memory.js';
import { todo } from './todo.js';
import type { Command, ExecutionState, Input } from './types.js';

const evaluate = createEvaluate({ hash: () => '' });
type Given = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'seed'> & { readonly at?: number } : never) : never;

/** One execution, driven input by input. */
const execution = (definition: StateMachine) => {
  const program = programOf({ definition });
  let state: ExecutionState | undefined;
  const give = async (given: Given): Promise<readonly ExecutionEvent[]> => {
    const input = { at: 0, seed: 'seed', ...given } as Input;
    const events = await decide(program, state, input, evaluate);
    state = evolveAll(state, events, input.at, program);
    return events;
  };
  return {
    give,
    start: (input: Json = {}) => give({ type: 'start', executionId: 'x1', terminal: 'T1', workflow: 'main', pins: { main: 'h' }, plugins: {}, input }),
    get state(): ExecutionState {
      if (!state) throw new Error('not begun');
      return state;
    },
    get todo(): readonly Command[] {
      return state ? todo(state, program) : [];
    },
  };
};

const one = (state: object): StateMachine => ({ StartAt: 'One', States: { One: { End: true, ...state }, After: { Type: 'Pass', End: true } } as never });
const output = async (definition: StateMachine, input: Json = {}): Promise<Json | undefined> => (await runInMemory({ definition, input })).state.output;
const failure = async (definition: StateMachine, input: Json = {}) => (await runInMemory({ definition, input })).state.failure;

/** What `$parse($states.errorOutput.Cause)` gives. */
const causeIn = (errorOutput: Json | undefined): unknown => JSON.parse((errorOutput as { Cause: string }).Cause);

describe('answers to a Task', () => {
  const task = one({ Type: 'Task', Resource: 'reader:readCard', Arguments: '{% $states.input %}', TimeoutSeconds: 60, HeartbeatSeconds: 5, Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout'], Output: '{% $states.errorOutput %}', Next: 'After' }] });

  it('is owed as a call with its timers', async () => {
    const flow = execution(task);
    await flow.start({ amountMinor: 7 });
    expect(flow.todo).toEqual([
      { do: 'call', step: 'One#1', attempt: 1, resource: 'reader:readCard', arguments: { amountMinor: 7 }, dueAt: 60_000, heartbeatMs: 5000, answers: {}, scopes: [''] },
      { do: 'timer', step: 'One#1', timer: 'timeout', dueAt: 60_000 },
    ]);
  });
  it('hands {} to an action without Arguments, and the input to an ARN as AWS does', async () => {
    for (const [Resource, expected] of [['a:b', {}], ['arn:aws:lambda:x', { n: 1 }]] as const) {
      const flow = execution(one({ Type: 'Task', Resource }));
      await flow.start({ n: 1 });
      expect(flow.todo.map((command) => 'arguments' in command && command.arguments)).toEqual([expected]);
    }
  });
  it('ends with the result', async () => {
    const flow = execution(task);
    await flow.start();
    const events = await flow.give({ type: 'taskSucceeded', step: 'One#1', attempt: 1, result: { read: true } });
    expect(events.map((event) => event.type)).toEqual(['stepLeft', 'executionEnded']);
    expect(flow.state).toMatchObject({ status: 'succeeded', output: { read: true } });
    expect(flow.todo).toEqual([]);
  });
  it('takes nothing that comes late, twice, or for another attempt or step', async () => {
    const flow = execution(task);
    await flow.start();
    expect(await flow.give({ type: 'taskSucceeded', step: 'One#1', attempt: 2, result: 1 })).toEqual([]);
    expect(await flow.give({ type: 'taskFailed', step: 'One#2', attempt: 1, error: 'A', cause: '' })).toEqual([]);
    expect(await flow.give({ type: 'promptClosed', step: 'Other[0].One#1', attempt: 1, audience: 'merchant', how: 'cancelled' })).toEqual([]);
    expect(await flow.give({ type: 'timerFired', step: 'One#1', timer: 'wait' })).toEqual([]);
    expect(await flow.give({ type: 'timerFired', step: 'One#1', timer: 'retry' })).toEqual([]);
    await flow.give({ type: 'taskSucceeded', step: 'One#1', attempt: 1, result: 1 });
    expect(await flow.give({ type: 'taskFailed', step: 'One#1', attempt: 1, error: 'A', cause: '' })).toEqual([]);
    expect(await flow.give({ type: 'timerFired', step: 'One#1', timer: 'timeout' })).toEqual([]);
    expect(flow.state).toMatchObject({ status: 'succeeded', output: 1 });
  });
  it('takes nothing for a branch that is gone', async () => {
    const wait = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1, Next: 'Bad' }, Bad: { Type: 'Fail', Error: 'Bad' } } };
    const call = { StartAt: 'In', States: { In: { Type: 'Task', Resource: 'a:b', End: true } } };
    for (const way of [{ Catch: [{ ErrorEquals: ['Bad'], Next: 'After' }] }, { Retry: [{ ErrorEquals: ['Bad'] }] }]) {
      const flow = execution({ StartAt: 'One', States: { One: { Type: 'Parallel', Branches: [call, wait], End: true, ...way }, After: { Type: 'Wait', Seconds: 9, End: true } } as never });
      await flow.start();
      await flow.give({ type: 'timerFired', step: 'One[1].W#1', timer: 'wait' });
      expect(flow.todo).toHaveLength(1);
      expect(await flow.give({ type: 'taskSucceeded', step: 'One[0].In#1', attempt: 1, result: 1 })).toEqual([]);
      expect(await flow.give({ type: 'promptClosed', step: 'One[0].In#1', attempt: 1, audience: 'merchant', how: 'cancelled' })).toEqual([]);
    }
  });
  it('is not begun twice and needs a start', async () => {
    const flow = execution(task);
    expect(await flow.give({ type: 'continue' })).toEqual([]);
    await flow.start();
    expect(await flow.start()).toEqual([]);
  });
  it('keeps what each audience answered', async () => {
    const flow = execution(task);
    await flow.start();
    await flow.give({ type: 'promptClosed', step: 'One#1', attempt: 1, audience: 'merchant', how: 'answered', value: 'yes' });
    await flow.give({ type: 'promptClosed', step: 'One#1', attempt: 1, audience: 'customer', how: 'answered' });
    expect(flow.todo[0]).toMatchObject({ do: 'call', answers: { merchant: 'yes', customer: null } });
    expect(flow.state.status).toBe('running');
  });
  it('fails with Terminal.Cancelled when someone cancels', async () => {
    const flow = execution(task);
    await flow.start();
    const events = await flow.give({ type: 'promptClosed', step: 'One#1', attempt: 1, audience: 'customer', how: 'cancelled' });
    expect(events.map((event) => event.type)).toEqual(['promptClosed', 'stepLeft', 'stepLeft', 'executionEnded']);
    expect(flow.state.output).toMatchObject({ Error: 'Terminal.Cancelled' });
    expect(causeIn(flow.state.output)).toEqual({ message: 'cancelled by the customer', hint: { zh: '已取消', en: 'Cancelled' } });
  });
  it('fails with States.Timeout when its time is over', async () => {
    const flow = execution(task);
    await flow.start();
    await flow.give({ type: 'timerFired', step: 'One#1', timer: 'timeout', at: 60_000 });
    expect(flow.state.output).toMatchObject({ Error: 'States.Timeout' });
    expect(causeIn(flow.state.output)).toMatchObject({ hint: { zh: '操作超时', en: 'It took too long' } });
  });
});

describe('time', () => {
  it('waits for Seconds and for a Timestamp', async () => {
    const flow = execution(one({ Type: 'Wait', Seconds: '{% $states.input.seconds %}', Output: '{% $states.context.State.EnteredTime %}' }));
    await flow.start({ seconds: 90 });
    expect(flow.todo).toEqual([{ do: 'timer', step: 'One#1', timer: 'wait', dueAt: 90_000 }]);
    await flow.give({ type: 'timerFired', step: 'One#1', timer: 'wait', at: 90_000 });
    expect(flow.state.output).toBe('1970-01-01T00:00:00.000Z');
    const until = execution(one({ Type: 'Wait', Timestamp: '2026-01-31T08:00:00.5+08:00' }));
    await until.start();
    expect(until.todo).toMatchObject([{ dueAt: Date.UTC(2026, 0, 31, 0, 0, 0, 500) }]);
  });
  it.each([['{% -1 %}'], ['{% 1.5 %}'], ['{% "5" %}'], ['{% 100000000 %}'], ['{% true %}']])('refuses Seconds %s', async (Seconds) => {
    expect((await failure(one({ Type: 'Wait', Seconds })))?.error).toBe('States.QueryEvaluationError');
  });
  it.each([['tomorrow'], ['2026-02-01'], ['2026-13-01T00:00:00Z'], ['2026-01-31T08:00:00'], ['2026-01-31T08:00:00+0800'], ['2026-01-31t08:00:00z'], ['{% 5 %}']])('refuses Timestamp %s', async (Timestamp) => {
    expect((await failure(one({ Type: 'Wait', Timestamp })))?.error).toBe('States.QueryEvaluationError');
  });
  const waiting = (fields: object, input: Json = {}) =>
    runInMemory({ definition: one({ Type: 'Task', Resource: 'a:b', ...fields }), input, otherwise: () => ({ never: true }), startAtMs: 0 });
  it('a Task takes TimeoutSeconds and HeartbeatSeconds from expressions, anew for each attempt', async () => {
    const timed = await waiting({ TimeoutSeconds: '{% $states.input.seconds %}' }, { seconds: 42 });
    expect(timed.state.failure?.error).toBe('States.Timeout');
    expect(timed.endedAtMs).toBe(42_000);
    const { calls } = await waiting({ TimeoutSeconds: 9, HeartbeatSeconds: '{% $states.input.seconds + 1 %}' }, { seconds: 7 });
    expect(calls).toMatchObject([{ heartbeatMs: 8000 }]);
    const Retry = [{ ErrorEquals: ['States.Timeout'], MaxAttempts: 2, IntervalSeconds: 1, BackoffRate: 1 }];
    // 10 s, 1 s apart, 20 s, 1 s apart, 30 s.
    expect((await waiting({ TimeoutSeconds: '{% 10 * ($states.context.State.RetryCount + 1) %}', Retry })).endedAtMs).toBe(62_000);
  });
  describe.each(['TimeoutSeconds', 'HeartbeatSeconds'])('%s', (field) => {
    it.each([
      ['{% 0 %}', 'must be between 1 and 99999999 but was: 0'],
      ['{% -1 %}', 'must be between 1 and 99999999 but was: -1'],
      ['{% 100000000 %}', 'must be between 1 and 99999999 but was: 100000000'],
      ['{% 1.5 %}', "Expected 'integer', but was 'float' for value: 1.5"],
      ['{% "5" %}', `Expected 'integer', but was 'string' for value: "5"`],
      ['{% [5] %}', "Expected 'integer', but was 'array' for value: [5]"],
      ['{% null %}', "Expected 'integer', but was 'null' for value: null"],
      ['{% $nothing %}', 'returned nothing (undefined)'],
    ])('refuses %s before anything is called, and that can be caught', async (value, why) => {
      const { state, calls } = await waiting({ [field]: value });
      expect(calls).toEqual([]);
      expect(state.failure?.error).toBe('States.QueryEvaluationError');
      expect(state.failure?.cause).toContain(`'${field}'`);
      expect(state.failure?.cause).toContain(why);
      const caught = await waiting({ [field]: value, Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'After' }] });
      expect(caught.state).toMatchObject({ status: 'succeeded', output: { Error: 'States.QueryEvaluationError' } });
    });
  });
  it.each([
    [5, 5],
    [6, 5],
  ])('refuses a heartbeat of %d s that can not come before the time-out of %d s', async (heartbeat, timeout) => {
    for (const [HeartbeatSeconds, TimeoutSeconds] of [[`{% ${heartbeat} %}`, timeout], [heartbeat, `{% ${timeout} %}`]]) {
      const { state, calls } = await waiting({ HeartbeatSeconds, TimeoutSeconds });
      expect(calls).toEqual([]);
      expect(state.failure?.error).toBe('States.QueryEvaluationError');
      expect(state.failure?.cause).toContain(`The field 'HeartbeatSeconds' must be below 'TimeoutSeconds' (${timeout}) but was: ${heartbeat}`);
    }
  });
  it('ends the execution after the TimeoutSeconds of the whole', async () => {
    const flow = execution({ ...one({ Type: 'Wait', Seconds: 100 }), TimeoutSeconds: 30 });
    await flow.start();
    expect(flow.todo[0]).toEqual({ do: 'timer', step: '', timer: 'execution-timeout', dueAt: 30_000 });
    await flow.give({ type: 'timerFired', step: '', timer: 'execution-timeout', at: 30_000 });
    expect(flow.state).toMatchObject({ status: 'failed', failure: { error: 'States.Timeout' }, scopes: {} });
  });
});

describe('Choice', () => {
  const choice = (more: object): StateMachine => ({
    StartAt: 'One',
    States: { One: { Type: 'Choice', Choices: [{ Condition: '{% $states.input > 1 %}', Next: 'A' }, { Condition: '{% $states.input > 0 %}', Output: 'low', Next: 'A' }], ...more }, A: { Type: 'Pass', End: true } } as never,
  });
  it('takes the first rule that is true', async () => {
    expect(await output(choice({}), 2)).toBe(2);
    expect(await output(choice({}), 1)).toBe('low');
  });
  it('fails with States.NoChoiceMatched without a Default', async () => {
    expect(await failure(choice({}), 0)).toMatchObject({ error: 'States.NoChoiceMatched', cause: expect.stringContaining("state 'One' (entered at the event id #2)") });
  });
  it("takes the state's own Assign and Output with Default", async () => {
    expect(await output(choice({ Default: 'A', Output: 'none' }), 0)).toBe('none');
  });
  it('names the rule whose Assign or Output fails', async () => {
    const ruled = (fields: object) => failure({ StartAt: 'One', States: { One: { Type: 'Choice', Choices: [{ Condition: false, Next: 'A' }, { Condition: true, Next: 'A', ...fields }] }, A: { Type: 'Pass', End: true } } });
    expect((await ruled({ Assign: { x: '{% $nothing %}' } }))?.cause).toContain("specified for the field 'Choices/1/Assign/x'");
    expect((await ruled({ Output: '{% $nothing %}' }))?.cause).toContain("specified for the field 'Choices/1/Output'");
  });
  it('takes nothing but true and false', async () => {
    const cause = (await failure(choice({ Choices: [{ Condition: '{% $states.input %}', Next: 'A' }] }), 'yes'))?.cause;
    expect(cause).toContain("specified for the field 'Choices/0/Condition' returned an unexpected result type. Expected 'boolean', but was 'string' for value: \"yes\"");
  });
});

describe('variables', () => {
  it('Assign and Output see the same old variables', async () => {
    const definition: StateMachine = {
      StartAt: 'Set',
      States: {
        Set: { Type: 'Pass', Assign: { a: 1, b: 2, kept: 3 }, Next: 'Swap' },
        Swap: { Type: 'Pass', Assign: { a: '{% $b %}', b: '{% $a %}' }, Output: ['{% $a %}', '{% $b %}'], Next: 'Show' },
        Show: { Type: 'Pass', Output: { before: '{% $states.input %}', after: ['{% $a %}', '{% $b %}', '{% $kept %}'] }, End: true },
      },
    };
    expect(await output(definition)).toEqual({ before: [1, 2], after: [2, 1, 3] });
  });
  it('sets nothing when Output fails', async () => {
    const flow = execution(one({ Type: 'Pass', Assign: { a: 1 }, Output: '{% $nothing %}' }));
    const events = await flow.start();
    expect(events.map((event) => event.type)).toEqual(['executionStarted', 'executionEnded']);
  });
  it('a Fail state may compute what it says', async () => {
    expect(await failure(one({ Type: 'Fail', Error: '{% "Card." & "Blocked" %}', Cause: '{% $string($states.input.n) %}' }), { n: 4 })).toEqual({ error: 'Card.Blocked', cause: '4' });
    expect((await failure(one({ Type: 'Fail', Error: '{% 5 %}' })))?.error).toBe('States.QueryEvaluationError');
  });
});

it('draws anew in every state that one input runs through', async () => {
  const draw = { Type: 'Pass', Output: ['{% $states.input %}', '{% $uuid() %}'] };
  const { state } = await runInMemory({ definition: { StartAt: 'A', States: { A: { ...draw, Next: 'B' }, B: { ...draw, End: true } } as never } });
  const [[, first], second] = state.output as [[Json, string], string];
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(second).not.toBe(first);
});

describe('what never ends', () => {
  it('a loop without a Task or Wait ends the execution, also where States.Runtime is caught', async () => {
    const loop: StateMachine = { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } } };
    expect(await failure(loop)).toMatchObject({ error: 'States.Runtime', cause: expect.stringContaining(String(TRANSITIONS_MAX)) });
    const nested: StateMachine = {
      StartAt: 'P',
      States: { P: { Type: 'Parallel', Branches: [loop], Catch: [{ ErrorEquals: ['States.Runtime'], Next: 'P' }], End: true } },
    };
    expect(await failure(nested)).toMatchObject({ error: 'States.Runtime' });
  });
  it('as many states as may be, whatever scopes they stand in, come to their end', async () => {
    const each = one({ Type: 'Map', Items: '{% $states.input %}', ItemProcessor: { StartAt: 'Same', States: { Same: { Type: 'Pass', End: true } } } });
    const items = Array.from({ length: TRANSITIONS_MAX - 1 }, (_, n) => n);
    expect(await output(each, items)).toHaveLength(items.length);
    expect(await failure(each, [...items, 1])).toMatchObject({ error: 'States.Runtime' });
  });
});

it('names itself, its state and its machine in the context', async () => {
  const flow = execution(one({ Type: 'Pass', Output: '{% $states.context %}' }));
  await flow.give({ type: 'start', executionId: 'x1', executionName: 'order-4711', terminal: 'T1', workflow: 'main', pins: { main: 'abc' }, plugins: {}, input: { n: 1 }, at: 1000 });
  expect(flow.state.output).toEqual({
    Execution: { Id: 'x1', Name: 'order-4711', Input: { n: 1 }, StartTime: '1970-01-01T00:00:01.000Z' },
    State: { Name: 'One', EnteredTime: '1970-01-01T00:00:01.000Z', RetryCount: 0 },
    StateMachine: { Id: 'abc', Name: 'main' },
  });
});

it('takes state names that look like addresses', async () => {
  const flow = execution({
    StartAt: 'A.B[0]#1',
    States: { 'A.B[0]#1': { Type: 'Parallel', Branches: [{ StartAt: '付款 %', States: { '付款 %': { Type: 'Task', Resource: 'a:b', End: true } } }], End: true } },
  });
  await flow.start();
  const [call] = flow.todo;
  expect(call).toMatchObject({ do: 'call', step: 'A%2EB%5B0%5D%231[0].付款 %25#1', scopes: ['', 'A%2EB%5B0%5D%231[0]'] });
  await flow.give({ type: 'taskSucceeded', step: 'A%2EB%5B0%5D%231[0].付款 %25#1', attempt: 1, result: 1 });
  expect(flow.state.output).toEqual([1]);
});
