/**
 * Addresses: '' is the root scope, `Pay` a state in it, `Split[1]` a scope that the state Split opened, `Split[1].Charge` a
 * state in that scope, `Split[1].Charge#2` its second visit (a step).
 */
import type { State, StateMachine } from '../definition/asl.js';
import type { StepId } from '../events.js';
import type { Draft } from './draft.js';
import type { Program, ScopeState } from './types.js';

// A state's name may hold any character; those that structure an address are written as %2E and the like.
const escaped = (name: string): string =>
  name.replace(/[%.[\]#]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`);
const STRUCTURAL = /[%.[\]#]/;

export const stateAddress = (scope: string, state: string): string => {
  // As a key of a plain object, `__proto__` would be lost.
  const name = state === '__proto__' ? '%5F_proto__' : STRUCTURAL.test(state) ? escaped(state) : state;
  return scope === '' ? name : `${scope}.${name}`;
};

export const stepId = (address: string, visit: number): StepId => `${address}#${visit}`;

/** The address of a step without its visit: `Split[1].Charge`. */
export const addressOf = (step: StepId): string => step.slice(0, step.lastIndexOf('#'));

/** The scope that a step stands in: `Split[1]`. */
export const scopeOf = (step: StepId): string => {
  // Most stand in the root: looking from the front for what is not there is several times as fast.
  return step.includes('.') ? step.slice(0, step.lastIndexOf('.')) : '';
};

/** The scope with this index that a step opened: what a `scopeEnded` event speaks of. */
export const scopeAddress = (step: StepId, index: number): string => `${addressOf(step)}[${index}]`;

/** From the root to this scope, '' first. */
export const scopeChain = (address: string): readonly string[] => {
  if (address === '') return [''];
  const chain = [''];
  for (let dot = address.indexOf('.'); dot >= 0; dot = address.indexOf('.', dot + 1)) chain.push(address.slice(0, dot));
  chain.push(address);
  return chain;
};

/** The scope around this one and its own index there. */
export const aroundScope = (address: string): { readonly outer: string; readonly index: number } => ({
  outer: scopeOf(address),
  index: Number(address.slice(address.lastIndexOf('[') + 1, -1)),
});

/** Where a step stands now, if it is still the one its scope is at. */
export const scopeAt = (draft: Pick<Draft, 'scopes'>, step: StepId): ScopeState | undefined => {
  const scope = draft.scopes.get(scopeOf(step));
  return scope?.current.step === step ? scope : undefined;
};

const machines = new WeakMap<StateMachine, Map<string, StateMachine>>();

/** The state machine that a pointer names within a workflow's definition: '', `/States/Split/Branches/1`. */
export const machineAt = (program: Program, workflow: string, pointer: string): StateMachine | undefined => {
  const definition = program.definitions[workflow];
  if (definition === undefined || pointer === '') return definition;
  let known = machines.get(definition);
  if (!known) machines.set(definition, (known = new Map()));
  const found = known.get(pointer);
  if (found) return found;
  let at: unknown = definition;
  for (const key of pointer.split('/').slice(1)) {
    at = (at as Record<string, unknown> | undefined)?.[key.replace(/~1/g, '/').replace(/~0/g, '~')];
  }
  if (at !== undefined) known.set(pointer, at as StateMachine);
  return at as StateMachine | undefined;
};

/** The state that a scope stands at. */
export const stateAt = (program: Program, scope: ScopeState): State | undefined =>
  machineAt(program, scope.workflow, scope.pointer)?.States[scope.current.state];

/** One more pointer token, escaped as JSON Pointer asks. */
export const pointerToken = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1');
