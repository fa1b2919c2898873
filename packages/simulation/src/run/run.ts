/** One run: a shop with some terminals, some sales on each, and whatever the seed has in store for them. */
import { type CaseDecision, type CaseView, type EventRecord, type ExecutionResult, TillwrightError } from '@tillwright/core';
import { bind, PinPad, type Plugin } from '@tillwright/core/contract';
import { onSimulatedDisk } from '@tillwright/core/node';
import { type CheckpointFate, countsOf, journalOf, type Life, type Random, seeded } from '@tillwright/core/testing';
import { openShop, type Shop, type ShopOptions } from '../shop.js';
import { check } from './checkers.js';
import { People } from './people.js';
import { watchSubmits } from './submits.js';
import { mixedPolicies } from './terms.js';
import { type FaultMix, type Mishap, Swarm } from './swarm.js';

export interface RunOptions {
  readonly seed: string;
  readonly workflows: ShopOptions['workflows'];
  /** Those that customers buy by; the others are parts of them. */
  readonly sold: readonly string[];
  readonly faults?: FaultMix;
  readonly plugins?: ShopOptions['plugins'];
}

export interface RunReport {
  readonly seed: string;
  readonly problems: readonly string[];
  /** The log, one JSON text to a line. */
  readonly text: string;
  readonly records: number;
  /** What went wrong on purpose, by name. */
  readonly faults: { readonly [name: string]: number };
  readonly payments: { readonly taken: number; readonly declined: number; readonly undone: number; readonly notSent: number; readonly open: number };
  readonly sales: number;
  readonly virtualMs: number;
}

/** Longer than any sale takes: what is still running then never ends. */
const PATIENCE_MS = 12 * 3_600_000;
/** A till whose clock is wrong says so at each sale: after a while somebody sets it. */
const CLOCK_SET_AFTER_MS = 600_000;
const CHECKPOINTS: readonly CheckpointFate[] = ['kept', 'kept', 'kept', 'older', 'torn', 'absent'];
/** To a balance, to a card whose bank is quick, and to another one. */
const REFUNDS_TAKE_MS: readonly number[] = [0, 20_000, 200_000, 86_400_000];
const HOSTS = ['acquirer', 'alipay', 'wechat'] as const;

export const runShop = async (options: RunOptions): Promise<RunReport> => new Run(options).play();

class Run {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #swarm: Swarm;
  readonly #problems: string[] = [];
  readonly #told: ExecutionResult[] = [];
  readonly #seen: EventRecord[] = [];
  readonly #pinBlocks: Uint8Array[] = [];
  #shop: Shop | undefined;
  readonly #submits = watchSubmits(() => this.#shop?.log.records ?? []);
  readonly #salesEach: number;
  /** A person who looks into the hosts' books; in half of the runs nobody does while they sell. */
  readonly #books: Random;
  readonly #decides: number;
  /** The log that they saw last: a device of somebody's own may not. */
  #padsRemember = false;
  #people: People | undefined;
  #opened: Promise<void> = Promise.resolve();
  /** The life whose log failed: its till takes nothing any more. */
  #failed: Life | undefined;
  #over = false;
  /** How far the till's clock is off, and since when. */
  #clockOff: { readonly ms: number; readonly sinceMs: number } | undefined;
  #sales = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#random = seeded(`${options.seed}/day`);
    this.#swarm = new Swarm(seeded(`${options.seed}/faults`), options.faults ?? 'all');
    this.#salesEach = 2 + this.#under(3);
    this.#books = seeded(`${options.seed}/books`);
    this.#decides = this.#books.next() < 0.5 ? 0 : 0.2;
  }

  async play(): Promise<RunReport> {
    const { seed, workflows, plugins } = this.#options;
    const network = seeded(`${seed}/network`);
    const disk = seeded(`${seed}/checkpoints`);
    const terms = seeded(`${seed}/terms`);
    const shop = await openShop({
      seed,
      workflows,
      disk: onSimulatedDisk,
      checkpointEvery: 5 + Math.floor(disk.next() * 60),
      terminals: 1 + this.#under(3),
      latencyMs: () => 5 + Math.floor(network.next() ** 4 * 2_000),
      syncMs: () => 1 + Math.floor(network.next() * 20),
      refundTakesMs: REFUNDS_TAKE_MS[Math.floor(seeded(`${seed}/refunds`).next() * REFUNDS_TAKE_MS.length)] ?? 0,
      ...(terms.next() < 0.5 ? { policies: mixedPolicies(terms) } : {}),
      onSend: this.#submits.onSend,
      plugins: (defaults) => this.#listening(plugins?.(defaults) ?? defaults),
      life: { endsAt: () => this.#strikes('crash') },
    });
    this.#shop = shop;
    const startMs = shop.clock.now();
    try {
      await this.#day(shop);
    } catch (error) {
      this.#problems.push(failedBy(error));
    }
    const payments = [...journalOf(shop.till).payments.values()];
    const records = await shop.records();
    const report = { seed, problems: this.#problems, text: records.map((record) => `${JSON.stringify(record)}\n`).join(''), records: records.length, faults: Object.fromEntries([...this.#swarm.injected, ...shop.diskFaults]), payments: countsOf(payments), sales: this.#sales, virtualMs: shop.clock.now() - startMs };
    const copy = records.slice(0, Math.floor(this.#books.next() * records.length));
    if (this.#padsRemember) await this.#onOlderCopy(shop, copy).catch((error: unknown) => this.#problems.push(failedBy(error)));
    await shop.close();
    return report;
  }

  /**
   * The till goes on with an older copy of its log, and the terminals' PIN pads know more than that holds (17). Once a person has compared
   * it with the hosts' books it sells again, under numbers that no host has seen.
   */
  async #onOlderCopy(shop: Shop, copy: readonly EventRecord[]): Promise<void> {
    const { sent, messages } = this.#submits;
    const since = (await shop.records()).slice(copy.length).flatMap(({ event }) => (event.type === 'paymentPrepared' && sent.has(event.prepared.reference) ? [event.request.terminalId] : []));
    if (this.#clockOff) this.#shiftClock(shop, -this.#clockOff.ms);
    shop.restore(copy);
    if (!(await shop.reopen()) || !(await shop.quiet())) throw new Error('a till on an older copy of its log ended');
    const { till } = shop;
    const held = till.held();
    const more = this.#submits.messages - messages;
    if (held.length === shop.terminals.length && more > 0) this.#problems.push(`a till on an older copy of its log sent ${more} messages`);
    this.#problems.push(...new Set(since.filter((terminal) => !held.includes(terminal)).map((terminal) => `${terminal} sold after a copy of its log was made, goes on with that, and is not held`)));
    const person = { by: 'Li', reason: "compared with the hosts' books" };
    for (const terminal of held) await till.acknowledge(terminal, person);
    while (till.cases().length > 0) {
      for (const found of till.cases()) await till.resolve(found.caseId, { ...inTheBooks(shop, found), ...person });
      if (!(await shop.quiet())) throw new Error('a till on an older copy of its log ended');
    }
    this.#attend(shop);
    const fresh = new Set<string>();
    till.on('event', ({ event }) => event.type === 'paymentPrepared' && fresh.add(event.prepared.reference));
    for (const terminal of shop.terminals) await shop.sell({ terminal, workflow: this.#options.sold[0] ?? '' });
    await shop.quiet();
    const wrong = (await shop.reconcile()).filter(({ agrees, reference }) => !agrees && fresh.has(reference));
    this.#problems.push(
      ...wrong.map(({ host, reference, ledger, log }) => `${host} ${reference}, sold on an older copy of the log: ${ledger} in the ledger, ${log} in the log`),
      ...[...sent].filter(([reference, times]) => fresh.has(reference) && times > 1).map(([reference, times]) => `${reference} was submitted ${times} times, once on an older copy of the log`),
      ...till.executions().filter(({ status }) => status === 'running').map(({ executionId }) => `${executionId} never ended, on an older copy of its log`),
    );
  }

  async #day(shop: Shop): Promise<void> {
    const failed = (error: unknown): void => {
      if (!TillwrightError.is(error)) this.#problems.push(`somebody met ${told(error)}`);
    };
    const people = new People(shop, { random: seeded(`${this.#options.seed}/people`), swarm: this.#swarm, failed });
    this.#people = people;
    shop.hosts.byChance((host, operation) => this.#swarm.fault(host, operation));
    const power = this.#power(shop);
    const patience = shop.clock.until(shop.clock.now() + PATIENCE_MS).then(() => false);
    const done = await Promise.race([Promise.all(shop.terminals.map((terminal) => this.#cashier(shop, terminal))).then(() => true), patience]);
    if (!done) this.#problems.push('sales did not come to an end');
    this.#over = true;
    this.#swarm.calm();
    shop.hosts.clearFaults();
    await power;
    await this.#atRest(shop);
    const problems = await check({ shop, told: this.#told, seen: this.#seen, shown: [...people.shown, JSON.stringify([this.#told, shop.till.cases()])], secrets: [...people.codes, ...this.#pinBlocks], sent: this.#submits.sent });
    this.#problems.push(...this.#submits.violations, ...shop.lost, ...problems);
  }

  /** Sales that the last crash left open come to their end, and everything that is owed is delivered. */
  async #atRest(shop: Shop): Promise<void> {
    for (const terminal of shop.terminals) shop.worldOf(terminal).setPaper(true);
    while (!(await shop.quiet())) await this.#reopen(shop);
  }

  /** Keeps the till open, and everything around it in trouble, until the sales are over. */
  async #power(shop: Shop): Promise<void> {
    this.#attend(shop);
    while (!this.#over) {
      if (!shop.life.alive) await this.#reopen(shop);
      const { life } = shop;
      while (life.alive && !this.#over) await this.#trouble(shop);
    }
    if (!shop.life.alive) await this.#reopen(shop);
  }

  async #reopen(shop: Shop): Promise<void> {
    let open = (): void => {};
    this.#opened = new Promise((resolve) => (open = resolve));
    do {
      shop.crash(0, CHECKPOINTS[this.#under(CHECKPOINTS.length)]);
      await shop.clock.until(shop.clock.now() + 1_000 + this.#under(this.#random.next() < 0.2 ? 400_000 : 20_000));
    } while (!(await shop.reopen({ endsAt: () => this.#strikes('crash') })));
    this.#attend(shop);
    open();
  }

  #attend(shop: Shop): void {
    const { life } = shop;
    if (!life.alive) return;
    this.#people?.watch(shop.till, life);
    shop.till.on('event', (record) => life.alive && this.#seen.push(record));
    shop.till.on('alarm', (alarm) => {
      const { kind } = alarm;
      this.#people?.shown.push(JSON.stringify(alarm));
      if (kind === 'log-failed' || kind === 'engine-stopped') this.#failed = life;
    });
  }

  /** Something that happens to the whole shop once in a while. */
  async #trouble(shop: Shop): Promise<void> {
    const { life, clock } = shop;
    await Promise.race([clock.until(clock.now() + 3_000 + this.#under(15_000)), life.ended]);
    if (!life.alive || this.#over) return;
    // A disk that was to fail while the till opened may do so after that: somebody reads the alarm.
    if (this.#failed === life) return life.end();
    await this.#people?.payers();
    if (this.#books.next() < this.#decides) await this.#decide(shop);
    for (const terminal of shop.terminals) {
      if (this.#strikes('paper-out')) shop.worldOf(terminal).setPaper(false);
      else if (this.#random.next() < 0.5) shop.worldOf(terminal).setPaper(true);
    }
    const host = HOSTS[this.#under(HOSTS.length)] ?? 'acquirer';
    if (this.#strikes('host-restart')) shop.hosts.restart(host);
    if (this.#strikes('batch-settled')) await shop.hosts.closeBatch(String(1 + this.#under(shop.terminals.length)).padStart(8, '0'));
    if (this.#strikes('host-gone')) shop.hosts.fault(host, { do: 'refuse-connections' });
    else if (this.#random.next() < 0.4) shop.hosts.clearFaults();
    if (this.#strikes('clock-jump')) this.#shiftClock(shop, (this.#random.next() < 0.5 ? -1 : 1) * this.#under(this.#random.next() < 0.3 ? 7_200_000 : 60_000));
    else if (this.#clockOff && clock.now() - this.#clockOff.sinceMs > CLOCK_SET_AFTER_MS) this.#shiftClock(shop, -this.#clockOff.ms);
    if (this.#strikes('disk-error')) {
      shop.failNext(this.#random.next() < 0.5 ? 'write' : 'sync');
      // What the till does with a broken disk is seen for a while; then it is switched off.
      await Promise.race([clock.until(clock.now() + 30_000), life.ended]);
      life.end();
    } else if (this.#strikes('close')) {
      await Promise.race([shop.till.close().catch(() => {}), life.ended]);
      life.end();
    }
  }

  /** It may have been decided, or the till closed, since. */
  async #decide(shop: Shop): Promise<void> {
    const { life, till } = shop;
    const cases = till.cases();
    const found = cases[Math.floor(this.#books.next() * cases.length)];
    if (!found) return;
    const decided = till.resolve(found.caseId, { ...inTheBooks(shop, found), by: 'Li', reason: "seen in the hosts' books" }).catch((error: unknown) => {
      if (!TillwrightError.is(error)) throw error;
    });
    await Promise.race([decided, life.ended]);
  }

  #shiftClock(shop: Shop, ms: number): void {
    shop.shiftClock(ms);
    const off = (this.#clockOff?.ms ?? 0) + ms;
    this.#clockOff = off === 0 ? undefined : { ms: off, sinceMs: this.#clockOff?.sinceMs ?? shop.clock.now() };
  }

  /** One terminal's day: sale after sale, each until its end is known, over as many lives as it takes. */
  async #cashier(shop: Shop, terminal: string): Promise<void> {
    const { sold } = this.#options;
    for (let n = 1; n <= this.#salesEach; n += 1) {
      await shop.clock.until(shop.clock.now() + this.#under(8_000));
      const workflow = sold[this.#under(sold.length)] ?? '';
      this.#sales += 1;
      while (!(await this.#sell(shop, { terminal, workflow, key: `${terminal}-${n}` })));
    }
  }

  /** @returns false when the life ended before the sale did: it is asked for again under the same key */
  async #sell(shop: Shop, order: { readonly terminal: string; readonly workflow: string; readonly key: string }): Promise<boolean> {
    await this.#opened;
    const { life, clock } = shop;
    if (!life.alive) {
      await clock.until(clock.now() + 500);
      return false;
    }
    try {
      const result = await shop.sell(order);
      if (result) this.#told.push(result);
      return result !== undefined;
    } catch (error) {
      // The disk failed, or another sale of a former life still holds the terminal.
      if (!TillwrightError.is(error)) throw error;
      await Promise.race([clock.until(clock.now() + 2_000), life.ended]);
      return false;
    }
  }

  /** PIN blocks are noted as the pad gives them, so that they can be looked for. */
  #listening(plugins: readonly Plugin[]): readonly Plugin[] {
    const note = (pad: PinPad): PinPad => {
      this.#padsRemember = pad.logMark !== undefined && pad.keepLogMark !== undefined;
      return new Proxy(pad, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          const call = member.bind(target) as (...args: unknown[]) => unknown;
          if (name !== 'enterPin') return call;
          return async (...args: unknown[]) => {
            const entered = (await call(...args)) as Awaited<ReturnType<PinPad['enterPin']>>;
            if (entered.status === 'entered') this.#pinBlocks.push(entered.pinBlock.reveal());
            return entered;
          };
        },
      });
    };
    return plugins.map((plugin) => ({
      ...plugin,
      provides: plugin.provides.map((provision) => {
        const { token, how } = provision;
        if (token !== bind(PinPad).toValue({} as PinPad).token || how.kind !== 'factory') return provision;
        return { token, how: { ...how, make: (...needs: never[]) => note(how.make(...needs) as PinPad) } };
      }),
    }));
  }

  #strikes(mishap: Mishap): boolean {
    return this.#swarm.strikes(mishap);
  }

  #under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }
}

const failedBy = (error: unknown): string => `the run itself failed: ${told(error)}`;

const told = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Whoever finds nothing there can't tell whether it was undone, or never paid. */
const inTheBooks = (shop: Shop, { undone, payment: { references } }: CaseView): Pick<CaseDecision, 'as' | 'amountMinor'> => {
  if (undone) return { as: 'undone' };
  const standing = shop.hosts.ledgers().flatMap(({ entries }) => entries).find(({ reference, status }) => status === 'approved' && references.includes(reference));
  return standing ? { as: 'paid', amountMinor: standing.amountMinor } : { as: 'not-paid' };
};
