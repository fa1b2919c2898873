/** The machine's own digests. */
import { hash } from 'node:crypto';
import type { Hash } from '../engine/ports.js';

export const systemHash: Hash = (algorithm, text) => hash(algorithm.replace('-', '').toLowerCase(), text);

/** SHA-256 as lower-case hex. */
export const sha256 = (text: string): string => hash('sha256', text);
