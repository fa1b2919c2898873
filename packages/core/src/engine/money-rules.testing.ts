/** A till with one scripted payment method `m` in virtual time: what the tests of the money rules stand on. */
import type { Alarm } from '../alarm.js';
import type { Answer, Approved, Plugin } from '../contract.js';
import type { EventRecord } from '../events.js';
import type { Json } from '../json.js';
import { type MemoryLog, memoryLog } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import { systemHash } from '../log/system.js';
import { createTill, type ExecutionResult, type Till } from '../till.js';
import { type ScriptedHost, scriptedHost, scriptedMethod, type ScriptedMethodOptions } from './scripted-method.js';
import { type VirtualClock, virtualClock } from './virtual-clock.js';

export interface Setup {
  readonly till: Till;
  readonly host: ScriptedHost;
  readonly log: MemoryLog;
  readonly clock: VirtualClock;
  readonly sealed: ReturnType<typeof memorySealedStore>;
}

export interface SetupOptions {
  readonly kind: 'card' | 'wallet';
  /** The workflow `sale`: one payment unless told. */
  readonly flow?: string;
  /** More workflows beside it. */
  readonly workflows?: { readonly [name: string]: string };
  /** T1, T2, ...; one unless told. */
  readonly terminals?: number;
  readonly host?: ScriptedHost;
  readonly log?: MemoryLog;
  readonly clock?: VirtualClock;
  readonly sealed?: Setup['sealed'];
  readonly plugins?: Plugin[];
  readonly method?: Partial<ScriptedMethodOptions>;
  /** Closed transactions that stay in memory. */
  readonly keepClosed?: number;
}

export type State = { [field: string]: Json };

export const pay = (extra: State = {}, args: { [name: string]: Json } = {}): State => ({
  Type: 'Task',
  Resource: 'payment:sale',
  Arguments: { method: 'm', amountMinor: 1000, ...args },
  ...('Next' in extra ? {} : { End: true }),
  ...extra,
});

export const broken: State = { Type: 'Fail', Error: 'X', Cause: 'x' };

export const flow = (states: { [name: string]: State }, startAt = Object.keys(states)[0] ?? ''): string => JSON.stringify({ QueryLanguage: 'JSONata', StartAt: startAt, States: states });

export const open = async (options: SetupOptions): Promise<Setup> => {
  const host = options.host ?? scriptedHost();
  const log = options.log ?? memoryLog();
  const clock = options.clock ?? virtualClock();
  const sealed = options.sealed ?? memorySealedStore();
  const till = await createTill({
    plugins: [scriptedMethod({ id: 'm', host, kind: options.kind, ...options.method }), ...(options.plugins ?? [])],
    workflows: { sale: options.flow ?? flow({ Pay: pay() }), ...options.workflows },
    terminals: Object.fromEntries(Array.from({ length: options.terminals ?? 1 }, (_, n) => [`T${n + 1}`, { tid: `0000000${n + 1}`, mid: '898000000000001', name: 'Corner Shop' }])),
    log,
    sealed,
    hash: systemHash,
    clock,
    ...(options.keepClosed === undefined ? {} : { keepClosed: options.keepClosed }),
  });
  return { till, host, log, clock, sealed };
};

/** The power fails: the same host, disk and sealed store in another process. Its time goes on from where the first one's stood. */
export const reopen = async (before: Setup, options: SetupOptions): Promise<Setup> => {
  before.clock.stop();
  const { host, sealed, log, clock } = before;
  return await open({ host, sealed, log: log.crash(), clock: virtualClock({ startMs: clock.now() }), ...options });
};

/** As `reopen`, once all that was written is on disk. */
export const cut = async (before: Setup, options: SetupOptions): Promise<Setup> => {
  await before.log.durable(before.log.head);
  return await reopen(before, options);
};

/** The power fails as the first record of a type has reached the disk, and is back after a while. */
export const cutAfter = async (before: Setup, type: string, options: SetupOptions, offMs = 0): Promise<Setup> => {
  const { clock, host, log, sealed } = before;
  clock.stop();
  const records = log.records.slice(0, events(log, type)[0]?.seq);
  return await open({ ...options, host, sealed, log: memoryLog({ records }), clock: virtualClock({ startMs: clock.now() + offMs }) });
};

/** Those that nobody has heard yet, and those that are raised from now on. */
export const alarmsOf = ({ till }: Setup): Alarm[] => {
  const alarms: Alarm[] = [];
  till.on('alarm', (alarm) => alarms.push(alarm));
  return alarms;
};

export const run = async ({ till }: Setup, input: Json = {}, terminal = 'T1'): Promise<ExecutionResult> => await (await till.start({ terminal, workflow: 'sale', input })).result;
export const events = (log: MemoryLog, type: string): EventRecord[] => log.records.filter((record) => record.event.type === type);
export const statuses = (host: ScriptedHost): string[] => [...host.ledger.values()].map((entry) => entry.status);
/** The calls that reached the host, without what follows their first word. */
export const verbs = (host: ScriptedHost): string[] => host.calls.map((call) => call.split(' ')[0] ?? '');
export const approvedFor = (amountMinor: number, rest: Partial<Approved> = {}): Answer => ({ outcome: 'approved', verified: true, amount: { amountMinor, currency: 'CNY' }, completion: 'none', facts: { receipt: [] }, ...rest });
export const declined: Answer = { outcome: 'declined', verified: true, code: '51', hint: { zh: '余额不足', en: 'Not enough' }, again: 'never' };

/** What is kept sealed once a payment has come to its end: it is forgotten a turn later, when its flow has gone on. */
export const keptSealed = async ({ sealed }: Setup): Promise<readonly string[]> => {
  await new Promise((resolve) => setImmediate(resolve));
  return await sealed.keys();
};

/** Lets time pass, a second at a time, until it is so. */
export const until = async ({ clock }: Setup, what: string, isSo: () => boolean): Promise<void> => {
  for (let second = 0; second < 600; second += 1) {
    if (isSo()) return;
    await clock.until(clock.now() + 1_000);
  }
  throw new Error(`never: ${what}`);
};

/** Waits, in virtual time, until nothing is left to settle. */
export const settled = async (setup: Setup): Promise<void> =>
  await until(setup, 'everything settled', () => setup.till.payments().every(({ state }) => state !== 'undecided' && state !== 'being-undone'));
