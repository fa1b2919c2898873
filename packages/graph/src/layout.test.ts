import { readdirSync, readFileSync } from 'node:fs';
import { type StateMachine, type Catalogue } from '@tillwright/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutOf, type Line, type Placed, type Point } from './layout.js';
import { modelOf, type Reading } from './model.js';
import { widthOf } from './text.js';

const entry = (more: object = {}): Catalogue['actions'][string][string] => ({ arguments: {}, result: {}, errors: {}, redo: 'again', description: { zh: '做一件事', en: 'Does one thing' }, movesMoney: false, ...more });
const prompt = entry({ arguments: { properties: { audience: { enum: ['merchant', 'customer'], default: 'merchant' } } } });
const catalogue: Catalogue = {
  actions: {
    prompt: { amount: prompt, choose: prompt, confirm: entry({ arguments: { properties: { audience: { type: 'array', default: ['merchant', 'customer'] } } } }), notice: prompt },
    payment: { methods: entry(), sale: entry({ movesMoney: true }) },
    reader: { readCard: entry({ actor: 'customer' }) },
    printer: { print: entry() },
    till: { check: entry() },
  },
  methods: [],
  workflows: [],
};
const reading: Reading = { catalogue, language: 'zh' };

/** Every machine of a picture, with the boxes and lines at their place on the page. */
const flattened = (placed: Placed, dx = 0, dy = 0): { boxes: Rect[]; lines: Line[] }[] => {
  const own = {
    boxes: placed.boxes.map(({ box, x, y }) => ({ name: box.node.name, x: x + dx, y: y + dy, width: box.width, height: box.height })),
    lines: placed.lines.map((line) => ({ ...line, points: line.points.map((p) => ({ x: p.x + dx, y: p.y + dy })) })),
  };
  return [own, ...placed.boxes.flatMap((box) => box.inner.flatMap((part) => flattened(part, dx + box.x + part.x, dy + box.y + part.y)))];
};
interface Rect extends Point {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

const legs = ({ points }: Line): [Point, Point][] => points.slice(1).map((to, index) => [points[index] ?? to, to]);
const within = ([a, b]: [Point, Point], { x, y, width, height }: Rect): boolean =>
  Math.max(a.x, b.x) > x + 0.5 && Math.min(a.x, b.x) < x + width - 0.5 && Math.max(a.y, b.y) > y + 0.5 && Math.min(a.y, b.y) < y + height - 0.5;
const lieOnEachOther = ([a, b]: [Point, Point], [c, d]: [Point, Point]): boolean => {
  const overlap = (p: number, q: number, u: number, v: number): boolean => Math.min(Math.max(p, q), Math.max(u, v)) - Math.max(Math.min(p, q), Math.min(u, v)) > 1;
  return (a.x === b.x && c.x === d.x && Math.abs(a.x - c.x) < 1 && overlap(a.y, b.y, c.y, d.y)) || (a.y === b.y && c.y === d.y && Math.abs(a.y - c.y) < 1 && overlap(a.x, b.x, c.x, d.x));
};

/** What a stranger would stumble over. */
const flaws = (machine: StateMachine): string[] => {
  const found: string[] = [];
  for (const { boxes, lines } of flattened(layoutOf(modelOf(machine, reading), { language: 'zh' }))) {
    for (const [index, a] of boxes.entries()) {
      for (const b of boxes.slice(index + 1)) if (a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height) found.push(`${a.name} lies on ${b.name}`);
    }
    for (const [index, line] of lines.entries()) {
      const told = `${line.from.node.name} → ${line.exit.to}`;
      for (const [at, leg] of legs(line).entries()) {
        if (leg[0].x !== leg[1].x && leg[0].y !== leg[1].y) found.push(`${told} runs aslant`);
        // A line ends on a diamond's edge, which lies within the frame.
        for (const box of boxes) if (!(box.name === line.exit.to && at === line.points.length - 2) && within(leg, box)) found.push(`${told} runs through ${box.name}`);
      }
      for (const other of lines.slice(index + 1)) {
        if (other.exit.to === line.exit.to && (other.exit.kind === 'catch') === (line.exit.kind === 'catch')) continue;
        if (legs(line).some((leg) => legs(other).some((leg2) => lieOnEachOther(leg, leg2)))) found.push(`${told} lies on ${other.from.node.name} → ${other.exit.to}`);
      }
    }
  }
  return found;
};

const workflows = new URL('../../../workflows/', import.meta.url);
const shipped = readdirSync(workflows).filter((file) => file.endsWith('.asl.json'));
const read = (file: string): StateMachine => JSON.parse(readFileSync(new URL(file, workflows), 'utf8')) as StateMachine;

describe('a picture', () => {
  it('is made of the flows that ship', () => expect(shipped).toContain('counter-sale.asl.json'));

  it.each(shipped)('%s: no line through a box, none on another, no box on another', (file) => {
    expect(flaws(read(file))).toEqual([]);
  });

  it.each(shipped)('%s: every state has a box, every way out a line or a named target', (file) => {
    const machine = read(file);
    const placed = layoutOf(modelOf(machine, reading), { language: 'en' });
    expect(placed.boxes.map(({ box }) => box.node.name).sort()).toEqual(Object.keys(machine.States).sort());
    const exits = placed.boxes.flatMap(({ box }) => box.node.exits.map((exit) => `${box.node.name} → ${exit.to}`));
    const lines = placed.lines.map(({ from, exit }) => `${from.node.name} → ${exit.to}`);
    const named = placed.boxes.flatMap(({ box }) => box.rows.filter(({ jumps }) => jumps).map(({ exit, text }) => (text.endsWith(`→ ${exit.to}`) ? `${box.node.name} → ${exit.to}` : 'a target that is cut')));
    expect([...lines, ...named].sort()).toEqual(exits.sort());
  });

  it.each(shipped)('%s: text stays within its box', (file) => {
    for (const { box } of layoutOf(modelOf(read(file), reading), { language: 'zh' }).boxes) {
      expect(widthOf(box.title, 12.5)).toBeLessThanOrEqual(box.width - 20);
      for (const line of box.lines) expect(widthOf(line, 11)).toBeLessThanOrEqual(box.width - 20);
      for (const { text } of box.rows) expect(widthOf(text, 10)).toBeLessThanOrEqual(box.width - 20);
    }
  });

  it('holds any machine: forwards, back, to itself, errors, branches within branches', () => {
    const names = Array.from({ length: 7 }, (_, index) => `S${index}`);
    const task = fc.constantFrom('prompt:amount', 'prompt:confirm', 'payment:sale', 'reader:readCard', 'printer:print', 'nobody:knows');
    const next = fc.constantFrom(...names);
    const catchers = fc.array(fc.record({ ErrorEquals: fc.constant(['States.ALL']), Next: next }), { maxLength: 4 });
    const machines = fc.letrec<{ machine: StateMachine; state: StateMachine['States'][string] }>((tie) => ({
      machine: fc.record({ StartAt: next, States: fc.array(tie('state'), { minLength: 7, maxLength: 7 }).map((states) => Object.fromEntries(states.map((state, index) => [names[index], state]))) }) as fc.Arbitrary<StateMachine>,
      state: fc.oneof(
        { maxDepth: 1 },
        fc.record({ Type: fc.constant('Task' as const), Resource: task, Next: next, Catch: catchers }),
        fc.record({ Type: fc.constant('Choice' as const), Choices: fc.array(fc.record({ Condition: fc.constant('{% $amountMinor > 10000 %}'), Next: next }), { minLength: 1, maxLength: 4 }), Default: next }),
        fc.record({ Type: fc.constant('Pass' as const), Next: next }),
        fc.constant({ Type: 'Succeed' as const }),
        fc.record({ Type: fc.constant('Parallel' as const), Branches: fc.array(tie('machine'), { minLength: 1, maxLength: 2 }), Next: next, Catch: catchers }),
      ) as fc.Arbitrary<StateMachine['States'][string]>,
    })).machine;
    fc.assert(fc.property(machines, (machine) => void expect(flaws(machine)).toEqual([])), { numRuns: 60, endOnFailure: true });
  });
});
