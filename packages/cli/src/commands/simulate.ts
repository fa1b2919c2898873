import { type FaultMix, simulate as simulateTills, type SimulationReport } from '@tillwright/core/testing';
import type { Text } from '@tillwright/core';
import Table from 'cli-table3';
import { EXIT, type ExitCode } from '../exit.js';
import { type Language, say } from '../language.js';

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

/** Runs tills in virtual time against hosts, networks and power that fail, and prints what was done to them and how it ended. */
export const simulate = async (options: { seed: number; runs: number; workflow?: string; faults: FaultMix; json: boolean; language: Language }): Promise<ExitCode> => {
  const { json, language, ...order } = options;
  if (!json) console.log(`seed ${options.seed}, ${options.runs} runs`);
  const report = await simulateTills(order);
  if (json) console.log(JSON.stringify(report));
  else print(report, language);
  return report.failures.length === 0 ? EXIT.succeeded : EXIT.open;
};

const print = (report: SimulationReport, language: Language): void => {
  const faults = new Table({ head: [say(language, texts.fault), say(language, texts.times)], style: { head: [] } });
  for (const [name, times] of Object.entries(report.faults).sort(([, a], [, b]) => b - a)) faults.push([name, times]);
  const ends = new Table({ head: [say(language, texts.payments), say(language, texts.times)], style: { head: [] } });
  for (const name of Object.keys(payments) as (keyof typeof payments)[]) ends.push([say(language, payments[name]), report.payments[name]]);
  console.log(faults.toString());
  console.log(ends.toString());
  console.log(`${report.runs} runs, ${report.sales} sales, ${report.records} records, ${(report.virtualMs / 3_600_000).toFixed(1)} h`);
  for (const { seed, problems, replay } of report.failures) {
    console.error(`seed ${seed}:\n${problems.map((problem) => `  ${problem}`).join('\n')}\n  ${say(language, texts.replay)}: ${replay}`);
  }
  console.log(say(language, report.failures.length === 0 ? texts.sound : texts.broken));
};
