import { expect, it } from 'vitest';
import { action, Actions, type Answer, bind, definePlugin } from '../contract.js';
import type { Json } from '../json.js';
import { fileStorage } from '../log/file-storage.js';
import { memoryStorage } from '../log/memory-storage.js';
import { SimulatedDisk } from '../log/simulated-disk.js';
import { createTill } from '../till.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
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

it.each([250, 2_500])('what is nested %i levels deep stops no till: it is refused where it comes in', async (levels) => {
  const deep = JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json;
  const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again' } as const;
  const deeply = definePlugin({ name: 'deep', provides: [bind(Actions).toValue({ namespace: 'deep', actions: { give: action({ ...manifest, run: async () => deep }) } })] });
  const host = scriptedHost();
  host.submits.push(() => ({ outcome: 'approved', verified: true, amount: { amountMinor: 500, currency: 'CNY' }, completion: 'none', facts: { receipt: [], deep } }) as unknown as Answer);
  const state = (more: object) => JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Do', States: { Do: { Type: 'Task', End: true, ...more } } });
  const disk = new SimulatedDisk();
  const open = () =>
    createTill({
      plugins: [deeply, scriptedMethod({ host, kind: 'wallet' })],
      workflows: { give: state({ Resource: 'deep:give' }), ask: state({ Resource: 'prompt:amount' }), pay: state({ Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 500 } }) },
      terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
      clock: virtualClock(),
      ...fileStorage('/data', { fileSystem: disk, lazyFlushMs: 1 }),
    });
  const till = await open();
  const alarms: string[] = [];
  till.on('alarm', ({ kind }) => alarms.push(kind));
  await expect(till.start({ terminal: 'T1', workflow: 'pay', input: { deep } })).rejects.toMatchObject({ code: 'CALL_INVALID' });
  expect(await (await till.start({ terminal: 'T1', workflow: 'give' })).result).toMatchObject({ status: 'failed', error: 'Task.Failed' });
  const asked = new Promise<string>((resolve) => till.once('prompt', ({ id }) => resolve(id)));
  const asking = await till.start({ terminal: 'T1', workflow: 'ask' });
  const prompt = await asked;
  expect(() => till.answer(prompt, deep)).toThrow(expect.objectContaining({ code: 'PROMPT_ANSWER_INVALID' }));
  till.answer(prompt, 500);
  expect((await asking.result).status).toBe('succeeded');
  // Unknown, and asked for.
  expect((await (await till.start({ terminal: 'T1', workflow: 'pay' })).result).status).toBe('succeeded');
  expect(alarms).toEqual([]);
  await till.close();
  await (await open()).close();
});
