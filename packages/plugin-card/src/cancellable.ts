import { ActionError } from '@tillwright/core/contract';

const cancelled = (): ActionError => new ActionError('Terminal.Cancelled', 'cancelled at the till');

/**
 * Waits for a device, or for the signal: a device that does not notice a cancel must not hold the till.
 * @throws ActionError Terminal.Cancelled once the signal is aborted, whatever the device throws then
 */
export const until = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const ended = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(cancelled()), { once: true, signal: ended.signal });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, aborted]);
  } catch (error) {
    // Nobody listens any more to what the device says after a cancel.
    work.catch(() => undefined);
    throw signal.aborted ? cancelled() : error;
  } finally {
    ended.abort();
  }
};
