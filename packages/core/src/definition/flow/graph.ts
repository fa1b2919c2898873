/** A machine as a graph of numbers: what walks along its ways many times does it here. */
import { isObject, type JsonObject } from '../../json.js';
import type { WorkflowFacts } from '../facts.js';
import { itemsOf, type MachineFacts, type StateFacts, textOf } from '../walk.js';
import { edgesOf, endsHere } from '../rules/graph.js';

/** Where a way leaves the machine. */
export const EXIT = -1;

export interface Way {
  /** A state's number, or `EXIT` where the machine succeeds. */
  readonly to: number;
  readonly kind: 'next' | 'choice' | 'default' | 'catch' | 'end';
  /** The state, choice rule or catcher whose `Assign` is done on it. */
  readonly holder: JsonObject;
}

export interface FlowGraph {
  readonly states: readonly StateFacts[];
  readonly numbers: ReadonlyMap<string, number>;
  /** Ways out of each state; those that lead nowhere are left out. */
  readonly ways: readonly (readonly Way[])[];
  readonly start: number | undefined;
  /** What can be reached, in reverse postorder: those in front before those behind, circles aside. */
  readonly order: readonly number[];
}

const graphs = new WeakMap<MachineFacts, FlowGraph>();

export const graphOf = (machine: MachineFacts): FlowGraph => {
  const known = graphs.get(machine);
  if (known) return known;
  const states = [...machine.states.values()];
  const numbers = new Map(states.map(({ name }, number) => [name, number]));
  const ways = states.map((facts) => waysOf(facts, numbers));
  const start = numbers.get(textOf(machine.machine.StartAt) ?? '');
  const made: FlowGraph = { states, numbers, ways, start, order: start === undefined ? [] : reversePostorder(ways, start) };
  graphs.set(machine, made);
  return made;
};

const waysOf = (facts: StateFacts, numbers: ReadonlyMap<string, number>): Way[] => {
  const ways: Way[] = [];
  for (const { kind, to, pointer } of edgesOf(facts)) {
    const number = numbers.get(to);
    if (number !== undefined) ways.push({ to: number, kind, holder: holderOf(facts, pointer) });
  }
  if (facts.type !== 'Fail' && endsHere(facts)) ways.push({ to: EXIT, kind: 'end', holder: facts.state });
  return ways;
};

/** `/States/A/Catch/0/Next` belongs to that catcher, `/States/A/Next` to the state. */
const holderOf = ({ state, pointer }: StateFacts, at: string): JsonObject => {
  const [, list = '', index = ''] = at.slice(pointer.length).split('/');
  const item = itemsOf(state[list])[Number(index)]?.[1];
  return isObject(item) ? item : state;
};

const reversePostorder = (ways: readonly (readonly Way[])[], start: number): number[] => {
  const seen = new Set([start]);
  const done: number[] = [];
  const stack = [{ state: start, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const way = ways[top.state]?.[top.next];
    if (!way) {
      done.push(top.state);
      stack.pop();
      continue;
    }
    top.next += 1;
    if (way.to === EXIT || seen.has(way.to)) continue;
    seen.add(way.to);
    stack.push({ state: way.to, next: 0 });
  }
  return done.toReversed();
};

/**
 * The states from the beginning to one, by a shortest way.
 * @param open whether a way may be taken
 */
export const wayTo = ({ start, ways, states }: FlowGraph, end: number, open: (from: StateFacts, way: Way) => boolean): string[] | undefined => {
  if (start === undefined) return undefined;
  const before = new Map<number, number>([[start, EXIT]]);
  const queue = [start];
  for (const from of queue) {
    if (from === end) break;
    const facts = states[from];
    for (const way of ways[from] ?? []) {
      if (!facts || way.to === EXIT || before.has(way.to) || !open(facts, way)) continue;
      before.set(way.to, from);
      queue.push(way.to);
    }
  }
  if (!before.has(end)) return undefined;
  const names: string[] = [];
  for (let at = end; at !== EXIT; at = before.get(at) ?? EXIT) names.push(states[at]?.name ?? '');
  return names.toReversed();
};

const SHOWN = 7;
/** A way for a sentence: both its ends, when it is long. */
export const toldWay = (names: readonly string[]): string =>
  (names.length > SHOWN ? [...names.slice(0, 3), '...', ...names.slice(-3)] : names).join(' -> ');

/** Machines inside each Parallel and Map. */
export const scopesOf = (workflow: WorkflowFacts): ReadonlyMap<StateFacts, readonly MachineFacts[]> => {
  const known = scopes.get(workflow);
  if (known) return known;
  const made = new Map<StateFacts, MachineFacts[]>();
  for (const machine of workflow.machines) {
    if (!machine.owner) continue;
    const beside = made.get(machine.owner);
    if (beside) beside.push(machine);
    else made.set(machine.owner, [machine]);
  }
  scopes.set(workflow, made);
  return made;
};
const scopes = new WeakMap<WorkflowFacts, ReadonlyMap<StateFacts, readonly MachineFacts[]>>();

/** Whether it is certain where every state goes: what is told of ways through a flow with other faults would be guesswork. */
export const isClear = (workflow: WorkflowFacts): boolean => {
  const known = clear.get(workflow);
  if (known !== undefined) return known;
  const made = workflow.blurred.size === 0 && workflow.machines.every(machineIsClear);
  clear.set(workflow, made);
  return made;
};
const clear = new WeakMap<WorkflowFacts, boolean>();

const machineIsClear = (machine: MachineFacts): boolean => {
  if (!isObject(machine.machine.States) || Object.keys(machine.machine.States).length !== machine.states.size) return false;
  if (!machine.states.has(textOf(machine.machine.StartAt) ?? '')) return false;
  return [...machine.states.values()].every((facts) => {
    const edges = edgesOf(facts);
    return edges.every(({ to }) => machine.states.has(to)) && (edges.some(({ kind }) => kind !== 'catch') || endsHere(facts));
  });
};
