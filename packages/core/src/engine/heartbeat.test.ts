import { expect, it } from 'vitest';
import { action, Actions, bind, definePlugin } from '../contract.js';
import { memoryStorage } from '../log/memory-storage.js';
import { createTill } from '../till.js';
import { flow, open, pay, run, settled, type State, statuses } from './money-rules.testing.js';
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

it.each(['heartbeat', 'show'] as const)('ends one that hangs, after some signs of life (%s) and though it hears nothing any more', async (sign) => {
  const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again' } as const;
  const clock = virtualClock();
  const hangs = action({
    ...manifest,
    run: async (_args, context) => {
      for (let beat = 0; beat < 3; beat += 1) {
        await clock.until(clock.now() + 4_000);
        if (sign === 'show') context.show('merchant', { zh: '', en: '' });
        else context.heartbeat();
      }
      return await new Promise<never>(() => {});
    },
  });
  const task: State = { Type: 'Task', Resource: 'device:hangs', HeartbeatSeconds: 5, TimeoutSeconds: 60, End: true };
  const setup = await open({ kind: 'wallet', clock, plugins: [definePlugin({ name: 'device', provides: [bind(Actions).toValue({ namespace: 'device', actions: { hangs } })] })], flow: flow({ Do: task }) });
  const began = clock.now();
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'States.HeartbeatTimeout' });
  expect(clock.now() - began).toBe(17_000);
  await setup.till.close();
});

it('asks a payment to end, as by its time-out: it is undone first', async () => {
  const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ HeartbeatSeconds: 12, TimeoutSeconds: 600 }) }) });
  const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
  setup.host.submits.push((amount) => {
    setup.host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: amount, status: 'approved' });
    return waiting;
  });
  setup.host.findings.push(...Array.from({ length: 9 }, () => waiting));
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'States.Timeout', unsettled: [] });
  expect(statuses(setup.host)).toEqual(['reversed']);
  await settled(setup);
  await setup.till.close();
});
