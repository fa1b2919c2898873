/** Whose a payment is within its flow: its step's, until a scope around that succeeds and hands it up (10). Pure. */
import type { ExecutionEvent, StepId } from '../events.js';

/** A step that is left well hands up what its scopes have paid: from then on that is its own, and no later visit of the step touches it. */
export const handedUp = (owner: StepId, event: ExecutionEvent): StepId =>
  event.type === 'stepLeft' && event.caught === undefined && isWithin(owner, event.step) ? event.step : owner;

/** Whether these events, one after the other, end badly what a payment of this owner belongs to. */
export const isLost = (owner: StepId, events: readonly ExecutionEvent[]): boolean => {
  let step = owner;
  for (const event of events) {
    if (endsBadlyAround(event, step)) return true;
    step = handedUp(step, event);
  }
  return false;
};

/** Leaving by a Catch, taking up a Retry and failing end what stood inside a step; the end of the execution ends everything. */
const endsBadlyAround = (event: ExecutionEvent, step: StepId): boolean => {
  if (event.type === 'executionEnded') return event.status === 'failed';
  const within = (outer: StepId, index?: number): boolean => isWithin(step, outer, index);
  if (event.type === 'scopeEnded') return event.status === 'failed' && within(event.step, event.index);
  // Its own, too, where its Task could not wait until it was decided: the flow goes on without it.
  if (event.type === 'stepLeft') return event.caught !== undefined && (step === event.step || within(event.step));
  return event.type === 'taskFailed' && within(event.step);
};

const isWithin = (step: StepId, outer: StepId, index?: number): boolean => step.startsWith(`${outer.slice(0, outer.lastIndexOf('#'))}[${index === undefined ? '' : `${index}]`}`);
