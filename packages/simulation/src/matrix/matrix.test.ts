/**
 * Every workflow that ships, with the parts that it runs, by every way to pay that makes a difference to it, with every behaviour of the
 * host on its wire: stopped at every write of log and sealed store, each way that write may end. By default one combination in so many,
 * and one write in so many of it, the same ones every time; MATRIX_EVERY=1 takes them all.
 */
import { describe, expect, it } from 'vitest';
import { soldOf } from '../run/simulate.js';
import { workflows } from '../shipped.test-helper.js';
import { behaviours } from './behaviours.js';
import type { Way } from './customer.js';
import { play, type Sale } from './matrix.js';

const EVERY = Number(process.env['MATRIX_EVERY'] ?? '11');

const runsOf = (name: string): string[] => [...(workflows[name]?.text ?? '').matchAll(/"workflow": "([^"]+)"/g)].map(([, part]) => part ?? '');
const closureOf = (name: string): string[] => [name, ...runsOf(name).flatMap(closureOf)];

const inputs: { readonly [workflow: string]: { readonly [name: string]: number } } = { unattended: { amountMinor: 8850 } };
const ways: readonly Way[] = [
  { method: 'card', by: 'insert' },
  { method: 'card', by: 'tap' },
  { method: 'card', by: 'swipe' },
  { method: 'alipay', by: 'scan' },
  { method: 'alipay', by: 'show' },
  { method: 'wechat', by: 'scan' },
  { method: 'wechat', by: 'show' },
];
const withPoints = ways.map((way) => ({ ...way, points: true }));
const HOST = { card: 'acquirer', alipay: 'alipay', wechat: 'wechat' } as const;

const saleOf = (workflow: string, way: Way): Sale => {
  const input = inputs[workflow];
  return { workflow, way, workflows: Object.fromEntries(closureOf(workflow).map((name) => [name, workflows[name] ?? ''])), ...(input ? { input } : {}) };
};

/** Ways that lead along other steps, or to another host, than those before them. */
const waysOf = async (workflow: string): Promise<readonly { readonly way: Way; readonly asked: string | undefined }[]> => {
  const taken = new Map<string, { way: Way; asked: string | undefined }>();
  for (const way of workflow === 'member-points' ? [...ways, ...withPoints] : ways) {
    const { path, problems, asked } = await play(saleOf(workflow, way), { name: 'approves' }, []);
    expect(problems).toEqual([]);
    if (!taken.has(path)) taken.set(path, { way, asked });
  }
  return [...taken.values()];
};

describe('crash matrix of the workflows that ship', () => {
  it.each(soldOf(workflows))('%s', { timeout: 7_200_000 }, async (workflow) => {
    const count = { combinations: 0, taken: 0, writes: 0, stopped: 0, runs: 0 };
    const wrong: string[] = [];
    for (const { way, asked } of await waysOf(workflow)) {
      for (const behaviour of behaviours.filter(({ hosts }) => !hosts || hosts.includes(HOST[way.method]))) {
        count.combinations += 1;
        if (count.combinations % EVERY !== 0) continue;
        count.taken += 1;
        const run = async (...stops: Parameters<typeof play>[2]) => {
          count.runs += 1;
          const played = await play(saleOf(workflow, way), behaviour, stops);
          const stopped = stops.map(({ point, keepsAll }) => `${point}${keepsAll ? ' keeping all' : ''}`).join(' and ');
          for (const problem of played.problems) wrong.push(`${way.points ? 'points, then ' : ''}${way.method} by ${way.by}, ${behaviour.name}, stopped at ${stopped || 'nothing'}: ${problem}`);
          return played;
        };
        const { writes, asked: instead } = await run();
        // Whatever its host does, it is the one that is asked: a method that is not ready, as where the first connection is refused, shows nothing of its host.
        if (!behaviour.refused && instead !== asked) wrong.push(`${way.method} by ${way.by}, ${behaviour.name}: ${instead ?? 'nobody'} was asked instead of ${asked ?? 'nobody'}`);
        for (const point of writes) {
          count.writes += 1;
          if (count.writes % EVERY !== 0) continue;
          count.stopped += 1;
          const { undurable } = await run({ point, keepsAll: false });
          if (undurable) await run({ point, keepsAll: true });
          // Now and then the next life is stopped as well, somewhere in its recovery.
          if (count.stopped % 5 === 0) await run({ point, keepsAll: false }, { point: 1 + (count.stopped % 23), keepsAll: count.stopped % 2 === 0 });
        }
      }
      // All of it takes an hour.
      if (EVERY === 1) console.log(`${workflow}, ${way.points ? 'points, then ' : ''}${way.method} by ${way.by}: ${count.combinations} combinations, ${count.runs} runs so far`);
    }
    console.log(`${workflow}: ${count.taken} of ${count.combinations} combinations; stopped at ${count.stopped} of their ${count.writes} writes, ${count.runs} runs`);
    expect(wrong.slice(0, 12)).toEqual([]);
  });
});
