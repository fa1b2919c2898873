/** A plugin is asked: silence and throws are answers too, and neither of them decides anything. */
import { kindOf } from '../fault.js';
import { setAlarm } from './alarms.js';
import type { Clock } from './ports.js';

const unanswered = { outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' } as const;
const thrown = (error: unknown) => ({ outcome: 'unknown', reason: 'no-answer', why: kindOf(error) }) as const;

/** What stands for the answer to a call that the method does not have. */
export const unable = (what: string) => ({ outcome: 'unknown', reason: 'host-error', why: `the method offers no ${what}` }) as const;

export interface AskOptions<T> {
  readonly clock: Clock;
  readonly withinMs: number;
  /** Hears an answer that came after its time. */
  readonly late?: (answer: T) => void;
  /** What silence and throws stand for, unless for `unknown`. */
  readonly silent?: T;
}

/** Calls a plugin; silence past the time is the fallback, a throw is unknown. */
export const ask = <T>(call: () => Promise<T>, { clock, withinMs, late, silent }: AskOptions<T>): Promise<T> =>
  new Promise((resolve) => {
    let over = false;
    const takeBack = setAlarm(clock, clock.now() + withinMs, () => {
      over = true;
      resolve(silent ?? (unanswered as T));
    });
    void (async () => call())().then(
      (value) => {
        takeBack();
        if (over) late?.(value);
        else resolve(value);
      },
      (error: unknown) => {
        takeBack();
        resolve(silent ?? (thrown(error) as T));
      },
    );
  });
