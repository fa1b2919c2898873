import { isObject, type JsonObject } from '../../json.js';
import { listed } from '../diagnostic.js';
import type { Report, Rule, WorkflowFacts, World } from '../facts.js';
import { anyTaskMayEndWith, isCaught, type Raised, raisedBy } from '../flow/escapes.js';
import { isClear } from '../flow/graph.js';
import { isPart } from '../flow/money.js';
import { isAttended, isPrompt, isTimed, resourceOf } from '../flow/roles.js';
import { itemsOf, type StateFacts, textOf } from '../walk.js';

/** What a Task can end with is waited for, by itself or around it; and nothing is waited for in vain. */
export const uncaughtErrors: Rule = (workflow, world, report) => {
  if (!isClear(workflow)) return;
  // What leaves a part is caught, or not, where the part is run.
  const part = isPart(workflow, world);
  const meant = failures(world);
  for (const facts of workflow.states) {
    if (facts.type !== 'Task' && facts.type !== 'Parallel' && facts.type !== 'Map') continue;
    const raised = raisedBy(facts, workflow, world);
    // That nothing ends the waiting is told by `prompts`.
    const waits = isAttended(facts, world.catalogue) && !isTimed(facts, workflow.root);
    if (!raised.open) inVain(facts, { names: waits ? new Set([...raised.names, 'States.Timeout']) : raised.names }, report);
    if (facts.type !== 'Task' || part) continue;
    const uncaught = [...raised.names].filter((name) => !OWN_RULES.has(name) && !(isPrompt(facts) && name === 'Terminal.Cancelled') && !(meant.has(name) && isRun(facts)) && !isCaught(facts, name));
    if (uncaught.length > 0) report('WORKFLOW_ERROR_UNCAUGHT', `${facts.pointer}/Resource`, { details: { resource: resourceOf(facts), names: listed(uncaught, 8) } });
  }
};

/** Told by `sensitiveLost`. */
const OWN_RULES = new Set(['Sensitive.Lost']);
const isRun = (facts: StateFacts): boolean => resourceOf(facts) === 'workflow:run';

/** How workflows are meant to fail: not catching that of a part is to fail with it. */
const failures = (world: World): ReadonlySet<string> => {
  const known = failuresIn.get(world);
  if (known) return known;
  const made = new Set([...world.workflows.values()].flatMap(({ states }: WorkflowFacts) => states.flatMap(({ type, state }) => (type === 'Fail' ? (textOf(state.Error) ?? []) : []))));
  failuresIn.set(world, made);
  return made;
};
const failuresIn = new WeakMap<World, ReadonlySet<string>>();

const inVain = (facts: StateFacts, { names }: Pick<Raised, 'names'>, report: Report): void => {
  for (const field of ['Retry', 'Catch']) {
    for (const [index, item] of itemsOf(facts.state[field]).filter((one): one is [number, JsonObject] => isObject(one[1]))) {
      for (const [place, value] of itemsOf(item.ErrorEquals)) {
        const name = textOf(value);
        if (name === undefined || names.has(name)) continue;
        const why = neverHere(name, facts);
        if (why) report('WORKFLOW_ERROR_NEVER_HERE', `${facts.pointer}/${field}/${index}/ErrorEquals/${place}`, { details: { name: JSON.stringify(name), state: JSON.stringify(facts.name), why: { ...why }, known: listed([...names], 8) } });
      }
    }
  }
};

/** Why a state can't end with an error; undefined where it can, or where that is not known. */
const neverHere = (name: string, { type, state }: StateFacts): { zh: string; en: string } | undefined => {
  if (name === 'States.Timeout') {
    // A Parallel or Map takes what a Task within it ends with; a workflow that is run has a time of its own.
    if (type !== 'Task' || state.TimeoutSeconds !== undefined || state.HeartbeatSeconds !== undefined || state.Resource === 'workflow:run') return undefined;
    return { zh: '它没有 "TimeoutSeconds"', en: 'it has no "TimeoutSeconds"' };
  }
  if (name === 'States.HeartbeatTimeout') {
    if (type !== 'Task' || state.HeartbeatSeconds !== undefined) return undefined;
    return { zh: '它没有 "HeartbeatSeconds"', en: 'it has no "HeartbeatSeconds"' };
  }
  if (name.startsWith('States.') || anyTaskMayEndWith(name)) return undefined;
  return { zh: '它运行的任何内容都不会产生该错误', en: 'nothing that it does ends with it' };
};
