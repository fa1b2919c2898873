import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord } from '../events.js';
import { fileLog, type FileLog } from './file-log.js';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { SimulatedDisk } from './simulated-disk.js';
import { collect, counted, countsOf, openAll, upTo } from './test-events.js';
import { readLog, verifyLog } from './verify.js';

const signal = () => {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
};

/** A disk whose syncs, the ones picked by their number, wait until they are released. */
const holding = (picked: (sync: number) => boolean) => {
  const syncing = signal();
  const release = signal();
  let syncs = 0;
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    openAppend: async (path, options) => {
      const file = await nodeFileSystem.openAppend(path, options);
      const sync = async (): Promise<void> => {
        syncs += 1;
        if (picked(syncs)) {
          syncing.give();
          await release.given;
        }
        await file.sync();
      };
      return { ...file, sync };
    },
  };
  return { fileSystem, syncing, release };
};

/** A disk that counts what is open on it; whatever is closed takes a turn of the event loop to be so. */
const counting = () => {
  const disk = { open: 0, fileSystem: nodeFileSystem };
  const closing = (close: () => Promise<void>): (() => Promise<void>) => {
    disk.open += 1;
    return async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await close();
      disk.open -= 1;
    };
  };
  const opened = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const file = await opening;
    return { ...file, close: closing(file.close) };
  };
  disk.fileSystem = {
    ...nodeFileSystem,
    lock: async (path) => {
      const unlock = await nodeFileSystem.lock(path);
      return unlock && closing(unlock);
    },
    openAppend: (path, options) => opened(nodeFileSystem.openAppend(path, options)),
    openRead: (path) => opened(nodeFileSystem.openRead(path)),
  };
  return disk;
};

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tillwright-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the log in a directory', () => {
  it('numbers records at once, and holds them when opened again', async () => {
    const log = fileLog(dir);
    expect((await openAll(log)).records).toEqual([]);
    const [first, second] = log.append([counted(1), counted(2)], 1000);
    expect([first?.seq, second?.seq, log.head, log.durableTo]).toEqual([1, 2, 2, 0]);
    await log.durable(2);
    expect(log.durableTo).toBe(2);
    expect(readFileSync(join(dir, '00000001.jsonl'), 'utf8').split('\n')).toHaveLength(2);
    await log.close();

    const again = fileLog(dir);
    expect(await openAll(again)).toEqual({ records: [first, second] });
    expect([again.head, again.durableTo]).toEqual([2, 2]);
    expect(again.append([counted(3)], 1001)[0]).toMatchObject({ seq: 3 });
    await again.close();
  });

  it('gives what is on disk, on its way there, and neither yet, each once', async () => {
    const { fileSystem, syncing, release } = holding((sync) => sync === 2);
    const log = fileLog(dir, { fileSystem, lazyFlushMs: 60_000 });
    await log.open();
    log.append([counted(1), counted(2)], 0);
    await log.durable(2);
    log.append([counted(3)], 0);
    const third = log.durable(3);
    await syncing.given;
    log.append([counted(4)], 0);
    expect([log.durableTo, log.head]).toEqual([2, 4]);
    const seen: EventRecord[] = [];
    for await (const record of log.read('t/T1')) {
      seen.push(record);
      // What is written while somebody reads does not come twice.
      release.give();
      await third;
      await log.durable(4);
    }
    expect(countsOf(seen)).toEqual(upTo(4));
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(4));
    await log.close();
  });

  it('gives each once while a write that is not synced yet has filled more of the file than is read at once', async () => {
    let hold: Promise<void> | undefined;
    const disk = new SimulatedDisk({ during: async (operation) => void (operation === 'sync' && (await hold)) });
    const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1e9 });
    await log.open();
    log.append(upTo(30).map((to) => counted(to)), 0);
    await log.durable(30);
    const release = signal();
    hold = release.given;
    const written = new Promise<void>((resolve) => disk.onNext('append', resolve));
    log.append(upTo(100).map((to) => counted(30 + to)), 0);
    const all = log.durable(130);
    await written;
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(130));
    release.give();
    await all;
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(130));
    await log.close();
  });

  it('gives a reader what was there when it began, however much is appended meanwhile', async () => {
    const log = fileLog(dir, { lazyFlushMs: 60_000 });
    await log.open();
    log.append([counted(1), counted(2)], 0);
    const seen: EventRecord[] = [];
    for await (const record of log.read('t/T1')) {
      seen.push(record);
      if (seen.length < 5) log.append([counted(2 + seen.length)], 0);
    }
    expect(countsOf(seen)).toEqual([1, 2]);
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(4));
    await log.close();
  });

  it('makes directories that are missing', async () => {
    const log = fileLog(join(dir, 'a', 'b'));
    await log.open();
    log.append([counted(1)], 0);
    await log.close();
    expect(readdirSync(join(dir, 'a', 'b')).sort()).toEqual(['00000001.jsonl', 'lock']);
  });

  it('shares one sync among all who wait, and takes along what comes while one runs', async () => {
    const { fileSystem, syncing, release } = holding(() => true);
    const log = fileLog(dir, { fileSystem });
    await log.open();
    const append = (to: number): Promise<void> => log.durable(log.append([counted(to)], 0).at(-1)?.seq ?? 0);
    const first = upTo(50).map(append);
    await syncing.given;
    const late = upTo(40).map((to) => append(50 + to));
    release.give();
    await Promise.all(first);
    expect(log.stats).toMatchObject({ syncs: 1, records: 90 });
    await Promise.all(late);
    expect(log.stats).toMatchObject({ syncs: 2, records: 90 });
    await log.close();
    // A line for each write.
    expect(readFileSync(join(dir, '00000001.jsonl'), 'utf8').split('\n')).toHaveLength(3);
    expect(countsOf(await collect(readLog(dir)))).toEqual(upTo(90));
  });

  it('ends a long line, between two calls of append', async () => {
    const log = fileLog(dir, { lazyFlushMs: 1e9 });
    await log.open();
    for (let call = 0; call < 300; call += 1) log.append(upTo(7).map((n) => counted(7 * call + n)), call);
    await log.durable(log.head);
    expect(log.stats.syncs).toBe(1);
    await log.close();
    const lines = readFileSync(join(dir, '00000001.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { records: unknown[] }).records.length)).toEqual([1001, 1001, 98]);
    expect(countsOf(await collect(readLog(dir)))).toEqual(upTo(2100));
  });

  it('makes a line of many records in the next turn, before anybody waits for them', async () => {
    const log = fileLog(dir, { lazyFlushMs: 1e9 });
    await log.open();
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (const n of upTo(70)) log.append([counted(n)], 0);
    await turn();
    log.append(upTo(3).map((n) => counted(70 + n)), 0);
    await turn();
    await log.durable(log.head);
    expect(log.stats.syncs).toBe(1);
    // What comes too late for it is no fault.
    for (const n of upTo(64)) log.append([counted(73 + n)], 0);
    await log.close();
    await turn();
    const lines = readFileSync(join(dir, '00000001.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { records: unknown[] }).records.length)).toEqual([70, 3, 64]);
    expect(countsOf(await collect(readLog(dir)))).toEqual(upTo(137));
  });

  it('makes none while a write is under way: each line says that all that was written before it is on disk', async () => {
    const { fileSystem, syncing, release } = holding((sync) => sync === 1);
    const log = fileLog(dir, { lazyFlushMs: 1e9, fileSystem });
    await log.open();
    log.append([counted(1)], 0);
    const first = log.durable(1);
    await syncing.given;
    log.append(upTo(64).map((n) => counted(1 + n)), 0);
    await new Promise((resolve) => setImmediate(resolve));
    release.give();
    await first;
    await log.close();
    const lines = readFileSync(join(dir, '00000001.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => (JSON.parse(line) as { durableTo: number }).durableTo)).toEqual([0, 1]);
  });

  it('writes by itself what nobody waits for, and tells', async () => {
    const log = fileLog(dir, { lazyFlushMs: 1 });
    await log.open();
    const told = new Promise<number>((resolve) => log.onDurable(resolve));
    log.append([counted(1)], 0);
    expect(await told).toBe(1);
    expect(log.durableTo).toBe(1);
    await log.close();
  });

  it('keeps what was appended unforced when it is closed', async () => {
    const log = fileLog(dir, { lazyFlushMs: 1e9 });
    await log.open();
    log.append([counted(1)], 0);
    await log.close();
    expect(countsOf(await collect(readLog(dir)))).toEqual([1]);
    expect(() => log.append([counted(2)], 0)).toThrow('ENGINE_CLOSED');
    await expect(log.durable(1)).rejects.toThrow('ENGINE_CLOSED');
    await log.close();
  });

  it('gives records that no later change of the caller reaches, nor the disk', async () => {
    const log = fileLog(dir);
    await log.open();
    const event = { type: 'terminalCounted' as const, counter: 'trace', to: 1 };
    const [record] = log.append([{ stream: 't/T1', event }], 0);
    event.to = 99;
    expect(() => Object.assign(record?.event ?? {}, { to: 99 })).toThrow(TypeError);
    await log.close();
    expect(countsOf(await collect(readLog(dir)))).toEqual([1]);
  });

  it('writes nothing that it would not read back: a time is a whole number', async () => {
    const log = fileLog(dir, { segmentBytes: 1 });
    await log.open();
    log.append([counted(1)], 0);
    await log.durable(1);
    for (const at of [0.5, Number.NaN, Infinity]) expect(() => log.append([counted(2)], at)).toThrow(RangeError);
    log.append([counted(2)], 1);
    await log.close();
    expect(countsOf((await openAll(fileLog(dir))).records)).toEqual([1, 2]);
  });

  it('refuses a number that was never appended', async () => {
    const log = fileLog(dir);
    await log.open();
    await expect(log.durable(1)).rejects.toThrow(RangeError);
    await log.close();
  });
});

describe('segments', () => {
  const fill = async (calls: number): Promise<void> => {
    const log = fileLog(dir, { segmentBytes: 700 });
    await log.open();
    for (const to of upTo(calls)) {
      log.append([counted(2 * to - 1, 'a'), counted(2 * to, 'b')], to);
      if (to % 3 === 0) await log.durable(log.head);
    }
    await log.close();
  };

  it('are rolled by size, each sealing the one before it, and read back in order', async () => {
    await fill(20);
    const files = readdirSync(dir).filter((name) => name.endsWith('.jsonl'));
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expect(statSync(join(dir, file)).size).toBeLessThan(1500);
    const records = await collect(readLog(dir));
    expect(countsOf(records)).toEqual(upTo(40));
    const seals = records.filter(({ event }) => event.type === 'segmentSealed');
    expect(seals.length).toBe(files.length - 1);
    for (const file of files.slice(1)) {
      const [line = ''] = readFileSync(join(dir, file), 'utf8').split('\n');
      const { prev, records: [seal] } = JSON.parse(line) as { prev: string; records: EventRecord[] };
      expect(seal?.event).toMatchObject({ type: 'segmentSealed', head: prev });
    }

    const log = fileLog(dir, { segmentBytes: 700 });
    const opened = await openAll(log);
    expect(opened.records).toEqual(records);
    log.append([counted(41, 'a')], 0);
    expect(countsOf(await collect(log.read('a')))).toEqual([...upTo(20).map((n) => 2 * n - 1), 41]);
    expect(countsOf(await collect(log.read('b')))).toEqual(upTo(20).map((n) => 2 * n));
    expect(await collect(log.read('nobody'))).toEqual([]);
    await log.close();
    expect(await verifyLog(dir)).toMatchObject({ ok: true, records: log.head, head: log.headHash });
  });

  it.each([0, -1, Number.NaN])('of a size that is none (%s) hold a line each, and the log stays sound', async (segmentBytes) => {
    const log = fileLog(dir, { segmentBytes });
    await log.open();
    for (const to of upTo(6)) {
      log.append([counted(to)], 0);
      if (to % 3 === 0) await log.durable(log.head);
    }
    await log.close();
    expect(await verifyLog(dir)).toMatchObject({ ok: true, segments: 2 });
    expect(countsOf((await openAll(fileLog(dir))).records)).toEqual(upTo(6));
  });

  it('may be begun and left empty by a crash: the next append seals then', async () => {
    await fill(6);
    const last = readdirSync(dir).filter((name) => name.endsWith('.jsonl')).length;
    appendFileSync(join(dir, `0000000${last + 1}.jsonl`), '');
    const log = fileLog(dir, { segmentBytes: 700 });
    await log.open();
    log.append([counted(13, 'a')], 0);
    await log.close();
    expect(countsOf(await collect(readLog(dir)))).toEqual(upTo(13));
    expect(readFileSync(join(dir, `0000000${last + 1}.jsonl`), 'utf8')).toContain(`"segmentSealed","segment":${last}`);
  });

  it('are seen with those that a write is still busy with', async () => {
    const { fileSystem, syncing, release } = holding((sync) => sync === 1);
    const log = fileLog(dir, { fileSystem, segmentBytes: 1 });
    await log.open();
    log.append([counted(1)], 0);
    const first = log.durable(1);
    await syncing.given;
    // The line that is on its way has filled the first segment.
    log.append([counted(2)], 0);
    log.append([counted(3)], 0);
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(3));
    release.give();
    await first;
    await log.durable(log.head);
    log.append([counted(4)], 0);
    expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(4));
    await log.close();
    expect(await verifyLog(dir)).toMatchObject({ ok: true, segments: 3, records: 6 });
  });
});

describe('files and lock', () => {
  const filled = async (fileSystem: FileSystem): Promise<FileLog> => {
    const log = fileLog(dir, { fileSystem, segmentBytes: 300 });
    await log.open();
    for (const to of upTo(20)) {
      log.append([counted(to, 'x/1')], 0);
      await log.durable(log.head);
    }
    return log;
  };

  it('are given back when the log is closed', async () => {
    const disk = counting();
    const log = await filled(disk.fileSystem);
    expect(await collect(log.read('x/1'))).toHaveLength(20);
    await log.close();
    expect(disk.open).toBe(0);
    await openAll(log);
    await log.close();
    expect(disk.open).toBe(0);
  });

  it('are given back when the log is refused', async () => {
    const disk = counting();
    await (await filled(nodeFileSystem)).close();
    const { refresh } = disk.fileSystem;
    disk.fileSystem.refresh = () => Promise.reject(new Error('EIO: i/o error, write'));
    await expect(fileLog(dir, disk).open()).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(disk.open).toBe(0);
    disk.fileSystem.refresh = refresh;
    const late = join(dir, readdirSync(dir).filter((name) => name.endsWith('.jsonl')).sort().at(-2) ?? '');
    writeFileSync(late, readFileSync(late, 'utf8').replace('"to":', '"to":1'));
    await expect(fileLog(dir, disk).open()).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    expect(disk.open).toBe(0);
  });
});

describe('one owner', () => {
  it('refuses a second open, in the same process too, and gives the directory back', async () => {
    const log = fileLog(dir);
    await log.open();
    await expect(fileLog(dir).open()).rejects.toMatchObject({ code: 'LOG_LOCKED', details: { dir } });
    await expect(log.open()).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    log.append([counted(1)], 0);
    await log.durable(1);
    await log.close();
    const next = fileLog(dir);
    await next.open();
    expect(next.head).toBe(1);
    await next.close();
  });

  it('gives the directory back when the log is refused', async () => {
    appendFileSync(join(dir, '00000002.jsonl'), '');
    await expect(fileLog(dir).open()).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
    rmSync(join(dir, '00000002.jsonl'));
    const log = fileLog(dir);
    await log.open();
    await log.close();
  });
});
