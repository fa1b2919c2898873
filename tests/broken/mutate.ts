/**
 * Breaks sound workflows, one small change at a time, as people and editors do. The same seed gives the same changes, so
 * the cases under by-mutation/ can be made again from what lies under good/.
 */
export interface Mutation {
  /** What was done, for the file's name. */
  readonly how: string;
  readonly text: string;
}

/** A generator of numbers in [0, 1) by seed (mulberry32). */
export const numbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

type Change = (text: string, pick: <T>(from: readonly T[]) => T) => string;

const matches = (text: string, pattern: RegExp): { at: number; length: number; text: string }[] =>
  [...text.matchAll(pattern)].map((match) => ({ at: match.index, length: match[0].length, text: match[0] }));

/** Replaces one of the places that fit. */
const one =
  (pattern: RegExp, change: (found: string, pick: <T>(from: readonly T[]) => T) => string): Change =>
  (text, pick) => {
    const places = matches(text, pattern);
    if (places.length === 0) return text;
    const place = pick(places);
    return text.slice(0, place.at) + change(place.text, pick) + text.slice(place.at + place.length);
  };

/** Two neighbours change places: the commonest typing error. */
const swapped = (word: string, pick: <T>(from: readonly T[]) => T): string => {
  const places = [...word].flatMap((letter, index) => (/\w/.test(letter) && /\w/.test(word[index + 1] ?? '') && letter !== word[index + 1] ? [index] : []));
  if (places.length === 0) return word;
  const at = pick(places);
  return word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2);
};
const value = (key: string): RegExp => new RegExp(`(?<="${key}": )"[^"]+"`, 'g');

const CHANGES: { readonly [how: string]: Change } = {
  'next-misspelt': one(value('Next'), swapped),
  'start-misspelt': one(value('StartAt'), swapped),
  'default-misspelt': one(value('Default'), swapped),
  'resource-misspelt': one(value('Resource'), swapped),
  'type-misspelt': one(value('Type'), swapped),
  'field-misspelt': one(/"(?:Type|Next|Resource|Arguments|Assign|Catch|ErrorEquals|Output|Comment|TimeoutSeconds|States|StartAt|Choices|Condition|Default)"(?=:)/g, swapped),
  'error-misspelt': one(/"(?:Terminal|Sensitive|States|Till|Payer|Card)\.\w+"(?=[,\]])/g, swapped),
  'variable-misspelt': one(/\$(?!states|parse|exists|string|formatNumber)\w{4,}/g, swapped),
  'argument-misspelt': one(/"(?:text|amountMinor|currency|card|workflow|audience|method|with)"(?=:)/g, swapped),
  'comma-lost': one(/,(?=\n)/g, () => ''),
  'comma-added': one(/(?<=[}\]"])(?=\n\s*[}\]])/g, () => ','),
  'quote-lost': one(/"(?=:)/g, () => ''),
  'brace-lost': one(/[{}](?=\n)/g, () => ''),
  'line-lost': one(/^ {6}"(?:Type|Resource|Next)".*\n/gm, () => ''),
  'line-twice': one(/^ {4,8}"\w+": .*,\n/gm, (found) => found + found),
  'comment-added': one(/^ {4}(?="\w+": \{)/gm, (found) => `${found}// look here\n${found}`),
  'state-lost': (text, pick) => {
    const flow = JSON.parse(text) as { StartAt: string; States: { [name: string]: unknown } };
    delete flow.States[pick(Object.keys(flow.States))];
    return `${JSON.stringify(flow, undefined, 2)}\n`;
  },
  'next-lost': (text, pick) => {
    const flow = JSON.parse(text) as { States: { [name: string]: { Next?: string; End?: boolean } } };
    const state = flow.States[pick(Object.keys(flow.States).filter((name) => flow.States[name]?.Next !== undefined))];
    delete state?.Next;
    return `${JSON.stringify(flow, undefined, 2)}\n`;
  },
  'json-path': one(/"Assign": \{/g, () => '"ResultPath": "$.result",\n      "Assign": {'),
  'time-as-text': one(/"TimeoutSeconds": \d+/g, (found) => `${found.replace(/\d+/, '"')}${/\d+/.exec(found)?.[0] ?? ''} s"`),
  'expression-cut': one(/ %\}"/g, () => ' + %}"'),
  'cut-off': (text, pick) => text.slice(0, pick(Array.from({ length: text.length - 20 }, (_, index) => index + 10))),
};

/** Changes by seed, round by round over all kinds; what changes nothing is left out. */
export const mutations = function* (good: readonly string[], seed: number): Generator<Mutation> {
  const next = numbers(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  for (;;) {
    for (const [how, change] of Object.entries(CHANGES)) {
      const before = pick(good);
      const text = change(before, pick);
      if (text !== before) yield { how, text };
    }
  }
};
