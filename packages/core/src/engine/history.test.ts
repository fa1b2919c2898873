/** Memory and start-up do not grow with history, and history is there all the same: asserted by counts of records and entries. */
import { describe, expect, it } from 'vitest';
import type { Answer } from '../contract.js';
import type { Json } from '../json.js';
import { casesOf } from '../log/cases.js';
import { fileStorage } from '../log/file-storage.js';
import { memoryLog } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import { SimulatedDisk } from '../log/simulated-disk.js';
import { systemHash } from '../log/system.js';
import { TillwrightError } from '../errors.js';
import { createTill, journalOf, type Till } from '../till.js';
import { type ScriptedHost, scriptedHost, scriptedMethod, type ScriptedMethodOptions } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const flow = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'm', amountMinor: '{% $states.context.Execution.Input.amountMinor %}' }, End: true } } });
const KEEP = 5;

const open = async (disk: SimulatedDisk, host: ScriptedHost, { segmentBytes = 20_000, ...method }: Partial<ScriptedMethodOptions> & { segmentBytes?: number } = {}) => {
  const clock = virtualClock();
  const storage = fileStorage('/data', { fileSystem: disk, segmentBytes, lazyFlushMs: 1e9 });
  const till = await createTill({
    plugins: [scriptedMethod({ id: 'm', host, kind: 'wallet', ...method })],
    workflows: { sale: flow },
    terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
    ...storage,
    clock,
    keepClosed: KEEP,
  });
  return { till, clock, log: storage.log, held: () => ({ executions: journalOf(till).executions.size, payments: journalOf(till).payments.size, keys: journalOf(till).keys.size }) };
};
const sell = async (till: Till, n: number) => {
  const sale = await till.start({ terminal: 'T1', workflow: 'sale', key: `order-${n}`, input: { amountMinor: 100 + n } });
  return { id: sale.executionId, result: await sale.result };
};

describe('a till with a history', () => {
  it('holds the open and the last closed transactions, opens from its checkpoint, and answers for all', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const first = await open(disk, host);
    const ids: string[] = [];
    for (let n = 1; n <= 120; n += 1) {
      const { id, result } = await sell(first.till, n);
      expect(result.status).toBe('succeeded');
      ids.push(id);
      expect(Math.max(...Object.values(first.held()))).toBeLessThanOrEqual(KEEP + 1);
    }
    const ends = first.log.head;
    const segments = (await disk.list('/data')).filter((name) => name.endsWith('.jsonl')).length;
    expect(segments).toBeGreaterThan(10);

    const answers = async (till: Till): Promise<void> => {
      for (const n of [1, 2, 60, 119, 120]) {
        const id = ids[n - 1] ?? '';
        // The same key is the same transaction, however old it is (15).
        const again = await till.start({ terminal: 'T1', workflow: 'sale', key: `order-${n}`, input: { amountMinor: 100 + n } });
        expect(again.executionId).toBe(id);
        expect(await again.result).toMatchObject({ status: 'succeeded', output: { amountMinor: 100 + n } });
        await expect(till.start({ terminal: 'T1', workflow: 'sale', key: `order-${n}`, input: { amountMinor: 7 } })).rejects.toMatchObject({ code: 'KEY_REUSED' });
        const { status, result, payments } = await till.get(id);
        expect(status).toBe('succeeded');
        expect(await result).toEqual(await again.result);
        expect(payments).toMatchObject([{ state: 'paid', amountMinor: 100 + n, committed: true }]);
        const [reference = ''] = payments[0]?.references ?? [];
        expect(await till.find(reference)).toMatchObject([{ executionId: id, terminalId: 'T1', amountMinor: 100 + n, state: 'paid', facts: {} }]);
        const history = await till.history(id);
        expect(history.map(({ event }) => event.type)).toEqual(['executionStarted', 'taskStarted', 'paymentPrepared', 'paymentAnswered', 'paymentCommitted', 'stepLeft', 'executionEnded']);
      }
      await expect(till.get('x-never')).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN' });
      await expect(till.history('x-never')).rejects.toMatchObject({ code: 'EXECUTION_UNKNOWN' });
      expect(await till.find('never')).toEqual([]);
      expect(host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(120);
    };
    await answers(first.till);
    await first.till.close();

    const second = await open(disk, host);
    expect(second.log.stats.readAtOpen).toBeLessThan(ends / 8);
    expect(Math.max(...Object.values(second.held()))).toBeLessThanOrEqual(KEEP);
    await answers(second.till);
    await second.till.close();

    // Without checkpoint and index the whole log says the same; nor does memory grow while it is read.
    for (const name of ['checkpoint.json', ...(await disk.list('/data')).filter((each) => each.startsWith('index/'))]) await disk.remove(`/data/${name}`);
    const third = await open(disk, host);
    expect(third.log.stats.readAtOpen).toBeGreaterThan(ends);
    expect(Math.max(...Object.values(third.held()))).toBeLessThanOrEqual(KEEP);
    await answers(third.till);
    await third.till.close();
  });

  it('goes on from the checkpoint of a segment when the power failed', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const first = await open(disk, host);
    for (let n = 1; n <= 60; n += 1) await sell(first.till, n);
    // What is in hand when the power fails stands in no checkpoint of before.
    host.submits.push({ lost: 'answer' });
    const sale = await first.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-61', input: { amountMinor: 161 } });
    await first.clock.until(first.clock.now() + 6_000);
    expect(first.till.payments()).toContainEqual(expect.objectContaining({ state: 'undecided' }));
    disk.powerFailsAfter(0);
    disk.restart(() => 0);
    first.clock.stop();
    const second = await open(disk, host);
    expect(second.log.stats.readAtOpen).toBeLessThan(second.log.head / 3);
    expect(await (await second.till.get(sale.executionId)).result).toMatchObject({ status: 'succeeded', output: { amountMinor: 161 } });
    expect(host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(61);
    await second.till.close();
  });

  it('takes no checkpoint of another fold or version', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const first = await open(disk, host);
    for (let n = 1; n <= 30; n += 1) await sell(first.till, n);
    const state = journalOf(first.till).snapshot() as { [name: string]: Json };
    await first.till.close();
    for (const other of [{ fold: 0 }, { core: '0.0.0' }, { payments: null }]) {
      const log = fileStorage('/data', { fileSystem: disk, segmentBytes: 20_000, lazyFlushMs: 1e9 }).log;
      await log.open();
      await log.checkpoint?.({ ...state, ...other });
      await log.close();
      const { till, log: opened, held } = await open(disk, host);
      expect(opened.stats.readAtOpen).toBe(opened.head - opened.stats.records);
      expect(held().payments).toBe(KEEP);
      await till.close();
    }
  });

  it('a checkpoint that can not be written is an alarm, and payments go on', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const { till } = await open(disk, host);
    const alarms: string[] = [];
    till.on('alarm', ({ kind }) => alarms.push(kind));
    disk.failNext('create', 'ENOSPC', '/data/checkpoint.json.new');
    for (let n = 1; n <= 30; n += 1) expect((await sell(till, n)).result.status).toBe('succeeded');
    await till.close();
    expect(alarms).toEqual(['checkpoint-failed']);
    const again = await open(disk, host);
    expect((await again.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-3', input: { amountMinor: 103 } })).executionId).toMatch(/^x/);
    expect(host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(30);
    await again.till.close();
  });

  it('an answer that comes when its transaction has long left memory is heard', async () => {
    const clock = virtualClock();
    const host = scriptedHost();
    const log = memoryLog();
    // The host is silent, then says no when it is asked, and much later the first answer comes: yes.
    let tell: (answer: Answer) => void = () => {};
    const late = () => new Promise<Answer>((resolve) => (tell = resolve));
    host.submits.push(late as unknown as () => Answer);
    host.findings.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '余额不足', en: 'Not sufficient funds' }, again: 'never' });
    const method = scriptedMethod({ id: 'm', host, kind: 'wallet', policy: { answerWithinMs: 1_000, inquireAtMs: [2_000] } });
    const till = await createTill({ plugins: [method], workflows: { sale: flow }, terminals: { T1: { tid: '1', mid: '2', name: 'Shop' } }, log, sealed: memorySealedStore(), hash: systemHash, clock, keepClosed: 0 });
    const alarms: string[] = [];
    till.on('alarm', ({ kind }) => alarms.push(kind));
    const { id, result } = await sell(till, 1);
    expect(result).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
    await sell(till, 2);
    expect(journalOf(till).payments.size).toBe(0);
    tell({ outcome: 'approved', verified: true, amount: { amountMinor: 101, currency: 'CNY' }, completion: 'none', facts: { receipt: [] } });
    await clock.until(clock.now() + 1_000);
    expect(alarms).toEqual(['contradiction']);
    expect((await till.history(id)).slice(-2).map(({ event }) => event.type)).toEqual(['caseOpened', 'paymentContradicted']);
    await till.close();
    // Folded anew, with as little memory, the record that came after the close finds its payment again.
    const again = await createTill({ plugins: [method], workflows: { sale: flow }, terminals: { T1: { tid: '1', mid: '2', name: 'Shop' } }, log: memoryLog({ records: log.records }), sealed: memorySealedStore(), hash: systemHash, clock, keepClosed: 0 });
    expect((await again.get(id)).payments).toMatchObject([{ state: 'case' }]);
    // Who asks for the result hears that it is not settled, as of any other transaction with a case.
    for (const { result: told } of [await again.get(id), await again.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: { amountMinor: 101 } })]) {
      expect(await told).toMatchObject({ status: 'failed', unsettled: [{ paymentId: `${id}/Pay#1`, state: 'case' }] });
    }
    await again.close();
  });

  const looking = { policy: { answerWithinMs: 1_000, inquireAtMs: [2_000], watchAtMs: [3_000] } };

  /** A sale whose host is silent, then knows of nothing, also when it is looked again; it has left memory, and may be approved after all. */
  const longUndone = async (disk: SimulatedDisk, host: ReturnType<typeof scriptedHost>, method: Parameters<typeof open>[2]) => {
    let tell: (answer: Answer) => void = () => {};
    const late = () => new Promise<Answer>((resolve) => (tell = resolve));
    host.submits.push(late as unknown as () => Answer);
    host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, { outcome: 'absent' });
    const opened = await open(disk, host, method);
    const { till, clock } = opened;
    const { id, result } = await sell(till, 1);
    expect(result.status).toBe('failed');
    await clock.until(clock.now() + 10_000);
    for (let n = 2; n <= KEEP + 2; n += 1) await sell(till, n);
    expect(journalOf(till).payments.has(`${id}/Pay#1`)).toBe(false);
    const approve = async (): Promise<void> => {
      tell({ outcome: 'approved', verified: true, amount: { amountMinor: 101, currency: 'CNY' }, completion: 'none', facts: { receipt: [] } });
      await clock.until(clock.now() + 500);
    };
    return { ...opened, id, approve };
  };

  it.each([['from a checkpoint', true], ['folded anew', false]])('an undo that such an answer begins goes on in the next life (%s)', async (_, spared) => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const method = { ...looking, remedy: ({ request }) => ({ do: 'refund', amount: request.amount }), segmentBytes: 1e9 } satisfies Parameters<typeof open>[2];
    const { till, clock, log, id, approve } = await longUndone(disk, host, method);
    if (spared) await log.checkpoint?.(journalOf(till).snapshot());
    // It is approved after all, and the power fails before the refund that this calls for is answered.
    host.submits.push('never');
    await approve();
    expect((await till.history(id)).slice(-3).map(({ event }) => event.type)).toEqual(['paymentAnswered', 'paymentCondemned', 'paymentPrepared']);
    const before = (await till.get(id)).payments;
    disk.powerFailsAfter(0);
    disk.restart(() => 0);
    clock.stop();
    const again = await open(disk, host, method);
    expect((await again.till.get(id)).payments).toEqual(before);
    // The host declines the refund: a person hears that the customer's money is still there.
    host.findings.push({ outcome: 'declined', verified: true, code: '05', hint: { zh: '余额不足', en: 'Not sufficient funds' }, again: 'never' });
    await again.clock.until(again.clock.now() + 60_000);
    expect((await again.till.get(id)).payments).toMatchObject([{ state: 'case', references: before[0]?.references }]);
    expect(await casesOf('/data', { fileSystem: disk })).toMatchObject([{ amountMinor: 101, attempts: [{ operation: 'sale', fate: 'condemned' }, { operation: 'refund', fate: 'declined' }] }]);
    await again.till.close();
  });

  it('an opening that fails as it reads such a payment back leaves no checkpoint without it', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const method = { ...looking, remedy: () => ({ do: 'ask-person', why: 'so it is' }), segmentBytes: 1e9 } satisfies Parameters<typeof open>[2];
    const { till, clock, log: first, id, approve } = await longUndone(disk, host, method);
    await first.checkpoint?.(journalOf(till).snapshot());
    await approve();
    expect(till.cases()).toHaveLength(1);
    disk.powerFailsAfter(0);
    disk.restart(() => 0);
    clock.stop();
    // The disk does not give one old record, once.
    const storage = fileStorage('/data', { fileSystem: disk, segmentBytes: 1e9, lazyFlushMs: 1e9 });
    const unread = new TillwrightError('LOG_UNREADABLE', { why: 'EIO' });
    const log = new Proxy(storage.log, {
      get: (target, name) => {
        if (name === 'read') return () => { throw unread; };
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    await expect(createTill({ plugins: [scriptedMethod({ id: 'm', host, kind: 'wallet', policy: method.policy })], workflows: { sale: flow }, terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } }, ...storage, log, clock: virtualClock(), keepClosed: KEEP })).rejects.toBe(unread);
    const again = await open(disk, host, method);
    expect(again.till.cases()).toMatchObject([{ payment: { paymentId: `${id}/Pay#1` } }]);
    await again.till.close();
  });

  it('keeps of its workflows what transactions in memory run by, however often they are replaced', async () => {
    const disk = new SimulatedDisk();
    const host = scriptedHost();
    const { till, log } = await open(disk, host);
    const version = (n: number): string => flow.replaceAll('"Pay"', `"Pay${n}"`);
    const snapshot = () => journalOf(till).snapshot() as unknown as { definitions: [string, Json][]; executions: { state: { pins: { sale: string } } }[] };
    for (let n = 0; n < 4 * KEEP; n += 1) {
      till.replace('sale', version(n));
      await sell(till, n);
    }
    expect(snapshot().definitions.length).toBeLessThanOrEqual(KEEP + 1);
    // One that is replaced while its start is decided keeps its own.
    for (let turns = 0; turns < 20; turns += 1) {
      till.replace('sale', version(100 + turns));
      const started = till.start({ terminal: 'T1', workflow: 'sale', input: { amountMinor: 7 } });
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      till.replace('sale', version(200 + turns));
      const { result } = await started;
      const { definitions, executions } = snapshot();
      expect(definitions.map(([hash]) => hash)).toEqual(expect.arrayContaining(executions.map(({ state }) => state.pins.sale)));
      expect(await result).toMatchObject({ status: 'succeeded' });
    }
    await till.close();
    const again = await open(disk, host);
    expect(again.log.stats.readAtOpen).toBeLessThan(log.head);
    expect((await sell(again.till, 1)).result).toMatchObject({ status: 'succeeded' });
    await again.till.close();
  });

  it('two starts under one key at the same time are one transaction', async () => {
    const host = scriptedHost();
    const till = await createTill({ plugins: [scriptedMethod({ id: 'm', host, kind: 'wallet' })], workflows: { sale: flow }, terminals: { T1: { tid: '1', mid: '2', name: 'Shop' }, T2: { tid: '2', mid: '2', name: 'Shop' } }, log: memoryLog(), sealed: memorySealedStore(), hash: systemHash, clock: virtualClock() });
    const order = { terminal: 'T1', workflow: 'sale', key: 'order-1', input: { amountMinor: 5 } };
    const [one, two] = await Promise.all([till.start(order), till.start(order)]);
    expect(two.executionId).toBe(one.executionId);
    const [three, four] = await Promise.allSettled([till.start({ ...order, key: 'k' }), till.start({ ...order, key: 'k', terminal: 'T2' })]);
    expect([three?.status, four?.status].filter((status) => status === 'rejected')).toHaveLength(1);
    await till.close();
  });
});
