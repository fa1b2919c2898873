import { constants, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppendFile } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { fileSealedStore } from './sealed-store.js';

/** What the system is asked for, and what it fails with next: a disk that fails can't be ordered here. */
const system = vi.hoisted(() => ({ synced: 0, writeFails: false, syncFails: false }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const failing = (): Error => Object.assign(new Error('EIO: ordered'), { code: 'EIO' });
  return {
    ...fs,
    fdatasync: (fd: number, done: (error: Error | null) => void) => {
      system.synced += 1;
      if (system.syncFails) done(failing());
      else fs.fdatasync(fd, done);
    },
    write: (...given: Parameters<typeof fs.write>) => {
      const done = given.at(-1) as unknown as (error: Error | null, written: number) => void;
      if (system.writeFails) done(failing(), 0);
      else fs.write(...given);
    },
  };
});

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tillwright-disk-'));
  Object.assign(system, { synced: 0, writeFails: false, syncFails: false });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const bytes = Buffer.from('a line\n');
const appended = (path: string): Promise<AppendFile> => nodeFileSystem.openAppend(path, { create: true, eachSynced: true });

/** The flags that a file of this process was opened with, as the kernel tells them. */
const flagsOf = (path: string): number => {
  const links = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path ? [fd] : [];
    } catch {
      return [];
    }
  });
  expect(links).toHaveLength(1);
  return Number.parseInt(/^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${links[0]}`, 'latin1'))?.[1] ?? '', 8);
};

describe.runIf(process.platform === 'linux')('where the kernel writes and syncs in one call', () => {
  it('it is told so for the log and for what is sealed, and for no other file', async () => {
    const [log, sealed, other] = ['log', 'sealed', 'other'].map((name) => join(dir, name)) as [string, string, string];
    const files = [await appended(log), await nodeFileSystem.openInPlace(sealed), await nodeFileSystem.openAppend(other, { create: true })];
    expect([log, sealed, other].map((path) => flagsOf(path) & constants.O_DSYNC)).toEqual([constants.O_DSYNC, constants.O_DSYNC, 0]);
    for (const file of files) await file.close();
  });

  it('the first sync carries what an earlier process may have left, a later one nothing', async () => {
    const file = await appended(join(dir, 'log'));
    await file.append(bytes);
    await file.sync();
    expect(system.synced).toBe(1);
    await file.append(bytes);
    await file.sync();
    expect(system.synced).toBe(1);
    expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('a line\na line\n');
    await file.close();
  });

  it('a file that was cut is synced', async () => {
    const file = await appended(join(dir, 'log'));
    await file.append(bytes);
    await file.sync();
    await file.truncate(3);
    await file.sync();
    expect(system.synced).toBe(2);
    await file.close();
  });

  it('a put that failed, be it its write or its sync, is refused; the next one is written and synced anew', async () => {
    const store = fileSealedStore(dir);
    await store.put('a', bytes);
    const before = system.synced;
    system.writeFails = true;
    await expect(store.put('b', bytes)).rejects.toMatchObject({ code: 'EIO' });
    system.writeFails = false;
    await store.put('c', bytes);
    expect(system.synced).toBe(before + 1);
    await store.close?.();
    expect(await fileSealedStore(dir).keys()).toEqual(['a', 'c']);
  });

  it('a sync after a write or a sync that failed tells nobody that all is on disk', async () => {
    const file = await appended(join(dir, 'log'));
    system.syncFails = true;
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    system.syncFails = false;
    await file.sync();
    system.writeFails = true;
    await expect(file.append(bytes)).rejects.toMatchObject({ code: 'EIO' });
    system.syncFails = true;
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
    await file.close();
  });
});

it('a file whose writes are not synced is synced each time it is told to', async () => {
  const other = await nodeFileSystem.openAppend(join(dir, 'other'), { create: true });
  for (const _ of [1, 2]) {
    await other.append(bytes);
    await other.sync();
  }
  expect(system.synced).toBe(2);
  await other.close();
});

it('after a sync that failed the sealed store takes nothing more, on the machine\'s own disk as well', async () => {
  const store = fileSealedStore(dir);
  system.syncFails = true;
  await expect(store.put('a', bytes)).rejects.toMatchObject({ code: 'EIO' });
  system.syncFails = false;
  await expect(store.put('b', bytes)).rejects.toMatchObject({ code: 'EIO' });
  await store.close?.();
});
