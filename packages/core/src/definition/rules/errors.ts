import { isObject, type JsonObject } from '../../json.js';
import { actionOf, actionsOf } from '../actions.js';
import type { ActionEntry } from '../catalogue.js';
import { listed } from '../diagnostic.js';
import type { Report, Rule, World } from '../facts.js';
import { ENGINE_ERRORS, raisedBy, STATES_ERRORS } from '../flow/escapes.js';
import { nearest } from '../nearest.js';
import { isExpression, itemsOf, type StateFacts, textOf } from '../walk.js';

/** Errors that are waited for exist; `States.ALL` stands alone and last; what moves money is tried again only after errors named one by one (rule 13). */
export const errors: Rule = (workflow, world, report) => {
  const names = raised(world);
  const actions = actionsOf(world.catalogue);
  for (const facts of workflow.states) {
    // What may end with names that can't be seen here may end with this one.
    const { open } = raisedBy(facts, workflow, world);
    for (const field of ['Retry', 'Catch']) {
      const items = itemsOf(facts.state[field]).filter((item): item is [number, JsonObject] => isObject(item[1]));
      items.forEach(([index, item], order) => {
        const pointer = `${facts.pointer}/${field}/${index}/ErrorEquals`;
        everythingLast(item, pointer, order === items.length - 1, report);
        for (const [place, value] of itemsOf(item.ErrorEquals)) {
          const name = textOf(value);
          if (name === undefined || name === '' || names.has(name)) continue;
          const near = nearest(name, names);
          report(open ? 'WORKFLOW_ERROR_UNCERTAIN' : 'WORKFLOW_UNKNOWN_ERROR', `${pointer}/${place}`, {
            near,
            details: { name: JSON.stringify(name), known: listed(near.length > 0 ? near : [...names].slice(1), 4) },
          });
        }
      });
    }
    moneyRetry(facts, actionOf(facts, actions), report);
  }
};

/** Every error name that something here can end with. */
const raised = (world: World): ReadonlySet<string> => {
  const names = new Set([...STATES_ERRORS, ...ENGINE_ERRORS]);
  const add = (errors_: { readonly [name: string]: unknown }): void => {
    for (const name of Object.keys(errors_)) names.add(name);
  };
  for (const namespace of Object.values(world.catalogue.actions)) for (const action of Object.values(namespace)) add(action.errors);
  for (const method of world.catalogue.methods) add(method.errors);
  for (const { states } of world.workflows.values()) {
    for (const { type, state } of states) {
      const error = type === 'Fail' ? textOf(state.Error) : undefined;
      if (error !== undefined && !isExpression(error)) names.add(error);
    }
  }
  return names;
};

const everythingLast = (item: JsonObject, pointer: string, last: boolean, report: Report): void => {
  const names = itemsOf(item.ErrorEquals);
  for (const [place, name] of names) {
    if (name !== 'States.ALL') continue;
    const at = `${pointer}/${place}`;
    if (names.length > 1) report('WORKFLOW_ERROR_ALL_NOT_LAST', at, { details: { why: { zh: '与其他错误名写在一起', en: 'stands beside other names' } } });
    else if (!last) report('WORKFLOW_ERROR_ALL_NOT_LAST', at, { details: { why: { zh: '之后的项永远不会用到', en: 'hides the items behind it' } } });
  }
};

const moneyRetry = (facts: StateFacts, action: ActionEntry | undefined, report: Report): void => {
  if (!action?.movesMoney) return;
  for (const [index, retrier] of itemsOf(facts.state.Retry)) {
    for (const [place, name] of itemsOf(isObject(retrier) ? retrier.ErrorEquals : undefined)) {
      if (name !== 'States.ALL' && name !== 'States.TaskFailed') continue;
      report('WORKFLOW_RETRY_UNSAFE', `${facts.pointer}/Retry/${index}/ErrorEquals/${place}`, {
        details: { resource: textOf(facts.state.Resource) ?? '', name: JSON.stringify(name), known: listed(Object.keys(action.errors), 4) },
      });
    }
  }
};
