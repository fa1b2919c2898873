/** A disk that fails under a till: it takes no more payments and says so, guesses nothing, and goes on when the disk is mended. */
import { describe, expect, it } from 'vitest';
import { TillwrightError } from '../errors.js';
import { fileStorage } from '../log/file-storage.js';
import { readCheckpoint } from '../log/checkpoint-file.js';
import { SimulatedDisk } from '../log/simulated-disk.js';
import { createTill, type ExecutionResult } from '../till.js';
import { type ScriptedHost, scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const flow = (method: string): string => JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method, amountMinor: 1000 }, End: true } } });
const LOG = '/data/00000001.jsonl';
const SLOTS = '/data/sealed/slots';

const open = async (disk: SimulatedDisk, host: ScriptedHost) => {
  const clock = virtualClock();
  const till = await createTill({
    plugins: [scriptedMethod({ id: 'card', host, kind: 'card', seal: true }), scriptedMethod({ id: 'wallet', host, kind: 'wallet' })],
    workflows: { card: flow('card'), wallet: flow('wallet') },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    ...fileStorage('/data', { fileSystem: disk, lazyFlushMs: 1e9 }),
    clock,
  });
  const alarms: { kind: string; why: string }[] = [];
  till.on('alarm', (alarm) => alarms.push(alarm));
  const sell = async (workflow: string, key: string): Promise<ExecutionResult> => await (await till.start({ terminal: 'T1', workflow, key })).result;
  return { till, clock, alarms, sell };
};
const submits = (host: ScriptedHost): string[] => host.calls.filter((call) => call.startsWith('submit sale'));
const standing = (host: ScriptedHost): number => [...host.ledger.values()].filter(({ status }) => status === 'approved').length;

describe.each([
  ['a full disk', 'append', 'ENOSPC'],
  ['a short write', 'append', 'SHORT'],
  ['a read-only disk', 'append', 'EROFS'],
  ['a sync that fails', 'sync', 'EIO'],
] as const)('%s', (_, operation, code) => {
  // The start with its key and the intent, the answer, a card's completion, the end: one of them after the other.
  it.each(['card', 'wallet'])('at any write of a %s sale', async (kind) => {
    let moments = 0;
    for (let skip = 0; ; skip += 1) {
      const disk = new SimulatedDisk();
      const host = scriptedHost();
      const first = await open(disk, host);
      expect((await first.sell('wallet', 'before')).status).toBe('succeeded');
      disk.failNext(operation, code, LOG, skip);
      const told = await first.sell(kind, 'order-1').then(
        (result) => result,
        (error: unknown) => error,
      );
      if (!disk.struck) {
        expect(told).toMatchObject({ status: 'succeeded' });
        await first.till.close();
        break;
      }
      moments += 1;
      expect(TillwrightError.is(told, 'LOG_FAILED')).toBe(true);
      expect(first.alarms.map((alarm) => alarm.kind)).toEqual(['log-failed']);
      // No payment is taken any more, and whoever asks is told why, and what to do, in both languages.
      const sent = submits(host).length;
      const refusal: unknown = await first.sell('wallet', 'order-2').catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'LOG_FAILED', what: { zh: expect.stringMatching(/日志/), en: expect.stringMatching(/log/) }, hint: { zh: expect.stringMatching(/磁盘/), en: expect.stringMatching(/disk/) } });
      const tried = disk.operations.length;
      await first.clock.until(first.clock.now() + 120_000);
      await first.till.close();
      // Nothing was settled by itself, and nothing tried again.
      expect(submits(host)).toHaveLength(sent);
      expect(host.calls.filter((call) => call.startsWith('reverse'))).toEqual([]);
      expect(disk.operations.slice(tried).filter((each) => each.endsWith('.jsonl'))).toEqual([]);

      const second = await open(disk, host);
      const again = await second.sell(kind, 'order-1');
      await second.clock.until(second.clock.now() + 600_000);
      const payments = [...(await second.till.get(again.executionId)).payments];
      // Paid and told so, or failed and nothing stands; the sale before stands in any case.
      expect(again.status === 'succeeded').toBe(payments.some(({ state }) => state === 'paid'));
      expect(payments.every(({ state }) => state === 'paid' || state === 'undone' || state === 'not-sent')).toBe(true);
      expect(standing(host)).toBe(again.status === 'succeeded' ? 2 : 1);
      expect(new Set(submits(host)).size).toBe(submits(host).length);
      expect((await second.sell('wallet', 'order-3')).status).toBe('succeeded');
      await second.till.close();
    }
    expect(moments).toBeGreaterThanOrEqual(kind === 'card' ? 4 : 3);
  });
});

it.each([['write', 'ENOSPC'], ['write', 'SHORT'], ['sync', 'EIO']] as const)('a sealed store that fails (%s %s) refuses the card before anything is sent; wallets go on', async (operation, code) => {
  const disk = new SimulatedDisk();
  const host = scriptedHost();
  const first = await open(disk, host);
  disk.failNext(operation, code, SLOTS);
  expect(await first.sell('card', 'order-1')).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('SEALED_FAILED'), unsettled: [] });
  expect(host.calls).toEqual([]);
  expect(first.alarms).toMatchObject([{ kind: 'sealed-failed' }]);
  expect((await first.sell('wallet', 'order-2')).status).toBe('succeeded');
  await first.till.close();
  const second = await open(disk, host);
  expect((await second.sell('card', 'order-3')).status).toBe('succeeded');
  expect(standing(host)).toBe(2);
  await second.till.close();
});

it('a disk that can not be written does not open, and nothing on it is changed', async () => {
  const disk = new SimulatedDisk();
  const host = scriptedHost();
  const first = await open(disk, host);
  await first.sell('wallet', 'order-1');
  await first.till.close();
  const before = disk.bytes(LOG);
  disk.failNext('sync', 'EROFS', LOG);
  await expect(open(disk, host)).rejects.toMatchObject({ code: 'LOG_FAILED' });
  expect(disk.bytes(LOG)).toEqual(before);
  expect(await readCheckpoint(disk, '/data')).toBeDefined();
  const again = await open(disk, host);
  expect((await again.sell('wallet', 'order-1')).status).toBe('succeeded');
  expect(submits(host)).toHaveLength(1);
  await again.till.close();
});
