import type { EventRecord, TillEvent } from '../events.js';
import { ownJson } from '../json.js';

/** A record for an event: the event itself where it is frozen (deeply, and plain JSON then), otherwise a copy. */
export const recordOf = ({ seq, at, stream, durableTo, prev }: Omit<EventRecord, 'v' | 'event'>, event: TillEvent, v: number): EventRecord =>
  Object.freeze({ seq, at, stream, v, durableTo, prev, event: Object.isFrozen(event) ? event : (ownJson(event) as unknown as TillEvent) });
