/** The interpreter and the engine's loop without a disk: eight states, two of them Tasks that answer at once. */
import { createTill } from '@tillwright/core';
import { action, Actions, bind, definePlugin } from '@tillwright/core/contract';
import { systemHash } from '@tillwright/core/node';
import { memoryLog, memorySealedStore } from '@tillwright/core/testing';
import { inLanes, rate } from './measure.mjs';

const flow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Assign: { total: '{% $states.input.amountMinor %}' }, Next: 'IsLarge' },
    IsLarge: { Type: 'Choice', Choices: [{ Condition: '{% $total > 100000 %}', Next: 'Refuse' }], Default: 'First' },
    First: { Type: 'Task', Resource: 'bench:echo', Arguments: { amountMinor: '{% $total %}' }, Assign: { first: '{% $states.result.amountMinor %}' }, Next: 'Add' },
    Add: { Type: 'Pass', Assign: { total: '{% $total + $first %}' }, Next: 'IsEven' },
    IsEven: { Type: 'Choice', Choices: [{ Condition: '{% $total % 2 = 0 %}', Next: 'Second' }], Default: 'Refuse' },
    Second: { Type: 'Task', Resource: 'bench:echo', Arguments: { amountMinor: '{% $total %}' }, Assign: { second: '{% $states.result.amountMinor %}' }, Next: 'Sum' },
    Sum: { Type: 'Pass', Output: { sum: '{% $total + $second %}' }, Next: 'Done' },
    Done: { Type: 'Succeed' },
    Refuse: { Type: 'Fail', Error: 'Bench.Refused' },
  },
});

const echo = definePlugin({
  name: 'bench-echo',
  provides: [
    bind(Actions).toValue({
      namespace: 'bench',
      actions: {
        echo: action({
          description: { zh: '原样返回', en: 'Gives back what it is given' },
          arguments: { type: 'object', properties: { amountMinor: { type: 'integer' } }, required: ['amountMinor'], additionalProperties: false },
          result: { type: 'object' },
          errors: {},
          redo: 'again',
          run: async (args) => args,
        }),
      },
    }),
  ],
});

const openTill = (terminals, workflow) =>
  createTill({
    plugins: [echo],
    workflows: { steps: workflow },
    terminals: Object.fromEntries(Array.from({ length: terminals }, (_, index) => [`T${index}`, { tid: String(index).padStart(8, '0'), mid: '898000000000001', name: 'Bench' }])),
    log: memoryLog(),
    sealed: memorySealedStore(),
    hash: systemHash,
  });

/** @param {number} atOnce terminals */
export const openSteps = async (atOnce) => {
  const till = await openTill(atOnce, flow);
  const execute = async (lane) => {
    const sale = await till.start({ terminal: `T${lane}`, workflow: 'steps', input: { amountMinor: 1250 } });
    const result = await sale.result;
    if (result.status !== 'succeeded' || result.output.sum !== 5000) throw new Error(`an execution went wrong: ${JSON.stringify(result)}`);
  };
  return {
    /** Executions per second over so many of them. */
    take: (executions) => rate(executions, () => inLanes(executions, atOnce, execute)),
    close: () => till.close(),
  };
};

const mapFlow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      Items: '{% $states.input.items %}',
      ItemProcessor: { StartAt: 'One', States: { One: { Type: 'Task', Resource: 'bench:echo', Arguments: { amountMinor: '{% $states.input %}' }, Output: '{% $states.result.amountMinor %}', End: true } } },
      End: true,
    },
  },
});

/** A Map over so many items, all of them at once. */
export const openMap = async (items) => {
  const till = await openTill(1, mapFlow);
  const input = { items: Array.from({ length: items }, (_, index) => index) };
  return {
    take: async () => {
      const sale = await till.start({ terminal: 'T0', workflow: 'steps', input });
      const result = await sale.result;
      if (result.status !== 'succeeded' || result.output.length !== items || result.output[items - 1] !== items - 1) throw new Error(`a Map went wrong: ${result.error} ${result.cause}`);
    },
    close: () => till.close(),
  };
};
