import type { Leaf, Rule } from '../facts.js';
import { nearest } from '../nearest.js';

/** `$states` holds a result only behind a call, an error only where one was caught: elsewhere they would fail at the till. */
export const statesObject: Rule = ({ leaves }, _world, report) => {
  for (const leaf of leaves) {
    for (const { field, span } of leaf.expression?.states ?? []) {
      const known = fieldsFor(leaf);
      if (!known.includes(field)) report('WORKFLOW_STATES_FIELD', leaf.pointer, { span, near: nearest(field, known), details: { field, known: known.join(', ') } });
    }
  }
};

const CALLING = new Set(['Task', 'Parallel', 'Map']);

const fieldsFor = ({ pointer, state }: Leaf): string[] => {
  const within = pointer.slice(state.pointer.length);
  if (within.startsWith('/Catch/')) return ['input', 'context', 'errorOutput'];
  return CALLING.has(state.type) && /^\/(Output|Assign)(\/|$)/.test(within) ? ['input', 'context', 'result'] : ['input', 'context'];
};
