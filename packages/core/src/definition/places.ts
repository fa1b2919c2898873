/** Where each line begins; CR LF, LF and CR end a line. */
export interface Lines {
  readonly starts: readonly number[];
  readonly text: string;
}

export const lineStarts = (text: string): Lines => {
  const starts = [0];
  for (let offset = 0; offset < text.length; offset += 1) {
    const unit = text.charCodeAt(offset);
    if (unit === LF || (unit === CR && text.charCodeAt(offset + 1) !== LF)) starts.push(offset + 1);
  }
  return { starts, text };
};

const LF = 10;
const CR = 13;

/** The text of a line (from 1), without its ending. */
export const lineText = (lines: Lines, line: number): string => {
  const from = lines.starts[line - 1] ?? lines.text.length;
  return lines.text.slice(from, lines.starts[line] ?? lines.text.length).replace(/[\r\n]+$/, '');
};

export const positionOf = (lines: Lines, offset: number, length: number): { line: number; column: number; endLine: number; endColumn: number } => {
  const begin = lineColumn(lines, offset);
  const end = lineColumn(lines, offset + length);
  return { line: begin.line, column: begin.column, endLine: end.line, endColumn: end.column };
};

const lineColumn = (lines: Lines, offset: number): { line: number; column: number } => {
  let low = 0;
  let high = lines.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (lines.starts[low] ?? 0) + 1 };
};

/** One segment of a JSON Pointer (RFC 6901). */
export const escapePointer = (segment: string): string => segment.replace(/~/g, '~0').replace(/\//g, '~1');

export const pointerSegments = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((segment) => segment.replace(/~1/g, '/').replace(/~0/g, '~'));

export const lastSegment = (pointer: string): string => pointerSegments(pointer).at(-1) ?? '';
