/** One shop for a file of tests: simulated hosts on loopback, one data directory, and a counter that each test opens for a sale. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Alarm, type EventRecord, type ExecutionResult, type Json, paymentsOf, type PaymentView, type Prompt } from '@tillwright/core';
import { readLog } from '@tillwright/core/node';
import { bind, type Clock, definePlugin, type PinPad, type Plugin, type Token } from '@tillwright/core/contract';
import { type PrintedReceipt, promptAnswerer, sampleAccounts } from '@tillwright/device-sim';
import { type Endpoints, type Fault, type HostName, type Hosts, type LedgerEntry, startHosts } from '@tillwright/host-sim';
import { type Counter, openCounter, type Policies, TERMINAL } from '../packages/cli/src/counter.js';

export const COUNTER_SALE = new URL('../workflows/counter-sale.asl.json', import.meta.url);

/** Asked early and often, undone at once: what a real host would wait for is not waited for here. */
export const QUICK: Policies = {
  card: { reverse: { backoffMs: [50] } },
  alipay: { inquireAtMs: [30, 60, 120, 240, 480], reverse: { backoffMs: [50] }, watchAtMs: [50] },
  wechat: { inquireAtMs: [30, 60, 120, 240, 480], reverse: { notBeforeMs: 0, backoffMs: [50] }, watchAtMs: [50] },
};
/** A merchant's QR must live for more than a minute: asked early, and then not for long. */
export const QR: Policies = {
  alipay: { ...QUICK.alipay, inquireAtMs: [30, 60, 120, 240, 480, 180_000] },
  wechat: { ...QUICK.wechat, inquireAtMs: [30, 60, 120, 240, 480, 180_000] },
};

/** The machine's time, which a test may push ahead: what waits for a moment that has passed by then goes on. */
export class PushedClock implements Clock {
  #aheadMs = 0;
  readonly #waiting = new Set<() => void>();

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  until(atMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let timer: NodeJS.Timeout | undefined;
      const end = (finish: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal?.removeEventListener('abort', aborted);
        finish();
      };
      const aborted = (): void => end(() => reject(signal?.reason));
      const look = (): void => {
        clearTimeout(timer);
        const left = atMs - this.now();
        if (left <= 0) return end(resolve);
        timer = setTimeout(look, Math.min(left, 2 ** 31 - 1));
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.add(look);
      look();
    });
  }

  push(ms: number): void {
    this.#aheadMs += ms;
    for (const look of this.#waiting) look();
  }
}

export type Step = { readonly [key: string]: Json };
export const amount = (answer: number): Step => ({ when: { prompt: 'amount' }, answer });
export const choose = (answer: string, shows?: string): Step => ({ when: { prompt: 'choose', ...(shows === undefined ? {} : { shows }) }, answer });
export const present = (card: string, by: 'insert' | 'tap' | 'swipe' = 'insert', more: Step = {}): Step => ({ when: { device: 'reader' }, card, by, ...more });
export const pin = (digits: string): Step => ({ when: { device: 'pinpad' }, pin: digits });
export const scan = (code: string): Step => ({ when: { device: 'scanner' }, code });
export const confirmed: Step = { when: { prompt: 'confirm' }, answer: true, times: 'always' };
export const noted: Step = { when: { prompt: 'notice' }, answer: true, times: 'always' };
export const ended = choose('end', 'Not paid');

let codes = 0;
/** A payer's code that nobody has shown yet: each is good for once. */
export const payerCode = (wallet: 'alipay' | 'wechat'): string => `${wallet === 'alipay' ? '28' : '13'}${String((codes += 1)).padStart(4, '0')}739105284617`.slice(0, 18);

/** What is seen of a sale from outside. */
export interface Sold {
  readonly result: ExecutionResult;
  /** Every prompt that was shown, in order. */
  readonly prompts: readonly Prompt[];
  readonly receipts: readonly PrintedReceipt[];
  readonly records: readonly EventRecord[];
  readonly alarms: readonly Alarm[];
  readonly payments: readonly PaymentView[];
  /** Entries of the hosts' ledgers for these payments, by reference. */
  readonly ledger: readonly LedgerEntry[];
  /** Script steps that were not needed. */
  readonly unused: readonly string[];
  /** Texts shown, both languages. */
  readonly texts: string;
}

export interface SellOptions {
  readonly policies?: Policies;
  readonly clock?: PushedClock;
  /** Given the shipped workflow, returns the one to run. */
  readonly edit?: (text: string) => string;
  readonly input?: Json;
  /** Called before a prompt is answered by the script. */
  readonly onPrompt?: (prompt: Prompt, counter: Counter) => unknown;
  /** Called once the counter is open. */
  readonly onOpen?: (counter: Counter) => unknown;
  /** Called before the counter closes. */
  readonly onEnd?: (counter: Counter) => unknown;
  readonly plugins?: (defaults: readonly Plugin[]) => readonly Plugin[];
  /** Where the hosts are reached, when not directly. */
  readonly endpoints?: Endpoints;
  /** Folder of the till's data within the shop's; `till` unless told. */
  readonly data?: string;
}

/** Puts a test's own hand between the engine and what a plugin provides. */
export const wrapping =
  <T>(token: Token<T>, wrap: (made: T) => T) =>
  (plugins: readonly Plugin[]): Plugin[] =>
    plugins.map((plugin) =>
      definePlugin({
        ...plugin,
        provides: plugin.provides.map((provision) => {
          const { how } = provision;
          return provision.token.id === token.id && how.kind === 'factory' ? bind(token).from(how.needs as [], (...needs: never[]) => wrap(how.make(...needs) as T)) : provision;
        }),
      }),
    );

/** The same object with some of its methods replaced; its private fields stay its own. */
export const withMethods = <T extends object>(target: T, methods: Partial<T>): T =>
  new Proxy(target, {
    get: (_target, name) => {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });

/** Hands every PIN block that the PIN pad gives to the test as well. */
export const watchPinBlocks = (pad: PinPad, seen: (pinBlock: Uint8Array) => void): PinPad =>
  withMethods(pad, {
    enterPin: async (request) => {
      const entered = await pad.enterPin(request);
      if (entered.status === 'entered') seen(Uint8Array.from(entered.pinBlock.reveal()));
      return entered;
    },
  });

export class Shop {
  private constructor(
    readonly dir: string,
    readonly hosts: Hosts,
  ) {}

  static async open(): Promise<Shop> {
    const dir = await mkdtemp(join(tmpdir(), 'tillwright-shop-'));
    const hosts = await startHosts({ dataDir: join(dir, 'hosts'), acquirer: { accounts: sampleAccounts() }, wechat: { reverse: { notBeforeMs: 0 } } });
    return new Shop(dir, hosts);
  }

  async close(): Promise<void> {
    await this.hosts.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  async control<T>(host: HostName, path: string, body?: unknown): Promise<T> {
    const { control } = this.hosts.endpoints[host] ?? {};
    const response = await fetch(`${control}${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${host}${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  fault(host: HostName, ...faults: Fault[]): Promise<unknown> {
    return this.control(host, '/faults', faults);
  }

  async clearFaults(): Promise<void> {
    for (const host of ['acquirer', 'alipay', 'wechat'] as const) await fetch(`${this.hosts.endpoints[host]?.control}/faults`, { method: 'DELETE' });
  }

  async ledger(...only: HostName[]): Promise<LedgerEntry[]> {
    const hosts = only.length > 0 ? only : (['acquirer', 'alipay', 'wechat'] as const);
    const views = await Promise.all(hosts.map((host) => this.control<{ entries: LedgerEntry[] }>(host, '/ledger')));
    return views.flatMap(({ entries }) => entries);
  }

  counter(steps: readonly Step[], options: SellOptions = {}): Promise<Counter> {
    return this.#counter(steps, options);
  }

  async #counter(steps: readonly Step[], options: SellOptions): Promise<Counter> {
    const shipped = await readFile(COUNTER_SALE, 'utf8');
    const text = options.edit?.(shipped) ?? shipped;
    return openCounter({
      data: join(this.dir, options.data ?? 'till'),
      workflows: { 'counter-sale': { file: 'workflows/counter-sale.asl.json', text } },
      endpoints: options.endpoints ?? this.hosts.endpoints,
      script: JSON.stringify({ steps }),
      policies: options.policies ?? QUICK,
      config: options.plugins === undefined ? {} : { plugins: options.plugins },
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    });
  }

  /** One sale from opening the counter to closing it; undos that are under way are waited for. */
  async sell(steps: readonly Step[], options: SellOptions = {}): Promise<Sold> {
    const counter = await this.#counter(steps, options);
    const { till, world } = counter;
    const prompts: Prompt[] = [];
    const alarms: Alarm[] = [];
    const records: EventRecord[] = [];
    let failure: unknown;
    till.on('event', (record) => void records.push(record));
    till.on('alarm', (alarm) => void alarms.push(alarm));
    const answer = promptAnswerer(world);
    const react = async (prompt: Prompt): Promise<void> => {
      await options.onPrompt?.(prompt, counter);
      if (!till.prompts().some(({ id }) => id === prompt.id)) return;
      const value = answer(prompt);
      if (value === 'cancel') till.cancelPrompt(prompt.id, prompt.audience);
      else if (value !== undefined) till.answer(prompt.id, value);
    };
    till.on('prompt', (prompt) => {
      prompts.push(prompt);
      setImmediate(() =>
        react(prompt).catch((error: unknown) => {
          failure ??= error;
          if (till.prompts().some(({ id }) => id === prompt.id)) till.cancelPrompt(prompt.id, 'script');
        }),
      );
    });
    try {
      await options.onOpen?.(counter);
      const sale = await till.start({ terminal: TERMINAL, workflow: 'counter-sale', input: options.input ?? {} });
      const result = await sale.result;
      if (failure !== undefined) throw failure;
      await settled(counter);
      await options.onEnd?.(counter);
      const { payments } = await till.get(sale.executionId);
      const references = new Set(payments.flatMap((payment) => payment.references));
      return {
        result,
        prompts,
        receipts: world.receipts,
        records,
        alarms,
        payments,
        ledger: (await this.ledger()).filter(({ reference }) => references.has(reference)),
        unused: world.unusedSteps(),
        texts: JSON.stringify(prompts.map(({ show }) => show)),
      };
    } finally {
      await counter.close();
    }
  }

  /** What the log says of every payment ever made, beside what the hosts say. */
  async reconcile(): Promise<void> {
    const records: EventRecord[] = [];
    for await (const record of readLog(join(this.dir, 'till', 'log'))) records.push(record);
    agree(paymentsOf(records), await this.ledger());
  }
}

/** Waits until nothing is being undone; every event that is written wakes it. */
export const settled = ({ till }: Counter): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (till.payments().some(({ state }) => state === 'being-undone' || state === 'undecided')) return;
      till.off('event', look);
      resolve();
    };
    till.on('event', look);
    look();
  });

/**
 * Holds the log against the hosts: what is paid stands there with its amount, nothing else does.
 * @throws an error naming every difference
 */
export const agree = (payments: readonly PaymentView[], ledger: readonly LedgerEntry[]): void => {
  const byReference = new Map(ledger.map((entry) => [entry.reference, entry]));
  const differences = payments.flatMap((payment) => {
    const standing = payment.references.map((reference) => byReference.get(reference)).filter((entry) => entry?.status === 'approved');
    const sum = standing.reduce((total, entry) => total + (entry?.amountMinor ?? 0), 0);
    const wanted = payment.state === 'paid' ? payment.amountMinor : 0;
    return sum === wanted ? [] : [`${payment.paymentId} is ${payment.state} with ${wanted}, the host holds ${sum}`];
  });
  const known = new Set(payments.flatMap(({ references }) => references));
  const strays = ledger.filter(({ reference, status }) => status === 'approved' && !known.has(reference)).map(({ reference }) => `${reference} stands at a host, the log does not know it`);
  const wrong = [...differences, ...strays];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
};
