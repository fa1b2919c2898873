/** The machine's own digests and time. */
import { hash } from 'node:crypto';
import type { Hash } from '../engine/ports.js';

export const systemHash: Hash = (algorithm, text) => hash(algorithm.replace('-', '').toLowerCase(), text);

/** Calls back once after so many ms, unless it is taken back by what it returns. */
export type Timer = (ms: number, due: () => void) => () => void;

/** The machine's own; it keeps no process alive. */
export const systemTimer: Timer = (ms, due) => {
  const timer = setTimeout(due, ms).unref();
  return () => clearTimeout(timer);
};

/** SHA-256 as lower-case hex. */
export const sha256 = (text: string): string => hash('sha256', text);
