import { WORKFLOW_RUN } from '../actions.js';
import type { Rule } from '../facts.js';

/** A Wait says once how long, and until a time that there is; a heartbeat comes before the time-out. */
export const timing: Rule = ({ states }, _world, report) => {
  for (const { state, type, pointer, name } of states) {
    if (type === 'Wait') {
      const both = state.Seconds !== undefined && state.Timestamp !== undefined;
      const neither = state.Seconds === undefined && state.Timestamp === undefined;
      const why = both ? { zh: '写了两个等待时间', en: 'says twice how long it waits' } : { zh: '没有等待时间', en: 'does not say how long it waits' };
      if (both || neither) report('WORKFLOW_WAIT_TIME', both ? `${pointer}/Timestamp` : pointer, { at: 'key', details: { name: JSON.stringify(name), why } });
    }
    if (type === 'Wait' && typeof state.Timestamp === 'string' && TIME.test(state.Timestamp) && !isMoment(state.Timestamp)) {
      report('WORKFLOW_VALUE_INVALID', `${pointer}/Timestamp`, { details: { field: '"Timestamp"', wanted: { zh: '日历上有的日期和时间', en: 'a day of the calendar, and a time of the day' } } });
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

/** What looks otherwise is told by the schema. */
const TIME = /^\d{4}-\d\d-\d\dT/;
/** JavaScript takes 30 February for 2 March. */
const isMoment = (text: string): boolean => {
  const day = text.slice(0, 10);
  return !Number.isNaN(Date.parse(text)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
};

const RUN_GIVES_NO_SIGN = { zh: '在被运行的流程的步骤上写 "HeartbeatSeconds"，这里用 "TimeoutSeconds"', en: 'Write "HeartbeatSeconds" at the Tasks of the workflow that is run, and "TimeoutSeconds" here' };
