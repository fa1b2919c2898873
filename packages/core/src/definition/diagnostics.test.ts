import { describe, expect, it } from 'vitest';
import { diagnose, printable } from './diagnostic.js';
import { DIAGNOSTICS, type DiagnosticCode, type DiagnosticEntry } from './diagnostics.js';
import { editDistance, nearest } from './nearest.js';

const details = (one: string): string[] => [...new Set(one.match(/\{\w+(?:\.(?:zh|en))?\}/g)?.map((name) => name.replace(/\.\w+/, '')))].sort();
const place = { file: 'f', line: 1, column: 1, endLine: 1, endColumn: 2, pointer: '' };

describe('the table of faults', () => {
  it.each(Object.entries<DiagnosticEntry>(DIAGNOSTICS))('%s says what, what was expected and what next, in both languages', (code, entry) => {
    expect(code).toMatch(/^WORKFLOW_[A-Z_]+$/);
    for (const text of [entry.what, entry.expected, entry.next]) {
      expect(text.zh).not.toBe('');
      expect(text.en).not.toBe('');
      expect(details(text.zh)).toEqual(details(text.en));
    }
  });

  it('is filled with details, and lets no control character through', () => {
    const code: DiagnosticCode = 'WORKFLOW_UNKNOWN_NAMESPACE';
    const told = diagnose(code, place, { found: `x\u001b[31m${'y'.repeat(100)}`, details: { namespace: 'a\u001bb', known: 'c, d' } });
    expect(told.what.en).toBe('there is no namespace "a·b"');
    expect(told.expected.zh).toBe('以下之一：c, d');
    expect(told.found).toHaveLength(60);
    expect(told.found.startsWith('x·[31my')).toBe(true);
    expect(printable('\u202eabc\u2066')).toBe('·abc·');
  });
});

describe('nearest names', () => {
  it('counts inserts, deletes, replacements and swaps', () => {
    expect(['abc', 'ab', 'abcd', 'acb', 'xbc', ''].map((other) => editDistance('abc', other))).toEqual([0, 1, 1, 1, 1, 3]);
    expect(editDistance('abcdef', 'uvwxyz', 2)).toBe(3);
  });
  it('gives the best first, and none where nothing is near', () => {
    expect(nearest('enterPIN', ['loadKeys', 'enterPin', 'mac'])).toEqual(['enterPin']);
    expect(nearest('Nxet', ['Next', 'Default', 'End'])).toEqual(['Next']);
    expect(nearest('zzz', ['Next', 'Default'])).toEqual([]);
    expect(nearest('a', ['b', 'c'])).toEqual([]);
    expect(nearest('x'.repeat(1000), ['Next'])).toEqual([]);
  });
});
