import type { AlarmClock } from './alarms.js';

/** A clock for tests and simulation: it moves only when nothing else can, and then to the next timer that is due. */
export interface VirtualClock extends AlarmClock {
  /** Moves by hand, firing what falls due on the way. */
  advance(ms: number): Promise<void>;
  /** How many waits stand: none means that time alone changes nothing any more. */
  readonly waiting: number;
  /** Stops moving by itself; what waits then waits for good. */
  stop(): void;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Turns of the event loop without a new timer after which nothing is taken to be runnable. */
const IDLE_TURNS = 4;

/**
 * @param options.startMs ms since 1970
 * @param options.manual moves only by `advance`
 */
export const virtualClock = (options: { startMs?: number; manual?: boolean } = {}): VirtualClock => {
  let now = options.startMs ?? Date.UTC(2026, 0, 1, 1);
  let order = 0;
  let stopped = options.manual ?? false;
  let watching = false;
  const timers = new Set<Timer>();

  const next = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    return first;
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const fireUpTo = (at: number): boolean => {
    const timer = next();
    if (!timer || timer.at > at) return false;
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.fire();
    return true;
  };
  const watch = async (): Promise<void> => {
    if (watching) return;
    watching = true;
    while (!stopped && timers.size > 0) {
      const seen = order;
      for (let turns = 0; turns < IDLE_TURNS; turns += 1) await turn();
      if (seen !== order) continue;
      const timer = next();
      if (timer && !stopped) fireUpTo(timer.at);
    }
    watching = false;
  };

  const set = (at: number, fire: () => void): (() => void) => {
    const timer: Timer = { at, order: (order += 1), fire };
    timers.add(timer);
    void watch();
    return () => void timers.delete(timer);
  };

  return {
    now: () => now,
    alarm: (atMs, due) => {
      if (atMs > now) return set(atMs, due);
      let wanted = true;
      queueMicrotask(() => {
        if (wanted) due();
      });
      return () => {
        wanted = false;
      };
    },
    get waiting() {
      return timers.size;
    },
    until: (atMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (atMs <= now) return resolve();
        const stop = (): void => {
          takeBack();
          reject(signal?.reason);
        };
        const takeBack = set(atMs, () => {
          signal?.removeEventListener('abort', stop);
          resolve();
        });
        signal?.addEventListener('abort', stop, { once: true });
      }),
    advance: async (ms) => {
      const to = now + ms;
      while (fireUpTo(to)) for (let turns = 0; turns < IDLE_TURNS; turns += 1) await turn();
      now = to;
      for (let turns = 0; turns < IDLE_TURNS; turns += 1) await turn();
    },
    stop: () => {
      stopped = true;
    },
  };
};
