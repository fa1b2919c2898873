/**
 * The same work over several processes, each with a log or with snapshots of its own: what a shop gets that gives its tills more than
 * one core. A log has one process, so two of them share neither sale references nor keys.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { besideRaw } from './durable.mjs';
import { median, rate } from './measure.mjs';

const FILE = fileURLToPath(import.meta.url);

/**
 * @param {{ dir: string, processes: number, what: 'card' | 'wallet' | 'overwritten' | 'rewritten' | 'replaced', atOnce: number }} options `atOnce` over all of them
 * @returns `take` so many, over all of them: how many per second, and CPU time for each
 */
const openProcesses = async ({ dir, processes, what, atOnce }) => {
  const children = Array.from({ length: processes }, (_, n) => fork(FILE, [JSON.stringify({ dir: join(dir, `${what}-${n}-of-${processes}`), what, atOnce: atOnce / processes })]));
  const heard = () => Promise.all(children.map(hear));
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

/** What a child says next. @throws where it ends instead: nobody waits for ever */
const hear = async (child) => {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`a process of the bench ended with ${code}`)));
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    return message;
  } finally {
    over.abort();
  }
};

/** As `durable` does it for one process: a round of the raw disk before each. */
export const durableOverProcesses = async ({ dir, processes, kind, terminals, count, rounds: wanted, rawCount, bytesPerRecord }) => {
  const tills = await openProcesses({ dir, processes, what: kind, atOnce: terminals });
  await tills.take(wanted * count);
  const { syncs: _inChildren, ...measured } = await besideRaw({ dir, rounds: wanted, rawCount, bytesPerRecord }, () => tills.take(count));
  await tills.close();
  return { kind, terminals, processes, ...measured };
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
