import type { EventRecord, TillEvent } from '../events.js';
import { NESTING_MAX, ownJson } from '../json.js';
import type { EventInput } from '../engine/ports.js';

/** Version of the events' shapes. */
export const EVENT_VERSION = 2;

/** What has entered stands deeper within an event, and within what a flow has put around it. */
const WITHIN_EVENTS = 10 * NESTING_MAX;

/**
 * The record of an event.
 * @param at ms since 1970
 * @param input its event is kept as it is where it is frozen: then all of it is, and plain JSON. Any other is copied, so that
 * later changes reach neither disk nor memory, and memory holds what a restart will read.
 */
export const recordOf = (seq: number, at: number, { stream, event }: EventInput): EventRecord => {
  if (!Number.isSafeInteger(at)) throw new RangeError('a record is written at a whole number of ms: no other is read back');
  return Object.freeze({ seq, at, stream, v: EVENT_VERSION, event: Object.isFrozen(event) ? event : (ownJson(event, WITHIN_EVENTS) as unknown as TillEvent) });
};
