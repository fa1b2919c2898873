import { isObject, type Json, type JsonObject } from '../json.js';
import { escapePointer } from './places.js';

/** The checker looks at values that may be misshapen, so that it can tell all faults at once: nothing here trusts a type. */
export interface MachineFacts {
  readonly pointer: string;
  readonly machine: JsonObject;
  readonly states: ReadonlyMap<string, StateFacts>;
  /** The Parallel or Map it belongs to. */
  readonly owner?: StateFacts;
}
export interface StateFacts {
  readonly name: string;
  readonly pointer: string;
  readonly state: JsonObject;
  readonly type: string;
  readonly machine: MachineFacts;
}

/** A part of a workflow that is evaluated. */
export interface TemplateFacts {
  readonly field: string;
  readonly pointer: string;
  readonly value: Json;
}

/** The workflow's state machine and those of its branches and iterations, outer ones first. */
export const machinesOf = (root: JsonObject): MachineFacts[] => {
  const found: MachineFacts[] = [];
  const queue: { pointer: string; machine: JsonObject; owner?: StateFacts }[] = [{ pointer: '', machine: root }];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const states = new Map<string, StateFacts>();
    const machine: MachineFacts = { ...next, states };
    found.push(machine);
    for (const [name, state] of membersOf(machine.machine.States)) {
      if (!isObject(state)) continue;
      const facts: StateFacts = { name, pointer: `${next.pointer}/States/${escapePointer(name)}`, state, type: textOf(state.Type) ?? '', machine };
      states.set(name, facts);
      for (const [index, branch] of itemsOf(facts.type === 'Parallel' ? state.Branches : undefined)) {
        if (isObject(branch)) queue.push({ pointer: `${facts.pointer}/Branches/${index}`, machine: branch, owner: facts });
      }
      if (facts.type === 'Map' && isObject(state.ItemProcessor)) queue.push({ pointer: `${facts.pointer}/ItemProcessor`, machine: state.ItemProcessor, owner: facts });
    }
  }
  return found;
};

const TEMPLATES = ['Arguments', 'Assign', 'Output', 'ItemSelector', 'Items'];
const EXPRESSIONS = ['Condition', 'Seconds', 'Timestamp', 'TimeoutSeconds', 'HeartbeatSeconds', 'Error', 'Cause', 'MaxConcurrency', 'ToleratedFailureCount', 'ToleratedFailurePercentage'];
const EVALUATED = new Set([...TEMPLATES, ...EXPRESSIONS]);

/** All that is evaluated in a state: its own fields, those of its choice rules and of its catchers. */
export const templatesOf = (facts: StateFacts): TemplateFacts[] => {
  const found: TemplateFacts[] = [];
  const collect = (holder: JsonObject, pointer: string): void => {
    for (const [field, value] of Object.entries(holder)) {
      if (EVALUATED.has(field)) found.push({ field, pointer: `${pointer}/${field}`, value });
    }
  };
  collect(facts.state, facts.pointer);
  for (const list of ['Choices', 'Catch']) {
    for (const [index, item] of itemsOf(facts.state[list])) {
      if (isObject(item)) collect(item, `${facts.pointer}/${list}/${index}`);
    }
  }
  return found;
};

/** Calls back for a value and all within it. `key` is the name in front of it, through arrays. */
export const walkJson = (value: Json, pointer: string, visit: (value: Json, pointer: string, key: string) => void, key = ''): void => {
  visit(value, pointer, key);
  for (const [index, item] of itemsOf(value)) walkJson(item, `${pointer}/${index}`, visit, key);
  for (const [name, member] of membersOf(value)) walkJson(member, `${pointer}/${escapePointer(name)}`, visit, name);
};

export const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
export const itemsOf = (value: Json | undefined): [number, Json][] => (Array.isArray(value) ? [...(value as readonly Json[]).entries()] : []);
export const membersOf = (value: Json | undefined): [string, Json][] => (isObject(value) ? Object.entries(value) : []);

/** Whether a string is one expression from end to end; anything else is plain text. */
export const isExpression = (value: Json | undefined): value is string => typeof value === 'string' && value.length >= 4 && value.startsWith('{%') && value.endsWith('%}');
