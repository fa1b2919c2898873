import type { Json, Text } from '../json.js';
import { isObject } from '../json.js';
import { DIAGNOSTICS, type DiagnosticCode, type DiagnosticEntry } from './diagnostics.js';

/** Where something stands. Lines and columns count from 1; columns are UTF-16 units; the end is exclusive. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** JSON Pointer (RFC 6901): `/States/EnterPin/Resource`. */
  readonly pointer: string;
}

/** One fault in a workflow's file. It is plain data: as JSON for editors and CI, rendered for people. */
export interface Diagnostic extends Place {
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  readonly what: Text;
  /** As it stands in the file, shortened. */
  readonly found: string;
  readonly expected: Text;
  /** The nearest valid names, best first; empty where there are none. */
  readonly near: readonly string[];
  /** One step that mends it. */
  readonly next: Text;
}

export interface Details {
  readonly [name: string]: Json;
}

/** Makes a diagnostic from its code's row. `found` is shortened and stripped of control characters. */
export const diagnose = (
  code: DiagnosticCode,
  place: Place,
  told: { readonly found: string; readonly near?: readonly string[]; readonly details?: Details },
): Diagnostic => {
  const entry: DiagnosticEntry = DIAGNOSTICS[code];
  const details = told.details ?? {};
  const text = (template: Text): Text => ({ zh: fill(template.zh, details), en: fill(template.en, details) });
  return {
    code,
    severity: entry.severity,
    ...place,
    what: text(entry.what),
    found: shorten(told.found),
    expected: text(entry.expected),
    near: told.near ?? [],
    next: text(entry.next),
  };
};

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === 'error';

/** In the order of the file, so that a person mends from top to bottom. */
export const inOrder = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  [...diagnostics].sort((a, b) => a.line - b.line || a.column - b.column || compare(a.pointer, b.pointer) || compare(a.code, b.code));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A list of names for a sentence: the first few, and how many more there are. */
export const listed = (names: readonly string[], limit = 12): string => {
  if (names.length === 0) return '-';
  const more = names.length - limit;
  return names.slice(0, limit).join(', ') + (more > 0 ? `, ... (+${more})` : '');
};

/** Control characters would reach the terminal of whoever reads the report. */
// eslint-disable-next-line no-control-regex
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\u00b7');

const FOUND_MAX = 60;
export const shorten = (text: string, max = FOUND_MAX): string => {
  const line = printable(text.slice(0, max * 8).replace(/\s+/g, ' '));
  return line.length > max ? `${line.slice(0, max - 3)}...` : line;
};

const fill = (template: string, details: Details): string =>
  template.replace(/\{(\w+)(?:\.(\w+))?\}/g, (whole, name: string, part: string | undefined) => {
    const value = Object.hasOwn(details, name) ? details[name] : undefined;
    const told = part === undefined ? value : isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    if (told === undefined) return whole;
    return typeof told === 'string' ? shorten(told, 400) : JSON.stringify(told);
  });
