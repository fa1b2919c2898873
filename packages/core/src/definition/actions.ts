import type { ActionEntry, Catalogue } from './catalogue.js';
import { type StateFacts, textOf } from './walk.js';

/** The action that runs another workflow; the interpreter carries it out, so it is there whatever is registered. */
export const WORKFLOW_RUN = 'workflow:run';

const run: ActionEntry = {
  description: { zh: '运行另一个流程', en: 'Runs another workflow' },
  arguments: { type: 'object', properties: { workflow: { type: 'string', minLength: 1 }, input: {} }, required: ['workflow'], additionalProperties: false },
  result: {},
  errors: {},
  redo: 'again',
  movesMoney: false,
};

/** The actions by namespace, `workflow:run` included. */
export const actionsOf = (catalogue: Catalogue): Catalogue['actions'] => ({ ...catalogue.actions, workflow: { run, ...catalogue.actions.workflow } });

/** `pinpad:enterPin` in its two parts; the action may hold further colons. */
export const resourceParts = (resource: string): { namespace: string; action: string } | undefined => {
  const match = /^([A-Za-z][\w-]*):(\S+)$/.exec(resource);
  return match ? { namespace: match[1] ?? '', action: match[2] ?? '' } : undefined;
};

/** The action that a Task names, where there is one. */
export const actionOf = ({ type, state }: StateFacts, actions: Catalogue['actions']): ActionEntry | undefined => {
  const parts = type === 'Task' ? resourceParts(textOf(state.Resource) ?? '') : undefined;
  if (!parts || !Object.hasOwn(actions, parts.namespace)) return undefined;
  const namespace = actions[parts.namespace] ?? {};
  return Object.hasOwn(namespace, parts.action) ? namespace[parts.action] : undefined;
};
