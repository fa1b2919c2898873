/** A plugin is asked: silence and throws are answers too, and neither of them decides anything. */
import { ActionError } from '../contract.js';
import { kindOf } from '../fault.js';
import { setAlarm } from './alarms.js';
import type { Clock } from './ports.js';
import type { Stop } from './stops.js';

const unanswered = { outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' } as const;
const thrown = (error: unknown) => ({ outcome: 'unknown', reason: 'no-answer', why: kindOf(error) }) as const;

/** What stands for the answer to a call that the method does not have. */
export const unable = (what: string) => ({ outcome: 'unknown', reason: 'host-error', why: `the method offers no ${what}` }) as const;

interface Within {
  readonly clock: Clock;
  readonly withinMs: number;
}

export interface AskOptions<T> extends Within {
  /** Hears an answer that came after its time. */
  readonly late?: (answer: T) => void;
  /** What silence and throws stand for, unless for `unknown`. */
  readonly silent?: T;
}

/** What comes of a call, also of one that throws at once or gives no promise. An async function would say so, with three promises more for each of a payment's calls. */
const called = <T>(call: () => Promise<T>): Promise<T> => {
  try {
    return Promise.resolve(call());
  } catch (error) {
    return Promise.reject(error as Error);
  }
};

/** Calls, and says once that it took too long; what comes of the call is told all the same, before or after that. */
const timed = <T>(
  call: () => Promise<T>,
  { clock, withinMs }: Within,
  tell: { readonly value: (value: T) => void; readonly error: (error: unknown) => void; readonly silence: () => void },
): void => {
  const takeBack = setAlarm(clock, clock.now() + withinMs, tell.silence);
  called(call).then(
    (value) => {
      takeBack();
      tell.value(value);
    },
    (error: unknown) => {
      takeBack();
      tell.error(error);
    },
  );
};

/** Calls a plugin; silence past the time is the fallback, a throw is unknown. */
export const ask = <T>(call: () => Promise<T>, options: AskOptions<T>): Promise<T> =>
  new Promise((resolve) => {
    const { late, silent } = options;
    let over = false;
    timed(call, options, {
      silence: () => {
        over = true;
        resolve(silent ?? (unanswered as T));
      },
      value: (value) => (over ? late?.(value) : resolve(value)),
      error: (error) => resolve(silent ?? (thrown(error) as T)),
    });
  });

/** Waits for a device or a plugin, so long and no longer. @throws what the call throws; ActionError `Device.Unavailable` after that time */
export const inTime = <T>(call: () => Promise<T>, options: Within & { readonly who: string }): Promise<T> =>
  new Promise((resolve, reject) => {
    // The error is made only then: its stack costs as much as all else here.
    timed(call, options, { silence: () => reject(new ActionError('Device.Unavailable', `${options.who} does not answer`)), value: resolve, error: reject });
  });

/** Waits for a call as long as what it gives is wanted. @returns undefined once nobody wants it any more: what comes then is heard by nobody */
export const whileWanted = <T>(call: () => Promise<T>, wanted: Stop): Promise<{ readonly value: T } | undefined> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(undefined);
    if (wanted.aborted) return giveUp();
    const deaf = wanted.onAbort(giveUp);
    called(call).then(
      (value) => {
        deaf();
        resolve({ value });
      },
      (error: unknown) => {
        deaf();
        reject(error as Error);
      },
    );
  });
