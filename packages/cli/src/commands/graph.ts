import { writeFile } from 'node:fs/promises';
import { addressOf, checkWorkflows, type EventRecord, parseWorkflow, renderDiagnostics, type StateMachine } from '@tillwright/core';
import { readLog } from '@tillwright/core/node';
import { type Journey, journeyOf, mermaidOf, modelOf, svgOf } from '@tillwright/graph';
import { createTillCatalogue } from '../catalogue.js';
import { loadConfig } from '../config.js';
import { logDir } from '../data-dirs.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import type { Language } from '../language.js';
import { readWorkflows, workflowName } from '../workflow-files.js';

export interface GraphOptions {
  readonly format: 'svg' | 'mermaid';
  readonly out?: string;
  readonly execution?: string;
  readonly data: string;
  readonly config?: string;
  readonly language: Language;
}

interface Drawn {
  readonly name: string;
  readonly definition: StateMachine;
  readonly parts: { readonly [workflow: string]: StateMachine };
  readonly journey?: Journey;
}

/** Draws a workflow, or one transaction on the very definition that it ran. */
export const graph = async (file: string | undefined, options: GraphOptions): Promise<ExitCode> => {
  const { language, format, execution, out } = options;
  if (execution === undefined && file === undefined) throw new UsageError('name a workflow file, or a transaction: --execution <id> / 请指定流程文件，或用 --execution 指定交易');
  if (execution !== undefined && format === 'mermaid') throw new UsageError('a transaction is drawn as SVG only / 交易只能画成 SVG');
  const config = await loadConfig(options.config);
  const sources = execution === undefined && file !== undefined ? await readWorkflows([file]) : {};
  const catalogue = await createTillCatalogue((defaults) => config.plugins?.(defaults) ?? defaults, Object.keys(sources));
  let drawn: Drawn;
  if (execution !== undefined) drawn = await transaction(execution, file === undefined ? undefined : workflowName(file), options);
  else {
    const name = workflowName(file ?? '');
    const { diagnostics, definitions } = checkWorkflows(sources, catalogue);
    const definition = definitions[name];
    // A picture of a faulty flow would tell what it does not do.
    if (definition === undefined) {
      console.error(renderDiagnostics(diagnostics, sources, { language, color: process.stderr.isTTY }));
      return EXIT.wrongUse;
    }
    drawn = { name, definition, parts: definitions };
  }
  const { name, definition, parts, journey } = drawn;
  const model = modelOf(definition, { catalogue, language, parts });
  const comment = definition.Comment;
  const text = format === 'mermaid' ? mermaidOf(model, { language }) : svgOf(model, { name, language, ...(comment === undefined ? {} : { comment }), ...(journey ? { journey } : {}) });
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
  return EXIT.succeeded;
};

/** A transaction's way through its own flow, or through one that it ran as a part. */
const transaction = async (id: string, wanted: string | undefined, { data, language }: GraphOptions): Promise<Drawn> => {
  const records: EventRecord[] = [];
  const definitions = new Map<string, string>();
  for await (const record of readLog(logDir(data))) {
    if (record.event.type === 'definitionStored') definitions.set(record.event.hash, record.event.source);
    if (record.stream === `x/${id}` || record.stream.startsWith(`p/${id}/`)) records.push(record);
  }
  const [first] = records;
  if (first?.event.type !== 'executionStarted') throw new UsageError(`the log in ${data} knows no transaction ${id} / 日志里没有这笔交易`);
  const { workflow, pins } = first.event;
  const name = wanted ?? workflow;
  const parts = Object.fromEntries(
    Object.entries(pins).flatMap(([each, hash]) => {
      const { definition } = parseWorkflow(each, definitions.get(hash) ?? '');
      return definition ? [[each, definition]] : [];
    }),
  );
  const definition = parts[name];
  if (definition === undefined) throw new UsageError(`transaction ${id} ran ${Object.keys(pins).join(', ')}, not ${name} / 这笔交易没有运行 ${name}`);
  if (name === workflow) return { name, definition, parts, journey: journeyOf(records, { definition, language }) };
  const scopes = records.flatMap(({ event }) => (event.type === 'scopesOpened' && event.workflow === name ? [`${addressOf(event.step)}[0]`] : []));
  if (scopes.length === 0) throw new UsageError(`transaction ${id} did not get as far as ${name} / 这笔交易没有走到 ${name}`);
  return { name, definition, parts, journey: journeyOf(records, { definition, language, scopes: [...new Set(scopes)] }) };
};
