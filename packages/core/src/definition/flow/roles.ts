/** What part a Task plays in a sale, by the action that it names. */
import type { JsonObject } from '../../json.js';
import { actionOf, actionsOf, resourceParts, WORKFLOW_RUN } from '../actions.js';
import type { Catalogue } from '../catalogue.js';
import { runsOf } from '../runs.js';
import { type StateFacts, textOf } from '../walk.js';

export const CONFIRM = 'prompt:confirm';
export const AMOUNT = 'prompt:amount';
const PRINT = 'printer:print';

export const resourceOf = ({ type, state }: StateFacts): string => (type === 'Task' ? (textOf(state.Resource) ?? '') : '');
const namespaceOf = (facts: StateFacts): string => resourceParts(resourceOf(facts))?.namespace ?? '';

/** It asks a person. */
export const isPrompt = (facts: StateFacts): boolean => namespaceOf(facts) === 'prompt';
/** It prints what this transaction has paid. */
export const isReceipt = (facts: StateFacts): boolean => resourceOf(facts) === PRINT;
/** It waits until somebody answers, inserts a card, shows a code, taps a key: whoever is waited for may cancel. */
export const isAttended = (facts: StateFacts, catalogue: Catalogue): boolean =>
  isPrompt(facts) || (isDevice(facts) && Object.hasOwn(actionOf(facts, actionsOf(catalogue))?.errors ?? {}, 'Terminal.Cancelled'));
/** It does not wait for ever. */
export const isTimed = ({ state }: StateFacts, root: JsonObject): boolean => state.TimeoutSeconds !== undefined || root.TimeoutSeconds !== undefined;
/** It is no action of core's own: what becomes a sensitive reference is read at such a one. */
export const isDevice = (facts: StateFacts): boolean => facts.type === 'Task' && !OWN.has(namespaceOf(facts));
const OWN = new Set(['', 'prompt', 'payment', 'workflow', 'till', 'printer']);

/** It names no action that there is: what it was meant to do can not be told, and no other fault is told because of it. */
export const isUnknown = (facts: StateFacts, catalogue: Catalogue): boolean => facts.type === 'Task' && actionOf(facts, actionsOf(catalogue)) === undefined;

/** It may charge: `payment:commit` keeps what is charged, and charges nothing. */
export const pays = (facts: StateFacts, catalogue: Catalogue): boolean => {
  const action = actionOf(facts, actionsOf(catalogue));
  return action !== undefined && action.movesMoney && Object.hasOwn(action.errors, 'Payment.Declined');
};

/** The workflow that a Task runs. */
export const runBy = (facts: StateFacts): string | undefined => (resourceOf(facts) === WORKFLOW_RUN ? runsOf([facts])[0]?.target : undefined);
