/** Values between JSONata and the outside: measured while they are made, plain JSON when they leave. */
import type { Json, JsonObject } from '../json.js';
import { LimitExceeded, LIMITS } from './limits.js';

/** What JSONata holds as a function: a lambda, a built-in, or the closure of a regular expression. */
export const isFunction = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'object' && value !== null && ('_jsonata_lambda' in value || '_jsonata_function' in value));

/** A result that is no JSON: the message stands behind "The JSONata expression ...". */
export class NotPlain extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotPlain';
  }
}

const tooLarge = (): LimitExceeded => new LimitExceeded(`made a value of more than ${LIMITS.size} characters.`);
const tooDeep = (): LimitExceeded => new LimitExceeded(`made a value nested more than ${LIMITS.nesting} deep.`);

/** Of an array or object: its size as JSON, roughly, and how deep it is nested. */
interface Measured {
  readonly size: number;
  readonly nesting: number;
}
export type Known = Map<object, Measured>;

/**
 * Measures a value. `known` remembers what was measured: a value that is built by using another one twice grows twofold with
 * every use while it takes no memory, and must be stopped before anything walks through it.
 */
export const measure = (value: unknown, known: Known): number => (isCompound(value) ? measureCompound(value, known, 1).size : sizeOfLeaf(value));

const isCompound = (value: unknown): value is object => typeof value === 'object' && value !== null && !isFunction(value);
const sizeOfLeaf = (value: unknown): number => (typeof value === 'string' ? value.length + 2 : 8);

const measureCompound = (value: object, known: Known, depth: number): Measured => {
  const before = known.get(value);
  if (before) return before;
  if (depth > LIMITS.nesting) throw tooDeep();
  let size = 2;
  let nesting = 0;
  const add = (member: unknown, around: number): void => {
    size += around;
    if (isCompound(member)) {
      const inner = measureCompound(member, known, depth + 1);
      size += inner.size;
      nesting = Math.max(nesting, inner.nesting);
    } else size += sizeOfLeaf(member);
    if (size > LIMITS.size) throw tooLarge();
  };
  if (Array.isArray(value)) for (const member of value) add(member, 1);
  else for (const key of Object.keys(value)) add((value as Record<string, unknown>)[key], key.length + 4);
  if (nesting >= LIMITS.nesting) throw tooDeep();
  const measured = { size, nesting: nesting + 1 };
  known.set(value, measured);
  return measured;
};

/**
 * A copy of a result as plain JSON: no sequence flags, no functions, no NaN, no -0 (a log would read it back as 0).
 * @throws NotPlain, LimitExceeded
 */
export const toPlain = (value: unknown): Json => copy(value, { size: 0 }, 0);

const copy = (value: unknown, made: { size: number }, nesting: number): Json => {
  made.size += 8;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    made.size += value.length;
    return value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new NotPlain(`returned a number that JSON can not hold: ${value}.`);
    return value === 0 ? 0 : value;
  }
  if (typeof value !== 'object' || isFunction(value)) throw new NotPlain('returned an unsupported result type (a function).');
  if (nesting > LIMITS.nesting) throw tooDeep();
  if (made.size > LIMITS.size) throw tooLarge();
  if (Array.isArray(value)) return value.map((member: unknown) => (member === undefined ? null : copy(member, made, nesting + 1)));
  const entries: [string, Json][] = [];
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    made.size += key.length;
    if (member !== undefined) entries.push([key, copy(member, made, nesting + 1)]);
  }
  return Object.fromEntries(entries);
};

/** A copy for expressions during which JSONata writes into what it was given. */
export const cloneJson = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(cloneJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, cloneJson((value as JsonObject)[key] as Json)]));
};

/** Far below what may be nested. */
const FEW = 100;

/**
 * Weighs what one decision tells. An expression is bounded by itself, but a flow that goes in a circle may put what it has into
 * something new each time: by `[$x, $x]` it doubles while it takes no memory, until the log writes it as text.
 */
export class Weight {
  /** Values are shared between states, and within such a value. */
  #known: Map<object, Measured> | undefined;
  #inAll = 0;
  /** Members that may still be looked at without remembering them. */
  #few = 0;

  /** @returns what is wrong with it, to stand behind the state's place in a cause; undefined where it may be told */
  add(value: Json): string | undefined {
    if (typeof value !== 'object' || value === null) {
      this.#inAll += sizeOfLeaf(value);
    } else {
      try {
        this.#few = FEW;
        const size = this.#sizeOfFew(value);
        this.#inAll += size <= LIMITS.handed ? size : this.#weigh(value, 1).size;
      } catch (thrown) {
        if (thrown instanceof LimitExceeded) return thrown.message;
        throw thrown;
      }
    }
    return this.#inAll > LIMITS.handedInAll ? `Since the last Task or Wait the flow has handed on more than ${LIMITS.handedInAll} characters as JSON.` : undefined;
  }

  /** Most values are small: to remember what is in them would cost more than to look again. @returns Infinity for what has more members */
  #sizeOfFew(value: object): number {
    let size = 2;
    if (Array.isArray(value)) for (const member of value) size += 1 + this.#sizeOfOne(member);
    else for (const key in value) size += key.length + 4 + this.#sizeOfOne((value as { readonly [key: string]: unknown })[key]);
    return size;
  }

  #sizeOfOne(member: unknown): number {
    this.#few -= 1;
    if (typeof member !== 'object' || member === null) return sizeOfLeaf(member);
    return this.#few < 0 ? Infinity : this.#sizeOfFew(member);
  }

  #weigh(value: object, depth: number): Measured {
    const known = (this.#known ??= new Map());
    const before = known.get(value);
    if (before) {
      if (depth + before.nesting - 1 > LIMITS.handedNesting) throw handedTooDeep();
      return before;
    }
    if (depth > LIMITS.handedNesting) throw handedTooDeep();
    let size = 2;
    let nesting = 0;
    const add = (member: unknown, around: number): void => {
      size += around;
      if (typeof member === 'object' && member !== null) {
        const inner = this.#weigh(member, depth + 1);
        size += inner.size;
        nesting = Math.max(nesting, inner.nesting);
      } else size += sizeOfLeaf(member);
      if (size > LIMITS.handed) throw new LimitExceeded(`A value that it hands on has more than ${LIMITS.handed} characters as JSON.`);
    };
    if (Array.isArray(value)) for (const member of value) add(member, 1);
    else for (const key of Object.keys(value)) add((value as { readonly [key: string]: unknown })[key], key.length + 4);
    const measured = { size, nesting: nesting + 1 };
    known.set(value, measured);
    return measured;
  }
}

const handedTooDeep = (): LimitExceeded => new LimitExceeded(`A value that it hands on is nested more than ${LIMITS.handedNesting} deep.`);
