import type { RE2JS } from 're2js';
import { linearPattern } from '../definition/pattern.js';
import { LimitExceeded, type Budget } from './limits.js';

const compiled = new WeakMap<RegExp, RE2JS>();

/** Look-around and back-references have no linear time: RE2 refuses them. */
const linear = (source: RegExp): RE2JS => {
  const known = compiled.get(source);
  if (known) return known;
  let made: RE2JS;
  try {
    made = linearPattern(source);
  } catch (thrown) {
    throw new LimitExceeded(`holds a regular expression that can not be matched in linear time: /${source.source}/ (${(thrown as Error).message}).`);
  }
  compiled.set(source, made);
  return made;
};

export interface Matched extends Array<string | undefined> {
  index: number;
}
export type RegexEngine = new (source: RegExp) => { lastIndex: number; exec(text: string): Matched | null };

/** What JSONata takes for its `RegexEngine`: the part of a global RegExp that it uses, matched in linear time. */
export const regexEngine = (budget: Budget): RegexEngine =>
  class {
    lastIndex = 0;
    private readonly expression: RE2JS;
    private text = '';
    private matcher: ReturnType<RE2JS['matcher']> | undefined;
    constructor(source: RegExp) {
      this.expression = linear(source);
    }

    exec(text: string): Matched | null {
      budget.match(Math.max(0, text.length - this.lastIndex) + 1);
      if (!this.matcher || this.text !== text) {
        this.matcher = this.expression.matcher(text);
        this.text = text;
      }
      const { matcher } = this;
      if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
        this.lastIndex = 0;
        return null;
      }
      const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
      this.lastIndex = matcher.end();
      return Object.assign(groups, { index: matcher.start() });
    }
  };
