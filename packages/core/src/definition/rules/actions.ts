import { isObject, type Json, type JsonSchema } from '../../json.js';
import { actionOf, actionsOf, resourceParts, WORKFLOW_RUN } from '../actions.js';
import type { Catalogue } from '../catalogue.js';
import { listed } from '../diagnostic.js';
import type { Report, Rule } from '../facts.js';
import { nearest } from '../nearest.js';
import { misfits } from '../template-fit.js';
import { isExpression, type StateFacts, textOf } from '../walk.js';

/** A Task names an action that is registered, and what it is given fits as far as it is constant. */
export const actions: Rule = ({ states }, { catalogue }, report) => {
  const known = actionsOf(catalogue);
  for (const facts of states) {
    const resource = facts.type === 'Task' ? textOf(facts.state.Resource) : undefined;
    if (resource === undefined || resource === '' || !named(facts, resource, known, report)) continue;
    const action = actionOf(facts, known);
    const given = facts.state.Arguments;
    // workflow:run is a matter of its own: see runs.
    if (!action || (resource === WORKFLOW_RUN && !isObject(given))) continue;
    // Without Arguments an action is given an empty object, an ARN the state's input.
    if (given === undefined && resource.startsWith('arn:')) continue;
    fits(resource, given ?? {}, action.arguments, given === undefined ? facts.pointer : `${facts.pointer}/Arguments`, report, resource === WORKFLOW_RUN ? ['/workflow', ''] : []);
    if (resource.startsWith('payment:') && isObject(given)) method(resource, given, facts, catalogue, report);
  }
};

const named = (facts: StateFacts, resource: string, known: Catalogue['actions'], report: Report): boolean => {
  const pointer = `${facts.pointer}/Resource`;
  const namespaces = Object.keys(known);
  const all = (): string[] => namespaces.flatMap((name) => Object.keys(known[name] ?? {}).map((action) => `${name}:${action}`));
  const parts = isExpression(resource) ? undefined : resourceParts(resource);
  if (!parts) {
    report('WORKFLOW_RESOURCE_INVALID', pointer, { near: nearest(resource, all()), details: { known: listed(namespaces) } });
    return false;
  }
  const { namespace, action } = parts;
  if (!Object.hasOwn(known, namespace)) {
    const elsewhere = namespaces.filter((name) => Object.hasOwn(known[name] ?? {}, action)).map((name) => `${name}:${action}`);
    const near = [...new Set([...nearest(resource, all()), ...elsewhere, ...nearest(namespace, namespaces)])].slice(0, 3);
    report('WORKFLOW_UNKNOWN_NAMESPACE', pointer, { near, details: { namespace, known: listed(namespaces) } });
    return false;
  }
  const own = Object.keys(known[namespace] ?? {});
  if (own.includes(action)) return true;
  const near = nearest(action, own).map((name) => `${namespace}:${name}`);
  report('WORKFLOW_UNKNOWN_ACTION', pointer, { near, details: { namespace, known: listed(own, 40) } });
  return false;
};

const fits = (resource: string, given: Json, schema: JsonSchema, pointer: string, report: Report, elsewhere: readonly string[] = []): void => {
  try {
    for (const { pointer: below, at, why, wanted, near } of misfits(given, schema)) {
      if (elsewhere.includes(below) && at === 'value') continue;
      report('WORKFLOW_ARGUMENTS_INVALID', pointer + below, { at, near, details: { resource, why: { ...why }, wanted: { ...wanted } } });
    }
  } catch (error) {
    report('WORKFLOW_ACTION_SCHEMA', pointer, { at: 'key', details: { resource, why: error instanceof Error ? error.message : 'unknown' } });
  }
};

/** Where the method is a constant it is one that is registered, and its own schema holds for `with`. */
const method = (resource: string, given: { readonly [name: string]: Json }, facts: StateFacts, catalogue: Catalogue, report: Report): void => {
  const wanted = given.method;
  if (typeof wanted !== 'string' || isExpression(wanted)) return;
  const pointer = `${facts.pointer}/Arguments`;
  const ids = catalogue.methods.map(({ id }) => id);
  const found = catalogue.methods.find(({ id }) => id === wanted);
  if (!found) report('WORKFLOW_UNKNOWN_METHOD', `${pointer}/method`, { near: nearest(wanted, ids), details: { method: JSON.stringify(wanted), known: listed(ids) } });
  else if (given.with === undefined) fits(`${resource} ${wanted}`, {}, found.arguments, pointer, report);
  else fits(`${resource} ${wanted}`, given.with, found.arguments, `${pointer}/with`, report);
};
