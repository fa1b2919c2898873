/** The money rules, each under its number, against a host that answers as the test says. */
import { describe, expect, it } from 'vitest';
import type { Answer, Finding, Plugin, ReceiptDocument, UndoReason } from '../contract.js';
import { ActionError, bind, definePlugin, Printer } from '../contract.js';
import { type MemoryLog, memoryLog } from '../log/memory-log.js';
import { approvedFor, broken, cutAfter, declined, events, flow, keptSealed, open, pay, reopen, run, settled, type Setup, type SetupOptions, type State, statuses, verbs, until } from './money-rules.testing.js';
import type { ScriptedMethodOptions } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

describe('rule 1: intent first', () => {
  it('has the references on disk before the submit, and submits once', async () => {
    let durableAtSubmit = false;
    const log = memoryLog();
    const setup = await open({ kind: 'wallet', log });
    setup.host.submits.push((amount) => {
      const intent = events(log, 'paymentPrepared')[0];
      durableAtSubmit = intent !== undefined && log.durableTo >= intent.seq;
      return approvedFor(amount);
    });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(durableAtSubmit).toBe(true);
    expect(setup.host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
  });

  it('takes a throw after the first byte for unknown, and a refusal before it for nothing', async () => {
    const thrown = await open({ kind: 'wallet' });
    thrown.host.submits.push('throw');
    expect(await run(thrown)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(thrown.host.calls.some((call) => call.startsWith('inquire'))).toBe(true);

    const notSent = await open({ kind: 'wallet' });
    notSent.host.submits.push({ outcome: 'not-sent', why: 'refused' });
    expect(await run(notSent)).toMatchObject({ status: 'failed', error: 'Payment.NotSent', unsettled: [] });
    expect(notSent.host.calls).toHaveLength(1);
  });
});

describe('rule 2: unknown is asked, never guessed', () => {
  it('finds an approval whose answer was lost', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'answer' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(statuses(setup.host)).toEqual(['approved']);
  });

  it.each<[UndoReason, Answer]>([
    ['timed-out', { outcome: 'pending', waitingFor: 'payer' }],
    ['unverified', { outcome: 'unknown', reason: 'unverified', why: 'its MAC is wrong' }],
    ['mismatch', approvedFor(2000)],
    ['failed', { outcome: 'unknown', reason: 'failed', why: 'the host calls it failed' }],
    ['no-answer', { outcome: 'unknown', reason: 'no-answer', why: 'silence' }],
  ])('tells the host why it undoes: %s', async (reason, answer) => {
    const setup = await open({ kind: 'card' });
    setup.host.submits.push(answer);
    await run(setup);
    expect(setup.host.calls.at(-1)).toBe(`reverse m-sale-1 ${reason} 1`);
  });

  it('asks at the listed times, then condemns and undoes', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(setup.host.calls.map((call) => call.split(' ')[0]).slice(0, 6)).toEqual(['submit', 'inquire', 'inquire', 'inquire', 'inquire', 'reverse']);
    const inquiries = events(setup.log, 'paymentAnswered').filter((r) => r.event.type === 'paymentAnswered' && r.event.to === 'inquire');
    const start = events(setup.log, 'paymentPrepared')[0]?.at ?? 0;
    expect(inquiries.map((r) => r.at - start)).toEqual([10_000, 10_000, 20_000, 30_000]);
  });

  it('asks no more about what the host calls failed, and undoes it at once', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ outcome: 'pending', waitingFor: 'payer' });
    setup.host.findings.push({ outcome: 'unknown', reason: 'failed', why: 'the host calls it failed' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(verbs(setup.host).slice(0, 3)).toEqual(['submit', 'inquire', 'reverse']);
  });

  it('keeps undoing with back-off, tells a person, and goes on; a resolution needs a name and a reason', async () => {
    const setup = await open({ kind: 'card' });
    setup.host.submits.push({ lost: 'answer' });
    for (let n = 0; n < 4; n += 1) setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    const result = await run(setup);
    expect(result).toMatchObject({ status: 'failed', error: 'Payment.Unsettled', unsettled: [{ state: 'being-undone' }] });
    for (let turn = 0; turn < 100 && setup.till.cases().length === 0; turn += 1) await setup.clock.until(setup.clock.now() + 1_000);
    const [open_] = setup.till.cases();
    expect(open_).toBeDefined();
    await expect(setup.till.resolve(open_?.caseId ?? '', { as: 'undone', by: ' ', reason: 'x' })).rejects.toMatchObject({ code: 'CASE_NEEDS_REASON' });
    for (let turn = 0; turn < 200 && statuses(setup.host)[0] !== 'reversed'; turn += 1) await setup.clock.until(setup.clock.now() + 1_000);
    expect(statuses(setup.host)).toEqual(['reversed']);
    // The case stays, and says that nothing is left to be paid back.
    expect(open_?.undone).toBeUndefined();
    await until(setup, 'told', () => setup.till.cases()[0]?.undone !== undefined);
    expect(setup.till.cases()).toMatchObject([{ caseId: open_?.caseId, undone: { proof: 'acknowledged', at: events(setup.log, 'paymentUndoAnswered').at(-1)?.at } }]);
    await expect(setup.till.resolve(open_?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'x' })).rejects.toMatchObject({ code: 'CASE_UNDONE' });
    await setup.till.resolve(open_?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'seen at the host' });
    expect(setup.till.cases()).toEqual([]);
  });

  it('undoes not before a host takes it, nor after: then a person is told', async () => {
    const options: SetupOptions = { kind: 'card', method: { policy: { reverse: { notBeforeMs: 15_000, withinMs: 60_000, backoffMs: [2_000], laneAttempts: 3 } } } };
    const first = await open(options);
    const begun = first.clock.now();
    first.host.submits.push({ outcome: 'unknown', reason: 'host-error', why: 'busy' });
    const times: number[] = [];
    first.host.reversals.push(() => {
      times.push(first.clock.now() - begun);
      return { outcome: 'not-sent', why: 'no connection' };
    });
    await run(first);
    expect(times).toEqual([15_000]);
    first.clock.stop();
    const second = await open({ ...options, host: first.host, log: first.log.crash(), clock: virtualClock({ startMs: begun + 3_600_000 }) });
    await until(second, 'a case is open', () => second.till.cases().length > 0);
    expect(second.till.cases()).toMatchObject([{ why: "the host's time for undoing it is over" }]);
    expect(verbs(second.host)).toEqual(['submit', 'reverse']);
  });

  it('says that a case is resolved once that is on disk', async () => {
    const clock = virtualClock();
    let syncMs = 0;
    const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + syncMs) });
    const setup = await open({ kind: 'card', clock, log });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push({ outcome: 'refused', code: '12' });
    await run(setup);
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    await log.durable(log.head);
    syncMs = 5_000;
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'paid back by hand' });
    expect(log.durableTo).toBeGreaterThanOrEqual(events(log, 'caseResolved')[0]?.seq ?? Infinity);
  });
});

describe('rule 3: verified or unknown', () => {
  it.each<[string, Answer]>([
    ['an approval that nobody verified', { ...approvedFor(1000), verified: false } as unknown as Answer],
    ['a decline that nobody verified', { outcome: 'declined', verified: false, code: '51', hint: { zh: '', en: '' }, again: 'never' } as unknown as Answer],
    ['an approval for more than asked', approvedFor(1001)],
    ['an approval in another currency', { ...approvedFor(1000), amount: { amountMinor: 1000, currency: 'USD' } } as Answer],
  ])('takes %s for unknown', async (_name, answer) => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push(answer);
    setup.host.findings.push({ outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(setup.host.calls.some((call) => call.startsWith('inquire'))).toBe(true);
  });

  it('condemns a partial approval that nobody asked for, and keeps one that was', async () => {
    const unasked = await open({ kind: 'wallet' });
    unasked.host.submits.push(approvedFor(600));
    expect(await run(unasked)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(statuses(unasked.host)).toEqual(['reversed']);

    const asked = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Rest' }, { allowPartial: true }), Rest: pay({}, { amountMinor: 400, dueMinor: 1000 }) }) });
    asked.host.submits.push(approvedFor(600));
    expect(await run(asked)).toMatchObject({ status: 'succeeded', output: { amountMinor: 400, committed: true } });
    expect(asked.till.payments().map(({ amountMinor, committed }) => ({ amountMinor, committed }))).toEqual([{ amountMinor: 600, committed: true }, { amountMinor: 400, committed: true }]);
  });

  it('condemns one that nobody asked for though its flow commits what is approved, while the answer is on its way to the disk', async () => {
    const clock = virtualClock();
    let syncMs = 0;
    const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + syncMs) });
    const commit = { Wait: { Type: 'Wait', Seconds: 6, Next: 'Commit' }, Commit: { Type: 'Task', Resource: 'payment:commit', End: true } };
    const both: State = { Type: 'Parallel', Branches: [{ StartAt: 'Pay', States: { Pay: pay() } }, { StartAt: 'Wait', States: commit }], End: true };
    const setup = await open({ kind: 'wallet', clock, log, flow: flow({ Both: both }) });
    const slow = async (): Promise<Answer> => {
      await clock.until(clock.now() + 3_000);
      syncMs = 6_000;
      return approvedFor(600);
    };
    setup.host.submits.push(slow as never);
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(statuses(setup.host)).toEqual(['reversed']);
  });
});

describe('rule 4: duplicates are unknown', () => {
  it('asks after a duplicate and finds the first copy approved', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ outcome: 'unknown', reason: 'duplicate', why: 'ORDERPAID' });
    setup.host.findings.push(approvedFor(1000) as never);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  });
});

describe('rule 5: absent proves nothing for ever', () => {
  it('looks again after an undo without proof, and undoes what turned up', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    // The request was not lost: it arrives now.
    const reference = setup.host.calls[0]?.split(' ')[2] ?? '';
    setup.host.ledger.set(reference, { reference, amountMinor: 1000, status: 'approved' });
    for (let turn = 0; turn < 200 && statuses(setup.host)[0] === 'approved'; turn += 1) await setup.clock.until(setup.clock.now() + 1_000);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('undoes what turned up waiting for its payer, also after a restart: paid after the last look, nobody would hear of it', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    const again = await reopen(setup, { kind: 'wallet' });
    again.host.findings.push({ outcome: 'pending', waitingFor: 'payer' });
    const reference = again.host.calls[0]?.split(' ')[2] ?? '';
    again.host.ledger.set(reference, { reference, amountMinor: 1000, status: 'approved' });
    await again.clock.until(again.clock.now() + 63_000);
    expect(verbs(again.host).slice(-3)).toEqual(['reverse', 'inquire', 'reverse']);
    expect(statuses(again.host)).toEqual(['reversed']);
    expect(again.till.payments()).toMatchObject([{ state: 'undone' }]);
  });

  it('but not a QR that its host still shows: nobody may have scanned it, and the host ends it by itself', async () => {
    const setup = await open({ kind: 'wallet', method: { hostExpiryMs: 8_640_000_000_000_000 } });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    setup.host.findings.push({ outcome: 'pending', waitingFor: 'payer' });
    await setup.clock.until(setup.clock.now() + 61_000);
    expect(verbs(setup.host).slice(-2)).toEqual(['reverse', 'inquire']);
  });

  it('does not do so for ever where its host calls it both: a person is told', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    for (let n = 0; n < 2_000; n += 1) setup.host.findings.push({ outcome: 'pending', waitingFor: 'payer' });
    await setup.clock.until(setup.clock.now() + 600_000);
    expect(setup.till.cases()).toHaveLength(1);
    await setup.clock.until(setup.clock.now() + 30 * 86_400_000);
    expect(setup.host.calls.length).toBeLessThan(1_000);
  });

  /** A card sale of 1000 that the host takes after its reversal was answered 25; its first look is due a minute later. */
  const overtaken = async (method: Partial<ScriptedMethodOptions> = {}): Promise<Setup> => {
    const setup = await open({ kind: 'card', method: { seal: true, ...method } });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone', unsettled: [] });
    const reference = setup.host.calls[0]?.split(' ')[2] ?? '';
    setup.host.ledger.set(reference, { reference, amountMinor: 1000, status: 'approved' });
    return setup;
  };
  const reversals = ({ host }: Setup): number => host.calls.filter((call) => call.startsWith('reverse')).length;
  const pass = ({ clock }: Setup, ms: number): Promise<void> => clock.until(clock.now() + ms);

  it('reverses once more where nothing can be asked, with the lane open meanwhile and over a restart', async () => {
    const setup = await overtaken();
    // Others buy while the look is not due yet.
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(reversals(setup)).toBe(1);
    expect(await keptSealed(setup)).toHaveLength(1);
    const again = await reopen(setup, { kind: 'card' });
    expect(await run(again)).toMatchObject({ status: 'succeeded' });
    expect(reversals(again)).toBe(1);
    await pass(again, 61_000);
    expect(statuses(again.host)).toEqual(['reversed', 'approved', 'approved']);
    expect(reversals(again)).toBe(2);
    expect(again.till.payments()[0]).toMatchObject({ state: 'undone' });
    // Acknowledged: nothing is looked for any more, and nothing is kept for it.
    expect(await again.sealed.keys()).toEqual([]);
    await pass(again, 86_400_000);
    expect(reversals(again)).toBe(2);
    expect(again.till.cases()).toEqual([]);
  });

  it('leaves it undone when each look is answered as the first one was, and looks no more', async () => {
    const setup = await overtaken({ policy: { watchAtMs: [60_000, 120_000] } });
    setup.host.ledger.clear();
    await pass(setup, 86_400_000);
    expect(reversals(setup)).toBe(3);
    expect(setup.till.payments()[0]).toMatchObject({ state: 'undone' });
    expect(setup.till.cases()).toEqual([]);
    expect(await setup.sealed.keys()).toEqual([]);
  });

  it('asks at the listed times and no more, where each look finds it undone without proof once more', async () => {
    const setup = await open({ kind: 'wallet', method: { policy: { watchAtMs: [60_000, 120_000] } } });
    const unproven: Finding = { outcome: 'undone', verified: true, proof: 'no-original' };
    setup.host.submits.push({ lost: 'request' });
    setup.host.findings.push({ outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' }, ...Array.from({ length: 50 }, () => unproven));
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    await pass(setup, 3_600_000);
    expect(verbs(setup.host).filter((verb) => verb === 'inquire')).toHaveLength(6);
  });

  it('asks also when the time for reversals is over: only to undo it would be too late', async () => {
    const setup = await open({ kind: 'wallet', method: { policy: { reverse: { notBeforeMs: 0, withinMs: 50_000, backoffMs: [2_000], laneAttempts: 3 } } } });
    setup.host.submits.push({ lost: 'request' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    await pass(setup, 600_000);
    expect(verbs(setup.host).at(-1)).toBe('inquire');
    expect(setup.till.cases()).toEqual([]);
  });

  it('reverses once more when the host says not now: that is no look', async () => {
    const setup = await overtaken();
    setup.host.reversals.push({ outcome: 'not-now', retryAt: 0, why: 'the host closes its day' });
    await pass(setup, 120_000);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('looks again after silence, and tells a person when the time for reversals is over', async () => {
    const setup = await overtaken({ policy: { reverse: { notBeforeMs: 0, withinMs: 200_000, backoffMs: [2_000, 30_000], laneAttempts: 3 } } });
    for (let n = 0; n < 50; n += 1) setup.host.reversals.push({ outcome: 'not-sent', why: 'no connection' });
    await pass(setup, 400_000);
    // A minute after the undo, and every half minute until the limit.
    expect(reversals(setup)).toBe(6);
    expect(setup.till.cases()).toMatchObject([{ why: 'undone without proof, and the host could not be asked again' }]);
    // It shuts the lane for nobody.
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  });

  it('tells a person when the host takes the first reversal and refuses the second', async () => {
    const setup = await overtaken();
    setup.host.reversals.push({ outcome: 'refused', code: '12' });
    await pass(setup, 61_000);
    expect(setup.till.cases()).toMatchObject([{ why: 'the host refused to undo it (12)' }]);
  });

  it('undoes what it had found undone without proof, and never keeps it', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    await pass(setup, 90_000);
    expect(statuses(setup.host)).toEqual(['reversed']);
    expect(setup.till.payments()[0]).toMatchObject({ state: 'undone', committed: false });
  });

  /** A wallet sale whose submit is answered only when the test says so, and the alarms, each with whether its event was on disk. */
  const answeredLate = async (log: MemoryLog = memoryLog()) => {
    const setup = await open({ kind: 'wallet', log });
    const late: { tell: (answer: Answer) => void } = { tell: () => {} };
    setup.host.submits.push((() => new Promise<Answer>((resolve) => (late.tell = resolve))) as unknown as () => Answer);
    const alarms: { kind: string; why: string; caseId?: string; onDisk: boolean }[] = [];
    setup.till.on('alarm', ({ kind, why, caseId }) => {
      const seq = events(log, 'paymentContradicted').at(-1)?.seq ?? Infinity;
      if (kind === 'contradiction') alarms.push({ kind, why, onDisk: log.durableTo >= seq, ...(caseId === undefined ? {} : { caseId }) });
    });
    return { setup, alarms, tell: (answer: Answer) => late.tell(answer) };
  };

  it('an approval that contradicts a decline is on disk, then an alarm, and a case until a person has looked', async () => {
    // A disk that is slow: whoever does not wait for it is seen.
    const log = memoryLog({ beforeSync: () => new Promise((resolve) => setImmediate(resolve)) });
    const { setup, alarms, tell } = await answeredLate(log);
    setup.host.findings.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '余额不足', en: 'Not enough' }, again: 'never' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Declined' });
    tell(approvedFor(1000));
    await pass(setup, 1_000);
    const [open_] = setup.till.cases();
    expect(open_).toMatchObject({ why: 'known as declined, then heard approved' });
    expect(alarms).toEqual([{ kind: 'contradiction', why: open_?.why, caseId: open_?.caseId, onDisk: true }]);
    await setup.till.resolve(open_?.caseId ?? '', { as: 'not-paid', by: 'Li', reason: 'not in the books' });
    expect(setup.till.payments()[0]).toMatchObject({ state: 'undone', committed: false });
  });

  it.each<['paid' | 'undone', Answer, boolean]>([
    ['undone', approvedFor(1000), true],
    ['undone', { outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'never' }, false],
    ['paid', { outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'never' }, true],
    ['paid', approvedFor(1000), false],
  ])('resolved as %s, then heard %j: an alarm is %s', async (as, answer, contradicts) => {
    const { setup, alarms, tell } = await answeredLate();
    setup.host.findings.push(...Array.from({ length: 4 }, () => ({ outcome: 'absent' }) as const));
    for (let n = 0; n < 3; n += 1) setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    setup.host.reversals.push({ outcome: 'not-now', retryAt: setup.clock.now() + 3_600_000, why: 'the payer is paying' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    for (let turn = 0; turn < 100 && setup.till.cases().length === 0; turn += 1) await pass(setup, 1_000);
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as, by: 'Li', reason: 'seen in the books' });
    const tries = setup.host.calls.length;
    tell(answer);
    await pass(setup, 86_400_000);
    expect(alarms).toEqual(contradicts ? [{ kind: 'contradiction', why: `known as ${as}, then heard ${answer.outcome}`, onDisk: true }] : []);
    expect(events(setup.log, 'paymentContradicted')).toHaveLength(contradicts ? 1 : 0);
    // What a person decided stands, and the machine does nothing more.
    expect(setup.till.payments()[0]).toMatchObject({ state: as });
    expect(setup.host.calls).toHaveLength(tries);
  });

  it('an undo that was on its way when a person decided that it is paid is an alarm', async () => {
    const { setup, alarms } = await answeredLate();
    setup.host.findings.push(...Array.from({ length: 4 }, () => ({ outcome: 'absent' }) as const));
    for (let n = 0; n < 3; n += 1) setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    let decided: Promise<void> | undefined;
    setup.host.reversals.push(() => {
      decided = setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'the customer showed it' });
      return { outcome: 'undone', verified: true, proof: 'acknowledged' };
    });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    await pass(setup, 600_000);
    await decided;
    expect(alarms).toEqual([{ kind: 'contradiction', why: 'known as paid, then heard undone', onDisk: true }]);
  });
});

describe('rule 6: condemned is one-way and durable before the first undo byte', () => {
  it('has the condemnation on disk before it reverses', async () => {
    const log = memoryLog();
    const setup = await open({ kind: 'card', log });
    let durable = false;
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push(() => {
      const condemned = events(log, 'paymentCondemned')[0];
      durable = condemned !== undefined && log.durableTo >= condemned.seq;
      return { outcome: 'unknown', reason: 'no-answer', why: 'silence' };
    });
    await run(setup);
    expect(durable).toBe(true);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it.each<[string, Answer]>([
    ['a decline', declined],
    ['a wait for the payer', { outcome: 'pending', waitingFor: 'payer' }],
  ])('takes no other late answer for its undo: %s', async (_, late) => {
    const clock = virtualClock();
    const setup = await open({ kind: 'card', clock });
    setup.host.submits.push((async () => {
      setup.host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: 1000, status: 'approved' });
      await clock.until(clock.now() + 11_000);
      return late;
    }) as never);
    setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    await run(setup);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('ignores an approval that comes too late to be kept', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'request' });
    setup.host.findings.push({ outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' }, { outcome: 'absent' });
    setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
    await settled(setup);
    expect(setup.till.payments()[0]).toMatchObject({ state: 'undone', committed: false });
  });
});

describe('rule 7: the remedy is the plugin\'s', () => {
  it('voids what was completed, as an attempt with an intent of its own', async () => {
    const setup = await open({
      kind: 'card',
      method: { seal: true },
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
    });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'X' });
    await settled(setup);
    expect(events(setup.log, 'paymentPrepared').map((r) => r.event.type === 'paymentPrepared' && r.event.request.operation)).toEqual(['sale', 'void']);
    expect(statuses(setup.host)).toEqual(['refunded']);
    // Neither what the sale's reversal would have needed, nor the void's.
    expect(await setup.sealed.keys()).toEqual([]);
  });

  it('reverses an unanswered void, then voids anew', async () => {
    const setup = await open({
      kind: 'card',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
    });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), 'never');
    await run(setup);
    await settled(setup);
    expect(setup.host.calls.map((call) => call.split(' ').slice(0, 2).join(' ')).filter((call) => !call.startsWith('complete'))).toEqual(
      ['submit sale', 'submit void', expect.stringMatching(/^reverse m-void/), 'submit void'],
    );
    expect(statuses(setup.host)).toEqual(['refunded']);
  });

  it('tells the flow as soon as a void has no answer, and goes on with it beside', async () => {
    const setup = await open({ kind: 'wallet', method: { remedy: ({ request, approved: known }) => ({ do: 'void', amount: known?.amount ?? request.amount }) } });
    setup.host.submits.push(approvedFor(300), { lost: 'request' });
    const begun = setup.clock.now();
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
    expect(setup.clock.now() - begun).toBe(10_000);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['refunded']);
  });

  it('reverses such a void no more, however little its reversal proved: the sale is voided, and a void that comes after all gives nothing back twice', async () => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), 'never');
    await run(setup);
    await settled(setup);
    await setup.clock.until(setup.clock.now() + 600_000);
    expect(verbs(setup.host)).toEqual(['submit', 'complete', 'submit', 'reverse', 'submit']);
    expect(statuses(setup.host)).toEqual(['refunded']);
  });

  it('voids no more once it has been tried often enough, each time without an answer: a person is told', async () => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }) });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), ...Array.from({ length: 9 }, () => ({ lost: 'request' }) as const));
    await run(setup);
    await setup.clock.until(setup.clock.now() + 3_600_000);
    expect(setup.host.calls.filter((call) => call.startsWith('submit void'))).toHaveLength(3);
    expect(setup.till.cases()).toMatchObject([{ why: 'not undone after 3 attempts to void it' }]);
  });

  it('makes a refund again that was not sent: nothing of it is on its way', async () => {
    const setup = await open({
      kind: 'wallet',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
      method: { remedy: (recorded) => ({ do: 'refund', amount: recorded.request.amount }) },
    });
    setup.host.submits.push((amount) => approvedFor(amount), { outcome: 'not-sent', why: 'no connection' });
    await run(setup);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['refunded']);
    expect(setup.till.cases()).toEqual([]);
  });

  it('never repeats an unanswered refund: a person looks', async () => {
    const setup = await open({
      kind: 'card',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
      method: { remedy: (recorded) => ({ do: 'refund', amount: recorded.request.amount }) },
    });
    setup.host.submits.push((amount) => approvedFor(amount, { completion: 'due' }), 'never');
    await run(setup);
    await settled(setup);
    expect(setup.till.cases()).toHaveLength(1);
    expect(setup.host.calls.filter((call) => call.startsWith('submit refund'))).toHaveLength(1);
  });

  it('nor one that is found undone without proof: it arrives after all, and is told as money back', async () => {
    const setup = await open({
      kind: 'wallet',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
      method: { remedy: (recorded) => ({ do: 'refund', amount: recorded.request.amount }) },
    });
    setup.host.submits.push((amount) => approvedFor(amount), 'never');
    setup.host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, approvedFor(1000) as never);
    await run(setup);
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    expect(setup.till.cases()).toMatchObject([{ why: 'refund m-refund-2 was found undone without proof' }]);
    await until(setup, 'it is found', () => setup.till.cases()[0]?.undone !== undefined);
    expect(setup.till.cases()).toMatchObject([{ undone: { proof: 'money-back' } }]);
    expect(setup.host.calls.filter((call) => call.startsWith('submit refund'))).toHaveLength(1);
  });

  it.each([
    ['of which the host says that it is on its way', { outcome: 'pending', waitingFor: 'host' }, 'is on its way, says the host, and has not arrived yet'],
    ['of which the host says nothing for long', { outcome: 'unknown', reason: 'no-answer', why: 'no connection' }, 'has no answer'],
  ] as const)('is asked for one beside the case, %s: nobody pays back by hand what has arrived', async (_name, finding, why) => {
    const setup = await open({
      kind: 'wallet',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
      method: { remedy: (recorded) => ({ do: 'refund', amount: recorded.request.amount }), policy: { inquireAtMs: [1_000, 2_000], reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [5_000], laneAttempts: 3 } } },
    });
    setup.host.submits.push((amount) => approvedFor(amount), finding);
    setup.host.findings.push(...Array.from({ length: 12 }, () => finding), approvedFor(1000) as Finding);
    await run(setup);
    await until(setup, 'a case', () => setup.till.cases().length > 0);
    expect(setup.till.cases()).toMatchObject([{ why: `refund m-refund-2 ${why}`, payment: { state: 'case' } }]);
    expect(setup.till.cases()[0]?.undone).toBeUndefined();
    await until(setup, 'the host to say that it arrived', () => setup.till.cases()[0]?.undone !== undefined);
    expect(setup.till.cases()).toMatchObject([{ undone: { proof: 'money-back' } }]);
    expect(verbs(setup.host)).toEqual(['submit', 'submit', ...Array.from({ length: 13 }, () => 'inquire')]);
  });

  it('asks for it no longer than its host has time for', async () => {
    const setup = await open({
      kind: 'wallet',
      flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }),
      method: { remedy: (recorded) => ({ do: 'refund', amount: recorded.request.amount }), policy: { inquireAtMs: [1_000], reverse: { notBeforeMs: 0, withinMs: 600_000, backoffMs: [60_000], laneAttempts: 3 } } },
    });
    const pending: Finding = { outcome: 'pending', waitingFor: 'host' };
    setup.host.submits.push((amount) => approvedFor(amount), pending);
    setup.host.findings.push(...Array.from({ length: 9_999 }, () => pending));
    await run(setup);
    await setup.clock.until(setup.clock.now() + 3_600_000);
    const asked = setup.host.calls.length;
    expect(asked).toBe(12);
    await setup.clock.until(setup.clock.now() + 30 * 86_400_000);
    expect(setup.host.calls).toHaveLength(asked);
    expect(setup.till.cases()).toHaveLength(1);
  });
});

describe('rule 8: completion', () => {
  it('has the approval on disk before the card is asked, and condemns what the card refuses', async () => {
    const log = memoryLog();
    const setup = await open({ kind: 'card', log, method: { seal: true } });
    let durable = false;
    setup.host.completions.push(() => {
      const answer = events(log, 'paymentAnswered')[0];
      durable = answer !== undefined && log.durableTo >= answer.seq;
      return { outcome: 'refused-by-card', why: 'AAC' };
    });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    expect(durable).toBe(true);
    expect(setup.host.calls.at(-1)).toMatch(/^reverse .* card-refused 1$/);
    expect(statuses(setup.host)).toEqual(['reversed']);
    await settled(setup);
    expect(await keptSealed(setup)).toEqual([]);
  });

  it('condemns an approval that a crash cut off from its card', async () => {
    const first = await open({ kind: 'card' });
    first.host.completions.push('never');
    const { result } = await first.till.start({ terminal: 'T1', workflow: 'sale' });
    result.catch(() => {});
    while (!first.host.calls.some((call) => call.startsWith('complete'))) await new Promise((resolve) => setImmediate(resolve));
    first.clock.stop();
    const second = await open({ kind: 'card', host: first.host, log: first.log.crash() });
    await settled(second);
    expect(statuses(second.host)).toEqual(['reversed']);
    expect(second.host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
  });
});

describe('rule 9: commitment', () => {
  it.each([true, false])('waits for what is to happen first where more is due than is taken, and then for payment:commit (it happens: %s)', async (happens) => {
    const machine = flow({
      Pay: pay({ Next: 'Drop' }, { dueMinor: 1001 }),
      Drop: { Type: 'Choice', Choices: [{ Condition: '{% $states.context.Execution.Input.drops %}', Next: 'Commit' }], Default: 'Jammed' },
      Commit: { Type: 'Task', Resource: 'payment:commit', Next: 'Done' },
      Done: { Type: 'Succeed' },
      Jammed: broken,
    });
    const setup = await open({ kind: 'wallet', flow: machine });
    expect(await run(setup, { drops: happens })).toMatchObject(happens ? { status: 'succeeded' } : { status: 'failed', error: 'X', paid: [] });
    await settled(setup);
    expect(statuses(setup.host)).toEqual([happens ? 'approved' : 'reversed']);
    expect(setup.till.payments()).toMatchObject([happens ? { state: 'paid', amountMinor: 1000, committed: true } : { state: 'undone' }]);
    await setup.till.close();
  });

  it('commits in the write that records completion; a later failure leaves the sale paid', async () => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Next: 'Broken' }), Broken: broken }) });
    const result = await run(setup);
    expect(result).toMatchObject({ status: 'failed', error: 'X', unsettled: [], paid: [{ state: 'paid', amountMinor: 1000, committed: true }] });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['approved']);
    // However long ago it was: from a log whose transactions have all left memory.
    const later = await reopen(setup, { kind: 'card', keepClosed: 0 });
    expect(await (await later.till.get(result.executionId)).result).toEqual(result);
    const completed = setup.log.records.findIndex((r) => r.event.type === 'paymentCompleted');
    expect(setup.log.records[completed + 1]?.event.type).toBe('paymentCommitted');
  });

  it('commits a split sale when the last part is paid, and undoes the first when the second is declined', async () => {
    const split = flow({ First: pay({ Next: 'Second' }, { dueMinor: 2000 }), Second: pay({}, { dueMinor: 2000 }) });
    const paid = await open({ kind: 'wallet', flow: split });
    expect(await run(paid)).toMatchObject({ status: 'succeeded' });
    expect(paid.till.payments().map((p) => p.committed)).toEqual([true, true]);

    const refused = await open({ kind: 'wallet', flow: split });
    refused.host.submits.push((amount) => approvedFor(amount), declined);
    expect(await run(refused)).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
    await settled(refused);
    expect(statuses(refused.host)).toEqual(['reversed']);
  });

  it('fails a flow that would succeed with less than is due', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({}, { dueMinor: 2000 }) }) });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Uncommitted' });
    // Nothing in the log says that it succeeded.
    expect(events(setup.log, 'executionEnded')).toMatchObject([{ event: { status: 'failed' } }]);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });
});

describe('rule 13: retry', () => {
  const retried = flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.NotSent', 'Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 2 }] }) });

  it('tries again after not-sent with a new reference of the same payment', async () => {
    const setup = await open({ kind: 'wallet', flow: retried });
    setup.host.submits.push({ outcome: 'not-sent', why: 'refused' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(setup.till.payments()).toHaveLength(1);
    expect(new Set(setup.till.payments()[0]?.references).size).toBe(2);
  });

  it.each([
    ['never', { given: 1 }, 1, 'failed'],
    ['never', { given: '{% $states.context.State.RetryCount %}' }, 1, 'failed'],
    ['new-input', { given: 1 }, 1, 'failed'],
    ['new-input', { given: '{% $states.context.State.RetryCount %}' }, 2, 'succeeded'],
    ['sign-on-first', { given: 1 }, 2, 'succeeded'],
    ['later', { given: 1 }, 2, 'succeeded'],
  ] as const)('asks a host that declined with "%s" again only where that can change anything (%#)', async (again, given, submits, status) => {
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 1, MaxAttempts: 2 }] }, { with: given }) }) });
    setup.host.submits.push({ ...declined, again } as Answer);
    expect(await run(setup)).toMatchObject({ status, ...(status === 'failed' ? { error: 'Payment.Declined' } : {}) });
    expect(verbs(setup.host).filter((verb) => verb === 'submit')).toHaveLength(submits);
  });

  it('does not submit again while the former attempt is being undone', async () => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Unsettled'], IntervalSeconds: 1, MaxAttempts: 1 }] }) }) });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Unsettled' });
    expect(setup.host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
  });
});

describe('rule 14: cancel and time-out during submit are requests', () => {
  it('condemns a payment whose step timed out while the payer was thinking', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ TimeoutSeconds: 12 }) }) });
    setup.host.submits.push({ outcome: 'pending', waitingFor: 'payer' });
    for (let n = 0; n < 9; n += 1) setup.host.findings.push({ outcome: 'pending', waitingFor: 'payer' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'States.Timeout' });
    expect(events(setup.log, 'paymentCondemned')[0]?.event).toMatchObject({ why: 'timed-out' });
    expect(setup.host.calls.at(-1)).toMatch(/^reverse/);
  });

  it.each([
    ['its own', flow({ Pay: pay() }), 20],
    ['that of the flow which runs it', flow({ Run: { Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'part' }, TimeoutSeconds: 20, End: true } }), undefined],
  ])('tells a flow of what was paid before a time-out that passed while nobody was there: %s', async (_, text, seconds) => {
    const options: SetupOptions = { kind: 'card', flow: JSON.stringify({ ...JSON.parse(text), ...(seconds === undefined ? {} : { TimeoutSeconds: seconds }) }), workflows: { part: flow({ Pay: pay() }) } };
    const first = await open(options);
    void run(first);
    await until(first, 'committed', () => events(first.log, 'paymentCommitted').length > 0);
    const again = await cutAfter(first, 'paymentCommitted', options, 60_000);
    const { result } = await again.till.get(again.till.executions()[0]?.executionId ?? '');
    expect(await result).toMatchObject({ status: 'succeeded', output: { amountMinor: 1000, committed: true } });
    expect(statuses(again.host)).toEqual(['approved']);
  });

  it('ends a flow by its time-out, though the payer is still thinking, and undoes what he may pay', async () => {
    const setup = await open({ kind: 'wallet', flow: JSON.stringify({ ...JSON.parse(flow({ Pay: pay() })), TimeoutSeconds: 12 }) });
    const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
    setup.host.submits.push(waiting);
    setup.host.findings.push(...Array.from({ length: 9 }, () => waiting));
    const begun = setup.clock.now();
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'States.Timeout' });
    expect(setup.clock.now() - begun).toBeLessThan(13_000);
    await settled(setup);
    expect(verbs(setup.host)).toContain('reverse');
  });

  it('ends a flow by its time-out that passed while nobody was there, once it is told what was paid before', async () => {
    const text = JSON.stringify({ ...JSON.parse(flow({ Pay: pay({ Next: 'Wait' }), Wait: { Type: 'Wait', Seconds: 600, Next: 'Done' }, Done: { Type: 'Succeed' } })), TimeoutSeconds: 20 });
    const options: SetupOptions = { kind: 'card', flow: text };
    const first = await open(options);
    void run(first);
    await until(first, 'committed', () => events(first.log, 'paymentCommitted').length > 0);
    const again = await cutAfter(first, 'paymentCommitted', options, 60_000);
    const begun = again.clock.now();
    const { result } = await again.till.get(again.till.executions()[0]?.executionId ?? '');
    expect(await result).toMatchObject({ status: 'failed', error: 'States.Timeout', paid: [{ amountMinor: 1000 }] });
    expect(again.clock.now() - begun).toBeLessThan(1_000);
    expect(statuses(again.host)).toEqual(['approved']);
  });

  it('does not tell a flow that a part of a bill is paid which a time-out that passed while nobody was there condemns', async () => {
    const options: SetupOptions = { kind: 'wallet', flow: flow({ Part: pay({ TimeoutSeconds: 20, Next: 'Done' }, { amountMinor: 400, dueMinor: 1000 }), Done: { Type: 'Succeed' } }) };
    const first = await open(options);
    void run(first);
    await until(first, 'approved', () => events(first.log, 'paymentAnswered').length > 0);
    const again = await cutAfter(first, 'paymentAnswered', options, 60_000);
    const { result } = await again.till.get(again.till.executions()[0]?.executionId ?? '');
    expect(await result).toMatchObject({ status: 'failed', error: 'States.Timeout' });
    await settled(again);
    expect(statuses(again.host)).toEqual(['reversed']);
  });

  it('refuses a cancel after commitment', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Ask' }), Ask: { Type: 'Task', Resource: 'prompt:notice', Arguments: { text: 'paid' }, End: true } }) });
    setup.till.on('prompt', () => queueMicrotask(() => setup.till.cancel(setup.till.executions()[0]?.executionId ?? '', 'merchant', 'changed my mind')));
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled', unsettled: [] });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['approved']);
  });

  it('undoes an approval that arrives after the cancel', async () => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push((amount) => {
      setup.till.cancel(setup.till.executions()[0]?.executionId ?? '', 'merchant', 'customer left');
      return approvedFor(amount);
    });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('sends nothing that was given up while its intent went to disk', async () => {
    let cancel: (() => void) | undefined;
    const log = memoryLog({ beforeSync: () => (events(log, 'paymentPrepared').length > 0 ? cancel?.() : undefined) });
    const setup = await open({ kind: 'wallet', log });
    cancel = () => setup.till.cancel(setup.till.executions()[0]?.executionId ?? '', 'merchant', 'customer left');
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled', unsettled: [] });
    expect(setup.host.calls).toEqual([]);
  });

  it.each([
    ['is not sent', { outcome: 'not-sent', why: 'no connection' }, 'Payment.NotSent'],
    ['is declined', { ...declined, again: 'later' }, 'Payment.Declined'],
    ['is found undone', { outcome: 'unknown', reason: 'no-answer', why: 'lost' }, 'Payment.Undone'],
  ] as const)('a Retry charges nobody who cancels while it %s', async (_how, answer, retried) => {
    const setup = await open({ kind: 'card', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: [retried], IntervalSeconds: 1, MaxAttempts: 2 }] }) }) });
    const cancel = (): void => setup.till.cancel(setup.till.executions()[0]?.executionId ?? '', 'merchant', 'customer left');
    if (answer.outcome === 'unknown') {
      setup.host.submits.push({ lost: 'answer' });
      setup.host.reversals.push(() => (cancel(), { outcome: 'undone', verified: true, proof: 'acknowledged' }));
    } else setup.host.submits.push(() => (cancel(), answer));
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled', unsettled: [] });
    expect(verbs(setup.host).filter((verb) => verb === 'submit')).toHaveLength(1);
  });
});

describe('rule 14: a cancel in the pause before a Retry', () => {
  const options: SetupOptions = { kind: 'wallet', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 60, MaxAttempts: 2 }] }) }) };
  const cancelled = async () => {
    const setup = await open(options);
    setup.host.submits.push({ ...declined, again: 'later' } as Answer);
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    await setup.clock.until(setup.clock.now() + 10_000);
    setup.till.cancel(executionId, 'merchant', 'customer left');
    return { setup, executionId, result };
  };
  const asCancelled = { status: 'failed', error: 'Terminal.Cancelled', unsettled: [] };

  it('ends the payment at once, and charges nobody anew', async () => {
    const { setup, result } = await cancelled();
    const at = setup.clock.now();
    expect(await result).toMatchObject(asCancelled);
    expect(setup.clock.now() - at).toBeLessThan(1_000);
    expect(verbs(setup.host)).toEqual(['submit']);
  });

  it('counts for each try of the payment after it: what was not settled yet is told, and not begun anew once it is undone', async () => {
    const setup = await open({ ...options, flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Unsettled'], IntervalSeconds: 300, MaxAttempts: 2 }] }) }) });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    const { executionId, result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    await setup.clock.until(setup.clock.now() + 1_000);
    setup.till.cancel(executionId, 'merchant', 'customer left');
    expect(await result).toMatchObject(asCancelled);
    expect(verbs(setup.host).filter((verb) => verb === 'submit')).toHaveLength(1);
    expect(statuses(setup.host)).toEqual(['reversed']);
  });

  it('counts after a power cut, too', async () => {
    const { setup, executionId } = await cancelled();
    const { till, host } = await cutAfter(setup, 'cancelRequested', options);
    expect(await (await till.get(executionId)).result).toMatchObject(asCancelled);
    expect(verbs(host)).toEqual(['submit']);
  });
});

describe('rule 15: idempotent start', () => {
  it('gives the same transaction for the same key, also after a crash, and refuses other content', async () => {
    const setup = await open({ kind: 'wallet' });
    const first = await setup.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: { a: 1 } });
    await first.result;
    const second = await open({ kind: 'wallet', host: setup.host, log: setup.log.crash() });
    const again = await second.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: { a: 1 } });
    expect(again.executionId).toBe(first.executionId);
    expect(await again.result).toMatchObject({ status: 'succeeded' });
    await expect(second.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: { a: 2 } })).rejects.toMatchObject({ code: 'KEY_REUSED' });
    expect(setup.host.calls).toHaveLength(1);
  });

  it('gives it, too, where its terminal and its workflow are not there any more: who asks would sell it once more', async () => {
    const setup = await open({ kind: 'wallet', terminals: 2, workflows: { old: flow({ Pay: pay() }) } });
    const order = { terminal: 'T2', workflow: 'old', key: 'order-1', input: {} };
    const first = await setup.till.start(order);
    await first.result;
    const second = await open({ kind: 'wallet', host: setup.host, log: setup.log.crash() });
    const again = await second.till.start(order);
    expect(again.executionId).toBe(first.executionId);
    expect(await again.result).toMatchObject({ status: 'succeeded' });
    await expect(second.till.start({ ...order, terminal: 'T1' })).rejects.toMatchObject({ code: 'KEY_REUSED' });
    await expect(second.till.start({ ...order, key: 'order-2' })).rejects.toMatchObject({ code: 'TERMINAL_UNKNOWN' });
    expect(setup.host.calls).toHaveLength(1);
  });
});

describe('rule 12: lane order', () => {
  it('undoes before the lane\'s next sale, and gives a sale up unsent when the undo does not get through', async () => {
    const setup = await open({ kind: 'card' });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.reversals.push({ outcome: 'unknown', reason: 'no-answer', why: 'silence' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(setup.host.calls.map((call) => call.split(' ')[0])).toEqual(['submit', 'reverse', 'reverse', 'submit', 'complete']);

    const shut = await open({ kind: 'card' });
    shut.host.submits.push({ lost: 'answer' });
    for (let n = 0; n < 50; n += 1) shut.host.reversals.push({ outcome: 'not-sent', why: 'no connection' });
    expect(await run(shut)).toMatchObject({ error: 'Payment.Unsettled' });
    expect(await run(shut)).toMatchObject({ error: 'Payment.NotSent' });
    expect(shut.till.cases()).toEqual([]);
    await shut.till.close();
  });
});

describe('rule 20: printing is not paying', () => {
  const printing = flow({
    Pay: pay({ Next: 'Print' }),
    Print: { Type: 'Task', Resource: 'printer:print', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' },
    Done: { Type: 'Succeed' },
  });
  const printerOf = (paper: { in: boolean; failOnce?: boolean }, printed: ReceiptDocument[], onPaper: (() => void)[]): Plugin =>
    definePlugin({
      name: 'printer',
      provides: [
        bind(Printer).toValue({
          print: async (document) => {
            if (paper.failOnce) {
              paper.failOnce = false;
              throw new ActionError('Device.Unavailable', 'cable');
            }
            printed.push(document);
          },
          status: async () => ({ paper: paper.in }),
          onPaper: (listener) => {
            onPaper.push(listener);
            return () => {};
          },
        }),
      ],
    });

  it('leaves the sale paid without paper, and prints the first copy when paper is back', async () => {
    const paper = { in: false };
    const printed: ReceiptDocument[] = [];
    const onPaper: (() => void)[] = [];
    const setup = await open({ kind: 'wallet', flow: printing, plugins: [printerOf(paper, printed, onPaper)] });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(printed).toEqual([]);
    paper.in = true;
    for (const listener of onPaper) listener();
    await setup.till.printOwed('T1');
    expect(printed.map(({ copy, reprint }) => ({ copy, reprint }))).toEqual([
      { copy: 'merchant', reprint: false },
      { copy: 'customer', reprint: false },
    ]);
  });

  it('marks as a reprint what may have been printed before', async () => {
    const paper = { in: true, failOnce: true };
    const printed: ReceiptDocument[] = [];
    const setup = await open({ kind: 'wallet', flow: printing, plugins: [printerOf(paper, printed, [])] });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.printOwed('T1');
    expect(printed.map(({ copy, reprint }) => ({ copy, reprint }))).toEqual([
      { copy: 'merchant', reprint: true },
      { copy: 'customer', reprint: false },
    ]);
    const crashed = await open({ kind: 'wallet', host: setup.host, log: setup.log.crash(), flow: printing, plugins: [printerOf(paper, printed, [])] });
    await crashed.till.printOwed('T1');
    expect(statuses(setup.host)).toEqual(['approved']);
  });
});
