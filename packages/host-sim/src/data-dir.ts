import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HostSimError } from './errors.js';

const claimedHere = new Set<string>();

/**
 * Claims a data directory for this process, so that two sets of hosts do not write the same ledgers. A claim left by a
 * process that is gone is taken over.
 * @returns gives the claim up
 * @throws HOST_DATA_IN_USE naming the process that has it
 */
export async function claimDataDir(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true });
  const path = join(await realpath(dir), 'hosts.lock');
  if (claimedHere.has(path)) throw inUse(dir, process.pid);
  claimedHere.add(path);
  try {
    await writeClaim(path, dir);
  } catch (error) {
    claimedHere.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    claimedHere.delete(path);
  };
}

async function writeClaim(path: string, dir: string): Promise<void> {
  for (const last of [false, true]) {
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(String(process.pid));
      } finally {
        await file.close();
      }
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(path, 'utf8').catch(() => '0'));
      if (last || (owner !== process.pid && isAlive(owner))) throw inUse(dir, owner);
      await rm(path, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(dir: string, pid: number): HostSimError {
  return new HostSimError('HOST_DATA_IN_USE', `${dir} is used by process ${pid}`, {
    zh: '请先停止该进程，或换一个数据目录',
    en: 'Stop that process first, or use another data directory',
  });
}
