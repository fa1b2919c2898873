/** Rules 5, 9 and 12: what is heard of an attempt long after it was sent, or when it is decided already. */
import { describe, expect, it } from 'vitest';
import { type Answer, type Approved, bind, definePlugin, type Finding, PaymentMethod, type Plugin, type SettlingPolicy } from '../contract.js';
import { approvedFor, broken, declined, flow, open, pay, run, settled, type Setup, statuses, until, verbs } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod, type ScriptedMethodOptions } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const approved = approvedFor(1000, { completion: 'due' }) as Approved;

/** A card's method that can be asked, too. */
const asked = (host: ScriptedHost, policy: Partial<SettlingPolicy>, more: Partial<ScriptedMethodOptions> = {}): Plugin => {
  const [provision] = scriptedMethod({ id: 'own', host, kind: 'card', policy, ...more }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  return definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue({ ...method, capabilities: { ...method.capabilities, inquiry: true } })] });
};

it('rule 9: an approval that was found by an inquiry, accepted by the card and committed is not undone when the answer to the submit comes after all', async () => {
  const clock = virtualClock();
  const host = scriptedHost();
  const setup = await open({ kind: 'wallet', clock, plugins: [asked(host, { inquireAtMs: [11_000] })], flow: flow({ Pay: pay({}, { method: 'own' }) }) });
  host.submits.push((async () => (await clock.until(clock.now() + 15_000), approved)) as never);
  host.findings.push(approved);
  expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
  await clock.until(clock.now() + 60_000);
  expect(verbs(host)).toEqual(['submit', 'inquire', 'complete']);
  expect(statuses(host)).toEqual(['approved']);
  expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
});

describe('rule 12: an approval that was found by an inquiry, while its lane is shut', () => {
  it('is accepted by the card, though what shuts the lane is a former attempt of its own payment, which turned up meanwhile', async () => {
    const host = scriptedHost();
    const again = { Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 2, MaxAttempts: 1 }] };
    const setup = await open({ kind: 'wallet', plugins: [asked(host, { inquireAtMs: [12_000], watchAtMs: [4_000] })], flow: flow({ Pay: pay(again, { method: 'own' }) }) });
    host.submits.push({ lost: 'answer' }, { lost: 'answer' });
    host.findings.push({ outcome: 'absent' }, approved);
    host.reversals.push({ outcome: 'undone', verified: true, proof: 'no-original' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { reference: 'own-sale-2', committed: true } });
    await settled(setup);
    expect(statuses(host)).toEqual(['reversed', 'approved']);
  });

  it('is accepted by the card, though another payment can not be undone', async () => {
    const host = scriptedHost();
    const branch = (...states: [string, ReturnType<typeof pay>][]) => ({ StartAt: states[0]?.[0] ?? '', States: Object.fromEntries(states) });
    const part = { method: 'own', amountMinor: 500, dueMinor: 1000 };
    const both = {
      Type: 'Parallel',
      Branches: [
        branch(['First', pay({ TimeoutSeconds: 30, Catch: [{ ErrorEquals: ['Payment.Unsettled'], Next: 'Gone' }] }, { ...part, saleReference: 'other' })], ['Gone', { Type: 'Pass', End: true }]),
        branch(['Later', { Type: 'Wait', Seconds: 1, Next: 'Second' }], ['Second', pay({}, { ...part, dueMinor: 500 })]),
      ],
      End: true,
    };
    const setup = await open({ kind: 'wallet', plugins: [asked(host, { inquireAtMs: [25_000] })], flow: flow({ Both: both as never }) });
    host.submits.push({ lost: 'request' }, { lost: 'answer' });
    host.findings.push({ outcome: 'absent' }, approvedFor(500, { completion: 'due' }) as Approved);
    host.reversals.push(...Array.from({ length: 40 }, () => ({ outcome: 'not-sent', why: 'no connection' }) as const));
    const sale = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    sale.result.catch(() => {});
    await until(setup, 'the card has accepted', () => verbs(host).includes('complete'));
    expect(setup.till.payments()).toMatchObject([{ state: 'being-undone' }, { state: 'paid', committed: true }]);
  });
});

describe('rule 12: a lane that was shut by what turned up beside a part that is paid', () => {
  it.each<[string, NonNullable<ScriptedMethodOptions['remedy']>, string]>([
    ['a reversal', () => ({ do: 'reverse' }), 'reversed'],
    ['a void', ({ request }) => ({ do: 'void', amount: request.amount }), 'refunded'],
  ])('is open again for the rest once that is undone, by %s', async (_, remedy, status) => {
    const host = scriptedHost();
    const part = { method: 'own', amountMinor: 500, dueMinor: 1000 };
    const again = { Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }], Next: 'Later' };
    const setup = await open({
      kind: 'wallet',
      plugins: [asked(host, { inquireAtMs: [12_000], watchAtMs: [30_000] }, { remedy })],
      flow: flow({ Pay: pay(again, part), Later: { Type: 'Wait', Seconds: 60, Next: 'Rest' }, Rest: pay({}, part) }),
    });
    host.submits.push({ lost: 'answer' });
    host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, approvedFor(500, { completion: 'due' }) as Approved);
    expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
    // The card that is there is another attempt's.
    expect(host.calls).not.toContain('complete own-sale-1');
    expect(statuses(host)).toEqual([status, 'approved', 'approved']);
  });
});

it('rules 3 and 8: a card is not asked to accept an approval for less than was asked, which is about to be undone: it is reversed, and needs no void', async () => {
  const setup = await open({ kind: 'card' });
  setup.host.submits.push(approvedFor(300, { completion: 'due' }));
  expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
  expect(verbs(setup.host)).toEqual(['submit', 'reverse']);
  expect(statuses(setup.host)).toEqual(['reversed']);
});

it('rule 12: a lane is not shut by what is to be undone while its payment has an open case', async () => {
  const clock = virtualClock();
  const host = scriptedHost();
  const again = pay({ Retry: [{ ErrorEquals: ['Payment.Declined'], IntervalSeconds: 1, MaxAttempts: 1 }] }, { method: 'own' });
  const setup = await open({ kind: 'wallet', clock, plugins: [asked(host, { inquireAtMs: [11_000] })], flow: flow({ Pay: again }), workflows: { next: flow({ Pay: pay({}, { method: 'own' }) }) } });
  const after = (ms: number, answer: Answer) => (async () => (await clock.until(clock.now() + ms), answer)) as never;
  // The first one is declined, and approved after all while the second one is under way, which is approved for too little.
  host.submits.push(after(15_000, approved), after(6_000, approvedFor(300, { completion: 'due' })));
  host.findings.push({ outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again: 'later' });
  host.reversals.push(...Array.from({ length: 40 }, () => ({ outcome: 'unknown', reason: 'no-answer', why: 'silence' }) as const));
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  expect(setup.till.cases()).toMatchObject([{ why: 'known as declined, then heard approved' }]);
  await until(setup, 'it was tried often enough', () => verbs(host).filter((verb) => verb === 'reverse').length > 3);
  expect(await (await setup.till.start({ terminal: 'T1', workflow: 'next' })).result).toMatchObject({ status: 'succeeded' });
});

describe('rule 5: what was undone without proof, and is pending when it is looked for', () => {
  const absent: Finding = { outcome: 'absent' };
  const unproven = { outcome: 'undone', verified: true, proof: 'no-original' } as const;
  /** Its payer pays a minute after it was asked for. */
  const payingAt = ({ host, clock }: Setup, told: Finding = { outcome: 'pending', waitingFor: 'payer' }) => (): Finding => {
    void clock.until(clock.now() + 60_000).then(() => host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: 1000, status: 'approved' }));
    return told;
  };
  const failed: Finding = { outcome: 'unknown', reason: 'failed', why: 'the host calls it failed' };

  it.each<[string, Finding[], (typeof unproven)[], Finding?]>([
    ['by a reversal', [absent, absent, absent, absent], [unproven]],
    ['as an inquiry found', [unproven], []],
    ['as an inquiry found, and is called failed', [unproven], [], failed],
  ])('is undone, though nobody looks any more after that: %s', async (_, findings, reversals, told) => {
    const setup = await open({ kind: 'wallet' });
    const { host, clock } = setup;
    host.submits.push({ lost: 'request' });
    host.findings.push(...findings, payingAt(setup, told) as never);
    host.reversals.push(...reversals);
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
    await clock.until(clock.now() + 600_000);
    await settled(setup);
    expect(statuses(host)).toEqual(['reversed']);
    expect(setup.till.payments()).toMatchObject([{ state: 'undone', amountMinor: 0 }]);
  });

  it('is undone, too, where its first answer says so, late', async () => {
    const clock = virtualClock();
    const setup = await open({ kind: 'wallet', clock, method: { policy: { watchAtMs: [] } } });
    const { host } = setup;
    host.submits.push((async (): Promise<Answer> => (await clock.until(clock.now() + 40_000), payingAt(setup)() as Answer)) as never);
    host.findings.push(unproven);
    expect(await run(setup)).toMatchObject({ error: 'Payment.Undone' });
    // It is asked as long as it may be paid.
    host.reversals.push({ outcome: 'not-now', retryAt: clock.now() + 120_000, why: 'the payer is paying' });
    await clock.until(clock.now() + 600_000);
    expect(statuses(host)).toEqual(['reversed']);
  });

  it('commits nothing of its sale when it is approved then: what was paid beside it is undone with its flow', async () => {
    const clock = virtualClock();
    const host = scriptedHost();
    const policy = { inquireAtMs: [12_000], watchAtMs: [4_000] };
    const setup = await open({
      kind: 'wallet',
      clock,
      plugins: [scriptedMethod({ id: 'own', host, kind: 'wallet', policy })],
      flow: flow({
        First: pay({ Next: 'Rest' }, { amountMinor: 300, dueMinor: 1000 }),
        Rest: pay({ Catch: [{ ErrorEquals: ['Payment.Undone'], Next: 'Later' }] }, { method: 'own', amountMinor: 700, dueMinor: 1000 }),
        Later: { Type: 'Wait', Seconds: 60, Next: 'Broken' },
        Broken: broken,
      }),
    });
    const after = (ms: number, answer: Answer) => (async () => (await clock.until(clock.now() + ms), answer)) as never;
    // Its first answer comes while it is looked for.
    host.submits.push(after(18_000, { outcome: 'pending', waitingFor: 'payer' }));
    host.findings.push(unproven, after(5_000, approvedFor(700)));
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'X', paid: [] });
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
    expect(verbs(host)).toEqual(['submit', 'inquire', 'inquire', 'reverse', 'inquire']);
    expect(setup.till.payments()).toMatchObject([{ state: 'undone', committed: false }, { state: 'undone', committed: false }]);
  });

  it('is looked for once more after its QR has come to its end, however soon the looks would be over', async () => {
    const clock = virtualClock();
    const setup = await open({ kind: 'wallet', clock, method: { hostExpiryMs: clock.now() + 300_000 } });
    const { host } = setup;
    const unscanned = { outcome: 'pending', waitingFor: 'payer' } as const;
    host.submits.push(unscanned);
    host.findings.push(unscanned, unscanned, unscanned, unscanned);
    host.reversals.push(unproven);
    expect(await run(setup)).toMatchObject({ status: 'failed' });
    await clock.until(clock.now() + 120_000);
    host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: 1000, status: 'approved' });
    // No line at its end: that is no look.
    host.findings.push({ outcome: 'unknown', reason: 'no-answer', why: 'no connection' }, { outcome: 'unknown', reason: 'no-answer', why: 'no connection' });
    await clock.until(clock.now() + 600_000);
    expect(statuses(host)).toEqual(['reversed']);
  });
});

it('rule 5: what turns up is undone, though the refund of a later attempt is on its way for days', async () => {
  const again = pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }], Next: 'Broken' }, { dueMinor: 2000 });
  const setup = await open({
    kind: 'wallet',
    flow: flow({ Pay: again, Broken: broken }),
    method: { remedy: ({ completed, approved: known, request }) => (completed && known ? { do: 'refund', amount: request.amount } : { do: 'reverse' }) },
  });
  const { host, clock } = setup;
  const onItsWay = { outcome: 'pending', waitingFor: 'host' } as const;
  host.submits.push({ lost: 'answer' }, approvedFor(1000), onItsWay);
  host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, onItsWay, onItsWay, onItsWay, onItsWay);
  expect(await run(setup)).toMatchObject({ error: 'X' });
  await until(setup, 'a person knows of the refund', () => setup.till.cases().length > 0);
  await clock.until(clock.now() + 600_000);
  expect(statuses(host)[0]).toBe('refunded');
  expect(host.calls.filter((call) => call.startsWith('submit refund'))).toHaveLength(2);
});

it('rule 5: a void that was undone without proof, and is pending when it is looked for, is not undone: it may only give back', async () => {
  const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: broken }), method: { remedy: ({ request }) => ({ do: 'void', amount: request.amount }) } });
  const { host, clock } = setup;
  host.submits.push((amount) => approvedFor(amount), { lost: 'request' });
  host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, { outcome: 'pending', waitingFor: 'host' });
  expect(await run(setup)).toMatchObject({ error: 'X' });
  await clock.until(clock.now() + 600_000);
  expect(host.calls.filter((call) => call.startsWith('submit void'))).toHaveLength(2);
  expect(verbs(host)).not.toContain('reverse');
  expect(statuses(host)).toEqual(['refunded']);
});

it('rule 5: what turns up is undone, though a later attempt waits for a person', async () => {
  const again = pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }] });
  const setup = await open({ kind: 'wallet', flow: flow({ Pay: again }) });
  const { host, clock } = setup;
  const silence = { outcome: 'unknown', reason: 'no-answer', why: 'silence' } as const;
  host.submits.push({ lost: 'answer' }, { lost: 'answer' });
  host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, silence, silence, silence, silence);
  host.reversals.push({ outcome: 'refused', code: '57' });
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  await clock.until(clock.now() + 600_000);
  expect(statuses(host)).toEqual(['reversed', 'approved']);
  expect(setup.till.cases()).toMatchObject([{ why: 'the host refused to undo it (57)' }]);
});

describe('rule 5: an inquiry that was under way as its payment was approved', () => {
  const underWay = async (finding: Finding): Promise<Setup> => {
    const clock = virtualClock();
    const setup = await open({ kind: 'wallet', clock, method: { policy: { inquireAtMs: [11_000] } } });
    setup.host.submits.push(async () => (await clock.until(clock.now() + 15_000), approvedFor(1000)));
    setup.host.findings.push(async () => (await clock.until(clock.now() + 6_000), finding));
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await clock.until(clock.now() + 60_000);
    return setup;
  };

  it.each<[string, Finding]>([
    ['declined', declined as Finding],
    ['undone', { outcome: 'undone', verified: true, proof: 'closed' }],
  ])('and finds it %s: a person is told', async (outcome, finding) => {
    const setup = await underWay(finding);
    expect(setup.till.cases()).toMatchObject([{ why: `known as paid, then heard ${outcome}` }]);
    expect(verbs(setup.host)).toEqual(['submit', 'inquire']);
  });

  it.each<[string, Finding]>([
    ['unknown to its host', { outcome: 'undone', verified: true, proof: 'no-original' }],
    ['absent', { outcome: 'absent' }],
    ['approved', approvedFor(1000) as Finding],
  ])('and finds it %s: it is paid', async (_found, finding) => {
    const setup = await underWay(finding);
    expect(setup.till.cases()).toEqual([]);
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', committed: true }]);
  });
});

describe('an inquiry that is answered after its time', () => {
  const answeredLate = async (finding: Finding) => {
    const clock = virtualClock();
    const setup = await open({ kind: 'wallet', clock, method: { policy: { inquireAtMs: [5_000, 60_000] } } });
    setup.host.submits.push({ lost: 'answer' });
    setup.host.findings.push(async () => (await clock.until(clock.now() + 20_000), finding));
    const begun = clock.now();
    const result = await run(setup);
    return { setup, result, seconds: Math.round((clock.now() - begun) / 1_000) };
  };

  it.each<[string, Finding, object]>([
    ['approved', approvedFor(1000) as Finding, { status: 'succeeded' }],
    ['declined', declined as Finding, { status: 'failed', error: 'Payment.Declined' }],
  ])('decides: %s', async (_found, finding, ends) => {
    const { setup, result, seconds } = await answeredLate(finding);
    expect(result).toMatchObject(ends);
    expect(seconds).toBeLessThan(40);
    expect(verbs(setup.host)).toEqual(['submit', 'inquire']);
  });

  it('and decides nothing: it is asked again at its time', async () => {
    const { setup, result } = await answeredLate({ outcome: 'absent' });
    expect(result).toMatchObject({ status: 'succeeded' });
    expect(verbs(setup.host)).toEqual(['submit', 'inquire', 'inquire']);
  });
});
