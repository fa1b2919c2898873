/** Opening from a checkpoint: what is read, and what happens where it does not fit. Counts are asserted, never times. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../json.js';
import { casesOf } from './cases.js';
import { fileLog } from './file-log.js';
import { SimulatedDisk } from './simulated-disk.js';
import { collect, counted, countsOf, openAll, upTo } from './test-events.js';

const FILE = '/data/checkpoint.json';
const start = (disk: SimulatedDisk) => fileLog('/data', { fileSystem: disk, segmentBytes: 2000, lazyFlushMs: 1e9 });

/** Appends counts up to one, keeps a checkpoint of them at another, closes. */
const fill = async (disk: SimulatedDisk, last: number, at: number): Promise<void> => {
  const log = start(disk);
  await log.open();
  for (const to of upTo(last)) {
    log.append([{ stream: 'x/1', event: { type: 'cancelRequested', by: 'm', reason: String(to) } }, counted(to)], 0);
    await log.durable(log.head);
    if (to === at) await log.checkpoint?.({ counted: to });
  }
  await log.close();
};

const reopen = async (disk: SimulatedDisk, usable = true) => {
  const log = start(disk);
  let state: Json | undefined;
  const { records } = await openAll(log, {
    restore: (given) => {
      state = given;
      return usable;
    },
  });
  return { log, state, counts: countsOf(records), read: log.stats.readAtOpen };
};

describe('a checkpoint', () => {
  it('is given back, and only what follows it is read and folded', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 100, 98);
    const { log, state, counts, read } = await reopen(disk);
    expect(state).toEqual({ counted: 98 });
    expect(counts).toEqual([99, 100]);
    expect(read).toBeLessThan(30);
    expect(log.head).toBeGreaterThan(200);
    // It goes on like any other log, and old streams are all there.
    log.append([counted(101)], 0);
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(101));
    expect(await collect(log.read('x/1'))).toHaveLength(100);
    await log.close();
    expect((await reopen(disk, false)).counts).toEqual(upTo(101));
  });

  it('may be taken of what is not on disk yet: that is waited for', async () => {
    const disk = new SimulatedDisk();
    const log = start(disk);
    await log.open();
    for (const to of upTo(40)) log.append([counted(to)], 0);
    await log.checkpoint?.({ counted: 40 });
    disk.restart(() => 0);
    expect(await reopen(disk)).toMatchObject({ state: { counted: 40 }, counts: [] });
  });

  it('waits for the one before it, and the log waits with its end; after that none is taken', async () => {
    const disk = new SimulatedDisk();
    const log = start(disk);
    await log.open();
    const taken = upTo(2).map((to) => {
      log.append([counted(to)], 0);
      return log.checkpoint?.({ counted: to });
    });
    await log.close();
    const { operations } = disk;
    const done = operations.length;
    await Promise.all(taken);
    await expect(log.checkpoint?.({ counted: 3 })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
    expect(operations).toHaveLength(done);
    expect(await reopen(disk)).toMatchObject({ state: { counted: 2 }, counts: [] });
  });

  it('that the disk does not give is done without', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 100, 98);
    const whole = disk.readWhole.bind(disk);
    disk.readWhole = (path) => (path.endsWith('checkpoint.json') ? Promise.reject(new Error('EIO: i/o error, read')) : whole(path));
    const { state, counts } = await reopen(disk);
    expect(state).toBeUndefined();
    expect(counts).toEqual(upTo(100));
  });

  it('reads as little after ten times the history', async () => {
    const read: number[] = [];
    for (const last of [60, 600]) {
      const disk = new SimulatedDisk();
      await fill(disk, last, last);
      read.push((await reopen(disk)).read);
    }
    expect(Math.min(...read)).toBeGreaterThan(0);
    expect(Math.max(...read)).toBeLessThan(30);
  });

  const unfit: [string, (disk: SimulatedDisk) => void][] = [
    ['torn', (disk) => disk.edit(FILE, (bytes) => bytes.slice(0, bytes.length / 2))],
    ['garbled', (disk) => disk.edit(FILE, (bytes) => bytes.map((byte, at) => (at === bytes.length - 5 ? byte ^ 1 : byte)))],
    ['empty', (disk) => disk.edit(FILE, () => new Uint8Array())],
    ['of another version', (disk) => disk.edit(FILE, (bytes) => Buffer.from(Buffer.from(bytes).toString().replace('"v":1', '"v":2')))],
  ];
  it.each(unfit)('that is %s is as good as none', async (_, spoil) => {
    const disk = new SimulatedDisk();
    await fill(disk, 40, 39);
    spoil(disk);
    const { state, counts } = await reopen(disk);
    expect(state).toBeUndefined();
    expect(counts).toEqual(upTo(40));
  });

  it('that its reader refuses leaves the whole log to be folded', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 40, 39);
    const { state, counts } = await reopen(disk, false);
    expect(state).toEqual({ counted: 39 });
    expect(counts).toEqual(upTo(40));
  });

  it('that its reader refuses goes on saying what was on disk', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 40, 40);
    await (await reopen(disk, false)).log.close();
    const name = (await disk.list('/data')).filter((each) => each.endsWith('.jsonl')).sort().at(-1) ?? '';
    disk.edit(`/data/${name}`, (bytes) => bytes.slice(0, -1));
    await expect(reopen(disk, false)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: name } });
  });

  it('of another log, or of a log that was longer, does not count', async () => {
    const other = new SimulatedDisk();
    await fill(other, 40, 39);
    for (const last of [12, 40]) {
      const disk = new SimulatedDisk();
      const log = start(disk);
      await log.open();
      for (const to of upTo(last)) {
        log.append([{ stream: 'x/1', event: { type: 'cancelRequested', by: 'n', reason: String(to) } }, counted(to)], 0);
        await log.durable(log.head);
      }
      await log.close();
      disk.write(FILE, other.bytes(FILE));
      const torn = (await disk.list('/data')).filter((each) => each.endsWith('.jsonl')).sort().at(-1) ?? '';
      disk.edit(`/data/${torn}`, (bytes) => Buffer.concat([bytes, Buffer.from('{"v":')]));
      const { state, counts } = await reopen(disk);
      expect(state).toBeUndefined();
      expect(counts).toEqual(upTo(last));
    }
  });

  it('of a log that is gone bears no witness against the one that was begun in its place', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 5, 5);
    await disk.remove('/data/00000001.jsonl');
    const { log } = await reopen(disk);
    log.append([counted(1)], 0);
    await log.durable(1);
    disk.edit('/data/00000001.jsonl', (bytes) => Buffer.concat([bytes, Buffer.from('{"torn')]));
    disk.endProcess();
    expect((await reopen(disk)).counts).toEqual([1]);
  });

  it('does not hide damage after it, nor a sealed segment that is gone or shorter', async () => {
    const spoilt: ((disk: SimulatedDisk) => Promise<void>)[] = [
      async (disk) => disk.edit('/data/00000002.jsonl', (bytes) => bytes.slice(0, -1)),
      async (disk) => disk.remove('/data/00000002.jsonl'),
      async (disk) => {
        const last = (await disk.list('/data')).filter((name) => name.endsWith('.jsonl')).sort().at(-1) ?? '';
        disk.edit(`/data/${last}`, (bytes) => bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)));
      },
    ];
    for (const spoil of spoilt) {
      const disk = new SimulatedDisk();
      await fill(disk, 100, 97);
      await spoil(disk);
      await expect(reopen(disk)).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    }
  });

  it('says that what it was taken of was on disk: what spoils that is no torn tail, and nothing is cut', async () => {
    for (const last of [5, 40]) {
      const disk = new SimulatedDisk();
      await fill(disk, last, last);
      const name = (await disk.list('/data')).filter((each) => each.endsWith('.jsonl')).sort().at(-1) ?? '';
      const spoilt: ((bytes: Uint8Array) => Uint8Array)[] = [
        (bytes) => bytes.slice(0, -1),
        (bytes) => bytes.map((byte, at) => (at === bytes.length - 20 ? byte ^ 1 : byte)),
        // Not one line is left that says so.
        (bytes) => Buffer.from(Buffer.from(bytes).toString().replaceAll('\n', '\r\n')),
        (bytes) => bytes.fill(0),
      ];
      for (const spoil of spoilt) {
        const other = disk.copy();
        other.edit(`/data/${name}`, spoil);
        const before = other.bytes(`/data/${name}`);
        for (const usable of [true, false]) await expect(reopen(other, usable)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: name } });
        await expect(casesOf('/data', { fileSystem: other })).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
        expect(other.bytes(`/data/${name}`)).toEqual(before);
      }
    }
  });

  it('a torn tail after it is cut as ever', async () => {
    const disk = new SimulatedDisk();
    await fill(disk, 40, 39);
    const last = (await disk.list('/data')).filter((name) => name.endsWith('.jsonl')).sort().at(-1) ?? '';
    disk.edit(`/data/${last}`, (bytes) => Buffer.concat([bytes, Buffer.from('{"seq":')]));
    const { state, counts, log } = await reopen(disk);
    expect(state).toEqual({ counted: 39 });
    expect(counts).toEqual([40]);
    log.append([counted(41)], 0);
    await log.close();
    expect((await reopen(disk)).counts).toEqual([40, 41]);
  });

  it.each([['append', 'ENOSPC'], ['append', 'SHORT'], ['sync', 'EIO'], ['create', 'EROFS']] as const)('that can not be written (%s %s) is an error and no harm', async (operation, code) => {
    const disk = new SimulatedDisk();
    await fill(disk, 20, 15);
    const { log } = await reopen(disk);
    disk.failNext(operation, code, `${FILE}.new`);
    await expect(log.checkpoint?.({ counted: 20 })).rejects.not.toMatchObject({ code: 'LOG_FAILED' });
    log.append([counted(21)], 0);
    await log.durable(log.head);
    await log.close();
    expect(await reopen(disk)).toMatchObject({ state: { counted: 15 }, counts: [16, 17, 18, 19, 20, 21] });
  });

  it('tells that the index can not be written: without it old segments are looked up from memory', async () => {
    const disk = new SimulatedDisk();
    const log = start(disk);
    await log.open();
    disk.failNext('create', 'ENOSPC', '/data/index/00000001-00000001.run.new');
    for (const to of upTo(40)) {
      log.append([counted(to)], 0);
      await log.durable(log.head);
    }
    await expect(log.checkpoint?.({ counted: 40 })).rejects.toThrow('ENOSPC');
    await log.close();
    expect((await reopen(disk)).counts).toEqual(upTo(40));
  });

  it('the power may fail at any operation while it is written: the one before it, the new one or none counts, and each leads to the same', async () => {
    const states = new Set<number>();
    for (let operations = 0; operations < 14; operations += 1) {
      const disk = new SimulatedDisk();
      await fill(disk, 20, 15);
      const { log } = await reopen(disk);
      disk.powerFailsAfter(operations);
      await Promise.race([log.checkpoint?.({ counted: 20 }), disk.powerFailed(), new Promise((resolve) => setImmediate(resolve))]);
      let random = operations;
      disk.restart((below) => (random = (random * 31 + 7) % 1009) % below);
      const { state, counts } = await reopen(disk);
      const known = (state as { counted: number } | undefined)?.counted ?? 0;
      states.add(known);
      expect([...upTo(known), ...counts]).toEqual(upTo(20));
    }
    expect([...states].sort()).toEqual(expect.arrayContaining([15, 20]));
  });
});

it('what a name was given to is found in the whole history, in sealed segments too', async () => {
  const disk = new SimulatedDisk();
  const log = start(disk);
  await log.open();
  const begin = (n: number) => ({ stream: `x/${n}`, event: { type: 'executionStarted', key: `order "${n}"`, terminal: 'T1', workflow: 'w', pins: {}, plugins: {}, input: n } }) as const;
  for (const n of upTo(200)) log.append([begin(n)], 0);
  await log.durable(log.head);
  for (const n of [1, 100, 199, 200]) expect(await log.find('key', `order "${n}"`)).toEqual([`x/${n}`]);
  expect(await log.find('key', 'order "201"')).toEqual([]);
  expect(await log.find('reference', 'order "1"')).toEqual([]);
  await log.close();
  for (const n of [1, 150, 200]) {
    const { log: next } = await reopen(disk);
    expect(await next.find('key', `order "${n}"`)).toEqual([`x/${n}`]);
    await next.close();
  }
});

it('an old record that the disk has damaged is not taken for one that never was', async () => {
  const disk = new SimulatedDisk();
  const log = start(disk);
  await log.open();
  for (const n of upTo(20)) {
    log.append([{ stream: `x/${n}`, event: { type: 'executionStarted', key: `order-${n}`, terminal: 'T1', workflow: 'w', pins: {}, plugins: {}, input: n } }], 0);
    await log.durable(log.head);
  }
  await log.checkpoint?.({});
  await log.close();
  const damages: { readonly line: number; readonly damage: (text: string) => string }[] = [
    { line: 2, damage: (text) => text.replace('"key":"order-2"', '"key":"order-3"') },
    { line: 2, damage: (text) => text.replace('"stream":"x/2"', '"stream":"y/2"') },
    // A page of zeros, line feeds included.
    { line: 1, damage: (text) => `${text.slice(0, 100)}${'\0'.repeat(900)}${text.slice(1000)}` },
  ];
  for (const { line, damage } of damages) {
    const spoilt = disk.copy();
    spoilt.edit('/data/00000001.jsonl', (bytes) => Buffer.from(damage(Buffer.from(bytes).toString())));
    const { log: again, read } = await reopen(spoilt);
    expect(read).toBeLessThan(20);
    await expect(again.find('key', 'order-2')).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file: '00000001.jsonl', line } });
    await expect(collect(again.read('x/2'))).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    await again.close();
  }
});

it('an index of another log, or of one that went another way since a copy was put back, is made anew', async () => {
  const begin = (n: number, key: string) => ({ stream: `x/${n}`, event: { type: 'executionStarted', key, terminal: 'T1', workflow: 'w', pins: {}, plugins: {}, input: n } }) as const;
  const sell = async (disk: SimulatedDisk, name: string, count: number): Promise<void> => {
    const log = start(disk);
    await log.open({ restore: () => true });
    for (const n of upTo(count)) {
      log.append([begin(n, `${name}-${n}`)], 0);
      await log.durable(log.head);
    }
    await log.checkpoint?.({});
    await log.close();
  };
  const indexOf = async (disk: SimulatedDisk) => (await disk.list('/data')).filter((name) => name.startsWith('index/'));
  for (const before of [0, 20]) {
    const disk = new SimulatedDisk();
    if (before > 0) await sell(disk, 'before', before);
    const other = disk.copy();
    await sell(disk, 'order', 60);
    await sell(other, 'other', 60);
    expect(await indexOf(other)).toEqual(await indexOf(disk));
    // The log's own files are put back, its folder is not.
    for (const name of await indexOf(disk)) disk.write(`/data/${name}`, other.bytes(`/data/${name}`));
    const { log, read } = await reopen(disk);
    expect(read).toBeLessThan(20);
    for (const n of upTo(60)) {
      expect(await log.find('key', `order-${n}`)).toEqual([`x/${n}`]);
      expect(await log.find('key', `other-${n}`)).toEqual([]);
    }
    await log.close();
  }
});

it('a log that was closed does not tell of what it holds that it never was', async () => {
  const disk = new SimulatedDisk();
  await fill(disk, 100, 98);
  const { log } = await reopen(disk);
  const asked = log.find('case', 'case-1');
  await log.close();
  expect(await asked).toEqual([]);
  await expect(log.find('case', 'case-1')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await expect(collect(log.read('x/1'))).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

it('a damaged line of an old segment keeps no till closed, wherever it stands', async () => {
  const disk = new SimulatedDisk();
  await fill(disk, 90, 88);
  const segments = (await disk.list('/data')).filter((name) => /^\d{8}\.jsonl$/.test(name)).sort().slice(0, -1);
  // Of several runs, each but the last ends where an old segment begins.
  expect(await disk.list('/data/index')).toHaveLength(5);
  for (const segment of segments) {
    const damaged = disk.copy();
    // Its first line: the hash of what it follows.
    damaged.edit(`/data/${segment}`, (bytes) => bytes.with(60, bytes[60] === 0x30 ? 0x31 : 0x30));
    const { log, state, counts } = await reopen(damaged);
    expect({ segment, state, counts }).toEqual({ segment, state: { counted: 88 }, counts: [89, 90] });
    await log.close();
  }
});
