import { describe, expect, it } from 'vitest';
import type { StateMachine } from '../definition/asl.js';
import type { Json } from '../json.js';
import { programOf, runInMemory, type RunOptions, type TaskFunction } from './run-in-memory.js';
import { todo } from './todo.js';

const branch = (state: object, name = 'In'): StateMachine => ({ StartAt: name, States: { [name]: { End: true, ...state } } as never });
const machine = (states: object): StateMachine => ({ StartAt: Object.keys(states)[0] ?? '', States: states as never });
const run = (states: object, options: Partial<RunOptions> = {}) => runInMemory({ definition: machine(states), startAtMs: 0, ...options });
const call = branch({ Type: 'Task', Resource: 'a:b', Arguments: '{% $states.input %}' });

/** Ends each call after as many seconds as its argument says, or as `seconds` tells; and remembers how many ran at once. */
const counting = (outcome: (args: Json) => { result: Json } | { error: string }, seconds: (args: Json) => number = () => 1) => {
  const spans: { from: number; to: number; args: Json }[] = [];
  const task: TaskFunction = (args, _, atMs) => {
    const afterMs = seconds(args) * 1000;
    spans.push({ from: atMs, to: atMs + afterMs, args });
    return { ...outcome(args), afterMs };
  };
  const atOnce = (): number => Math.max(...spans.map((one) => spans.filter((other) => other.from <= one.from && one.from < other.to).length));
  return { task, spans, atOnce };
};

describe('Parallel', () => {
  it('gives every branch the same input and collects their outputs in order', async () => {
    const { state } = await run({
      Split: {
        Type: 'Parallel',
        Arguments: { half: '{% $states.input.amountMinor / 2 %}' },
        Branches: [branch({ Type: 'Pass', Output: '{% $states.input.half %}' }), call, branch({ Type: 'Succeed' })],
        Output: { results: '{% $states.result %}', of: '{% $states.input %}' },
        End: true,
      },
    }, { input: { amountMinor: 10 }, tasks: { 'a:b': () => ({ result: 'done', afterMs: 10 }) } });
    expect(state.output).toEqual({ results: [5, 'done', { half: 5 }], of: { amountMinor: 10 } });
    expect(Object.keys(state.scopes)).toEqual([]);
  });
  it('fails at once with the error of the branch that failed; the others vanish from what is owed', async () => {
    const seen: string[][] = [];
    const definition = machine({
      Split: {
        Type: 'Parallel',
        Branches: [call, branch({ Type: 'Wait', Seconds: 500 }), branch({ Type: 'Parallel', Branches: [branch({ Type: 'Wait', Seconds: 600 }, 'Deep')] }, 'Inner')],
        Catch: [{ ErrorEquals: ['Payment.Declined'], Next: 'Rest' }],
        End: true,
      },
      Rest: { Type: 'Wait', Seconds: 1, End: true },
    });
    const { state, endedAtMs } = await runInMemory({
      definition,
      startAtMs: 0,
      tasks: { 'a:b': () => ({ error: 'Payment.Declined', cause: '51', afterMs: 5000 }) },
      onDecided: ({ after }) => seen.push(todo(after, programOf({ definition })).map((command) => ('step' in command ? command.step : command.do))),
    });
    expect(seen).toEqual([['Split[0].In#1', 'Split[1].In#1', 'Split[2].Inner[0].Deep#1'], ['Rest#1'], []]);
    expect(state).toMatchObject({ status: 'succeeded', output: { Error: 'Payment.Declined', Cause: '51' } });
    expect(endedAtMs).toBe(6000);
  });
  it('begins nothing beside a branch that fails as it begins', async () => {
    const { calls, events, state } = await run({
      Split: { Type: 'Parallel', Branches: [branch({ Type: 'Fail', Error: 'A' }), call], End: true },
    });
    expect(calls).toEqual([]);
    expect(events.map((event) => event.type)).toEqual(['executionStarted', 'scopesOpened', 'scopeEnded', 'executionEnded']);
    expect(state.failure?.error).toBe('A');
  });
  it('is retried with all its branches, each step a new visit', async () => {
    let round = 0;
    const { state, calls } = await run({
      Split: { Type: 'Parallel', Branches: [call, branch({ Type: 'Task', Resource: 'c:d', Arguments: { retried: '{% $states.context.State.RetryCount %}' } })], Retry: [{ ErrorEquals: ['A'], MaxAttempts: 2 }], End: true },
    }, { tasks: { 'a:b': () => ({ result: 1 }), 'c:d': () => (round++ < 2 ? { error: 'A' } : { result: 2 }) } });
    expect(state.output).toEqual([1, 2]);
    expect(calls.map(({ step }) => step)).toEqual(['Split[0].In#1', 'Split[1].In#1', 'Split[0].In#2', 'Split[1].In#2', 'Split[0].In#3', 'Split[1].In#3']);
  });
  it('takes no late answer of a branch that is gone', async () => {
    const soon: StateMachine = { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1, Next: 'Bad' }, Bad: { Type: 'Fail', Error: 'Bad' } } };
    const { state, events } = await run({
      Split: { Type: 'Parallel', Branches: [call, soon], Catch: [{ ErrorEquals: ['States.ALL'], Output: 'caught', Next: 'Rest' }], End: true },
      Rest: { Type: 'Wait', Seconds: 60, End: true },
    }, { tasks: { 'a:b': () => ({ result: 1, afterMs: 30_000 }) } });
    expect(state.output).toBe('caught');
    expect(events.filter((event) => event.type === 'stepLeft' && event.step === 'Split[0].In#1')).toEqual([]);
  });
});

describe('Map', () => {
  const over = (more: object, processor: StateMachine = call) => ({ Each: { Type: 'Map', Items: '{% $states.input.items %}', ItemProcessor: processor, End: true, ...more } });
  const items = { items: [1, 2, 3, 4, 5, 6] };

  it('keeps the order of the items whatever the order of the answers', async () => {
    const { task } = counting((n) => ({ result: (n as number) * 10 }), (n) => 10 - (n as number));
    expect((await run(over({}), { input: items, tasks: { 'a:b': task } })).state.output).toEqual([10, 20, 30, 40, 50, 60]);
  });
  it.each([[0, 6, 1000], [1, 1, 6000], [2, 2, 3000], [4, 4, 2000], [99, 6, 1000]])('runs at most MaxConcurrency %d at once', async (MaxConcurrency, most, endedAtMs) => {
    const { task, atOnce, spans } = counting((n) => ({ result: n }));
    const result = await run(over({ MaxConcurrency }), { input: items, tasks: { 'a:b': task } });
    expect(result.state.output).toEqual(items.items);
    expect(atOnce()).toBe(most);
    expect(spans.map((span) => span.args)).toEqual(items.items);
    expect(result.endedAtMs).toBe(endedAtMs);
  });
  it('shows the item and its index, also behind an ItemSelector and in scopes within', async () => {
    const inner = branch({ Type: 'Parallel', Branches: [branch({ Type: 'Pass', Output: ['{% $states.context.Map.Item.Index %}', '{% $states.context.Map.Item.Value %}', '{% $states.input %}'] })], Output: '{% $states.result[0] %}' });
    const { state } = await run(over({ ItemSelector: { n: '{% $states.context.Map.Item.Value * 2 %}', of: '{% $count($states.input.items) %}' } }, inner), { input: { items: [7, 8] } });
    expect(state.output).toEqual([[0, 7, { n: 14, of: 2 }], [1, 8, { n: 16, of: 2 }]]);
  });
  it('gives [] for no items', async () => {
    expect((await run(over({}), { input: { items: [] } })).state.output).toEqual([]);
  });
  it('fails at once with the error of the first item that fails, and begins no other', async () => {
    const { task, spans } = counting((n) => (n === 2 ? { error: 'Odd' } : { result: n }));
    const { state } = await run(over({ MaxConcurrency: 2 }), { input: items, tasks: { 'a:b': task } });
    expect(state.failure?.error).toBe('Odd');
    // 1 and 2 begin together; 1 ends first and lets 3 begin.
    expect(spans.map((span) => span.args)).toEqual([1, 2, 3]);
  });
  it.each([
    [{ ToleratedFailureCount: 2 }, [2, 5], true],
    [{ ToleratedFailureCount: 2 }, [1, 2, 5], false],
    [{ ToleratedFailurePercentage: 34 }, [2, 5], true],
    [{ ToleratedFailurePercentage: 33 }, [2, 5], false],
    [{ ToleratedFailurePercentage: 33.4 }, [2, 5], true],
    [{ ToleratedFailurePercentage: '{% 33.3 %}' }, [2, 5], false],
    [{ ToleratedFailureCount: 3, ToleratedFailurePercentage: 17 }, [2, 5], false],
    [{ ToleratedFailureCount: '{% 1 + 1 %}', ToleratedFailurePercentage: '{% 100 %}' }, [2, 5], true],
    [{ ToleratedFailurePercentage: 100 }, [1, 2, 3, 4, 5, 6], true],
  ] as const)('%j with %j failing goes on: %s', async (tolerated, bad, goesOn) => {
    const { task } = counting((n) => ((bad as readonly Json[]).includes(n) ? { error: 'Bad' } : { result: n }));
    const { state } = await run(over(tolerated), { input: items, tasks: { 'a:b': task } });
    if (goesOn) expect(state.output).toEqual(items.items.map((n) => ((bad as readonly Json[]).includes(n) ? { Error: 'Bad', Cause: '' } : n)));
    else expect(state.failure?.error).toBe('States.ExceedToleratedFailureThreshold');
  });
  it('names its own error where nothing is tolerated', async () => {
    const { state } = await run(over({ ToleratedFailureCount: 0 }), { input: items, tasks: { 'a:b': () => ({ error: 'Bad' }) } });
    expect(state.failure?.error).toBe('Bad');
  });
  it.each([[{ Items: '{% 5 %}' }, 'Items'], [{ MaxConcurrency: '{% -1 %}' }, 'MaxConcurrency'], [{ ToleratedFailurePercentage: '{% 101 %}' }, 'ToleratedFailurePercentage'], [{ ToleratedFailurePercentage: '{% -0.1 %}' }, 'ToleratedFailurePercentage'], [{ ToleratedFailurePercentage: '{% "50" %}' }, 'ToleratedFailurePercentage'], [{ ToleratedFailureCount: '{% 1.5 %}' }, 'ToleratedFailureCount']])('refuses %j', async (more, field) => {
    const { state } = await run(over(more), { input: items });
    expect(state.failure?.error).toBe('States.QueryEvaluationError');
    expect(state.failure?.cause).toContain(`'${field}'`);
  });
  it('retries with fresh items', async () => {
    let failed = false;
    const { state } = await run(over({ Retry: [{ ErrorEquals: ['A'] }] }), {
      input: items,
      tasks: {
        'a:b': (n) => {
          if (n !== 4 || failed) return { result: n };
          failed = true;
          return { error: 'A' };
        },
      },
    });
    expect(state.output).toEqual(items.items);
  });
});

describe('variables in scopes', () => {
  it('inner scopes read outer variables and set only their own', async () => {
    const { state } = await run({
      Set: { Type: 'Pass', Assign: { outer: 'o' }, Next: 'Each' },
      Each: {
        Type: 'Map',
        Items: [1, 2],
        ItemProcessor: {
          StartAt: 'Own',
          States: {
            Own: { Type: 'Pass', Assign: { own: '{% $outer & $string($states.input) %}' }, Next: 'Deep' },
            Deep: { Type: 'Parallel', Branches: [branch({ Type: 'Pass', Output: '{% $own & "/" & $outer %}' })], End: true },
          },
        },
        Next: 'After',
      },
      After: { Type: 'Pass', Output: { seen: '{% $states.input %}', leaked: '{% $exists($own) %}' }, End: true },
    });
    expect(state.output).toEqual({ seen: [['o1/o'], ['o2/o']], leaked: false });
  });
  it('what a Parallel assigns is seen behind it', async () => {
    const { state } = await run({
      Split: { Type: 'Parallel', Branches: [branch({ Type: 'Pass', Output: 4 })], Assign: { got: '{% $states.result[0] %}' }, Next: 'After' },
      After: { Type: 'Pass', Output: '{% $got %}', End: true },
    });
    expect(state.output).toBe(4);
  });
});

describe('workflow:run', () => {
  const tip: StateMachine = {
    StartAt: 'Ask',
    States: {
      Ask: { Type: 'Task', Resource: 'a:b', Arguments: '{% $states.input %}', Assign: { mine: 1 }, Next: 'Add' },
      Add: { Type: 'Pass', Output: { total: '{% $states.input.n + $states.context.Execution.Input.n %}', main: '{% $exists($theirs) %}', name: '{% $states.context.StateMachine.Name %}' }, End: true },
    },
  };
  const workflows = { tip };
  const sub = (more: object = {}) => ({
    Set: { Type: 'Pass', Assign: { theirs: 1 }, Next: 'Tip' },
    Tip: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'tip', input: { n: '{% 20 + 1 %}' } }, End: true, ...more },
  });

  it('runs the other workflow with its own input and variables', async () => {
    const { state, calls } = await run(sub({ Output: { got: '{% $states.result %}', leaked: '{% $exists($mine) %}' } }), { workflows, tasks: { 'a:b': (args) => ({ result: args }) } });
    expect(state.output).toEqual({ got: { total: 42, main: false, name: 'tip' }, leaked: false });
    expect(calls[0]).toMatchObject({ step: 'Tip[0].Ask#1', scopes: ['', 'Tip[0]'] });
  });
  it('hands on the input where none is given', async () => {
    const { state } = await run(sub({ Arguments: { workflow: 'tip' } }), { workflows, input: { n: 4 }, tasks: { 'a:b': (args) => ({ result: args }) } });
    expect(state.output).toMatchObject({ total: 8 });
  });
  it('fails with its error, can be retried, and times out', async () => {
    let tries = 0;
    const retried = await run(sub({ Retry: [{ ErrorEquals: ['A'] }] }), { workflows, tasks: { 'a:b': (args) => (tries++ === 0 ? { error: 'A' } : { result: args }) } });
    expect(retried.state.output).toMatchObject({ total: 42 });
    expect(retried.calls.map(({ step }) => step)).toEqual(['Tip[0].Ask#1', 'Tip[0].Ask#2']);
    expect((await run(sub(), { workflows, tasks: { 'a:b': () => ({ error: 'B' }) } })).state.failure?.error).toBe('B');
    const caught = { TimeoutSeconds: 9, Catch: [{ ErrorEquals: ['States.Timeout'], Output: 'late', Next: 'Late' }] };
    const timedOut = await run({ ...sub(caught), Late: { Type: 'Pass', End: true } }, { workflows, tasks: { 'a:b': () => ({ never: true }) } });
    expect(timedOut.state.output).toBe('late');
    expect(timedOut.endedAtMs).toBe(9000);
  });
  it("ends by the other workflow's own TimeoutSeconds, which can be caught", async () => {
    const caught = { Catch: [{ ErrorEquals: ['States.Timeout'], Output: '{% $states.errorOutput.Cause %}', Next: 'Late' }] };
    const { state, endedAtMs } = await run({ ...sub(caught), Late: { Type: 'Pass', End: true } }, {
      workflows: { tip: { ...tip, TimeoutSeconds: 4 } },
      tasks: { 'a:b': () => ({ never: true }) },
    });
    expect(state.output).toContain('the workflow tip ran longer than its TimeoutSeconds');
    expect(endedAtMs).toBe(4000);
  });
  it('a workflow that runs itself without end is stopped', async () => {
    const again: StateMachine = machine({ Again: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'again' }, End: true } });
    const { state } = await run({}, { definition: again, workflows: { again } });
    expect(state.failure).toMatchObject({ error: 'States.Runtime', cause: expect.stringContaining('nested more than 64 deep') });
  });
});
