/** Which errors a state can end with, and which of them leave its scope and its workflow. */
import { isObject } from '../../json.js';
import { actionOf, actionsOf, WORKFLOW_RUN } from '../actions.js';
import type { ActionEntry } from '../catalogue.js';
import type { WorkflowFacts, World } from '../facts.js';
import { isExpression, itemsOf, type StateFacts, textOf } from '../walk.js';
import { scopesOf } from './graph.js';
import { resourceOf, runBy } from './roles.js';

/** What the interpreter ends a state with. */
export const STATES_ERRORS: readonly string[] = [
  'States.ALL', 'States.TaskFailed', 'States.Timeout', 'States.HeartbeatTimeout', 'States.QueryEvaluationError', 'States.BranchFailed',
  'States.NoChoiceMatched', 'States.ExceedToleratedFailureThreshold', 'States.DataLimitExceeded', 'States.Runtime',
];
/** What the engine ends a Task with, whatever its action declares. */
export const anyTaskErrors: readonly string[] = ['Task.Interrupted', 'Task.Failed', 'Task.Unknown', 'Task.ArgumentsInvalid', 'Task.Superseded', 'Terminal.Cancelled', 'Sensitive.Lost', 'Device.Unavailable'];
export const ENGINE_ERRORS: readonly string[] = [...anyTaskErrors, 'Till.NotReady', 'Payment.Declined', 'Payment.NotSent', 'Payment.Undone', 'Payment.Unsettled', 'Payment.Uncommitted'];

export interface Raised {
  /** What its action, or what it holds and runs, is known to end with. */
  readonly names: ReadonlySet<string>;
  /** It may end with names that can't be seen: of a workflow that isn't here, of a computed `Error`. */
  readonly open: boolean;
}

const NONE: Raised = { names: new Set(), open: false };

/** Whether a Catch or Retry item takes an error. */
export const takes = (errorEquals: readonly string[], error: string): boolean =>
  errorEquals.includes(error) || errorEquals.includes('States.ALL') || (errorEquals.includes('States.TaskFailed') && error !== 'States.Timeout' && error !== 'States.HeartbeatTimeout');

/** `ErrorEquals` of each item of a Catch, in order. */
export const catchersOf = ({ state }: StateFacts): { errors: string[]; next: string | undefined }[] =>
  itemsOf(state.Catch).flatMap(([, item]) => (isObject(item) ? [{ errors: itemsOf(item.ErrorEquals).flatMap(([, name]) => textOf(name) ?? []), next: textOf(item.Next) }] : []));

export const catches = (facts: StateFacts, error: string): boolean => catchersOf(facts).some(({ errors }) => takes(errors, error));

/** What a state can end with before its Catch is looked at; errors that any Task or state may end with are left out. */
export const raisedBy = (facts: StateFacts, workflow: WorkflowFacts, world: World): Raised => {
  if (facts.type === 'Fail') {
    const error = facts.state.Error;
    if (isExpression(error)) return { names: new Set(), open: true };
    return { names: new Set(typeof error === 'string' ? [error] : []), open: false };
  }
  if (facts.type === 'Parallel' || facts.type === 'Map') {
    return gathered((scopesOf(workflow).get(facts) ?? []).flatMap(({ states }) => [...states.values()].map((inner) => escaping(inner, workflow, world))));
  }
  if (facts.type !== 'Task') return NONE;
  if (resourceOf(facts) === WORKFLOW_RUN) {
    const other = world.workflows.get(runBy(facts) ?? '');
    return other ? escapesOf(other, world) : { names: new Set(), open: true };
  }
  const action = actionOf(facts, actionsOf(world.catalogue));
  return action ? { names: new Set(declared(facts, action, world)), open: false } : { names: new Set(), open: true };
};

/** What is left of that when its own Catch has taken its part. */
const escaping = (facts: StateFacts, workflow: WorkflowFacts, world: World): Raised => {
  const { names, open } = raisedBy(facts, workflow, world);
  return { names: new Set([...names].filter((name) => !catches(facts, name))), open: open && !catches(facts, 'any other') };
};

/** A payment Task names its method mostly as a constant: then other methods' own errors are not to be waited for. */
const declared = (facts: StateFacts, action: ActionEntry, { catalogue }: World): string[] => {
  const own = Object.keys(action.errors);
  const given = facts.state.Arguments;
  const id = isObject(given) ? textOf(given.method) : undefined;
  const method = catalogue.methods.find((one) => one.id === id);
  if (!action.movesMoney || !method) return own;
  const others = new Set(catalogue.methods.filter((one) => one !== method).flatMap(({ errors }) => Object.keys(errors)));
  const kept = new Set([...Object.keys(method.errors), ...ENGINE_ERRORS]);
  return [...new Set([...own.filter((name) => kept.has(name) || !others.has(name)), ...Object.keys(method.errors)])];
};

const gathered = (parts: readonly Raised[]): Raised => ({ names: new Set(parts.flatMap(({ names }) => [...names])), open: parts.some(({ open }) => open) });

/** What a workflow can fail with. */
export const escapesOf = (workflow: WorkflowFacts, world: World): Raised => {
  const cache = caches.get(world) ?? new Map<string, Raised>();
  caches.set(world, cache);
  const known = cache.get(workflow.name);
  if (known) return known;
  cache.set(workflow.name, { names: new Set(), open: true });
  const [root] = workflow.machines;
  const made = root ? gathered([...root.states.values()].map((facts) => escaping(facts, workflow, world))) : NONE;
  cache.set(workflow.name, made);
  return made;
};
const caches = new WeakMap<World, Map<string, Raised>>();

/** Whether an error of this state is taken by itself or by a Parallel or Map around it. */
export const isCaught = (facts: StateFacts, error: string): boolean => {
  for (let here: StateFacts | undefined = facts; here; here = here.machine.owner) if (catches(here, error)) return true;
  return false;
};

/** What any Task may end with, so that waiting for it is never in vain. */
export const anyTaskMayEndWith = (name: string): boolean => anyTaskErrors.includes(name);
