import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { SealedStore } from '../engine/ports.js';
import { memorySealedStore } from './memory-sealed-store.js';
import { nodeFileSystem } from './node-file-system.js';
import { fileSealedStore } from './sealed-store.js';
import { SimulatedDisk } from './simulated-disk.js';
import { SEALED_ROOM } from './sealed-room.js';
import { SLOT_SIZE } from './slots.js';

const root = mkdtempSync(join(tmpdir(), 'tillwright-sealed-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
let made = 0;
const freshDir = (): string => join(root, String((made += 1)), 'sealed');
const text = async (store: SealedStore, key: string): Promise<string | undefined> => {
  const kept = await store.get(key);
  return kept && Buffer.from(kept).toString();
};

describe.each([
  ['in a file', (): SealedStore => fileSealedStore(freshDir())],
  ['in memory', (): SealedStore => memorySealedStore()],
])('a sealed store %s', (_, make) => {
  it('keeps bytes under any key until they are forgotten', async () => {
    const store = make();
    expect(await store.keys()).toEqual([]);
    expect(await store.get('x')).toBeUndefined();
    for (const key of ['p/1#2', '../escape', '付款', '']) await store.put(key, Buffer.from(key));
    expect(await store.keys()).toEqual(['', '../escape', 'p/1#2', '付款'].sort());
    for (const key of await store.keys()) expect(await text(store, key)).toBe(key);
    await store.forget('p/1#2');
    await store.forget('never was');
    expect(await store.get('p/1#2')).toBeUndefined();
    expect(await store.keys()).toHaveLength(3);
  });

  it('replaces what a key held, and keeps a copy', async () => {
    const store = make();
    // A Buffer's slice is no copy.
    const sealed = Buffer.from([1, 2, 3]);
    await store.put('k', bytes(9));
    await store.put('k', sealed);
    sealed.fill(0);
    expect(Uint8Array.from((await store.get('k')) ?? [])).toEqual(bytes(1, 2, 3));
  });

  it('gives a copy, which stays as it is when the key is forgotten', async () => {
    const store = make();
    await store.put('k', bytes(1, 2, 3));
    (await store.get('k'))?.fill(9);
    const given = (await store.get('k')) ?? bytes();
    await store.forget('k');
    expect(Uint8Array.from(given)).toEqual(bytes(1, 2, 3));
  });

  it('refuses more than a page takes, the key in UTF-8 counted, and changes nothing', async () => {
    const store = make();
    await store.put('键', new Uint8Array(SEALED_ROOM - 3).fill(7));
    await expect(store.put('键', new Uint8Array(SEALED_ROOM - 2))).rejects.toThrow(new RangeError('a sealed store keeps 4076 bytes for each key, its name counted; these are 4077'));
    expect((await store.get('键'))?.every((byte) => byte === 7)).toBe(true);
    const [, other] = await Promise.allSettled([store.put('键', new Uint8Array(SEALED_ROOM - 2)), store.put('b', bytes(1))]);
    expect(other?.status).toBe('fulfilled');
  });
});

const worst = (): number => 0;
const syncs = (disk: SimulatedDisk): number => disk.operations.filter((each) => each === 'sync /sealed/slots').length;
const open = (disk: SimulatedDisk, lazyWipeMs = 1e9): SealedStore => fileSealedStore('/sealed', { fileSystem: disk, lazyWipeMs });
const inFile = (disk: SimulatedDisk, what: string): boolean => Buffer.from(disk.bytes('/sealed/slots')).includes(what);

/** As every till that sealed something has it on its disk. */
const slotOf = (put: number, key: string, kept: string): Buffer => {
  const slot = Buffer.alloc(4096);
  slot.write('TWS1', 0);
  slot.writeBigUInt64BE(BigInt(put), 8);
  slot.writeUInt16BE(Buffer.byteLength(key), 16);
  slot.writeUInt16BE(Buffer.byteLength(kept), 18);
  slot.write(key + kept, 20);
  slot.writeUInt32BE(crc32(slot.subarray(8)), 4);
  return slot;
};

describe('the file of slots', () => {
  it('is read and written as it always was', async () => {
    const disk = new SimulatedDisk();
    disk.write('/sealed/slots', Buffer.concat([slotOf(7, '付款', 'card one'), slotOf(9, 'a', 'newer'), slotOf(8, 'a', 'older')]));
    const store = open(disk);
    expect([await text(store, '付款'), await text(store, 'a')]).toEqual(['card one', 'newer']);
    await store.put('b', Buffer.from('card two'));
    expect(Buffer.from(disk.bytes('/sealed/slots')).subarray(2 * 4096)).toEqual(slotOf(10, 'b', 'card two'));
  });

  it('a put is one sync; puts at the same time share it', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    await store.put('a', Buffer.from('first'));
    expect(syncs(disk)).toBe(1);
    await Promise.all(['b', 'c', 'd'].map((key) => store.put(key, Buffer.from(key))));
    expect(syncs(disk)).toBe(2);
    disk.restart(worst);
    expect(await open(disk).keys()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('puts at the same time are one write, in whatever order the slots before were freed', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    const keys = ['a', 'b', 'c', 'd', 'e'];
    for (const key of keys) await store.put(key, Buffer.from(`card ${key}`));
    for (const key of ['d', 'a', 'e', 'c', 'b']) await store.forget(key);
    const before = disk.operations.length;
    await Promise.all(keys.map((key) => store.put(key.toUpperCase(), bytes(1))));
    expect(disk.operations.slice(before)).toEqual(['write /sealed/slots', 'sync /sealed/slots']);
    expect(inFile(disk, 'card ')).toBe(false);
  });

  it('what is forgotten is overwritten by the next put, without a sync of its own', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    await store.put('a', Buffer.from('number of a card'));
    await store.put('b', Buffer.from('another card'));
    const before = disk.operations.length;
    await store.forget('a');
    await store.forget('b');
    expect(disk.operations.length).toBe(before);
    await store.put('c', Buffer.from('third'));
    expect(disk.operations.slice(before)).toEqual(['write /sealed/slots', 'sync /sealed/slots']);
    expect(inFile(disk, 'number of a card') || inFile(disk, 'another card')).toBe(false);
    disk.restart(worst);
    expect(inFile(disk, 'number of a card') || inFile(disk, 'another card')).toBe(false);
    expect(await open(disk).keys()).toEqual(['c']);
  });

  it('what is forgotten is erased though no put follows', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    await store.put('a', Buffer.from('number of a card'));
    await store.forget('a');
    await store.close?.();
    expect(inFile(disk, 'number of a card')).toBe(false);
    disk.restart(worst);
    expect(inFile(disk, 'number of a card')).toBe(false);
    const again = open(disk, 1);
    await again.put('b', Buffer.from('number of a card'));
    const erased = new Promise<void>((resolve) => disk.onNext('sync', resolve));
    await again.forget('b');
    await erased;
    expect(inFile(disk, 'number of a card')).toBe(false);
  });

  it('once it is closed nothing is erased any more: its slots may be those of the next one', async () => {
    const disk = new SimulatedDisk();
    const due = new Set<() => void>();
    const timer = (_: number, call: () => void): (() => void) => {
      due.add(call);
      return () => void due.delete(call);
    };
    const store = fileSealedStore('/sealed', { fileSystem: disk, timer });
    await store.put('a', bytes(1));
    const written = new Promise<void>((resolve) => disk.onNext('write', resolve));
    const putting = store.put('b', bytes(2));
    await written;
    // Freed while a write runs, and the disk does not take the zeros.
    await store.forget('a');
    disk.failNext('write', 'EIO');
    await Promise.all([putting, store.close?.()]);
    expect(disk.struck).toBe(true);
    const next = open(disk);
    await next.forget('a');
    await next.put('c', bytes(3));
    for (const call of due) call();
    await new Promise((resolve) => setImmediate(resolve));
    await next.close?.();
    expect(await open(disk).keys()).toEqual(['b', 'c']);
  });

  it('what a former life sealed stays, whatever is put first', async () => {
    const disk = new SimulatedDisk();
    const readWhole = disk.readWhole.bind(disk);
    disk.readWhole = async (path) => {
      await new Promise((resolve) => setImmediate(resolve));
      return readWhole(path);
    };
    for (const key of ['a', 'b', 'c']) {
      const store = open(disk);
      await store.put(key, Buffer.from(key));
      await store.close?.();
    }
    const store = open(disk);
    for (let n = 0; n < 40; n += 1) await store.put(`q${n}`, bytes(n));
    expect(disk.bytes('/sealed/slots').length).toBe(48 * SLOT_SIZE);
    disk.restart(worst);
    const again = open(disk);
    expect(await again.keys()).toHaveLength(43);
    expect(await text(again, 'a')).toBe('a');
    for (let n = 0; n < 40; n += 1) expect(await again.get(`q${n}`)).toEqual(bytes(n));
  });

  it.each(['behind', 'before'])('of two slots with one key the newer one counts, which stands %s the older, and that is erased', async (where) => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    if (where === 'before') await store.put('x', bytes(1));
    await store.put('a', Buffer.from('an old card'));
    await store.forget('x');
    await store.put('a', Buffer.from('number of a card'));
    // The power fails before the older one is wiped; so it does after the third, which is told from both.
    disk.restart(worst);
    expect(inFile(disk, 'an old card')).toBe(true);
    const next = open(disk, 1);
    const erased = new Promise<void>((resolve) => disk.onNext('sync', resolve));
    expect(await text(next, 'a')).toBe('number of a card');
    await erased;
    expect(inFile(disk, 'an old card')).toBe(false);
    await open(disk).put('a', Buffer.from('third card'));
    disk.restart(worst);
    expect(inFile(disk, 'number of a card')).toBe(true);
    expect(await text(open(disk), 'a')).toBe('third card');
  });

  it('what a key held before is erased', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    await store.put('a', Buffer.from('number of a card'));
    await store.put('a', bytes(1));
    await store.close?.();
    expect(inFile(disk, 'number of a card')).toBe(false);
  });

  it('what is written and what is erased at once leaves alone what stands between', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    for (const key of ['a', 'b', 'c']) await store.put(key, Buffer.from(key));
    await store.forget('a');
    await store.forget('c');
    await store.put('d', Buffer.from('d'));
    disk.restart(worst);
    const next = open(disk);
    expect(await next.keys()).toEqual(['b', 'd']);
    expect([await text(next, 'b'), await text(next, 'd')]).toEqual(['b', 'd']);
  });

  it('what is forgotten while a write runs is erased after it, though its time came meanwhile', async () => {
    let hold: Promise<void> | undefined;
    const disk = new SimulatedDisk({ during: async (operation) => void (operation === 'sync' && (await hold)) });
    const due = new Set<() => void>();
    const call = (): void => {
      const called = [...due];
      due.clear();
      for (const each of called) each();
    };
    const store = fileSealedStore('/sealed', { fileSystem: disk, timer: (_, each) => (due.add(each), () => void due.delete(each)) });
    await store.put('a', Buffer.from('number of a card'));
    let release = (): void => undefined;
    hold = new Promise((resolve) => (release = resolve));
    const written = new Promise<void>((resolve) => disk.onNext('write', resolve));
    const putting = store.put('b', bytes(2));
    await written;
    await store.forget('a');
    call();
    release();
    await putting;
    await new Promise((resolve) => setImmediate(resolve));
    const erased = new Promise<void>((resolve) => disk.onNext('sync', resolve));
    expect(due.size).toBe(1);
    call();
    await erased;
    expect(inFile(disk, 'number of a card')).toBe(false);
  });

  it('is let go of when the store is closed, which can be used again then', async () => {
    const dir = freshDir();
    let files = 0;
    const fileSystem = {
      ...nodeFileSystem,
      openInPlace: async (path: string) => {
        const file = await nodeFileSystem.openInPlace(path);
        files += 1;
        const close = async (): Promise<void> => {
          await new Promise((resolve) => setImmediate(resolve));
          await file.close();
          files -= 1;
        };
        return { ...file, close };
      },
    };
    const store = fileSealedStore(dir, { fileSystem, lazyWipeMs: 1e9 });
    await store.close?.();
    expect(await store.keys()).toEqual([]);
    await store.close?.();
    expect(existsSync(dir)).toBe(false);
    for (const key of ['a', 'b']) {
      const putting = store.put(key, Buffer.from(key));
      await store.close?.();
      await putting;
      expect(files).toBe(0);
    }
    expect(await store.keys()).toEqual(['a', 'b']);
    await store.close?.();
    fileSystem.syncDirectory = () => Promise.reject(new Error('EIO: i/o error, fsync'));
    await expect(store.put('c', bytes(3))).rejects.toThrow('EIO');
    expect(files).toBe(0);
    expect(await fileSealedStore(dir).keys()).toEqual(['a', 'b']);
  });

  it('erases what is forgotten each time, also after it was closed', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk, 1);
    for (const closed of [false, false, true, false]) {
      await store.put('a', Buffer.from('number of a card'));
      const erased = new Promise<void>((resolve) => disk.onNext('sync', resolve));
      await store.forget('a');
      if (closed) await store.close?.();
      await erased;
      expect(inFile(disk, 'number of a card')).toBe(false);
    }
  });

  it('that can not be read is tried again by the next call', async () => {
    const disk = new SimulatedDisk();
    await open(disk).put('a', bytes(1));
    const readWhole = disk.readWhole.bind(disk);
    disk.readWhole = () => Promise.reject(new Error('EIO: i/o error, read'));
    const store = open(disk);
    await expect(store.keys()).rejects.toThrow('EIO');
    disk.readWhole = readWhole;
    expect(await store.keys()).toEqual(['a']);
  });

  it('slots are used again: a thousand sales fill one', async () => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    for (let sale = 0; sale < 1000; sale += 1) {
      await store.put(`p${sale}`, Buffer.from(`card ${sale}`));
      await store.forget(`p${sale}`);
    }
    expect(disk.bytes('/sealed/slots').length).toBe(16 * SLOT_SIZE);
    await Promise.all(Array.from({ length: 40 }, (_, n) => store.put(`q${n}`, bytes(n))));
    expect(await store.keys()).toHaveLength(40);
    disk.restart(worst);
    expect(await open(disk).keys()).toHaveLength(40);
  });

  it.each([
    ['a full disk', 'write', 'ENOSPC'],
    ['a short write', 'write', 'SHORT'],
    ['a read-only disk', 'create', 'EROFS'],
  ] as const)('%s refuses the put, and the next one succeeds once it is mended', async (_, operation, code) => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    disk.failNext(operation, code);
    await expect(store.put('a', bytes(1))).rejects.toThrow();
    expect(await store.keys()).toEqual([]);
    await store.put('b', bytes(2));
    disk.restart(worst);
    expect(await open(disk).keys()).toEqual(['b']);
  });

  it.each(['ENOSPC', 'SHORT'])('a write into the file that fails (%s) refuses the put, and nothing of that stays in it', async (code) => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    await store.put('a', bytes(1));
    disk.failNext('write', code);
    await expect(store.put('b', Buffer.from('number of a card'))).rejects.toThrow();
    expect(await store.keys()).toEqual(['a']);
    await store.put('c', bytes(3));
    expect(inFile(disk, 'number of a card')).toBe(false);
    disk.restart(worst);
    expect(await open(disk).keys()).toEqual(['a', 'c']);
  });

  it.each(['sync', 'syncDirectory'] as const)('after a failed %s nothing is tried again until it is opened anew', async (operation) => {
    const disk = new SimulatedDisk();
    const store = open(disk);
    if (operation === 'sync') await store.put('a', bytes(1));
    disk.failNext(operation, 'EIO');
    await expect(store.put('b', bytes(2))).rejects.toThrow('EIO');
    const tried = disk.operations.length;
    await expect(store.put('c', bytes(3))).rejects.toThrow('EIO');
    await store.forget('a');
    await store.close?.();
    expect(disk.operations.length).toBe(tried);
    await store.put('d', bytes(4));
    disk.restart(worst);
    expect(await open(disk).keys()).toContain('d');
  });

  it('a changed byte is found: the slot counts as empty and is erased', async () => {
    const disk = new SimulatedDisk();
    await open(disk).put('a', Buffer.from('number of a card'));
    await open(disk).put('b', bytes(2));
    disk.edit('/sealed/slots', (all) => {
      all[all.indexOf('n'.charCodeAt(0))]! ^= 1;
      return all;
    });
    const store = open(disk);
    expect(await store.keys()).toEqual(['b']);
    await store.close?.();
    expect(inFile(disk, 'umber of a card')).toBe(false);
  });

  it('a file that breaks off within a slot gives the others', async () => {
    const disk = new SimulatedDisk();
    await open(disk).put('a', bytes(1));
    disk.edit('/sealed/slots', (all) => Buffer.concat([all, bytes(0x54, 0x57, 0x53)]));
    expect(await open(disk).keys()).toEqual(['a']);
  });

  it('the power may fail at any operation: what was acknowledged is there and whole, what was erased does not come back', async () => {
    let cut = 0;
    const step = fc.record({ forget: fc.boolean(), size: fc.integer({ min: 1, max: 300 }) });
    const life = fc.record({ steps: fc.array(step, { maxLength: 8 }), operations: fc.integer({ min: 0, max: 20 }), seed: fc.integer({ min: 0 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
        const disk = new SimulatedDisk();
        /** Key -> what was put; undefined while a put or a forget of it is not known to be on disk. */
        const acknowledged = new Map<string, string>();
        const perhaps = new Set<string>();
        let next = 0;
        for (const { steps, operations, seed } of lives) {
          const store = open(disk);
          const found = await store.keys();
          for (const [key, kept] of acknowledged) expect(await text(store, key)).toBe(kept);
          for (const key of found) expect(acknowledged.has(key) || perhaps.has(key)).toBe(true);
          disk.powerFailsAfter(operations);
          const live = (async () => {
            for (const { forget, size } of steps) {
              const [oldest] = acknowledged.keys();
              if (forget && oldest !== undefined) {
                acknowledged.delete(oldest);
                perhaps.add(oldest);
                await store.forget(oldest);
              } else {
                const key = `key-${(next += 1)}`;
                perhaps.add(key);
                const kept = `${key}:`.padEnd(size, 'x');
                await store.put(key, Buffer.from(kept));
                perhaps.delete(key);
                acknowledged.set(key, kept);
              }
            }
          })();
          await Promise.race([live, disk.powerFailed()]);
          if (disk.off) cut += 1;
          let state = seed % 1000;
          disk.restart((below) => {
            state = (state * 31 + 7) % 1009;
            return state % below;
          });
        }
      }),
      { numRuns: 150 },
    );
    expect(cut).toBeGreaterThan(20);
  });
});

describe('a directory of the first form, one file for each key', () => {
  const hex = (key: string): string => Buffer.from(key).toString('hex');

  it('is read over, and its files are erased', async () => {
    const dir = freshDir();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `${hex('p/1@1')}.sealed`), 'card one');
    writeFileSync(join(dir, `${hex('p/2@1')}.sealed`), 'card two');
    writeFileSync(join(dir, `${hex('p/3@1')}.sealed.99-1`), 'left by a crash');
    writeFileSync(join(dir, 'readme.txt'), 'somebody else');
    // Who holds another name of it sees what is left of its bytes.
    linkSync(join(dir, `${hex('p/1@1')}.sealed`), join(dir, 'other.txt'));
    const store = fileSealedStore(dir);
    expect(await store.keys()).toEqual(['p/1@1', 'p/2@1']);
    expect(await text(store, 'p/2@1')).toBe('card two');
    expect(readdirSync(dir).sort()).toEqual(['other.txt', 'readme.txt', 'slots']);
    expect(readFileSync(join(dir, 'other.txt'))).toEqual(Buffer.alloc('card one'.length));
    await store.close?.();
    expect(await text(fileSealedStore(dir), 'p/1@1')).toBe('card one');
    expect(readFileSync(join(dir, 'slots')).includes('card one')).toBe(true);
  });

  it.each([false, true])('is read over where it is but one file (beside slots: %s)', async (beside) => {
    const disk = new SimulatedDisk();
    if (beside) await open(disk).put('b', bytes(2));
    disk.write(`/sealed/${hex('a')}.sealed`, Buffer.from('card a'));
    expect(await text(open(disk), 'a')).toBe('card a');
    expect(disk.paths()).toEqual(['/sealed/slots']);
    disk.restart(worst);
    expect(await open(disk).keys()).toEqual(beside ? ['a', 'b'] : ['a']);
  });

  it('that holds but what a crash left is erased', async () => {
    const dir = freshDir();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, `${hex('p/3@1')}.sealed.99-1`), 'left by a crash');
    expect(await fileSealedStore(dir).keys()).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('one that is more than a slot takes is refused, and stays', async () => {
    const dir = freshDir();
    mkdirSync(dir, { recursive: true });
    const files = [`${hex('p/1@1')}.sealed`, `${hex('p/2@1')}.sealed`];
    writeFileSync(join(dir, String(files[0])), 'card one');
    writeFileSync(join(dir, String(files[1])), new Uint8Array(SEALED_ROOM));
    await expect(fileSealedStore(dir).keys()).rejects.toThrow('these are 4081');
    expect(readdirSync(dir).filter((name) => name.endsWith('.sealed'))).toEqual(files);
  });

  it('a crash at any operation of reading it over loses none', async () => {
    let stopped = 0;
    for (let operations = 0; operations < 12; operations += 1) {
      const disk = new SimulatedDisk();
      for (const key of ['a', 'b']) disk.write(`/sealed/${hex(key)}.sealed`, Buffer.from(`card ${key}`));
      disk.powerFailsAfter(operations);
      await Promise.race([open(disk).keys(), disk.powerFailed()]);
      if (disk.off) stopped += 1;
      disk.restart(worst);
      const store = open(disk);
      expect(await store.keys()).toEqual(['a', 'b']);
      expect(await text(store, 'b')).toBe('card b');
    }
    expect(stopped).toBeGreaterThan(2);
  });
});
