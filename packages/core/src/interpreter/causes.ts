import type { Text } from '../json.js';

/**
 * The Cause of a Task that ended without its action saying why, as JSON text like that of every failed action:
 * `{% $parse($states.errorOutput.Cause).hint.en %}` is what to show.
 */
const causeOf = (message: string, hint: Text): string => JSON.stringify({ message, hint: { zh: hint.zh, en: hint.en } });

const TOO_LATE = { zh: '操作超时', en: 'It took too long' };

export const timedOut = causeOf('the time in TimeoutSeconds has passed', TOO_LATE);
export const workflowTimedOut = (workflow: string): string => causeOf(`the workflow ${workflow} ran longer than its TimeoutSeconds`, TOO_LATE);
export const cancelledBy = (audience: string): string => causeOf(`cancelled by the ${audience}`, { zh: '已取消', en: 'Cancelled' });
