import { setTimeout as later } from 'node:timers/promises';

/** A host's time, in milliseconds since 1970, and timers on the same scale; shaped as `Clock` of `core/contract`. */
export interface HostClock {
  now(): number;
  /** Rejects when aborted. */
  until(atMs: number, signal?: AbortSignal): Promise<void>;
}

/** Timers of the machine beside a clock that is only read. */
export const machineTimers = (now: () => number): HostClock => ({
  now,
  until: (atMs, signal) => later(Math.max(0, atMs - now()), undefined, signal === undefined ? {} : { signal }),
});

export const clockOf = (clock: HostClock | (() => number) | undefined): HostClock =>
  clock === undefined || typeof clock === 'function' ? machineTimers(clock ?? Date.now) : clock;

/** Random bytes: keys, serials and nonces of a host come from here. */
export type RandomBytes = (length: number) => Uint8Array;
