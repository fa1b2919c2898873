/** Where things lie under `--data`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './exit.js';

export const dataDirs = (data: string) => ({ log: join(data, 'log'), hosts: join(data, 'hosts'), devices: join(data, 'devices'), receipts: join(data, 'receipts') });

/**
 * `--data` names a till's data directory, or the log's own.
 * @throws UsageError where there is none
 */
export const logDir = (data: string): string => {
  const { log } = dataDirs(data);
  if (existsSync(log)) return log;
  if (existsSync(data)) return data;
  throw new UsageError(`there is no log at ${log} / 没有找到日志`);
};
