/**
 * What Tillwright does per second on this machine, beside the floor of its disk and beside peers, all in one run.
 * Only the ratios travel. Needs the packages built: `npm run bench` sees to it.
 *
 *     npm run bench -- [--json] [--quick] [--dir <directory on the disk to measure>]
 *     npm run bench -- --smoke [--json]: all of it in some seconds, to see whether it runs: its figures say nothing but how many syncs a sale takes
 *     npm run bench -- --growth [--transactions n] [--open n] [--json] [--dir ...]: what history costs (growth.mjs)
 */
import './syncs.mjs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, median, tidy } from './measure.mjs';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, smoke: { type: 'boolean' }, dir: { type: 'string' }, growth: { type: 'boolean' }, transactions: { type: 'string', default: '1000000' }, open: { type: 'string', default: '10000' } } });
if (options.growth) {
  const { growth, growthTable } = await import('./growth.mjs');
  const result = await growth({ transactions: Number(options.transactions), open: Number(options.open), ...(options.dir ? { dir: options.dir } : {}), say: (text) => void (options.json || process.stderr.write(`  ${text}\n`)) });
  console.log(options.json ? JSON.stringify(result, null, 2) : growthTable(result));
  process.exit(0);
}
const { openTills, STEPS_PER_PAYMENT } = await import('./payments.mjs');
const { durable: payments } = await import('./durable.mjs');
const { openShipped } = await import('./shipped.mjs');
const { openSteps } = await import('./steps.mjs');
const { awsLocalSteps, xstateSteps } = await import('./steps-peers.mjs');
const { lowdbOwnAdapter, rawAppends } = await import('./peers.mjs');
const { longLog, wideMap } = await import('./size.mjs');
const { openTransactions } = await import('./growth.mjs');
const { durableOverProcesses } = await import('./processes.mjs');

const SIZES = {
  smoke: { rounds: 1, scale: 0.02, mapItems: [10, 1000], logEvents: 2000, open: 200 },
  quick: { rounds: 3, scale: 0.25, mapItems: [10, 10_000], logEvents: 100_000, open: 10_000 },
  whole: { rounds: 5, scale: 1, mapItems: [10, 10_000], logEvents: 1_000_000, open: 10_000 },
};
const { rounds: ROUNDS, scale, mapItems: MAP_ITEMS, logEvents: LONG_LOG_EVENTS, open: OPEN } = SIZES[options.smoke ? 'smoke' : options.quick ? 'quick' : 'whole'];
const times = (count) => Math.max(10, Math.round(count * scale));
const AT_ONCE = 50;
const SEMI_SPACE_MIB = 64;
const PROCESSES = [10, 5, 2, 1].find((processes) => processes <= availableParallelism()) ?? 1;
const DURABLE = fileURLToPath(new URL('durable.mjs', import.meta.url));
const LOWDB_EVENTS = [100, 10_000];

const dir = mkdtempSync(join(options.dir ?? tmpdir(), 'tillwright-bench-'));
const say = (text) => void (options.json || process.stderr.write(`  ${text}\n`));

const bytesIn = (folder) => readdirSync(folder).reduce((sum, name) => sum + (name.endsWith('.jsonl') ? statSync(join(folder, name)).size : 0), 0);

/** One sale after the other with nothing beside it: every sync has a name. */
const alone = async (kind) => {
  const own = join(dir, `alone-${kind}`);
  const tills = await openTills({ dir: own, kind, terminals: 1 });
  await tills.take(times(100));
  const count = times(400);
  const recordsBefore = tills.records();
  const forced = await tills.named.during(() => tills.take(count));
  const recordsPerPayment = (tills.records() - recordsBefore) / count;
  await tills.close();
  return {
    recordsPerPayment: tidy(recordsPerPayment),
    bytesPerRecord: Math.round(bytesIn(own) / tills.records()),
    syncs: [...forced].map(([name, syncs]) => ({ name, perPayment: tidy(syncs / count) })).sort((a, b) => b.perPayment - a.perPayment),
  };
};

/** The same in a process of its own, whose young generation has room for what is in flight over fifty tills. */
const inRoomyChild = (wanted) => ({ ...JSON.parse(execFileSync(process.execPath, [`--max-semi-space-size=${SEMI_SPACE_MIB}`, DURABLE, JSON.stringify(wanted)], { encoding: 'utf8' })), semiSpaceMiB: SEMI_SPACE_MIB });

/** The plugins that ship, on their wire bytes; CPU and time of hosts and devices included. */
const shipped = async (kind) => {
  const till = await openShipped({ dir: join(dir, `shipped-${kind}`), kind, terminals: AT_ONCE });
  const count = times(200);
  await till.take(count);
  const measured = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const cpuBefore = process.cpuUsage();
    const perSecond = await till.take(count);
    const { user, system } = process.cpuUsage(cpuBefore);
    measured.push({ perSecond, cpuMs: (user + system) / 1000 / count });
  }
  await till.close();
  return { kind, terminals: AT_ONCE, paymentsPerSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))), cpuMsPerPayment: tidy(median(measured.map(({ cpuMs }) => cpuMs))) };
};

/** The same eight steps in each, round by round side by side, so that the machine's moods meet all of them. */
const STEP_RUNNERS = { tillwright: openSteps, xstate: xstateSteps, 'aws-local-stepfunctions': awsLocalSteps };
const steps = async (atOnce, count) => {
  const runners = [];
  for (const [name, open] of Object.entries(STEP_RUNNERS)) runners.push({ name, rates: [], cpuUs: [], ...(await open(atOnce)) });
  for (const { take } of runners) await take(count);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { take, rates, cpuUs } of runners) {
      const cpuBefore = process.cpuUsage();
      rates.push(await take(count));
      const { user, system } = process.cpuUsage(cpuBefore);
      cpuUs.push((user + system) / count);
    }
  }
  for (const { close } of runners) await close();
  return { atOnce, runners: runners.map(({ name, rates, cpuUs }) => ({ name, executionsPerSecond: Math.round(median(rates)), cpuUsPerExecution: Math.round(median(cpuUs)) })) };
};

const rounds = async (one) => {
  await one();
  const rates = [];
  for (let round = 0; round < ROUNDS; round += 1) rates.push(await one());
  return Math.round(median(rates));
};

const measure = async () => {
  const where = machine(dir);
  say('syncs of one sale, alone ...');
  const sales = { card: await alone('card'), wallet: await alone('wallet') };
  const { bytesPerRecord } = sales.card;
  const durable = [];
  for (const kind of ['card', 'wallet']) {
    for (const terminals of [1, AT_ONCE]) {
      say(`${kind} payments on a log on disk, ${terminals} at once ...`);
      const wanted = { dir, kind, terminals, count: times(terminals === 1 ? 400 : 4000), rounds: ROUNDS, rawCount: times(1000), xstateCount: times(terminals === 1 ? 100 : 800), bytesPerRecord };
      durable.push(await payments(wanted));
      if (terminals === 1) continue;
      durable.push(inRoomyChild(wanted));
      // A process for each core, as far as fifty tills can be dealt out evenly.
      if (PROCESSES > 1) durable.push(await durableOverProcesses({ ...wanted, processes: PROCESSES }));
    }
  }
  const memory = [];
  for (const atOnce of [1, AT_ONCE]) {
    say(`steps in memory, ${atOnce} at once ...`);
    memory.push(await steps(atOnce, times(1600)));
  }
  say('peers ...');
  const rawPerSecond = await rounds(() => rawAppends(dir, bytesPerRecord, times(1000)));
  const event = { type: 'paymentAnswered', text: '.'.repeat(bytesPerRecord) };
  const lowdb = [];
  for (const events of LOWDB_EVENTS) lowdb.push({ events, writesPerSecond: await rounds(() => lowdbOwnAdapter(dir, events, times(events > 1000 ? 20 : 200), event)) });
  say(`a log of ${LONG_LOG_EVENTS.toLocaleString('en-US')} events ...`);
  const log = await longLog({ dir, events: LONG_LOG_EVENTS, payments: times(2000) });
  say('a wide Map ...');
  const maps = [];
  for (const items of MAP_ITEMS) maps.push({ items, usPerIteration: await wideMap(items, items > 1000 ? ROUNDS : times(1000)) });
  say(`${OPEN.toLocaleString('en-US')} open executions ...`);
  const open = await openTransactions(join(dir, 'open'), OPEN);
  const wire = [];
  for (const kind of ['card', 'alipay', 'wechat']) {
    say(`${kind} payments with the plugins that ship, ${AT_ONCE} at once ...`);
    wire.push(await shipped(kind));
  }
  return { at: new Date().toISOString(), machine: where, rounds: ROUNDS, stepsPerPayment: STEPS_PER_PAYMENT, sales, durable, wire, memory, size: { log, maps, open }, peers: { rawPerSecond, bytesPerRecord, lowdb } };
};

let result;
try {
  result = await measure();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
if (options.json) console.log(JSON.stringify(result, null, 2));
else console.log((await import('./table.mjs')).tables(result));
