/** A disk that fails: nothing acknowledged is lost, nothing is doubled, and nobody is told what is not so. */
import { describe, expect, it } from 'vitest';
import { fileLog } from './file-log.js';
import { type Operation, SimulatedDisk } from './simulated-disk.js';
import { collect, counted, countsOf, openAll, upTo } from './test-events.js';

const worst = (): number => 0;
const start = async (disk: SimulatedDisk, options: { segmentBytes?: number } = {}) => {
  const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1e9, ...options });
  return { log, records: (await openAll(log)).records };
};
const afterwards = async (disk: SimulatedDisk): Promise<number[]> => countsOf((await start(disk)).records);

describe.each([
  ['a full disk', 'append', 'ENOSPC'],
  ['a short write', 'append', 'SHORT'],
  ['a write that fails', 'append', 'EIO'],
  ['a sync that fails', 'sync', 'EIO'],
] as const)('%s', (_, operation, code) => {
  const broken = async () => {
    const disk = new SimulatedDisk();
    const { log } = await start(disk);
    log.append([counted(1)], 0);
    await log.durable(1);
    disk.failNext(operation, code);
    log.append([counted(2)], 0);
    return { disk, log };
  };

  it('fails the log for good: every waiter, every later append and durable', async () => {
    const { disk, log } = await broken();
    const waiters = [log.durable(2), log.durable(log.append([counted(3)], 0)[0]?.seq ?? 0)];
    for (const waiter of waiters) await expect(waiter).rejects.toMatchObject({ code: 'LOG_FAILED' });
    const tried = disk.operations.length;
    expect(() => log.append([counted(4)], 0)).toThrow('LOG_FAILED');
    await expect(log.durable(3)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    await expect(log.durable(1)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(log.durableTo).toBe(1);
    await log.close();
    // Nothing was tried again, not even at the end.
    expect(disk.operations.length).toBe(tried);
  });

  it('doubles nothing when the log is opened again, and goes on', async () => {
    const { disk, log } = await broken();
    await expect(log.durable(2)).rejects.toThrow('LOG_FAILED');
    await log.close();
    const { log: next, records } = await start(disk);
    expect([upTo(1), upTo(2)]).toContainEqual(countsOf(records));
    const from = countsOf(records).length;
    for (const to of [from + 1, from + 2]) {
      next.append([counted(to)], 0);
      await next.durable(next.head);
    }
    await next.close();
    disk.restart(worst);
    expect(await afterwards(disk)).toEqual(upTo(from + 2));
  });

  it('and then a power failure lose nothing that was read at opening', async () => {
    const { disk, log } = await broken();
    await expect(log.durable(2)).rejects.toThrow('LOG_FAILED');
    await log.close();
    const { log: next, records } = await start(disk);
    next.append([counted(9)], 0);
    await next.durable(next.head);
    disk.restart(worst);
    expect(await afterwards(disk)).toEqual([...countsOf(records), 9]);
  });

  it('is met by what nobody waits for as well', async () => {
    const { log } = await broken();
    await expect(log.close()).rejects.toMatchObject({ code: 'LOG_FAILED', details: { why: expect.stringContaining(code === 'SHORT' ? 'bytes were written' : code) } });
  });
});

it('a log that failed while a new segment was begun can be opened again, and goes on from what is on disk', async () => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk, { segmentBytes: 1 });
  log.append([counted(1)], 0);
  await log.durable(1);
  disk.failNext('append', 'ENOSPC', '/data/00000002.jsonl');
  // The line that is on its way fills its segment.
  disk.onNext('append', () => log.append([counted(3)], 0));
  log.append([counted(2)], 0);
  await expect(log.durable(log.head)).rejects.toThrow('LOG_FAILED');
  await log.close();
  expect(countsOf((await openAll(log)).records)).toEqual([1]);
  expect(log.stats).toMatchObject({ syncs: 0, records: 0 });
  for (const to of [2, 3]) {
    log.append([counted(to)], 0);
    await log.durable(log.head);
  }
  expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(3));
  await log.close();
  disk.restart(worst);
  expect(await afterwards(disk)).toEqual(upTo(3));
});

it('a log that failed writes by itself again what nobody waits for, once it is opened again', async () => {
  const disk = new SimulatedDisk();
  const log = fileLog('/data', { fileSystem: disk, lazyFlushMs: 1 });
  await log.open();
  disk.failNext('append', 'ENOSPC');
  log.append([counted(1)], 0);
  await expect(log.durable(1)).rejects.toThrow('LOG_FAILED');
  await log.close();
  await log.open();
  const told = new Promise<number>((resolve) => log.onDurable(resolve));
  log.append([counted(1)], 0);
  expect(await told).toBe(1);
  await log.close();
});

it('a checkpoint that waits behind another one is refused with the log, which can be closed then', async () => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk);
  disk.failNext('create', 'EROFS');
  const checkpoints = upTo(2).map((to) => {
    log.append([counted(to)], 0);
    return log.checkpoint?.({ to });
  });
  for (const checkpoint of checkpoints) await expect(checkpoint).rejects.toMatchObject({ code: 'LOG_FAILED' });
  await log.close();
  expect(await afterwards(disk)).toEqual([]);
});

it('names of new segments are durable before what they hold is', async () => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk, { segmentBytes: 1 });
  for (const to of upTo(3)) {
    log.append([counted(to)], 0);
    await log.durable(log.head);
  }
  disk.restart(worst);
  expect(await afterwards(disk)).toEqual(upTo(3));
});

it.each([['create', '/data/00000002.jsonl'], ['syncDirectory', '/data']] as const)('a new segment whose %s fails stops the log', async (operation, path) => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk, { segmentBytes: 1 });
  log.append([counted(1)], 0);
  await log.durable(1);
  disk.failNext(operation, 'EROFS', path);
  log.append([counted(2)], 0);
  await expect(log.durable(log.head)).rejects.toMatchObject({ code: 'LOG_FAILED', details: { why: 'EROFS: simulated' } });
  await log.close();
  const { log: next, records } = await start(disk, { segmentBytes: 1 });
  expect(countsOf(records)).toEqual([1]);
  next.append([counted(2)], 0);
  await next.close();
  disk.restart(worst);
  expect(await afterwards(disk)).toEqual([1, 2]);
});

it.each<[Operation, number?]>([['sync'], ['sync', 1], ['truncate'], ['syncDirectory']])('a disk that fails the %s of opening refuses it, and changes nothing for the next try', async (operation, skip) => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk);
  log.append([counted(1)], 0);
  await log.close();
  disk.edit('/data/00000001.jsonl', (bytes) => Buffer.concat([bytes, Buffer.from('{"seq":2')]));
  disk.failNext(operation, 'EROFS', undefined, skip);
  await expect(start(disk)).rejects.toMatchObject({ code: 'LOG_FAILED' });
  expect(await afterwards(disk)).toEqual([1]);
});

it('a fault of a listener is not one of the disk', async () => {
  const disk = new SimulatedDisk();
  const { log } = await start(disk);
  const surfaced = new Promise<unknown>((resolve) => process.prependOnceListener('uncaughtException', resolve));
  const others = process.listeners('uncaughtException').slice(1);
  for (const other of others) process.off('uncaughtException', other);
  try {
    log.onDurable(() => {
      throw new Error('a screen broke');
    });
    log.append([counted(1)], 0);
    await log.durable(1);
    expect(await surfaced).toMatchObject({ message: 'a screen broke' });
  } finally {
    for (const other of others) process.on('uncaughtException', other);
  }
  await log.close();
});

it('old records that can not be read are told with a code, and can be read once the disk is well', async () => {
  const disk = new SimulatedDisk();
  const read = disk.read.bind(disk);
  const state = { broken: false };
  disk.read = (path) => {
    if (state.broken) throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    return read(path);
  };
  const { log } = await start(disk, { segmentBytes: 100 });
  for (let n = 1; n <= 20; n += 1) {
    log.append([counted(n)], 0);
    await log.durable(log.head);
  }
  state.broken = true;
  await expect(collect(log.read('t/T1'))).rejects.toMatchObject({ code: 'LOG_UNREADABLE', details: { why: 'EIO: i/o error, read' } });
  await expect(log.find('key', 'order-1')).resolves.toEqual([]);
  log.append([counted(21)], 0);
  await log.durable(log.head);
  state.broken = false;
  expect(countsOf(await collect(log.read('t/T1')))).toEqual(upTo(21));
  await log.close();
});
