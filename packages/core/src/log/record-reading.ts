import type { EventRecord, TillEvent } from '../events.js';
import { deepFreeze } from '../json.js';

/**
 * A record whose event is read from its text when somebody first looks: most are only written, and what they hold is folded
 * from what was handed in.
 */
export const recordReading = (fields: Omit<EventRecord, 'v' | 'event'>, eventText: string, v: number): EventRecord => {
  const { seq, at, stream, durableTo, prev } = fields;
  let read: TillEvent | undefined;
  return Object.freeze({
    seq,
    at,
    stream,
    v,
    durableTo,
    prev,
    get event(): TillEvent {
      return (read ??= deepFreeze(JSON.parse(eventText) as TillEvent));
    },
  });
};
