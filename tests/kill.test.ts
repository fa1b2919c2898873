/**
 * Real crashes: a street of shops, each with a till and hosts of its own, whose processes are killed with SIGKILL at moments drawn
 * at random, and started again on the same data until everything is quiet; then each host's own ledger must say what the log
 * says, and nobody paid twice. One SIGKILL ends several tills in the middle of what they do; each that had told of something counts.
 * TILLWRIGHT_KILLS=500 kills so many; TILLWRIGHT_SEED=n draws the same plans again (the machine's timing differs).
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionResult } from '@tillwright/core';
import { readLog, verifyLog } from '@tillwright/core/node';
import type { Endpoints, Fault, HostName, LedgerEntry } from '@tillwright/host-sim';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { reconcile } from '../packages/cli/src/commands/reconcile.js';
import { evolvePayment, isSettled, openCase, type PaymentState } from '../packages/core/src/engine/payment.js';
import { faultsOf, HOST, momentsOf, numbersFrom, scriptOf, type Way, WAYS } from './kill/customers.js';
import { HostsProcess, TillsProcess, type Told } from './kill/processes.js';

const KILLS = Number(process.env['TILLWRIGHT_KILLS'] ?? 120);
const SHOPS = Number(process.env['TILLWRIGHT_SHOPS'] ?? 6);
const SEED = Number(process.env['TILLWRIGHT_SEED'] ?? Date.now() % 1_000_000);
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

/**
 * When the process is killed: so long after a sale's first event, so long after it told of an event of a type for the nth time, or
 * so long after a host wrote something down that the till may not have heard of yet.
 */
type Plan = { readonly afterMs: number } | { readonly event: string; readonly nth: number; readonly plusMs: number } | { readonly writtenAt: HostName; readonly plusMs: number };

/** Some kills fall anywhere in a sale, some as soon as the host has decided, the others just after a moment that matters. */
const planOf = (sale: Sale): Plan => {
  const kind = random();
  if (kind < 0.25) return { afterMs: below(1_500) };
  if (kind < 0.5) return { writtenAt: HOST[sale.way], plusMs: oneOf([0, 0, 0, 1, 3, 10]) };
  const { event, times } = oneOf(momentsOf(sale.way, sale.lives, sale.fault !== undefined));
  return { event, nth: 1 + below(times), plusMs: oneOf([0, 0, 0, 1, 3, 10, 30]) };
};

interface Sale {
  readonly key: string;
  readonly way: Way;
  readonly amountMinor: number;
  readonly fault: Fault | undefined;
  /** Processes that it has been in, this one included. */
  lives: number;
}

class Shop {
  readonly number: number;
  readonly dir: string;
  readonly told = new Map<string, { readonly amountMinor: number; readonly result: ExecutionResult }>();
  readonly story: string[] = [];
  sale: Sale | undefined;
  #sales = 0;

  constructor(number: number, dir: string) {
    this.number = number;
    this.dir = dir;
  }

  get data(): string {
    return join(this.dir, 'till');
  }

  tell(line: string): void {
    this.story.push(line);
    if (process.env['TILLWRIGHT_STORY']) process.stderr.write(`${this.number}: ${line}\n`);
  }

  /** The sale that a kill broke off, or else the next customer's. */
  async next(hosts: HostsProcess, last = false): Promise<Sale> {
    if (!this.sale) {
      this.#sales += 1;
      const way = last ? 'chip' : oneOf(WAYS);
      const fault = !last && random() < 0.5 ? oneOf(faultsOf(HOST[way])) : undefined;
      this.sale = { key: last ? 'last' : `k${this.#sales}`, way, amountMinor: 100 + below(50_000), fault, lives: 0 };
      if (fault) await hosts.fault(this.number, HOST[way], fault);
      this.tell(`${this.sale.key} ${way} ${this.sale.amountMinor} ${fault ? JSON.stringify(fault) : ''}`);
    }
    this.sale.lives += 1;
    return this.sale;
  }

  /** Runs the sale to its end. @returns false when the process was killed before */
  async sell(tills: TillsProcess, sale: Sale, onEvent: (type: string) => void): Promise<boolean> {
    const script = join(this.dir, 'script.json');
    await writeFile(script, scriptOf(sale.way, sale.amountMinor));
    const told: Told = { events: [], errors: [], results: [] };
    const args = [WORKFLOW, '--script', script, '--hosts', join(this.dir, 'endpoints.json'), '--config', join(this.dir, 'quick.config.mjs'), '--data', this.data, '--key', sale.key, '--json'];
    const ended = await tills.run(this.number, args, told, ({ event }) => onEvent(event.type));
    this.tell(`  ${ended ? 'ended' : 'killed'}: ${told.events.map(({ event }) => event.type).filter((type) => type.startsWith('payment')).join(' ')}`);
    if (!ended) return false;
    const result = told.results.at(-1);
    if (!result) throw new Error([`${sale.key} ended without a result`, ...told.errors, ...this.story].join('\n'));
    this.told.set(sale.key, { amountMinor: sale.amountMinor, result });
    this.sale = undefined;
    return true;
  }

  /** What the log, the hosts' ledgers and the tills' results say differently. */
  async differences(endpoints: Endpoints): Promise<{ differences: string[]; payments: PaymentState[] }> {
    const log = join(this.data, 'log');
    const { payments, keys } = await inLog(log);
    const entries = new Map((await ledgerOf(endpoints)).map((entry) => [entry.reference, entry]));
    const differences: string[] = [];
    for (const row of await reconcile(log, endpoints)) if (!row.agrees) differences.push(`${row.host} ${row.reference}: ledger ${row.ledger}, log ${row.log}`);
    for (const payment of payments.values()) if (!isSettled(payment) || openCase(payment)) differences.push(`${payment.paymentId} is not settled: ${JSON.stringify(payment.cases)}`);
    for (const [key, { amountMinor, result }] of this.told) {
      const references = [...payments.values()].filter(({ execution }) => execution === keys.get(key)).flatMap((p) => p.attempts.map((a) => a.prepared.reference));
      const standing = references.map((reference) => entries.get(reference)).filter((entry) => entry?.status === 'approved');
      const wanted = result.status === 'succeeded' ? [amountMinor] : [];
      if (JSON.stringify(standing.map((entry) => entry?.amountMinor)) !== JSON.stringify(wanted)) differences.push(`${key} was told ${result.status}, the host holds ${JSON.stringify(standing)}`);
      if (keys.get(key) !== result.executionId) differences.push(`${key} was told of ${result.executionId}, the log has ${keys.get(key)}`);
    }
    const verified = await verifyLog(log);
    if (!verified.ok) differences.push(`the log is damaged: ${JSON.stringify(verified)}`);
    return { differences, payments: [...payments.values()] };
  }
}

const inLog = async (log: string): Promise<{ payments: Map<string, PaymentState>; keys: Map<string, string> }> => {
  const payments = new Map<string, PaymentState>();
  const keys = new Map<string, string>();
  for await (const record of readLog(log)) {
    if (record.stream.startsWith('p/')) payments.set(record.stream, evolvePayment(payments.get(record.stream), record));
    if (record.event.type === 'executionStarted' && record.event.key !== undefined) {
      expect(keys.has(record.event.key), `${record.event.key} started twice`).toBe(false);
      keys.set(record.event.key, record.stream.slice(2));
    }
  }
  return { payments, keys };
};

const ledgerOf = async (endpoints: Endpoints): Promise<LedgerEntry[]> => {
  const entries = await Promise.all((['acquirer', 'alipay', 'wechat'] as const).map(async (host) => ((await (await fetch(`${endpoints[host]?.control}/ledger`)).json()) as { entries: LedgerEntry[] }).entries));
  return entries.flat();
};

let dir: string;
let shops: Shop[];
let hosts: HostsProcess;
/** The next process of tills, being loaded. */
let warm: TillsProcess;
/** What a failure leaves to look at. */
let sound = false;

beforeAll(async () => {
  console.log(`seed ${SEED}, ${KILLS} kills, ${SHOPS} shops`);
  dir = await mkdtemp(join(tmpdir(), 'tillwright-kill-'));
  shops = Array.from({ length: SHOPS }, (_, number) => new Shop(number, join(dir, String(number))));
  for (const shop of shops) {
    await mkdir(shop.dir);
    await writeFile(join(shop.dir, 'quick.config.mjs'), QUICK(join(shop.dir, 'endpoints.json')));
  }
  hosts = new HostsProcess(shops.map((shop) => shop.dir));
  warm = new TillsProcess();
  await hosts.start();
});
afterAll(async () => {
  warm.kill();
  await hosts.kill();
  if (sound) await rm(dir, { recursive: true, force: true });
  else console.log(`kept: ${dir}`);
});

/** One process of tills, until it is killed. @returns how many of them were in the middle of something */
const life = async (): Promise<number> => {
  const tills = warm;
  warm = new TillsProcess();
  const over = new AbortController();
  void tills.ended.then(() => over.abort());
  const timers: NodeJS.Timeout[] = [];
  let interrupted = 0;
  const kill = (): void => {
    if (over.signal.aborted) return;
    interrupted = tills.busy;
    over.abort();
    tills.kill();
  };
  const killAfter = (ms: number): void => void (ms === 0 ? kill() : timers.push(setTimeout(kill, ms)));
  // Some sales are let through before one is chosen in which everybody's power fails.
  let letThrough = below(SHOPS);
  let chosen = false;
  const arm = (shop: Shop, sale: Sale): ((type: string) => void) => {
    letThrough -= 1;
    if (chosen || letThrough >= 0) return () => {};
    chosen = true;
    const plan = planOf(sale);
    shop.tell(`  ${JSON.stringify(plan)}`);
    let begun = false;
    let left = 'event' in plan ? plan.nth : 0;
    return (type) => {
      if (!begun) {
        begun = true;
        if ('afterMs' in plan) killAfter(plan.afterMs);
        if ('writtenAt' in plan) hosts.written(shop.number, plan.writtenAt, over.signal).then(() => killAfter(plan.plusMs), (error: unknown) => over.signal.aborted || Promise.reject(error));
      }
      if ('event' in plan && type === plan.event && (left -= 1) === 0) killAfter(plan.plusMs);
    };
  };
  await Promise.all(
    shops.map(async (shop) => {
      while (!over.signal.aborted) {
        const sale = await shop.next(hosts);
        const mine = chosen;
        const onEvent = arm(shop, sale);
        const sold = await shop.sell(tills, sale, onEvent);
        if (!sold) return;
        // What the plan waited for did not happen: another sale is chosen.
        if (!mine && chosen) chosen = false;
      }
    }),
  );
  for (const timer of timers) clearTimeout(timer);
  return interrupted;
};

it(`after ${KILLS} kills every ledger says what the log says`, { timeout: 120_000 + KILLS * 15_000 }, async () => {
  let kills = 0;
  let processes = 0;
  while (kills < KILLS) {
    kills += await life();
    processes += 1;
    // Now and then the power goes for the hosts as well.
    if (random() < 0.2) {
      await hosts.kill();
      await hosts.start();
    }
  }
  const finish = async (last: boolean): Promise<void> => {
    await Promise.all(shops.map(async (shop) => expect(await shop.sell(warm, await shop.next(hosts, last), () => {})).toBe(true)));
  };
  await finish(false);
  await hosts.clearFaults();
  await finish(true);

  const differences: string[] = [];
  const payments: PaymentState[] = [];
  for (const shop of shops) {
    const found = await shop.differences(hosts.endpoints[shop.number] ?? {});
    payments.push(...found.payments);
    if (found.differences.length > 0) differences.push(`shop ${shop.number}`, ...found.differences, ...shop.story);
    expect(shop.told.get('last')?.result.status).toBe('succeeded');
  }
  const results = shops.flatMap((shop) => [...shop.told.values()].map(({ result }) => result));
  const paid = results.filter(({ status }) => status === 'succeeded').length;
  console.log(`${kills} tills killed in ${processes} processes, ${results.length} sales, ${paid} paid, ${payments.length} payments, ${payments.filter((p) => p.attempts.some((a) => a.fate === 'undone')).length} undone`);
  expect(differences).toEqual([]);
  expect(paid).toBeGreaterThan(SHOPS);
  sound = true;
});
