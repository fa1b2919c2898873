/** Plays scenario files against their workflows, and tells what was walked. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkWorkflows, type Diagnostic } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import { createTillCatalogue } from '../catalogue.js';
import type { TillwrightConfig } from '../config.js';
import { UsageError } from '../exit.js';
import { readWorkflows, type WorkflowSource } from '../workflow-files.js';
import { compare, type Difference, type Outcome } from './compare.js';
import { Coverage, type WorkflowCoverage } from './coverage.js';
import { isScenarioFile, namesWithin, parseScenarios, readScenarioFile, type ReadScenarios, type ScenarioFault } from './file.js';
import { play } from './play.js';

export interface ScenarioResult {
  readonly file: string;
  readonly workflow: string;
  readonly name: string;
  readonly passed: boolean;
  readonly differences: readonly Difference[];
  /** What no scenario may do, whatever it expects. */
  readonly wrong: readonly string[];
  /** Where the hosts' books and the log do not agree: money is at stake. */
  readonly books: readonly string[];
  readonly outcome: Outcome;
}

export interface ScenarioReport {
  readonly results: readonly ScenarioResult[];
  readonly coverage: readonly WorkflowCoverage[];
  /** Nothing is played where one of these two is not empty. */
  readonly faults: readonly ScenarioFault[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface RunOptions {
  readonly config: TillwrightConfig;
  /** Only scenarios whose name holds this. */
  readonly only?: string;
  readonly onResult?: (result: ScenarioResult) => void;
}

export interface ScenarioSet {
  readonly files: readonly ReadScenarios[];
  readonly sources: { readonly [workflow: string]: WorkflowSource };
  readonly faults: readonly ScenarioFault[];
  readonly diagnostics: readonly Diagnostic[];
  /** Texts of everything that a report may speak of. */
  readonly texts: { readonly [file: string]: WorkflowSource };
}

/**
 * Scenario files that are named, or stand in folders that are named, in the order of their names.
 * @throws UsageError where there are none
 */
export const findScenarioFiles = async (named: readonly string[]): Promise<readonly string[]> => {
  const files: string[] = [];
  for (const name of named) {
    const folder = await stat(name).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (folder) files.push(...(await readdir(name)).filter(isScenarioFile).toSorted().map((file) => join(name, file)));
    else if (isScenarioFile(name)) files.push(name);
    else throw new UsageError(`${name} is no scenario file: its name ends in .scenarios.yaml or .scenarios.json / 不是场景文件`);
  }
  if (files.length === 0) throw new UsageError(`there are no scenario files in ${named.join(', ')}: their names end in .scenarios.yaml / 没有场景文件`);
  return [...new Set(files)];
};

/** Reads and checks everything before anything is played. */
export const loadScenarios = async (files: readonly string[], config: TillwrightConfig): Promise<ScenarioSet> => {
  const faults: ScenarioFault[] = [];
  const texts: { [file: string]: WorkflowSource } = {};
  const reads: ReadScenarios[] = [];
  for (const file of files) {
    const text = await readScenarioFile(file);
    texts[file] = { file, text };
    const parsed = parseScenarios(file, text);
    faults.push(...parsed.faults);
    if (parsed.read) reads.push(parsed.read);
  }
  const sources = await readWorkflows([...new Set(reads.map(({ workflowFile }) => workflowFile))]);
  for (const source of Object.values(sources)) texts[source.file] = source;
  const catalogue = await createTillCatalogue((defaults: readonly Plugin[]) => config.plugins?.(defaults) ?? defaults, Object.keys(sources));
  const { diagnostics } = checkWorkflows(sources, catalogue);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) for (const read of reads) faults.push(...namesWithin(read, closureOf(read.workflow, sources)));
  return { files: reads, sources, faults, diagnostics: errors, texts };
};

/** @throws what opening a till throws */
export const runScenarios = async (set: ScenarioSet, { config, only, onResult }: RunOptions): Promise<ScenarioReport> => {
  const { faults, diagnostics } = set;
  if (faults.length > 0 || diagnostics.length > 0) return { results: [], coverage: [], faults, diagnostics };
  const coverage = new Coverage();
  const results: ScenarioResult[] = [];
  for (const read of set.files) {
    const sources = closureOf(read.workflow, set.sources);
    coverage.add(sources);
    for (const scenario of read.value.scenarios ?? []) {
      if (only !== undefined && !scenario.name.includes(only)) continue;
      const { outcome, wrong, books } = await play(scenario, read.value, { workflow: read.workflow, sources, config, coverage });
      const differences = compare(scenario.expect ?? {}, outcome);
      const result = { file: read.file, workflow: read.workflow, name: scenario.name, passed: [differences, wrong, books].every(({ length }) => length === 0), differences, wrong, books, outcome };
      results.push(result);
      onResult?.(result);
    }
  }
  return { results, coverage: coverage.report(Object.fromEntries(set.files.map(({ workflow, value }) => [workflow, value.cannotReach ?? []]))), faults, diagnostics };
};

/** A workflow and all that it runs. */
const closureOf = (workflow: string, sources: { readonly [workflow: string]: WorkflowSource }): { readonly [workflow: string]: WorkflowSource } => {
  const closure: { [workflow: string]: WorkflowSource } = {};
  const wanted = [workflow];
  for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
    const source = sources[name];
    if (!source || Object.hasOwn(closure, name)) continue;
    closure[name] = source;
    for (const [, part] of source.text.matchAll(/"workflow"\s*:\s*"([^"\\]+)"/g)) if (part) wanted.push(part);
  }
  return closure;
};
