/** Ports that every JavaScript runtime has: wall clock, cryptographic randomness, ids that sort by time. */
import type { Clock, RandomSource } from '../contract.js';
import type { AlarmClock } from './alarms.js';
import type { IdSource } from './ports.js';

/**
 * A timer asks the clock again at least this often: Node's timers end at 24.8 days, stand still while the machine
 * sleeps, and know nothing of a clock that was set.
 */
const LOOK_AGAIN_MS = 60_000;

export const systemClock: AlarmClock = {
  now: () => Date.now(),
  alarm: (atMs, due) => {
    const alarm: Alarm = { atMs, due, timer: undefined };
    wind(alarm);
    return () => clearTimeout(alarm.timer);
  },
  until: (atMs, signal) =>
    new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const aborted = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const look = (): void => {
        const left = atMs - Date.now();
        if (left > 0) {
          timer = setTimeout(look, Math.min(left, LOOK_AGAIN_MS));
          return;
        }
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      if (signal?.aborted === true) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      look();
    }),
};

interface Alarm {
  readonly atMs: number;
  readonly due: () => void;
  timer: NodeJS.Timeout | undefined;
}

// Functions of all of them: a payment sets ten, and takes them back.
const wind = (alarm: Alarm): void => {
  alarm.timer = setTimeout(ring, Math.max(0, Math.min(alarm.atMs - Date.now(), LOOK_AGAIN_MS)), alarm);
};
const ring = (alarm: Alarm): void => {
  if (alarm.atMs > Date.now()) wind(alarm);
  else alarm.due();
};

/** A call for random bytes costs the same for sixteen as for thousands. */
const POOL_BYTES = 4096;
let pool = new Uint8Array(0);
let taken = 0;

export const systemRandom: RandomSource = {
  bytes: (length) => {
    if (length > POOL_BYTES) return globalThis.crypto.getRandomValues(new Uint8Array(length));
    if (taken + length > pool.length) {
      pool = globalThis.crypto.getRandomValues(new Uint8Array(POOL_BYTES));
      taken = 0;
    }
    const bytes = pool.slice(taken, taken + length);
    // Given out once: nothing that looks into memory later finds it here.
    pool.fill(0, taken, taken + length);
    taken += length;
    return bytes;
  },
};

// Crockford's base 32: no i, l, o, u, and in the order of its bytes.
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * Ids that sort by the time they were given: `<prefix>-<10 digits of ms since 1970><16 random digits>`, base 32, lower case.
 * Within one millisecond, and when the clock steps back, the last id is counted up, so that a later one always sorts later.
 */
export const timeSortedIds = (clock: Pick<Clock, 'now'>, random: RandomSource): IdSource => {
  let lastMs = -1;
  let digits: number[] = [];
  return {
    next: (prefix) => {
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        digits = Array.from(random.bytes(RANDOM_DIGITS), (byte) => byte % DIGITS.length);
      } else if (!countUp(digits)) {
        lastMs += 1;
      }
      return `${prefix}-${timeDigits(lastMs)}${digits.map((digit) => DIGITS[digit]).join('')}`;
    },
  };
};

const timeDigits = (ms: number): string => {
  let text = '';
  for (let rest = ms; text.length < TIME_DIGITS; rest = Math.floor(rest / DIGITS.length)) text = (DIGITS[rest % DIGITS.length] ?? '') + text;
  return text;
};

/** @returns false where all digits came round to 0 */
const countUp = (digits: number[]): boolean => {
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const digit = (digits[at] ?? 0) + 1;
    digits[at] = digit % DIGITS.length;
    if (digit < DIGITS.length) return true;
  }
  return false;
};
