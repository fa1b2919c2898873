/** By what old records are found again: names that a record answers to, and how it is told from others that hash alike. */
import type { FindBy } from '../engine/ports.js';
import type { EventRecord, TillEvent } from '../events.js';

/** Streams that every segment may hold have no term: they are read from all. */
const named = (stream: string): boolean => stream.startsWith('x/') || stream.startsWith('p/');

export const streamTerm = (stream: string): string | undefined => (named(stream) ? stream : undefined);
export const findTerm = (by: FindBy, value: string): string => `${by}/${value}`;

/**
 * Adds the terms of a record.
 * @param before the stream of the record before it, whose term is there
 */
export const addTerms = (stream: string, event: TillEvent, terms: Set<string>, before?: string): void => {
  if (stream !== before && named(stream)) terms.add(stream);
  if (event.type === 'executionStarted' || event.type === 'paymentPrepared' || event.type === 'caseOpened') eachName(event, (name) => terms.add(name));
};

/** Calls back with each name that a record gives to its stream. */
export const eachName = (event: TillEvent, add: (term: string) => void): void => {
  if (event.type === 'executionStarted' && event.key !== undefined) add(findTerm('key', event.key));
  else if (event.type === 'paymentPrepared') {
    add(findTerm('reference', event.prepared.reference));
    add(findTerm('execution', event.execution));
    if (event.saleReference !== event.execution) add(findTerm('sale', event.saleReference));
  } else if (event.type === 'caseOpened') add(findTerm('case', event.caseId));
};

export const answersTo = ({ event }: EventRecord, by: FindBy, value: string): boolean => {
  if (by === 'key') return event.type === 'executionStarted' && event.key === value;
  if (by === 'case') return event.type === 'caseOpened' && event.caseId === value;
  if (event.type !== 'paymentPrepared') return false;
  if (by === 'sale') return event.saleReference === value && event.execution !== value;
  return by === 'reference' ? event.prepared.reference === value : event.execution === value;
};
