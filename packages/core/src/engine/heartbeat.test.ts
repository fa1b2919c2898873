import { expect, it } from 'vitest';
import { action, Actions, bind, definePlugin } from '../contract.js';
import { memoryStorage } from '../log/memory-storage.js';
import { createTill } from '../till.js';
import { virtualClock } from './virtual-clock.js';

it('ends an action that gives no sign of life, and leaves one that does', async () => {
  const clock = virtualClock();
  const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again' } as const;
  const device = definePlugin({
    name: 'device',
    provides: [
      bind(Actions).toValue({
        namespace: 'device',
        actions: {
          silent: action({ ...manifest, run: async (_args, { signal }) => await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))) }),
          alive: action({
            ...manifest,
            run: async (_args, context) => {
              for (let beat = 0; beat < 5; beat += 1) {
                await clock.until(clock.now() + 4_000);
                context.heartbeat();
              }
              return 'done';
            },
          }),
        },
      }),
    ],
  });
  const task = (name: string): object => ({ QueryLanguage: 'JSONata', StartAt: 'Do', States: { Do: { Type: 'Task', Resource: `device:${name}`, HeartbeatSeconds: '{% 2 + 3 %}', TimeoutSeconds: 60, End: true } } });
  const till = await createTill({
    plugins: [device],
    workflows: { silent: JSON.stringify(task('silent')), alive: JSON.stringify(task('alive')) },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    clock,
    ...memoryStorage(),
  });
  const began = clock.now();
  const silent = await till.start({ terminal: 'T1', workflow: 'silent' });
  expect(await silent.result).toMatchObject({ status: 'failed', error: 'States.HeartbeatTimeout' });
  expect(clock.now() - began).toBe(5_000);
  const alive = await till.start({ terminal: 'T1', workflow: 'alive' });
  expect(await alive.result).toMatchObject({ status: 'succeeded', output: 'done' });
  await till.close();
});
