/**
 * The same work over several processes, each with a log or with snapshots of its own: what a shop gets that gives its tills more than
 * one core. A log has one process, so two of them share neither sale references nor keys.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beside, KEPT } from './durable.mjs';
import { rate } from './measure.mjs';

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

/** As `durable` does it for one process; the peer is in as many processes as the tills. */
export const durableOverProcesses = async ({ dir, processes, kind, terminals, count, xstateCount, ...rest }) => {
  const tills = await openProcesses({ dir, processes, what: kind, atOnce: terminals });
  const peers = {};
  for (const kept of KEPT) peers[kept] = await openProcesses({ dir, processes, what: kept, atOnce: terminals });
  const xstate = async (kept) => (await peers[kept].take(xstateCount)).perSecond;
  await tills.take(rest.rounds * count);
  for (const kept of KEPT) await xstate(kept);
  const { syncs: _inChildren, ...measured } = await beside({ dir, ...rest }, () => tills.take(count), xstate);
  for (const opened of [tills, ...Object.values(peers)]) await opened.close();
  return { kind, terminals, processes, ...measured };
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
