/** What size costs: a long log, a wide Map, many open executions. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from './measure.mjs';
import { openTills } from './payments.mjs';
import { openMap } from './steps.mjs';

const AT_ONCE = 50;

/**
 * Payments until the log holds so many events: CPU of the first and of the last of them, and how long a checkpoint keeps
 * everybody waiting.
 * @param {{ dir: string, events: number, payments: number }} options payments: how many are measured at either end
 */
export const longLog = async ({ dir, events, payments }) => {
  // What the machine learns of the code belongs to neither end.
  const warm = await openTills({ dir: join(dir, 'warm'), kind: 'wallet', terminals: AT_ONCE });
  await warm.take(3 * payments);
  await warm.close();
  const tills = await openTills({ dir: join(dir, 'long'), kind: 'wallet', terminals: AT_ONCE });
  const checkpoints = timed(tills.named.storage.log, 'checkpoint');
  const cpuUsPerEvent = async () => {
    const before = tills.records();
    const from = process.cpuUsage();
    await tills.take(payments);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / (tills.records() - before);
  };
  const first = await cpuUsPerEvent();
  while (tills.records() < events) await tills.take(payments);
  const last = await cpuUsPerEvent();
  const held = tills.records();
  await tills.close();
  return { events: held, firstUs: first, lastUs: last, checkpoints: checkpoints.length, checkpointMs: median(checkpoints) };
};

/** How long each call of a method keeps everybody waiting, in ms; not how long its promise takes. */
const timed = (object, name) => {
  const taken = [];
  const original = object[name];
  object[name] = (...args) => {
    const from = performance.now();
    const result = original.apply(object, args);
    taken.push(performance.now() - from);
    return result;
  };
  return taken;
};

/** One Map over so many items, each a Task that answers at once: µs for each iteration. */
export const wideMap = async (items, times) => {
  const map = await openMap(items);
  await map.take();
  const taken = [];
  for (let time = 0; time < times; time += 1) {
    const from = performance.now();
    await map.take();
    taken.push(((performance.now() - from) * 1000) / items);
  }
  await map.close();
  return median(taken);
};
