/** The picture as SVG text: self-contained, the same bytes for the same flow. */
import { ROW_HEIGHT } from './boxes.js';
import { type Journey, tookOf, takenBy } from './journey.js';
import { layoutOf, type Line, type Placed, type PlacedBox, type Point } from './layout.js';
import type { Exit, Lane, Language, Machine } from './model.js';
import { widthOf, wrapped } from './text.js';
import { EXIT_WORDS, LANE_NAMES, WORDS } from './words.js';

export interface SvgOptions {
  readonly name: string;
  readonly comment?: string;
  readonly language: Language;
  /** One transaction, drawn on the flow. */
  readonly journey?: Journey;
}

const INK = '#22313f';
const SOFT = '#5b6b7a';
const LINE = '#54687a';
const ERROR = '#b3382c';
const TAKEN = '#0b5cad';
const MONEY = '#b7791f';
const COLOURS: { readonly [lane in Lane]: { readonly band: string; readonly edge: string } } = {
  customer: { band: '#eef5fc', edge: '#3b7dc4' },
  merchant: { band: '#eef8f0', edge: '#3c9158' },
  till: { band: '#f5f6f8', edge: '#7b8794' },
  host: { band: '#fdf5e6', edge: MONEY },
};
const FONT = "Helvetica, Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

const PAD = 16;
const LANE_HEAD = 26;

/**
 * @returns an SVG document with a title and a description for readers that can't see it
 * @throws RangeError for a flow of more than 1,000 states
 */
export const svgOf = (machine: Machine, options: SvgOptions): string => {
  const { language, journey } = options;
  const words = WORDS[language];
  const placed = layoutOf(machine, { language, ...(journey ? { timeOf: (address: string) => tookOf(journey, address, language) } : {}) });
  const summary = journey?.summary ?? [];
  const comment = options.comment === undefined ? [] : wrapped(options.comment, 12, Math.max(placed.width, 500), 3);
  const heading = [...comment, ...summary];
  const top = PAD + 26 + heading.length * 17 + 8;
  const legend = legendOf(language, journey !== undefined);
  const width = Math.ceil(Math.max(placed.width + 2 * PAD, legend.width + 2 * PAD, 2 * PAD + Math.max(widthOf(options.name, 18), ...heading.map((line) => widthOf(line, 12)))));
  const body = LANE_HEAD + placed.height;
  const height = Math.ceil(top + body + 44);
  const left = Math.floor((width - placed.width) / 2);
  const drawn = new Drawing(journey);
  drawn.machine({ ...placed, x: left, y: top + LANE_HEAD }, 0, 0);
  const states = machine.nodes.map(({ name, lane }) => `${name} (${LANE_NAMES[language][lane]})`).join(', ');
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc" font-family="${FONT}" font-size="11">`,
    `<title id="title">${escaped(`${words.workflow} ${options.name}`)}</title>`,
    `<desc id="desc">${escaped(`${[options.comment, ...summary].filter(Boolean).join(' ')} ${words.beginsWith} ${machine.start}. ${words.states}: ${states}.`)}</desc>`,
    `<defs>${[['line', LINE], ['error', ERROR], ['taken', TAKEN]].map(([id, colour]) => `<marker id="to-${id}" viewBox="0 0 8 8" refX="7.2" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .6 7.6 4 0 7.4z" fill="${colour}"/></marker>`).join('')}</defs>`,
    // Drawn on white of its own: legible on a dark page, too.
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${PAD}" y="${PAD + 16}" font-size="18" font-weight="bold" fill="${INK}">${escaped(options.name)}</text>`,
    ...heading.map((line, index) => `<text x="${PAD}" y="${PAD + 38 + index * 17}" font-size="12" fill="${index < comment.length ? SOFT : TAKEN}">${escaped(line)}</text>`),
    ...placed.lanes.map(({ lane, x, width: wide }) =>
      `<rect x="${r(left + x)}" y="${top}" width="${r(wide)}" height="${r(body)}" fill="${COLOURS[lane].band}"/><text x="${r(left + x + wide / 2)}" y="${top + 18}" text-anchor="middle" font-size="13" font-weight="bold" fill="${COLOURS[lane].edge}">${LANE_NAMES[language][lane]}</text>`),
    ...placed.lanes.slice(1).map(({ x }) => `<path d="M${r(left + x)} ${top}v${r(body)}" stroke="#fff" stroke-width="2"/>`),
    ...drawn.out,
    `<g transform="translate(${PAD} ${height - 30})">${legend.svg}</g>`,
    '</svg>',
  ].join('\n')}\n`;
};

class Drawing {
  readonly out: string[] = [];
  readonly #journey: Journey | undefined;

  constructor(journey: Journey | undefined) {
    this.#journey = journey;
  }

  /** Lines first: boxes lie over their ends. */
  machine(placed: Placed, dx: number, dy: number): void {
    const at = { x: placed.x + dx, y: placed.y + dy };
    const moved = (points: readonly Point[]): Point[] => points.map(({ x, y }) => ({ x: x + at.x, y: y + at.y }));
    const [dot] = moved(placed.start);
    if (dot) this.out.push(`<circle cx="${r(dot.x)}" cy="${r(dot.y)}" r="5" fill="${INK}"/>`, arrow(moved(placed.start), this.#journey ? 'taken' : 'line', false));
    // What was taken lies above what was not, errors below the rest.
    const styled = placed.lines.map((line) => ({ line, style: this.#styleOf(line) })).sort((a, b) => a.style.level - b.style.level);
    for (const { line, style } of styled) this.out.push(arrow(moved(line.points), style.marker, line.exit.kind === 'catch', style.faded));
    for (const box of placed.boxes) this.#box(box, at);
  }

  #styleOf({ from, exit }: Line): { marker: 'line' | 'error' | 'taken'; faded: boolean; level: number } {
    if (this.#journey && takenBy(this.#journey, from.node.address, exit)) return { marker: 'taken', faded: false, level: 2 };
    const isError = exit.kind === 'catch';
    return { marker: isError ? 'error' : 'line', faded: this.#journey !== undefined, level: isError ? 0 : 1 };
  }

  #box({ box, inner, ...offset }: PlacedBox, around: Point): void {
    const { node, width, headHeight, rows } = box;
    const x = around.x + offset.x;
    const y = around.y + offset.y;
    const visit = this.#journey?.visits.get(node.address);
    const faded = this.#journey !== undefined && visit === undefined;
    const colour = node.money ? MONEY : COLOURS[node.lane].edge;
    const edge = visit ? TAKEN : box.shape === 'end' ? (node.type === 'Succeed' ? '#3c9158' : ERROR) : colour;
    const stroke = node.money || visit ? 2.4 : 1.2;
    this.out.push(`<g${faded ? ' opacity=".45"' : ''}><title>${escaped([node.name, node.resource, node.runs, node.tells, ...node.exits.map(spoken)].filter(Boolean).join('\n'))}</title>`);
    // What hangs below the head, and the frame around both.
    const total = box.height;
    if (total > headHeight) {
      const under = box.shape === 'choice' ? y + headHeight / 2 : y;
      this.out.push(`<rect x="${r(x)}" y="${r(under)}" width="${width}" height="${r(y + total - under)}" rx="7" fill="#fff" stroke="${edge}" stroke-width="${box.shape === 'choice' ? 0.8 : stroke}"/>`);
    }
    this.#head(box, { x, y }, edge, stroke);
    const textFrom = box.shape === 'choice' ? y + headHeight / 2 + 4.5 : y + 18;
    const middle = x + width / 2;
    this.out.push(`<text x="${r(middle)}" y="${r(textFrom)}" text-anchor="middle" font-size="12.5" font-weight="bold" fill="${INK}">${escaped(box.title)}</text>`);
    for (const [index, line] of box.lines.entries()) {
      const isResource = (node.runs ?? node.resource) !== undefined && index === box.lines.length - 1;
      this.out.push(`<text x="${r(middle)}" y="${r(y + 33 + index * 14)}" text-anchor="middle" font-size="11" fill="${isResource ? SOFT : INK}"${isResource ? ' font-style="italic"' : ''}>${escaped(line)}</text>`);
    }
    for (const [index, also] of node.alsoBy.entries()) this.out.push(`<circle cx="${r(x + width - 10 - index * 12)}" cy="${r(y + 10)}" r="4.5" fill="${COLOURS[also].edge}"/>`);
    if (node.money) this.out.push(`<circle cx="${r(x + width - 2)}" cy="${r(y + 2)}" r="10" fill="${MONEY}" stroke="#fff" stroke-width="1.5"/><text x="${r(x + width - 2)}" y="${r(y + 6.2)}" text-anchor="middle" font-size="12" font-weight="bold" fill="#fff">¥</text>`);
    for (const [index, row] of rows.entries()) this.#row(row, { x, y: y + headHeight + index * ROW_HEIGHT }, width, index, box.shape === 'choice', this.#journey !== undefined && takenBy(this.#journey, node.address, row.exit));
    if (box.time !== undefined) this.out.push(`<text x="${r(middle)}" y="${r(y + total - 5.5)}" text-anchor="middle" font-size="10.5" font-weight="bold" fill="${TAKEN}">${escaped(box.time)}</text>`);
    this.out.push('</g>');
    for (const part of inner) this.machine(part, x, y);
  }

  #head({ shape, width, headHeight, height, node }: PlacedBox['box'], { x, y }: Point, edge: string, stroke: number): void {
    if (shape === 'choice') {
      const half = headHeight / 2;
      this.out.push(`<path d="M${r(x)} ${r(y + half)}l${width / 2}-${half} ${width / 2} ${half}-${width / 2} ${half}z" fill="#fff" stroke="${edge}" stroke-width="${stroke}" stroke-linejoin="round"/>`);
      return;
    }
    const alone = height === headHeight;
    const fill = shape === 'end' ? (node.type === 'Succeed' ? '#e4f4e8' : '#fbe9e7') : shape === 'group' ? '#fbfcfd' : '#fff';
    if (alone) this.out.push(`<rect x="${r(x)}" y="${r(y)}" width="${width}" height="${r(headHeight)}" rx="${shape === 'end' ? r(headHeight / 2) : 7}" fill="${fill}" stroke="${edge}" stroke-width="${stroke}"${shape === 'group' ? ' stroke-dasharray="2 3"' : ''}/>`);
    // A flow that is run as a part has a second edge, as subroutines have in flow charts.
    if (node.runs !== undefined) this.out.push(`<path d="M${r(x + 6)} ${r(y)}v${r(height)}m${width - 12} 0v-${r(height)}" stroke="${edge}" stroke-width="1"/>`);
  }

  #row({ exit, text }: PlacedBox['box']['rows'][number], { x, y }: Point, width: number, index: number, isChoice: boolean, taken: boolean): void {
    const colour = taken ? TAKEN : exit.kind === 'catch' ? ERROR : INK;
    if (!isChoice || index > 0) this.out.push(`<path d="M${r(x + 1)} ${r(y)}h${width - 2}" stroke="#d5dce3" stroke-width=".8"/>`);
    this.out.push(`<text x="${r(x + 11)}" y="${r(y + 12.8)}" font-size="10" fill="${colour}"${taken ? ' font-weight="bold"' : ''}${exit.kind === 'default' ? ' font-style="italic"' : ''}>${escaped(text)}</text>`);
  }
}

const spoken = ({ kind, label, to }: Exit): string => `${kind === 'catch' ? '! ' : ''}${label === '' ? '' : `${label} `}→ ${to}`;

/** A line with rounded bends. */
const arrow = (points: readonly Point[], marker: 'line' | 'error' | 'taken', dashed: boolean, faded = false): string => {
  const colour = { line: LINE, error: ERROR, taken: TAKEN }[marker];
  const path = points.map((point, index) => {
    const before = points[index - 1];
    const after = points[index + 1];
    if (!before) return `M${r(point.x)} ${r(point.y)}`;
    if (!after) return `L${r(point.x)} ${r(point.y)}`;
    const a = towards(point, before);
    const b = towards(point, after);
    return `L${r(a.x)} ${r(a.y)}Q${r(point.x)} ${r(point.y)} ${r(b.x)} ${r(b.y)}`;
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="${marker === 'taken' ? 2.6 : 1.3}"${dashed ? ' stroke-dasharray="5 3.5"' : ''}${faded ? ' opacity=".35"' : ''} marker-end="url(#to-${marker})"/>`;
};

const towards = (from: Point, to: Point): Point => {
  const length = Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
  const reach = Math.min(5, length / 2) / (length || 1);
  return { x: from.x + (to.x - from.x) * reach, y: from.y + (to.y - from.y) * reach };
};

const legendOf = (language: Language, hasJourney: boolean): { svg: string; width: number } => {
  const words = EXIT_WORDS[language];
  const parts: string[] = [];
  let x = 0;
  const add = (draw: (x: number) => string, text: string): void => {
    parts.push(`${draw(x)}<text x="${r(x + 34)}" y="4" font-size="11" fill="${SOFT}">${text}</text>`);
    x += 34 + widthOf(text, 11) + 22;
  };
  const stroke = (colour: string, more: string): ((x: number) => string) => (from) => `<path d="M${r(from)} 0h26" stroke="${colour}" ${more}/>`;
  add(stroke(LINE, 'stroke-width="1.5"'), words.next);
  add(stroke(ERROR, 'stroke-width="1.5" stroke-dasharray="5 3.5"'), words.error);
  add((from) => `<text x="${r(from)}" y="4" font-size="10" fill="${ERROR}">E → X</text>`, words.jump);
  add((from) => `<circle cx="${r(from + 15)}" cy="0" r="9" fill="${MONEY}"/><text x="${r(from + 15)}" y="4" text-anchor="middle" font-size="11" font-weight="bold" fill="#fff">¥</text>`, words.money);
  if (hasJourney) add(stroke(TAKEN, 'stroke-width="3"'), words.taken);
  return { svg: parts.join(''), width: x };
};

/** Tenths are enough, and the same on each machine. */
const r = (value: number): number => Math.round(value * 10) / 10;

// Control characters have no place in XML, not even escaped.
const escaped = (text: string): string =>
  [...text].filter((character) => character >= ' ' || character === '\n').join('').replace(/[&<>"]/g, (found) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[found] ?? '');
