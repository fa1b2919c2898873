import { isObject } from '../../json.js';
import type { Leaf, Rule, WorkflowFacts, World } from '../facts.js';
import { catchersOf, raisedBy, takes } from '../flow/escapes.js';
import { isClear, scopesOf } from '../flow/graph.js';
import { isPart } from '../flow/money.js';
import { isDevice, runBy } from '../flow/roles.js';
import { type MachineFacts, type StateFacts, textOf } from '../walk.js';
import { followers, reachable, turnedAround } from './graph.js';

/**
 * What stands behind a reference dies with the process: whoever is given one after a restart fails with `Sensitive.Lost`, and
 * the flow goes back to where the card or the code is read. A part that reads nothing itself leaves that to whoever runs it.
 */
export const sensitiveLost: Rule = (workflow, world, report) => {
  if (!isClear(workflow)) return;
  const readers = workflow.states.filter((facts) => readsAnew(facts, workflow, world));
  if (readers.length === 0) return;
  const part = isPart(workflow, world);
  const given = leavesByState(workflow);
  const back = new Map<MachineFacts, ReadonlySet<string>>();
  const leadsBack = (machine: MachineFacts): ReadonlySet<string> => {
    const known = back.get(machine);
    if (known) return known;
    const made = reachable(turnedAround(followers(machine)), readers.filter((reader) => reader.machine === machine).map(({ name }) => name));
    back.set(machine, made);
    return made;
  };
  for (const facts of workflow.states) {
    if (facts.type !== 'Task' || !mayLose(facts, given.get(facts) ?? [], workflow, world)) continue;
    const next = caughtAt(facts);
    if (next === undefined && part) continue;
    if (next && leadsBack(next.machine).has(next.to)) continue;
    report('WORKFLOW_SENSITIVE_LOST', `${facts.pointer}/Resource`, { details: { name: JSON.stringify(facts.name), why: { ...(next ? ASTRAY : UNCAUGHT) }, reader: JSON.stringify(readers[0]?.name ?? '') } });
  }
};

const UNCAUGHT = { zh: '没有 "Catch" 处理 "Sensitive.Lost"', en: 'no "Catch" takes "Sensitive.Lost"' };
const ASTRAY = { zh: '"Sensitive.Lost" 之后不再读卡或扫码', en: 'nothing is read anew behind the "Catch" of "Sensitive.Lost"' };

/** It reads a card or a code, itself or in what it holds and runs. */
const readsAnew = (facts: StateFacts, workflow: WorkflowFacts, world: World, seen = new Set<string>()): boolean => {
  if (isDevice(facts)) return !mayEndLost(facts, workflow, world);
  const run = runBy(facts);
  const other = run === undefined || seen.has(run) ? undefined : world.workflows.get(run);
  if (run !== undefined && other?.states.some((inner) => readsAnew(inner, other, world, seen.add(run)))) return true;
  return (scopesOf(workflow).get(facts) ?? []).some(({ states }) => [...states.values()].some((inner) => readsAnew(inner, workflow, world, seen)));
};

const mayEndLost = (facts: StateFacts, workflow: WorkflowFacts, world: World): boolean => raisedBy(facts, workflow, world).names.has('Sensitive.Lost');

/** It is given what may be a reference. */
const mayLose = (facts: StateFacts, leaves: readonly Leaf[], workflow: WorkflowFacts, world: World): boolean => {
  if (!mayEndLost(facts, workflow, world)) return false;
  if (runBy(facts) === undefined && !leaves.some(({ expression, key }) => expression !== undefined && !PLAIN.has(key))) return false;
  const given = facts.state.Arguments;
  const method = isObject(given) ? world.catalogue.methods.find(({ id }) => id === textOf(given.method)) : undefined;
  return method === undefined || method.needs !== 'none';
};
/** Arguments of core's own that are no references. */
const PLAIN = new Set(['method', 'amountMinor', 'dueMinor', 'currency', 'saleReference', 'allowPartial', 'mode']);

const leavesByState = ({ leaves }: WorkflowFacts): ReadonlyMap<StateFacts, Leaf[]> => {
  const found = new Map<StateFacts, Leaf[]>();
  for (const leaf of leaves) {
    if (leaf.expression === undefined || !leaf.pointer.startsWith(`${leaf.state.pointer}/Arguments`)) continue;
    const beside = found.get(leaf.state);
    if (beside) beside.push(leaf);
    else found.set(leaf.state, [leaf]);
  }
  return found;
};

/** Where it goes when the reference is lost: by its own Catch, or by that of a Parallel or Map around it. */
const caughtAt = (facts: StateFacts): { machine: MachineFacts; to: string } | undefined => {
  for (let here: StateFacts | undefined = facts; here; here = here.machine.owner) {
    const next = catchersOf(here).find(({ errors }) => takes(errors, 'Sensitive.Lost'))?.next;
    if (next !== undefined) return { machine: here.machine, to: next };
  }
  return undefined;
};
