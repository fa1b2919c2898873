/** How wide text is drawn. Nobody knows the reader's fonts: widths of Helvetica, with room for wider ones. */

// Helvetica's advance widths in thousandths of an em, from the space to the tilde.
const WIDTHS =
  '278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584'
    .split(' ')
    .map(Number);
const ROOM = 1.12;

export const widthOf = (text: string, size: number): number => {
  let em = 0;
  for (const character of text) em += emOf(character);
  return (em * size) / 1000;
};

const emOf = (character: string): number => {
  const code = character.codePointAt(0) ?? 0;
  return code < 127 ? (WIDTHS[code - 32] ?? 0) * ROOM : code < 0x2e80 ? 600 * ROOM : 1000;
};

/** As much of a text as fits, with an ellipsis where something is left out. */
export const shortened = (text: string, size: number, width: number): string => {
  if (widthOf(text, size) <= width) return text;
  let em = 0;
  let end = 0;
  for (const character of text) {
    em += emOf(character);
    // Spaces at the end go: they count only before what follows them.
    if (character.trim() !== '' && ((em + emOf('…')) * size) / 1000 > width) break;
    end += character.length;
  }
  return `${text.slice(0, end).trimEnd()}…`;
};

/** Breaks between words, and anywhere between Chinese characters; what does not fit the last line is shortened. */
export const wrapped = (text: string, size: number, width: number, lines: number): string[] => {
  const words = text.match(/[⺀-￿][，。、；：！？）」』》…]*|[^\s⺀-￿]+\s*/gu) ?? [];
  const found: string[] = [];
  let line = '';
  for (const [index, word] of words.entries()) {
    if (line !== '' && widthOf((line + word).trimEnd(), size) > width) {
      if (found.length + 1 === lines) return [...found, shortened(line + words.slice(index).join(''), size, width)];
      found.push(line.trimEnd());
      line = '';
    }
    line += word;
  }
  return line === '' ? found : [...found, shortened(line.trimEnd(), size, width)];
};
