import { type ActionEntry, type Catalogue } from '../definition/catalogue.js';
import { standardActions } from './standard/index.js';
import { object } from './standard/types.js';
import type { LoadedTerminal } from './terminal.js';

/** What workflows may use: core's own actions, and what every one of the terminals offers. */
export const catalogueOf = (terminals: readonly LoadedTerminal[], workflows: readonly string[]): Catalogue => {
  const actions: { [namespace: string]: { [name: string]: ActionEntry } } = {};
  for (const [namespace, named] of Object.entries(standardActions)) {
    actions[namespace] = Object.fromEntries(Object.entries(named).map(([name, action]) => [name, { ...manifest(action), movesMoney: action.movesMoney ?? false }]));
  }
  actions['workflow'] = { run: runWorkflow };
  for (const { actions: offered } of terminals) {
    for (const [namespace, named] of offered) {
      for (const [name, action] of Object.entries(named)) (actions[namespace] ??= {})[name] = { ...manifest(action), movesMoney: false };
    }
  }
  const methods = new Map(terminals.flatMap(({ methods: loaded }) => [...loaded.values()].map(({ method }) => [method.id, method] as const)));
  const declared = Object.fromEntries([...methods.values()].flatMap((method) => Object.entries(method.errors)));
  const sale = actions['payment']?.['sale'];
  // A method's finer errors are errors of the Task that pays by it.
  if (sale) actions['payment'] = { ...actions['payment'], sale: { ...sale, errors: { ...sale.errors, ...declared } } };
  return {
    actions,
    methods: [...methods.values()].map(({ id, label, needs, payerCode, capabilities, arguments: args, errors }) => ({ id, label, needs, ...(payerCode ? { payerCode } : {}), operations: capabilities.operations, arguments: args, errors })),
    workflows,
  };
};

const manifest = ({ arguments: args, result, errors, redo, description, actor }: Omit<ActionEntry, 'movesMoney'>): Omit<ActionEntry, 'movesMoney'> => ({
  arguments: args,
  result,
  errors,
  redo,
  description,
  ...(actor === undefined ? {} : { actor }),
});

const runWorkflow: ActionEntry = {
  description: { zh: '运行另一个流程', en: 'Runs another workflow as a part of this one' },
  arguments: object({ workflow: { type: 'string' }, input: {} }, ['workflow']),
  result: {},
  errors: {},
  redo: 'again',
  movesMoney: false,
};
