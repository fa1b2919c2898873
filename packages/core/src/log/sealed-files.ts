/** The sealed store's old form, one file for each key, as the first data directories have it: read over once, then erased. */
import { join } from 'node:path';
import type { FileSystem } from './file-system.js';

/** `<key in hex>.sealed`, or that with a suffix where a crash left it unfinished. */
const NAME = /^([0-9a-f]*)\.sealed(\.\d+-\d+)?$/;

export interface OldFiles {
  readonly entries: readonly { readonly key: string; readonly kept: Uint8Array }[];
  /** All of them, the unfinished ones too: those were promised to nobody, and hold what must not stay. */
  readonly paths: readonly string[];
}

export const readOldFiles = async (fs: FileSystem, dir: string): Promise<OldFiles> => {
  const entries: { key: string; kept: Uint8Array }[] = [];
  const paths: string[] = [];
  for (const name of [...(await fs.list(dir))].sort()) {
    const [, hex, unfinished] = NAME.exec(name) ?? [];
    if (hex === undefined) continue;
    const path = join(dir, name);
    paths.push(path);
    const kept = unfinished === undefined ? await fs.readWhole(path) : undefined;
    if (kept) entries.push({ key: Buffer.from(hex, 'hex').toString('utf8'), kept });
  }
  return { entries, paths };
};

/** As far as the disk allows: a journal or a flash chip may keep the old block, so what was put in is sealed. */
export const eraseOldFiles = async (fs: FileSystem, dir: string, paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    await fs.zero(path);
    await fs.remove(path);
  }
  await fs.syncDirectory(dir);
};
