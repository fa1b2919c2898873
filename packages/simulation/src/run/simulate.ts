import { grow, GROWN, seeded } from '@tillwright/core/testing';
import type { ShopOptions } from '../shop.js';
import { type RunOptions, type RunReport, runShop } from './run.js';
import type { FaultMix } from './swarm.js';
import { shopTrade } from './trade.js';

export interface SimulateShopsOptions {
  /** Run n of seed S is run 1 of seed S + n - 1. */
  readonly seed: number;
  readonly runs: number;
  /** Name -> source, with all that they run as parts; `grown`: some that nobody wrote, grown from the seed of each run. */
  readonly workflows: ShopOptions['workflows'] | typeof GROWN;
  /** Those that customers buy by, where they are not grown; all that are no part of another unless told. */
  readonly sold?: readonly string[];
  /** What may go wrong; everything, mixed anew for each run, unless told. */
  readonly faults?: FaultMix;
  readonly plugins?: ShopOptions['plugins'];
  /** After each run. */
  readonly onRun?: (report: RunReport) => void;
  /** After so many failing runs no more are begun; 5 unless told. */
  readonly failuresMax?: number;
}

export interface ShopsReport {
  readonly runs: number;
  readonly sales: number;
  readonly records: number;
  readonly virtualMs: number;
  readonly payments: RunReport['payments'];
  /** Faults injected, by name. */
  readonly faults: { readonly [name: string]: number };
  readonly failures: readonly { readonly seed: number; readonly problems: readonly string[] }[];
}

/**
 * Runs whole shops on the hosts' real wire bytes against networks, hosts, disks, power and people that fail, in virtual time, and holds
 * log, ledgers and what was told against one another at the end of each run. The same seed gives the same run, byte for byte.
 * @throws RangeError where no workflow is sold; what createTill throws for workflows that it refuses
 */
export const simulateShops = async (options: SimulateShopsOptions): Promise<ShopsReport> => {
  const { seed, runs, faults = 'all', plugins, onRun, failuresMax = 5 } = options;
  const flowsOf = await flowsFor(options);
  const total = { runs: 0, sales: 0, records: 0, virtualMs: 0 };
  const payments: { -readonly [name in keyof RunReport['payments']]: number } = { taken: 0, declined: 0, undone: 0, notSent: 0, open: 0 };
  const injected: { [name: string]: number } = {};
  const failures: { seed: number; problems: readonly string[] }[] = [];
  for (let n = 0; n < runs && failures.length < failuresMax; n += 1) {
    const report = await runShop({ seed: String(seed + n), ...flowsOf(seed + n), faults, ...(plugins === undefined ? {} : { plugins }) });
    total.runs += 1;
    total.sales += report.sales;
    total.records += report.records;
    total.virtualMs += report.virtualMs;
    for (const name of Object.keys(payments) as (keyof typeof payments)[]) payments[name] += report.payments[name];
    for (const [name, times] of Object.entries(report.faults)) injected[name] = (injected[name] ?? 0) + times;
    if (report.problems.length > 0) failures.push({ seed: seed + n, problems: report.problems });
    onRun?.(report);
  }
  return { ...total, payments, faults: injected, failures };
};

/** What the run of a seed sells by. */
const flowsFor = async ({ workflows, sold, plugins }: SimulateShopsOptions): Promise<(seed: number) => Pick<RunOptions, 'workflows' | 'sold'>> => {
  if (workflows === GROWN) {
    const trade = await shopTrade(plugins);
    return (seed) => {
      const grown = grow(seeded(`${seed}/grown`), trade);
      return { workflows: grown.flows, sold: grown.sold };
    };
  }
  const those = { workflows, sold: sold ?? soldOf(workflows) };
  if (those.sold.length === 0) throw new RangeError('no workflow to simulate');
  return () => those;
};

/** Those that are no part of another one. */
export const soldOf = (workflows: ShopOptions['workflows']): string[] => {
  const texts = Object.values(workflows).map((source) => (typeof source === 'string' ? source : source.text));
  const parts = new Set(texts.flatMap((text) => [...text.matchAll(/"workflow"\s*:\s*"([^"\\]+)"/g)].map(([, name]) => name)));
  return Object.keys(workflows).filter((name) => !parts.has(name));
};
