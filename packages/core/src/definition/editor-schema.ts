import { isObject, type Json, type JsonObject, type JsonSchema, type Text } from '../json.js';
import { actionsOf } from './actions.js';
import type { ActionEntry, Catalogue, MethodEntry } from './catalogue.js';
import { anyTaskErrors, STATES_ERRORS } from './flow/escapes.js';
import { escapePointer } from './places.js';
import { workflowSchema } from './schema.js';

/**
 * The language as a JSON Schema for editors, with what is registered in it: `Resource` offers every action, `Arguments` is
 * described by the action's own schema, `ErrorEquals` offers what the action ends with.
 *
 * It is written in draft-07: editors complete it best (VS Code's JSON service knows later drafts in part). It takes what the
 * checker takes in one file's shape, and leaves to the checker what needs the whole flow.
 */
export const editorSchema = (catalogue: Catalogue): JsonSchema => {
  const language = withoutOwnWords(workflowSchema) as JsonObject;
  const { $defs, $schema: _draft, ...root } = language;
  const definitions = { ...($defs as JsonObject) };
  const actions = Object.entries(actionsOf(catalogue)).flatMap(([namespace, own]) => Object.entries(own).map(([name, action]) => ({ resource: `${namespace}:${name}`, action })));
  for (const { resource, action } of actions) definitions[nameOf(resource)] = argumentsOf(resource, action, catalogue.methods);
  for (const method of catalogue.methods) definitions[nameOf(`method ${method.id}`)] = admitting(placed(method.arguments, nameOf(`method ${method.id}`)));
  definitions.Task = task(definitions.Task as JsonObject, actions, catalogue);
  for (const type of ['Parallel', 'Map']) definitions[type] = catching(definitions[type] as JsonObject, allErrors(catalogue));
  return asDraft07({ $schema: 'http://json-schema.org/draft-07/schema#', ...root, definitions }) as JsonSchema;
};

const EXPRESSION: JsonSchema = { type: 'string', pattern: '^\\{%[\\s\\S]*%\\}$', description: 'A JSONata expression: {% ... %}' };
const both = ({ en, zh }: Text): string => (en === zh ? en : `${en}\n${zh}`);
const nameOf = (resource: string): string => `arguments of ${resource}`;

/** `x-expects` and `x-owner` are for reports. */
const withoutOwnWords = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutOwnWords);
  return isObject(value) ? Object.fromEntries(Object.entries(value).flatMap(([key, member]) => (key.startsWith('x-') ? [] : [[key, withoutOwnWords(member)]]))) : value;
};

const task = (schema: JsonObject, actions: readonly { resource: string; action: ActionEntry }[], catalogue: Catalogue): JsonSchema => ({
  ...schema,
  properties: {
    ...(schema.properties as JsonObject),
    Resource: {
      description: 'The action: <namespace>:<action>.',
      enum: actions.map(({ resource }) => resource),
      enumDescriptions: actions.map(({ action }) => both(action.description)),
    },
  },
  // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
  allOf: actions.map(({ resource, action }) => ({
    if: { properties: { Resource: { const: resource } }, required: ['Resource'] },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
    then: {
      properties: {
        Arguments: { $ref: `#/definitions/${escapePointer(nameOf(resource))}` },
        ...errorFields(resource === 'workflow:run' ? allErrors(catalogue) : new Map([...Object.entries(action.errors).map(([name, hint]) => [name, both(hint)] as const), ...COMMON])),
      },
      ...(Array.isArray(action.arguments.required) && action.arguments.required.length > 0 ? { required: ['Arguments'] } : {}),
    },
  })),
});

const catching = (schema: JsonObject, errors: ReadonlyMap<string, string>): JsonSchema => ({ ...schema, properties: { ...(schema.properties as JsonObject) }, allOf: [{ properties: errorFields(errors) }] });

/** Names are offered, not demanded: what a workflow fails with is its own. */
const errorFields = (errors: ReadonlyMap<string, string>): JsonObject => {
  const names = { anyOf: [{ enum: [...errors.keys()], enumDescriptions: [...errors.values()] }, { type: 'string', minLength: 1 }] };
  const list = { type: 'array', items: { properties: { ErrorEquals: { type: 'array', items: names } } } };
  return { Retry: list, Catch: list };
};

const COMMON: readonly (readonly [string, string])[] = [
  ...STATES_ERRORS.map((name) => [name, 'Of the language / 语言本身的错误'] as const),
  ...anyTaskErrors.map((name) => [name, 'Any Task may end with it / 任何步骤都可能出现'] as const),
];
const allErrors = ({ actions, methods }: Catalogue): ReadonlyMap<string, string> =>
  new Map([...COMMON, ...[...Object.values(actions).flatMap((own) => Object.values(own)), ...methods].flatMap(({ errors }) => Object.entries(errors).map(([name, hint]) => [name, both(hint)] as const))]);

/** An action's arguments, expressions admitted anywhere; for a payment, `with` by its method. */
const argumentsOf = (resource: string, action: ActionEntry, methods: readonly MethodEntry[]): JsonSchema => {
  const schema = admitting(placed(action.arguments, nameOf(resource)), both(action.description));
  if (!resource.startsWith('payment:') || !isObject(action.arguments.properties) || action.arguments.properties.method === undefined) return schema;
  const [own, ...others] = schema.anyOf as JsonObject[];
  const properties = own?.properties as JsonObject;
  const method: JsonSchema = { description: 'A payment method that is registered.', anyOf: [{ enum: methods.map(({ id }) => id), enumDescriptions: methods.map(({ label }) => both(label)) }, EXPRESSION] };
  const chosen = methods.map(({ id, arguments: given }) => ({
    if: { properties: { method: { const: id } }, required: ['method'] },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
    then: { properties: { with: { $ref: `#/definitions/${escapePointer(nameOf(`method ${id}`))}` } }, ...(Array.isArray(given.required) && given.required.length > 0 ? { required: ['with'] } : {}) },
  }));
  return { ...schema, anyOf: [{ ...own, properties: { ...properties, method }, allOf: chosen }, ...others] };
};

/** References within a schema that now stands among the definitions. */
const placed = (schema: JsonSchema, name: string): JsonSchema => {
  const move = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(move);
    if (!isObject(value)) return value;
    // Its own body is the first form of what `admitting` makes of it.
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, key === '$ref' && typeof member === 'string' && member.startsWith('#') ? `#/definitions/${escapePointer(name)}/anyOf/0${member.slice(1)}` : move(member)]));
  };
  return move(schema) as JsonSchema;
};

/** A value, or an expression in its place; and so for all within it. */
const admitting = (schema: JsonSchema, description?: string): JsonSchema => {
  const told = description ?? (typeof schema.description === 'string' ? schema.description : undefined);
  return { ...(told === undefined ? {} : { description: told }), anyOf: [within(schema), EXPRESSION] };
};
const admitted = (schema: Json): Json => (isObject(schema) ? (Object.keys(schema).length === 0 ? schema : admitting(schema)) : schema);

const within = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, Json] => {
      if ((key === 'properties' || key === 'patternProperties') && isObject(value)) return [key, Object.fromEntries(Object.entries(value).map(([name, member]) => [name, admitted(member)]))];
      if (key === 'items' || key === 'additionalProperties') return [key, admitted(value)];
      if (key === 'prefixItems' && Array.isArray(value)) return [key, value.map(admitted)];
      if ((key === '$defs' || key === 'definitions') && isObject(value)) return [key, Object.fromEntries(Object.entries(value).map(([name, member]) => [name, isObject(member) ? within(member) : member]))];
      // An expression may fit several of the forms: one is enough.
      if ((key === 'oneOf' || key === 'anyOf' || key === 'allOf') && Array.isArray(value)) return [key === 'oneOf' ? 'anyOf' : key, value.map((form) => (isObject(form) ? within(form) : form))];
      return [key, value];
    }),
  );

/** Words of 2020-12 by the names that draft-07 has for them. */
const asDraft07 = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(asDraft07);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, member]): [string, Json] => {
    if (key === '$ref' && typeof member === 'string') return [key, member.replaceAll('/$defs/', '/definitions/')];
    if (key === '$defs') return ['definitions', asDraft07(member)];
    if (key === 'prefixItems') return ['items', asDraft07(member)];
    if (key === 'items' && value.prefixItems !== undefined) return ['additionalItems', asDraft07(member)];
    return [key, key === 'const' || key === 'enum' ? member : asDraft07(member)];
  });
  return Object.fromEntries(entries);
};
