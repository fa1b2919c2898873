import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTill, type Till } from '@tillwright/core';
import { fileStorage, verifyLog } from '@tillwright/core/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { casesAcknowledge, casesList, type CasesOptions, casesResolve, casesShow } from '../packages/cli/src/commands/cases.js';
import { logShow, logVerify } from '../packages/cli/src/commands/log.js';
import { reportError } from '../packages/cli/src/report.js';
import { scriptedHost, scriptedMethod } from '../packages/core/src/engine/scripted-method.js';
import { scriptedPad } from '../packages/core/src/engine/scripted-pad.js';

const workflow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Pay',
  States: {
    Pay: {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: { method: 'card', amountMinor: 8850, currency: 'CNY', with: { card: { sensitive: 's-1', kind: 'card', view: { maskedPan: '622848******0019' } } } },
      End: true,
    },
  },
});

let data: string;
let out: string[];
let err: string[];
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'tillwright-cases-'));
  out = [];
  err = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void out.push(line));
  vi.spyOn(console, 'error').mockImplementation((line: string) => void err.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(data, { recursive: true, force: true });
});

const host = scriptedHost();
const open = (): Promise<Till> =>
  createTill({
    plugins: [scriptedMethod({ host, kind: 'card', policy: { reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [1], laneAttempts: 3 } } })],
    workflows: { pay: workflow },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Shop' } },
    ...fileStorage(join(data, 'log')),
  });

/** Approved, refused by the card, and the host refuses the reversal. */
const leaveACase = async (): Promise<string> => {
  host.completions.push({ outcome: 'refused-by-card', why: 'AAC' });
  host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' }, { outcome: 'refused', code: '22' });
  const till = await open();
  try {
    const alarm = new Promise<string>((resolve) => till.once('alarm', ({ caseId }) => resolve(caseId ?? '')));
    await (await till.start({ terminal: 'T1', workflow: 'pay', key: 'order-1' })).result;
    return await alarm;
  } finally {
    await till.close();
  }
};

const english = () => ({ data, json: false, language: 'en' }) as const;
const asJson = () => ({ data, json: true, language: 'en' }) as const;

describe('tillwright cases', () => {
  it('list ends with 3 while something is open, and with 0 when nothing is', async () => {
    const caseId = await leaveACase();
    expect(await casesList(english())).toBe(3);
    expect(out.join('\n')).toContain(caseId);
    expect(out.join('\n')).toContain('CNY 88.50');
    expect(await casesResolve(caseId, { ...english(), as: 'not-paid', by: 'Li Lei', reason: 'not in the acquirer’s books' })).toBe(0);
    out.length = 0;
    expect(await casesList(english())).toBe(0);
    expect(out).toEqual(['No case waits for a person']);
    out.length = 0;
    expect(await casesList({ ...english(), language: 'zh' })).toBe(0);
    expect(out).toEqual(['没有待处理事项']);
    expect(await verifyLog(join(data, 'log'))).toMatchObject({ ok: true });
  });

  it('list as JSON is one line for each case, without the records', async () => {
    const caseId = await leaveACase();
    expect(await casesList(asJson())).toBe(3);
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([expect.objectContaining({ caseId, method: 'card', amountMinor: 8850, saleReference: 'order-1' })]);
    expect(out[0]).not.toContain('records');
  });

  it('show tells amount, method, reference, masked card, what the host told and what was tried, in both languages', async () => {
    const caseId = await leaveACase();
    expect(await casesShow(caseId, english())).toBe(0);
    const text = out.join('\n');
    for (const known of ['CNY 88.50', 'card', `card-sale-${host.issued}`, '622848******0019', 'order-1', 'T1', 'Reference', 'refused-by-card', 'undo 1: unknown, no-answer', 'undo 2: refused, 22', 'cases resolve'])
      expect(text).toContain(known);
    out.length = 0;
    await casesShow(caseId, { ...english(), language: 'zh' });
    for (const known of ['金额: CNY 88.50', '撤销 2：refused, 22', '参考号']) expect(out.join('\n')).toContain(known);
  });

  it('tell that the money is back meanwhile, in both languages, and take no decision against the proof', async () => {
    for (let tries = 0; tries < 3; tries += 1) host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' });
    host.completions.push({ outcome: 'refused-by-card', why: 'AAC' });
    const till = await open();
    const back = new Promise<void>((resolve) => till.on('event', () => till.cases()[0]?.undone && resolve()));
    await (await till.start({ terminal: 'T1', workflow: 'pay', key: 'order-1' })).result;
    await back;
    const [{ caseId, undone } = { caseId: '' }] = till.cases();
    await till.close();
    const since = new Date(undone?.at ?? 0).toISOString();
    for (const told of [casesList, (options: CasesOptions) => casesShow(caseId, options)]) {
      await told(english());
      expect(out.splice(0).join('\n')).toContain(`The host has undone it since ${since} (acknowledged): nothing is left to be paid back`);
      await told({ ...english(), language: 'zh' });
      expect(out.splice(0).join('\n')).toContain(`主机已于 ${since} 确认撤销（acknowledged）：无需再退款`);
    }
    expect(await casesList(asJson())).toBe(3);
    expect(JSON.parse(out.splice(0)[0] ?? '')).toMatchObject({ caseId, undone });
    const refused: unknown = await casesResolve(caseId, { ...english(), as: 'paid', by: 'Li', reason: 'x' }).catch((thrown: unknown) => thrown);
    expect(reportError(refused, 'en')).toBe(2);
    expect(err.splice(0).join('\n')).toContain('CASE_UNDONE');
    expect(await casesResolve(caseId, { ...english(), as: 'undone', by: 'Li', reason: 'as the host says' })).toBe(0);
    expect(await casesList(english())).toBe(0);
  });

  it.each([
    ['undone', undefined, 'undone, Li Lei'],
    ['paid', '80.5', 'paid CNY 80.50, Li Lei'],
  ] as const)('show of a case resolved as %s tells who decided and why', async (as, amount, decided) => {
    const caseId = await leaveACase();
    await casesResolve(caseId, { ...asJson(), as, amount, by: 'Li Lei', reason: 'seen at the portal' });
    out.length = 0;
    expect(await casesShow(caseId, english())).toBe(0);
    expect(out.join('\n')).toContain(decided);
    expect(out.join('\n')).toContain('seen at the portal');
  });

  it('take no amount that can not have been paid', async () => {
    const caseId = await leaveACase();
    for (const amount of ['88.51', '0']) await expect(casesResolve(caseId, { ...english(), as: 'paid', amount, by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'CASE_AMOUNT' });
    await expect(casesResolve(caseId, { ...english(), as: 'undone', amount: '80', by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'CASE_AMOUNT' });
    // Told to write fen, a person would write 8050 next.
    for (const amount of ['80.505', '80,50', '']) await expect(casesResolve(caseId, { ...english(), as: 'paid', amount, by: 'Li', reason: 'seen' })).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(/CNY.* 88\.50 .*CNY.* 88\.50$/) });
    expect(await casesList(english())).toBe(3);
  });

  it('says what to do while a till runs on the data', async () => {
    const caseId = await leaveACase();
    const till = await open();
    try {
      const error: unknown = await casesResolve(caseId, { ...english(), as: 'paid', by: 'Li', reason: 'seen' }).catch((thrown: unknown) => thrown);
      expect(reportError(error, 'en')).toBe(2);
      expect(err.join('\n')).toContain('LOG_LOCKED');
      expect(err.join('\n')).toContain('close it, resolve the case, open it again');
    } finally {
      await till.close();
    }
  });

  it('a wrong id, an empty name and a missing log are wrong use', async () => {
    const caseId = await leaveACase();
    await expect(casesShow('case-0', english())).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
    await expect(casesResolve('case-0', { ...english(), as: 'paid', by: 'Li', reason: 'seen' })).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
    await expect(casesResolve(caseId, { ...english(), as: 'paid', by: ' ', reason: 'seen' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
    await expect(casesList({ ...english(), data: join(data, 'nowhere') })).rejects.toMatchObject({ name: 'UsageError' });
  });

  it('a transaction that the log does not know is not one without events', async () => {
    await leaveACase();
    const error: unknown = await logShow({ data, execution: 'x-typed-wrongly', json: false }).catch((thrown: unknown) => thrown);
    expect(reportError(error, 'en')).toBe(2);
    expect([...out, ...err]).toEqual([expect.stringContaining('knows no transaction x-typed-wrongly')]);
    expect(await logShow({ data, json: true })).toBe(0);
    expect(out.length).toBeGreaterThan(1);
  });

  it('a directory that holds no log, or a file, is not taken for one in which nothing is open', async () => {
    const file = join(data, 'notes.txt');
    await writeFile(file, 'the till is two folders up');
    await mkdir(join(data, 'log'));
    const decision = { by: 'Li', reason: 'seen' };
    for (const wrong of [data, file]) {
      const options = { ...english(), data: wrong };
      const commands = [
        () => casesList(options),
        () => casesShow('case-0', options),
        () => casesResolve('case-0', { ...options, ...decision, as: 'paid' }),
        () => casesAcknowledge('T1', { ...options, ...decision }),
        () => logVerify(options),
        () => logShow(options),
      ];
      for (const command of commands) {
        const error: unknown = await command().catch((thrown: unknown) => thrown);
        expect(reportError(error, 'en')).toBe(2);
        expect(err.splice(0)).toEqual([expect.stringContaining('there is no log')]);
      }
    }
    expect(out).toEqual([]);
    // Nothing was left in a directory of somebody else's.
    expect((await readdir(data, { recursive: true })).sort()).toEqual(['log', 'notes.txt']);
  });
});

describe('a log that is not the one that the PIN pad knows', () => {
  it('is listed until somebody acknowledges it, with name and reason, while no till runs', async () => {
    const mark = { stream: 'p/x1/Pay#1', seq: 12, hash: 'ab'.repeat(32), counters: {} };
    const pad = { logMark: async () => mark, keepLogMark: async () => {} };
    const till = await createTill({
      plugins: [scriptedMethod({ host, kind: 'card' }), scriptedPad(pad)],
      workflows: { pay: workflow },
      terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Shop' } },
      ...fileStorage(join(data, 'log')),
    });
    const options = { data, json: false, language: 'en' } as const;
    const decision = { by: 'Li', reason: 'the disk was replaced' };
    await expect(casesAcknowledge('T1', { ...options, ...decision })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await till.close();
    expect(await casesList(options)).toBe(3);
    expect(out.splice(0)).toEqual([expect.stringMatching(/^! The PIN pad of terminal T1 remembers .*\n  Resolve its cases .* tillwright cases acknowledge T1 /)]);
    expect(await casesList({ ...options, json: true })).toBe(3);
    expect(out.splice(0).map((line) => JSON.parse(line) as unknown)).toEqual([{ code: 'LOG_RESTORED', terminal: 'T1' }]);
    const refused: unknown = await casesAcknowledge('T2', { ...options, ...decision }).catch((thrown: unknown) => thrown);
    expect(reportError(refused, 'en')).toBe(2);
    expect(err.splice(0).join('\n')).toMatch(/^TERMINAL_NOT_HELD.*T2/);
    expect(await casesAcknowledge('T1', { ...options, ...decision })).toBe(0);
    expect(out.splice(0)).toEqual(['Written down: T1 (Li: the disk was replaced)']);
    expect(await casesList(options)).toBe(0);
  });
});
