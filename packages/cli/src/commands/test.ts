import { renderDiagnostics, type Text } from '@tillwright/core';
import Table from 'cli-table3';
import { loadConfig } from '../config.js';
import { EXIT, type ExitCode } from '../exit.js';
import { type Language, say } from '../language.js';
import type { WorkflowCoverage } from '../scenarios/coverage.js';
import { findScenarioFiles, loadScenarios, runScenarios, type ScenarioResult } from '../scenarios/run-scenarios.js';
import { recordExpectations } from '../scenarios/update.js';

const texts = {
  workflow: { zh: '流程', en: 'Workflow' },
  states: { zh: '状态', en: 'States' },
  transitions: { zh: '转移', en: 'Transitions' },
  missing: { zh: '未走到', en: 'Not walked' },
  excused: { zh: '走不到', en: 'Out of reach' },
  inVain: { zh: '写为走不到，却走到了或不存在', en: 'Said to be out of reach, but walked or not there' },
  updated: { zh: '已更新', en: 'Written' },
  expected: { zh: '- 期望  + 实际', en: '- expected  + came' },
  noScenario: { zh: '没有这样的场景', en: 'No scenario has such a name' },
} as const satisfies Record<string, Text>;

export interface TestOptions {
  readonly update: boolean;
  readonly only?: string;
  readonly config?: string;
  readonly json: boolean;
  readonly language: Language;
}

/** Plays the scenarios of the files or folders named, in virtual time. */
export const test = async (named: readonly string[], options: TestOptions): Promise<ExitCode> => {
  const { json, language, update } = options;
  const config = await loadConfig(options.config);
  const set = await loadScenarios(await findScenarioFiles(named), config);
  const refused = [...set.faults, ...set.diagnostics];
  if (refused.length > 0) {
    if (json) console.log(JSON.stringify({ faults: refused }));
    else console.error(renderDiagnostics(refused, set.texts, { language, color: process.stderr.isTTY }));
    return EXIT.wrongUse;
  }
  const report = await runScenarios(set, {
    config,
    ...(options.only === undefined ? {} : { only: options.only }),
    onResult: (result) => (json ? undefined : tell(result, update, language)),
  });
  const { results, coverage } = report;
  if (update) {
    for (const read of set.files) {
      const outcomes = new Map(results.filter(({ file }) => file === read.file).map(({ name, outcome }) => [name, outcome]));
      if ((await recordExpectations(read, outcomes)) && !json) console.log(`${say(language, texts.updated)}: ${read.file}`);
    }
  }
  const failed = results.filter((result) => !soundly(result, update));
  if (json) {
    console.log(JSON.stringify({ results: results.map(({ outcome: { printed: _printed, shown: _shown, ...outcome }, ...result }) => ({ ...result, outcome })), coverage }));
  } else {
    if (options.only === undefined) console.log(coverageTable(coverage, language));
    if (results.length === 0) console.error(say(language, texts.noScenario));
    console.log(`${results.length - failed.length}/${results.length}`);
  }
  if (results.length === 0 && options.only !== undefined) return EXIT.wrongUse;
  // Books that don't agree with the log are no difference of taste: a person must look.
  if (failed.some(({ books }) => books.length > 0)) return EXIT.open;
  const vain = options.only === undefined && coverage.some(({ excusedInVain }) => excusedInVain.length > 0);
  return failed.length > 0 || vain ? EXIT.notPaid : EXIT.succeeded;
};

/** What is written down as expected can't differ; what no scenario may do stays wrong. */
const soundly = ({ passed, wrong, books }: ScenarioResult, update: boolean): boolean => passed || (update && wrong.length === 0 && books.length === 0);

const tell = (result: ScenarioResult, update: boolean, language: Language): void => {
  const { workflow, name, wrong, books, differences } = result;
  if (soundly(result, update)) {
    console.log(`✓ ${workflow}: ${name}`);
    return;
  }
  const lines = [`✗ ${workflow}: ${name}`, ...[...books, ...wrong].map((each) => `    ${each}`)];
  if (!update && differences.length > 0) {
    lines.push(`    ${say(language, texts.expected)}`);
    for (const { what, diff } of differences) lines.push(`    ${what}:`, ...diff.split('\n').map((line) => `      ${line}`));
  }
  console.error(lines.join('\n'));
};

const coverageTable = (coverage: readonly WorkflowCoverage[], language: Language): string => {
  const table = new Table({ head: [say(language, texts.workflow), say(language, texts.states), say(language, texts.transitions)], style: { head: [], border: [] } });
  const more: string[] = [];
  for (const each of coverage) {
    table.push([each.workflow, `${each.statesWalked}/${each.states}`, `${each.transitionsWalked}/${each.transitions}`]);
    const way = ({ from, to, error }: { from: string; to: string; error?: string }): string => `${from} -> ${to}${error === undefined ? '' : ` (${error})`}`;
    for (const state of each.statesMissing) more.push(`${say(language, texts.missing)}: ${each.workflow} ${state}`);
    for (const transition of each.transitionsMissing) more.push(`${say(language, texts.missing)}: ${each.workflow} ${way(transition)}`);
    for (const transition of each.excused) more.push(`${say(language, texts.excused)}: ${each.workflow} ${way(transition)}: ${transition.why}`);
    for (const transition of each.excusedInVain) more.push(`${say(language, texts.inVain)}: ${each.workflow} ${way(transition)}`);
  }
  return [table.toString(), ...more].join('\n');
};
