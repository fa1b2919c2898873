/** Where states stand: a row by how far the flow has come, a column by who acts. Ranks and order are dagre's. */
import { Graph, layout } from '@dagrejs/dagre';
import type { Box } from './boxes.js';
import { type Lane, LANES, type Machine } from './model.js';

export interface Cell {
  readonly box: Box;
  readonly row: number;
  readonly column: number;
}

export interface Grid {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly rows: number;
  /** For each column, whose it is; undefined where there are no lanes. */
  readonly lanes: readonly (Lane | undefined)[];
}

/** How many columns a lane may take before states go to a row of their own. */
const COLUMNS_IN_LANE = 1;
const COLUMNS_WITHOUT_LANES = 3;
/** dagre goes through a flow by recursion: at about twice as many the stack would end. */
const MOST_STATES = 1000;

const WEIGHTS = { next: 4, default: 2, choice: 3, catch: 1 };

/** @throws RangeError for a machine of more than 1,000 states */
export const gridOf = (machine: Machine, boxes: ReadonlyMap<string, Box>, laned: boolean): Grid => {
  if (boxes.size > MOST_STATES) throw new RangeError(`a flow of ${boxes.size} states is too large to be drawn (at most ${MOST_STATES}): move parts of it into flows of their own, run by workflow:run / 流程超过 ${MOST_STATES} 个状态，无法画出：请用 workflow:run 拆成几个流程`);
  const laneOf = (name: string): Lane | undefined => (laned ? boxes.get(name)?.node.lane : undefined);
  const rows = rowsOf(ranked(machine, boxes), boxes, laneOf, laned ? COLUMNS_IN_LANE : COLUMNS_WITHOUT_LANES);
  const lanes = laned ? LANES.filter((lane) => machine.nodes.some((node) => node.lane === lane)) : [undefined];
  const widest = (lane: Lane | undefined): number => Math.max(1, ...rows.map((row) => row.filter((name) => laneOf(name) === lane).length));
  const columns = lanes.flatMap((lane) => Array.from({ length: widest(lane) }, () => lane));
  const cells = new Map<string, Cell>();
  for (const [row, names] of rows.entries()) {
    for (const lane of lanes) {
      for (const [index, name] of names.filter((each) => laneOf(each) === lane).entries()) {
        const box = boxes.get(name);
        if (box) cells.set(name, { box, row, column: columns.indexOf(lane) + index });
      }
    }
  }
  return { cells, rows: rows.length, lanes: columns };
};

/** Each state below those that lead on to it, as high as its lane has room: dagre's ranks say which lines lead on and which lead back. */
const rowsOf = (ranks: readonly (readonly string[])[], boxes: ReadonlyMap<string, Box>, laneOf: (name: string) => Lane | undefined, limit: number): string[][] => {
  const rankOf = new Map(ranks.flatMap((names, rank) => names.map((name) => [name, rank] as const)));
  const rowOf = new Map<string, number>();
  const rows: string[][] = [];
  // What only errors lead to gives way to the flow itself.
  const flows = new Set([...boxes.values()].flatMap((box) => drawnExits(box).filter(({ kind }) => kind !== 'catch').map(({ to }) => to)));
  for (const [rank, names] of ranks.entries()) {
    for (const name of [...names.filter((each) => flows.has(each)), ...names.filter((each) => !flows.has(each))]) {
      const before = [...boxes.values()].filter((box) => (rankOf.get(box.node.name) ?? 0) < rank && drawnExits(box).some(({ to }) => to === name)).map((box) => rowOf.get(box.node.name) ?? 0);
      // What only jumps lead to stands at the end.
      let row = before.length > 0 ? Math.max(...before) + 1 : rank === 0 ? 0 : rows.length - 1;
      while ((rows[row] ?? []).filter((each) => laneOf(each) === laneOf(name)).length >= limit) row += 1;
      (rows[row] ??= []).push(name);
      rowOf.set(name, row);
    }
  }
  return rows;
};

/** Names of states by rank, within a rank from left to right; what only jumps lead to comes last. */
const ranked = (machine: Machine, boxes: ReadonlyMap<string, Box>): string[][] => {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 20, ranksep: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  // In the order in which the flow comes to them, so that it is what leads back that is taken for a circle.
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const box = boxes.get(name);
    for (const { to } of drawnExits(box)) visit(to);
  };
  visit(machine.start);
  const drawn = new Set([machine.start, ...[...boxes.values()].flatMap((box) => drawnExits(box).flatMap(({ to }) => [box.node.name, to]))]);
  const order = [...new Set([...seen, ...machine.nodes.map(({ name }) => name)])].filter((name) => drawn.has(name) && boxes.has(name));
  for (const name of order) graph.setNode(name, { width: 100, height: 20 });
  for (const name of order) {
    for (const [index, { to, kind }] of drawnExits(boxes.get(name)).entries()) if (boxes.has(to)) graph.setEdge({ v: name, w: to, name: `${index}` }, { weight: WEIGHTS[kind] });
  }
  layout(graph);
  const ranks = new Map<number, { name: string; x: number }[]>();
  for (const name of order) {
    const { x, y } = graph.node(name) as { x: number; y: number };
    const at = Math.round(y);
    ranks.set(at, [...(ranks.get(at) ?? []), { name, x }]);
  }
  const rows = [...ranks].sort(([a], [b]) => a - b).map(([, states]) => states.sort((a, b) => a.x - b.x).map(({ name }) => name));
  const rest = machine.nodes.map(({ name }) => name).filter((name) => !drawn.has(name));
  return rest.length > 0 ? [...rows, rest] : rows;
};

/** The ways out for which a line is drawn; the main one first. */
const drawnExits = (box: Box | undefined): Box['rows'][number]['exit'][] =>
  box === undefined ? [] : [...(box.next ? [box.next] : []), ...box.rows.filter(({ jumps }) => !jumps).map(({ exit }) => exit)];
