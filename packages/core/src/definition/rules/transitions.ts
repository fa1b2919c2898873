import { listed } from '../diagnostic.js';
import type { Report, Rule } from '../facts.js';
import { nearest } from '../nearest.js';
import { isObject } from '../../json.js';
import { itemsOf, type MachineFacts, type StateFacts, textOf } from '../walk.js';
import { edgesOf, endsHere, followers, reachable, turnedAround } from './graph.js';

/** Every `Next`, `Default` and `StartAt` names a state of its own level; a state says once how it goes on; all are on the way, and the way ends. */
export const transitions: Rule = ({ machines, blurred }, _world, report) => {
  for (const machine of machines) {
    if (!isObject(machine.machine.States)) continue;
    const states = [...machine.states.values()];
    const dangling = danglingNames(machine, states, report);
    const stuck = states.filter((facts) => !blurred.has(facts.pointer) && goesNowhere(facts, report)).length > 0;
    // One way that is missing would make half of the workflow look lost.
    if (!dangling && !stuck && !states.some(({ pointer }) => blurred.has(pointer)) && states.length === Object.keys(machine.machine.States).length) {
      ways(machine, states, report);
    }
  }
};

/** Guessing what was meant is the only thing here that grows with the square of a workflow. */
const GUESSED_MAX = 100;

const danglingNames = ({ machine, states, pointer }: MachineFacts, facts: readonly StateFacts[], report: Report): boolean => {
  let dangling = 0;
  const known = listed([...states.keys()]);
  const named = (to: string | undefined, at: string): void => {
    if (to === undefined || Object.hasOwn(machine.States as object, to)) return;
    dangling += 1;
    const near = dangling <= GUESSED_MAX ? nearest(to, states.keys()) : [];
    report('WORKFLOW_UNKNOWN_STATE', at, { near, details: { name: JSON.stringify(to), known } });
  };
  const start = textOf(machine.StartAt);
  named(start, `${pointer}/StartAt`);
  for (const state of facts) for (const edge of edgesOf(state)) named(edge.to, edge.pointer);
  return dangling > 0 || start === undefined;
};

/** Tells how a state's way on is not clear. @returns whether there is none at all */
const goesNowhere = ({ state, type, pointer, name }: StateFacts, report: Report): boolean => {
  const details = { name: JSON.stringify(name) };
  if (type === 'Choice') {
    const last = itemsOf(state.Choices).at(-1)?.[1];
    const always = isObject(last) && (last.Condition === true || /^\{%\s*true\s*%\}$/.test(textOf(last.Condition) ?? ''));
    if (state.Default === undefined && !always) report('WORKFLOW_CHOICE_NO_DEFAULT', pointer, { at: 'key', details });
    return false;
  }
  if (type === 'Succeed' || type === 'Fail') return false;
  const next = state.Next !== undefined;
  const end = state.End !== undefined;
  if (next && end) {
    report('WORKFLOW_NEXT_OR_END', `${pointer}/End`, { at: 'key', details: { ...details, why: { zh: '既有 "Next" 又有 "End"', en: 'has both "Next" and "End"' } } });
  } else if (!next && !end) {
    report('WORKFLOW_NEXT_OR_END', pointer, { at: 'key', details: { ...details, why: { zh: '既没有 "Next" 也没有 "End"', en: 'has neither "Next" nor "End"' } } });
  }
  return !next && !end;
};

const ways = (machine: MachineFacts, states: readonly StateFacts[], report: Report): void => {
  const start = textOf(machine.machine.StartAt);
  if (start === undefined) return;
  const graph = followers(machine);
  const back = turnedAround(graph);
  const told = (code: 'WORKFLOW_UNREACHABLE_STATE' | 'WORKFLOW_ENDLESS_STATE', facts: StateFacts): void =>
    report(code, facts.pointer, { at: 'key', details: { name: JSON.stringify(facts.name) } });

  const seen = reachable(graph, [start]);
  // Of a chain that nothing leads to, its first state is told: mending that mends the rest.
  for (const heads of [(name: string) => (back.get(name) ?? []).every((from) => from === name), () => true]) {
    for (const facts of states) {
      if (seen.has(facts.name) || !heads(facts.name)) continue;
      told('WORKFLOW_UNREACHABLE_STATE', facts);
      for (const name of reachable(graph, [facts.name])) seen.add(name);
    }
  }

  const ending = reachable(back, states.filter(endsHere).map(({ name }) => name));
  for (const facts of states) {
    // Without a way on, it has been told of that.
    if (ending.has(facts.name) || (graph.get(facts.name) ?? []).length === 0) continue;
    told('WORKFLOW_ENDLESS_STATE', facts);
    for (const name of [...reachable(graph, [facts.name]), ...reachable(back, [facts.name])]) ending.add(name);
  }
};
