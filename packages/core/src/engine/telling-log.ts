import { coded, TillwrightError } from '../errors.js';
import type { EventLog } from './ports.js';

/**
 * A log that tells when it has failed: the one that was given, where it tells by itself. Any other is watched, as nothing more may
 * be done after an append or a sync that failed: memory is ahead of what is on disk then.
 * @returns one that throws LOG_FAILED from `append` and `durable`, once those who listen to `onFailure` have heard of it
 */
export const tellingLog = (log: EventLog): EventLog => {
  if (log.onFailure) return log;
  const listeners = new Set<(error: Error) => void>();
  let failure: TillwrightError | undefined;
  const failed = (cause: unknown): TillwrightError => {
    if (TillwrightError.is(cause, 'ENGINE_CLOSED')) return cause;
    if (failure) return failure;
    failure = coded(cause, 'LOG_FAILED');
    for (const listener of listeners) listener(failure);
    return failure;
  };
  return {
    get head() {
      return log.head;
    },
    get durableTo() {
      return log.durableTo;
    },
    open: (options) => log.open(options),
    append: (inputs, at) => {
      try {
        return log.append(inputs, at);
      } catch (cause) {
        throw failed(cause);
      }
    },
    durable: async (seq) => {
      try {
        await log.durable(seq);
      } catch (cause) {
        throw failed(cause);
      }
    },
    onDurable: (listener) => log.onDurable(listener),
    onFailure: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    read: (stream) => log.read(stream),
    find: (by, value) => log.find(by, value),
    ...(log.checkpoint ? { checkpoint: async (state) => await log.checkpoint?.(state) } : {}),
    ...(log.onCheckpointDue ? { onCheckpointDue: (listener) => log.onCheckpointDue?.(listener) ?? (() => {}) } : {}),
    close: () => log.close(),
  };
};
