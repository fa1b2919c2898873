/** JSONata within limits: every evaluation counts its steps, its depth and the size of what it makes. */
import jsonata from 'jsonata';
import type { Json, JsonObject } from '../json.js';
import { analyse, type Analysis } from './analysis.js';
import { functionsOf, SEQUENCE_OPTION, type Definition, type Evaluation, type ExpressionPorts, type Frame } from './functions.js';
import { Budget, checkString, LimitExceeded, LIMITS } from './limits.js';
import { cloneJson, measure, NotPlain, toPlain, type Known } from './plain.js';
import { seeded, type Random } from './random.js';
import { compileQuick } from './quick.js';
import { regexEngine, type RegexEngine } from './regex.js';
import type { EvaluationScope } from './types.js';

/** What an expression gave, or what was wrong with it, to stand behind "The JSONata expression ... specified for the field ...". */
export type Outcome = { readonly value: Json } | { readonly fault: string };
export interface Compiled {
  readonly run: (scope: EvaluationScope, field: string) => Promise<Outcome>;
  /** The same without JSONata; gives undefined where that has to decide. Absent for what is never that plain. */
  readonly quick?: (scope: EvaluationScope) => Json | undefined;
}

// Hooks that JSONata looks up in its environment.
const FRAME_MADE = Symbol.for('jsonata.__createFrame_push');
const NODE_DONE = Symbol.for('jsonata.__evaluate_exit');

/** `assign` takes any name, whatever its declaration says. */
interface Assigning {
  assign(name: string | symbol, value: unknown): void;
}

/** JSONata's own functions stand in a frame that only a hook sees. */
const builtIns = ((): ((name: string) => Definition | undefined) => {
  let frame: Frame | undefined;
  const expression = jsonata('1');
  (expression as Assigning).assign(FRAME_MADE, (enclosing: Frame) => {
    frame ??= enclosing;
  });
  void expression.evaluate(null);
  return (name) => frame?.lookup(name) as Definition | undefined;
})();
const FUNCTIONS = functionsOf(builtIns);

/** Set while an evaluation makes its outermost frame, which JSONata does before it first waits. */
let beginning: Evaluation | undefined;

/** Hangs the counts on the outermost frame: JSONata calls `guardrails` on every node and takes `RegexEngine` from there. */
const frameMade = (enclosing: Frame, frame: Frame): void => {
  if (enclosing.base !== undefined || !beginning) return;
  const evaluation = beginning;
  const { budget } = evaluation;
  frame.evaluation = evaluation;
  let engine: RegexEngine | undefined;
  const fixed = (name: string, get: () => unknown): void => {
    Object.defineProperty(frame, name, { get, set() {} });
  };
  const guardrails = (): void => {
    budget.step();
    if (frame.depth > LIMITS.depth) throw new LimitExceeded(`went more than ${LIMITS.depth} evaluations deep.`);
  };
  fixed('guardrails', () => guardrails);
  fixed('RegexEngine', () => (engine ??= regexEngine(budget)));
  fixed('timestamp', () => new Date(evaluation.at));
};

/** For expressions that may use a value twice: measures what each node gives, before anything is built upon it. */
const nodeDone = (transforms: boolean) => {
  const sizes = new WeakMap<Evaluation, Known>();
  return (_node: unknown, _input: unknown, frame: Frame, result: unknown): void => {
    if (typeof result === 'string') checkString(result.length);
    if (typeof result !== 'object' || result === null || 'tupleStream' in result) return;
    const evaluation = frame.base?.evaluation;
    if (!evaluation) return;
    let known = sizes.get(evaluation);
    if (!known || transforms) sizes.set(evaluation, (known = new Map()));
    const before = known.size;
    evaluation.budget.step((measure(result, known) >> 10) + ((known.size - before) >> 3));
  };
};

export const compileExpression = (text: string, ports: ExpressionPorts): Compiled => {
  let expression: jsonata.Expression;
  let analysis: Analysis;
  try {
    if (text.length > LIMITS.text) throw new LimitExceeded(`is longer than ${LIMITS.text} characters.`);
    expression = jsonata(text, SEQUENCE_OPTION);
    analysis = analyse(expression.ast());
  } catch (thrown) {
    const fault = faultOf(thrown);
    return { run: async () => ({ fault }) };
  }
  const quick = compileQuick(expression.ast());
  const { simple, writes, transforms, calls } = analysis;
  const callsUnknown = [...calls].some((name) => !FUNCTIONS.has(name) && builtIns(name) === undefined);
  const environment = expression as Assigning;
  environment.assign(FRAME_MADE, frameMade);
  if (!simple) environment.assign(NODE_DONE, nodeDone(transforms));
  for (const [name, definition] of FUNCTIONS) environment.assign(name, definition);
  const mayWrite = (variables: JsonObject): boolean => writes || callsUnknown || [...calls].some((name) => Object.hasOwn(variables, name));

  const run = async (scope: EvaluationScope, field: string): Promise<Outcome> => {
    const bindings: JsonObject = { ...scope.variables, states: scope.states };
    try {
      const found = await begin(expression, mayWrite(scope.variables) ? (cloneJson(bindings) as JsonObject) : bindings, evaluationOf(scope, field, ports));
      if (found === undefined) return { fault: 'returned nothing (undefined).' };
      return { value: toPlain(found) };
    } catch (thrown) {
      return { fault: faultOf(thrown) };
    }
  };
  return { run, ...(quick ? { quick } : {}) };
};

const evaluationOf = ({ at, seed }: EvaluationScope, field: string, ports: ExpressionPorts): Evaluation => {
  let random: Random | undefined;
  return {
    at,
    ports,
    budget: new Budget(),
    get random() {
      return (random ??= seeded(`${seed}/${field}`));
    },
  };
};

const begin = (expression: jsonata.Expression, bindings: JsonObject, evaluation: Evaluation): Promise<unknown> => {
  beginning = evaluation;
  try {
    return expression.evaluate(undefined, bindings) as Promise<unknown>;
  } finally {
    beginning = undefined;
  }
};

const FAULT_MAX = 1_000;

const faultOf = (thrown: unknown): string => {
  if (thrown instanceof LimitExceeded || thrown instanceof NotPlain) return thrown.message;
  const { code, message } = thrown as { readonly code?: string; readonly message?: string };
  const said = `${code === undefined ? '' : `${code}: `}${message ?? 'unknown'}`;
  return `threw an error during evaluation. ${said.length > FAULT_MAX ? `${said.slice(0, FAULT_MAX)}...` : said}`;
};
