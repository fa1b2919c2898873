/**
 * The safety code broken on purpose, in each way that the table names: the simulation must find every one of them within the seeds
 * that CI runs, and nothing in the code as it is. A mutation whose text the code no longer holds fails: the table can't rot.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildJudge, buildMutant } from './mutations/build.js';
import { type Mutation, mutations } from './mutations/table.js';

/** The seeds of simulate.test.ts. */
const SEED = 1;
const RUNS = 250;
/** By so many of them; `TILLWRIGHT_FINDS=250` tells by how many it is. */
const FINDS = Number(process.env['TILLWRIGHT_FINDS'] ?? '1');
const AT_ONCE = 2;
/** Changed code may never end: it is stopped, and that is no find. */
const PATIENCE_MS = 300_000 * FINDS;
const RUNNER = fileURLToPath(new URL('mutations/run.mjs', import.meta.url));
const CACHE = fileURLToPath(new URL('../packages/core/node_modules/.mutations-', import.meta.url));

interface Found {
  readonly runs: number;
  /** Those that found it. */
  readonly seeds: readonly number[];
  readonly problems: readonly string[];
}

let dir: string;
let judge: string;
beforeAll(async () => {
  // Beside the packages that core depends on, which are not built in.
  dir = await mkdtemp(CACHE);
  judge = await buildJudge(dir);
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

let running = 0;
const waiting: (() => void)[] = [];
const oneOfFew = async <T>(work: () => Promise<T>): Promise<T> => {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
};

const simulate = (name: string, edits: Parameters<typeof buildMutant>[2], { runs = RUNS, flow, terms }: Pick<Mutation, 'flow' | 'terms'> & { readonly runs?: number } = {}): Promise<Found> =>
  oneOfFew(async () => {
    const bundle = await buildMutant(dir, name.replaceAll(/\W+/g, '-'), edits, judge);
    const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, bundle, String(SEED), String(runs), String(FINDS), JSON.stringify({ workflow: flow, terms })], { timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
    return JSON.parse(stdout) as Found;
  });

describe('mutations of the safety code', { timeout: 1_200_000 }, () => {
  // All seeds of the code as it is are simulate.test.ts's; here only what is built for the mutations is held against it.
  it.concurrent('the code as it is fails no run', async () => {
    expect(await simulate('as it is', [], { runs: 20 })).toMatchObject({ runs: 20, problems: [] });
  });

  it.concurrent.each(mutations)('$name ($rule)', async ({ name, edits, ...only }) => {
    const { runs, seeds, problems } = await simulate(name, edits, only);
    if (process.env['TILLWRIGHT_STORY']) console.log(`${name}: ${JSON.stringify({ runs, seeds, problems })}`);
    if (FINDS > 1) console.log(`${name}: found by ${seeds.length} of ${runs} seeds (${seeds.slice(0, 3).join(', ')})`);
    expect(seeds.length, `found by ${seeds.length} of ${runs} seeds`).toBeGreaterThanOrEqual(Math.min(FINDS, 3));
  });
});
