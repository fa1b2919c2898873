/** What can be told of an expression from its syntax tree, once, when it is compiled. */

import { LimitExceeded, LIMITS } from './limits.js';
import type { Node } from './syntax-tree.js';

export interface Analysis {
  /** Uses no value twice: what it makes can not outgrow its text and what it is given. The rest is measured as it runs. */
  readonly simple: boolean;
  /** JSONata may write into its input while it runs (`x[]`, grouping, `| |`, calling what is no function). */
  readonly writes: boolean;
  /** Holds `| |`: what was measured may have changed. */
  readonly transforms: boolean;
  /** Names of the variables it calls as functions. */
  readonly calls: ReadonlySet<string>;
}

/** @throws LimitExceeded for a tree that is too deep */
export const analyse = (tree: unknown): Analysis => {
  const found: Found = { writes: false, transforms: false, calls: new Set(), bound: new Set() };
  visit(tree, found, new Set(), 0);
  const { transforms, calls, bound } = found;
  return { simple: isSimple(tree as Node), writes: found.writes || [...calls].some((name) => bound.has(name)), transforms, calls };
};

interface Found {
  writes: boolean;
  transforms: boolean;
  readonly calls: Set<string>;
  /** Variables that the expression itself gives a value: what it calls by such a name may be anything. */
  readonly bound: Set<string>;
}

const visit = (node: unknown, found: Found, seen: Set<object>, depth: number): void => {
  if (typeof node !== 'object' || node === null || seen.has(node) || node instanceof RegExp) return;
  // JSONata walks down such a tree on the machine's stack, whose size nobody can count on.
  if (depth > LIMITS.tree) throw new LimitExceeded(`is nested more than ${LIMITS.tree} deep.`);
  seen.add(node);
  const { type, group, procedure, focus, index } = node as Node;
  if (group !== undefined || 'keepSingletonArray' in node || 'keepArray' in node || type === 'transform') found.writes = true;
  if (type === 'transform') found.transforms = true;
  for (const name of [focus, index]) if (typeof name === 'string') found.bound.add(name);
  if (type === 'bind') found.bound.add(String((node as { lhs: Node }).lhs.value));
  if (type === 'lambda') for (const parameter of (node as Node).arguments ?? []) found.bound.add(String(parameter.value));
  if (type === 'function' || type === 'partial') {
    if (procedure?.type === 'variable' && typeof procedure.value === 'string') found.calls.add(procedure.value);
    else if (procedure?.type !== 'lambda') found.writes = true;
  }
  for (const member of Object.values(node)) visit(member, found, seen, depth + 1);
};

const isSimple = (node: Node | undefined): boolean => {
  if (node === undefined) return true;
  if (node.group !== undefined || node.predicate !== undefined || node.tuple !== undefined) return false;
  switch (node.type) {
    case 'string':
    case 'number':
    case 'value':
    case 'variable':
    case 'name':
    case 'regex':
      return true;
    case 'path':
      return (node.steps ?? []).every((step, index) => (index === 0 ? isSimple(step) : step.type === 'name' && step.tuple === undefined) && hasPlainIndexes(step));
    case 'binary':
      return isSimple(node.lhs as Node) && isSimple(node.rhs);
    case 'unary':
      if (node.value === '{') return (node.lhs as readonly (readonly Node[])[]).every((pair) => pair.every(isSimple));
      return isSimple(node.expression) && (node.expressions ?? []).every(isSimple);
    case 'condition':
      return isSimple(node.condition) && isSimple(node.then) && isSimple(node.else);
    case 'block':
      return (node.expressions ?? []).every(isSimple);
    case 'function':
      return node.procedure?.type === 'variable' && (node.arguments ?? []).every(isSimple);
    default:
      return false;
  }
};

const hasPlainIndexes = (step: Node): boolean => (step.stages ?? []).every((stage) => stage.type === 'filter' && stage.expr?.type === 'number');
