/**
 * The eight steps of steps.mjs in what else runs such steps in memory. Neither peer keeps an event or could go on after a
 * restart; both run the same steps with the same answers.
 */
import { assign, createActor, fromPromise, setup, toPromise } from 'xstate';
import { inLanes, rate } from './measure.mjs';

const EXPECTED = 5000;
const checked = (output) => {
  if (output?.sum !== EXPECTED) throw new Error(`an execution went wrong: ${JSON.stringify(output)}`);
};
const measured = (atOnce, execute) => ({ take: (executions) => rate(executions, () => inLanes(executions, atOnce, execute)), close: async () => undefined });

/** The same flow in JSONPath, the only query language that it has: variables become the state's data, an even sum one below a limit. */
const FLOW = {
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Parameters: { 'total.$': '$.amountMinor' }, Next: 'IsLarge' },
    IsLarge: { Type: 'Choice', Choices: [{ Variable: '$.total', NumericGreaterThan: 100000, Next: 'Refuse' }], Default: 'First' },
    First: { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:echo', Parameters: { 'amountMinor.$': '$.total' }, ResultPath: '$.first', Next: 'Add' },
    Add: { Type: 'Pass', Parameters: { 'total.$': 'States.MathAdd($.total, $.first.amountMinor)' }, Next: 'IsEven' },
    IsEven: { Type: 'Choice', Choices: [{ Variable: '$.total', NumericLessThan: 1000000, Next: 'Second' }], Default: 'Refuse' },
    Second: { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:echo', Parameters: { 'amountMinor.$': '$.total' }, ResultPath: '$.second', Next: 'Sum' },
    Sum: { Type: 'Pass', Parameters: { 'sum.$': 'States.MathAdd($.total, $.second.amountMinor)' }, Next: 'Done' },
    Done: { Type: 'Succeed' },
    Refuse: { Type: 'Fail', Error: 'Bench.Refused' },
  },
};

/** aws-local-stepfunctions 3: executions per second. */
export const awsLocalSteps = async (atOnce) => {
  // It asks for Node 22 for this alone.
  Promise.withResolvers ??= function withResolvers() {
    const made = {};
    made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
  };
  const { StateMachine } = await import('aws-local-stepfunctions');
  const machine = new StateMachine(FLOW);
  const overrides = { taskResourceLocalHandlers: { First: async (input) => input, Second: async (input) => input } };
  return measured(atOnce, async () => checked(await machine.run({ amountMinor: 1250 }, { overrides }).result));
};

const echo = fromPromise(async ({ input }) => input);
const machine = setup({ actors: { echo } }).createMachine({
  context: ({ input }) => ({ amountMinor: input.amountMinor }),
  initial: 'begin',
  states: {
    begin: { entry: assign({ total: ({ context }) => context.amountMinor }), always: 'isLarge' },
    isLarge: { always: [{ guard: ({ context }) => context.total > 100000, target: 'refuse' }, { target: 'first' }] },
    first: { invoke: { src: 'echo', input: ({ context }) => ({ amountMinor: context.total }), onDone: { actions: assign({ first: ({ event }) => event.output.amountMinor }), target: 'add' } } },
    add: { entry: assign({ total: ({ context }) => context.total + context.first }), always: 'isEven' },
    isEven: { always: [{ guard: ({ context }) => context.total % 2 === 0, target: 'second' }, { target: 'refuse' }] },
    second: { invoke: { src: 'echo', input: ({ context }) => ({ amountMinor: context.total }), onDone: { actions: assign({ second: ({ event }) => event.output.amountMinor }), target: 'sum' } } },
    sum: { entry: assign({ sum: ({ context }) => context.total + context.second }), always: 'done' },
    done: { type: 'final' },
    refuse: { type: 'final' },
  },
  output: ({ context }) => ({ sum: context.sum }),
});

/** xstate 5: executions per second. */
export const xstateSteps = async (atOnce) =>
  measured(atOnce, async () => {
    const actor = createActor(machine, { input: { amountMinor: 1250 } });
    const output = toPromise(actor);
    actor.start();
    checked(await output);
  });
