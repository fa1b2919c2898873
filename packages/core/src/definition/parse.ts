import type { DefinedError } from 'ajv/dist/2020.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { StateMachine } from './asl.js';
import { type Details, type Diagnostic, diagnose, inOrder, isError, listed } from './diagnostic.js';
import type { DiagnosticCode } from './diagnostics.js';
import { nearest } from './nearest.js';
import { escapePointer, lastSegment } from './places.js';
import { jsonPathKey, REFUSED_FIELDS, type RefusedField } from './refused-fields.js';
import { workflowSchema } from './schema.js';
import { shapeCheck } from './shape.js';
import { readSource, type Source } from './source.js';
import { machinesOf, type StateFacts, templatesOf, walkJson } from './walk.js';

/**
 * Reads a workflow and checks its shape: strict JSON, the fields of the language and their values, JSONata throughout.
 * Names of states, actions and errors are `checkWorkflows`'s: they need to know what is registered.
 * @returns every fault in the order of the file; the definition only where there is no error
 */
export const parseWorkflow = (file: string, text: string): { diagnostics: Diagnostic[]; definition?: StateMachine } => {
  const { source, diagnostics } = parseText(file, text);
  return source && !diagnostics.some(isError) ? { diagnostics, definition: definitionOf(source) } : { diagnostics };
};

/** As `parseWorkflow`, keeping the source for what is checked next; absent where there is no object to look at. */
export const parseText = (file: string, text: string): { source?: Source & { readonly value: JsonObject }; diagnostics: Diagnostic[] } => {
  const { source, diagnostics } = readSource(file, text);
  if (!source) return { diagnostics: inOrder(diagnostics) };
  const { value } = source;
  if (!isObject(value)) {
    return { diagnostics: [...diagnostics, diagnose('WORKFLOW_NOT_OBJECT', source.place(''), { found: source.found('') })] };
  }
  const all = [...diagnostics, ...shapeFaults(source), ...languageFaults(source, value), ...templateFaults(source, value)];
  return { source: { ...source, value }, diagnostics: inOrder(all) };
};

/** What has passed the checker is a state machine: the one place that says so to the types. */
export const definitionOf = (source: Source): StateMachine => source.value as unknown as StateMachine;

const shapeFaults = (source: Source): Diagnostic[] => {
  const validate = shapeCheck();
  if (validate(source.value)) return [];
  const told = new Map<string, Diagnostic>();
  for (const error of (validate.errors ?? []) as DefinedError[]) {
    const fault = shapeFault(source, error);
    if (fault) told.set(`${fault.code} ${fault.pointer} ${fault.what.en}`, fault);
  }
  return [...told.values()];
};

/** One of ajv's errors as a diagnostic; undefined for those that only accompany another. */
const shapeFault = (source: Source, error: DefinedError): Diagnostic | undefined => {
  const schema = isObject(error.parentSchema) ? (error.parentSchema as JsonObject) : {};
  const at = error.instancePath;
  const told = (code: DiagnosticCode, pointer: string, details: Details, near: readonly string[] = [], which: 'key' | 'value' = 'value'): Diagnostic =>
    diagnose(code, source.place(pointer, which), { found: source.found(pointer, which), near, details });

  switch (error.keyword) {
    case 'if':
      return undefined;
    case 'additionalProperties': {
      const field = error.params.additionalProperty;
      const pointer = `${at}/${escapePointer(field)}`;
      const known = isObject(schema.properties) ? Object.keys(schema.properties) : [];
      const instead = REFUSED_FIELDS.get(field) ?? [];
      const refused = instead.find((one) => one.field !== undefined && known.includes(one.field)) ?? instead[0] ?? jsonPathKey(field);
      if (refused) return refusedField(source, pointer, field, refused);
      const details = { field: JSON.stringify(field), owner: schema['x-owner'] ?? null, known: listed(known, 40) };
      return told('WORKFLOW_UNKNOWN_FIELD', pointer, details, nearest(field, known), 'key');
    }
    case 'required': {
      const field = error.params.missingProperty;
      const properties = isObject(schema.properties) ? schema.properties : {};
      return told('WORKFLOW_FIELD_MISSING', at, { field: JSON.stringify(field), owner: schema['x-owner'] ?? null, wanted: expected(properties[field]) });
    }
    case 'propertyNames': {
      const name = error.params.propertyName;
      const refused = jsonPathKey(name);
      if (refused) return refusedField(source, `${at}/${escapePointer(name)}`, name, refused);
      const names = isObject(schema.propertyNames) ? schema.propertyNames : {};
      return told('WORKFLOW_NAME_INVALID', `${at}/${escapePointer(name)}`, { name: JSON.stringify(name), wanted: expected(names) }, [], 'key');
    }
    default: {
      // Told by `propertyNames`.
      if (error.propertyName !== undefined) return undefined;
      const near = Array.isArray(schema.enum) && typeof error.data === 'string' ? nearest(error.data, schema.enum.filter((one) => typeof one === 'string')) : [];
      const field = /^\d+$/.test(lastSegment(at)) ? lastSegment(at.slice(0, at.lastIndexOf('/'))) : lastSegment(at);
      return told('WORKFLOW_VALUE_INVALID', at, { field: JSON.stringify(field), wanted: expected(schema) }, near);
    }
  }
};

const expected = (schema: Json | undefined): Json => {
  if (isObject(schema) && isObject(schema['x-expects'])) return schema['x-expects'];
  const refers = isObject(schema) && typeof schema.$ref === 'string' ? schema.$ref.replace('#/$defs/', '') : undefined;
  const defs = workflowSchema.$defs;
  return refers !== undefined && isObject(defs) && defs[refers] !== undefined ? expected(defs[refers]) : { zh: '另一种值', en: 'another value' };
};

const refusedField = (source: Source, pointer: string, field: string, refused: RefusedField): Diagnostic =>
  diagnose(refused.why === 'jsonpath' ? 'WORKFLOW_JSONPATH_FIELD' : 'WORKFLOW_UNSUPPORTED_FIELD', source.place(pointer, 'key'), {
    found: source.found(pointer, 'key'),
    near: refused.field === undefined ? [] : [refused.field],
    details: { field: JSON.stringify(field), instead: { ...refused.instead } },
  });

/** The States Language's own default is JSONPath: a workflow says JSONata at the top, or in each state. */
const languageFaults = (source: Source, root: JsonObject): Diagnostic[] => {
  const top = root.QueryLanguage ?? 'JSONPath';
  const states = machinesOf(root).flatMap((machine) => [...machine.states.values()]);
  const other = states.filter(({ state }) => (state.QueryLanguage ?? top) === 'JSONPath');
  if (other.length === 0) return [];
  const told = (pointer: string): Diagnostic =>
    diagnose('WORKFLOW_QUERY_LANGUAGE', source.place(pointer), { found: source.found(pointer), near: ['JSONata'], details: { language: 'JSONPath' } });
  // One line where one line mends it.
  if (other.length === states.length && other.every(({ state }) => state.QueryLanguage === undefined)) return [told(root.QueryLanguage === undefined ? '' : '/QueryLanguage')];
  return other.map(({ state, pointer }) => told(state.QueryLanguage === undefined ? pointer : `${pointer}/QueryLanguage`));
};

/** Templates take any JSON, so the schema does not see a `"card.$"` inside them. */
const templateFaults = (source: Source, root: JsonObject): Diagnostic[] => {
  const states: StateFacts[] = machinesOf(root).flatMap((machine) => [...machine.states.values()]);
  const faults: Diagnostic[] = [];
  for (const facts of states) {
    for (const template of templatesOf(facts)) {
      walkJson(template.value, template.pointer, (_value, pointer, key) => {
        const refused = key.endsWith('.$') && lastSegment(pointer) === key && pointer !== template.pointer ? jsonPathKey(key) : undefined;
        // Assign's own keys are told of by the schema.
        if (refused && !(template.field === 'Assign' && pointer.slice(template.pointer.length).lastIndexOf('/') === 0)) faults.push(refusedField(source, pointer, key, refused));
      });
    }
  }
  return faults;
};
