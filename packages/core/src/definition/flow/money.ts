/** What is certain about confirmation and payment at each state, over all ways, through scopes and through workflows that are run. */
import type { Json } from '../../json.js';
import type { WorkflowFacts, World } from '../facts.js';
import type { MachineFacts, StateFacts } from '../walk.js';
import { forward } from './forward.js';
import { graphOf, isClear, scopesOf } from './graph.js';
import { AMOUNT, CONFIRM, isUnknown, pays, resourceOf, runBy } from './roles.js';

/** Confirmed, or paid, on every way; paid on some way, which a receipt wants (PERHAPS_PAID) and another payment does not (PERHAPS_AGAIN). */
export const CONFIRMED = 1;
export const PAID = 2;
export const PERHAPS_PAID = 4;
export const PERHAPS_AGAIN = 8;
const CERTAIN = CONFIRMED | PAID;
export type MoneyFacts = number;

export const NOTHING: MoneyFacts = 0;
/** Where nothing is lacking. */
export const EVERYTHING: MoneyFacts = CONFIRMED | PAID | PERHAPS_PAID;

const join = (one: MoneyFacts, other: MoneyFacts): MoneyFacts => (one & other) | ((one | other) & ~CERTAIN);

export interface MoneyFlow {
  /** At each state that can be reached, of all scopes. */
  readonly at: ReadonlyMap<StateFacts, MoneyFacts>;
  /** Where the workflow itself ends well: what holds behind each such state. */
  readonly ends: ReadonlyMap<StateFacts, MoneyFacts>;
  /** Where it succeeds, all ends together; absent where it never does. */
  readonly exit?: MoneyFacts;
}

/**
 * Facts at each state of a workflow that begins with `entry`.
 * A part that is run hands on what holds at its end; one that can't be looked at is taken to have done its part, and so is an unknown action.
 */
export const moneyFlow = (workflow: WorkflowFacts, world: World, entry: MoneyFacts): MoneyFlow => {
  const cache = cacheOf(world);
  const key = `${workflow.name} ${entry}`;
  const known = cache.get(key);
  if (known) return known;
  // Whoever runs itself is told of that elsewhere; here it ends the walk.
  cache.set(key, { at: new Map(), ends: new Map(), exit: EVERYTHING });
  const [root] = workflow.machines;
  const at = new Map<StateFacts, MoneyFacts>();
  const ends = new Map<StateFacts, MoneyFacts>();
  const exit = root && walk(root, entry, { workflow, world, at, ends });
  const made: MoneyFlow = { at, ends, ...(exit === undefined ? {} : { exit }) };
  cache.set(key, made);
  return made;
};

const caches = new WeakMap<World, Map<string, MoneyFlow>>();
const cacheOf = (world: World): Map<string, MoneyFlow> => {
  const known = caches.get(world) ?? new Map<string, MoneyFlow>();
  caches.set(world, known);
  return known;
};

interface Walk {
  readonly workflow: WorkflowFacts;
  readonly world: World;
  readonly at: Map<StateFacts, MoneyFacts>;
  readonly ends: Map<StateFacts, MoneyFacts>;
}

const walk = (machine: MachineFacts, entry: MoneyFacts, all: Walk): MoneyFacts | undefined => {
  const graph = graphOf(machine);
  const told = new Map<string, MoneyFacts | undefined>();
  const { at, exit } = forward<MoneyFacts>(graph, entry, {
    after: (before, number, { kind }) => {
      const facts = graph.states[number];
      // Whatever fails has charged nothing that stands: a payment that is undone is no payment, and a scope that fails is undone whole.
      if (!facts || kind === 'catch') return before;
      const key = `${number} ${before}`;
      if (!told.has(key)) told.set(key, leaving(facts, before, all));
      const after = told.get(key);
      if (kind === 'end' && !machine.owner && after !== undefined) all.ends.set(facts, after);
      return after;
    },
    join,
    same: (one, other) => one === other,
  });
  for (const [number, facts] of at) {
    const state = graph.states[number];
    if (state) all.at.set(state, facts);
  }
  return exit;
};

/** What holds when a state is left after it succeeded; undefined where it can't. */
const leaving = (facts: StateFacts, before: MoneyFacts, all: Walk): MoneyFacts | undefined => {
  if (facts.type === 'Parallel') return together((scopesOf(all.workflow).get(facts) ?? []).map((branch) => walk(branch, before, all)), before);
  if (facts.type === 'Map') return repeated(facts, before, all);
  if (facts.type !== 'Task') return before;
  if (isUnknown(facts, all.world.catalogue)) return before | EVERYTHING;
  if (pays(facts, all.world.catalogue)) return before | PAID | PERHAPS_PAID | PERHAPS_AGAIN;
  const resource = resourceOf(facts);
  if (resource === CONFIRM) return before | CONFIRMED;
  // What was confirmed before is another amount now.
  if (resource === AMOUNT) return before & ~CONFIRMED;
  const run = runBy(facts);
  if (run === undefined) return before;
  const other = all.world.workflows.get(run);
  return other && isClear(other) ? moneyFlow(other, all.world, before).exit : before | EVERYTHING;
};

/** All branches have succeeded: what one has added holds, and what one has taken away does not. */
const together = (exits: readonly (MoneyFacts | undefined)[], before: MoneyFacts): MoneyFacts | undefined => {
  let kept = before;
  let added = 0;
  for (const exit of exits) {
    if (exit === undefined) return undefined;
    kept &= exit;
    added |= exit & ~before;
  }
  return kept | added;
};

/** As each iteration leaves it; where some may fail, or there are none, as it was before. */
const repeated = (facts: StateFacts, before: MoneyFacts, all: Walk): MoneyFacts | undefined => {
  const [iteration] = scopesOf(all.workflow).get(facts) ?? [];
  const { Items, ToleratedFailureCount, ToleratedFailurePercentage } = facts.state;
  const first = iteration && walk(iteration, before, all);
  const once = Array.isArray(Items) && Items.length < 2;
  // What one iteration has paid stands when the next one begins.
  const exit = iteration && !once && first !== undefined && first & ~before & PERHAPS_AGAIN ? walk(iteration, before | PERHAPS_AGAIN, all) : first;
  if (Array.isArray(Items) && Items.length === 0) return before;
  const tolerates = [ToleratedFailureCount, ToleratedFailurePercentage].some((value: Json | undefined) => value !== undefined && value !== 0);
  if (exit === undefined) return tolerates ? before : undefined;
  return tolerates ? join(before, exit) : exit;
};

/** Whether anything in it, or in what it runs, may charge; only payments of a kind count where one is told. */
export const mayPay = (workflow: WorkflowFacts, world: World, counts: (payment: StateFacts) => boolean = () => true, seen = new Set<string>()): boolean => {
  if (seen.has(workflow.name)) return false;
  seen.add(workflow.name);
  return workflow.states.some((facts) => {
    if (pays(facts, world.catalogue) && counts(facts)) return true;
    const other = world.workflows.get(runBy(facts) ?? '');
    return other !== undefined && mayPay(other, world, counts, seen);
  });
};

/** Workflows that others in the same check run: they are judged where they are run. */
export const isPart = (workflow: WorkflowFacts, world: World): boolean => {
  let parts = partsOf.get(world);
  if (!parts) {
    parts = new Set([...world.workflows.values()].flatMap(({ runs, name }) => runs.flatMap(({ target }) => (target === undefined || target === name ? [] : [target]))));
    partsOf.set(world, parts);
  }
  return parts.has(workflow.name);
};
const partsOf = new WeakMap<World, Set<string>>();
