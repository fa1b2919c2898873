/**
 * What an embedder gives, held against what the till takes before anything is changed: it comes from requests, forms and files, and no
 * compiler need have seen it. What was given is never repeated: it may hold anything.
 */
import type { Clock } from './contract.js';
import { canCall } from './engine/alarms.js';
import type { CaseDecision } from './engine/case-files.js';
import { TillwrightError } from './errors.js';
import { isObject, type Json, NESTING_MAX, ownJson } from './json.js';

const refused = (call: string, why: string): TillwrightError => new TillwrightError('CALL_INVALID', { call, why });

/** @throws CALL_INVALID for what is no text, or an empty one */
export const text = (call: string, name: string, value: unknown): string => {
  if (typeof value !== 'string') throw refused(call, `${name} is no text`);
  if (value === '') throw refused(call, `${name} is empty`);
  return value;
};

/** @throws CALL_INVALID for what JSON can't say, and for what is nested deeper than a log can be read back */
const plain = (call: string, name: string, value: unknown): Json => {
  try {
    return ownJson(value);
  } catch {
    throw refused(call, `${name} is no plain data, or nested more than ${NESTING_MAX} deep`);
  }
};

export interface Order {
  readonly terminal: string;
  readonly workflow: string;
  readonly key?: string;
  /** Nobody else's any more. */
  readonly input: Json;
}

/** @throws CALL_INVALID; an empty key is no key: it would be the same one for every sale that has none */
export const orderOf = (order: unknown): Order => {
  const call = 'till.start';
  if (!isObject(order)) throw refused(call, 'the order is no object');
  const { terminal, workflow, key, input = {} } = order as { readonly [name: string]: unknown };
  return {
    terminal: text(call, 'terminal', terminal),
    workflow: text(call, 'workflow', workflow),
    ...(key === undefined ? {} : { key: text(call, 'key', key) }),
    input: plain(call, 'input', input),
  };
};

/** Who decides, and why. @throws CASE_NEEDS_REASON */
export const personOf = (decision: unknown): Pick<CaseDecision, 'by' | 'reason'> => {
  const { by, reason } = (isObject(decision) ? decision : {}) as { readonly [name: string]: unknown };
  if (typeof by !== 'string' || typeof reason !== 'string' || !by.trim() || !reason.trim()) throw new TillwrightError('CASE_NEEDS_REASON');
  return { by, reason };
};

const ENDS: ReadonlySet<unknown> = new Set<CaseDecision['as']>(['paid', 'not-paid', 'undone']);

/** @throws CASE_NEEDS_REASON; CALL_INVALID for an end that no case comes to */
export const decisionOf = (decision: CaseDecision): CaseDecision => {
  const person = personOf(decision);
  const { as, amountMinor } = decision;
  if (!ENDS.has(as)) throw refused('resolve', `as is none of ${[...ENDS].join(', ')}`);
  return { as, ...(amountMinor === undefined ? {} : { amountMinor }), ...person };
};

const PORTS = { log: ['open', 'append', 'durable', 'onDurable', 'read', 'find', 'close'], sealed: ['put', 'get', 'forget', 'keys'], clock: ['now', 'until'], random: ['bytes'], ids: ['next'] } as const;

/** @throws CALL_INVALID: the first thing that can't be right */
export const checkOptions = (options: unknown): void => {
  const call = 'createTill';
  if (!isObject(options)) throw refused(call, 'the options are no object');
  const given: { readonly [name: string]: unknown } = options;
  for (const [port, functions] of Object.entries(PORTS)) {
    const needed = port === 'log' || port === 'sealed' || given[port] !== undefined;
    const missing = functions.find((name) => typeof (given[port] as { readonly [name: string]: unknown } | null | undefined)?.[name] !== 'function');
    if (needed && missing !== undefined) throw refused(call, `${port} has no function ${missing}`);
  }
  if (typeof given['hash'] !== 'function') throw refused(call, 'hash is no function');
  for (const name of ['laneWaitMs', 'keepClosed']) {
    const value = given[name];
    if (value !== undefined && !(Number.isFinite(value) && (value as number) >= 0)) throw refused(call, `${name} is no number above 0, nor 0`);
  }
  checkPluginList(call, given['plugins']);
  for (const [id, terminal] of entries(call, 'terminals', given['terminals'])) {
    if (!isObject(terminal)) throw refused(call, `terminals.${id} is no object`);
    for (const name of ['tid', 'mid', 'name', ...('operatorId' in terminal && terminal['operatorId'] !== undefined ? ['operatorId'] : [])]) text(call, `terminals.${id}.${name}`, terminal[name]);
  }
  checkSources(call, given['workflows']);
};

/**
 * A clock in whole milliseconds: a log holds no others, and one that counts finer (`performance`) is as good.
 * @returns one whose `now` throws CALL_INVALID where the given one tells no time
 */
export const clockOf = (given: Clock): Clock => {
  const now = (): number => {
    const told: unknown = given.now();
    const at = typeof told === 'number' ? Math.floor(told) : undefined;
    if (at === undefined || !Number.isSafeInteger(at)) throw refused('clock.now', 'it gave no time in ms');
    return at;
  };
  return { now, until: (atMs, signal) => given.until(atMs, signal), ...(canCall(given) ? { alarm: (atMs: number, due: () => void) => given.alarm(atMs, due) } : {}) };
};

/** @throws CALL_INVALID for what is no list of plugins; what they provide is looked at as they are loaded */
export const checkPluginList = (call: string, plugins: unknown): void => {
  if (!Array.isArray(plugins)) throw refused(call, 'plugins is no list');
  for (const [index, plugin] of plugins.entries()) checkPlugin(call, `plugins[${index}]`, plugin);
};

const checkPlugin = (call: string, at: string, plugin: unknown): void => {
  const { name, version, contract, provides } = (isObject(plugin) ? plugin : {}) as { readonly [name: string]: unknown };
  const numbered = isObject(contract) && typeof contract['major'] === 'number' && typeof contract['minor'] === 'number';
  if (typeof name !== 'string' || typeof version !== 'string' || !numbered || !Array.isArray(provides) || !provides.every(isProvision)) throw refused(call, `${at} is no plugin that definePlugin made`);
};

const isProvision = (value: unknown): boolean => isObject(value) && isObject(value['token']) && typeof (value['token'] as { readonly id?: unknown }).id === 'symbol' && isObject(value['how']) && typeof value['how']['kind'] === 'string';

/** Texts of workflows, or files of them, by name. @throws CALL_INVALID */
export const checkSources = (call: string, sources: unknown): void => {
  for (const [name, source] of entries(call, 'workflows', sources)) {
    if (typeof source !== 'string' && !(isObject(source) && typeof source['file'] === 'string' && typeof source['text'] === 'string')) throw refused(call, `workflow ${name} is neither a text nor { file, text }`);
  }
};

const entries = (call: string, name: string, value: unknown): [string, unknown][] => {
  if (!isObject(value)) throw refused(call, `${name} is no object`);
  try {
    return Object.entries(value);
  } catch {
    throw refused(call, `${name} can not be read`);
  }
};
