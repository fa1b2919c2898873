import type { ReceiptDocument } from '@tillwright/core/contract';
import receiptline from 'receiptline';
import { layOut, type Line } from './layout.js';
import { escapeMarkup } from './printable.js';

export interface RenderOptions {
  /** Columns of the paper: 32 on 58 mm rolls, 48 on 80 mm. Default 32. */
  readonly charactersPerLine?: 32 | 48;
}

export interface RenderedReceipt {
  /** Lines of at most `charactersPerLine` columns (a Chinese character takes two); ends with a line feed. */
  readonly text: string;
  /** ESC/POS commands with GB18030 text, paper cut included. */
  readonly escpos: Uint8Array;
  /** A picture of the slip on white, with a margin; the same document gives the same bytes. */
  readonly svg: string;
  /** What both were made from, in ReceiptLine's markup; every value is escaped. */
  readonly markup: string;
}

/**
 * Sets a receipt and renders it for screen, printer and picture.
 * Values are taken as text: markup, control and format characters in them do nothing; the yuan sign prints as `RMB`.
 * Source: PAYMENT-FACTS section 6; ReceiptLine 4.
 */
export const renderReceipt = (document: ReceiptDocument, options: RenderOptions = {}): RenderedReceipt => {
  const columns = options.charactersPerLine ?? 32;
  const lines = layOut(document, columns);
  const markup = lines.map(toMarkup).join('\n');
  const printer = { cpl: columns, encoding: 'gb18030', spacing: true } as const;
  // Doubled letters are for eyes: in plain text they would be spaced out, and no search would find the amount.
  const plain = lines.map((line) => toMarkup({ ...line, size: 1, strong: false })).join('\n');
  const text = receiptline.transform(plain, { ...printer, command: 'text' });
  return {
    text: text.replace(/ +$/gm, ''),
    escpos: Buffer.from(receiptline.transform(markup, { ...printer, command: 'escpos' }), 'latin1'),
    svg: onPaper(receiptline.transform(markup, { ...printer, command: 'svg' })),
    markup,
  };
};

const SIZE_MARKS = { 1: '', tall: '^^', 2: '^^^' } as const;

const toMarkup = (line: Line): string => {
  const mark = SIZE_MARKS[line.size] + (line.strong ? '"' : '');
  const end = (line.strong ? '"' : '') + SIZE_MARKS[line.size];
  const text = `${mark}${escapeMarkup(line.text)}${end}`;
  // A space on the side that gives way: this is how the markup spells alignment.
  if (line.align === 'left') return `|${text} |`;
  return line.align === 'right' ? `| ${text}|` : `|${text}|`;
};

const MARGIN = 24;

/** Puts the drawing on white paper. Its filter, named by chance at each rendering, is unused and goes. */
const onPaper = (svg: string): string =>
  svg
    .replace(/<defs>.*?<\/defs>/s, '')
    .replace(
      /^<svg width="(\d+)px" height="(\d+)px" viewBox="0 0 \d+ \d+"([^>]*)>/,
      (_whole, width: string, height: string, rest: string) => {
        const [w, h] = [Number(width) + 2 * MARGIN, Number(height) + 2 * MARGIN];
        const box = `x="-${MARGIN}" y="-${MARGIN}" width="${w}" height="${h}"`;
        return `<svg width="${w}px" height="${h}px" viewBox="-${MARGIN} -${MARGIN} ${w} ${h}"${rest}><rect ${box} fill="#fff"/>`;
      },
    );
