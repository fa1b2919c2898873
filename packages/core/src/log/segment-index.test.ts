import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { segmentPath } from './segment.js';
import { SegmentIndex } from './segment-index.js';
import { SimulatedDisk } from './simulated-disk.js';
import { sha256 } from './system.js';

/** Segment n holds a stream of its own, every third one, and one that all hold. */
const termsOf = (segment: number): Set<string> => new Set([`own-${segment}`, `third-${segment % 3}`, 'all', ...Array.from({ length: 50 }, (_, index) => `x/${segment}/${index}`)]);
const endOf = (segment: number): string => sha256(`the end of ${segment}`);
const firstLine = (segment: number): string => {
  const body = `{"v":2,"durableTo":0,"prev":"${endOf(segment - 1)}","records":[]`;
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}\n`;
};
const fill = async (disk: SimulatedDisk, segments: number): Promise<SegmentIndex> => {
  for (const segment of upTo(segments + 1)) disk.write(segmentPath('/data', segment), Buffer.from(firstLine(segment)));
  const index = new SegmentIndex(disk, '/data');
  for (let segment = await index.open(segments, endOf(segments)); segment <= segments; segment += 1) index.add(segment, endOf(segment), termsOf(segment));
  await index.settled();
  return index;
};
const upTo = (last: number): number[] => Array.from({ length: last }, (_, each) => each + 1);

describe('the index of sealed segments', () => {
  it.each([1, 3, 4, 15, 16, 70])('finds what each of %i segments holds, and nothing else', async (segments) => {
    const index = await fill(new SimulatedDisk(), segments);
    for (const segment of upTo(segments)) expect(await index.find(`own-${segment}`)).toEqual([segment]);
    expect(await index.find(`x/${segments}/49`)).toEqual([segments]);
    expect(await index.find('all')).toEqual(upTo(segments));
    expect(await index.find('third-1')).toEqual(upTo(segments).filter((segment) => segment % 3 === 1));
    for (const never of upTo(100)) expect(await index.find(`never-${never}`)).toEqual([]);
  });

  it('is a handful of runs, however many segments there are', async () => {
    const disk = new SimulatedDisk();
    const index = await fill(disk, 4 ** 3 + 4 + 2);
    expect(index.runs.map(({ from, to }) => [from, to])).toEqual([[1, 64], [65, 68], [69, 69], [70, 70]]);
    expect((await disk.list('/data/index')).length).toBe(4);
  });

  it('a term that fills pages is found in all of them', async () => {
    const index = await fill(new SimulatedDisk(), 1024);
    expect(index.runs).toHaveLength(1);
    expect(await index.find('all')).toEqual(upTo(1024));
  });

  it('is taken up again; what was not written is asked for again', async () => {
    const disk = new SimulatedDisk();
    await (await fill(disk, 10)).close();
    const index = new SegmentIndex(disk, '/data');
    expect(await index.open(10, endOf(10))).toBe(11);
    expect(await index.find('own-7')).toEqual([7]);
    await index.close();
    // A log that ends earlier: what the index says of later segments is not true of it.
    const shorter = new SegmentIndex(disk, '/data');
    expect(await shorter.open(9, endOf(9))).toBe(10);
    expect(await shorter.find('own-10')).toEqual([]);
    await shorter.close();
    expect(await new SegmentIndex(disk, '/data').open(9, undefined)).toBe(1);
    expect(await disk.list('/data/index')).toEqual([]);
  });

  it('a crash at any operation leaves an index that says the truth', async () => {
    for (let operations = 0; operations < 45; operations += 1) {
      const disk = new SimulatedDisk();
      disk.powerFailsAfter(operations);
      await Promise.race([fill(disk, 6), disk.powerFailed()]);
      let state = operations;
      disk.restart((below) => (state = (state * 31 + 7) % 1009) % below);
      const index = await fill(disk, 6);
      for (const segment of upTo(6)) expect(await index.find(`own-${segment}`)).toEqual([segment]);
      await index.close();
    }
  });

  it('a damaged page is noticed: every segment of its run is looked into, and the run is made anew', async () => {
    const disk = new SimulatedDisk();
    await (await fill(disk, 4)).close();
    disk.edit('/data/index/00000001-00000004.run', (bytes) => {
      bytes[4096 + 40]! ^= 1;
      return bytes;
    });
    const index = new SegmentIndex(disk, '/data');
    expect(await index.open(4, endOf(4))).toBe(5);
    expect(await index.find('own-2')).toEqual([1, 2, 3, 4]);
    await index.close();
    expect(await new SegmentIndex(disk, '/data').open(4, endOf(4))).toBe(1);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['whose head is damaged', (bytes) => bytes.with(20, (bytes[20] ?? 0) ^ 1)],
    ['that lacks a page', (bytes) => bytes.slice(0, -4096)],
    ['that has a page more', (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)])],
    ['that is empty', () => new Uint8Array()],
  ])('a run %s is made anew', async (_, spoil) => {
    const disk = new SimulatedDisk();
    await (await fill(disk, 3)).close();
    disk.edit('/data/index/00000002-00000002.run', spoil);
    expect(await new SegmentIndex(disk, '/data').open(3, endOf(3))).toBe(2);
    expect(await disk.list('/data/index')).toEqual(['00000001-00000001.run']);
    const index = await fill(disk, 3);
    for (const segment of upTo(3)) expect(await index.find(`own-${segment}`)).toEqual([segment]);
    await index.close();
  });

  it('whoever only looks takes nothing away, neither what it can not read nor what it does not know', async () => {
    const disk = new SimulatedDisk();
    await (await fill(disk, 5)).close();
    disk.edit('/data/index/00000001-00000004.run', (bytes) => bytes.with(4096 + 40, (bytes[4096 + 40] ?? 0) ^ 1));
    const before = await disk.list('/data/index');
    const index = new SegmentIndex(disk, '/data', { looking: true });
    expect(await index.open(4, endOf(4))).toBe(5);
    expect(await index.find('own-2')).toEqual(upTo(4));
    await index.close();
    expect(await disk.list('/data/index')).toEqual(before);
  });

  it('a run that the disk does not give costs time and no answer: its segments are looked into, and it is made anew', async () => {
    for (const fails of ['openRead', 'read'] as const) {
      const disk = new SimulatedDisk();
      await (await fill(disk, 4)).close();
      const openRead = disk.openRead.bind(disk);
      const refused = () => Promise.reject(new Error('EIO: i/o error, read'));
      disk.openRead = fails === 'openRead' ? refused : async (path) => ({ ...(await openRead(path)), read: refused });
      expect(await new SegmentIndex(disk, '/data').open(4, endOf(4))).toBe(1);
      disk.openRead = openRead;
      const index = await fill(disk, 4);
      expect(await index.find('own-2')).toEqual([2]);
      await index.close();
    }
    const disk = new SimulatedDisk();
    await (await fill(disk, 4)).close();
    const openRead = disk.openRead.bind(disk);
    let refuses = false;
    disk.openRead = async (path) => {
      const file = await openRead(path);
      return { ...file, read: (position, length) => (refuses ? Promise.reject(new Error('EIO: i/o error, read')) : file.read(position, length)) };
    };
    const index = await fill(disk, 4);
    refuses = true;
    expect(await index.find('own-2')).toEqual([1, 2, 3, 4]);
    refuses = false;
    await index.close();
    expect(await new SegmentIndex(disk, '/data').open(4, endOf(4))).toBe(1);
  });

  it('takes away what a crash left of its own, and nothing of anybody else', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tillwright-index-'));
    try {
      mkdirSync(join(dir, 'index', '@eaDir'), { recursive: true });
      for (const name of ['00000001-00000001.run.new', '00000009-00000009.run', 'notes.txt']) writeFileSync(join(dir, 'index', name), 'x');
      const index = new SegmentIndex(nodeFileSystem, dir);
      expect(await index.open(0, undefined)).toBe(1);
      expect(readdirSync(join(dir, 'index')).sort()).toEqual(['@eaDir', 'notes.txt']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('a damaged run that others are to be merged with holds up nothing', async () => {
    const disk = new SimulatedDisk();
    await (await fill(disk, 3)).close();
    disk.edit('/data/index/00000002-00000002.run', (bytes) => {
      bytes[4096 + 40]! ^= 1;
      return bytes;
    });
    const index = await fill(disk, 4);
    for (const segment of [1, 3, 4]) expect(await index.find(`own-${segment}`)).toEqual([2, segment].sort());
    await index.close();
    const again = await fill(disk, 4);
    expect(again.runs.map(({ from, to }) => [from, to])).toEqual([[1, 4]]);
    for (const segment of upTo(4)) expect(await again.find(`own-${segment}`)).toEqual([segment]);
    await again.close();
  });

  it.each([['append', 'ENOSPC'], ['append', 'SHORT'], ['sync', 'EIO'], ['create', 'EROFS']] as const)('what can not be written (%s %s) is looked up from memory', async (operation, code) => {
    const disk = new SimulatedDisk();
    const index = new SegmentIndex(disk, '/data');
    await index.open(0, endOf(0));
    disk.failNext(operation, code);
    for (const segment of upTo(5)) index.add(segment, endOf(segment), termsOf(segment));
    await expect(index.settled()).rejects.toThrow();
    for (const segment of upTo(5)) expect(await index.find(`own-${segment}`)).toEqual([segment]);
    await index.close();
    expect(await new SegmentIndex(disk, '/data').open(5, endOf(5))).toBe(1);
  });

  it('lets all files go, also where a run that was merged can not be taken away', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tillwright-index-'));
    const open = new Set<string>();
    const fs: FileSystem = {
      ...nodeFileSystem,
      openRead: async (path) => {
        const file = await nodeFileSystem.openRead(path);
        open.add(path);
        return {
          ...file,
          close: async () => {
            open.delete(path);
            await file.close();
          },
        };
      },
      remove: (path) => (path.endsWith('00000002-00000002.run') ? Promise.reject(new Error('EBUSY')) : nodeFileSystem.remove(path)),
    };
    try {
      const index = new SegmentIndex(fs, dir);
      await index.open(0, undefined);
      for (const segment of upTo(4)) index.add(segment, endOf(segment), termsOf(segment));
      await expect(index.settled()).rejects.toThrow('EBUSY');
      expect([...open]).toEqual([join(dir, 'index', '00000001-00000004.run')]);
      await index.close();
      expect([...open]).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
