/** One process of the growth measurement: opens the log, says what that took, asks about old and new. */
import { performance } from 'node:perf_hooks';
import { openGrown } from './growth-till.mjs';

const [what, dir, given] = process.argv.slice(2);
const count = Number(given);
const startedAt = performance.now();
const { till, log } = await openGrown(dir, what === 'closed' ? 1 : count + 1);
const openMs = Math.round(performance.now() - startedAt);
const tidy = (value) => Math.round(value * 100) / 100;
const timed = async (times, one) => {
  await one(0);
  const from = performance.now();
  for (let n = 1; n <= times; n += 1) await one(n);
  return tidy((performance.now() - from) / times);
};

if (what === 'fold') {
  await till.close();
  console.log(JSON.stringify({ ms: openMs }));
} else {
  // One turn, in which open transactions are taken up again.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const result = { openMs, readAtOpen: log.stats.readAtOpen, residentMiB: Math.round(process.memoryUsage().rss / 2 ** 20), open: till.executions().filter(({ status }) => status === 'running').length };
  if (what === 'closed') {
    const old = (n) => 1 + ((n * 7919) % Math.max(1, count - 200));
    result.saleMs = await timed(200, async (n) => {
      const sale = await till.start({ terminal: 'T0', workflow: 'sale', key: `new-${n}`, input: {} });
      if ((await sale.result).status !== 'succeeded') throw new Error('a sale failed');
    });
    result.oldKeyMs = await timed(20, async (n) => {
      const key = `order-${old(n)}`;
      const sale = await till.start({ terminal: 'T0', workflow: 'sale', key, input: { amountMinor: 1000 + (old(n) % 5000), key } });
      if (sale.executionId !== `x${old(n)}`) throw new Error('an old key began anew');
    });
    result.findMs = await timed(20, async (n) => {
      const [found] = await till.find(`wallet-${old(n)}`);
      if (found?.executionId !== `x${old(n)}`) throw new Error('an old payment was not found');
    });
  }
  await till.close();
  console.log(JSON.stringify(result));
}
process.exit(0);
