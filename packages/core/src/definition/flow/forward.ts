import { EXIT, type FlowGraph, type Way } from './graph.js';

/** What is asked of each way through a machine. Facts are values: `join` and `after` make new ones. */
export interface Question<F> {
  /** Facts on a way out of a state; undefined where it is never taken. */
  readonly after: (before: F, state: number, way: Way) => F | undefined;
  /** What holds where two ways meet. */
  readonly join: (one: F, other: F) => F;
  readonly same: (one: F, other: F) => boolean;
}

/**
 * Facts at each state, over all ways to it. Visits states in reverse postorder until nothing changes: about twice for a
 * flow without circles in circles, so the time grows with the number of ways. For one fact this is what dominators say
 * (a payment is confirmed on every way where confirmations dominate it together), and it joins several facts and scopes as well.
 * @returns `at` by state's number, absent where nothing leads; `exit` absent where the machine never succeeds
 */
export const forward = <F>({ ways, order, start }: FlowGraph, entry: F, { after, join, same }: Question<F>): { at: ReadonlyMap<number, F>; exit?: F } => {
  const at = new Map<number, F>();
  if (start === undefined) return { at };
  at.set(start, entry);
  for (let changed = true; changed; ) {
    changed = false;
    for (const state of order) {
      const before = at.get(state);
      if (before === undefined) continue;
      for (const way of ways[state] ?? []) {
        if (way.to === EXIT) continue;
        const facts = after(before, state, way);
        if (facts === undefined) continue;
        const known = at.get(way.to);
        const joined = known === undefined ? facts : join(known, facts);
        if (known !== undefined && same(known, joined)) continue;
        at.set(way.to, joined);
        changed = true;
      }
    }
  }
  let exit: F | undefined;
  for (const [state, before] of at) {
    for (const way of ways[state] ?? []) {
      if (way.to !== EXIT) continue;
      const facts = after(before, state, way);
      if (facts !== undefined) exit = exit === undefined ? facts : join(exit, facts);
    }
  }
  return exit === undefined ? { at } : { at, exit };
};
