/** Timers without a promise or a signal for each: most are set for a minute and taken back after a second. */
import type { Clock } from '../contract.js';

/** A clock that can also call. Ours can; one that an embedder brings may. */
export interface AlarmClock extends Clock {
  /**
   * Calls once at `atMs`, or soon where that has passed, never before it returns.
   * @returns how to take it back
   */
  alarm(atMs: number, due: () => void): () => void;
}

export const canCall = (clock: Clock): clock is AlarmClock => typeof (clock as Partial<AlarmClock>).alarm === 'function';

/** Calls once when it is due, unless taken back before. */
export const setAlarm = (clock: Clock, atMs: number, due: () => void): (() => void) => {
  if (canCall(clock)) return clock.alarm(atMs, due);
  const stop = new AbortController();
  clock.until(atMs, stop.signal).then(
    () => {
      if (!stop.signal.aborted) due();
    },
    () => {},
  );
  return () => stop.abort(TAKEN_BACK);
};

/** A reason for nobody: an error with a stack costs more than a timer. */
const TAKEN_BACK = 'taken back';
