import { listed } from '../diagnostic.js';
import type { Rule, World } from '../facts.js';
import { nearest } from '../nearest.js';

/** `workflow:run` names a workflow that exists, as a constant, and no workflow comes back to itself: `start` pins all that can run. */
export const runs: Rule = ({ name, runs: own }, world, report) => {
  const known = [...new Set([...world.workflows.keys(), ...world.catalogue.workflows])];
  for (const { pointer, target } of own) {
    if (target === undefined) {
      report('WORKFLOW_RUN_TARGET', pointer);
      continue;
    }
    if (!known.includes(target)) {
      report('WORKFLOW_UNKNOWN_WORKFLOW', pointer, { near: nearest(target, known), details: { name: JSON.stringify(target), known: listed(known) } });
      continue;
    }
    const circle = wayBack(target, name, world);
    if (circle) report('WORKFLOW_RECURSION', pointer, { details: { circle: [name, ...circle].join(' -> ') } });
  }
};

/** The shortest way from one workflow to another, both included. */
const wayBack = (from: string, to: string, { workflows }: World): string[] | undefined => {
  const ways = [[from]];
  const seen = new Set([from]);
  for (let way = ways.shift(); way; way = ways.shift()) {
    const here = way.at(-1) ?? from;
    if (here === to) return way;
    for (const { target } of workflows.get(here)?.runs ?? []) {
      if (target === undefined || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
};
