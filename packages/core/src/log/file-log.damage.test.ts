/** A torn tail is cut, damage is refused with its place, and neither is taken for the other. */
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fileLog } from './file-log.js';
import { SimulatedDisk } from './simulated-disk.js';
import { counted, countsOf, openAll, upTo } from './test-events.js';

const FILE = '/data/00000001.jsonl';

/** Five lines of two records each, all on disk; the first four are called durable by later ones. */
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
/** Where a line ends, counted from 1. */
const endOf = (line: number): number => Buffer.byteLength(textOf(sound).split('\n').slice(0, line).join('\n')) + 1;
const CLAIMED = endOf(4);

describe('a line that is whole, by its checksum', () => {
  const withTime = (at: string): SimulatedDisk => {
    const disk = sound.copy();
    edit(disk, (lines) => lines.map((line, index) => (index === 4 ? resealed(line.replaceAll(/"at":\d+/g, `"at":${at}`)) : line)));
    return disk;
  };

  it('is read, though its time counts finer than a millisecond: a till with such a clock wrote it once', async () => {
    expect(await open(withTime('5.25'))).toEqual({ cut: undefined, counts: upTo(10) });
  });

  it('is no torn tail, whatever is wrong with it: no crash writes that', async () => {
    await expect(open(withTime('null'))).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line: 5 } });
  });
});

describe('a torn tail', () => {
  it('at any byte leaves exactly the appends that are whole', async () => {
    const { length } = sound.bytes(FILE);
    for (let at = CLAIMED; at <= length; at += 1) {
      const disk = sound.copy();
      disk.edit(FILE, (bytes) => bytes.slice(0, at));
      const opened = await open(disk);
      const kept = at === length ? 10 : 8;
      expect(opened.counts).toEqual(upTo(kept));
      expect(opened.cut?.bytes ?? 0).toBe(at - (kept === 10 ? length : CLAIMED));
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

  it('may hold a whole line behind a torn one, when nobody was told of either', async () => {
    const disk = sound.copy();
    const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1e9 });
    await log.open();
    log.append([counted(11)], 0);
    // What a checkpoint is taken of ends a line: two in one write.
    const taken = log.checkpoint?.({});
    log.append([counted(12)], 0);
    await taken;
    await log.close();
    expect(log.stats.syncs).toBe(1);
    await disk.remove('/data/checkpoint.json');
    edit(disk, (lines) => lines.map((line, at) => (at === 5 ? line.replaceAll('1', '\0') : line)));
    expect((await open(disk)).counts).toEqual(upTo(10));
  });
});

describe('damage', () => {
  it('anywhere before what a later record calls durable is refused with its place, and nothing is changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(CLAIMED - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const disk = sound.copy();
        disk.edit(FILE, (bytes) => bytes.map((byte, where) => (where === at ? byte ^ change : byte)));
        const before = disk.bytes(FILE);
        const line = textOf(sound).slice(0, at).split('\n').length;
        await expect(open(disk)).rejects.toMatchObject({
          code: 'LOG_DAMAGED',
          details: { place: `${FILE}:${line}`, file: '00000001.jsonl', line, seq: 2 * line - 1, byte: line > 1 ? endOf(line - 1) : 0 },
        });
        expect(disk.bytes(FILE)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('is a line feed that is lost, also before the last line, which alone says that the other was on disk', async () => {
    for (const line of [1, 4]) {
      const disk = sound.copy();
      disk.edit(FILE, (bytes) => bytes.map((byte, at) => (at === endOf(line) - 1 ? 0 : byte)));
      await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line, seq: 2 * line - 1 } });
    }
  });

  it('is a line feed that is lost of two lines that follow each other', async () => {
    const disk = sound.copy();
    disk.edit(FILE, (bytes) => bytes.map((byte, at) => (at === endOf(3) - 1 || at === endOf(4) - 1 ? 0 : byte)));
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line: 3, seq: 5 } });
  });

  it('before a line that lacks but its line feed: what that says of the others is true', async () => {
    for (const at of [endOf(4) - 20, endOf(4) - 1]) {
      const disk = sound.copy();
      disk.edit(FILE, (bytes) => bytes.with(at, 0).slice(0, -1));
      const before = disk.bytes(FILE);
      await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line: 4, seq: 7 } });
      expect(disk.bytes(FILE)).toEqual(before);
    }
  });

  it('after that is cut, and never read as something else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: CLAIMED, max: sound.bytes(FILE).length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const disk = sound.copy();
        disk.edit(FILE, (bytes) => bytes.map((byte, where) => (where === at ? byte ^ change : byte)));
        expect((await open(disk)).counts).toEqual(upTo(8));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a line taken out', (lines: string[]) => lines.toSpliced(2, 1), 3],
    ['a line put twice', (lines: string[]) => lines.toSpliced(2, 0, lines[2] ?? ''), 4],
    ['two lines swapped', (lines: string[]) => lines.toSpliced(2, 2, lines[3] ?? '', lines[2] ?? ''), 3],
    ['a record rewritten with a fitting checksum', (lines: string[]) => lines.with(1, resealed((lines[1] ?? '').replace('"to":4', '"to":5'))), 3],
    ['a record of the last line but one rewritten so', (lines: string[]) => lines.with(3, resealed((lines[3] ?? '').replace('"to":7', '"to":8'))), 5],
    ['a record taken out of its line so', (lines: string[]) => lines.with(1, resealed((lines[1] ?? '').replace(/,\{"seq":4,.*\]/, ']'))), 3],
    ['the first line taken out', (lines: string[]) => lines.slice(1), 1],
    ['a number left out', (lines: string[]) => lines.with(4, resealed((lines[4] ?? '').replace('"seq":10', '"seq":11').replace('"seq":9', '"seq":10'))), 5],
  ])('%s is found', async (_, change, line) => {
    const disk = sound.copy();
    edit(disk, change);
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { line } });
  });

  it('in a sealed segment is found, at its very end too', async () => {
    for (const [path, change, place] of [
      [FILE, (bytes: Uint8Array) => bytes.slice(0, -1), '00000001.jsonl'],
      [FILE, (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(8)]), '00000001.jsonl'],
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
    await expect(open(gone)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000002.jsonl', seq: 3, why: 'the segment is missing' } });
    const shifted = await written({ segmentBytes: 1 });
    await shifted.rename('/data/00000003.jsonl', '/data/00000002.jsonl');
    await shifted.rename('/data/00000004.jsonl', '/data/00000003.jsonl');
    await shifted.remove('/data/00000005.jsonl');
    await expect(open(shifted)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000002.jsonl', line: 1 } });
  });
});

it.each([
  ['another segment', '"segment":1', '"segment":9'],
  ['more records', '"records":2', '"records":3'],
  ['another end', '"head":"', '"head":"0'],
  ['nothing', '"type":"segmentSealed"', '"type":"segmentBegun"'],
])('a segment that seals %s is not the one that was written', async (_, sealed, other) => {
  const disk = await written({ segmentBytes: 1 });
  edit(disk, ([line = '', ...rest]) => [resealed(line.replace(sealed, other)), ...rest], '/data/00000002.jsonl');
  for (const name of ['00000003', '00000004', '00000005']) await disk.remove(`/data/${name}.jsonl`);
  await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000002.jsonl', line: 1, seq: 3 } });
});

it('a line of another version is not cut with what stands spoilt before it', async () => {
  for (const spoilt of [endOf(4) - 20, endOf(4) - 1]) {
    const disk = sound.copy();
    edit(disk, (lines) => lines.with(4, resealed((lines[4] ?? '').replace('"v":2', '"v":3'))));
    disk.edit(FILE, (bytes) => bytes.with(spoilt, 0));
    const before = disk.bytes(FILE);
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_VERSION' });
    expect(disk.bytes(FILE)).toEqual(before);
  }
});

it.each([1, 3])('a line of version %i is refused as such, in the tail too', async (version) => {
  for (const line of [1, 4]) {
    const disk = sound.copy();
    edit(disk, (lines) => lines.with(line, resealed((lines[line] ?? '').replace('"v":2', `"v":${version}`))));
    await expect(open(disk)).rejects.toMatchObject({ code: 'LOG_VERSION', details: { found: `${FILE}:${line + 1}, version ${version}` } });
  }
});
