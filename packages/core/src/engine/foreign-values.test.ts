import { expect, it } from 'vitest';
import { action, Actions, bind, definePlugin } from '../contract.js';
import { memoryStorage } from '../log/memory-storage.js';
import { createTill } from '../till.js';
import { virtualClock } from './virtual-clock.js';

it('what a plugin or an embedder changes afterwards reaches neither the flow nor the log', async () => {
  const kept = { lines: [{ amountMinor: 5 }] };
  const refusals: unknown[] = [];
  const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again' } as const;
  const plugin = definePlugin({
    name: 'careless',
    provides: [
      bind(Actions).toValue({
        namespace: 'careless',
        actions: {
          give: action({ ...manifest, run: async () => kept }),
          change: action({
            ...manifest,
            run: async (args) => {
              kept.lines[0] = { amountMinor: 500 };
              try {
                (args as { lines: { amountMinor: number }[] }).lines.push({ amountMinor: 500 });
              } catch (error) {
                refusals.push(error);
              }
              return null;
            },
          }),
        },
      }),
    ],
  });
  const flow = {
    QueryLanguage: 'JSONata',
    StartAt: 'Give',
    States: {
      Give: { Type: 'Task', Resource: 'careless:give', Assign: { given: '{% $states.result %}', from: '{% $states.context.Execution.Input %}' }, Next: 'Change' },
      Change: { Type: 'Task', Resource: 'careless:change', Arguments: '{% $given %}', Output: { given: '{% $given %}', from: '{% $from %}' }, End: true },
    },
  };
  const till = await createTill({
    plugins: [plugin],
    workflows: { flow: JSON.stringify(flow) },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    clock: virtualClock(),
    ...memoryStorage(),
  });
  const input = { order: { amountMinor: 5 } };
  const { executionId, result } = await till.start({ terminal: 'T1', workflow: 'flow', input });
  input.order.amountMinor = 500;
  const output = { given: { lines: [{ amountMinor: 5 }] }, from: { order: { amountMinor: 5 } } };
  expect(await result).toMatchObject({ status: 'succeeded', output });
  expect(refusals).toHaveLength(1);
  const history = await till.history(executionId);
  expect(history.at(-1)?.event).toEqual({ type: 'executionEnded', status: 'succeeded', output });
  expect(history[0]?.event).toMatchObject({ type: 'executionStarted', input: { order: { amountMinor: 5 } } });
  await till.close();
});
