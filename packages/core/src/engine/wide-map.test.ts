import { expect, it } from 'vitest';
import { action, Actions, bind, definePlugin } from '../contract.js';
import { memoryStorage } from '../log/memory-storage.js';
import { createTill, journalOf } from '../till.js';
import { virtualClock } from './virtual-clock.js';

/** Gives back what it is given, once it may. */
const echo = (may: Promise<void>) =>
  definePlugin({
    name: 'echo',
    provides: [
      bind(Actions).toValue({
        namespace: 'echo',
        actions: { item: action({ description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again', run: ({ n }) => may.then(() => n ?? null) }) },
      }),
    ],
  });
const flow = (limit: number): string =>
  JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: 'Each',
    States: {
      Each: {
        Type: 'Map',
        MaxConcurrency: limit,
        ItemProcessor: { StartAt: 'Do', States: { Do: { Type: 'Task', Resource: 'echo:item', Arguments: { n: '{% $states.input %}' }, TimeoutSeconds: 60, End: true } } },
        End: true,
      },
    },
  });

/** How many entries of the execution's tables were looked at, listing a table counting each of its keys. */
const lookedAt = async (items: number, limit: number): Promise<number> => {
  const clock = virtualClock();
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const till = await createTill({
    plugins: [echo(begun)],
    workflows: { wide: flow(limit) },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    clock,
    ...memoryStorage(),
  });
  const { executionId, result } = await till.start({ terminal: 'T1', workflow: 'wide', input: Array.from({ length: items }, (_, n) => n) });
  const state = journalOf(till).executions.get(executionId)?.state as unknown as { [table: string]: object };
  let count = 0;
  for (const table of ['scopes', 'visits', 'results']) {
    state[table] = new Proxy(state[table] ?? {}, {
      get: (rows, key, self) => ((count += 1), Reflect.get(rows, key, self) as unknown),
      getOwnPropertyDescriptor: (rows, key) => ((count += 1), Reflect.getOwnPropertyDescriptor(rows, key)),
      ownKeys: (rows) => {
        const keys = Reflect.ownKeys(rows);
        count += keys.length;
        return keys;
      },
    });
  }
  begin();
  expect(await result).toMatchObject({ status: 'succeeded', output: Array.from({ length: items }, (_, n) => n) });
  await till.close();
  return count;
};

it.each([
  ['all at once', 0],
  ['ten at once', 10],
])('an iteration of a Map costs the same among 2,000 as among 100: %s', async (_, limit) => {
  const perItem = (await lookedAt(100, limit)) / 100;
  expect((await lookedAt(2_000, limit)) / 2_000).toBeLessThan(perItem * 1.1);
});
