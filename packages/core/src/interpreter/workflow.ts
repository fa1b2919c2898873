import { isObject, type Json } from '../json.js';
import { scopeChain } from './address.js';
import type { Turn } from './turn.js';
import type { ScopeState } from './types.js';

/** The Resource that runs another workflow as a scope of this execution. */
export const WORKFLOW_RUN = 'workflow:run';

/** Workflows that run themselves end here instead of filling the memory. */
const NESTED_SCOPES_MAX = 64;

/** Opens the scope in which the named workflow runs, with variables of its own. `input` is the state's where it is left out. */
export const openWorkflow = (
  turn: Turn,
  scope: ScopeState,
  call: { readonly arguments: Json; readonly attempt: number; readonly dueAt: number | undefined },
): void => {
  const args = isObject(call.arguments) ? call.arguments : {};
  const workflow = args['workflow'];
  if (typeof workflow !== 'string' || !Object.hasOwn(turn.program.definitions, workflow)) {
    throw turn.failure(scope, 'States.Runtime', `There is no workflow ${JSON.stringify(workflow ?? null)} for the field 'Arguments/workflow'.`);
  }
  if (scopeChain(scope.address).length > NESTED_SCOPES_MAX) {
    throw turn.failure(scope, 'States.Runtime', `Workflows are nested more than ${NESTED_SCOPES_MAX} deep.`);
  }
  const input = args['input'];
  turn.emit({
    type: 'scopesOpened',
    step: scope.current.step,
    kind: 'workflow',
    inputs: [input === undefined ? scope.current.input : input],
    limit: 0,
    workflow,
    ...(call.dueAt === undefined ? {} : { dueAt: call.dueAt }),
    attempt: call.attempt,
  });
};
