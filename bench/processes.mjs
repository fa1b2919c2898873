/**
 * The same work over several processes, each with a log or with snapshots of its own: what a shop gets that gives its tills more than
 * one core. A log has one process, so two of them share neither sale references nor keys.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, rate, tidy } from './measure.mjs';

const FILE = fileURLToPath(import.meta.url);

/**
 * @param {{ dir: string, processes: number, what: 'card' | 'wallet' | 'overwritten' | 'replaced', atOnce: number }} options `atOnce` over all of them
 * @returns `take` so many, over all of them: how many per second, and CPU time for each
 */
const openProcesses = async ({ dir, processes, what, atOnce }) => {
  const children = Array.from({ length: processes }, (_, n) => fork(FILE, [JSON.stringify({ dir: join(dir, `${what}-${n}-of-${processes}`), what, atOnce: atOnce / processes })]));
  const heard = () => Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
  const all = async (message) => {
    const answers = heard();
    for (const child of children) child.send(message);
    return await answers;
  };
  await heard();
  return {
    take: async (count) => {
      let cpuMs = 0;
      const perSecond = await rate(count, async () => {
        for (const answer of await all({ take: Math.round(count / processes) })) cpuMs += answer.cpuMs / count;
      });
      return { perSecond, cpuMs };
    },
    close: () => all({ close: true }),
  };
};

/** As `durable` does it for one process: a round of the raw disk before each. */
export const durableOverProcesses = async ({ dir, processes, kind, terminals, count, rounds: wanted, rawCount, bytesPerRecord }) => {
  const { rawAppends } = await import('./peers.mjs');
  const tills = await openProcesses({ dir, processes, what: kind, atOnce: terminals });
  await tills.take(wanted * count);
  const rounds = [];
  for (let round = 0; round < wanted; round += 1) {
    const rawPerSecond = await rawAppends(dir, bytesPerRecord, rawCount);
    const taken = await tills.take(count);
    rounds.push({ ...taken, rawPerSecond, ratio: taken.perSecond / rawPerSecond });
  }
  await tills.close();
  const of = (what) => median(rounds.map((round) => round[what]));
  return { kind, terminals, processes, paymentsPerSecond: Math.round(of('perSecond')), rawPerSecond: Math.round(of('rawPerSecond')), ratioToRaw: tidy(of('ratio')), cpuMsPerPayment: tidy(of('cpuMs')) };
};

/** The peer, in the same way. */
export const xstateOverProcesses = async ({ dir, processes, kept, atOnce, count, rounds }) => {
  const runners = await openProcesses({ dir, processes, what: kept, atOnce });
  await runners.take(count);
  const rates = [];
  for (let round = 0; round < rounds; round += 1) rates.push((await runners.take(count)).perSecond);
  await runners.close();
  return { atOnce, kept, processes, executionsPerSecond: Math.round(median(rates)) };
};

/** In a child: what the parent's messages ask for. */
const openHere = async ({ dir, what, atOnce }) => {
  mkdirSync(dir, { recursive: true });
  if (what === 'card' || what === 'wallet') return await (await import('./payments.mjs')).openTills({ dir, kind: what, terminals: atOnce });
  const peers = await import('./peers.mjs');
  return { take: (count) => peers.xstateSnapshots(dir, { atOnce, keep: peers[what] }, count), close: async () => {} };
};

if (process.argv[1] === FILE) {
  const opened = await openHere(JSON.parse(process.argv[2] ?? '{}'));
  process.on('message', async ({ take, close }) => {
    const before = process.cpuUsage();
    if (take) await opened.take(take);
    if (close) await opened.close();
    const { user, system } = process.cpuUsage(before);
    process.send({ cpuMs: (user + system) / 1000 });
    if (close) process.disconnect();
  });
  process.send('open');
}
