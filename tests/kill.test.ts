/**
 * Real crashes: tills (and now and then their hosts) killed with SIGKILL at random moments, started again on the same data
 * until everything is quiet; then each host's own ledger must say what the log says, and nobody paid twice.
 * TILLWRIGHT_KILLS=500 kills more often; TILLWRIGHT_SEED=n draws the same plans again (the machine's timing differs).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionResult } from '@tillwright/core';
import { readLog, verifyLog } from '@tillwright/core/node';
import type { LedgerEntry } from '@tillwright/host-sim';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reconcile } from '../packages/cli/src/commands/reconcile.js';
import { evolvePayment, isSettled, openCase, type PaymentState } from '../packages/core/src/engine/payment.js';
import { faultsOf, HOST, momentsOf, numbersFrom, scriptOf, type Way, WAYS } from './kill/customers.js';
import { HostsProcess, type Life, type Plan, TillProcess } from './kill/processes.js';

const KILLS = Number(process.env['TILLWRIGHT_KILLS'] ?? 40);
const SEED = Number(process.env['TILLWRIGHT_SEED'] ?? Date.now() % 1_000_000);
/** A sale is let through after so many kills. */
const KILLS_OF_ONE_SALE = 4;
const WORKFLOW = fileURLToPath(new URL('../workflows/counter-sale.asl.json', import.meta.url));
const distOf = (name: string): string => new URL(`../packages/${name}/dist/index.js`, import.meta.url).href;

/** The shipped plugins, asking early and often: what a real host would be waited for is not waited for here. */
const QUICK = (endpoints: string): string => `
import { readFileSync } from 'node:fs';
import { card } from '${distOf('plugin-card')}';
import { alipay } from '${distOf('plugin-alipay')}';
import { wechat } from '${distOf('plugin-wechat')}';
const { acquirer, alipay: a, wechat: w } = JSON.parse(readFileSync(${JSON.stringify(endpoints)}, 'utf8'));
const asked = [100, 200, 400, 800, 1600, 3200];
const names = new Set(['card', 'alipay', 'wechat'].map((name) => '@tillwright/plugin-' + name));
export default {
  plugins: (defaults) => [
    card({ acquirer: { host: acquirer.host, port: acquirer.port, tpdu: acquirer.tpdu, header: acquirer.header }, policy: { answerWithinMs: 1500, reverse: { backoffMs: [50, 100, 200] } } }),
    alipay({ appId: a.appId, privateKey: a.appPrivateKey, alipayPublicKey: a.alipayPublicKey, gatewayUrl: a.gateway, policy: { answerWithinMs: 1500, inquireAtMs: asked, reverse: { backoffMs: [50, 100, 200] }, watchAtMs: [50] } }),
    wechat({ appid: w.appid, mchid: w.mchid, serial: w.serial, privateKey: w.privateKey, platformKeys: { [w.platformSerial]: w.platformPublicKey }, baseUrl: w.baseURL,
      policy: { answerWithinMs: 1500, inquireAtMs: asked, reverse: { notBeforeMs: 0, backoffMs: [50, 100, 200] }, watchAtMs: [50] } }),
    ...defaults.filter(({ name }) => !names.has(name)),
  ],
};
`;

const random = numbersFrom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;

let dir: string;
let hosts: HostsProcess;
let warm: TillProcess;
/** What a failure leaves to look at. */
let sound = false;

beforeAll(async () => {
  console.log(`seed ${SEED}, ${KILLS} kills`);
  dir = await mkdtemp(join(tmpdir(), 'tillwright-kill-'));
  hosts = new HostsProcess(join(dir, 'hosts'), join(dir, 'endpoints.json'));
  await writeFile(join(dir, 'quick.config.mjs'), QUICK(join(dir, 'endpoints.json')));
  warm = new TillProcess();
  await hosts.start();
});
afterAll(async () => {
  warm.discard();
  await hosts.stop('SIGTERM');
  if (sound) await rm(dir, { recursive: true, force: true });
  else console.log(`kept: ${dir}`);
});

const live = async (key: string, way: Way, amountMinor: number, plan?: Plan): Promise<Life> => {
  const script = join(dir, 'script.json');
  await writeFile(script, scriptOf(way, amountMinor));
  const till = warm;
  warm = new TillProcess();
  return till.live(['run', WORKFLOW, '--script', script, '--hosts', join(dir, 'endpoints.json'), '--config', join(dir, 'quick.config.mjs'), '--data', join(dir, 'till'), '--key', key, '--json'], plan, hosts);
};

/** Some kills fall anywhere in a sale, some as soon as the host has decided, the others just after a moment that matters. */
const planOf = (way: Way, saleMs: number, lives: number, faulty: boolean): Plan => {
  const kind = random();
  if (kind < 0.25) return { afterMs: below(saleMs / lives) };
  if (kind < 0.5) return { writtenAt: HOST[way], plusMs: oneOf([0, 0, 0, 1, 3, 10]) };
  const { event, times } = oneOf(momentsOf(way, lives, faulty));
  return { event, nth: 1 + below(times), plusMs: oneOf([0, 0, 0, 1, 3, 10, 30]) };
};

const paymentsInLog = async (): Promise<{ payments: Map<string, PaymentState>; keys: Map<string, string> }> => {
  const payments = new Map<string, PaymentState>();
  const keys = new Map<string, string>();
  for await (const record of readLog(join(dir, 'till', 'log'))) {
    if (record.stream.startsWith('p/')) payments.set(record.stream, evolvePayment(payments.get(record.stream), record));
    if (record.event.type === 'executionStarted' && record.event.key !== undefined) {
      expect(keys.has(record.event.key), `${record.event.key} started twice`).toBe(false);
      keys.set(record.event.key, record.stream.slice(2));
    }
  }
  return { payments, keys };
};

const ledger = async (): Promise<LedgerEntry[]> => {
  const entries = await Promise.all(
    (['acquirer', 'alipay', 'wechat'] as const).map(async (host) => ((await (await fetch(`${hosts.endpoints[host]?.control}/ledger`)).json()) as { entries: LedgerEntry[] }).entries),
  );
  return entries.flat();
};

it(`after ${KILLS} kills every ledger says what the log says`, { timeout: 120_000 + KILLS * 15_000 }, async () => {
  const told = new Map<string, { amountMinor: number; result: ExecutionResult }>();
  const story: string[] = [];
  const tell = (line: string): void => {
    story.push(line);
    if (process.env['TILLWRIGHT_STORY']) process.stderr.write(`${line}\n`);
  };
  let kills = 0;
  let saleMs = 1_000;
  for (let sale = 1; kills < KILLS; sale += 1) {
    const key = `k${sale}`;
    const way = oneOf(WAYS);
    const amountMinor = 100 + below(50_000);
    const fault = random() < 0.5 ? oneOf(faultsOf(HOST[way])) : undefined;
    if (fault) await hosts.fault(HOST[way], fault);
    tell(`${key} ${way} ${amountMinor} ${fault ? JSON.stringify(fault) : ''}`);
    for (let lives = 1; ; lives += 1) {
      const plan = kills < KILLS && lives <= KILLS_OF_ONE_SALE ? planOf(way, saleMs, lives, fault !== undefined) : undefined;
      const life = await live(key, way, amountMinor, plan);
      tell(`  ${JSON.stringify(plan ?? {})} -> ${life.killed ? 'killed' : `exit ${life.code}`} after ${life.lastedMs} ms: ${life.events.map(({ event }) => event.type).filter((type) => type.startsWith('payment')).join(' ')}`);
      if (life.killed) {
        kills += 1;
        // Now and then the power goes for all of them.
        if (random() < 0.1) {
          await hosts.stop('SIGKILL');
          await hosts.start();
        }
        continue;
      }
      expect([0, 1], `${life.stderr}\n${story.join('\n')}`).toContain(life.code);
      const result = life.results.at(-1);
      if (result === undefined) throw new Error(`${key} ended without a result\n${life.stderr}`);
      told.set(key, { amountMinor, result });
      if (lives === 1) saleMs = Math.min(life.lastedMs, 3_000);
      break;
    }
  }
  await hosts.clearFaults();
  const last = await live('last', 'chip', 100);
  tell(`last -> ${last.code}`);

  const { payments, keys } = await paymentsInLog();
  const entries = new Map((await ledger()).map((entry) => [entry.reference, entry]));
  const differences: string[] = [];
  for (const row of await reconcile(join(dir, 'till', 'log'), hosts.endpoints)) if (!row.agrees) differences.push(`${row.host} ${row.reference}: ledger ${row.ledger}, log ${row.log}`);
  for (const payment of payments.values()) if (!isSettled(payment) || openCase(payment)) differences.push(`${payment.paymentId} is not settled: ${JSON.stringify(payment.cases)}`);
  for (const [key, { amountMinor, result }] of told) {
    const references = [...payments.values()].filter(({ execution }) => execution === keys.get(key)).flatMap((p) => p.attempts.map((a) => a.prepared.reference));
    const standing = references.map((reference) => entries.get(reference)).filter((entry) => entry?.status === 'approved');
    const wanted = result.status === 'succeeded' ? [amountMinor] : [];
    if (JSON.stringify(standing.map((entry) => entry?.amountMinor)) !== JSON.stringify(wanted)) differences.push(`${key} was told ${result.status}, the host holds ${JSON.stringify(standing)}`);
    if (keys.get(key) !== result.executionId) differences.push(`${key} was told of ${result.executionId}, the log has ${keys.get(key)}`);
  }
  expect(differences, story.join('\n')).toEqual([]);
  expect(await verifyLog(join(dir, 'till', 'log'))).toMatchObject({ ok: true });
  expect(last.results.at(-1)?.status, last.stderr).toBe('succeeded');
  const stood = [...told.values()].filter(({ result }) => result.status === 'succeeded').length;
  console.log(`${kills} kills, ${told.size} sales, ${stood} paid, ${payments.size} payments, ${[...payments.values()].filter((p) => p.attempts.some((a) => a.fate === 'undone')).length} undone`);
  expect(stood).toBeGreaterThan(0);
  sound = true;
});
