import { join } from 'node:path';
import type { Storage } from '../engine/ports.js';
import { fileLog, type FileLog, type FileLogOptions } from './file-log.js';
import { fileSealedStore } from './sealed-store.js';
import { systemHash } from './system.js';

/**
 * All that an engine keeps, in one directory: `00000001.jsonl ...` and `lock` of the log, `sealed/slots` beside them.
 * @param dir made where it is missing; held by one process at a time
 */
export const fileStorage = (dir: string, options: FileLogOptions = {}): Storage & { readonly log: FileLog } => ({
  log: fileLog(dir, options),
  sealed: fileSealedStore(join(dir, 'sealed'), options),
  hash: systemHash,
});
