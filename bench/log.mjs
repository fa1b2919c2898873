/** How fast the event log is on this machine's disk, beside the disk's own floor. Needs the packages built. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileLog } from '@tillwright/core/node';

/** About the size of a payment's answer as the log holds it. */
const event = { type: 'definitionStored', hash: 'f'.repeat(64), workflow: 'bench', source: '.'.repeat(200) };
const RAW_LINE = Buffer.from(`${'.'.repeat(500)}\n`);

const perSecond = (count, startedAt) => Math.round(count / ((performance.now() - startedAt) / 1000));

/** Append and fdatasync, one by one, with nothing around them. */
const raw = (dir, count) => {
  const fd = openSync(join(dir, 'raw'), 'a');
  const startedAt = performance.now();
  for (let done = 0; done < count; done += 1) {
    writeSync(fd, RAW_LINE);
    fdatasyncSync(fd);
  }
  const rate = perSecond(count, startedAt);
  closeSync(fd);
  return rate;
};

/** So many writers, each waiting for the disk after every event. */
const durable = async (dir, writers, count) => {
  const log = fileLog(join(dir, `log-${writers}`));
  await log.open();
  const startedAt = performance.now();
  const write = async () => {
    for (let done = 0; done < count / writers; done += 1) await log.durable(log.append([{ stream: 'e', event }], 0)[0].seq);
  };
  await Promise.all(Array.from({ length: writers }, write));
  const eventsPerSecond = perSecond(log.stats.records, startedAt);
  const { syncs, records } = log.stats;
  await log.close();
  return { writers, eventsPerSecond, syncs, records };
};

/**
 * Measures in one run, in a directory that it takes away again.
 * @param {{ dir?: string, rawCount?: number, oneCount?: number, manyCount?: number }} [options] dir: on the disk to measure
 * @returns {Promise<{ rawPerSecond: number, durable: { writers: number, eventsPerSecond: number, syncs: number, records: number }[] }>}
 */
export const benchLog = async ({ dir = tmpdir(), rawCount = 2000, oneCount = 2000, manyCount = 50_000 } = {}) => {
  const own = mkdtempSync(join(dir, 'tillwright-bench-'));
  try {
    const rawPerSecond = raw(own, rawCount);
    return { rawPerSecond, durable: [await durable(own, 1, oneCount), await durable(own, 50, manyCount)] };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};
