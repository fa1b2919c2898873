import { isObject, type Json } from '../json.js';
import { WORKFLOW_RUN } from './actions.js';
import { isExpression, type StateFacts } from './walk.js';

/** A Task that runs another workflow. */
export interface Run {
  readonly facts: StateFacts;
  /** Of the name, or of what stands where it should be. */
  readonly pointer: string;
  /** Absent where it is not a constant. */
  readonly target?: string;
}

export const runsOf = (states: Iterable<StateFacts>): Run[] => {
  const runs: Run[] = [];
  for (const facts of states) {
    if (facts.type !== 'Task' || facts.state.Resource !== WORKFLOW_RUN) continue;
    const given: Json | undefined = facts.state.Arguments;
    const name = isObject(given) ? given.workflow : undefined;
    const pointer = name !== undefined ? `${facts.pointer}/Arguments/workflow` : given !== undefined ? `${facts.pointer}/Arguments` : facts.pointer;
    runs.push({ facts, pointer, ...(typeof name === 'string' && name !== '' && !isExpression(name) ? { target: name } : {}) });
  }
  return runs;
};
