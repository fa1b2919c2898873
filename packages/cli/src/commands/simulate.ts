import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { clearLine, cursorTo } from 'node:readline';
import { onSimulatedDisk } from '@tillwright/core/node';
import { type FaultMix, GROWN, simulate as simulateTills, type SimulationReport } from '@tillwright/core/testing';
import type { Text } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import Table from 'cli-table3';
import { loadConfig } from '../config.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { type Language, say } from '../language.js';
import { simulatedPlugins } from '../simulated-plugins.js';
import { readWorkflows } from '../workflow-files.js';

const texts = {
  sound: { zh: '没有丢失或重复的付款', en: 'No payment was lost, none was doubled' },
  broken: { zh: '发现错误', en: 'Something is wrong' },
  replay: { zh: '重放', en: 'Replay' },
  fault: { zh: '注入的故障', en: 'Faults injected' },
  payments: { zh: '付款', en: 'Payments' },
  times: { zh: '次数', en: 'Times' },
} as const satisfies Record<string, Text>;

const payments: { readonly [name in keyof SimulationReport['payments']]: Text } = {
  taken: { zh: '已收', en: 'taken' },
  declined: { zh: '被拒', en: 'declined' },
  undone: { zh: '已撤销', en: 'undone' },
  notSent: { zh: '未发送', en: 'not sent' },
  open: { zh: '待人工处理', en: 'open, for a person' },
};

interface Order {
  readonly seed: number;
  readonly runs: number;
  /** `grown`; without `wire` the name of one of the simulation's own small flows, with it a file. */
  readonly workflow?: string;
  readonly faults: FaultMix;
}

/**
 * Runs tills in virtual time against hosts, networks, power and people that fail, and prints what was done to them and how it ended.
 * `wire`: whole shops with the workflows of this folder (or one file, or grown ones) on the hosts' real wire bytes; without it, small flows against a
 * host in memory, on a disk that tears and loses what was not synced, some hundred in a minute.
 */
export const simulate = async (options: Order & { wire?: boolean; config?: string; json: boolean; language: Language }): Promise<ExitCode> => {
  const { json, language, wire = false, config, ...order } = options;
  if (!json) console.log(`seed ${options.seed}, ${options.runs} runs`);
  const counted = { ...order, onRun: counter(options.runs, language) };
  const report = wire ? await simulateWire(counted, config) : await simulateTills({ ...counted, storage: onSimulatedDisk });
  if (process.stderr.isTTY) wipe();
  if (json) console.log(JSON.stringify(report));
  else print(report, language);
  return report.failures.length === 0 ? EXIT.succeeded : EXIT.open;
};

type OnRun = (report: { readonly problems: readonly string[] }) => void;

/** How far it is, on standard error: at most every two seconds, on one line of a terminal, each half minute in a file. */
const counter = (runs: number, language: Language): OnRun => {
  const terminal = process.stderr.isTTY;
  let done = 0;
  let failed = 0;
  let toldAt = Date.now();
  return ({ problems }) => {
    done += 1;
    if (problems.length > 0) failed += 1;
    if (Date.now() - toldAt < (terminal ? 2_000 : 30_000)) return;
    toldAt = Date.now();
    const line = say(language, { zh: `${done}/${runs} 次，${failed} 次有错`, en: `${done} of ${runs} runs, ${failed} failed` });
    if (terminal) wipe();
    process.stderr.write(terminal ? line : `${line}\n`);
  };
};

const wipe = (): void => {
  cursorTo(process.stderr, 0);
  clearLine(process.stderr, 0);
};

const FOLDER = 'workflows';

const simulateWire = async ({ workflow, ...order }: Order & { onRun: OnRun }, configFile: string | undefined): Promise<SimulationReport> => {
  const [config, { simulateShops }] = await Promise.all([loadConfig(configFile), import('@tillwright/simulation')]);
  const workflows = workflow === GROWN ? workflow : await readWorkflows(workflow === undefined ? await shipped() : [workflow]);
  const report = await simulateShops({ ...order, workflows, ...(config.plugins ? { plugins: (defaults: readonly Plugin[]) => simulatedPlugins(config, defaults) } : {}) });
  const rest = [...(workflow === undefined ? [] : [`--workflow ${workflow}`]), ...(order.faults === 'all' ? [] : [`--faults ${order.faults}`]), ...(configFile === undefined ? [] : [`--config ${configFile}`])];
  return { ...report, failures: report.failures.map((failure) => ({ ...failure, replay: ['tillwright simulate --wire', `--seed ${failure.seed}`, '--runs 1', ...rest].join(' ') })) };
};

const shipped = async (): Promise<string[]> => {
  const names = await readdir(FOLDER).catch(() => []);
  const files = names.filter((name) => name.endsWith('.asl.json')).sort().map((name) => join(FOLDER, name));
  if (files.length === 0) throw new UsageError(`there are no workflows in ./${FOLDER}; name one with --workflow / 没有找到工作流`);
  return files;
};

const print = (report: SimulationReport, language: Language): void => {
  const faults = new Table({ head: [say(language, texts.fault), say(language, texts.times)], style: { head: [], border: [] } });
  for (const [name, times] of Object.entries(report.faults).sort(([, a], [, b]) => b - a)) faults.push([name, times]);
  const ends = new Table({ head: [say(language, texts.payments), say(language, texts.times)], style: { head: [], border: [] } });
  for (const name of Object.keys(payments) as (keyof typeof payments)[]) ends.push([say(language, payments[name]), report.payments[name]]);
  console.log(faults.toString());
  console.log(ends.toString());
  console.log(`${report.runs} runs, ${report.sales} sales, ${report.records} records, ${(report.virtualMs / 3_600_000).toFixed(1)} h`);
  for (const { seed, problems, replay } of report.failures) {
    console.error(`seed ${seed}:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n  ${say(language, texts.replay)}: ${replay}`);
  }
  console.log(say(language, report.failures.length === 0 ? texts.sound : texts.broken));
};
