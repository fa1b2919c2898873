/**
 * What most expressions of a flow are made of, without JSONata: comparisons, sums, texts, one item picked out of a list, a list
 * of objects made of another. Where anything is out of the ordinary (nothing found, another type, an array on the way, something
 * large) the answer is undefined and JSONata decides, so that its rules, errors and limits stay the only ones.
 */
import { isObject, type Json } from '../json.js';
import { statesMember, walk } from './path.js';
import type { Node } from './syntax-tree.js';
import type { EvaluationScope } from './types.js';

/** @param item what names stand for within a filter or a constructor; undefined outside */
type Quick = (scope: EvaluationScope, item: Json | undefined) => Json | undefined;

/** Far below every limit of JSONata's counts (limits.ts): what comes near one is left to them. */
const NODES_MAX = 200;
const ITEMS_MAX = 200;
const TEXT_MAX = 10_000;
const MADE_MAX = 10_000;

/** @returns undefined for an expression that holds anything else */
export const compileQuick = (tree: unknown): ((scope: EvaluationScope) => Json | undefined) | undefined => {
  const compiler = new Compiler();
  const made = compiler.node(tree as Node);
  return made && ((scope) => made(scope, undefined));
};

/** Keys that say that a node is more than its type tells: `keepArray`, `group`, `stages`, `focus`, `index`, `tuple` and so on. */
const KNOWN = new Set(['type', 'value', 'position', 'steps', 'predicate', 'lhs', 'rhs', 'expression', 'expressions', 'arguments', 'procedure', 'condition', 'then', 'else']);
const isPlainNode = (node: Node): boolean => Object.entries(node).every(([key, value]) => value === undefined || KNOWN.has(key));

class Compiler {
  #nodes = 0;

  node(node: Node | undefined): Quick | undefined {
    if (!node || !isPlainNode(node) || ++this.#nodes > NODES_MAX) return undefined;
    if (node.predicate) return node.type === 'variable' ? this.#filter(node) : undefined;
    switch (node.type) {
      case 'number':
      case 'string':
      case 'value': {
        // A log would read -0 back as 0.
        const constant = typeof node.value === 'number' ? node.value + 0 : (node.value as Json);
        return () => constant;
      }
      case 'variable':
        return variable(String(node.value));
      case 'path':
        return this.#path(node.steps ?? []);
      case 'binary':
        return this.#binary(node);
      case 'condition':
        return this.#condition(node);
      case 'block':
        return node.expressions?.length === 1 ? this.node(node.expressions[0]) : undefined;
      case 'function':
        return this.#call(node);
      case 'unary':
        return node.value === '[' && node.expressions?.length === 1 ? this.#listOf(node.expressions[0]) : undefined;
      default:
        return undefined;
    }
  }

  #path(steps: readonly Node[]): Quick | undefined {
    const [first, ...rest] = steps;
    if (!first || !steps.every((step) => isPlainNode(step) && !step.predicate) || !rest.every((step) => step.type === 'name')) return undefined;
    const names = (first.type === 'name' ? steps : rest).map((step) => String(step.value));
    if (first.type === 'name') return (_scope, item) => walk(item, names);
    const [member, ...within] = names;
    if (first.type !== 'variable' || member === undefined) return undefined;
    if (first.value === 'states') return (scope) => walk(statesMember(scope, member), within);
    const from = variable(String(first.value));
    return from && ((scope, item) => walk(from(scope, item), names));
  }

  /** `$methods[id = 'card']`, where exactly one fits. */
  #filter({ value, predicate }: Node): Quick | undefined {
    const [only] = predicate ?? [];
    const fits = predicate?.length === 1 && only?.type === 'filter' ? this.node(only.expr) : undefined;
    const list = variable(String(value));
    if (!fits || !list) return undefined;
    return (scope, outer) => {
      const items = list(scope, outer);
      if (!Array.isArray(items) || items.length > ITEMS_MAX) return undefined;
      let found: Json | undefined;
      for (const item of items as readonly Json[]) {
        if (!isObject(item)) return undefined;
        const fit = fits(scope, item);
        if (typeof fit !== 'boolean' || (fit && found !== undefined)) return undefined;
        if (fit) found = item;
      }
      return found;
    };
  }

  /** `[$methods.{ 'value': id }]` */
  #listOf(inner: Node | undefined): Quick | undefined {
    const [from, constructor, ...more] = inner?.type === 'path' && isPlainNode(inner) && !inner.predicate ? (inner.steps ?? []) : [];
    if (from?.type !== 'variable' || !isPlainNode(from) || from.predicate) return undefined;
    if (constructor?.type !== 'unary' || constructor.value !== '{' || !isPlainNode(constructor) || more.length > 0) return undefined;
    const list = variable(String(from.value));
    if (!list) return undefined;
    const members: (readonly [string, Quick])[] = [];
    for (const [key, of] of constructor.lhs as readonly (readonly Node[])[]) {
      const made = this.node(of);
      if (!made || key?.type !== 'string' || key.value === '__proto__' || members.some(([name]) => name === key.value)) return undefined;
      members.push([String(key.value), made]);
    }
    return (scope, outer) => {
      const items = list(scope, outer);
      if (!Array.isArray(items) || items.length === 0 || items.length > ITEMS_MAX) return undefined;
      const made: Json[] = [];
      const size = { left: MADE_MAX };
      for (const item of items as readonly Json[]) {
        if (!isObject(item)) return undefined;
        const object: { [key: string]: Json } = {};
        for (const [key, of] of members) {
          const value = of(scope, item);
          if (value === undefined || Array.isArray(value) || !isSmall(value, size, 0)) return undefined;
          object[key] = value;
        }
        made.push(object);
      }
      return made;
    };
  }

  #binary({ value: operator, lhs, rhs }: Node): Quick | undefined {
    const combine = OPERATORS[String(operator)];
    if (!combine) return undefined;
    const [left, right] = [this.node(lhs as Node), this.node(rhs)];
    if (!left || !right) return undefined;
    return (scope, item) => {
      const a = left(scope, item);
      if (a === undefined) return undefined;
      const b = right(scope, item);
      return b === undefined ? undefined : combine(a, b);
    };
  }

  #condition({ condition, then, else: otherwise }: Node): Quick | undefined {
    const [test, yes, no] = [this.node(condition), this.node(then), this.node(otherwise)];
    if (!test || !yes || !no) return undefined;
    return (scope, item) => {
      const holds = test(scope, item);
      return typeof holds === 'boolean' ? (holds ? yes : no)(scope, item) : undefined;
    };
  }

  #call({ procedure, arguments: given }: Node): Quick | undefined {
    const name = procedure?.type === 'variable' && isPlainNode(procedure) && !procedure.predicate ? String(procedure.value) : '';
    const apply = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    const argument = apply && given?.length === 1 ? this.node(given[0]) : undefined;
    if (!apply || !argument) return undefined;
    return (scope, item) => {
      // A flow may call a variable of its own the same.
      if (Object.hasOwn(scope.variables, name)) return undefined;
      const value = argument(scope, item);
      return value === undefined ? undefined : apply(value);
    };
  }
}

const variable = (name: string): Quick | undefined =>
  // `$states` as a whole holds a context that is made on demand: only what a path finds in it may be given out.
  name === '' || name === '$' || name === 'states' ? undefined : (scope) => (Object.hasOwn(scope.variables, name) ? scope.variables[name] : undefined);

const isScalar = (value: Json): boolean => typeof value !== 'object' || value === null;
const finite = (value: number): number | undefined => (Number.isFinite(value) ? value + 0 : undefined);
const ofNumbers =
  (apply: (a: number, b: number) => number) =>
  (a: Json, b: Json): Json | undefined =>
    typeof a === 'number' && typeof b === 'number' ? finite(apply(a, b)) : undefined;
const ofAlike =
  (apply: (a: number | string, b: number | string) => boolean) =>
  (a: Json, b: Json): Json | undefined =>
    (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string') ? apply(a, b) : undefined;
const textOf = (value: Json): string | undefined => {
  if (typeof value === 'string') return value;
  // JSONata writes fifteen digits.
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : undefined;
};

const OPERATORS: { readonly [operator: string]: (a: Json, b: Json) => Json | undefined } = {
  '+': ofNumbers((a, b) => a + b),
  '-': ofNumbers((a, b) => a - b),
  '*': ofNumbers((a, b) => a * b),
  '/': ofNumbers((a, b) => a / b),
  '%': ofNumbers((a, b) => a % b),
  '<': ofAlike((a, b) => a < b),
  '<=': ofAlike((a, b) => a <= b),
  '>': ofAlike((a, b) => a > b),
  '>=': ofAlike((a, b) => a >= b),
  '=': (a, b) => (isScalar(a) && isScalar(b) ? a === b : undefined),
  '!=': (a, b) => (isScalar(a) && isScalar(b) ? a !== b : undefined),
  and: (a, b) => (typeof a === 'boolean' && typeof b === 'boolean' ? a && b : undefined),
  or: (a, b) => (typeof a === 'boolean' && typeof b === 'boolean' ? a || b : undefined),
  '&': (a, b) => {
    const [left, right] = [textOf(a), textOf(b)];
    return left !== undefined && right !== undefined && left.length + right.length <= TEXT_MAX ? left + right : undefined;
  },
};

const FUNCTIONS: { readonly [name: string]: (value: Json) => Json | undefined } = {
  not: (value) => (typeof value === 'boolean' ? !value : undefined),
  string: (value) => textOf(value),
};

const NESTING_MAX = 10;

/** Far from what may not be made at all; the count goes down with every value of one result. */
const isSmall = (value: Json, size: { left: number }, nesting: number): boolean => {
  size.left -= typeof value === 'string' ? value.length + 2 : 8;
  if (size.left < 0 || nesting > NESTING_MAX) return false;
  if (Array.isArray(value)) return (value as readonly Json[]).every((member) => isSmall(member, size, nesting + 1));
  if (isObject(value)) {
    for (const key of Object.keys(value)) {
      size.left -= key.length;
      if (!isSmall(value[key] as Json, size, nesting + 1)) return false;
    }
  }
  return true;
};
