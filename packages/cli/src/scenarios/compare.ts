/** Holds what came out of a scenario against what was expected of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '@tillwright/core';
import { diffLines } from 'diff';
import { stringify } from 'yaml';
import type { Expectation } from './scenario.js';

/** Everything that an expectation may speak of, as it came out. */
export type Outcome = Required<Omit<Expectation, 'printed' | 'shown' | 'error' | 'output'>> & {
  readonly error?: string;
  /** Why, for a person to read: no expectation speaks of it. */
  readonly cause?: string;
  readonly output?: Json;
  readonly printed: string;
  readonly shown: string;
};

/** One thing that came out otherwise; `diff` has `-` for what was expected and `+` for what came. */
export interface Difference {
  readonly what: keyof Expectation;
  readonly diff: string;
}

/** Only what the expectation names is compared. */
export const compare = (expected: Expectation, got: Outcome): Difference[] => {
  const differences: Difference[] = [];
  for (const what of ['result', 'error', 'output', 'path', 'payments', 'ledger', 'receipts', 'cases'] as const) {
    const wanted = expected[what] as Json | undefined;
    if (wanted === undefined) continue;
    const came = seenThrough(wanted, (got[what] ?? null) as Json);
    if (isDeepStrictEqual(wanted, came)) continue;
    differences.push({ what, diff: diffOf(wanted, came) });
    // Why it failed is what is asked first, whether an error was expected or not.
    if (what === 'result' && got.error !== undefined) differences.push({ what: 'error', diff: `+ ${got.error}${got.cause ? `: ${got.cause}` : ''}` });
  }
  for (const what of ['printed', 'shown'] as const) {
    const missing = (expected[what] ?? []).filter((text) => !got[what].includes(text));
    if (missing.length > 0) differences.push({ what, diff: missing.map((text) => `- ${text}`).join('\n') });
  }
  return differences;
};

/** Of objects only the fields that are named; lists and all else whole. */
const seenThrough = (wanted: Json, came: Json): Json => {
  if (Array.isArray(wanted) && Array.isArray(came)) return came.map((each: Json, index) => (index < wanted.length ? seenThrough(wanted[index] as Json, each) : each));
  if (isObject(wanted) && isObject(came)) return Object.fromEntries(Object.keys(wanted).filter((name) => Object.hasOwn(came, name)).map((name) => [name, seenThrough(wanted[name] as Json, came[name] as Json)]));
  return came;
};

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const diffOf = (wanted: Json, came: Json): string =>
  diffLines(stringify(wanted), stringify(came))
    .flatMap(({ value, added, removed }) => value.replace(/\n$/, '').split('\n').map((line) => `${added ? '+' : removed ? '-' : ' '} ${line}`))
    .join('\n');
