/**
 * Rounds of the whole engine on a log on disk, the raw disk and xstate's snapshots before each: ratios are taken within the round,
 * since a disk has moods. Run by itself with its options as JSON it tells the same as JSON: a process of its own has flags of its own.
 */
import { syncsSoFar } from './syncs.mjs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, tidy } from './measure.mjs';

/** How xstate's snapshot is kept. */
export const KEPT = ['overwritten', 'rewritten', 'replaced'];

/** @param {{ dir: string, kind: 'card' | 'wallet', terminals: number, count: number, rounds: number, rawCount: number, xstateCount: number, bytesPerRecord: number }} options */
export const durable = async ({ dir, kind, terminals, count, xstateCount, ...rest }) => {
  const { openTills } = await import('./payments.mjs');
  const peers = await import('./peers.mjs');
  const tills = await openTills({ dir: join(dir, `${kind}-${terminals}-${process.pid}`), kind, terminals });
  const take = async () => {
    const syncsBefore = syncsSoFar();
    const cpuBefore = process.cpuUsage();
    const perSecond = await tills.take(count);
    const { user, system } = process.cpuUsage(cpuBefore);
    return { perSecond, cpuMs: (user + system) / 1000 / count, syncs: (syncsSoFar() - syncsBefore) / count };
  };
  const xstate = (kept) => peers.xstateSnapshots(dir, { atOnce: terminals, keep: peers[kept] }, xstateCount);
  await tills.take(rest.rounds * count);
  for (const kept of KEPT) await xstate(kept);
  const { syncs, ...measured } = await beside({ dir, ...rest }, take, xstate);
  await tills.close();
  return { kind, terminals, ...measured, syncsPerPayment: tidy(syncs) };
};

/**
 * Medians over rounds of `take`, each behind a round of the raw disk and of xstate in each of its ways.
 * @param {(kept: string) => Promise<number>} xstate executions per second
 */
export const beside = async ({ dir, rounds: wanted, rawCount, bytesPerRecord }, take, xstate) => {
  const { rawAppends } = await import('./peers.mjs');
  const rounds = [];
  for (let round = 0; round < wanted; round += 1) {
    const raw = await rawAppends(dir, bytesPerRecord, rawCount);
    const executions = {};
    for (const kept of KEPT) executions[kept] = await xstate(kept);
    rounds.push({ ...(await take()), raw, executions });
  }
  const of = (figure) => median(rounds.map(figure));
  return {
    paymentsPerSecond: Math.round(of(({ perSecond }) => perSecond)),
    rawPerSecond: Math.round(of(({ raw }) => raw)),
    ratioToRaw: tidy(of(({ perSecond, raw }) => perSecond / raw)),
    cpuMsPerPayment: tidy(of(({ cpuMs }) => cpuMs)),
    syncs: of(({ syncs }) => syncs),
    xstate: KEPT.map((kept) => ({
      kept,
      executionsPerSecond: Math.round(of(({ executions }) => executions[kept])),
      ratio: tidy(of(({ perSecond, executions }) => perSecond / executions[kept])),
    })),
  };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await durable(JSON.parse(process.argv[2] ?? '{}'))));
  process.exit(0);
}
