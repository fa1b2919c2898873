import type { ReceiptDocument, Text } from '@tillwright/core/contract';
import { printable, widthOf, wrap } from './printable.js';
import { WORDS, inLanguage } from './words.js';

/** One printed line. `size` 2 takes twice the columns and twice the height; 'tall' only the height. */
export interface Line {
  readonly text: string;
  readonly align: 'left' | 'centre' | 'right';
  readonly size: 1 | 2 | 'tall';
  readonly strong: boolean;
}

/** Sets a receipt in lines that each fit the paper, whatever the renderer. */
export const layOut = (document: ReceiptDocument, columns: number): Line[] => {
  const { language, copy } = document;
  const rule = line('-'.repeat(columns));
  const card = document.signature !== 'absent';
  const copyName = copy === 'merchant' ? WORDS.merchantCopy : card ? WORDS.cardholderCopy : WORDS.customerCopy;
  const signs = document.signature === 'signature' && copy === 'merchant';
  return [
    ...heading(printable(document.merchantName), columns),
    BLANK,
    ...sentence(document.title, language, columns, { align: 'centre', strong: true }),
    ...sentence(copyName, language, columns, { align: 'centre' }),
    ...(document.reprint ? reprintMark(language, columns) : []),
    rule,
    ...document.lines.flatMap((entry) => labelled(entry.label, entry.value, entry.large === true, language, columns)),
    rule,
    ...(signs ? signatureLine(language, columns) : []),
    ...(document.signature === 'none' ? sentence(WORDS.noSignature, language, columns, { align: 'centre', strong: true }) : []),
    ...(card ? [BLANK, ...sentence(WORDS.statement, language, columns)] : []),
    ...document.notes.flatMap((note) => sentence(note, language, columns)),
  ];
};

const line = (text: string, options: Partial<Omit<Line, 'text'>> = {}): Line => ({ text, align: 'left', size: 1, strong: false, ...options });

const BLANK = line('');

/** As large as it fits: doubled, or only taller where doubling would break it. */
const heading = (text: string, columns: number): Line[] =>
  widthOf(text) * 2 <= columns
    ? [line(text, { align: 'centre', size: 2, strong: true })]
    : wrap(text, columns).map((part) => line(part, { align: 'centre', size: 'tall', strong: true }));

const reprintMark = (language: ReceiptDocument['language'], columns: number): Line[] =>
  heading(`* ${inLanguage(WORDS.reprint, language).join(' ')} *`, columns);

/** On one line where both languages fit, else each on lines of its own. */
const sentence = (text: Text, language: ReceiptDocument['language'], columns: number, options: Partial<Omit<Line, 'text'>> = {}): Line[] => {
  const parts = inLanguage(text, language).map(printable);
  const joined = parts.join(' ');
  const texts = widthOf(joined) <= columns ? [joined] : parts;
  return texts.flatMap((part) => wrap(part, columns)).map((part) => line(part, options));
};

/** Label left, value right; a value that does not fit beside its label stands below it, a long one over several lines. */
const labelled = (label: Text, value: string, large: boolean, language: ReceiptDocument['language'], columns: number): Line[] => {
  const name = inLanguage(label, language).map(printable).join(' ');
  const content = printable(value);
  const size = large ? (widthOf(content) * 2 <= columns ? 2 : 'tall') : 1;
  if (!large && widthOf(name) + 1 + widthOf(content) <= columns) {
    return [line(name + ' '.repeat(columns - widthOf(name) - widthOf(content)) + content)];
  }
  return [
    ...wrap(name, columns).map((part) => line(part)),
    ...wrap(content, columns).map((part) => line(part, { align: 'right', size, strong: large })),
  ];
};

const signatureLine = (language: ReceiptDocument['language'], columns: number): Line[] => [
  ...sentence(WORDS.signHere, language, columns),
  BLANK,
  BLANK,
  line('_'.repeat(columns)),
];
