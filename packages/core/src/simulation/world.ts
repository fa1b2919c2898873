/** A till, its hosts and its disk in virtual time: the stage of the crash matrix and of the simulation. */
import { ActionError, bind, definePlugin, type LogMark, type Plugin, Printer, type RandomSource } from '../contract.js';
import type { CaseDecision } from '../engine/case-files.js';
import type { Journal } from '../engine/journal.js';
import type { Hash, IdSource } from '../engine/ports.js';
import { scriptedPad } from '../engine/scripted-pad.js';
import { type VirtualClock, virtualClock } from '../engine/virtual-clock.js';
import type { EventRecord } from '../events.js';
import { type Random, seeded } from '../interpreter/random.js';
import { TillwrightError } from '../errors.js';
import { memoryLog } from '../log/memory-log.js';
import { type CaseView, createTill, type ExecutionResult, journalOf, type Till } from '../till.js';
import { check, type Told, Witness } from './checkers.js';
import { methodsOf, simulatedFlows } from './flows.js';
import { type Fault, type Message, SimulatedHost } from './host.js';
import { Life, type LifeOptions } from './life.js';
import { everything, type Installed, METHODS, type MethodId, SECRET, simulatedMethods, simulatedShop } from './method.js';
import { QUIET_MS, standardTerms, type Terms } from './policy.js';
import { type CheckpointFate, inMemory, type SimulatedLog, type SimulatedStorage, type StorageOf } from './storage.js';

export interface WorldOptions {
  readonly seed: string;
  readonly fault: (message: Message) => Fault;
  readonly workflows?: { readonly [name: string]: string };
  readonly terminals?: number;
  readonly sharedLane?: boolean;
  /** Approvals of cards leave an advice owed (9). */
  readonly advice?: boolean;
  /** On the way to the host, and back. */
  readonly latencyMs?: () => number;
  /** How long a sync takes. */
  readonly syncMs?: () => number;
  readonly lateMs?: number;
  /** Standard unless told. */
  readonly terms?: Terms;
  /** Whether the printer fails in the middle of a copy. */
  readonly printerJams?: () => boolean;
  readonly keepClosed?: number;
  /** In records; never unless told. */
  readonly checkpointEvery?: number;
  /** What a crash left of the checkpoint: the last one unless told. */
  readonly checkpointAfterCrash?: () => CheckpointFate;
  /** In memory unless told. */
  readonly storage?: StorageOf;
}

const START_MS = Date.UTC(2026, 0, 1, 1);

export class World {
  readonly clock: VirtualClock = virtualClock({ startMs: START_MS });
  readonly host: SimulatedHost;
  readonly storage: SimulatedStorage;
  readonly told: Told[] = [];
  readonly seen: EventRecord[] = [];
  /** What is wrong at the very moment: messages that should not have been sent, and what was told too early. */
  readonly violations: string[] = [];
  /** Key -> the transaction that its start promised first. */
  readonly promised = new Map<string, string>();
  readonly alarms = new Map<string, number>();
  /** What the next life has; it may be another release of a plugin, or none (18). */
  installed: Installed = everything;
  /** Terminals that the next life does not open. */
  absent: ReadonlySet<string> = new Set();
  /** What the next life has; transactions that run go on by what they began with. */
  workflows: { readonly [name: string]: string };
  life = new Life();
  till: Till | undefined;
  /** The till that told that its log failed: it takes nothing any more. */
  failed: Till | undefined;
  paper = true;
  printed = 0;
  readonly #options: WorldOptions;
  readonly #random: RandomSource;
  readonly #shop: Random;
  readonly #terms: Terms;
  readonly #witness: Witness;
  /** Cases that a person was told of. */
  readonly #alarmed = new Set<string>();
  /** What the life that runs has. */
  #present: Installed = everything;
  #ids = 0;
  /** Copies of receipts of which there are lines on paper. */
  readonly #begun = new Set<string>();
  /** Each terminal's, of the life that runs. */
  readonly #onPaper = new Set<() => void>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#terms = options.terms ?? standardTerms;
    this.#witness = new Witness(this.#terms.policies);
    this.workflows = options.workflows ?? simulatedFlows;
    const random = seeded(`${options.seed}/bytes`);
    this.#random = { bytes: (length) => Uint8Array.from({ length }, () => random.word() & 0xff) };
    this.#shop = seeded(`${options.seed}/shop`);
    this.host = new SimulatedHost({
      clock: this.clock,
      fault: options.fault,
      latencyMs: options.latencyMs ?? (() => 50),
      lateMs: options.lateMs ?? 40_000,
      remembers: this.#terms.remembers,
    });
    const { seed, checkpointEvery, syncMs = () => 2, storage = inMemory } = options;
    this.storage = storage({ seed, clock: this.clock, syncMs, operating: () => this.life.reach('disk'), ...(checkpointEvery === undefined ? {} : { checkpointEvery }) });
  }

  /** Of the life that runs, or ran last. */
  get log(): SimulatedLog {
    return this.storage.log;
  }

  terminals(): string[] {
    return Array.from({ length: this.#options.terminals ?? 1 }, (_, index) => `T${index + 1}`);
  }

  /** Flows change while the till sells. @returns whether it took them: beside the others they may not pass */
  replace(flows: { readonly [name: string]: string }): boolean {
    const workflows = { ...this.workflows, ...flows };
    try {
      this.till?.replace(this.#usable(workflows));
    } catch (error) {
      if (TillwrightError.is(error)) return false;
      throw error;
    }
    this.workflows = workflows;
    return true;
  }

  #usable(flows: { readonly [name: string]: string }): { readonly [name: string]: string } {
    return Object.fromEntries(Object.entries(flows).filter(([name]) => methodsOf(name, flows).every((id) => this.installed[id])));
  }

  #opened(): string[] {
    return this.terminals().filter((id) => !this.absent.has(id));
  }

  /** A process begins. @returns undefined when its life ended before it was open, or the disk kept it from opening */
  async open(options: LifeOptions = {}, { log = this.log, plugins = [] }: { log?: SimulatedLog; plugins?: readonly Plugin[] } = {}): Promise<Till | undefined> {
    const life = new Life(options);
    this.life = life;
    this.till = undefined;
    this.#onPaper.clear();
    const { installed } = this;
    const workflows = this.#usable(this.workflows);
    const ids: IdSource = { next: (prefix) => `${prefix}${(this.#ids += 1)}` };
    const acting = (what: string, executionId: string): void => void (life.alive && this.violations.push(...this.#witness.acting(log, what, { executionId })));
    const opening = createTill({
      plugins: [simulatedMethods({ host: this.host, life, clock: this.clock, sharedLane: this.#options.sharedLane ?? false, advice: this.#options.advice ?? false, installed, terms: this.#terms, watch: { sending: (sent) => this.violations.push(...this.#witness.sending(log, sent)) } }), this.#printer(life, log), simulatedShop({ life, clock: this.clock, draw: this.#shop.next, acting }), ...plugins],
      workflows,
      terminals: Object.fromEntries(this.#opened().map((id) => [id, { tid: id.slice(1).padStart(8, '0'), mid: '898000000000001', name: 'Corner Shop' }])),
      log: life.log(log),
      sealed: life.sealed(this.storage.sealed),
      hash: textHash,
      clock: life.clock(this.clock),
      random: this.#random,
      ids,
      ...(this.#options.keepClosed === undefined ? {} : { keepClosed: this.#options.keepClosed }),
    });
    const till = await Promise.race([opening.catch((error: unknown) => this.#refused(error)), life.ended.then(() => undefined)]);
    if (!till || !life.alive) return undefined;
    if (this.storage.damaged) this.violations.push('a log with a damaged record was opened');
    till.on('event', (record) => {
      if (!life.alive) return;
      this.violations.push(...this.#witness.showing(log, record));
      this.seen.push(record);
    });
    till.on('prompt', ({ id, kind, executionId }) => {
      if (kind !== 'device') acting(id, executionId);
    });
    this.#present = installed;
    till.on('alarm', ({ kind, caseId }) => {
      if (caseId !== undefined) this.#alarmed.add(caseId);
      this.alarms.set(kind, (this.alarms.get(kind) ?? 0) + 1);
      if (kind === 'log-failed' || kind === 'engine-stopped') this.failed = till;
    });
    this.till = till;
    return till;
  }

  /** The till's life ends, if it has not yet: what comes back is what was on disk, and some of what was not. */
  crash(keepAppends = 0): void {
    this.life.end();
    this.till = undefined;
    this.storage.crash({ keepAppends, checkpoint: this.#options.checkpointAfterCrash?.() ?? 'kept' });
  }

  /** How many appends of a dead life may or may not have reached the disk. */
  undurable(): number {
    return this.log.head - this.log.durableTo;
  }

  /**
   * The till goes on with an older copy of its log, and its PIN pads remember more than that holds (17). Then some time passes, a person
   * compares it with the books, and it sells again.
   * @returns what is wrong: before that nothing may be asked or undone, and every terminal is held
   */
  async onOlderCopy(records: readonly EventRecord[]): Promise<readonly string[]> {
    const { clock, host, violations } = this;
    this.life.end();
    const { messages } = host;
    const before = violations.length;
    const log = memoryLog({ records, lazyFlush: (sync) => void clock.until(clock.now() + 20).then(sync) });
    const till = await this.open({}, { log, plugins: [padsThatKnowMore()] });
    await this.wait(QUIET_MS);
    const problems = [
      ...(host.messages > messages ? [`a till on an older copy of its log sent ${host.messages - messages} messages`] : []),
      ...(till?.held().join() === this.#opened().join() ? [] : ['a till on an older copy of its log holds no terminal']),
    ];
    if (!till) return problems;
    for (const terminal of till.held()) await till.acknowledge(terminal, { by: 'Li', reason: "compared with the host's books" });
    const [workflow] = Object.keys(this.#usable(this.workflows));
    if (workflow !== undefined && (await this.quiet())) for (const terminal of this.#opened()) await till.start({ terminal, workflow, key: `${terminal}-acknowledged` });
    await this.quiet();
    for (const found of till.cases()) await till.resolve(found.caseId, { ...this.#inTheBooks(found), by: 'Li', reason: "seen in the host's books" });
    await this.wait(QUIET_MS);
    return [
      ...problems,
      ...violations.slice(before),
      ...till.held().map((terminal) => `${terminal} is held, though a person has acknowledged its log`),
      ...till.executions().filter(({ status }) => status === 'running').map(({ executionId }) => `${executionId} never ended, on an older copy of its log`),
    ];
  }

  /** The till is closed in peace. */
  async close(): Promise<void> {
    const { till } = this;
    if (!till) return;
    await Promise.race([till.close().catch(() => {}), this.life.ended]);
    if (!this.life.alive) return;
    this.life.end();
    this.till = undefined;
    this.storage.closed();
  }

  putPaperIn(): void {
    this.paper = true;
    for (const listener of this.#onPaper) listener();
  }

  /** Waits while this life lasts. */
  async wait(ms: number): Promise<boolean> {
    const { life } = this;
    await Promise.race([this.clock.until(this.clock.now() + ms), life.ended]);
    return life.alive;
  }

  /** Answers what is asked until every transaction has ended, then lets settling come to rest. @returns false when the life ended meanwhile */
  async quiet(): Promise<boolean> {
    for (let turn = 0; turn < 2_000; turn += 1) {
      const { till } = this;
      if (!till || !this.life.alive) return false;
      if (till.executions().every(({ status }) => status !== 'running')) break;
      for (const prompt of till.prompts()) if (prompt.kind === 'notice') till.answer(prompt.id, true);
      if (!(await this.wait(1_000))) return false;
    }
    this.putPaperIn();
    return await this.wait(QUIET_MS);
  }

  /** @returns what is wrong now that all is quiet */
  async check(): Promise<readonly string[]> {
    const { till, log, clock, host, told, seen, promised, storage } = this;
    if (!till) return ['the till is not open'];
    const records = await storage.records();
    const problems = await check({ log, records, clock, host, told, seen, promised, sealedKeys: await storage.sealed.keys(), live: journalOf(till), secrets: [SECRET] });
    return [...this.violations, ...storage.lost, ...problems];
  }

  /** This life has had time for what it began with (18). */
  attend(): void {
    if (!this.life.alive || this.till === this.failed) return;
    const reads = (method: string): readonly number[] => this.#present[method as MethodId]?.reads ?? [];
    this.violations.push(...this.#witness.attended(this.log, { reads, alarmed: this.#alarmed }));
  }

  /** Methods by which something is being paid, or undone; all of them where nothing is. */
  unfinished(): readonly MethodId[] {
    const methods = this.#witness.unfinished(this.log) as MethodId[];
    return methods.length > 0 ? methods : METHODS;
  }

  /** A person looks into the host's books and decides about a case. */
  async decide(choose: (below: number) => number): Promise<void> {
    const { till } = this;
    const cases = till?.cases() ?? [];
    const found = cases[choose(cases.length)];
    if (!till || !found) return;
    await Promise.race([till.resolve(found.caseId, { ...this.#inTheBooks(found), by: 'Li', reason: "seen in the host's books" }), this.life.ended]);
  }

  /** Whoever finds nothing there can't tell whether it was undone, or never paid. */
  #inTheBooks({ caseId, undone, payment: { paymentId } }: CaseView): Pick<CaseDecision, 'as' | 'amountMinor'> {
    // What stands then stands beside what the case is about.
    if (undone) return { as: 'undone' };
    const [standing] = this.host.standing(paymentId);
    if (standing) return { as: 'paid', amountMinor: standing.amountMinor };
    return { as: Number(caseId.slice(-1)) % 2 === 0 ? 'undone' : 'not-paid' };
  }

  /** A start under a key gave a transaction: it must be the same one for ever (15). */
  promise(key: string, executionId: string): void {
    this.violations.push(...this.#witness.promising(this.log, executionId));
    if (!this.promised.has(key)) this.promised.set(key, executionId);
  }

  /** Somebody hears how a transaction ended, and the power may fail there and then: what was told stays true (11). */
  hear(result: ExecutionResult): void {
    const { till, life } = this;
    if (!till || !life.alive) return;
    this.violations.push(...this.#witness.telling(this.log, result));
    const committed = journalOf(till).paymentsOf(result.executionId).filter((payment) => payment.committed);
    this.told.push({ ...result, stood: committed.map(({ paymentId }) => paymentId) });
    life.point('told');
  }

  journal(): Journal | undefined {
    return this.till && journalOf(this.till);
  }

  /** What the disk may refuse is met as an operator would meet it: the till is switched off, the disk mended, and the till switched on again. */
  #refused(error: unknown): undefined {
    const { storage, life } = this;
    const code = TillwrightError.is(error) ? error.code : undefined;
    if (!(code === 'LOG_DAMAGED' && storage.damaged) && !(code === 'LOG_FAILED' && storage.mayRefuse)) throw error;
    storage.mend();
    life.end();
    return undefined;
  }

  #printer(life: Life, log: SimulatedLog) {
    return definePlugin({
      name: 'paper',
      provides: [
        bind(Printer).toValue({
          status: async () => ({ paper: this.paper }),
          print: async ({ id, copy, reprint }) => {
            if (!life.alive) return await new Promise<never>(() => {});
            if (!this.paper) throw new ActionError('Printer.NoPaper', 'out of paper');
            this.printed += 1;
            if (!reprint && this.#begun.has(id)) this.violations.push(`${id} stands on paper twice without the mark`);
            this.#begun.add(id);
            const owed = log.records.find((record) => record?.event.type === 'receiptOwed' && `${record.event.receiptId}/${copy}` === id);
            this.violations.push(...this.#witness.acting(log, id, { paymentId: owed?.stream.slice(2) ?? '' }));
            if (this.#options.printerJams?.()) throw new ActionError('Device.Unavailable', 'a jam, after some lines');
            await life.hear(this.clock.until(this.clock.now() + 500));
          },
          onPaper: (listener) => {
            this.#onPaper.add(listener);
            return () => this.#onPaper.delete(listener);
          },
        }),
      ],
    });
  }
}

const later: LogMark = { stream: 'p/later', seq: Number.MAX_SAFE_INTEGER, hash: 'of a record that the copy lacks', counters: {} };
const padsThatKnowMore = (): Plugin => {
  let mark = later;
  return scriptedPad({
    logMark: async () => mark,
    keepLogMark: async (kept) => {
      mark = kept;
    },
  });
};

/** Only tells texts apart; the simulation runs where no digest is at hand. */
const textHash: Hash = (_algorithm, text) => {
  const random = seeded(text);
  return Array.from({ length: 8 }, () => random.word().toString(16).padStart(8, '0')).join('');
};
