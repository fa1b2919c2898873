/**
 * Boxes and lines with coordinates. Lines run in the gaps between rows and in the channels between columns, where no box
 * stands, each on a track of its own; lines to the same place may join.
 */
import { type Box, boxOf, jumpTargets, ROW_HEIGHT, type Sized } from './boxes.js';
import { type Cell, gridOf } from './grid.js';
import type { Exit, Lane, Language, Machine } from './model.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface PlacedBox extends Point {
  readonly box: Box;
  readonly inner: readonly Placed[];
}
export interface Line {
  readonly from: Box;
  readonly exit: Exit;
  readonly points: readonly Point[];
}
export interface Placed extends Sized, Point {
  readonly boxes: readonly PlacedBox[];
  readonly lines: readonly Line[];
  readonly lanes: readonly { readonly lane: Lane; readonly x: number; readonly width: number }[];
  /** Where the flow begins. */
  readonly start: readonly Point[];
}

const TRACK = 9;
const MARGIN = 15;
const START = 16;

export interface LayoutOptions {
  readonly language: Language;
  /** What is written below a state of one transaction. */
  readonly timeOf?: (address: string) => string | undefined;
}

interface Route {
  readonly cell: Cell;
  readonly exit: Exit;
  readonly target: Cell;
  readonly shares: string;
  /** Of the row it leaves from; undefined for the bottom. */
  readonly row?: number;
  readonly straight: boolean;
  readonly channel?: number;
  readonly fromLeft: boolean;
}

export const layoutOf = (machine: Machine, options: LayoutOptions, laned = true): Placed => {
  const jumps = jumpTargets(machine.nodes);
  const parts = new Map(machine.nodes.map((node) => [node.name, node.inner.map((inner) => layoutOf(inner, options, false))] as const));
  const boxes = new Map(machine.nodes.map((node) => [node.name, boxOf(node, { jumps, language: options.language, inner: beside(parts.get(node.name) ?? []), time: options.timeOf?.(node.address) })]));
  const grid = gridOf(machine, boxes, laned);
  const cells = [...grid.cells.values()];
  const at = (row: number, column: number): boolean => cells.some((cell) => cell.row === row && cell.column === column);

  const routes = cells.flatMap((cell) => routesOf(cell, grid.cells, at));
  // Channels first: what they need decides where columns stand.
  const channels = Array.from({ length: grid.lanes.length + 1 }, () => ({ fromLeft: new Tracks(), fromRight: new Tracks() }));
  const gaps = Array.from({ length: grid.rows + 1 }, () => new Tracks());
  const inChannel = new Map<Route, number>();
  for (const route of routes) {
    if (route.channel === undefined) continue;
    const from = route.row === undefined ? route.cell.row + 1 : route.cell.row + 0.2 + route.row / 100;
    inChannel.set(route, channels[route.channel]?.[sideOf(route)].take(from, route.target.row, route.shares) ?? 0);
  }
  const columnX: number[] = [];
  const channelX: number[] = [];
  let x = 0;
  for (const [column] of grid.lanes.entries()) {
    channelX.push(x);
    x += channelWidth(channels[column]);
    columnX.push(x);
    x += Math.max(...cells.filter((cell) => cell.column === column).map(({ box }) => box.width), 0);
  }
  channelX.push(x);
  const width = x + channelWidth(channels.at(-1));
  const columnWidth = (column: number): number => (channelX[column + 1] ?? 0) - (columnX[column] ?? 0);
  const centre = ({ column }: Cell): number => (columnX[column] ?? 0) + columnWidth(column) / 2;
  const left = (cell: Cell): number => centre(cell) - cell.box.width / 2;
  const trackX = (route: Route): number => {
    const channel = route.channel ?? 0;
    const before = sideOf(route) === 'fromLeft' ? 0 : (channels[channel]?.fromLeft.count ?? 0);
    return (channelX[channel] ?? 0) + MARGIN + (before + (inChannel.get(route) ?? 0)) * TRACK;
  };
  const entryX = (route: Route): number => centre(route.target) + (route.straight ? 0 : (route.fromLeft ? -1 : 1) * (route.exit.kind === 'catch' ? 52 : 34));

  const leaving = new Map<Route, number>();
  const entering = new Map<Route, number>();
  for (const route of routes) {
    if (route.straight) continue;
    const below = route.cell.row + 1;
    if (route.row === undefined) {
      const to = route.channel === undefined ? entryX(route) : trackX(route);
      leaving.set(route, gaps[below]?.take(centre(route.cell), to, route.channel === undefined ? route.shares : `${route.cell.box.node.name}↓`) ?? 0);
    }
    if (route.channel !== undefined) entering.set(route, gaps[route.target.row]?.take(trackX(route), entryX(route), route.shares) ?? 0);
  }
  const gapY: number[] = [];
  const rowY: number[] = [];
  let y = START;
  for (let row = 0; row < grid.rows; row += 1) {
    gapY.push(y);
    y += gapHeight(gaps[row]);
    rowY.push(y);
    y += Math.max(0, ...cells.filter((cell) => cell.row === row).map(({ box }) => box.height));
  }
  gapY.push(y);
  const height = y + gapHeight(gaps.at(-1));

  const trackY = (gap: number, track: number): number => (gapY[gap] ?? 0) + MARGIN - 3 + track * TRACK;
  const lines = routes.map((route): Line => {
    const { cell, exit, target } = route;
    const top = { x: entryX(route), y: topOf(target, rowY[target.row] ?? 0, entryX(route) - centre(target)) };
    const bottom = { x: centre(cell), y: (rowY[cell.row] ?? 0) + cell.box.height };
    if (route.straight) return { from: cell.box, exit, points: [bottom, top] };
    const points: Point[] = [];
    if (route.row === undefined) {
      const along = trackY(cell.row + 1, leaving.get(route) ?? 0);
      points.push(bottom, { x: bottom.x, y: along }, { x: route.channel === undefined ? top.x : trackX(route), y: along });
    } else {
      const toLeft = route.channel === cell.column;
      const side = left(cell) + (toLeft ? 0 : cell.box.width);
      const from = (rowY[cell.row] ?? 0) + cell.box.headHeight + (route.row + 0.5) * ROW_HEIGHT;
      points.push({ x: side, y: from }, { x: trackX(route), y: from });
    }
    if (route.channel !== undefined) {
      const along = trackY(target.row, entering.get(route) ?? 0);
      points.push({ x: trackX(route), y: along }, { x: top.x, y: along });
    }
    return { from: cell.box, exit, points: withoutRepeats([...points, top]) };
  });

  const first = grid.cells.get(machine.start);
  return {
    x: 0,
    y: 0,
    width,
    height,
    lines,
    boxes: cells.map((cell) => ({ box: cell.box, x: left(cell), y: rowY[cell.row] ?? 0, inner: insideOf(cell.box, parts.get(cell.box.node.name) ?? []) })),
    lanes: lanesOf(grid.lanes, channelX, columnX, width),
    start: first ? [{ x: centre(first), y: START - 6 }, { x: centre(first), y: topOf(first, rowY[first.row] ?? 0, 0) }] : [],
  };
};

/** Tracks side by side: a line takes the first on which nothing else lies at its place. */
class Tracks {
  readonly #taken: { from: number; to: number; shares: string }[][] = [];

  get count(): number {
    return this.#taken.length;
  }

  take(a: number, b: number, shares: string): number {
    const [from, to] = a < b ? [a, b] : [b, a];
    const free = this.#taken.findIndex((lines) => lines.every((line) => line.shares === shares || line.to < from || to < line.from));
    const track = free === -1 ? this.#taken.length : free;
    (this.#taken[track] ??= []).push({ from, to, shares });
    return track;
  }
}

const routesOf = (cell: Cell, cells: ReadonlyMap<string, Cell>, at: (row: number, column: number) => boolean): Route[] => {
  const { box, row, column } = cell;
  const free = (target: Cell): boolean => {
    for (let between = row + 1; between < target.row; between += 1) if (at(between, column)) return false;
    return target.column === column && target.row > row;
  };
  const routeOf = (exit: Exit, from: number | undefined): Route[] => {
    const target = cells.get(exit.to);
    if (!target) return [];
    const common = { cell, exit, target, shares: `${exit.to} ${exit.kind === 'catch'}` };
    // The last row may go straight down, like a plain next.
    const isLast = from === box.rows.length - 1 && box.time === undefined && box.next === undefined;
    if ((from === undefined ? box.rows.length === 0 || box.next : isLast) && free(target)) return [{ ...common, straight: true, fromLeft: false }];
    const direction = target.column < column || (target.column === column && target.row <= row) ? -1 : 1;
    const fromLeft = direction > 0 && target.column > column;
    if (from === undefined && target.row === row + 1) return [{ ...common, straight: false, fromLeft: target.column > column }];
    const channel = direction < 0 ? column : column + 1;
    return [{ ...common, ...(from === undefined ? {} : { row: from }), straight: false, channel, fromLeft: fromLeft || channel <= target.column }];
  };
  return [...(box.next ? routeOf(box.next, undefined) : []), ...box.rows.flatMap((each, index) => (each.jumps ? [] : routeOf(each.exit, index)))];
};

/** Where a line meets a box: a diamond's edge falls away from its tip. */
const topOf = ({ box }: Cell, y: number, offset: number): number => (box.shape === 'choice' ? y + (Math.abs(offset) / (box.width / 2)) * (box.headHeight / 2) : y);

const channelWidth = (channel: { fromLeft: Tracks; fromRight: Tracks } | undefined): number =>
  2 * MARGIN + Math.max(0, (channel?.fromLeft.count ?? 0) + (channel?.fromRight.count ?? 0) - 1) * TRACK;

/** Lines that come from the left keep to the left half of a channel: two that come from opposite sides at one height do not meet. */
const sideOf = ({ channel, cell }: Route): 'fromLeft' | 'fromRight' => (channel === cell.column ? 'fromRight' : 'fromLeft');
const gapHeight = (tracks: Tracks | undefined): number => (tracks && tracks.count > 0 ? 2 * MARGIN + (tracks.count - 1) * TRACK : MARGIN + 9);

const withoutRepeats = (points: readonly Point[]): Point[] => points.filter((point, index) => index === 0 || point.x !== points[index - 1]?.x || point.y !== points[index - 1]?.y);

const beside = (parts: readonly Sized[]): Sized => ({ width: parts.reduce((sum, part) => sum + part.width, 0), height: Math.max(0, ...parts.map((part) => part.height)) });

const insideOf = (box: Box, parts: readonly Placed[]): Placed[] => {
  let x = (box.width - beside(parts).width) / 2;
  return parts.map((part) => {
    const placed = { ...part, x, y: 28 + box.lines.length * 14 };
    x += part.width;
    return placed;
  });
};

const lanesOf = (columns: readonly (Lane | undefined)[], channelX: readonly number[], columnX: readonly number[], width: number): Placed['lanes'] => {
  const middle = (column: number): number => ((channelX[column] ?? 0) + (columnX[column] ?? 0)) / 2;
  return [...new Set(columns)].flatMap((lane) => {
    if (lane === undefined) return [];
    const from = columns.indexOf(lane);
    const to = columns.lastIndexOf(lane) + 1;
    const x = from === 0 ? 0 : middle(from);
    return [{ lane, x, width: (to === columns.length ? width : middle(to)) - x }];
  });
};
