/**
 * Rounds of the whole engine on a log on disk, a round of the raw disk before each: their ratio is taken within the round.
 * Run by itself with its options as JSON it tells the same as JSON: a process of its own has flags of its own.
 */
import { syncsSoFar } from './syncs.mjs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, tidy } from './measure.mjs';

/** @param {{ dir: string, kind: 'card' | 'wallet', terminals: number, count: number, rounds: number, rawCount: number, bytesPerRecord: number }} options */
export const durable = async ({ dir, kind, terminals, count, rounds: wanted, rawCount, bytesPerRecord }) => {
  const { openTills } = await import('./payments.mjs');
  const tills = await openTills({ dir: join(dir, `${kind}-${terminals}-${process.pid}`), kind, terminals });
  const take = async () => {
    const syncsBefore = syncsSoFar();
    const cpuBefore = process.cpuUsage();
    const perSecond = await tills.take(count);
    const { user, system } = process.cpuUsage(cpuBefore);
    return { perSecond, cpuMs: (user + system) / 1000 / count, syncs: (syncsSoFar() - syncsBefore) / count };
  };
  await tills.take(wanted * count);
  const { syncs, ...measured } = await besideRaw({ dir, rounds: wanted, rawCount, bytesPerRecord }, take);
  await tills.close();
  return { kind, terminals, ...measured, syncsPerPayment: tidy(syncs) };
};

/** Medians over rounds of `take`, each behind a round of the raw disk. */
export const besideRaw = async ({ dir, rounds: wanted, rawCount, bytesPerRecord }, take) => {
  const { rawAppends } = await import('./peers.mjs');
  const rounds = [];
  for (let round = 0; round < wanted; round += 1) {
    const rawPerSecond = await rawAppends(dir, bytesPerRecord, rawCount);
    const taken = await take();
    rounds.push({ ...taken, rawPerSecond, ratio: taken.perSecond / rawPerSecond });
  }
  const of = (what) => median(rounds.map((round) => round[what]));
  return { paymentsPerSecond: Math.round(of('perSecond')), rawPerSecond: Math.round(of('rawPerSecond')), ratioToRaw: tidy(of('ratio')), cpuMsPerPayment: tidy(of('cpuMs')), syncs: of('syncs') };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await durable(JSON.parse(process.argv[2] ?? '{}'))));
  process.exit(0);
}
