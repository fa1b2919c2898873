/** A plugin is asked: silence and throws are answers too, and neither of them decides anything. */
import type { Clock } from './ports.js';
import { OVER } from './stops.js';

const unanswered = { outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' } as const;
const thrown = (error: unknown) => ({ outcome: 'unknown', reason: 'no-answer', why: error instanceof Error ? error.name : 'error' }) as const;

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
export const ask = async <T>(call: () => Promise<T>, { clock, withinMs, late, silent }: AskOptions<T>): Promise<T> => {
  let over = false;
  const stop = new AbortController();
  const answer = (async () => call())().then(
    (value) => {
      if (over) late?.(value);
      return value;
    },
    (error: unknown) => silent ?? (thrown(error) as T),
  );
  const timeout = clock.until(clock.now() + withinMs, stop.signal).then(
    () => {
      over = true;
      return silent ?? (unanswered as T);
    },
    () => new Promise<T>(() => {}),
  );
  const first = await Promise.race([answer, timeout]);
  stop.abort(OVER);
  return first;
};
