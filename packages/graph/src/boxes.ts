/** How large each state is drawn: a head, and below it one row for each way out that is not simply the next state. */
import type { Exit, Language, Node } from './model.js';
import { shortened, widthOf, wrapped } from './text.js';

export const NODE_WIDTH = 196;
export const ROW_HEIGHT = 18;
const PADDING = 8;

export interface Row {
  readonly exit: Exit;
  readonly text: string;
  /** Its target is named instead of drawn to: many states lead there, and as many lines would hide the flow. */
  readonly jumps: boolean;
}

export interface Box {
  readonly node: Node;
  readonly shape: 'step' | 'choice' | 'end' | 'group';
  readonly width: number;
  readonly headHeight: number;
  readonly title: string;
  readonly lines: readonly string[];
  readonly rows: readonly Row[];
  /** Drawn to by a line from the bottom. */
  readonly next: Exit | undefined;
  /** Of one transaction: when, how long. */
  readonly time: string | undefined;
  readonly height: number;
}

export interface Sized {
  readonly width: number;
  readonly height: number;
}

const otherwise = { zh: '否则', en: 'otherwise' };
/** As many states that catch errors into one target make it a jump. */
const MANY = 3;

/** The targets that error paths jump to. */
export const jumpTargets = (nodes: readonly Node[]): Set<string> => {
  const counted = new Map<string, number>();
  for (const { exits } of nodes) for (const to of new Set(exits.filter(({ kind }) => kind === 'catch').map((exit) => exit.to))) counted.set(to, (counted.get(to) ?? 0) + 1);
  return new Set([...counted].filter(([, count]) => count >= MANY).map(([to]) => to));
};

export const boxOf = (node: Node, options: { jumps: ReadonlySet<string>; language: Language; inner: Sized; time: string | undefined }): Box => {
  const { jumps, language, inner, time } = options;
  const shape = node.type === 'Choice' ? 'choice' : node.type === 'Succeed' || node.type === 'Fail' ? 'end' : node.inner.length > 0 ? 'group' : 'step';
  const width = Math.max(NODE_WIDTH, inner.width + 2 * PADDING);
  const room = width - 24;
  const about = shape === 'choice' ? [] : wrapped(node.tells, 11, room, shape === 'end' ? 1 : 2);
  const what = node.runs ?? node.resource;
  const lines = what === undefined ? about : [...about, shortened(what, 11, room)];
  const headHeight = shape === 'choice' ? 54 : 28 + lines.length * 14 + (inner.height > 0 ? inner.height + PADDING : 0);
  const next = node.exits.find(({ kind }) => kind === 'next');
  const rows = node.exits.filter((exit) => exit !== next).map((exit): Row => {
    const isJump = exit.kind === 'catch' && jumps.has(exit.to);
    const label = exit.kind === 'default' ? otherwise[language] : exit.label;
    const target = isJump ? ` → ${exit.to}` : '';
    return { exit, jumps: isJump, text: `${shortened(label, 10, width - 26 - widthOf(target, 10))}${target}` };
  });
  return {
    node,
    shape,
    width,
    headHeight,
    title: shortened(node.name, 12.5, shape === 'choice' ? width - 56 : room - (node.money ? 18 : 0) - node.alsoBy.length * 12),
    lines,
    rows,
    next,
    time,
    height: headHeight + rows.length * ROW_HEIGHT + (time === undefined ? 0 : ROW_HEIGHT),
  };
};
