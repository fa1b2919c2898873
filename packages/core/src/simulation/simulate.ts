import { simulatedFlows } from './flows.js';
import { GROWN, runOnce, type RunReport } from './run.js';
import { inMemory, type StorageOf } from './storage.js';
import type { FaultMix } from './swarm.js';

export interface SimulateOptions {
  /** Run n of seed S is run 1 of seed S + n - 1. */
  readonly seed: number;
  readonly runs: number;
  /** What may go wrong; everything, mixed anew for each run, unless told. */
  readonly faults?: FaultMix;
  /** Only this one of the simulation's workflows, or `grown`: some that are grown from the seed. */
  readonly workflow?: string;
  /** Where the tills keep their logs; in memory unless told. */
  readonly storage?: StorageOf;
  /** After each run. */
  readonly onRun?: (report: RunReport) => void;
  /** After so many failing runs no more are begun; 5 unless told. */
  readonly failuresMax?: number;
}

export interface SimulationFailure {
  readonly seed: number;
  readonly problems: readonly string[];
  /** The command that runs it again. */
  readonly replay: string;
}

export interface SimulationReport {
  readonly runs: number;
  readonly sales: number;
  readonly records: number;
  readonly virtualMs: number;
  readonly payments: RunReport['payments'];
  /** Faults injected, by name. */
  readonly faults: { readonly [name: string]: number };
  readonly failures: readonly SimulationFailure[];
}

/**
 * Runs tills against hosts that lie, networks that lose and power that fails, in virtual time, and holds log, ledgers and what was
 * told against one another at the end of each run. The same seed gives the same run, byte for byte.
 * @throws RangeError where the simulation has no such workflow
 */
export const simulate = async (options: SimulateOptions): Promise<SimulationReport> => {
  const { seed, runs, faults = 'all', workflow, storage = inMemory, onRun, failuresMax = 5 } = options;
  if (workflow !== undefined && workflow !== GROWN && !Object.hasOwn(simulatedFlows, workflow)) throw new RangeError(`the simulation has no workflow ${workflow}; there are: ${[...Object.keys(simulatedFlows), GROWN].join(', ')}`);
  const total = { runs: 0, sales: 0, records: 0, virtualMs: 0 };
  const payments: { -readonly [name in keyof RunReport['payments']]: number } = { taken: 0, declined: 0, undone: 0, notSent: 0, open: 0 };
  const injected: { [name: string]: number } = {};
  const failures: SimulationFailure[] = [];
  for (let n = 0; n < runs && failures.length < failuresMax; n += 1) {
    const report = await runOnce({ seed: String(seed + n), faults, storage, ...(workflow === undefined ? {} : { workflow }) });
    total.runs += 1;
    total.sales += report.sales;
    total.records += report.records.length;
    total.virtualMs += report.virtualMs;
    for (const name of Object.keys(payments) as (keyof typeof payments)[]) payments[name] += report.payments[name];
    for (const [name, times] of Object.entries(report.faults)) injected[name] = (injected[name] ?? 0) + times;
    if (report.problems.length > 0) failures.push({ seed: seed + n, problems: report.problems, replay: replayOf(seed + n, options) });
    onRun?.(report);
  }
  return { ...total, payments, faults: injected, failures };
};

const replayOf = (seed: number, { faults, workflow }: SimulateOptions): string =>
  ['tillwright simulate', `--seed ${seed}`, '--runs 1', ...(workflow === undefined ? [] : [`--workflow ${workflow}`]), ...(faults === undefined || faults === 'all' ? [] : [`--faults ${faults}`])].join(' ');
