import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { TillwrightError } from '../errors.js';

/**
 * Takes a directory for this process. The kernel holds the lock for the open file, and lets it go when the process dies,
 * however it dies: nothing stale is left to clear away. A second open in the same process is refused too.
 * @returns gives the directory back
 * @throws LOG_LOCKED
 */
export const lockDirectory = async (dir: string): Promise<() => Promise<void>> => {
  // The file stays when the lock goes: removing it would let two processes lock two files of one name.
  const file = await open(join(dir, 'lock'), 'a');
  try {
    if (!tryLock(file.fd)) throw new TillwrightError('LOG_LOCKED', { dir });
  } catch (error) {
    await file.close();
    throw error;
  }
  return () => file.close();
};
