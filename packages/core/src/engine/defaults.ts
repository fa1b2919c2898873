/** Ports that every JavaScript runtime has. Timers of more than 24.8 days are set in stages. */
import type { Clock, RandomSource } from '../contract.js';
import type { IdSource } from './ports.js';

const TIMER_MS_MAX = 2 ** 31 - 1;

export const wallClock: Clock = {
  now: () => Date.now(),
  until: (atMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const wait = (): void => {
        const left = atMs - Date.now();
        if (left > 0) {
          timer = setTimeout(wait, Math.min(left, TIMER_MS_MAX));
          return;
        }
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      signal?.addEventListener('abort', stop, { once: true });
      wait();
    }),
};

export const webRandom: RandomSource = { bytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)) };

/** Sorted by time: `x01j9z3k8h5-6f1c2a9b`. */
export const timedIds = (clock: Pick<Clock, 'now'>, random: RandomSource): IdSource => ({
  next: (prefix) =>
    `${prefix}${clock.now().toString(36).padStart(9, '0')}-${Array.from(random.bytes(5), (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
});
