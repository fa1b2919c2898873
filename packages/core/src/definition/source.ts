import { createScanner, getNodePath, type Node, type ParseError, parseTree } from 'jsonc-parser';
import type { Json } from '../json.js';
import { type Diagnostic, diagnose, type Place } from './diagnostic.js';
import type { DiagnosticCode } from './diagnostics.js';
import { escapePointer, lineStarts, type Lines, pointerSegments, positionOf } from './places.js';
import { JSON_WANTED, refusedByJson, syntaxFaults } from './syntax.js';

/** A workflow's text with what is needed to say where something in it stands. */
export interface Source {
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly value: Json;
  readonly lines: Lines;
  /** The innermost node that the pointer names; where a segment leads nowhere, the last that was found. */
  node(pointer: string): Node | undefined;
  /** `key`: the name in front of the value, where there is one. `span`: part of a string's content, in UTF-16 units of the string itself. */
  place(pointer: string, at?: 'value' | 'key', span?: { readonly from: number; readonly to: number }): Place;
  /** As written. */
  found(pointer: string, at?: 'value' | 'key'): string;
}

/** One mebi character of workflow is some ten thousand states. */
const LENGTH_MAX = 8 * 1024 * 1024;
/** Each Parallel inside a Parallel takes five levels. Everything behind this walks by recursion. */
const DEPTH_MAX = 200;

/**
 * Reads strict JSON: no comments, no trailing commas, each key once.
 * @returns the source, absent where the text is not JSON, and every fault found in it
 */
export const readSource = (file: string, given: string): { source?: Source; diagnostics: Diagnostic[] } => {
  const text = given.startsWith('\ufeff') ? given.slice(1) : given;
  const lines = lineStarts(text);
  const placeAt = (offset: number, length: number, pointer = ''): Place => ({ file, ...positionOf(lines, offset, length), pointer });
  if (text.length > LENGTH_MAX) {
    return { diagnostics: [diagnose('WORKFLOW_TOO_LARGE', placeAt(0, 0), { found: '', details: { length: text.length, limit: LENGTH_MAX } })] };
  }
  if (text.trim() === '') return { diagnostics: [diagnose('WORKFLOW_EMPTY', placeAt(0, 0), { found: '' })] };
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    return { diagnostics: [diagnose('WORKFLOW_TOO_DEEP', placeAt(deep, 1), { found: text.slice(deep, deep + 1), details: { limit: DEPTH_MAX } })] };
  }

  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const { diagnostics, readable } = syntaxFaults(text, errors, placeAt);
  if (!readable || root === undefined) return { diagnostics };
  if (diagnostics.length === 0) {
    const refusal = refusedByJson(text);
    if (refusal !== undefined) return { diagnostics: [diagnose('WORKFLOW_SYNTAX', placeAt(0, 0), { found: '', details: { why: { ...refusal }, wanted: { ...JSON_WANTED } } })] };
  }

  const source = sourceOf(file, text, lines, root, (offset, length, pointer) => placeAt(offset, length, pointer), diagnostics);
  return { source, diagnostics };
};

const sourceOf = (
  file: string,
  text: string,
  lines: Lines,
  root: Node,
  placeAt: (offset: number, length: number, pointer: string) => Place,
  diagnostics: Diagnostic[],
): Source => {
  const found = new Map<string, Node>([['', root]]);
  const node = (pointer: string): Node | undefined => {
    const known = found.get(pointer);
    if (known) return known;
    let here = root;
    for (const segment of pointerSegments(pointer)) {
      const next = here.type === 'array' ? here.children?.[Number(segment)] : propertyOf(here, segment)?.children?.[1];
      if (!next) return here;
      here = next;
    }
    found.set(pointer, here);
    return here;
  };
  const keyOf = (pointer: string): Node | undefined => {
    const of = node(pointer);
    return of?.parent?.type === 'property' ? of.parent.children?.[0] : undefined;
  };
  const at = (pointer: string, which: 'value' | 'key'): Node => (which === 'key' ? keyOf(pointer) : undefined) ?? node(pointer) ?? root;

  const tell: Parameters<typeof valueOf>[1] = (code, of, key) => {
    const { offset, length } = key?.node ?? of;
    const pointer = getNodePath(of).map((segment) => `/${escapePointer(String(segment))}`).join('');
    const details = key ? { key: JSON.stringify(key.node.value), line: positionOf(lines, key.first.offset, 0).line } : {};
    diagnostics.push(diagnose(code, placeAt(offset, length, pointer), { found: text.slice(offset, offset + length), details }));
  };

  return {
    file,
    text,
    lines,
    value: valueOf(root, tell),
    node,
    place: (pointer, which = 'value', span) => {
      const stands = at(pointer, which);
      if (span && stands.type === 'string') {
        const raw = text.slice(stands.offset, stands.offset + stands.length);
        const from = rawOffset(raw, span.from);
        return placeAt(stands.offset + from, Math.max(1, rawOffset(raw, span.to) - from), pointer);
      }
      // An object is named by its key or its brace: underlining all of it would say nothing.
      if (stands.type === 'object' || stands.type === 'array') {
        const key = stands.parent?.type === 'property' ? stands.parent.children?.[0] : undefined;
        return key ? placeAt(key.offset, key.length, pointer) : placeAt(stands.offset, 1, pointer);
      }
      return placeAt(stands.offset, stands.length, pointer);
    },
    found: (pointer, which = 'value') => {
      const stands = at(pointer, which);
      return text.slice(stands.offset, stands.offset + Math.min(stands.length, 500));
    },
  };
};

const propertyOf = (object: Node, key: string): Node | undefined =>
  object.type === 'object' ? object.children?.find((property) => property.children?.[0]?.value === key) : undefined;

/**
 * Builds the value from the tree: JSON.parse would drop duplicate keys in silence and round numbers.
 * @param tell of a fault in a value; `key` is the name in front of it, where that is at fault
 */
const valueOf = (node: Node, tell: (code: DiagnosticCode, value: Node, key?: { readonly node: Node; readonly first: Node }) => void): Json => {
  if (node.type === 'array') return (node.children ?? []).map((child) => valueOf(child, tell));
  if (node.type === 'number') {
    const value = node.value as number;
    // The log would read -0 back as 0.
    if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value + 0;
    tell('WORKFLOW_NUMBER_UNSAFE', node);
    return 0;
  }
  if (node.type !== 'object') return node.value as Json;
  const value: { [key: string]: Json } = {};
  for (const { children: [keyNode, valueNode] = [] } of node.children ?? []) {
    if (!keyNode || !valueNode) continue;
    const key = keyNode.value as string;
    const member = valueOf(valueNode, tell);
    if (key === '__proto__') tell('WORKFLOW_KEY_FORBIDDEN', valueNode, { node: keyNode, first: keyNode });
    else if (Object.hasOwn(value, key)) tell('WORKFLOW_DUPLICATE_KEY', valueNode, { node: keyNode, first: propertyOf(node, key)?.children?.[0] ?? keyNode });
    else value[key] = member;
  }
  return value;
};

/** jsonc-parser recurses, so the depth is counted before it is let in. */
const tooDeepAt = (text: string): number | undefined => {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const offset = scanner.getTokenOffset();
    if (offset >= text.length) return undefined;
    const bracket = scanner.getTokenLength() === 1 ? text[offset] : undefined;
    if (bracket === '{' || bracket === '[') {
      depth += 1;
      if (depth > DEPTH_MAX) return offset;
    } else if (bracket === '}' || bracket === ']') depth -= 1;
  }
};

/** Offset in the text of a JSON string, quotes included, of the unit at `index` of what the string means. */
const rawOffset = (raw: string, index: number): number => {
  let offset = 1;
  for (let unit = 0; unit < index && offset < raw.length - 1; unit += 1) {
    offset += raw[offset] !== '\\' ? 1 : raw[offset + 1] === 'u' ? 6 : 2;
  }
  return Math.min(offset, raw.length - 1);
};
