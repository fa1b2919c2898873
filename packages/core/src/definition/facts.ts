import type { Json, JsonObject } from '../json.js';
import type { Catalogue } from './catalogue.js';
import { type Details, type Diagnostic, isError } from './diagnostic.js';
import type { DiagnosticCode } from './diagnostics.js';
import { type ExpressionFacts, expressionFacts, type Span } from './expression-facts.js';
import { escapePointer, pointerSegments } from './places.js';
import { type Run, runsOf } from './runs.js';
import type { Source } from './source.js';
import { isExpression, type MachineFacts, machinesOf, type StateFacts, templatesOf, walkJson } from './walk.js';

/** A value in something that is evaluated, with the name in front of it. */
export interface Leaf {
  readonly pointer: string;
  readonly value: Json;
  readonly key: string;
  readonly state: StateFacts;
  /** Present where the value is an expression. */
  readonly expression?: ExpressionFacts;
}

/** A workflow as the rules look at it. Its shape may be wrong: rules run beside the schema, so that all faults are told at once. */
export interface WorkflowFacts {
  readonly name: string;
  readonly source: Source;
  readonly root: JsonObject;
  readonly machines: readonly MachineFacts[];
  readonly states: readonly StateFacts[];
  readonly leaves: readonly Leaf[];
  readonly runs: readonly Run[];
  /** States where a fault was found that hides where they go: rules on the way through keep silent about them. */
  readonly blurred: ReadonlySet<string>;
}

export interface World {
  readonly catalogue: Catalogue;
  readonly workflows: ReadonlyMap<string, WorkflowFacts>;
}

export type Report = (
  code: DiagnosticCode,
  pointer: string,
  told?: { readonly at?: 'key' | 'value'; readonly span?: Span; readonly near?: readonly string[]; readonly details?: Details },
) => void;

/** One rule to a file under `rules/`; it tells every fault of its kind. */
export type Rule = (workflow: WorkflowFacts, world: World, report: Report) => void;

export const factsOf = (name: string, source: Source & { readonly value: JsonObject }, told: readonly Diagnostic[], cache: Map<string, ExpressionFacts>): WorkflowFacts => {
  const machines = machinesOf(source.value);
  const states = machines.flatMap((machine) => [...machine.states.values()]);
  const leaves: Leaf[] = [];
  for (const state of states) {
    for (const template of templatesOf(state)) {
      walkJson(template.value, template.pointer, (value, pointer, key) => {
        leaves.push({ pointer, value, key, state, ...(isExpression(value) ? { expression: cached(value, cache) } : {}) });
      });
    }
  }
  return { name, source, root: source.value, machines, states, leaves, runs: runsOf(states), blurred: blurredBy(told) };
};

const cached = (text: string, cache: Map<string, ExpressionFacts>): ExpressionFacts => {
  const known = cache.get(text);
  if (known) return known;
  const facts = expressionFacts(text);
  cache.set(text, facts);
  return facts;
};

const LEADING = new Set(['Type', 'Next', 'End', 'Default', 'Choices', 'Catch']);
const HIDING = new Set<DiagnosticCode>(['WORKFLOW_UNKNOWN_FIELD', 'WORKFLOW_DUPLICATE_KEY', 'WORKFLOW_KEY_FORBIDDEN', 'WORKFLOW_FIELD_MISSING']);

const blurredBy = (told: readonly Diagnostic[]): Set<string> => {
  const blurred = new Set<string>();
  for (const { pointer, code } of told.filter(isError)) {
    const segments = pointerSegments(pointer);
    segments.forEach((segment, index) => {
      if (segment !== 'States' || index + 1 >= segments.length) return;
      const field = segments[index + 2];
      if (field !== undefined && !LEADING.has(field) && !(HIDING.has(code) && index + 3 === segments.length)) return;
      blurred.add(segments.slice(0, index + 2).map((part) => `/${escapePointer(part)}`).join(''));
    });
  }
  return blurred;
};
