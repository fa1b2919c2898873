/** Reads a scenario file: YAML or JSON, with every fault at its place. */
import { readFile } from 'node:fs/promises';
import { dirname, join, basename } from 'node:path';
import { nearestNames, type Text } from '@tillwright/core';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { type Document, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { unreadable } from '../exit.js';
import { type WorkflowSource } from '../workflow-files.js';
import type { Path, ScenarioFile } from './scenario.js';
import { scenarioSchema } from './schema.js';
import { SCENARIO_FAULTS, type ScenarioFaultCode } from './faults.js';

/** One fault of a scenario file, in the shape of the checker's. */
export interface ScenarioFault {
  readonly code: ScenarioFaultCode;
  readonly severity: 'error';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly pointer: string;
  readonly found: string;
  readonly what: Text;
  readonly expected: Text;
  readonly near: readonly string[];
  readonly next: Text;
}

export interface ReadScenarios {
  readonly file: string;
  readonly text: string;
  /** The workflow that it plays. */
  readonly workflow: string;
  readonly workflowFile: string;
  /** For writing expectations back without losing comments. */
  readonly document: Document;
  readonly value: ScenarioFile;
}

const ENDING = /\.scenarios\.(ya?ml|json)$/;

/** `workflows/quick-sale.scenarios.yaml` plays `workflows/quick-sale.asl.json`. */
export const isScenarioFile = (file: string): boolean => ENDING.test(file);

let validate: ValidateFunction | undefined;
const validator = (): ValidateFunction =>
  (validate ??= new Ajv2020({ allErrors: true, verbose: true, strict: true, strictRequired: false, strictTypes: false, validateSchema: false }).compile(scenarioSchema));

/** @throws UsageError for a file that can't be read */
export const readScenarioFile = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
};

/** @returns the scenarios, absent where the file has a fault, and all faults in the order of the file */
export const parseScenarios = (file: string, text: string): { readonly read?: ReadScenarios; readonly faults: readonly ScenarioFault[] } => {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: true, prettyErrors: false, maxAliasCount: 100 } as Parameters<typeof parseDocument>[1]);
  const at = placing(file, text, document, counter);
  // Brackets that are open at the end are one fault, whatever each of them lacks.
  const syntax = [...document.errors, ...document.warnings].filter(({ pos }, index, all) => all.findIndex((other) => other.pos[0] === pos[0]) === index);
  if (syntax.length > 0) {
    return {
      faults: syntax.map(({ code, message, pos }) =>
        code === 'DUPLICATE_KEY' ? at('SCENARIO_DUPLICATE_KEY', '', { span: pos }) : at('SCENARIO_SYNTAX', '', { span: pos, details: { why: message.split('\n')[0] ?? code } }),
      ),
    };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { faults: [at('SCENARIO_SYNTAX', '', { details: { why: error instanceof Error ? error.message : 'it can not be read' } })] };
  }
  const check = validator();
  if (!check(value)) return { faults: inOrder(schemaFaults(check.errors ?? [], value, at)) };
  const name = basename(file).replace(ENDING, '');
  return { read: { file, text, workflow: name, workflowFile: join(dirname(file), `${name}.asl.json`), document, value: value as ScenarioFile }, faults: sameNames(value as ScenarioFile, at) };
};

/** What can be known of a file only beside its workflows: states that it names. */
export const namesWithin = (read: ReadScenarios, sources: { readonly [workflow: string]: WorkflowSource }): readonly ScenarioFault[] => {
  const counter = new LineCounter();
  const document = parseDocument(read.text, { lineCounter: counter });
  const at = placing(read.file, read.text, document, counter);
  const tasks = new Set<string>();
  const states = new Set<string>();
  for (const { text } of Object.values(sources)) statesOf(JSON.parse(text), states, tasks);
  const own = new Set<string>();
  const source = sources[read.workflow];
  if (source) statesOf(JSON.parse(source.text), own, new Set());
  const faults: ScenarioFault[] = [];
  const known = (name: string, names: ReadonlySet<string>, pointer: string, code: 'SCENARIO_UNKNOWN_STATE' | 'SCENARIO_NOT_A_TASK'): void => {
    if (!names.has(name)) faults.push(at(code, pointer, { near: nearestNames(name, names), details: { name, known: [...names].slice(0, 12).join(', ') } }));
  };
  const path = (entries: Path, pointer: string): void =>
    entries.forEach((entry, index) => {
      if (typeof entry === 'string') return known(entry, states, `${pointer}/${index}`, 'SCENARIO_UNKNOWN_STATE');
      for (const [state, inner] of Object.entries(entry)) {
        if (!/^\d+$/.test(state)) known(state, states, `${pointer}/${index}/${escaped(state)}`, 'SCENARIO_UNKNOWN_STATE');
        path(inner, `${pointer}/${index}/${escaped(state)}`);
      }
    });
  read.value.scenarios?.forEach((scenario, index) => {
    for (const list of ['hosts', 'events'] as const) {
      scenario[list]?.forEach(({ at: state }, place) => {
        if (state !== undefined) known(state, tasks, `/scenarios/${index}/${list}/${place}/at`, states.has(state) ? 'SCENARIO_NOT_A_TASK' : 'SCENARIO_UNKNOWN_STATE');
      });
    }
    if (scenario.expect?.path) path(scenario.expect.path, `/scenarios/${index}/expect/path`);
  });
  read.value.cannotReach?.forEach(({ from, to }, index) => {
    known(from, own, `/cannotReach/${index}/from`, 'SCENARIO_UNKNOWN_STATE');
    known(to, own, `/cannotReach/${index}/to`, 'SCENARIO_UNKNOWN_STATE');
  });
  return inOrder(faults);
};

// ---------------------------------------------------------------------------------------------------------------------

type At = (code: ScenarioFaultCode, pointer: string, told?: { span?: readonly [number, number]; key?: boolean; near?: readonly string[]; details?: { readonly [name: string]: string } }) => ScenarioFault;

const placing =
  (file: string, text: string, document: Document, counter: LineCounter): At =>
  (code, pointer, { span, key = false, near = [], details = {} } = {}) => {
    const [from, to] = span ?? spanOf(document, pointer, key);
    const start = counter.linePos(from);
    const end = counter.linePos(Math.max(from + 1, to));
    const row = SCENARIO_FAULTS[code];
    const fill = ({ zh, en }: Text): Text => {
      const put = (template: string): string => template.replace(/\{(\w+)\}/g, (whole, name: string) => details[name] ?? whole);
      return { zh: put(zh), en: put(en) };
    };
    return {
      code,
      severity: 'error',
      file,
      line: Math.max(1, start.line),
      column: Math.max(1, start.col),
      endLine: Math.max(1, end.line),
      endColumn: Math.max(1, end.col),
      pointer,
      found: text.slice(from, Math.min(to, from + 60)).split('\n')[0] ?? '',
      what: fill(row.what),
      expected: fill(row.expected),
      near,
      next: fill(row.next),
    };
  };

const spanOf = (document: Document, pointer: string, key: boolean): readonly [number, number] => {
  let here = document.contents as Node | null;
  let name: Node | null = null;
  for (const segment of pointer.split('/').slice(1).map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    let next: unknown;
    if (isMap(here)) {
      const pair = here.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === segment);
      name = (pair?.key as Node | undefined) ?? null;
      next = pair?.value;
    } else if (isSeq(here)) next = here.items[Number(segment)];
    if (next === undefined || next === null) break;
    here = next as Node;
  }
  const node = (key ? name : null) ?? (isScalar(here) ? here : undefined);
  if (node?.range) return [node.range[0], node.range[1]];
  // A whole map or list is named by its beginning: underlining all of it would say nothing.
  const start = here?.range?.[0] ?? 0;
  return [start, start + 1];
};

/** Of many errors about one place, the deepest ones that say something. */
const schemaFaults = (errors: readonly ErrorObject[], value: unknown, at: At): ScenarioFault[] => {
  const seen = new Set<string>();
  return errors.flatMap((error) => {
    const fault = schemaFault(error, value, at);
    if (!fault) return [];
    const key = `${fault.line}:${fault.column} ${fault.what.en}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [fault];
  });
};

const schemaFault = (error: ErrorObject, value: unknown, at: At): ScenarioFault | undefined => {
  const params = error.params as { readonly [name: string]: unknown };
  const known = Object.keys((error.parentSchema?.['properties'] ?? {}) as object);
  const { instancePath: pointer, keyword } = error;
  if (keyword === 'if' || keyword === 'anyOf' || (error.schemaPath.includes('/oneOf/') && keyword !== 'enum') || error.schemaPath.includes('/anyOf/')) {
    return keyword === 'anyOf' ? at('SCENARIO_VALUE', pointer, { details: { wanted: 'a whole number from 1 or "always"; in a path, states' } }) : undefined;
  }
  if (keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    return at('SCENARIO_UNKNOWN_FIELD', `${pointer}/${escaped(name)}`, { key: true, near: nearestNames(name, known), details: { field: name, known: known.join(', ') } });
  }
  if (keyword === 'required') return at('SCENARIO_FIELD_MISSING', pointer, { details: { field: String(params['missingProperty']) } });
  if (keyword === 'dependentRequired') return at('SCENARIO_FIELD_MISSING', pointer, { details: { field: String(params['missingProperty']) } });
  if (keyword === 'oneOf') {
    const choices = (error.schema as readonly { readonly required?: readonly string[] }[]).flatMap((choice) => choice.required ?? []);
    return at('SCENARIO_ONE_OF', pointer, { details: { choices: choices.join(', ') } });
  }
  if (keyword === 'enum') {
    const allowed = (params['allowedValues'] as readonly unknown[]).map(String);
    const found = valueAt(value, pointer);
    return at('SCENARIO_VALUE', pointer, { near: typeof found === 'string' ? nearestNames(found, allowed) : [], details: { wanted: allowed.join(', ') } });
  }
  if (keyword === 'const') return at('SCENARIO_VALUE', pointer, { details: { wanted: JSON.stringify(params['allowedValue']) } });
  return at('SCENARIO_VALUE', pointer, { details: { wanted: keyword === 'type' ? String(params['type']) : (error.message ?? keyword) } });
};

const valueAt = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((here, segment) => (typeof here === 'object' && here !== null ? (here as { [name: string]: unknown })[segment.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined), value);

const sameNames = ({ scenarios = [] }: ScenarioFile, at: At): ScenarioFault[] => {
  const seen = new Set<string>();
  return scenarios.flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [at('SCENARIO_SAME_NAME', `/scenarios/${index}/name`, { details: { name } })];
  });
};

const statesOf = (value: unknown, states: Set<string>, tasks: Set<string>): void => {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'States' && typeof inner === 'object' && inner !== null) {
      for (const [name, state] of Object.entries(inner as { [name: string]: { Type?: unknown } | null })) {
        states.add(name);
        if (state?.Type === 'Task') tasks.add(name);
      }
    }
    statesOf(inner, states, tasks);
  }
};

const inOrder = (faults: readonly ScenarioFault[]): ScenarioFault[] => [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
