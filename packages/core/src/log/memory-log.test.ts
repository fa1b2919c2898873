import { describe, expect, it } from 'vitest';
import { memoryLog } from './memory-log.js';
import { collect, counted, openAll } from './test-events.js';

const never = (): void => undefined;

describe('the log in memory', () => {
  it('numbers records at once and is durable when asked', async () => {
    const log = memoryLog();
    await log.open();
    const [first, second] = log.append([counted(1), counted(2)], 1000);
    expect([first?.seq, second?.seq, log.head, log.durableTo]).toEqual([1, 2, 2, 0]);
    await log.durable(2);
    expect(log.durableTo).toBe(2);
    expect(log.append([counted(3)], 1001)[0]?.seq).toBe(3);
  });

  it('shares a sync among those who wait in one turn', async () => {
    const log = memoryLog();
    await log.open();
    await Promise.all([1, 2, 3].map((to) => log.durable(log.append([counted(to)], 0).at(-1)?.seq ?? 0)));
    expect(log.stats).toEqual({ syncs: 1, records: 3 });
  });

  it('tells what is durable, also of what nobody waited for', async () => {
    let flush = never;
    const log = memoryLog({ lazyFlush: (sync) => (flush = sync) });
    await log.open();
    const told = new Promise<number>((resolve) => log.onDurable(resolve));
    log.append([counted(1)], 0);
    flush();
    expect(await told).toBe(1);
  });

  it('loses in a crash what was not durable, and keeps whole appends of it when told to', async () => {
    const log = memoryLog({ lazyFlush: never });
    await log.open();
    log.append([counted(1)], 0);
    await log.durable(1);
    log.append([counted(2), counted(3)], 0);
    log.append([counted(4)], 0);
    expect((await openAll(log.crash())).records.map((r) => r.seq)).toEqual([1]);
    const kept = log.crash({ keepAppends: 1 });
    expect((await openAll(kept)).records.map((r) => r.seq)).toEqual([1, 2, 3]);
    expect(kept.durableTo).toBe(3);
    expect(() => log.append([counted(5)], 0)).toThrow('LOG_FAILED');
  });

  it.each(['write', 'sync'] as const)('is failed for good after a failed %s', async (what) => {
    const log = memoryLog({ lazyFlush: never });
    await log.open();
    log.append([counted(1)], 0);
    log.failNext(what);
    await expect(log.durable(1)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    await expect(log.durable(1)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(() => log.append([counted(2)], 0)).toThrow('LOG_FAILED');
    expect(log.durableTo).toBe(0);
    // What a failed sync left may be there after all; what a failed write left is not.
    const after = log.crash({ keepAppends: 9 });
    expect((await openAll(after)).records).toHaveLength(what === 'sync' ? 1 : 0);
  });

  it('can be stopped before a sync, for good', async () => {
    const log = memoryLog({ beforeSync: (upTo) => (upTo < 2 ? undefined : new Promise<void>(never)) });
    await log.open();
    log.append([counted(1)], 0);
    await log.durable(1);
    log.append([counted(2)], 0);
    const ended = log.durable(2).then(
      () => 'durable',
      () => 'failed',
    );
    expect(log.crash().records).toHaveLength(1);
    expect(await ended).toBe('failed');
  });

  it('gives records that no later change of the caller reaches', async () => {
    const log = memoryLog();
    await log.open();
    const event = { type: 'terminalCounted' as const, counter: 'trace', to: 1 };
    const [record] = log.append([{ stream: 't/T1', event }], 0);
    event.to = 99;
    expect(record?.event).toMatchObject({ to: 1 });
    expect(() => Object.assign(record?.event ?? {}, { to: 99 })).toThrow(TypeError);
  });

  it('reads one stream, and only one owner opens it', async () => {
    const log = memoryLog();
    await log.open();
    log.append([counted(1), { stream: 'e', event: { type: 'engineOpened', version: '1' } }, counted(2)], 0);
    expect((await collect(log.read('t/T1'))).map((r) => r.seq)).toEqual([1, 3]);
    await expect(log.open()).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await log.close();
    expect(() => log.append([counted(3)], 0)).toThrow('ENGINE_CLOSED');
    expect((await openAll(log)).records).toHaveLength(3);
  });
});
