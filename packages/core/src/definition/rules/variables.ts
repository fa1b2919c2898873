import { isObject, type JsonObject } from '../../json.js';
import type { Span } from '../expression-facts.js';
import type { Leaf, Rule, WorkflowFacts } from '../facts.js';
import { type FlowGraph, graphOf, isClear, toldWay, wayTo } from '../flow/graph.js';
import { forward } from '../flow/forward.js';
import { JSONATA_FUNCTIONS, REFUSED_FUNCTIONS } from '../jsonata-functions.js';
import { nearest } from '../nearest.js';
import { escapePointer } from '../places.js';
import type { MachineFacts, StateFacts } from '../walk.js';

/**
 * Definite assignment: a variable is set before it is read, on every way. What a state evaluates sees the variables as they
 * were when it was reached; a catcher leads on without what the state would have assigned; branches and iterations see the
 * variables around them and keep their own to themselves; a workflow that is run begins with none.
 */
export const variables: Rule = (workflow, _world, report) => {
  if (!isClear(workflow)) return;
  const scopes = new Map<MachineFacts, Scope>();
  for (const machine of workflow.machines) scopes.set(machine, scopeOf(machine, scopes));

  for (const [machine, scope] of scopes) {
    for (const { name, pointer } of assignmentsOf(machine)) {
      if (around(scope, name)) report('WORKFLOW_VARIABLE_SHADOWED', pointer, { at: 'key', details: { name } });
    }
  }
  let guessed = 0;
  for (const { leaf, name, span } of readsOf(workflow)) {
    const scope = scopes.get(leaf.state.machine);
    const number = scope?.graph.numbers.get(leaf.state.name);
    if (!scope || number === undefined || !scope.at.has(number)) continue;
    const set = stands(scope, number, name);
    if (set === 'always') continue;
    guessed += 1;
    if (set === 'never') {
      const near = guessed <= GUESSED_MAX ? nearest(name, seenFrom(scope, number)).map((one) => `$${one}`) : [];
      report('WORKFLOW_VARIABLE_UNKNOWN', leaf.pointer, { span, near, details: { name, why: { ...(guessed <= GUESSED_MAX ? whyUnknown(name, workflow) : NOT_SET) } } });
      continue;
    }
    const way = guessed <= GUESSED_MAX ? wayTo(scope.graph, number, (_from, { holder }) => !setBy(holder, name)) : undefined;
    report('WORKFLOW_VARIABLE_UNSET', leaf.pointer, { span, details: { name, way: toldWay(way ?? ['...', leaf.state.name]) } });
  }
};

/** Guessing names and drawing ways for more than that would take longer than all else, and nobody reads them. */
const GUESSED_MAX = 100;

interface Scope {
  readonly graph: FlowGraph;
  /** The machine's own variables, by bit. */
  readonly bits: ReadonlyMap<string, number>;
  readonly at: ReadonlyMap<number, Sets>;
  /** What is around a branch or an iteration: the scope of its Parallel or Map, and which state that is. */
  readonly outer?: { readonly scope: Scope; readonly state: number };
}
/** `always`: set on every way to a state. `ever`: set on one at least. */
interface Sets {
  readonly always: Uint32Array;
  readonly ever: Uint32Array;
}

const scopeOf = (machine: MachineFacts, scopes: ReadonlyMap<MachineFacts, Scope>): Scope => {
  const graph = graphOf(machine);
  const bits = new Map<string, number>();
  for (const { name } of assignmentsOf(machine)) if (!bits.has(name)) bits.set(name, bits.size);
  const words = Math.ceil(bits.size / 32);
  const masks = new Map<JsonObject, Uint32Array | undefined>();
  const maskOf = (holder: JsonObject): Uint32Array | undefined => {
    if (!masks.has(holder)) masks.set(holder, isObject(holder.Assign) ? maskFor(Object.keys(holder.Assign), bits, words) : undefined);
    return masks.get(holder);
  };
  const { at } = forward<Sets>(graph, { always: new Uint32Array(words), ever: new Uint32Array(words) }, {
    after: (before, _state, { holder }) => {
      const mask = maskOf(holder);
      return mask ? { always: united(before.always, mask), ever: united(before.ever, mask) } : before;
    },
    join: (one, other) => ({ always: shared(one.always, other.always), ever: united(one.ever, other.ever) }),
    same: (one, other) => equal(one.always, other.always) && equal(one.ever, other.ever),
  });
  const scope = machine.owner && scopes.get(machine.owner.machine);
  const state = machine.owner && scope?.graph.numbers.get(machine.owner.name);
  return { graph, bits, at, ...(scope && state !== undefined ? { outer: { scope, state } } : {}) };
};

/** Bit by bit; plain loops, since a long flow with many variables comes here thousands of times. */
const united = (one: Uint32Array, other: Uint32Array): Uint32Array => {
  const made = one.slice();
  for (let index = 0; index < made.length; index += 1) made[index] = (made[index] ?? 0) | (other[index] ?? 0);
  return made;
};
const shared = (one: Uint32Array, other: Uint32Array): Uint32Array => {
  const made = one.slice();
  for (let index = 0; index < made.length; index += 1) made[index] = (made[index] ?? 0) & (other[index] ?? 0);
  return made;
};
const equal = (one: Uint32Array, other: Uint32Array): boolean => {
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
};
const maskFor = (names: readonly string[], bits: ReadonlyMap<string, number>, words: number): Uint32Array => {
  const mask = new Uint32Array(words);
  for (const name of names) {
    const bit = bits.get(name);
    if (bit !== undefined) mask[bit >> 5] = (mask[bit >> 5] ?? 0) | (1 << (bit & 31));
  }
  return mask;
};
const holds = (set: Uint32Array | undefined, bit: number | undefined): boolean => bit !== undefined && (((set?.[bit >> 5] ?? 0) >>> (bit & 31)) & 1) === 1;

/** How surely a variable is set where a state is reached, its own scope and those around it taken together. */
const stands = (scope: Scope, state: number, name: string): 'always' | 'sometimes' | 'never' => {
  const bit = scope.bits.get(name);
  const sets = scope.at.get(state);
  if (holds(sets?.always, bit)) return 'always';
  const outside = scope.outer ? stands(scope.outer.scope, scope.outer.state, name) : 'never';
  if (outside !== 'never') return outside;
  return holds(sets?.ever, bit) ? 'sometimes' : 'never';
};

/** Variables that may be set where a state is reached. */
const seenFrom = (scope: Scope, state: number): string[] => [
  ...[...scope.bits.keys()].filter((name) => holds(scope.at.get(state)?.ever, scope.bits.get(name))),
  ...(scope.outer ? seenFrom(scope.outer.scope, scope.outer.state) : []),
];

/** Whether a scope around this one has a variable of that name by the time this one begins. */
const around = ({ outer }: Scope, name: string): boolean => outer !== undefined && stands(outer.scope, outer.state, name) !== 'never';

const setBy = (holder: JsonObject, name: string): boolean => isObject(holder.Assign) && Object.hasOwn(holder.Assign, name);

/** Every name in an `Assign`: of states, choice rules and catchers. */
const assignmentsOf = (machine: MachineFacts): { name: string; pointer: string }[] => {
  const found: { name: string; pointer: string }[] = [];
  const collect = (holder: unknown, pointer: string): void => {
    if (!isObject(holder) || !isObject(holder.Assign)) return;
    for (const name of Object.keys(holder.Assign)) found.push({ name, pointer: `${pointer}/Assign/${escapePointer(name)}` });
  };
  for (const { state, pointer } of machine.states.values()) {
    collect(state, pointer);
    for (const list of ['Choices', 'Catch'] as const) {
      const items = state[list];
      if (Array.isArray(items)) items.forEach((item, index) => collect(item, `${pointer}/${list}/${index}`));
    }
  }
  return found;
};

/** Each variable that a state reads, once: where it stands first. */
const readsOf = function* ({ leaves }: WorkflowFacts): Generator<{ leaf: Leaf; name: string; span: Span }> {
  const told = new Map<StateFacts, Set<string>>();
  for (const leaf of leaves) {
    const { expression } = leaf;
    if (!expression || expression.fault) continue;
    const names = told.get(leaf.state) ?? new Set();
    told.set(leaf.state, names);
    for (const { name, called, span } of expression.variables) {
      if (called || name === 'states' || JSONATA_FUNCTIONS.has(name) || REFUSED_FUNCTIONS.has(name)) continue;
      if (names.has(name) || expression.asked?.has(name)) continue;
      names.add(name);
      yield { leaf, name, span };
    }
  }
};

const whyUnknown = (name: string, { machines }: WorkflowFacts): { zh: string; en: string } => {
  const elsewhere = machines.flatMap((machine) => [...machine.states.values()]).find(({ state }) => [state, ...listOf(state.Choices), ...listOf(state.Catch)].some((holder) => setBy(holder, name)));
  return elsewhere
    ? { zh: `状态 ${JSON.stringify(elsewhere.name)} 设置它，但从那里到不了这里`, en: `state ${JSON.stringify(elsewhere.name)} sets it, and no way leads from there to here` }
    : NOT_SET;
};
const NOT_SET = { zh: '没有任何 "Assign" 设置它', en: 'no "Assign" sets it' };
const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter((item): item is JsonObject => isObject(item)) : []);
