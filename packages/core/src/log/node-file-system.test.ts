import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFileSystem } from './node-file-system.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tillwright-disk-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** What is written and synced while something is done: no power cut can show it here. */
const watched = async (work: () => Promise<void>): Promise<{ readonly synced: number; readonly written: number }> => {
  const handle = await open(dir, 'r');
  const of = Object.getPrototypeOf(handle) as Pick<FileHandle, 'sync' | 'datasync' | 'write'>;
  await handle.close();
  const { sync, datasync, write } = of;
  const seen = { synced: 0, written: 0 };
  const counted = (system: typeof sync) =>
    async function (this: FileHandle): Promise<void> {
      await system.call(this);
      seen.synced += 1;
    };
  Object.assign(of, {
    sync: counted(sync),
    datasync: counted(datasync),
    async write(this: FileHandle, ...given: Parameters<typeof write>) {
      const result = await write.apply(this, given);
      seen.written += result.bytesWritten;
      return result;
    },
  });
  try {
    await work();
    return seen;
  } finally {
    Object.assign(of, { sync, datasync, write });
  }
};

it.skipIf(process.platform === 'win32')('a directory that is made is synced, with all that were made above it and the one that stood there', async () => {
  expect(await watched(() => nodeFileSystem.makeDirectory(join(dir, 'a', 'b', 'c')))).toMatchObject({ synced: 4 });
  expect(await watched(() => nodeFileSystem.makeDirectory(join(dir, 'a', 'b', 'c')))).toMatchObject({ synced: 0 });
  expect(await watched(() => nodeFileSystem.syncDirectory(dir))).toMatchObject({ synced: 1 });
});

it('bytes are written once more from an offset on, as they are, and synced', async () => {
  const path = join(dir, 'file');
  const bytes = Buffer.alloc(2 * 1024 * 1024 + 5, 'abc');
  writeFileSync(path, bytes);
  expect(await watched(() => nodeFileSystem.refresh(path, 3))).toEqual({ synced: 1, written: bytes.length - 3 });
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(await watched(() => nodeFileSystem.refresh(path, bytes.length))).toEqual({ synced: 1, written: 0 });
});

it('bytes are overwritten with zeros, and that is synced', async () => {
  const path = join(dir, 'file');
  writeFileSync(path, 'number of a card');
  expect(await watched(() => nodeFileSystem.zero(path))).toEqual({ synced: 1, written: 16 });
  expect(readFileSync(path)).toEqual(Buffer.alloc(16));
});

it('only what is missing counts as missing: a disk that does not answer holds what it holds', async () => {
  const nothing = join(dir, 'nothing');
  expect([await nodeFileSystem.list(nothing), await nodeFileSystem.size(nothing), await nodeFileSystem.readWhole(nothing)]).toEqual([[], undefined, undefined]);
  const file = join(dir, 'file');
  writeFileSync(file, '');
  mkdirSync(join(dir, 'folder'));
  await expect(nodeFileSystem.list(file)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(nodeFileSystem.readWhole(join(dir, 'folder'))).rejects.toMatchObject({ code: 'EISDIR' });
});

it('gives no more bytes than the file has', async () => {
  const path = join(dir, 'file');
  writeFileSync(path, 'short');
  const file = await nodeFileSystem.openRead(path);
  expect(Buffer.from(await file.read(2, 100)).toString()).toBe('ort');
  expect(await file.read(5, 100)).toHaveLength(0);
  await file.close();
});

it('a file that was closed is closed once, and neither read nor written any more: its number is another file\'s', async () => {
  const path = join(dir, 'first');
  const first = [await nodeFileSystem.openAppend(path, { create: true }), await nodeFileSystem.openInPlace(path), await nodeFileSystem.openRead(path)] as const;
  for (const file of first) await file.close();
  const others = await Promise.all(['a', 'b', 'c', 'd'].map((name) => nodeFileSystem.openAppend(join(dir, name), { create: true })));
  const closed = { code: 'EBADF' };
  await expect(first[0].append(Buffer.from('x'))).rejects.toMatchObject(closed);
  await expect(first[0].truncate(0)).rejects.toMatchObject(closed);
  await expect(first[0].sync()).rejects.toMatchObject(closed);
  await expect(first[1].write(Buffer.from('x'), 0)).rejects.toMatchObject(closed);
  await expect(first[2].read(0, 1)).rejects.toMatchObject(closed);
  for (const file of first) await file.close();
  for (const file of others) expect(await file.append(Buffer.from('own'))).toBe(3);
  expect(['a', 'b', 'c', 'd'].map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(['own', 'own', 'own', 'own']);
  for (const file of others) await file.close();
});

it.skipIf(process.platform === 'win32')('files are their owner\'s alone', async () => {
  const [log, sealed, lock] = ['log', 'sealed', 'lock'].map((name) => join(dir, name)) as [string, string, string];
  await (await nodeFileSystem.openAppend(log, { create: true })).close();
  await (await nodeFileSystem.openInPlace(sealed)).close();
  await (await nodeFileSystem.lock(lock))?.();
  for (const path of [log, sealed, lock]) expect(statSync(path).mode & 0o777).toBe(0o600);
});
