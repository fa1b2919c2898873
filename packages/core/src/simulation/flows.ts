/** Workflows that a simulation runs: every shape in which money moves. */
import type { StateMachine } from '../definition/asl.js';
import { closure } from '../definition/check.js';
import type { Json } from '../json.js';
import type { MethodId } from './method.js';

type States = { [name: string]: { [field: string]: Json } };

const flow = (states: States, rest: { [field: string]: Json } = {}): string => JSON.stringify({ QueryLanguage: 'JSONata', ...rest, StartAt: Object.keys(states)[0] ?? '', States: states } as unknown as Json);
const pay = (method: string, rest: { [field: string]: Json }, args: { [name: string]: Json } = {}): { [field: string]: Json } => ({
  Type: 'Task',
  Resource: 'payment:sale',
  Arguments: { method, amountMinor: 1000, ...args },
  ...rest,
});
const failing = { Type: 'Fail', Error: 'Goods.Broken', Cause: 'it fell' };
const notice = (next: string): { [field: string]: Json } => ({
  Type: 'Task',
  Resource: 'prompt:notice',
  Arguments: { text: 'hand over the goods' },
  TimeoutSeconds: 60,
  Catch: [{ ErrorEquals: ['States.Timeout', 'Terminal.Cancelled'], Next: next }],
  Next: next,
});
const retry = [{ ErrorEquals: ['Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled'], IntervalSeconds: 2, MaxAttempts: 2 }];

/** A flow and those that it runs. */
export const withRuns = (name: string, flows: { readonly [name: string]: string }): string[] =>
  closure(name, Object.fromEntries(Object.entries(flows).map(([each, text]) => [each, JSON.parse(text) as StateMachine])));

/** The payment methods that a flow names, or one that it runs. */
export const methodsOf = (name: string, flows: { readonly [name: string]: string }): MethodId[] =>
  withRuns(name, flows).flatMap((each) => [...(flows[each] ?? '').matchAll(/"method":"(\w+)"/g)].map(([, id]) => id as MethodId));

export const simulatedFlows: { readonly [name: string]: string } = {
  wallet: flow({ Pay: pay('wallet', { End: true }) }),
  card: flow({ Pay: pay('card', { End: true }) }),
  purse: flow({ Pay: pay('purse', { Next: 'Rest' }, { dueMinor: 1500 }), Rest: pay('purse', { End: true }, { amountMinor: 500, dueMinor: 1500 }) }),
  split: flow({
    Card: pay('card', { Next: 'Wallet' }, { amountMinor: 600, dueMinor: 1000 }),
    Wallet: pay('wallet', { End: true }, { amountMinor: 400, dueMinor: 1000 }),
  }),
  broken: flow({
    Pay: pay('wallet', { Next: 'Fail' }),
    Fail: failing,
  }),
  'half-broken': flow({
    Pay: pay('card', { Next: 'Fail' }, { amountMinor: 600, dueMinor: 1000 }),
    Fail: failing,
  }),
  caught: flow({
    Try: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Part', States: { Part: pay('card', { Next: 'Break' }, { amountMinor: 600, dueMinor: 1000, saleReference: "{% $states.context.Execution.Id & '-a' %}" }), Break: failing } },
        { StartAt: 'Other', States: { Other: pay('wallet', { End: true }, { amountMinor: 300, dueMinor: 1000, saleReference: "{% $states.context.Execution.Id & '-b' %}" }) } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Instead' }],
      Next: 'Instead',
    },
    Instead: pay('wallet', { End: true }),
  }),
  'gone-on': flow({
    Try: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Part', States: { Part: pay('wallet', { End: true }, { amountMinor: 600, dueMinor: 1000 }) } },
        { StartAt: 'Soon', States: { Soon: { Type: 'Wait', Seconds: 1, Next: 'Break' }, Break: failing } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Instead' }],
      End: true,
    },
    Instead: pay('card', { Retry: retry, End: true }),
  }),
  'asked-twice': flow({
    Try: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Pay', States: { Pay: pay('wallet', { End: true }) } },
        { StartAt: 'Late', States: { Late: { Type: 'Wait', Seconds: 3, Next: 'Break' }, Break: failing } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Instead' }],
      End: true,
    },
    Instead: pay('card', { Retry: retry, End: true }),
  }),
  retry: flow({ Pay: pay('card', { Retry: retry, End: true }) }),
  again: flow({
    Pay: pay('wallet', { Catch: [{ ErrorEquals: ['Payment.Unsettled', 'Payment.Undone', 'Payment.Declined'], Next: 'Again' }], End: true }),
    Again: pay('card', { End: true }),
  }),
  'at-once': flow({
    Both: {
      Type: 'Parallel',
      Branches: ['card', 'wallet'].map((method) => ({ StartAt: 'Half', States: { Half: pay(method, { Retry: retry, End: true }, { amountMinor: 500, dueMinor: 1000 }) } })),
      End: true,
    },
  }),
  short: flow({ Pay: pay('purse', { End: true }, { amountMinor: 600, dueMinor: 1000 }) }),
  timeout: flow({
    Pay: pay('wallet', { TimeoutSeconds: 8, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Tell' }], Next: 'Done' }),
    Tell: notice('Done'),
    Done: { Type: 'Succeed' },
  }),
  receipt: flow({
    Pay: pay('card', { Next: 'Print' }),
    Print: { Type: 'Task', Resource: 'printer:print', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' },
    Done: { Type: 'Succeed' },
  }),
  'receipt-beside': flow({
    Pay: pay('card', { Next: 'Print' }),
    Print: { Type: 'Task', Resource: 'printer:print', Arguments: { wait: false }, End: true },
  }),
  committed: flow({
    Pay: pay('wallet', { Next: 'Keep' }, { amountMinor: 300, dueMinor: 1000 }),
    Keep: { Type: 'Task', Resource: 'payment:commit', Next: 'Tell' },
    Tell: notice('Fail'),
    Fail: failing,
  }),
  asked: flow({
    Pay: pay('wallet', { Next: 'Ask' }, { amountMinor: 600, dueMinor: 1000 }),
    Ask: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'the rest, please' }, TimeoutSeconds: 60, Next: 'Rest' },
    Rest: pay('wallet', { End: true }, { amountMinor: 400, dueMinor: 1000 }),
  }),
  partial: flow({
    Pay: pay('wallet', { Assign: { rest: '{% 1000 - $states.result.amountMinor %}' }, Next: 'Enough' }, { allowPartial: true, dueMinor: 1000 }),
    Enough: { Type: 'Choice', Choices: [{ Condition: '{% $rest > 0 %}', Next: 'Rest' }], Default: 'Done' },
    Rest: pay('card', { Next: 'Done' }, { amountMinor: '{% $rest %}', dueMinor: 1000 }),
    Done: { Type: 'Succeed' },
  }),
  'in-time': flow({ Pay: pay('wallet', { Next: 'Print' }), Print: { Type: 'Task', Resource: 'printer:print', End: true } }, { TimeoutSeconds: 20 }),
  'tried-again': flow({ Pay: pay('wallet', { Retry: retry, End: true }) }),
  'gone-without': flow({
    Pay: pay('wallet', { Catch: [{ ErrorEquals: ['Payment.Unsettled'], Next: 'Tell' }], Next: 'Done' }),
    Tell: notice('Done'),
    Done: { Type: 'Succeed' },
  }),
  'part-in-time': flow({
    Part: pay('wallet', { TimeoutSeconds: 8, Catch: [{ ErrorEquals: ['States.Timeout'], Next: 'Tell' }], Next: 'Rest' }, { amountMinor: 600, dueMinor: 1000 }),
    Rest: pay('card', { End: true }, { amountMinor: 400, dueMinor: 1000 }),
    Tell: notice('Done'),
    Done: { Type: 'Succeed' },
  }),
  'declined-again': flow({
    Pay: pay('card', { Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 1, MaxAttempts: 3 }], End: true }, { amountMinor: '{% 1000 - $states.context.State.RetryCount % 2 * 100 %}' }),
  }),
};
