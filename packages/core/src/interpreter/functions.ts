/** The functions that expressions may call: JSONata's own within limits, and those that the States Language adds. */
import type { Json } from '../json.js';
import { Budget, checkSequence, checkString, LimitExceeded, LIMITS } from './limits.js';
import { isFunction } from './plain.js';
import { seeded, uuid, type Random } from './random.js';

export type HashAlgorithm = 'MD5' | 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
export interface ExpressionPorts {
  /** Digest of a text (UTF-8) as lower-case hex. */
  hash(algorithm: HashAlgorithm, text: string): string;
}

/** One evaluation: what it may use, and where its time and randomness come from. */
export interface Evaluation {
  readonly at: number;
  readonly random: Random;
  readonly budget: Budget;
  readonly ports: ExpressionPorts;
}

/** A frame of JSONata's environment, as far as it is used here. `base` is the outermost one of an evaluation. */
export interface Frame {
  readonly base?: Frame;
  evaluation?: Evaluation;
  readonly depth: number;
  lookup(name: string | symbol): unknown;
}

/** How JSONata holds a function. */
export interface Definition {
  readonly _jsonata_function: true;
  readonly implementation: Implementation;
  readonly signature?: unknown;
}
type Implementation = (this: Focus, ...args: never[]) => unknown;
interface Focus {
  readonly environment?: Frame;
  /** An array that gives its only member in its own place. */
  createSequence?(): unknown[];
}

const evaluationOf = (focus: Focus): Evaluation => {
  const evaluation = focus.environment?.base?.evaluation;
  if (!evaluation) throw new LimitExceeded('called a function in a way that is not supported.');
  return evaluation;
};

const mismatch = (name: string, argument: number, expected: string): Error => new Error(`Argument ${argument} of function "${name}" must be ${expected}`);

// The names of those of JSONata's functions that are taken over within limits.
const GUARDED =
  'sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match contains replace split join formatNumber formatBase formatInteger parseInteger number boolean not map zip filter single reduce sift keys lookup append spread merge reverse each sort base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone'.split(
    ' ',
  );

/** Looks at what a function is given, before it runs, where its result may be far larger than that. */
const BEFORE: { readonly [name: string]: (...args: never[]) => void } = {
  pad: (text: unknown, width: number, char?: string) => {
    const added = Math.max(0, Math.abs(Math.trunc(width)) - (typeof text === 'string' ? text.length : 0));
    checkString(added * Math.max(1, char?.length ?? 1));
  },
  join: (parts: unknown, separator?: string) => {
    if (!Array.isArray(parts)) return;
    checkString(parts.reduce((sum: number, part: unknown) => sum + (typeof part === 'string' ? part.length : 0) + (separator?.length ?? 0), 0));
  },
  replace: (text: unknown, pattern: unknown, replacement: unknown) => {
    if (typeof text !== 'string' || typeof replacement !== 'string') return;
    // $0 gives back what matched, which is never more than the text in all: the product bounds both ways to grow.
    const times = typeof pattern === 'string' && pattern !== '' ? text.split(pattern).length : text.length + 1;
    checkString(text.length + (typeof pattern === 'string' ? times : times / 16) * (replacement.length + 1));
  },
  toMillis: (text: unknown, picture: unknown) => {
    if (typeof text !== 'string' || typeof picture !== 'string') return;
    // JSONata makes a backtracking expression of a picture. Each part that may end at any letter or digit multiplies its ways.
    const parts = [...picture.matchAll(/\[([^\]]*)\]([^[]*)/g)];
    const open = parts.slice(0, -1).filter(([, part, literal]) => !/^[A-Za-z]\d{2}/.test(part ?? '') && !/[^A-Za-z0-9]/.test(literal ?? ''));
    if (text.length > 64 || open.length > 4) throw new LimitExceeded('reads a time of more than 64 characters, or by a picture with too many parts that nothing separates.');
  },
  fromMillis: (_ms: unknown, picture?: unknown) => checkWidths(picture),
  formatInteger: (value: unknown, picture: unknown) => {
    if (typeof value === 'number' && Math.abs(value) > 1e15) throw new LimitExceeded('formatted an integer of more than 15 digits.');
    if (typeof value === 'number' && typeof picture === 'string' && /[Ii]/.test(picture) && Math.abs(value) > 10_000) {
      throw new LimitExceeded('formatted an integer above 10000 as a Roman numeral.');
    }
  },
};

/** Of a picture of a time: a part may say how wide it is, `[Y,4]`. */
const checkWidths = (picture: unknown): void => {
  if (typeof picture !== 'string') return;
  checkString(picture.length);
  let width = 0;
  // JSONata leaves out the spaces in it.
  for (const [, digits] of picture.replaceAll(/\s+/g, '').matchAll(/\[[^\]]*,(\d+)/g)) width += Number(digits);
  checkString(width);
};

const sizeOf = (value: unknown): number => (typeof value === 'string' || Array.isArray(value) ? value.length : 0);
const checkLength = (value: unknown): void => {
  if (typeof value === 'string') checkString(value.length);
  else if (Array.isArray(value)) checkSequence(value.length);
};

/** JSONata reads a function's arity from `length` and, for partial application, its parameters from `toString()`. */
const standingFor = (original: Implementation, made: Implementation): Implementation => {
  Object.defineProperty(made, 'length', { value: original.length });
  Object.defineProperty(made, 'toString', { value: () => original.toString() });
  return made;
};

const guarded = (name: string, definition: Definition): Definition => {
  const before = BEFORE[name];
  const { implementation } = definition;
  const made = function (this: Focus, ...args: never[]): unknown {
    const { budget } = evaluationOf(this);
    let size = 0;
    for (const arg of args) {
      checkLength(arg);
      size += sizeOf(arg);
    }
    budget.step(1 + (size >> 6));
    before?.(...args);
    const result = implementation.apply(this, args);
    if (result instanceof Promise) {
      return result.then((value: unknown) => {
        checkLength(value);
        return value;
      });
    }
    checkLength(result);
    return result;
  };
  return { ...definition, implementation: standingFor(implementation, made) };
};

/**
 * All functions that expressions see beside those of JSONata that need no limit.
 * @param builtIn JSONata's own definition of a name
 */
export const functionsOf = (builtIn: (name: string) => Definition | undefined): ReadonlyMap<string, Definition> => {
  const functions = new Map<string, Definition>();
  for (const name of GUARDED) {
    const definition = builtIn(name);
    if (definition) functions.set(name, guarded(name, definition));
  }
  const fromMillis = builtIn('fromMillis')?.implementation as ((this: Focus, ms: number, picture?: string, zone?: string) => string) | undefined;
  const define = (name: string, implementation: Implementation, like: string): void => {
    functions.set(name, { _jsonata_function: true, implementation, signature: builtIn(like)?.signature });
  };
  // The names after each function tell whose signature checks its arguments.
  define('now', function (this: Focus, picture?: string, zone?: string) { checkWidths(picture); return fromMillis?.call(this, evaluationOf(this).at, picture, zone); }, 'now');
  define('millis', function (this: Focus) { return evaluationOf(this).at; }, 'millis');
  define('shuffle', function (this: Focus, items?: readonly unknown[]) { return items && shuffled(items, evaluationOf(this)); }, 'shuffle');
  define('eval', () => { throw new Error('The function $eval is not supported'); }, 'none');
  define('random', function (this: Focus, seed?: unknown) { return seed === undefined ? evaluationOf(this).random.next() : seededOnce(seed); }, 'none');
  define('uuid', function (this: Focus) { return uuid(evaluationOf(this).random); }, 'millis');
  define('hash', function (this: Focus, text?: unknown, algorithm?: unknown) { return hashed(text, algorithm, evaluationOf(this)); }, 'none');
  define('parse', function (this: Focus, text?: unknown) { return parsed(text, evaluationOf(this)); }, 'none');
  define('distinct', function (this: Focus, items?: unknown) { return Array.isArray(items) ? distinct(items, this) : items; }, 'distinct');
  define('partition', function (this: Focus, items?: unknown, size?: unknown) { return partitioned(items, size, evaluationOf(this)); }, 'none');
  define('range', function (this: Focus, first?: unknown, last?: unknown, step?: unknown) { return range(first, last, step, evaluationOf(this)); }, 'none');
  return functions;
};

const shuffled = (items: readonly unknown[], { random, budget }: Evaluation): unknown[] => {
  checkSequence(items.length);
  budget.step(items.length);
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(random.next() * (at + 1));
    [result[at], result[other]] = [result[other], result[at]];
  }
  return result;
};

const seededOnce = (seed: unknown): number => {
  if (typeof seed !== 'number') throw mismatch('random', 1, 'a number');
  return seeded(`$random(${seed})`).next();
};

const ALGORITHMS: readonly string[] = ['MD5', 'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] satisfies HashAlgorithm[];

const hashed = (text: unknown, algorithm: unknown, { ports, budget }: Evaluation): string | undefined => {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw mismatch('hash', 1, 'a string');
  if (typeof algorithm !== 'string' || !ALGORITHMS.includes(algorithm)) {
    throw mismatch('hash', 2, `one of ${ALGORITHMS.join(', ')}`);
  }
  checkString(text.length);
  budget.step(1 + (text.length >> 6));
  return ports.hash(algorithm as HashAlgorithm, text);
};

const parsed = (text: unknown, { budget }: Evaluation): Json | undefined => {
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw mismatch('parse', 1, 'a string');
  checkString(text.length);
  budget.step(1 + (text.length >> 6));
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw mismatch('parse', 1, 'JSON');
  }
};

/** JSONata holds each member against all others: some thousand objects would take it minutes. What is equal has the same text. */
const distinct = (items: readonly unknown[], focus: Focus): readonly unknown[] => {
  const { budget } = evaluationOf(focus);
  checkSequence(items.length);
  budget.step(1 + (items.length >> 6));
  if (items.length <= 1) return items;
  const results = (items as { sequence?: unknown }).sequence === true ? (focus.createSequence?.() ?? []) : [];
  const functions = new Map<object, number>();
  const values = new Set<unknown>();
  const texts = new Set<string>();
  for (const item of items) {
    const isLeaf = typeof item !== 'object' || item === null || isFunction(item);
    const text = isLeaf ? '' : textOf(item, functions);
    budget.step(text.length >> 6);
    if (isLeaf ? values.has(item) : texts.has(text)) continue;
    if (isLeaf) values.add(item);
    else texts.add(text);
    results.push(item);
  }
  return results;
};

/** With sorted keys; functions are told apart by their numbers. */
const textOf = (value: unknown, functions: Map<object, number>): string => {
  if (typeof value === 'number') return `${value}`;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return JSON.stringify(value) ?? 'undefined';
  if (isFunction(value)) {
    if (!functions.has(value)) functions.set(value, functions.size);
    return `function ${functions.get(value)}`;
  }
  if (Array.isArray(value)) return `[${value.map((member) => textOf(member, functions)).join()}]`;
  const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${textOf((value as Readonly<Record<string, unknown>>)[key], functions)}`);
  return `{${members.join()}}`;
};

const partitioned = (items: unknown, size: unknown, { budget }: Evaluation): unknown[][] | undefined => {
  if (items === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(items) ? items : [items];
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1) throw mismatch('partition', 2, 'a whole number above 0');
  checkSequence(list.length);
  budget.step(list.length);
  const parts: unknown[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
};

const range = (first: unknown, last: unknown, step: unknown, { budget }: Evaluation): number[] | undefined => {
  if (first === undefined || last === undefined || step === undefined) return undefined;
  if (!Number.isInteger(first) || !Number.isInteger(last) || !Number.isInteger(step) || step === 0) {
    throw new Error('The arguments of function "range" must be whole numbers, and the step not 0');
  }
  const [from, to, by] = [first as number, last as number, step as number];
  const length = Math.max(0, Math.floor((to - from) / by) + 1);
  checkSequence(length);
  budget.step(length);
  return Array.from({ length }, (_, index) => from + index * by);
};

/** What `LIMITS` says of `..`, in JSONata's own terms. */
export const SEQUENCE_OPTION = { sequence: LIMITS.sequence } as const;
