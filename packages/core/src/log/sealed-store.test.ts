import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SealedStore } from '../engine/ports.js';
import { memorySealedStore } from './memory-sealed-store.js';
import { nodeFileSystem } from './node-file-system.js';
import { fileSealedStore } from './sealed-store.js';

const root = mkdtempSync(join(tmpdir(), 'tillwright-sealed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
let made = 0;
const freshDir = (): string => join(root, String((made += 1)), 'sealed');

describe.each([
  ['in a directory', (): SealedStore => fileSealedStore(freshDir())],
  ['in memory', (): SealedStore => memorySealedStore()],
])('a sealed store %s', (_, make) => {
  it('keeps bytes under any key until they are forgotten', async () => {
    const store = make();
    expect(await store.keys()).toEqual([]);
    expect(await store.get('x')).toBeUndefined();
    for (const key of ['p/1#2', '../escape', '付款', '']) await store.put(key, Buffer.from(key));
    expect(await store.keys()).toEqual(['', '../escape', 'p/1#2', '付款'].sort());
    for (const key of await store.keys()) expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe(key);
    await store.forget('p/1#2');
    await store.forget('never was');
    expect(await store.get('p/1#2')).toBeUndefined();
    expect(await store.keys()).toHaveLength(3);
  });

  it('replaces what a key held, and keeps a copy', async () => {
    const store = make();
    const sealed = bytes(1, 2, 3);
    await store.put('k', bytes(9));
    await store.put('k', sealed);
    sealed.fill(0);
    expect(Uint8Array.from((await store.get('k')) ?? [])).toEqual(bytes(1, 2, 3));
  });
});

describe('on disk', () => {
  it('nothing half written is ever seen, and a failed put leaves what was there', async () => {
    const dir = freshDir();
    const store = fileSealedStore(dir);
    await store.put('k', bytes(1));
    for (const broken of [
      { append: async () => 0 },
      {
        sync: async () => {
          throw new Error('EIO');
        },
      },
    ]) {
      const failing = fileSealedStore(dir, {
        ...nodeFileSystem,
        openAppend: async (path, options) => ({ ...(await nodeFileSystem.openAppend(path, options)), ...broken }),
      });
      await expect(failing.put('k', bytes(2, 3))).rejects.toThrow();
    }
    expect(Uint8Array.from((await store.get('k')) ?? [])).toEqual(bytes(1));
    expect(readdirSync(dir)).toHaveLength(1);
  });

  it('is durable before put resolves: bytes first, then the name, then its directory', async () => {
    const done: string[] = [];
    const store = fileSealedStore(freshDir(), {
      ...nodeFileSystem,
      openAppend: async (path, options) => {
        const file = await nodeFileSystem.openAppend(path, options);
        return { ...file, append: (given) => (done.push('append'), file.append(given)), sync: () => (done.push('sync'), file.sync()) };
      },
      rename: (from, to) => (done.push('rename'), nodeFileSystem.rename(from, to)),
      zero: (path) => (done.push('zero'), nodeFileSystem.zero(path)),
      remove: (path) => (done.push('remove'), nodeFileSystem.remove(path)),
      syncDirectory: (path) => (done.push('syncDirectory'), nodeFileSystem.syncDirectory(path)),
    });
    await store.put('k', bytes(1));
    expect(done).toEqual(['remove', 'append', 'sync', 'rename', 'syncDirectory']);
    done.length = 0;
    await store.forget('k');
    expect(done).toEqual(['zero', 'remove', 'syncDirectory']);
  });

  it('passes over files that are not its own', async () => {
    const dir = freshDir();
    const store = fileSealedStore(dir);
    await store.put('k', bytes(1));
    writeFileSync(join(dir, '6b.sealed.99-1'), 'left by a crash');
    expect(await store.keys()).toEqual(['k']);
  });
});
