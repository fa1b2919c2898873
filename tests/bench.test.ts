/** The bench runs, all of it, and a sale takes no more syncs than docs/speed.md says. Nothing here is timed. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = promisify(execFile);
const bench = async (...args: string[]): Promise<unknown> => JSON.parse((await node(process.execPath, [join(root, 'bench/index.mjs'), '--json', ...args], { maxBuffer: 1e7 })).stdout) as unknown;

it('every row has its figure, and the syncs of a sale with nothing beside it are those that are named', { timeout: 300_000 }, async () => {
  const found = (await bench('--smoke')) as {
    readonly sales: { readonly [kind in 'card' | 'wallet']: { readonly syncs: readonly { readonly name: string; readonly perPayment: number }[] } };
    readonly durable: readonly { readonly kind: string; readonly paymentsPerSecond: number }[];
    readonly wire: readonly { readonly kind: string; readonly paymentsPerSecond: number }[];
  };
  // What nobody waits for is written after 100 ms, should the machine be so slow.
  const named = (kind: 'card' | 'wallet') => Object.fromEntries(found.sales[kind].syncs.filter(({ perPayment }) => perPayment > 0.5).map(({ name, perPayment }) => [name, Math.round(perPayment)]));
  expect(named('wallet')).toEqual({
    'log, waited for: paymentPrepared': 1,
    // With it the host's answer.
    'log, waited for: stepLeft + executionEnded': 1,
  });
  expect(named('card')).toEqual({
    'sealed store: put': 1,
    'log, waited for: paymentPrepared': 1,
    'log, waited for: paymentAnswered': 1,
    // With it the card's.
    'log, waited for: stepLeft + executionEnded': 1,
  });
  expect(found.wire.map(({ kind }) => kind)).toEqual(['card', 'alipay', 'wechat']);
  for (const { paymentsPerSecond } of [...found.durable, ...found.wire]) expect(paymentsPerSecond).toBeGreaterThan(0);
});

it('a log with history is opened, and old sales are found in it', { timeout: 300_000 }, async () => {
  const { rows } = (await bench('--growth', '--transactions', '3000', '--open', '50')) as { readonly rows: readonly { readonly what: string; readonly count: number; readonly open: number; readonly readAtOpen: number }[] };
  expect(rows.map(({ what, count, open }) => [what, count, open])).toEqual([['closed', 1000, 0], ['closed', 3000, 0], ['open', 50, 50]]);
  for (const { readAtOpen } of rows) expect(readAtOpen).toBeGreaterThan(0);
});
