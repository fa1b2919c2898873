import { isObject } from '../../json.js';
import { itemsOf, type MachineFacts, type StateFacts, textOf } from '../walk.js';

/** A way out of a state, as written. */
export interface Edge {
  readonly to: string;
  readonly pointer: string;
  readonly kind: 'next' | 'choice' | 'default' | 'catch';
}

/** Every way out of a state, also those that name a state that isn't there. */
export const edgesOf = ({ state, pointer, type }: StateFacts): Edge[] => {
  const edges: Edge[] = [];
  const add = (kind: Edge['kind'], to: string | undefined, at: string): void => {
    if (to !== undefined) edges.push({ kind, to, pointer: at });
  };
  if (type === 'Choice') {
    for (const [index, rule] of itemsOf(state.Choices)) if (isObject(rule)) add('choice', textOf(rule.Next), `${pointer}/Choices/${index}/Next`);
    add('default', textOf(state.Default), `${pointer}/Default`);
  } else add('next', textOf(state.Next), `${pointer}/Next`);
  for (const [index, catcher] of itemsOf(state.Catch)) if (isObject(catcher)) add('catch', textOf(catcher.Next), `${pointer}/Catch/${index}/Next`);
  return edges;
};

export const endsHere = ({ state, type }: StateFacts): boolean => type === 'Succeed' || type === 'Fail' || state.End === true;

/** Names of states to those that follow, within one machine. */
export const followers = (machine: MachineFacts): Map<string, readonly string[]> =>
  new Map([...machine.states.values()].map((facts) => [facts.name, edgesOf(facts).map((edge) => edge.to).filter((to) => machine.states.has(to))]));

export const turnedAround = (graph: ReadonlyMap<string, readonly string[]>): Map<string, string[]> => {
  const turned = new Map<string, string[]>([...graph.keys()].map((name) => [name, []]));
  for (const [from, targets] of graph) for (const to of targets) turned.get(to)?.push(from);
  return turned;
};

/** All that can be reached, the beginnings included. */
export const reachable = (graph: ReadonlyMap<string, readonly string[]>, from: Iterable<string>): Set<string> => {
  const seen = new Set(from);
  const stack = [...seen];
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    for (const to of graph.get(name) ?? []) {
      if (seen.has(to)) continue;
      seen.add(to);
      stack.push(to);
    }
  }
  return seen;
};
