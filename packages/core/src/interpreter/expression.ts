/** Templates and the JSONata expressions in them: compiled once, strict, bounded by counts. */
import { type Json, type JsonObject, setMember } from '../json.js';
import type { ExpressionPorts } from './functions.js';
import { compileExpression, type Compiled } from './jsonata.js';
import { compilePath, constantOf } from './path.js';
import type { Evaluate, EvaluationScope } from './types.js';

export type { ExpressionPorts } from './functions.js';

/** What an expression failed with; the state's place is put in front of the cause by whoever knows it. */
export class QueryEvaluationError extends Error {
  readonly error = 'States.QueryEvaluationError';
  constructor(override readonly cause: string) {
    super(cause);
    this.name = 'QueryEvaluationError';
  }
}

/** Evaluates within a scope; `field` is where it stands, `Arguments/card`. Gives a promise only where JSONata has to run. */
type Node = (scope: EvaluationScope, field: string) => Json | Promise<Json>;

const CACHED_MAX = 10_000;

/** An expression's text without `{%` and `%}`, or undefined for a plain string. */
export const expressionIn = (text: string): string | undefined =>
  text.startsWith('{%') && text.endsWith('%}') && text.length >= 4 ? text.slice(2, -2).trim() : undefined;

/**
 * Makes the evaluator of an engine: `evaluate(template, scope)`.
 * @param ports.hash digest of a text (UTF-8) as lower-case hex; algorithm is one of MD5, SHA-1, SHA-256, SHA-384, SHA-512
 */
export const createEvaluate = (ports: ExpressionPorts): Evaluate => {
  const expressions = new Map<string, Node>();
  const templates = new WeakMap<object, Node | null>();

  const expression = (text: string): Node => {
    const known = expressions.get(text);
    if (known) return known;
    if (expressions.size >= CACHED_MAX) expressions.clear();
    const made = expressionNode(text, ports);
    expressions.set(text, made);
    return made;
  };

  /** null for what holds no expression: it is its own value. */
  const compile = (template: Json): Node | null => {
    if (typeof template === 'string') {
      const text = expressionIn(template);
      return text === undefined ? null : expression(text);
    }
    if (typeof template !== 'object' || template === null) return null;
    const known = templates.get(template);
    if (known !== undefined) return known;
    const made = Array.isArray(template) ? listNode(template, compile) : recordNode(template as JsonObject, compile);
    templates.set(template, made);
    return made;
  };

  return (template, scope) => {
    const node = compile(template);
    return node === null ? template : node(scope, scope.where.pointer.startsWith('/') ? scope.where.pointer.slice(1) : scope.where.pointer);
  };
};

const expressionNode = (text: string, ports: ExpressionPorts): Node => {
  const constant = constantOf(text);
  if (constant !== undefined) return () => constant;
  const path = compilePath(text);
  let compiled: Compiled | undefined;
  return (scope, field) => {
    const found = path?.(scope);
    if (found !== undefined) return found;
    compiled ??= compileExpression(text, ports);
    const quick = compiled.quick?.(scope);
    return quick === undefined ? evaluated(compiled.run, text, scope, field) : quick;
  };
};

const evaluated = async (run: Compiled['run'], text: string, scope: EvaluationScope, field: string): Promise<Json> => {
  const result = await run(scope, field);
  if ('value' in result) return result.value;
  throw new QueryEvaluationError(`The JSONata expression '${text}' specified for the field '${field}' ${result.fault}`);
};

const listNode = (template: readonly Json[], compile: (template: Json) => Node | null): Node | null => {
  const nodes = template.map(compile);
  if (nodes.every((node) => node === null)) return null;
  return (scope, field) => inOrder(nodes, scope, (index) => `${field}/${index}`, template);
};

const recordNode = (template: JsonObject, compile: (template: Json) => Node | null): Node | null => {
  const keys = Object.keys(template);
  const parts = keys.map((key) => template[key] as Json);
  const nodes = parts.map(compile);
  if (nodes.every((node) => node === null)) return null;
  const assemble = (values: readonly Json[]): JsonObject => {
    const made: { [key: string]: Json } = {};
    for (let index = 0; index < keys.length; index++) setMember(made, keys[index] as string, values[index] as Json);
    return made;
  };
  return (scope, field) => {
    const values = inOrder(nodes, scope, (index) => `${field}/${keys[index]}`, parts);
    return values instanceof Promise ? values.then(assemble) : assemble(values);
  };
};

/** One after the other, so that the first fault is always the same one; without a promise while none is needed. */
const inOrder = (
  nodes: readonly (Node | null)[],
  scope: EvaluationScope,
  fieldOf: (index: number) => string,
  plain: readonly Json[],
): Json[] | Promise<Json[]> => {
  const values: Json[] = [];
  for (let index = 0; index < nodes.length; index++) {
    const node = nodes[index];
    const value = node ? node(scope, fieldOf(index)) : (plain[index] as Json);
    if (value instanceof Promise) return rest(values, value, nodes, scope, fieldOf, plain);
    values.push(value);
  }
  return values;
};

const rest = async (
  values: Json[],
  first: Promise<Json>,
  nodes: readonly (Node | null)[],
  scope: EvaluationScope,
  fieldOf: (index: number) => string,
  plain: readonly Json[],
): Promise<Json[]> => {
  values.push(await first);
  for (let index = values.length; index < nodes.length; index++) {
    const node = nodes[index];
    values.push(node ? await node(scope, fieldOf(index)) : (plain[index] as Json));
  }
  return values;
};
