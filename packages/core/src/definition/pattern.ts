import { RE2JS } from 're2js';

/**
 * A regular expression of JSONata's, which are JavaScript's, for an engine that matches in linear time.
 * @throws the engine's error where it can't: look-around, back-references
 */
export const linearPattern = (pattern: RegExp): RE2JS =>
  RE2JS.compile(RE2JS.translateRegExp(asJavaScriptReads(pattern.source)), (pattern.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (pattern.multiline ? RE2JS.MULTILINE : 0));

// What the engine knows of them comes last: `[\s-x]` stays no range.
const SPACES = '\\x0b\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff\\s';
const NO_SPACES = '\\x00-\\x08\\x0e-\\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\u{10ffff}';
const ANY = '[^\\n\\r\u2028\u2029]';

/** Spells out what the engine reads otherwise: of white space it knows that of ASCII, not the wide space of a Chinese keyboard, and its dot stops at a line feed only. */
const asJavaScriptReads = (source: string): string => {
  let inClass = false;
  return source.replace(/\\[\s\S]|[[\].]/g, (part) => {
    if (part === '\\s') return inClass ? SPACES : `[${SPACES}]`;
    if (part === '\\S') return inClass ? NO_SPACES : `[${NO_SPACES}]`;
    if (part === '.' && !inClass) return ANY;
    if (part === '[' || part === ']') inClass = part === '[';
    return part;
  });
};
