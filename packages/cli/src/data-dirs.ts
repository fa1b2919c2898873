/** Where things lie under `--data`. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './exit.js';

export const dataDirs = (data: string) => ({ log: join(data, 'log'), hosts: join(data, 'hosts'), devices: join(data, 'devices'), receipts: join(data, 'receipts') });

/**
 * `--data` names a till's data directory, or the log's own.
 * @throws UsageError where there is none: read as a log, any other directory would be one in which nothing is open
 */
export const logDir = (data: string): string => {
  const { log } = dataDirs(data);
  const found = [log, data].find(holdsLog);
  if (found !== undefined) return found;
  throw new UsageError(`there is no log at ${log} / 没有找到日志`);
};

/** A backup may lack the lock, a till that was never used has nothing else. */
const OF_A_LOG = /^(lock|\d{8}\.jsonl)$/;

const holdsLog = (dir: string): boolean => {
  try {
    return readdirSync(dir).some((name) => OF_A_LOG.test(name));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
};
