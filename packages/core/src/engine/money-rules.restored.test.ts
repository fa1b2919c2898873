/** Money rule 17: what a PIN pad remembers of the log, and what happens where the log does not hold it. */
import { describe, expect, it } from 'vitest';
import { ActionError, bind, definePlugin, type LogMark, type Plugin, Printer } from '../contract.js';
import type { EventRecord } from '../events.js';
import { memoryLog } from '../log/memory-log.js';
import { approvedFor, events, flow, open, pay, reopen, run, type Setup, type SetupOptions, statuses } from './money-rules.testing.js';
import { scriptedPad } from './scripted-pad.js';
import { virtualClock } from './virtual-clock.js';

describe('rule 17: restored or copied logs', () => {
  /** A PIN pad of which only the memory of the log is used. It answers unless it is told to be broken. */
  const padMemory = () => {
    const pad: { mark?: LogMark; broken: boolean; plugins: Plugin[] } = { broken: false, plugins: [] };
    const answering = <T>(answer: () => T) => async (): Promise<T> => {
      if (pad.broken) throw new ActionError('Device.Unavailable', 'cable');
      return answer();
    };
    const keepLogMark = (mark: LogMark) => answering(() => void (pad.mark = mark))();
    pad.plugins.push(scriptedPad({ logMark: answering(() => pad.mark), keepLogMark }));
    return pad;
  };
  const alarmsOf = ({ till }: Setup): string[] => {
    const kinds: string[] = [];
    till.on('alarm', ({ kind }) => kinds.push(kind));
    return kinds;
  };
  const pass = ({ clock }: Setup, ms: number): Promise<void> => clock.until(clock.now() + ms);
  const decision = { by: 'Li', reason: 'the disk was replaced; seen in the books' };

  /** A sale that was paid in the end, and the log as it was copied while its answer was open. */
  const restored = async (kind: 'card' | 'wallet') => {
    const pad = padMemory();
    const first = await open({ kind, plugins: pad.plugins, method: { seal: kind === 'card' } });
    let copy: EventRecord[] = [];
    first.host.submits.push((amount) => {
      copy = first.log.records.filter(({ seq }) => seq <= first.log.durableTo);
      return approvedFor(amount, kind === 'card' ? { completion: 'due' } : {});
    });
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    await pass(first, 1_000);
    first.clock.stop();
    const calls = first.host.calls.length;
    const setup = await open({ kind, plugins: pad.plugins, host: first.host, sealed: first.sealed, log: memoryLog({ records: copy }), clock: virtualClock({ startMs: first.clock.now() }) });
    return { setup, pad, alarms: alarmsOf(setup), asked: () => setup.host.calls.length - calls };
  };

  it('what an older copy calls unprinted comes out as a reprint: it may be on paper since (20)', async () => {
    const pad = padMemory();
    const paper = { in: false, slips: [] as boolean[] };
    const printer = bind(Printer).toValue({ print: async ({ reprint }) => void paper.slips.push(reprint), status: async () => ({ paper: paper.in }) });
    const options: SetupOptions = {
      kind: 'wallet',
      plugins: [...pad.plugins, definePlugin({ name: 'printer', provides: [printer] })],
      flow: flow({ Pay: pay({ Next: 'Print' }), Print: { Type: 'Task', Resource: 'printer:print', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' }, Done: { Type: 'Succeed' } }),
    };
    const first = await open(options);
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    const copy = [...first.log.records];
    paper.in = true;
    await first.till.printOwed('T1');
    // The pad hears of what is told of a payment, and with that of the slips.
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    await pass(first, 1_000);
    expect(paper.slips).toEqual([false, false, false, false]);
    first.clock.stop();
    const again = await open({ ...options, host: first.host, log: memoryLog({ records: copy }), clock: virtualClock({ startMs: first.clock.now() }) });
    expect(again.till.held()).toEqual(['T1']);
    await again.till.printOwed('T1');
    expect(paper.slips.slice(4)).toEqual([true, true]);
    await again.till.close();
  });

  it.each(['card', 'wallet'] as const)('a %s sale that an older copy calls undecided is asked, undone and forgotten by nobody', async (kind) => {
    const { setup, alarms, asked } = await restored(kind);
    await pass(setup, 60_000);
    expect(asked()).toBe(0);
    expect(statuses(setup.host)).toEqual(['approved']);
    expect(alarms).toEqual(['log-restored']);
    expect(setup.till.held()).toEqual(['T1']);
    const [open_] = setup.till.cases();
    expect(open_).toMatchObject({ why: 'the log was restored from an older copy, or is another one', payment: { state: 'case' } });
    await expect(setup.till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'LOG_RESTORED' });

    await expect(setup.till.acknowledge('T1', { by: ' ', reason: 'x' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
    await expect(setup.till.acknowledge('T9', decision)).rejects.toMatchObject({ code: 'TERMINAL_UNKNOWN' });
    await setup.till.acknowledge('T1', decision);
    expect(setup.till.held()).toEqual([]);
    await expect(setup.till.acknowledge('T1', decision)).rejects.toMatchObject({ code: 'TERMINAL_NOT_HELD' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await pass(setup, 86_400_000);
    expect(setup.host.calls.filter((call) => /^(reverse|inquire)/.test(call))).toEqual([]);

    // Nor after a restart without the pad: that it is a person's stands in the log.
    const again = await reopen(setup, { kind });
    await pass(again, 86_400_000);
    expect(again.host.calls.filter((call) => /^(reverse|inquire)/.test(call))).toEqual([]);
    await again.till.resolve(open_?.caseId ?? '', { as: 'paid', ...decision });
    expect(again.till.payments()[0]).toMatchObject({ state: 'paid' });
    expect(statuses(again.host)).toEqual(['approved', 'approved']);
  });

  it.each([50, 0])('a payment that had a case when its log was copied is decided about once: nobody can call it otherwise by the other case (%d closed ones stay)', async (keepClosed) => {
    const pad = padMemory();
    const first = await open({ kind: 'card', plugins: pad.plugins });
    first.host.submits.push({ lost: 'answer' });
    first.host.reversals.push({ outcome: 'refused', code: '99' });
    expect(await run(first)).toMatchObject({ error: 'Payment.Unsettled' });
    await pass(first, 60_000);
    await first.log.durable(first.log.head);
    const copy = [...first.log.records];
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    const [known] = first.till.cases();
    await first.till.resolve(known?.caseId ?? '', { as: 'paid', ...decision });
    await first.till.close();
    const setup = await open({ kind: 'card', plugins: pad.plugins, host: first.host, sealed: first.sealed, log: memoryLog({ records: copy }), clock: first.clock, keepClosed });
    expect(setup.till.held()).toEqual(['T1']);
    expect(setup.till.cases()).toMatchObject([{ caseId: known?.caseId }]);
    const [, other] = events(setup.log, 'caseOpened').map(({ event }) => (event.type === 'caseOpened' ? event.caseId : ''));
    await setup.till.resolve(known?.caseId ?? '', { as: 'paid', ...decision });
    expect(setup.till.cases()).toEqual([]);
    expect((await setup.till.get(setup.log.records.flatMap(({ stream, event }) => (event.type === 'executionStarted' ? [stream.slice(2)] : []))[0] ?? '')).payments).toMatchObject([{ state: 'paid' }]);
    await expect(setup.till.resolve(other ?? '', { as: 'not-paid', ...decision })).rejects.toMatchObject({ code: 'CASE_UNKNOWN' });
    await setup.till.close();
  });

  it.each<[string, unknown]>([
    ['a text', 'mark'],
    ['a mark without a record', { counters: {} }],
    ['counters that are no numbers', { stream: 't/T1', seq: 1, hash: 'f', counters: { trace: '1' } }],
  ])('a pad that gives %s has not answered: what needs it waits, nothing else does', async (_, given) => {
    for (const needs of ['card', 'none'] as const) {
      const odd = scriptedPad({ logMark: async () => given, keepLogMark: async () => {} });
      const setup = await open({ kind: 'wallet', plugins: [odd], method: { needs } });
      expect(await run(setup)).toMatchObject(needs === 'card' ? { error: 'Payment.NotSent' } : { status: 'succeeded' });
      expect(setup.till.held()).toEqual([]);
      await setup.till.close();
    }
  });

  it('a pad that remembers null remembers nothing', async () => {
    const empty = scriptedPad({ logMark: async () => null, keepLogMark: async () => {} });
    const setup = await open({ kind: 'wallet', plugins: [empty], method: { needs: 'card' } });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  });

  it('what it would look for again waits for the acknowledgement', async () => {
    const pad = padMemory();
    const first = await open({ kind: 'card', plugins: pad.plugins, method: { seal: true } });
    first.host.submits.push({ lost: 'request' });
    expect(await run(first)).toMatchObject({ error: 'Payment.Undone' });
    await first.till.close();
    const copy = [...first.log.records];
    const second = await open({ kind: 'card', plugins: pad.plugins, host: first.host, sealed: first.sealed, log: memoryLog({ records: copy }), clock: first.clock });
    expect(second.till.held()).toEqual([]);
    expect(await run(second)).toMatchObject({ status: 'succeeded' });
    second.clock.stop();
    const setup = await open({ kind: 'card', plugins: pad.plugins, host: first.host, sealed: first.sealed, log: memoryLog({ records: copy }), clock: virtualClock({ startMs: second.clock.now() }) });
    const reversals = (): number => setup.host.calls.filter((call) => call.startsWith('reverse')).length;
    await pass(setup, 600_000);
    expect(reversals()).toBe(1);
    expect(await setup.sealed.keys()).toHaveLength(1);
    await setup.till.acknowledge('T1', decision);
    await pass(setup, 600_000);
    expect(reversals()).toBe(2);
    expect(await setup.sealed.keys()).toEqual([]);
  });

  it('what an older copy does not know of stays sealed, though its pad is silent as the till is opened: the log that knows it may come back', async () => {
    const pad = padMemory();
    const first = await open({ kind: 'card', plugins: pad.plugins, method: { seal: true } });
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    await pass(first, 1_000);
    const copy = [...first.log.records];
    first.host.submits.push({ lost: 'answer' });
    first.host.reversals.push(...Array.from({ length: 50 }, () => ({ outcome: 'not-sent', why: 'no connection' }) as const));
    await first.till.start({ terminal: 'T1', workflow: 'sale' });
    await pass(first, 60_000);
    expect(await first.sealed.keys()).toHaveLength(1);
    first.clock.stop();
    first.host.reversals.length = 0;
    pad.broken = true;
    const older = await open({ kind: 'card', plugins: pad.plugins, host: first.host, sealed: first.sealed, log: memoryLog({ records: copy }), clock: virtualClock({ startMs: first.clock.now() }) });
    expect(await older.sealed.keys()).toHaveLength(1);
    pad.broken = false;
    await expect(older.till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'LOG_RESTORED' });
    await older.till.close();
    const back = await open({ kind: 'card', plugins: pad.plugins, host: first.host, sealed: first.sealed, log: first.log.crash(), clock: virtualClock({ startMs: older.clock.now() }) });
    await pass(back, 60_000);
    expect(statuses(back.host)).toEqual(['approved', 'reversed']);
    expect(await back.sealed.keys()).toEqual([]);
    await back.till.close();
  });

  it('what power cuts take is no older copy', async () => {
    const pad = padMemory();
    let setup = await open({ kind: 'wallet', plugins: pad.plugins });
    for (let n = 0; n < 3; n += 1) {
      expect(await run(setup)).toMatchObject({ status: 'succeeded' });
      setup = await reopen(setup, { kind: 'wallet', plugins: pad.plugins });
      expect(setup.till.held()).toEqual([]);
    }
    // The same record with other content is another log.
    if (pad.mark) pad.mark = { ...pad.mark, hash: '0'.repeat(64) };
    setup = await reopen(setup, { kind: 'wallet', plugins: pad.plugins });
    expect(setup.till.held()).toEqual(['T1']);
  });

  it('a log that the pad has never seen holds the terminal, though nothing of it is open', async () => {
    const pad = padMemory();
    const first = await open({ kind: 'wallet', plugins: pad.plugins });
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    await first.till.close();
    const other = await open({ kind: 'wallet', plugins: pad.plugins, host: first.host });
    expect(other.till.held()).toEqual(['T1']);
    expect(other.till.cases()).toEqual([]);
    await expect(run(other)).rejects.toMatchObject({ code: 'LOG_RESTORED' });
    // Acknowledged, but the pad can't be told: the terminal stays held, until it is opened again.
    pad.broken = true;
    await expect(other.till.acknowledge('T1', decision)).rejects.toMatchObject({ code: 'LOG_RESTORED' });
    expect(other.till.held()).toEqual(['T1']);
    pad.broken = false;
    await other.till.close();
    const again = await open({ kind: 'wallet', plugins: pad.plugins, host: first.host, log: memoryLog({ records: other.log.records }) });
    expect(again.till.held()).toEqual([]);
    expect(await run(again)).toMatchObject({ status: 'succeeded' });
  });

  it('a pad that is silent is asked before it is told anything: cards wait for it, wallets do not', async () => {
    const pad = padMemory();
    const first = await open({ kind: 'card', plugins: pad.plugins });
    expect(await run(first)).toMatchObject({ status: 'succeeded' });
    await first.till.close();
    const known = pad.mark;
    pad.broken = true;
    const cards = await open({ kind: 'card', plugins: pad.plugins, host: first.host, method: { needs: 'card' } });
    expect(await run(cards)).toMatchObject({ status: 'failed', error: 'Payment.NotSent' });
    const wallets = await open({ kind: 'wallet', plugins: pad.plugins });
    expect(await run(wallets)).toMatchObject({ status: 'succeeded' });
    pad.broken = false;
    await expect(run(wallets)).rejects.toMatchObject({ code: 'LOG_RESTORED' });
    expect(wallets.till.held()).toEqual(['T1']);
    expect(pad.mark).toBe(known);
  });
});
