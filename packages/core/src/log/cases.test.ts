import { appendFile, cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedHost, scriptedMethod, type ScriptedHost } from '../engine/scripted-method.js';
import { scriptedPad } from '../engine/scripted-pad.js';
import { createTill, type Till } from '../till.js';
import type { LogMark, Plugin } from '../contract.js';
import type { EventRecord } from '../events.js';
import { acknowledgeLog, caseOf, casesOf, heldOf, resolveCase } from './cases.js';
import { fileLog, type FileLogOptions } from './file-log.js';
import { fileStorage } from './file-storage.js';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';
import { readLog, verifyLog } from './verify.js';

const workflow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Pay',
  States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 8850, currency: 'CNY' }, End: true } },
});
const unknown = { outcome: 'unknown', reason: 'no-answer', why: 'no answer' } as const;

let dir: string;
let host: ScriptedHost;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tillwright-cases-'));
  host = scriptedHost();
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = ({ plugins = [], ...options }: FileLogOptions & { plugins?: readonly Plugin[] } = {}): Promise<Till> =>
  createTill({
    plugins: [
      ...plugins,
      scriptedMethod({ host, kind: 'wallet', policy: { inquireAtMs: [1], reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [1], laneAttempts: 2 }, watchAtMs: [] } }),
    ],
    workflows: { pay: workflow },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Shop' } },
    ...fileStorage(dir, options),
  });

/** A sale whose host refuses to undo what it approved. */
const leaveACase = async (options: FileLogOptions = {}): Promise<string> => {
  host.submits.push({ ...unknown });
  host.findings.push({ ...unknown });
  host.reversals.push({ outcome: 'refused', code: '22' });
  const till = await open(options);
  try {
    const alarm = new Promise<string>((resolve) => till.once('alarm', ({ caseId }) => resolve(caseId ?? '')));
    await (await till.start({ terminal: 'T1', workflow: 'pay', ...(options.segmentBytes === undefined ? { key: 'order-1' } : {}) })).result;
    return await alarm;
  } finally {
    await till.close();
  }
};

describe('cases of a log', () => {
  it('a log that does not exist, or holds none, has none', async () => {
    expect(await casesOf(join(dir, 'nothing'))).toEqual([]);
    const till = await open();
    await (await till.start({ terminal: 'T1', workflow: 'pay' })).result;
    await till.close();
    expect(await casesOf(dir)).toEqual([]);
  });

  it('tell what is known and what was tried', async () => {
    const caseId = await leaveACase();
    const [file, ...others] = await casesOf(dir);
    expect(others).toEqual([]);
    expect(file).toMatchObject({
      caseId,
      why: expect.stringContaining('refused'),
      method: 'wallet',
      amountMinor: 8850,
      currency: 'CNY',
      terminalId: 'T1',
      saleReference: 'order-1',
      attempts: [{ attempt: 1, operation: 'sale', reference: 'wallet-sale-1', fate: 'condemned' }],
    });
    expect(file?.resolved).toBeUndefined();
    expect(file?.records.map(({ event }) => event.type)).toEqual(['paymentPrepared', 'paymentAnswered', 'paymentAnswered', 'paymentCondemned', 'paymentUndoAnswered', 'caseOpened']);
  });

  it('are resolved in the log, and the till that opens it again does nothing more about the payment', async () => {
    const caseId = await leaveACase();
    await resolveCase(dir, caseId, { as: 'not-paid', by: 'Li', reason: 'seen in the portal' });
    expect(await verifyLog(dir)).toMatchObject({ ok: true });
    expect(await casesOf(dir)).toEqual([]);
    expect((await caseOf(dir, caseId))?.resolved).toMatchObject({ as: 'not-paid', by: 'Li', reason: 'seen in the portal' });
    const calls = host.calls.length;
    const till = await open();
    expect(till.cases()).toEqual([]);
    expect(till.payments()).toMatchObject([{ state: 'undone', amountMinor: 0 }]);
    await till.close();
    expect(host.calls).toHaveLength(calls);
  });

  it('what a person called paid counts as paid', async () => {
    const caseId = await leaveACase();
    await resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen in the portal' });
    const till = await open();
    expect(till.payments()).toMatchObject([{ state: 'paid', amountMinor: 8850 }]);
    await till.close();
  });

  it('are not resolved twice, without a name or a reason, or under a wrong id; nothing is written then', async () => {
    const caseId = await leaveACase();
    const decision = { as: 'paid', by: 'Li', reason: 'seen' } as const;
    const before = await readFile(join(dir, '00000001.jsonl'));
    await expect(resolveCase(dir, caseId, { ...decision, by: ' ' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
    await expect(resolveCase(dir, caseId, { ...decision, reason: '' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
    await expect(resolveCase(dir, 'case-0', decision)).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
    expect((await readFile(join(dir, '00000001.jsonl'))).equals(before)).toBe(true);
    await resolveCase(dir, caseId, decision);
    await expect(resolveCase(dir, caseId, decision)).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
  });

  it('are not called paid when the host has proven that they are undone', async () => {
    const caseId = await leaveACase();
    const known = await caseOf(dir, caseId);
    const log = fileLog(dir);
    await log.open();
    log.append([{ stream: `p/${known?.paymentId}`, event: { type: 'paymentUndoAnswered', attempt: 1, try: 2, answer: { outcome: 'undone', verified: true, proof: 'acknowledged' } } }], Date.now());
    await log.close();
    await expect(resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'CASE_UNDONE' });
    await resolveCase(dir, caseId, { as: 'undone', by: 'Li', reason: 'seen' });
    expect(await casesOf(dir)).toEqual([]);
  });

  it('are not resolved while a till runs', async () => {
    const caseId = await leaveACase();
    const till = await open();
    await expect(resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await till.close();
    await resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen' });
  });

  it('a tail that a crash tore is cut and noted by whoever opens the log', async () => {
    const caseId = await leaveACase();
    await appendFile(join(dir, '00000001.jsonl'), '{"seq":');
    await resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen' });
    const events = [];
    for await (const { event } of readLog(dir)) events.push(event);
    expect(events.slice(-2)).toMatchObject([{ type: 'engineOpened', cut: { bytes: 7 } }, { type: 'caseResolved' }]);
    expect(await verifyLog(dir)).toMatchObject({ ok: true });
  });

  it('a damaged log is not written to', async () => {
    const caseId = await leaveACase();
    const file = join(dir, '00000001.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"amountMinor":8850', '"amountMinor":8851'));
    await expect(resolveCase(dir, caseId, { as: 'paid', by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'LOG_DAMAGED' });
  });
});

it('a directory that was restored from an older copy is held until it is acknowledged in it', async () => {
  let mark: LogMark | undefined;
  const pad = { logMark: async () => mark, keepLogMark: async (given: LogMark) => void (mark = given) };
  const plugins = [scriptedPad(pad)];
  const sell = async (till: Till) => (await till.start({ terminal: 'T1', workflow: 'pay' })).result;
  let till = await open({ plugins });
  expect(await sell(till)).toMatchObject({ status: 'succeeded' });
  await till.close();
  const copy = `${dir}-copy`;
  await cp(dir, copy, { recursive: true });
  // What was written in one process is found by the next as the pad was told.
  till = await open({ plugins });
  expect(till.held()).toEqual([]);
  expect(await sell(till)).toMatchObject({ status: 'succeeded' });
  await till.close();
  expect(await heldOf(dir)).toEqual([]);
  await expect(acknowledgeLog(dir, 'T1', { by: 'Li', reason: 'x' })).rejects.toMatchObject({ code: 'TERMINAL_NOT_HELD' });

  await rm(dir, { recursive: true });
  await rename(copy, dir);
  till = await open({ plugins });
  await expect(sell(till)).rejects.toMatchObject({ code: 'LOG_RESTORED' });
  await till.close();
  expect(await heldOf(dir)).toEqual(['T1']);
  // A till that is killed leaves no checkpoint of it.
  await rm(join(dir, 'checkpoint.json'));
  expect(await heldOf(dir)).toEqual(['T1']);
  await expect(acknowledgeLog(dir, 'T1', { by: 'Li', reason: '' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
  await acknowledgeLog(dir, 'T1', { by: 'Li', reason: 'the disk was replaced' });
  expect(await heldOf(dir)).toEqual([]);
  till = await open({ plugins });
  expect(till.held()).toEqual([]);
  expect(await sell(till)).toMatchObject({ status: 'succeeded' });
  await till.close();
});

it.each([
  ['did not hold its payment any more', { payments: [] }],
  ['is one of another version', { core: '0.0.0' }],
])('a case is told where the checkpoint before it %s', async (_, changed) => {
  const caseId = await leaveACase();
  const records: EventRecord[] = [];
  for await (const record of readLog(dir)) records.push(record);
  const [, , state = ''] = (await readFile(join(dir, 'checkpoint.json'), 'utf8')).split('\n');
  const opened = records.findIndex(({ event }) => event.type === 'caseOpened');
  const log = fileLog(join(dir, 'other'));
  await log.open();
  log.append(records.slice(0, opened), 0);
  await log.checkpoint?.({ ...(JSON.parse(state) as object), ...changed });
  log.append(records.slice(opened), 0);
  await log.close();
  expect(await casesOf(join(dir, 'other'))).toMatchObject([{ caseId }]);
});

describe('cases of a log with a history', () => {
  const segmentBytes = 4_000;
  const sell = async (till: Till, times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) await (await till.start({ terminal: 'T1', workflow: 'pay' })).result;
  };
  /** Which files are read from their start, segment by segment. */
  const watched = (): { readonly fileSystem: FileSystem; readonly segments: string[] } => {
    const segments: string[] = [];
    const read: FileSystem['read'] = (path) => {
      segments.push(basename(path));
      return nodeFileSystem.read(path);
    };
    return { fileSystem: { ...nodeFileSystem, read }, segments };
  };
  /** A case that was resolved, and one that is open, with many sales before, between and after them. */
  const longAgo = async (): Promise<{ readonly resolved: string; readonly waiting: string; readonly all: readonly string[] }> => {
    const first = await open({ segmentBytes });
    await sell(first, 20);
    await first.close();
    const resolved = await leaveACase({ segmentBytes });
    await resolveCase(dir, resolved, { as: 'paid', by: 'Li', reason: 'seen in the portal' }, { segmentBytes });
    const second = await open({ segmentBytes });
    await sell(second, 60);
    await second.close();
    const waiting = await leaveACase({ segmentBytes });
    const third = await open({ segmentBytes });
    await sell(third, 60);
    await third.close();
    return { resolved, waiting, all: (await readdir(dir)).filter((name) => name.endsWith('.jsonl')).sort() };
  };

  it('are found, open ones in a list and resolved ones by their id, without reading that history', { timeout: 60_000 }, async () => {
    const { resolved, waiting, all } = await longAgo();
    expect(all.length).toBeGreaterThan(20);
    const list = watched();
    expect(await casesOf(dir, list)).toMatchObject([{ caseId: waiting, records: expect.arrayContaining([expect.objectContaining({ event: expect.objectContaining({ type: 'paymentPrepared' }) })]) }]);
    expect(new Set(list.segments).size).toBeLessThan(8);
    const one = watched();
    expect(await caseOf(dir, resolved, one)).toMatchObject({ caseId: resolved, resolved: { by: 'Li' } });
    expect(new Set(one.segments).size).toBeLessThan(8);
    expect(await caseOf(dir, 'case-0')).toBeUndefined();
    const writing = watched();
    await resolveCase(dir, waiting, { as: 'undone', by: 'Li', reason: 'seen in the portal' }, { segmentBytes, ...writing });
    expect(new Set(writing.segments).size).toBeLessThan(8);
    expect(await casesOf(dir)).toEqual([]);
    expect(await caseOf(dir, waiting)).toMatchObject({ resolved: { as: 'undone' } });
    expect(await verifyLog(dir)).toMatchObject({ ok: true });
  });

  it('are the same where checkpoint and index are gone', { timeout: 60_000 }, async () => {
    const { resolved, waiting } = await longAgo();
    const [before, old] = [await casesOf(dir), await caseOf(dir, resolved)];
    await rm(join(dir, 'checkpoint.json'));
    expect(await casesOf(dir)).toEqual(before);
    await rm(join(dir, 'index'), { recursive: true });
    expect(await casesOf(dir)).toEqual(before);
    expect(await caseOf(dir, resolved)).toEqual(old);
    expect(before.map(({ caseId }) => caseId)).toEqual([waiting]);
  });

  it('are told while a till runs, and it keeps its index', { timeout: 60_000 }, async () => {
    const { waiting } = await longAgo();
    const till = await open({ segmentBytes });
    const index = await readdir(join(dir, 'index'));
    await sell(till, 1);
    expect((await casesOf(dir)).map(({ caseId }) => caseId)).toEqual([waiting]);
    expect(await readdir(join(dir, 'index'))).toEqual(expect.arrayContaining(index));
    await till.close();
  });
});

it('what a case was about when an older copy came back is decided once, with all that the copy leaves to a person', async () => {
  let mark: LogMark | undefined;
  const plugins = [scriptedPad({ logMark: async () => mark, keepLogMark: async (given: LogMark) => void (mark = given) })];
  const caseId = await leaveACase();
  const copy = `${dir}-copy`;
  await cp(dir, copy, { recursive: true });
  const sold = await open({ plugins });
  expect(await (await sold.start({ terminal: 'T1', workflow: 'pay' })).result).toMatchObject({ status: 'succeeded' });
  await sold.close();
  await rm(dir, { recursive: true });
  await rename(copy, dir);
  const till = await open({ plugins });
  expect(till.held()).toEqual(['T1']);
  expect(till.cases()).toMatchObject([{ caseId }]);
  await till.close();
  const [first, second, ...others] = await casesOf(dir);
  expect([first?.caseId, others]).toEqual([caseId, []]);
  expect(second?.paymentId).toBe(first?.paymentId);
  await resolveCase(dir, second?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'given back' });
  expect(await casesOf(dir)).toEqual([]);
  await expect(resolveCase(dir, caseId, { as: 'paid', by: 'Wang', reason: 'seen in the books' })).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
  const again = await open({ plugins });
  expect(again.cases()).toEqual([]);
  await again.close();
});
