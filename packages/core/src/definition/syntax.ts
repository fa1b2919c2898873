import { getLocation, type ParseError, printParseErrorCode } from 'jsonc-parser';
import { messageOf } from '../fault.js';
import type { Text } from '../json.js';
import { type Diagnostic, diagnose, type Place } from './diagnostic.js';
import { escapePointer } from './places.js';

/** A file in another language than JSON would otherwise be answered with one line for each of its own. */
const TOLD_MAX = 100;

/** What JSON.parse would refuse: the tree parser stays the second opinion. */
export const refusedByJson = (text: string): Text | undefined => {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const why = messageOf(error);
    return { zh: why, en: why };
  }
};

/** Comments and trailing commas leave the rest readable; after another error what follows is guesswork, so only the first is told. */
export const syntaxFaults = (text: string, errors: readonly ParseError[], placeAt: (offset: number, length: number, pointer: string) => Place): { diagnostics: Diagnostic[]; readable: boolean } => {
  const diagnostics: Diagnostic[] = [];
  const commas = new Set<number>();
  for (const { error, offset, length } of errors) {
    if (diagnostics.length >= TOLD_MAX) break;
    const name = printParseErrorCode(error);
    const pointer = pointerAt(text, offset);
    const found = text.slice(offset, offset + length);
    if (name === 'InvalidCommentToken') {
      diagnostics.push(diagnose('WORKFLOW_COMMENT', placeAt(offset, length, pointer), { found }));
      continue;
    }
    const comma = name === 'PropertyNameExpected' || name === 'ValueExpected' ? trailingComma(text, offset) : undefined;
    if (comma !== undefined) {
      if (!commas.has(comma)) diagnostics.push(diagnose('WORKFLOW_TRAILING_COMMA', placeAt(comma, 1, pointer), { found: ',' }));
      commas.add(comma);
      continue;
    }
    const [why, wanted] = SYNTAX[name] ?? [{ zh: '无法识别的内容', en: 'this can not be read' }, JSON_WANTED];
    diagnostics.push(diagnose('WORKFLOW_SYNTAX', placeAt(offset, length, pointer), { found, details: { why: { ...why }, wanted: { ...wanted } } }));
    return { diagnostics, readable: false };
  }
  return { diagnostics, readable: true };
};

const trailingComma = (text: string, offset: number): number | undefined => {
  if (text[offset] !== '}' && text[offset] !== ']') return undefined;
  let before = offset - 1;
  while (before >= 0 && /\s/.test(text[before] ?? '')) before -= 1;
  return text[before] === ',' ? before : undefined;
};

/** The path ends in an empty name where none has been typed yet. */
const pointerAt = (text: string, offset: number): string => {
  const { path } = getLocation(text, offset);
  return (path.at(-1) === '' ? path.slice(0, -1) : path).map((segment) => `/${escapePointer(String(segment))}`).join('');
};

export const JSON_WANTED: { zh: string; en: string } = { zh: '合法的 JSON', en: 'JSON' };
const SYNTAX: { readonly [code: string]: readonly [Text, Text] } = {
  InvalidSymbol: [
    { zh: '无法识别的词', en: 'this word means nothing in JSON' },
    { zh: '带双引号的字符串、数字、true、false、null、对象或数组', en: 'a string in double quotes, a number, true, false, null, an object or an array' },
  ],
  InvalidNumberFormat: [{ zh: '数字格式不对', en: 'this is not a number' }, { zh: '例如 12 或 0.5 的数字', en: 'a number such as 12 or 0.5' }],
  PropertyNameExpected: [{ zh: '这里应当是名称', en: 'a name should stand here' }, { zh: '带双引号的名称', en: 'a name in double quotes' }],
  ValueExpected: [{ zh: '这里缺少值', en: 'a value is missing here' }, { zh: '一个值', en: 'a value' }],
  ColonExpected: [{ zh: '名称后面缺少冒号', en: 'a colon is missing after the name' }, { zh: '":"', en: '":"' }],
  CommaExpected: [{ zh: '两项之间缺少逗号', en: 'a comma is missing between two items' }, { zh: '","', en: '","' }],
  CloseBraceExpected: [{ zh: '对象没有结束', en: 'an object is not closed' }, { zh: '"}"', en: '"}"' }],
  CloseBracketExpected: [{ zh: '数组没有结束', en: 'an array is not closed' }, { zh: '"]"', en: '"]"' }],
  EndOfFileExpected: [{ zh: '流程之后还有内容', en: 'something follows after the workflow' }, { zh: '文件到此结束', en: 'the end of the file' }],
  UnexpectedEndOfString: [{ zh: '字符串没有结束', en: 'a string is not closed' }, { zh: '结束的双引号', en: 'a closing double quote' }],
  UnexpectedEndOfComment: [{ zh: '注释没有结束', en: 'a comment is not closed' }, { zh: '不带注释的 JSON', en: 'JSON without comments' }],
  UnexpectedEndOfNumber: [{ zh: '数字没有写完', en: 'a number is not finished' }, { zh: '例如 12 或 0.5 的数字', en: 'a number such as 12 or 0.5' }],
  InvalidUnicode: [{ zh: '\\u 后面应有四个十六进制数字', en: 'four hexadecimal digits follow after \\u' }, { zh: '例如 \\u4e2d', en: 'such as \\u4e2d' }],
  InvalidEscapeCharacter: [{ zh: '反斜杠后面的字符不对', en: 'this can not follow after a backslash' }, { zh: '\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u', en: 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u' }],
  InvalidCharacter: [{ zh: '字符串中有控制字符', en: 'a control character stands in a string' }, { zh: '写成 \\n、\\t 或 \\u 加四位', en: 'it written as \\n, \\t or \\u with four digits' }],
};
