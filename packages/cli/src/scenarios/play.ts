/** Plays one scenario and tells everything that came out. */
import type { ExecutionResult, PaymentView, Prompt } from '@tillwright/core';
import { addressOf, type LifeOptions, scopeOf } from '@tillwright/core/testing';
import { memberPoints, MembersClub, simulatedCash } from '@tillwright/device-sim';
import type { Fault } from '@tillwright/host-sim';
import { openShop, type Shop } from '@tillwright/simulation';
import type { TillwrightConfig } from '../config.js';
import { simulatedPlugins } from '../simulated-plugins.js';
import type { WorkflowSource } from '../workflow-files.js';
import type { Outcome } from './compare.js';
import type { Coverage } from './coverage.js';
import type { HostFault, Scenario, ScenarioEvent, ScenarioFile } from './scenario.js';

export interface Played {
  readonly outcome: Outcome;
  /** What no scenario may do, whatever it expects: prompts without an answer, steps that nobody needed. */
  readonly wrong: readonly string[];
  /** Where the hosts' books and the log do not agree. */
  readonly books: readonly string[];
}

interface Timed {
  readonly at?: string;
  readonly nth?: number;
}

/** What happens at one moment of a Task. */
interface Due {
  readonly what: Timed;
  readonly moment: 'begin' | 'end';
  readonly act: () => void;
  done: boolean;
}

/** @throws what opening the till throws: a faulty workflow, a plugin that is refused */
export const play = async (
  scenario: Scenario,
  file: ScenarioFile,
  world: { readonly workflow: string; readonly sources: { readonly [workflow: string]: WorkflowSource }; readonly config: TillwrightConfig; readonly coverage: Coverage },
): Promise<Played> => {
  const club = scenario.members ? new MembersClub({ members: scenario.members }) : undefined;
  // What a configuration loads is loaded once, so that a till that is opened again has the same plugins.
  const own = [...(club ? [memberPoints({ club })] : []), ...(scenario.cash === true ? [simulatedCash()] : [])];
  let course: Course | undefined;
  const life: LifeOptions = { endsAt: (_point, kind) => kind === 'append' && course?.cutsThisWrite() === true };
  const shop = await openShop({
    life,
    seed: `${world.workflow}/${scenario.name}`,
    workflows: world.sources,
    script: JSON.stringify({ steps: [...(scenario.steps ?? []), ...(file.always ?? [])] }),
    plugins: (defaults) => simulatedPlugins(world.config, [...defaults, ...own]),
  });
  try {
    course = new Course(shop, scenario, club, life);
    const result = await course.run(world.workflow);
    const { till, log } = shop;
    const records = log.records.filter(({ stream }) => stream === `x/${result.executionId}`);
    const { payments } = await till.get(result.executionId);
    const ledgers = [
      ...shop.hosts.ledgers().flatMap(({ host, entries }) => entries.map(({ status, amountMinor, code }) => ({ host, status, amountMinor, ...(code === undefined ? {} : { code }) }))),
      ...(club?.ledger() ?? []).map(({ status, amountMinor }) => ({ host: 'points', status, amountMinor })),
    ];
    const { receipts, gaps } = shop.world;
    return {
      books: [...(await shop.reconcile()).filter(({ agrees }) => !agrees).map(({ host, reference, ledger, log: known }) => `${host} ${reference}: its book says ${ledger}, the log ${known}`), ...pointsApart(payments, club)],
      wrong: [
        ...course.wrong,
        ...gaps.map(({ what }) => `nobody reacts to: ${what}`),
        ...shop.world.unusedSteps().filter((pointer) => isOwn(pointer, scenario)).map((pointer) => `${pointer} was never needed`),
      ],
      outcome: {
        result: result.status,
        ...(result.status === 'succeeded' ? { output: result.output } : { error: result.error, cause: result.cause }),
        path: world.coverage.walk(records),
        payments: payments.map(({ method, state, amountMinor }) => ({ method, state, amountMinor })),
        ledger: ledgers,
        receipts: receipts.map(({ copy, reprint, complete }) => `${copy}${complete ? (reprint ? ' reprint' : '') : ' torn'}`),
        cases: till.cases().length,
        printed: receipts.map(({ text }) => text).join('\n'),
        shown: course.shown.join('\n'),
      },
    };
  } finally {
    await shop.close();
  }
};

/** What `always` brings need not be used. */
const isOwn = (pointer: string, { steps = [] }: Scenario): boolean => Number(pointer.split('/').at(-1)) < steps.length;

/** One transaction with its people, its faults and its power cuts. */
class Course {
  readonly shown: string[] = [];
  readonly wrong: string[] = [];
  readonly #visits = new Map<string, Set<string>>();
  readonly #due: Due[] = [];
  #executionId = '';
  /** Records of this life's log that were looked at. */
  #seen = 0;

  constructor(
    readonly shop: Shop,
    readonly scenario: Scenario,
    readonly club: MembersClub | undefined,
    /** Of every life of the till. */
    readonly life: LifeOptions,
  ) {
    for (const what of scenario.hosts ?? []) this.#due.push({ what, act: () => this.#fault(what), moment: 'begin', done: false });
    for (const what of scenario.events ?? []) this.#due.push({ what, act: () => this.#event(what), moment: what.do === 'restart-after' ? 'end' : 'begin', done: false });
  }

  async run(workflow: string): Promise<ExecutionResult> {
    const { shop, scenario } = this;
    for (const { host, note: _note, ...payer } of scenario.payers ?? []) {
      await shop.hosts.register(host, { payers: [{ balanceMinor: 100_000_000, name: `payer ${String(payer['code']).slice(-4)}`, ...payer }] });
    }
    for (const due of this.#due.filter(({ what }) => what.at === undefined)) {
      due.done = true;
      due.act();
    }
    this.#listen();
    const { life } = shop;
    // The power may fail before the start is told of.
    await Promise.race([shop.till.start({ terminal: 'T1', workflow, input: scenario.input ?? {} }), life.ended]);
    this.#executionId = executionOf(shop);
    const result = await this.#ended();
    await shop.quiet();
    for (const { what } of this.#due.filter(({ done }) => !done)) this.wrong.push(`${what.at} did not begin${(what.nth ?? 1) > 1 ? ` for the ${what.nth}th time` : ''}: what stands at it did not happen`);
    return result;
  }

  /** After a power cut the old process tells nothing any more: the transaction goes on in the next one. */
  async #ended(): Promise<ExecutionResult> {
    const { shop } = this;
    for (;;) {
      const { life } = shop;
      const result = life.alive ? await Promise.race([shop.till.get(this.#executionId).then(({ result: told }) => told), life.ended]) : undefined;
      if (result && life.alive) return result;
      // All that was written reached the disk, but for the write with which it ended.
      if (life.endedAt !== undefined) shop.crash(-1);
      this.#seen = shop.log.records.length;
      if (await shop.reopen(this.life)) this.#listen();
    }
  }

  /** Whether the power fails with the write that was just made: a Task's end, of which nothing reaches the disk. */
  cutsThisWrite(): boolean {
    const { records } = this.shop.log;
    const written = records.slice(this.#seen);
    this.#seen = records.length;
    return written.some(({ event }) => (event.type === 'stepLeft' || event.type === 'taskFailed') && this.#take(event.step, 'end').length > 0);
  }

  #listen(): void {
    const { till } = this.shop;
    till.on('event', ({ event }) => {
      if (event.type === 'taskStarted') this.#begins(event.step);
    });
    // In the very turn in which it is shown: before the script's people have read it.
    till.on('prompt', (prompt) => {
      this.shown.push(JSON.stringify(prompt.show));
      this.#begins(prompt.step);
    });
  }

  /** A Task begins: what stands at it happens now. */
  #begins(step: string): void {
    for (const { act } of this.#take(step, 'begin')) act();
  }

  /** What stands at this moment of a Task, once for each visit. */
  #take(step: string, moment: Due['moment']): Due[] {
    const scope = scopeOf(step);
    const address = addressOf(step);
    const state = decodeURIComponent(scope === '' ? address : address.slice(scope.length + 1));
    const visits = this.#visits.get(`${moment} ${state}`) ?? new Set();
    if (visits.has(step)) return [];
    this.#visits.set(`${moment} ${state}`, visits.add(step));
    const due = this.#due.filter((each) => !each.done && each.moment === moment && each.what.at === state && (each.what.nth ?? 1) === visits.size);
    for (const each of due) each.done = true;
    return due;
  }

  #fault({ host, at: _at, nth: _nth, note: _note, ...fault }: HostFault): void {
    if (host === 'points') this.club?.fault(fault.do === 'drop-answer' ? 'drop-answer' : 'drop-request');
    // The schema has let it through.
    else this.shop.hosts.fault(host, fault as unknown as Fault);
  }

  #event(event: ScenarioEvent): void {
    if (event.do === 'cancel') this.shop.till.cancel(this.#executionId, 'merchant', 'cancelled');
    else if (event.do === 'scan') this.#scan(event.outcome);
    // All that was written reached the disk: the transaction stands where this Task begins.
    else this.shop.crash(Number.MAX_SAFE_INTEGER);
  }

  /** The customer scans as soon as the QR code is there to be scanned. */
  #scan(outcome: 'pays' | 'walks-away' | 'declines'): void {
    const { till, hosts } = this.shop;
    const look = async (prompt: Prompt): Promise<void> => {
      if (prompt.show['qr'] === undefined) return;
      till.off('prompt', heard);
      const payment = (await till.get(prompt.executionId)).payments.at(-1);
      const reference = payment?.references.at(-1);
      if ((payment?.method === 'alipay' || payment?.method === 'wechat') && reference !== undefined) {
        hosts.scan(payment.method, { reference, outcome }).catch((error: unknown) => this.wrong.push(error instanceof Error ? error.message : 'the QR code could not be scanned'));
      } else this.wrong.push('the QR code belongs to no payment');
    };
    const heard = (prompt: Prompt): void => void look(prompt);
    till.on('prompt', heard);
  }
}

const executionOf = ({ log }: Shop): string => {
  for (const { stream, event } of log.records) if (event.type === 'executionStarted') return stream.slice(2);
  throw new Error('nothing was written of the start');
};

/** The club's book is no host's: what is paid by points stands in it with its amount, and nothing else does. */
const pointsApart = (payments: readonly PaymentView[], club: MembersClub | undefined): string[] => {
  const standing = (club?.ledger() ?? []).filter(({ status }) => status === 'approved');
  const paid = payments.filter(({ method, state }) => method === 'points' && state === 'paid');
  return [
    ...paid.filter((payment) => !standing.some(({ reference, amountMinor }) => payment.references.includes(reference) && amountMinor === payment.amountMinor)).map(({ paymentId }) => `points: ${paymentId} is paid, and not in the book`),
    ...standing.filter(({ reference }) => !paid.some((payment) => payment.references.includes(reference))).map(({ reference }) => `points ${reference}: its book says approved, the log does not`),
  ];
};
