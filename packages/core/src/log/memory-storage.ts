import type { Storage } from '../engine/ports.js';
import { memoryLog } from './memory-log.js';
import { memorySealedStore } from './memory-sealed-store.js';
import { systemHash } from './system.js';

/** An engine's storage that dies with the process: for tests, trying out, and tills that keep no books. */
export const memoryStorage = (): Storage => ({ log: memoryLog(), sealed: memorySealedStore(), hash: systemHash });
