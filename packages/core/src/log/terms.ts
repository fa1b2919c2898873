/** By what old records are found again: names that a record answers to, and how it is told from others that hash alike. */
import type { FindBy } from '../engine/ports.js';
import type { EventRecord, TillEvent } from '../events.js';

/** Streams that every segment may hold have no term: they are read from all. */
const named = (stream: string): boolean => stream.startsWith('x/') || stream.startsWith('p/');

export const streamTerm = (stream: string): string | undefined => (named(stream) ? `s/${stream}` : undefined);
export const findTerm = (by: FindBy, value: string): string => `${by}/${value}`;

/** Calls back with each term of a record. */
export const eachTerm = (stream: string, event: TillEvent, add: (term: string) => void): void => {
  if (named(stream)) add(`s/${stream}`);
  if (event.type === 'executionStarted' && event.key !== undefined) add(findTerm('key', event.key));
  else if (event.type === 'paymentPrepared') {
    add(findTerm('reference', event.prepared.reference));
    add(findTerm('execution', event.execution));
  }
};

export const answersTo = ({ event }: EventRecord, by: FindBy, value: string): boolean => {
  if (by === 'key') return event.type === 'executionStarted' && event.key === value;
  if (event.type !== 'paymentPrepared') return false;
  return by === 'reference' ? event.prepared.reference === value : event.execution === value;
};
