import { WORKFLOW_RUN } from '../actions.js';
import type { Rule } from '../facts.js';

/** A Wait says once how long; a heartbeat comes before the time-out. */
export const timing: Rule = ({ states }, _world, report) => {
  for (const { state, type, pointer, name } of states) {
    if (type === 'Wait') {
      const both = state.Seconds !== undefined && state.Timestamp !== undefined;
      const neither = state.Seconds === undefined && state.Timestamp === undefined;
      const why = both ? { zh: '写了两个等待时间', en: 'says twice how long it waits' } : { zh: '没有等待时间', en: 'does not say how long it waits' };
      if (both || neither) report('WORKFLOW_WAIT_TIME', both ? `${pointer}/Timestamp` : pointer, { at: 'key', details: { name: JSON.stringify(name), why } });
    }
    const { HeartbeatSeconds: heartbeat, TimeoutSeconds: timeout } = state;
    if (type === 'Task' && typeof heartbeat === 'number' && typeof timeout === 'number' && heartbeat >= timeout) {
      report('WORKFLOW_HEARTBEAT_TOO_LONG', `${pointer}/HeartbeatSeconds`, { details: { timeout } });
    }
    if (type === 'Task' && heartbeat !== undefined && state.Resource === WORKFLOW_RUN) {
      report('WORKFLOW_UNSUPPORTED_FIELD', `${pointer}/HeartbeatSeconds`, { at: 'key', details: { field: '"HeartbeatSeconds"', instead: RUN_GIVES_NO_SIGN } });
    }
  }
};

const RUN_GIVES_NO_SIGN = { zh: '在被运行的流程的步骤上写 "HeartbeatSeconds"，这里用 "TimeoutSeconds"', en: 'Write "HeartbeatSeconds" at the Tasks of the workflow that is run, and "TimeoutSeconds" here' };
