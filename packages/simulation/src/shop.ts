import { createTill, type EventRecord, type ExecutionResult, type Prompt, type Till, TillwrightError } from '@tillwright/core';
import type { Clock, Json, Plugin, SettlingPolicy } from '@tillwright/core/contract';
import { systemHash } from '@tillwright/core/node';
import { type CheckpointFate, Life, type LifeOptions, memoryLog, type MemoryLog, memorySealedStore, seeded, type SimulatedStorage, type StorageOf, virtualClock, type VirtualClock } from '@tillwright/core/testing';
import { createSimulation, deviceSim, promptAnswerer, sampleAccounts, type SimulatedTill } from '@tillwright/device-sim';
import { type HostsInProcess, openHosts } from '@tillwright/host-sim';
import { alipay } from '@tillwright/plugin-alipay';
import { card } from '@tillwright/plugin-card';
import { wechat } from '@tillwright/plugin-wechat';
import { guarded } from './guard.js';
import { keyPairs } from './keys.js';
import { networkOf, type OnSend } from './network.js';
import { reconcile, type Reconciled } from './reconcile.js';
import { type ShopHosts, shopHosts } from './shop-hosts.js';

type Policy = Partial<Omit<SettlingPolicy, 'reverse'>> & { readonly reverse?: Partial<SettlingPolicy['reverse']> };

export interface ShopOptions {
  /** Everything that is not decided elsewhere follows from it. */
  readonly seed: string;
  readonly workflows: { readonly [name: string]: string | { readonly file: string; readonly text: string } };
  /** What merchant and customers do, as device-sim plays it: JSON text, or a terminal's own. Without it, somebody calls `world` and answers prompts. */
  readonly script?: string | ((terminal: string) => string | undefined);
  /** `T1`, `T2`, ...; one unless told. */
  readonly terminals?: number;
  /** Ms since 1970; 2026-01-01T01:00Z unless told. */
  readonly startMs?: number;
  /** What differs from each method's own timings. */
  readonly policies?: { readonly card?: Policy; readonly alipay?: Policy; readonly wechat?: Policy };
  /** Given the plugins that come with Tillwright; returns those of this shop. Called for every life of the till. */
  readonly plugins?: (defaults: readonly Plugin[]) => readonly Plugin[];
  /** A log to begin with; empty unless told. */
  readonly log?: MemoryLog;
  /** A disk that fails as real ones do, in place of a log in memory. */
  readonly disk?: StorageOf;
  /** Records until a checkpoint is due on that disk. */
  readonly checkpointEvery?: number;
  /** One way between till and hosts, in ms, asked for every message; 20 unless told. */
  readonly latencyMs?: () => number;
  /** How long a refund of WeChat Pay is on its way; none unless told: the first inquiry finds it through. */
  readonly refundTakesMs?: number;
  /** Sees each message as it leaves the till. */
  readonly onSend?: OnSend;
  /** How long a sync of the disk takes, in ms; 2 unless told. */
  readonly syncMs?: () => number;
  /** Ends the first life at a point of it. */
  readonly life?: LifeOptions;
}

/** A till with its counter, its hosts and the network between them. */
export interface Shop {
  /** The till of this life. @throws Error while none is open */
  readonly till: Till;
  /** The world's clock; the till's may be put wrong by `shiftClock`. */
  readonly clock: VirtualClock;
  /** The counter of the first terminal. */
  readonly world: SimulatedTill;
  worldOf(terminal: string): SimulatedTill;
  readonly terminals: readonly string[];
  readonly hosts: ShopHosts;
  /** The log of this life. */
  readonly log: ShopLog;
  /** Every record, as a reader of the log finds it. */
  records(): Promise<readonly EventRecord[]>;
  /** The next write or sync of the log fails. */
  failNext(what: 'write' | 'sync'): void;
  /** What a disk has lost that was on it, in words. */
  readonly lost: readonly string[];
  /** What went wrong on a disk on purpose, by name. */
  readonly diskFaults: ReadonlyMap<string, number>;
  /** The process that runs now, or ran last. */
  readonly life: Life;
  /** Keys of what is sealed beside the log. */
  sealedKeys(): Promise<readonly string[]>;
  /**
   * Starts a sale and waits for its end. With a script, `nextTransaction` is called for by the caller.
   * @returns undefined when the till's process ended before the sale
   */
  sell(order: { readonly workflow: string; readonly terminal?: string; readonly key?: string; readonly input?: Json }): Promise<ExecutionResult | undefined>;
  /**
   * Lets time pass until nothing waits for it any more: sales ended, undos through, watches over. Scripts go on answering.
   * @returns false when the till's process ended meanwhile
   * @throws Error after 30 days in which something still waits
   */
  quiet(): Promise<boolean>;
  /** The power fails, now if it has not yet. @param keepAppends how many appends after the last sync reached the disk all the same; none unless told, all but the last one for -1; a disk has its own chances. @param checkpoint what is left of a disk's */
  crash(keepAppends?: number, checkpoint?: CheckpointFate): void;
  /** As a crash after which there is what was copied from the disk earlier, on one that does not fail. What lies beside the log, and the devices, are as they were. */
  restore(copy: readonly EventRecord[]): void;
  /** Opens the till again on what its disk holds. @returns false when that life ended before it was open, or the disk kept it from that and is mended now */
  reopen(options?: LifeOptions): Promise<boolean>;
  /** Puts the till's own clock forward, or back. */
  shiftClock(ms: number): void;
  /** Each ledger held against the log. */
  reconcile(): Promise<readonly Reconciled[]>;
  /** Records as the log holds them, one JSON text to a line. */
  text(): string;
  close(): Promise<void>;
}

export interface ShopLog {
  readonly head: number;
  readonly durableTo: number;
  /** What was appended, durable or not, but for records that a log on disk makes itself. */
  readonly records: readonly EventRecord[];
}

const START_MS = Date.UTC(2026, 0, 1, 1);
const MINUTE_MS = 60_000;
const QUIET_WITHIN_MS = 30 * 24 * 60 * MINUTE_MS;
const MERCHANT = '898000000000001';

const tidOf = (index: number): string => String(index + 1).padStart(8, '0');

/**
 * Opens a shop. The same options give the same records, byte for byte.
 * @throws what createTill throws; ScriptError; HostSimError
 */
export const openShop = async (options: ShopOptions): Promise<Shop> => {
  const clock = virtualClock({ startMs: options.startMs ?? START_MS });
  const terminals = Array.from({ length: options.terminals ?? 1 }, (_, index) => `T${index + 1}`);
  const hosts = await openHosts({
    clock,
    random: bytesOf(`${options.seed}/hosts`),
    keyPair: keyPairs(),
    // The harder kind of host: it forgets what it was told to reverse before it came, and approves it when it comes.
    acquirer: { accounts: sampleAccounts(), lateSale: 'approve', moreTerminals: terminals.slice(1).map((_, index) => ({ tid: tidOf(index + 1), mid: MERCHANT })) },
    alipay: { wireClock: () => clock.now(), latePay: 'approve' },
    wechat: { latePay: 'approve', ...(options.refundTakesMs === undefined ? {} : { refundTakesMs: options.refundTakesMs }) },
  });
  const shop = new OneShop(options, { clock, terminals, hosts });
  await shop.reopen(options.life);
  return shop;
};

const bytesOf = (seed: string): ((length: number) => Uint8Array) => {
  const random = seeded(seed);
  return (length) => Uint8Array.from({ length }, () => random.word() & 0xff);
};

class OneShop implements Shop {
  readonly clock: VirtualClock;
  readonly terminals: readonly string[];
  readonly hosts: ShopHosts;
  life = new Life();
  /** Beside the log. */
  readonly #storage: SimulatedStorage | undefined;
  /** Where the log is, until a copy of it is put in its place. */
  #disk: SimulatedStorage | undefined;
  #memory: MemoryLog;
  readonly #options: ShopOptions;
  readonly #hosts: HostsInProcess;
  readonly #sealed = memorySealedStore();
  readonly #worlds = new Map<string, SimulatedTill>();
  readonly #random: (length: number) => Uint8Array;
  #till: Till | undefined;
  #ids = 0;
  #shiftMs = 0;

  constructor(options: ShopOptions, parts: { readonly clock: VirtualClock; readonly terminals: readonly string[]; readonly hosts: HostsInProcess }) {
    this.#options = options;
    this.#hosts = parts.hosts;
    this.clock = parts.clock;
    this.terminals = parts.terminals;
    this.hosts = shopHosts(parts.hosts);
    this.#random = bytesOf(`${options.seed}/till`);
    const { seed, disk, checkpointEvery, syncMs = () => 2 } = options;
    this.#storage = disk?.({ seed, clock: this.clock, syncMs, operating: () => this.life.reach('disk'), ...(checkpointEvery === undefined ? {} : { checkpointEvery }) });
    this.#disk = this.#storage;
    this.#memory = options.log ?? memoryLog(this.#terms());
    const { terminalMasterKey } = parts.hosts.acquirer.terminal;
    for (const terminal of this.terminals) {
      const script = typeof options.script === 'function' ? options.script(terminal) : options.script;
      const first = this.#worlds.get('T1');
      this.#worlds.set(
        terminal,
        createSimulation({ terminalMasterKey, clock: this.clock, random: bytesOf(`${options.seed}/pad-${terminal}`), ...(script === undefined ? {} : { script }), ...(first === undefined ? {} : { sameCardsAs: first }) }),
      );
    }
  }

  get till(): Till {
    if (this.#till === undefined) throw new Error('no till is open: its process ended, and reopen() was not called');
    return this.#till;
  }

  get log(): ShopLog {
    if (!this.#disk) return this.#memory;
    const { head, durableTo, records } = this.#disk.log;
    return { head, durableTo, records: records.filter((record) => record !== undefined) };
  }

  records(): Promise<readonly EventRecord[]> {
    return this.#disk ? this.#disk.records() : Promise.resolve(this.#memory.records);
  }

  failNext(what: 'write' | 'sync'): void {
    (this.#disk ?? this.#memory).failNext(what);
  }

  get lost(): readonly string[] {
    return this.#storage?.lost ?? [];
  }

  get diskFaults(): ReadonlyMap<string, number> {
    return this.#storage?.faults ?? new Map();
  }

  get world(): SimulatedTill {
    return this.worldOf('T1');
  }

  worldOf(terminal: string): SimulatedTill {
    const world = this.#worlds.get(terminal);
    if (world === undefined) throw new RangeError(`there is no terminal ${terminal}`);
    return world;
  }

  sealedKeys(): Promise<readonly string[]> {
    return (this.#storage?.sealed ?? this.#sealed).keys();
  }

  async reopen(lifeOptions: LifeOptions = {}): Promise<boolean> {
    if (this.#till !== undefined) throw new Error('the till is open');
    const life = new Life(lifeOptions);
    this.life = life;
    const clock = this.#tillClock(life);
    const opening = createTill({
      plugins: this.#plugins(life, clock),
      workflows: this.#options.workflows,
      terminals: Object.fromEntries(this.terminals.map((id, index) => [id, { tid: tidOf(index), mid: MERCHANT, name: '街角小店 Corner Shop', operatorId: '01' }])),
      log: life.log(this.#disk?.log ?? this.#memory),
      sealed: life.sealed(this.#storage?.sealed ?? this.#sealed),
      hash: systemHash,
      clock,
      random: { bytes: this.#random },
      ids: { next: (prefix) => `${prefix}${(this.#ids += 1)}` },
    });
    const till = await Promise.race([opening.catch((error: unknown) => this.#refused(error, life)), life.ended]);
    if (!till || !life.alive) return false;
    if (this.#disk?.damaged) throw new Error('a log with a damaged record was opened');
    this.#till = till;
    till.on('prompt', (prompt) => this.#script(prompt, till, life));
    return true;
  }

  async sell({ terminal = 'T1', ...order }: Parameters<Shop['sell']>[0]): Promise<ExecutionResult | undefined> {
    const { life } = this;
    const sale = await Promise.race([this.till.start({ terminal, ...order }), life.ended]);
    if (!sale) return undefined;
    const result = await Promise.race([sale.result, life.ended]);
    return life.alive && result ? result : undefined;
  }

  async quiet(): Promise<boolean> {
    const { clock, life } = this;
    const until = clock.now() + QUIET_WITHIN_MS;
    for (let stepMs = 1_000; life.alive; stepMs = Math.min(stepMs * 2, 60 * MINUTE_MS)) {
      await clock.until(clock.now() + stepMs);
      if (clock.waiting === 0) break;
      if (clock.now() > until) throw new Error('something still waits after 30 days');
    }
    return life.alive;
  }

  crash(keepAppends = 0, checkpoint: CheckpointFate = 'kept'): void {
    this.life.end();
    this.#till = undefined;
    if (this.#disk) this.#disk.crash({ keepAppends, checkpoint });
    else this.#memory = this.#memory.crash({ ...this.#terms(), keepAppends });
    for (const world of this.#worlds.values()) world.abandon();
  }

  restore(copy: readonly EventRecord[]): void {
    this.crash();
    this.#disk = undefined;
    this.#memory = memoryLog({ ...this.#terms(), records: copy });
  }

  shiftClock(ms: number): void {
    this.#shiftMs += ms;
  }

  async reconcile(): Promise<readonly Reconciled[]> {
    return await reconcile(await this.records(), this.hosts.ledgers());
  }

  text(): string {
    return this.log.records.map((record: EventRecord) => `${JSON.stringify(record)}\n`).join('');
  }

  async close(): Promise<void> {
    const till = this.#till;
    this.#till = undefined;
    if (till) await Promise.race([till.close().catch(() => {}), this.life.ended]);
    this.life.end();
    await this.#hosts.close();
    this.clock.stop();
  }

  #plugins(life: Life, clock: Clock): readonly Plugin[] {
    const { policies = {}, plugins, latencyMs = () => 20, onSend } = this.#options;
    const { acquirer, alipay: ali, wechat: we } = this.#hosts;
    const network = networkOf({ clock: this.clock, hosts: this.#hosts, latencyMs, onSend }, life, clock);
    const { tpdu, header } = acquirer.terminal;
    const defaults = [
      card({ acquirer: { host: 'acquirer', port: 1, tpdu, header, connect: network.acquirer }, ...(policies.card ? { policy: policies.card } : {}) }),
      alipay({ appId: ali.merchant.appId, privateKey: ali.merchant.appPrivateKey, alipayPublicKey: ali.merchant.alipayPublicKey, gatewayUrl: 'http://alipay/gateway.do', carrier: network.alipay, ...(policies.alipay ? { policy: policies.alipay } : {}) }),
      wechat({
        appid: we.merchant.appid,
        mchid: we.merchant.mchid,
        serial: we.merchant.serial,
        privateKey: we.merchant.privateKey,
        platformKeys: { [we.merchant.platformSerial]: we.merchant.platformPublicKey },
        baseUrl: 'http://wechat',
        carrier: network.wechat,
        ...(policies.wechat ? { policy: policies.wechat } : {}),
      }),
      guarded(deviceSim({ world: ({ id }) => this.worldOf(id) }), life),
    ];
    const chosen = plugins?.(defaults) ?? defaults;
    return chosen.map((plugin) => (defaults.includes(plugin) ? plugin : guarded(plugin, life)));
  }

  /** The till's own clock: the process's waits end with it, and it may be wrong. */
  #tillClock(life: Life): Clock {
    const clock = life.clock(this.clock);
    return { now: () => clock.now() + this.#shiftMs, until: (atMs, signal) => clock.until(atMs - this.#shiftMs, signal) };
  }

  /** What the disk may refuse is met as an operator would meet it: the till is switched off, the disk mended. */
  #refused(error: unknown, life: Life): undefined {
    const disk = this.#disk;
    const code = TillwrightError.is(error) ? error.code : undefined;
    if (!disk || !life.alive || !((code === 'LOG_DAMAGED' && disk.damaged) || (code === 'LOG_FAILED' && disk.mayRefuse))) throw error;
    disk.mend();
    life.end();
    return undefined;
  }

  #terms(): { readonly hash: typeof systemHash; readonly lazyFlush: (sync: () => void) => void; readonly beforeSync: () => Promise<void> } {
    const { clock } = this;
    const syncMs = this.#options.syncMs ?? (() => 2);
    return {
      hash: systemHash,
      lazyFlush: (sync) => void clock.until(clock.now() + 20).then(sync),
      beforeSync: () => clock.until(clock.now() + syncMs()),
    };
  }

  /** The script's people answer in a turn of their own, as people would: the prompt is open by then. */
  #script(prompt: Prompt, till: Till, life: Life): void {
    const world = this.worldOf(prompt.terminalId);
    if (!world.scripted) return;
    setImmediate(() => {
      if (!life.alive || !till.prompts().some(({ id }) => id === prompt.id)) return;
      let value: ReturnType<ReturnType<typeof promptAnswerer>>;
      try {
        value = promptAnswerer(world)(prompt);
      } catch {
        // The script's gap is told by the world; nobody reacts.
        value = 'cancel';
      }
      if (value === undefined) return;
      if (value === 'cancel') till.cancelPrompt(prompt.id, prompt.audience);
      else till.answer(prompt.id, value);
    });
  }
}
