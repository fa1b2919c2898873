/** One run of the simulation: some terminals, some sales on each, and whatever the seed has in store for them. */
import { openCase, type PaymentState } from '../engine/payment.js';
import type { EventRecord } from '../events.js';
import { type Random, seeded } from '../interpreter/random.js';
import { TillwrightError } from '../errors.js';
import type { Till } from '../till.js';
import { simulatedFlows } from './flows.js';
import { grow } from './grown.js';
import { type FaultMix, type Mishap, type Swarm, swarmOf } from './swarm.js';
import { foldAll } from './checkers.js';
import { type CheckpointFate, inMemory, type StorageOf } from './storage.js';
import type { MethodId, Release } from './method.js';
import { mixedTerms, standardTerms } from './policy.js';
import { simulatedTrade } from './trade.js';
import { World } from './world.js';

export interface RunReport {
  readonly seed: string;
  readonly problems: readonly string[];
  readonly records: readonly EventRecord[];
  /** What went wrong on purpose, by name. */
  readonly faults: { readonly [name: string]: number };
  /** How the payments ended. */
  readonly payments: { readonly taken: number; readonly declined: number; readonly undone: number; readonly notSent: number; readonly open: number };
  readonly sales: number;
  readonly virtualMs: number;
}

export interface RunOptions {
  readonly seed: string;
  readonly faults?: FaultMix;
  /** Only this one of the simulation's workflows, or `grown`: some that are grown from the seed. */
  readonly workflow?: string;
  /** How methods settle, and what their hosts let be paid: mixed anew for every second run unless told. */
  readonly terms?: 'standard' | 'mixed';
  /** Where the tills keep their logs; in memory unless told. */
  readonly storage?: StorageOf;
}

/** In place of a workflow's name: flows that nobody wrote. */
export const GROWN = 'grown';

/** Longer than any sale takes: what is still running then never ends. */
const PATIENCE_MS = 4 * 3_600_000;

/** A plugin may be gone, be one that brings its data along, or one that does not, older or newer. */
const releases: readonly (Release | undefined)[] = [undefined, { stores: 1, reads: [1] }, { stores: 2, reads: [1, 2] }, { stores: 2, reads: [2] }];
const readsAll: Release = { stores: 2, reads: [1, 2] };

export const runOnce = async (options: RunOptions): Promise<RunReport> => new Run(options).play();

class Run {
  readonly #seed: string;
  readonly #random: Random;
  readonly #swarm: Swarm;
  readonly #world: World;
  /** Grows flows anew while the till is off, where they are grown at all. */
  readonly #growth: Random | undefined;
  /** The same while it sells. */
  readonly #replacing: Random;
  #flows: readonly string[];
  readonly #struck = new Map<string, number>();
  readonly #sales: number;
  #till: Till | undefined;
  /** Resolves when the till is open again. */
  #opened: Promise<void> = Promise.resolve();
  #over = false;
  #started = 0;

  constructor({ seed, faults = 'all', workflow, terms, storage = inMemory }: RunOptions) {
    this.#seed = seed;
    this.#random = seeded(`${seed}/people`);
    const advice = seeded(`${seed}/afterwards`);
    const owes = advice.next() < 0.35;
    this.#swarm = swarmOf(seeded(`${seed}/faults`), faults, { advice, declines: seeded(`${seed}/declines`), recants: seeded(`${seed}/recants`) });
    const network = seeded(`${seed}/network`);
    const memory = seeded(`${seed}/memory`);
    const printer = seeded(`${seed}/printer`);
    const jams = printer.next() < 0.25;
    const drawn = seeded(`${seed}/terms`);
    const mixed = drawn.next() < 0.5;
    const growth = workflow === GROWN ? seeded(`${seed}/grown`) : undefined;
    this.#growth = growth;
    this.#replacing = seeded(`${seed}/replacing`);
    const { sold, flows } = growth ? grow(growth, simulatedTrade) : { sold: workflow === undefined ? some(Object.keys(simulatedFlows), seeded(`${seed}/flows`)) : [workflow], flows: simulatedFlows };
    this.#flows = sold;
    this.#sales = 2 + this.#under(4);
    this.#world = new World({
      seed,
      storage,
      fault: (message) => this.#swarm.fault(message),
      workflows: growth ? flows : Object.fromEntries(sold.map((name) => [name, flows[name] ?? ''])),
      terminals: 1 + this.#under(3),
      sharedLane: this.#random.next() < 0.5,
      advice: owes,
      latencyMs: () => 10 + Math.floor(network.next() ** 4 * 3_000),
      syncMs: () => 1 + Math.floor(network.next() * 20),
      lateMs: 15_000 + this.#under(70_000),
      terms: (terms === undefined ? mixed : terms === 'mixed') ? mixedTerms(drawn) : standardTerms,
      printerJams: () => jams && !this.#over && printer.next() < 0.3,
      // Most of what a till's memory holds has left it long before its evening.
      keepClosed: Math.floor(memory.next() * 4),
      checkpointEvery: 5 + Math.floor(memory.next() * 60),
      checkpointAfterCrash: () => this.#checkpointLeft(memory),
    });
  }

  async play(): Promise<RunReport> {
    const world = this.#world;
    const startMs = world.clock.now();
    const problems: string[] = [];
    let payments: readonly PaymentState[] = [];
    try {
      const power = this.#power();
      const patience = world.clock.until(startMs + PATIENCE_MS).then(() => false);
      const sales = Promise.all(world.terminals().map((terminal) => this.#cashier(terminal)));
      // Power ends after the sales do, unless a till can not be opened at all.
      const done = await Promise.race([sales.then(() => true), patience, power.then(() => sales.then(() => true))]);
      if (!done) problems.push('sales did not come to an end');
      this.#over = true;
      this.#swarm.calm();
      await power;
      if (this.#random.next() < 0.5) await this.#pluginsComeBack();
      // What a terminal owes is printed where it is opened again.
      else if (world.absent.size > 0) await this.#restart();
      while (!(await world.quiet())) await this.#restart();
      world.attend();
      problems.push(...(await world.check()));
      payments = [...(await foldAll({ log: world.log, records: await world.storage.records(), clock: world.clock })).payments.values()];
    } catch (error) {
      problems.push(failedBy(error));
    }
    const records = await world.storage.records();
    const report = { seed: this.#seed, problems, records, faults: this.#faults(), payments: countsOf(payments), sales: this.#started, virtualMs: world.clock.now() - startMs };
    problems.push(...(await world.onOlderCopy(records.slice(0, this.#under(records.length))).catch((error: unknown) => [failedBy(error)])));
    world.life.end();
    world.clock.stop();
    return report;
  }

  /** Opens the till, and opens it again whenever it stopped, until the sales are over. */
  async #power(): Promise<void> {
    while (!this.#over) {
      await this.#restart();
      const { life } = this.#world;
      while (life.alive && !this.#over) await this.#trouble();
    }
  }

  async #restart(): Promise<void> {
    const world = this.#world;
    let open = (): void => {};
    this.#opened = new Promise((resolve) => (open = resolve));
    this.#till = undefined;
    const unfinished = world.unfinished();
    if (!world.life.alive || world.till) {
      world.crash(this.#under(world.undurable() + 1));
      await world.clock.until(world.clock.now() + 1_000 + this.#under(this.#random.next() < 0.2 ? 400_000 : 20_000));
    }
    if (this.#strikes('plugin-change')) this.#changePlugin(unfinished);
    if (this.#growth) this.#otherwise(this.#growth);
    for (;;) {
      const till = await world.open({ endsAt: (_, kind) => this.#strikes(kind === 'told' ? 'crash-when-told' : 'crash') });
      if (till) {
        this.#till = till;
        open();
        void world.wait(2_000).then(() => world.attend());
        return;
      }
      world.crash(this.#under(world.undurable() + 1));
      await world.clock.until(world.clock.now() + 1_000);
    }
  }

  #changePlugin(ids: readonly MethodId[]): void {
    const id = ids[this.#under(ids.length)] ?? 'card';
    this.#world.installed = { ...this.#world.installed, [id]: releases[this.#under(releases.length)] };
  }

  /** Other flows ship since, or a terminal is left out. */
  #otherwise(random: Random): void {
    const world = this.#world;
    if (random.next() < 0.15) ({ sold: this.#flows, flows: world.workflows } = grow(random, simulatedTrade));
    const terminals = world.terminals();
    const left = terminals[Math.floor(random.next() * terminals.length)] ?? '';
    world.absent = new Set(terminals.length > 1 && random.next() < 0.15 && !this.#over ? [left] : []);
  }

  /** Every plugin is there again, and reads whatever any release has stored. */
  async #pluginsComeBack(): Promise<void> {
    this.#world.installed = { card: readsAll, wallet: readsAll, purse: readsAll };
    await this.#restart();
  }

  /** It may have been closed since, or the disk fails. */
  async #decide(): Promise<void> {
    await this.#world.decide((below) => this.#under(below)).catch((error: unknown) => {
      if (!TillwrightError.is(error)) throw error;
    });
  }

  /** Something that happens to the whole till once in a while. */
  async #trouble(): Promise<void> {
    const world = this.#world;
    if (!(await world.wait(5_000 + this.#under(20_000))) || this.#over) return;
    // A disk that was to fail while the till opened may do so after that: somebody reads the alarm.
    if (world.till && world.failed === world.till) return world.life.end();
    if (this.#strikes('case-decided')) await this.#decide();
    if (this.#growth && this.#replacing.next() < 0.1) {
      const { sold, flows } = grow(this.#replacing, simulatedTrade);
      if (world.replace(flows)) this.#flows = [...new Set([...this.#flows, ...sold])];
    }
    if (this.#strikes('paper-out')) world.paper = false;
    else if (!world.paper && this.#random.next() < 0.5) world.putPaperIn();
    if (this.#strikes('disk-error')) {
      world.storage.failNext(this.#random.next() < 0.5 ? 'write' : 'sync');
      // What the till does with a broken disk is seen for a while; then it is switched off.
      await world.wait(30_000);
      if (world.life.alive) world.life.end();
    } else if (this.#strikes('close') || world.absent.size > 0) await world.close();
  }

  /** One terminal's day: sale after sale, each until its end is known, over as many lives as it takes. */
  async #cashier(terminal: string): Promise<void> {
    const sold: { readonly flow: string; readonly key: string }[] = [];
    for (let n = 1; n <= this.#sales; n += 1) {
      await this.#world.clock.until(this.#world.clock.now() + this.#under(8_000));
      const flow = this.#flows[this.#under(this.#flows.length)] ?? '';
      this.#started += 1;
      sold.push({ flow, key: `${terminal}-${n}` });
      while (!(await this.#sell(terminal, flow, `${terminal}-${n}`)));
      // Somebody asks for an order again that was paid long ago.
      const again = this.#random.next() < 0.4 ? sold[this.#under(sold.length)] : undefined;
      if (again) while (!(await this.#sell(terminal, again.flow, again.key)));
    }
  }

  /** @returns false when the life ended before the sale did: it is asked for again under the same key */
  async #sell(terminal: string, workflow: string, key: string): Promise<boolean> {
    const world = this.#world;
    await this.#opened;
    const till = this.#till;
    const { life } = world;
    if (!till || !life.alive) {
      await world.clock.until(world.clock.now() + 500);
      return false;
    }
    try {
      const sale = await Promise.race([till.start({ terminal, workflow, key }), life.ended]);
      if (!sale) return false;
      world.promise(key, sale.executionId);
      const minding = this.#minding(till, terminal, sale.executionId);
      const result = await Promise.race([sale.result, life.ended]);
      minding.over = true;
      if (!result || !life.alive) return false;
      world.hear(result);
      return true;
    } catch (error) {
      if (!TillwrightError.is(error)) throw error;
      // Its method's plugin is gone: the customer goes, too.
      if (error.code === 'WORKFLOW_UNKNOWN') return true;
      // The disk failed, or another sale of a former life still holds the terminal.
      await Promise.race([world.clock.until(world.clock.now() + 2_000), life.ended]);
      return false;
    }
  }

  /** The people at a terminal: they answer, cancel, or walk away. */
  #minding(till: Till, terminal: string, executionId: string): { over: boolean } {
    const world = this.#world;
    const { life } = world;
    const mind = { over: false };
    const patient = !this.#strikes('walk-away');
    const cancelAt = this.#strikes('cancel') ? world.clock.now() + this.#under(15_000) : undefined;
    let cancelled = false;
    const watch = async (): Promise<void> => {
      while (!mind.over && life.alive) {
        await Promise.race([world.clock.until(world.clock.now() + 200 + this.#under(3_000)), life.ended]);
        if (mind.over || !life.alive) return;
        try {
          if (!cancelled && cancelAt !== undefined && world.clock.now() >= cancelAt) {
            cancelled = true;
            till.cancel(executionId, 'merchant', 'changed my mind');
          }
          for (const prompt of till.prompts(terminal)) if (prompt.kind === 'notice' && patient) till.answer(prompt.id, true);
        } catch (error) {
          if (!TillwrightError.is(error)) throw error;
        }
      }
    };
    watch().catch((error: unknown) => world.violations.push(`somebody at ${terminal} met ${String(error)}`));
    return mind;
  }

  #checkpointLeft(random: Random): CheckpointFate {
    const left = (['kept', 'kept', 'kept', 'older', 'torn', 'absent'] as const)[Math.floor(random.next() * 6)] ?? 'kept';
    if (left !== 'kept') this.#struck.set(`checkpoint-${left}`, (this.#struck.get(`checkpoint-${left}`) ?? 0) + 1);
    return left;
  }

  #strikes(mishap: Mishap): boolean {
    const strikes = this.#swarm.strikes(mishap);
    if (strikes) this.#struck.set(mishap, (this.#struck.get(mishap) ?? 0) + 1);
    return strikes;
  }

  #faults(): { [name: string]: number } {
    return Object.fromEntries([...this.#world.host.faults, ...this.#struck, ...this.#world.storage.faults].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }
}

const failedBy = (error: unknown): string => `the run itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;

/** At least one of them. Of a stream of its own: one flow more leaves all else in a run as it is. */
const some = (names: readonly string[], random: Random): string[] => {
  const picked = names.filter(() => random.next() < 0.35);
  return picked.length > 0 ? picked : [names[Math.floor(random.next() * names.length)] ?? ''];
};

/** How payments ended, counted: the last line of a simulation's report. */
export const countsOf = (payments: readonly PaymentState[]): RunReport['payments'] => {
  const fate = (payment: PaymentState): keyof RunReport['payments'] => {
    if (openCase(payment)) return 'open';
    if (payment.committed) return 'taken';
    const last = payment.attempts.findLast((a) => a.undoes === undefined)?.fate;
    return last === 'declined' ? 'declined' : last === 'not-sent' ? 'notSent' : 'undone';
  };
  const counts = { taken: 0, declined: 0, undone: 0, notSent: 0, open: 0 };
  for (const payment of payments) counts[fate(payment)] += 1;
  return counts;
};
