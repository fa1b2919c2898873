import { join } from 'node:path';
import type { SealedStore } from '../engine/ports.js';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';

const SUFFIX = '.sealed';

/**
 * A sealed store in a directory, one file for each key; the name is the key in hex, so that any key makes a safe name.
 * A file appears whole or not at all: it is written and synced under another name first.
 * @param dir made at the first `put`
 * Every function rejects with the system's error.
 */
export const fileSealedStore = (dir: string, fs: FileSystem = nodeFileSystem): SealedStore => {
  const pathOf = (key: string): string => join(dir, Buffer.from(key, 'utf8').toString('hex') + SUFFIX);
  let temporary = 0;

  return {
    put: async (key, sealed) => {
      await fs.makeDirectory(dir);
      temporary += 1;
      const unfinished = `${pathOf(key)}.${process.pid}-${temporary}`;
      try {
        // What a process of the same id left behind there was never promised to anyone.
        await fs.remove(unfinished);
        const file = await fs.openAppend(unfinished, { create: true });
        try {
          const written = await file.append(sealed);
          if (written !== sealed.length) throw new Error(`only ${written} of ${sealed.length} bytes were written`);
          await file.sync();
        } finally {
          await file.close();
        }
        await fs.rename(unfinished, pathOf(key));
      } catch (error) {
        await fs.remove(unfinished).catch(() => undefined);
        throw error;
      }
      await fs.syncDirectory(dir);
    },
    get: (key) => fs.readWhole(pathOf(key)),
    forget: async (key) => {
      const path = pathOf(key);
      if ((await fs.readWhole(path)) === undefined) return;
      // As far as the disk allows: a journal or a flash chip may keep the old block, so what was put in is sealed.
      await fs.zero(path).catch(() => undefined);
      await fs.remove(path);
      await fs.syncDirectory(dir);
    },
    keys: async () => {
      const names = await fs.list(dir);
      return names
        .filter((name) => name.endsWith(SUFFIX))
        .map((name) => Buffer.from(name.slice(0, -SUFFIX.length), 'hex').toString('utf8'))
        .sort();
    },
  };
};
