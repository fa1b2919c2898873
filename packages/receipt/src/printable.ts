/** What may stand on paper, how wide it is, and how it is written in receipt markup. */

/**
 * Makes a value printable: one line, composed characters, no control or format characters (they would be printer commands,
 * or turn the reading direction), `RMB` for the yuan sign, which some printers lack.
 */
export const printable = (value: string): string =>
  value
    .normalize('NFC')
    .replace(/[\p{Surrogate}\uFFFE\uFFFF]/gu, '\uFFFD')
    .replace(/[\s\u0085]+/gu, ' ')
    .replace(/[\p{Control}\p{Format}]/gu, '')
    .replace(/(?:CN|RMB *)?[¥￥] ?/gu, 'RMB ')
    .replace(/ {2,}/g, ' ')
    .trim();

/** Columns that a text takes: one for ASCII, two for everything else, as printers with a Chinese font set it. */
export const widthOf = (text: string): number => {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width;
};

const widthOfCharacter = (character: string): number => ((character.codePointAt(0) ?? 0) < 0x80 ? 1 : 2);

/** Markup characters, the escape itself included; written as `\xHH`, which the markup reads as the plain character. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[\\|{}_"`^~=-]/g, (character) => `\\x${character.charCodeAt(0).toString(16)}`);

/**
 * Breaks a text into lines of at most `columns`: at spaces, before and after Chinese characters, and within a word only
 * where the word alone is too long for a line.
 */
export const wrap = (text: string, columns: number): string[] => {
  const lines: string[] = [];
  let line = '';
  const flush = () => {
    if (line.trim() !== '') lines.push(line.trim());
    line = '';
  };
  for (const piece of text.match(/ |[\x21-\x7e]+|[^\x20-\x7e]/gu) ?? []) {
    if (widthOf(line) + widthOf(piece) <= columns) {
      line += piece;
      continue;
    }
    flush();
    for (const character of piece) {
      if (widthOf(line) + widthOfCharacter(character) > columns) flush();
      line += character;
    }
  }
  flush();
  return lines;
};
