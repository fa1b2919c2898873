import { type Diagnostic, printable } from './diagnostic.js';
import { type Lines, lineStarts, lineText } from './places.js';

/** A report in the checker's shape, whoever found it. */
export type Reported = Omit<Diagnostic, 'code'> & { readonly code: string };

export interface RenderOptions {
  readonly color?: boolean;
  readonly language?: 'zh' | 'en';
}

/**
 * A report for people: each fault with its line of the file, what was expected, what was probably meant, and one next step.
 * @param sources the texts that were checked, by any key
 */
export const renderDiagnostics = (
  diagnostics: readonly Reported[],
  sources: { readonly [workflow: string]: { readonly file: string; readonly text: string } },
  options: RenderOptions = {},
): string => {
  const lines = new Map<string, Lines>();
  for (const { file, text } of Object.values(sources)) lines.set(file, lineStarts(text.replace(/^\ufeff/, '')));
  return diagnostics.map((diagnostic) => rendered(diagnostic, lines.get(diagnostic.file), options)).join('\n');
};

const WORDS = {
  zh: { found: '实际', expected: '应为', meant: '是否想写', next: '下一步', or: '、' },
  en: { found: 'Found', expected: 'Expected', meant: 'Did you mean', next: 'Next', or: ' or ' },
} as const;

const rendered = (diagnostic: Reported, lines: Lines | undefined, { color = false, language = 'en' }: RenderOptions): string => {
  const word = WORDS[language];
  const paint = (code: string, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const loud = diagnostic.severity === 'error' ? '31' : '33';
  const head = `${paint(`1;${loud}`, diagnostic.code)}  ${printable(diagnostic.file)}:${diagnostic.line}:${diagnostic.column}  ${printable(diagnostic.pointer)}`;
  const excerpt = lines ? excerptOf(lines, diagnostic) : undefined;
  const gutter = ' '.repeat(String(diagnostic.line).length);
  const shown = excerpt
    ? [
        `  ${diagnostic.line} | ${excerpt.text}`,
        `  ${gutter} | ${excerpt.before}${paint(loud, `${'^'.repeat(excerpt.width)} ${diagnostic.what[language]}`)}`,
      ]
    : [`  ${diagnostic.what[language]}`];
  const near = diagnostic.near.map((name) => JSON.stringify(name)).join(word.or);
  const meant = near === '' ? '' : `   ${word.meant} ${near}?`;
  return `${[head, ...shown, `  ${word.expected}: ${diagnostic.expected[language]}${meant}`, `  ${word.next}: ${diagnostic.next[language]}`].join('\n')}\n`;
};

/** A file may be one long line: what stands around the fault is enough. */
const WIDTH_MAX = 100;
const BEFORE_MAX = 40;

const excerptOf = (lines: Lines, { line, column, endLine, endColumn }: Reported): { text: string; before: string; width: number } => {
  const whole = lineText(lines, line);
  const start = column - 1;
  const from = whole.length > WIDTH_MAX && start > BEFORE_MAX ? start - BEFORE_MAX : 0;
  const cut = whole.slice(from, from + WIDTH_MAX);
  const front = from > 0 ? '...' : '';
  const text = printable(cut.replace(/\t/g, ' '));
  const marked = text.slice(start - from, (endLine === line ? endColumn - 1 : whole.length) - from);
  return {
    text: `${front}${text}${from + WIDTH_MAX < whole.length ? '...' : ''}`,
    before: ' '.repeat(front.length + columns(text.slice(0, start - from))),
    width: Math.max(1, columns(marked)),
  };
};

/** Chinese takes two columns of a terminal for each character. */
const columns = (text: string): number => [...text].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;
