import { TillwrightError } from '../errors.js';
import { isObject } from '../json.js';
import type { StateMachine } from './asl.js';
import type { Catalogue } from './catalogue.js';
import { type Diagnostic, diagnose, inOrder, isError } from './diagnostic.js';
import type { ExpressionFacts } from './expression-facts.js';
import { factsOf, type WorkflowFacts } from './facts.js';
import { linkWorkflows } from './link.js';
import { definitionOf, parseText } from './parse.js';
import { runsOf } from './runs.js';
import { machinesOf } from './walk.js';

export { parseWorkflow } from './parse.js';
export { renderDiagnostics } from './render.js';
export type { Diagnostic } from './diagnostic.js';

/** Workflows by name: where each stands, and its text. */
export interface WorkflowSources {
  readonly [workflow: string]: { readonly file: string; readonly text: string };
}

/**
 * Checks workflows whole: text, shape, meaning against what is registered, and each other through `workflow:run`.
 * @returns every fault, workflow by workflow and in the order of its file; a definition for each workflow without
 *   an error that also runs none with an error
 */
export const checkWorkflows = (sources: WorkflowSources, catalogue: Catalogue): { diagnostics: Diagnostic[]; definitions: { [workflow: string]: StateMachine } } => {
  const told = new Map<string, Diagnostic[]>();
  const workflows = new Map<string, WorkflowFacts>();
  const read = new Map<string, ExpressionFacts>();
  for (const [name, { file, text }] of Object.entries(sources)) {
    const { source, diagnostics } = parseText(file, text);
    told.set(name, diagnostics);
    if (source) workflows.set(name, factsOf(name, source, diagnostics, read));
  }
  // What can not be read can not be linked, yet others may name it.
  const known = { ...catalogue, workflows: [...new Set([...catalogue.workflows, ...Object.keys(sources)])] };
  for (const [name, faults] of linkWorkflows(workflows, known)) told.get(name)?.push(...faults);
  refuseCallers(workflows, told);

  const sound = [...workflows].filter(([name]) => !told.get(name)?.some(isError));
  return {
    diagnostics: [...told.values()].flatMap(inOrder),
    definitions: Object.fromEntries(sound.map(([name, { source }]) => [name, definitionOf(source)])),
  };
};

/** A workflow that runs a refused one is refused too, and so on to the last caller. */
const refuseCallers = (workflows: ReadonlyMap<string, WorkflowFacts>, told: ReadonlyMap<string, Diagnostic[]>): void => {
  for (let more = true; more; ) {
    more = false;
    for (const [name, { source, runs }] of workflows) {
      const faults = told.get(name) ?? [];
      for (const { pointer, target } of runs) {
        if (target === undefined || !told.get(target)?.some(isError)) continue;
        if (faults.some((fault) => fault.pointer === pointer && isError(fault))) continue;
        faults.push(diagnose('WORKFLOW_TARGET_REFUSED', source.place(pointer), { found: source.found(pointer), details: { name: JSON.stringify(target) } }));
        more = true;
      }
    }
  }
};

/**
 * The workflows that one can run, itself first: what `start` pins.
 * @throws WORKFLOW_UNKNOWN when it, or one that it runs, is not among the definitions
 */
export const closure = (name: string, definitions: { readonly [workflow: string]: StateMachine }): string[] => {
  const found = new Set([name]);
  for (const workflow of found) {
    const definition: unknown = Object.hasOwn(definitions, workflow) ? definitions[workflow] : undefined;
    if (!isObject(definition)) throw new TillwrightError('WORKFLOW_UNKNOWN', { workflow, known: Object.keys(definitions).join(', ') });
    for (const { target } of runsOf(machinesOf(definition).flatMap(({ states }) => [...states.values()]))) if (target !== undefined) found.add(target);
  }
  return [...found];
};
