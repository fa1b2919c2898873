/** A flow that goes in a circle may make more of what it has each time: it must come to an end before the log and the till do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileStorage } from '../log/file-storage.js';
import { createTill } from '../till.js';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tillwright-growing-'));
});
afterEach(() => rmSync(data, { recursive: true }));

/** Goes so often through a state. */
const circle = (times: number, state: object): object => ({
  QueryLanguage: 'JSONata',
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Assign: { n: 0, kept: 'x' }, Next: 'Grow' },
    Grow: { ...state, Next: 'Count' },
    Count: { Type: 'Pass', Assign: { n: '{% $n + 1 %}' }, Next: 'Enough' },
    Enough: { Type: 'Choice', Choices: [{ Condition: `{% $n < ${times} %}`, Next: 'Grow' }], Default: 'Done' },
    Done: { Type: 'Succeed', Output: true },
  },
});
const branch = { StartAt: 'Same', States: { Same: { Type: 'Pass', End: true } } };

const flows: { readonly [name: string]: object } = {
  'one deeper each time': circle(3_000, { Type: 'Pass', Assign: { kept: ['{% $kept %}'] } }),
  'twice as much each time': circle(40, { Type: 'Pass', Output: { a: '{% $states.input %}', b: '{% $states.input %}' } }),
  'twice as much each time, by its branches': circle(40, { Type: 'Parallel', Branches: [branch, branch] }),
  'twice as much each time, by an iteration for each of two': circle(40, { Type: 'Map', Items: [1, 2], ItemSelector: '{% $kept %}', ItemProcessor: branch, Assign: { kept: '{% $states.result %}' } }),
  'the same again and again, which is large': circle(2_000, { Type: 'Pass', Output: '{% $states.context.Execution.Input %}' }),
};
const open = () =>
  createTill({
    plugins: [],
    workflows: { sound: JSON.stringify(circle(3, { Type: 'Pass' })), ...Object.fromEntries(Object.entries(flows).map(([name, flow]) => [name, JSON.stringify(flow)])) },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    ...fileStorage(data),
  });

it.each(Object.keys(flows))('%s: the transaction ends by it, the till goes on', async (workflow) => {
  let till = await open();
  const input = { lines: Array.from({ length: 2_000 }, (_, line) => ({ line, text: 'a line of what was bought' })) };
  const sale = await till.start({ terminal: 'T1', workflow, input, key: 'order-1' });
  expect(await sale.result).toMatchObject({ status: 'failed', error: 'States.DataLimitExceeded', unsettled: [] });
  const next = await till.start({ terminal: 'T1', workflow: 'sound', input: {} });
  expect(await next.result).toMatchObject({ status: 'succeeded' });
  await till.close();
  till = await open();
  expect((await till.get(sale.executionId)).status).toBe('failed');
  await till.close();
});
