/** Where things lie under `--data`. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './exit.js';

export const dataDirs = (data: string) => ({ log: join(data, 'log'), hosts: join(data, 'hosts'), devices: join(data, 'devices'), receipts: join(data, 'receipts') });

/** What stands in the directory of a log: a backup may lack the lock, a till that was never used has nothing else. */
const OF_A_LOG = /^(lock|\d{8}\.jsonl)$/;
const holdsLog = (dir: string): boolean => existsSync(dir) && readdirSync(dir).some((name) => OF_A_LOG.test(name));

/**
 * `--data` names a till's data directory, or the log's own.
 * @throws UsageError where there is none: of a wrong directory nobody is to hear that all is well
 */
export const logDir = (data: string): string => {
  const { log } = dataDirs(data);
  const found = [log, data].find(holdsLog);
  if (found === undefined) throw new UsageError(`there is no log at ${log} / 没有找到日志`);
  return found;
};
