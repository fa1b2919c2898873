/** A torn tail is cut, damage is refused with its place, and neither is taken for the other. */
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileLog } from './file-log.js';
import { SimulatedDisk } from './simulated-disk.js';
import { counted, countsOf, openAll, upTo } from './test-events.js';

const FILE = '/data/00000001.jsonl';

/** Calls 1..5 in two records each, all on disk; records 1 to 8 are called durable by later ones. */
const written = async (options: { segmentBytes?: number } = {}) => {
  const disk = new SimulatedDisk();
  const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1e9, ...options });
  await log.open();
  for (const call of upTo(5)) {
    log.append([counted(2 * call - 1), counted(2 * call)], call);
    await log.durable(log.head);
  }
  await log.close();
  return disk;
};
const sound = await written();
const open = async (disk: SimulatedDisk) => {
  const log = fileLog('/data', { fileSystem: disk });
  const { cut, records } = await openAll(log);
  const counts = countsOf(records);
  await log.close();
  return { cut, counts };
};
const textOf = (disk: SimulatedDisk, path = FILE): string => Buffer.from(disk.bytes(path)).toString('utf8');
const edit = (disk: SimulatedDisk, change: (lines: string[]) => readonly string[], path = FILE): void =>
  disk.edit(path, (bytes) => Buffer.from(change(Buffer.from(bytes).toString('utf8').split('\n')).join('\n')));
const resealed = (line: string): string => {
  const body = line.slice(0, line.lastIndexOf(',"crc"'));
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, '0')}"}`;
};
/** Where the records end that a later one calls durable. */
const claimedEnd = (disk: SimulatedDisk): number => Buffer.byteLength(textOf(disk).split('\n').slice(0, 8).join('\n')) + 1;

describe('a torn tail', () => {
  it('at any byte leaves exactly the appends that are whole', async () => {
    const { length } = sound.bytes(FILE);
    const ends = [8, 10].map((lines) => Buffer.byteLength(textOf(sound).split('\n').slice(0, lines).join('\n')) + 1);
    for (let at = claimedEnd(sound); at <= length; at += 1) {
      const disk = sound.copy();
      disk.edit(FILE, (bytes) => bytes.slice(0, at));
      const opened = await open(disk);
      const kept = at === length ? 10 : 8;
      expect(opened.counts).toEqual(upTo(kept));
      expect(opened.cut?.bytes ?? 0).toBe(at - (ends[kept === 10 ? 1 : 0] ?? 0));
      // It was cut on the disk too, once.
      expect(await open(disk)).toEqual({ cut: undefined, counts: upTo(kept) });
    }
  });

  it('of garbage, zeros and unfinished lines is cut', async () => {
    for (const tail of ['\0\0\0\0', '{"seq":11,', 'garbage\nmore garbage\n', '\n\n']) {
      const disk = sound.copy();
      disk.edit(FILE, (bytes) => Buffer.concat([bytes, Buffer.from(tail)]));
      expect(await open(disk)).toEqual({ cut: { bytes: tail.length }, counts: upTo(10) });
    }
  });

  it('may hold a whole record behind a torn one, when nobody was told of either', async () => {
    const disk = sound.copy();
    const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1e9 });
    await log.open();
    log.append([counted(11)], 0);
    log.append([counted(12)], 0);
    await log.close();
    edit(disk, (lines) => lines.map((line, at) => (at === 10 ? line.replaceAll('1', '\0') : line)));
    expect((await open(disk)).counts).toEqual(upTo(10));
  });
});

describe('damage', () => {
  it('anywhere before what a later record calls durable is refused with its place, and nothing is changed', async () => {
    const end = claimedEnd(sound);
    await fc.assert(
      fc.asyncProperty(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const disk = sound.copy();
        disk.edit(FILE, (bytes) => bytes.map((byte, where) => (where === at ? byte ^ change : byte)));
        const before = disk.bytes(FILE);
        const line = textOf(sound).slice(0, at).split('\n').length;
        await expect(open(disk)).rejects.toMatchObject({
          code: 'LOG_DAMAGED',
          details: { place: `${FILE}:${line}`, file: '00000001.jsonl', line, seq: line, byte: textOf(sound).split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0) },
        });
        expect(disk.bytes(FILE)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('after that is cut, and never read as something else', async () => {
    const from = claimedEnd(sound);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: from, max: sound.bytes(FILE).length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const disk = sound.copy();
        disk.edit(FILE, (bytes) => bytes.map((byte, where) => (where === at ? byte ^ change : byte)));
        expect((await open(disk)).counts).toEqual(upTo(8));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a line taken out', (lines: string[]) => lines.toSpliced(3, 1), 4],
    ['a line put twice', (lines: string[]) => lines.toSpliced(3, 0, lines[3] ?? ''), 5],
    ['two lines swapped', (lines: string[]) => lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''), 4],
    ['a record rewritten with a fitting checksum', (lines: string[]) => lines.with(3, resealed((lines[3] ?? '').replace('"to":4', '"to":5'))), 5],
    ['the last record but one rewritten so', (lines: string[]) => lines.with(8, resealed((lines[8] ?? '').replace('"to":9', '"to":8'))), 10],
    ['the first line taken out', (lines: string[]) => lines.slice(1), 1],
  ])('%s is found', async (_, change, line) => {
    const disk = sound.copy();
    edit(disk, change);
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line } });
  });

  it('in a sealed segment is found, at its very end too', async () => {
    for (const [path, change, place] of [
      [FILE, (bytes: Uint8Array) => bytes.slice(0, -1), '00000001.jsonl'],
      ['/data/00000002.jsonl', (bytes: Uint8Array) => bytes.slice(0, 20), '00000002.jsonl'],
      ['/data/00000002.jsonl', () => new Uint8Array(), '00000002.jsonl'],
    ] as const) {
      const disk = await written({ segmentBytes: 1 });
      disk.edit(path, change);
      await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: place } });
    }
  });

  it('is a segment that is missing or follows the wrong one', async () => {
    const gone = await written({ segmentBytes: 1 });
    await gone.remove('/data/00000002.jsonl');
    await expect(open(gone)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000002.jsonl', why: 'the segment is missing' } });
    const shifted = await written({ segmentBytes: 1 });
    await shifted.rename('/data/00000003.jsonl', '/data/00000002.jsonl');
    await shifted.rename('/data/00000004.jsonl', '/data/00000003.jsonl');
    await shifted.remove('/data/00000005.jsonl');
    await expect(open(shifted)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000002.jsonl', line: 1 } });
  });
});

it('a record of a newer version is refused as such, in the tail too', async () => {
  for (const line of [2, 9]) {
    const disk = sound.copy();
    edit(disk, (lines) => lines.with(line, resealed((lines[line] ?? '').replace('"v":1', '"v":2'))));
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_VERSION', details: { found: `${FILE}:${line + 1}, version 2` } });
  }
});
