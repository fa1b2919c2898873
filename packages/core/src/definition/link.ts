import type { Catalogue } from './catalogue.js';
import { type Diagnostic, diagnose } from './diagnostic.js';
import type { DiagnosticCode } from './diagnostics.js';
import type { Report, Rule, World, WorkflowFacts } from './facts.js';
import { actions } from './rules/actions.js';
import { amounts } from './rules/amounts.js';
import { errors } from './rules/errors.js';
import { expressions } from './rules/expressions.js';
import { payments } from './rules/payments.js';
import { prompts } from './rules/prompts.js';
import { repeatedPayments } from './rules/repeated-payments.js';
import { runs } from './rules/runs.js';
import { sensitiveLost } from './rules/sensitive-lost.js';
import { statesObject } from './rules/states-object.js';
import { timing } from './rules/timing.js';
import { transitions } from './rules/transitions.js';
import { uncaughtErrors } from './rules/uncaught-errors.js';
import { variables } from './rules/variables.js';

/** What is checked of a workflow's meaning; a new rule is a file under `rules/` and a name here. */
const RULES: readonly Rule[] = [transitions, timing, actions, runs, errors, expressions, statesObject, amounts, variables, payments, repeatedPayments, prompts, sensitiveLost, uncaughtErrors];

/**
 * Checks the meaning of workflows against what is registered, and against each other.
 * @returns by workflow, every fault, in no order
 */
export const linkWorkflows = (workflows: ReadonlyMap<string, WorkflowFacts>, catalogue: Catalogue): Map<string, Diagnostic[]> =>
  {
  const world: World = { catalogue, workflows };
  return new Map([...workflows].map(([name, workflow]) => [name, faultsOf(workflow, world)]));
};

const faultsOf = (workflow: WorkflowFacts, world: World): Diagnostic[] => {
  const { source } = workflow;
  const told: Diagnostic[] = [];
  const report: Report = (code, pointer, { at = 'value', span, near = [], details = {} } = {}) => {
    told.push(diagnose(code, source.place(pointer, at, span), { found: source.found(pointer, at), near, details }));
  };
  for (const rule of RULES) rule(workflow, world, report);
  // One fault is told once, by the rule that knows more of it.
  const at = new Set(told.map(({ code, pointer }) => `${code} ${pointer}`));
  return told.filter(({ code, pointer }) => !(KNOWN_BETTER[code] ?? []).some((better) => at.has(`${better} ${pointer}`)));
};

/** Codes that fall silent where another one stands at the same place. */
const KNOWN_BETTER: { readonly [code in DiagnosticCode]?: readonly DiagnosticCode[] } = {
  WORKFLOW_ARGUMENTS_INVALID: ['WORKFLOW_AMOUNT_INVALID'],
  WORKFLOW_ERROR_NEVER_HERE: ['WORKFLOW_UNKNOWN_ERROR'],
};
