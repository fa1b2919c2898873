/** Rule 3, as far as plugins go: whatever a method says that is no answer to what it was asked decides nothing, and harms no other payment. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError, type Answer, type Completion, type Finding, type PaymentMethod, type Remedy, type ReverseAnswer } from '../contract.js';
import { completionOf, findingOf, preparedOf, remedyOf, reverseAnswer, submitAnswer } from './answers.js';
import { approvedFor, cut, events, flow, open, pay, run, type SetupOptions, until } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';

const circle: { self?: unknown } = {};
circle.self = circle;
const thrower = {
  get outcome(): string {
    throw new Error('not today');
  },
};
const approved = { outcome: 'approved', verified: true, amount: { amountMinor: 1000, currency: 'CNY' }, completion: 'none', facts: { receipt: [] } };
/** What is no answer to anything. */
const garbage: readonly [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a text', 'approved'],
  ['a circle', circle],
  ['what throws when it is read', thrower],
  ['no outcome', { verified: true }],
  ['an outcome that no contract knows', { outcome: 'probably', verified: true }],
  ['an outcome of the prototype', { outcome: 'toString' }],
  ['an approval without an amount', { ...approved, amount: undefined }],
  ['an approval of NaN', { ...approved, amount: { amountMinor: Number.NaN, currency: 'CNY' } }],
  ['an approval that may or may not be complete', { ...approved, completion: 'perhaps' }],
  ['a decline without a code', { outcome: 'declined', verified: true, hint: { zh: '', en: '' }, again: 'never' }],
  ['a decline without words', { outcome: 'declined', verified: true, code: '51', again: 'never' }],
  ['a wait for nobody', { outcome: 'pending' }],
];

/** The scripted wallet, undone by a void, with functions of its own. */
const withOwn = (host: ReturnType<typeof scriptedHost>, change: (method: PaymentMethod) => Partial<PaymentMethod>): SetupOptions => {
  const plugin = scriptedMethod({ id: 'own', host, kind: 'wallet', remedy: ({ request }) => ({ do: 'void', amount: request.amount }) });
  const [provision] = plugin.provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  return { kind: 'wallet', host, plugins: [{ ...plugin, name: 'own', provides: [{ ...provision, how: { kind: 'value', value: { ...method, ...change(method) } } as const }] }], flow: flow({ Pay: pay({}, { method: 'own' }) }) };
};

describe('rule 3: what a method says that is no answer', () => {
  it.each([...garbage, ['that no such trade is there, when it was to send one', { outcome: 'absent' }], ['that it is undone, when it was to send it', { outcome: 'undone', verified: true, proof: 'closed' }]])(
    'submit: %s leaves the payment to be asked about: the money is found',
    async (_, said) => {
      const host = scriptedHost();
      const setup = await open(
        withOwn(host, ({ submit }) => ({
          submit: async (...given) => {
            await submit(...given);
            return said as Answer;
          },
        })),
      );
      expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
      expect([...host.ledger.values()].map(({ status }) => status)).toEqual(['approved']);
      expect(events(setup.log, 'paymentAnswered')[0]).toMatchObject({ event: { answer: { outcome: 'unknown', reason: 'garbled' } } });
      await setup.till.close();
    },
  );

  it.each([...garbage, ['that nothing was sent, when it was to ask', { outcome: 'not-sent', why: 'no connection' }]])('inquire: %s decides nothing; the next one does', async (_, said) => {
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    host.findings.push(() => said as Finding);
    const setup = await open({ kind: 'wallet', host });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect([...host.ledger.values()].map(({ status }) => status)).toEqual(['approved']);
    await setup.till.close();
  });

  it.each([...garbage, ['an approval, when it was to undo', approved]])('reverse: %s is no undo; it is tried again', async (_, said) => {
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    host.reversals.push(() => said as ReverseAnswer);
    const setup = await open({ kind: 'card', host });
    expect(await run(setup)).toMatchObject({ status: 'failed' });
    await until(setup, 'it is undone', () => [...host.ledger.values()].every(({ status }) => status === 'reversed'));
    expect(events(setup.log, 'paymentUndoAnswered').map(({ event }) => (event as { answer: ReverseAnswer }).answer.outcome)).toEqual(['unknown', 'undone']);
    await setup.till.close();
  });

  it.each(garbage)('complete: %s is no acceptance by the card: the approval is undone', async (_, said) => {
    const host = scriptedHost();
    host.completions.push(() => said as Completion);
    const setup = await open({ kind: 'card', host });
    expect(await run(setup)).toMatchObject({ status: 'failed' });
    await until(setup, 'it is undone', () => [...host.ledger.values()].every(({ status }) => status === 'reversed'));
    await setup.till.close();
  });

  const remedies: readonly [string, () => unknown][] = [
    ['throws', () => thrower.outcome],
    ['names nothing', () => undefined],
    ['promises one', async () => ({ do: 'reverse' })],
    ['names what nobody knows', () => ({ do: 'dance' })],
    ['names a void of nothing', () => ({ do: 'void' })],
  ];
  it.each(remedies)('remedy: one that %s asks a person', async (_, remedy) => {
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    const setup = await open({ kind: 'card', host, method: { remedy: remedy as () => Remedy } });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    await until(setup, 'a person is asked', () => setup.till.cases().length === 1);
    // Nobody else's payment is harmed by it.
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });
});

describe('what a method prepares that is no attempt', () => {
  const sound = { reference: 'r', lane: 'l', data: {}, dataVersion: 1 };
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no attempt', { sealed: new Uint8Array(1) }],
    ['no reference', { prepared: { ...sound, reference: undefined } }],
    ['an empty reference', { prepared: { ...sound, reference: '' } }],
    ['no lane', { prepared: { ...sound, lane: undefined } }],
    ['a circle of data', { prepared: { ...sound, data: circle } }],
    ['data of big numbers', { prepared: { ...sound, data: { n: 1n } } }],
    ['a text to be sealed', { prepared: sound, sealed: 'secret' }],
  ])('%s: nothing is sent, and it is said so', async (_, given) => {
    const host = scriptedHost();
    const setup = await open(withOwn(host, () => ({ prepare: (async () => given) as unknown as PaymentMethod['prepare'] })));
    expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent' });
    expect(host.calls).toEqual([]);
    expect(events(setup.log, 'paymentPrepared')).toEqual([]);
    await setup.till.close();
  });

  it.each<[string, () => Promise<unknown>]>([
    ['throws', async () => { throw new TypeError('6222021234567890128'); }],
    ['ends as no device answers', async () => { throw new ActionError('Card.Unreadable', 'no card'); }],
    ['gives nothing', async () => undefined],
    ['never answers', () => new Promise(() => {})],
  ])('for a void: one that %s is tried again with back-off, a person is told, and the till goes on', async (what, prepare) => {
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    host.findings.push('throw', 'throw', 'throw', 'throw');
    let broken = true;
    const setup = await open(
      withOwn(host, (own) => ({ prepare: (async (request, live) => (request.operation === 'void' && broken ? await prepare() : await own.prepare(request, live))) as PaymentMethod['prepare'] })),
    );
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    await until(setup, 'a person is told', () => setup.till.cases().length === 1);
    const tries = events(setup.log, 'paymentUndoAnswered');
    expect(tries.length).toBe(3);
    // 2 s, then 5 s, as the method's back-off says, and each as long as an answer may take.
    const waitsMs = what === 'never answers' ? 10_000 : 0;
    expect([1, 2].map((n) => (tries[n]?.at ?? 0) - (tries[n - 1]?.at ?? 0))).toEqual([2_000 + waitsMs, 5_000 + waitsMs]);
    expect(JSON.stringify(setup.log.records)).not.toContain('6222021234567890128');
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    broken = false;
    await until(setup, 'it is undone', () => [...host.ledger.values()].filter(({ status }) => status === 'reversed' || status === 'refunded').length > 0);
    await setup.till.close();
  });
});

describe('a reference that another attempt has: its host would answer for that one', () => {
  /** A method that counts its references in memory, from 1 again in each life. */
  const counting = (host: ReturnType<typeof scriptedHost>): SetupOptions => {
    let taken = 0;
    return withOwn(host, (own) => ({
      prepare: async (...given) => {
        const { prepared, ...rest } = await own.prepare(...given);
        return { ...rest, prepared: { ...prepared, reference: `R${(taken += 1)}` } };
      },
    }));
  };

  it.each([50, 0])('is not sent under, after a restart neither, with %i closed transactions in memory', async (keepClosed) => {
    const host = scriptedHost();
    const first = await open(counting(host));
    for (let n = 0; n < 2; n += 1) expect(await run(first)).toMatchObject({ status: 'succeeded' });
    const again = await cut(first, { ...counting(host), keepClosed });
    const before = host.calls.length;
    for (let n = 0; n < 2; n += 1) expect(await run(again)).toMatchObject({ error: 'Payment.NotSent', cause: expect.stringContaining('own gave the reference of another attempt') });
    expect(host.calls.length).toBe(before);
    expect(await run(again)).toMatchObject({ status: 'succeeded' });
    expect([...host.ledger.keys()]).toEqual(['R1', 'R2', 'R3']);
    await again.till.close();
  });

  it('is not sent under, however many others were before it', async () => {
    const host = scriptedHost();
    const first = await open(counting(host));
    for (let n = 0; n < 25; n += 1) expect(await run(first)).toMatchObject({ status: 'succeeded' });
    const again = await cut(first, counting(host));
    for (let n = 0; n < 25; n += 1) expect(await run(again)).toMatchObject({ error: 'Payment.NotSent' });
    expect(host.ledger.size).toBe(25);
    await again.till.close();
  });

  it('is not sent under for a void either: its reversal would undo the other one', async () => {
    const host = scriptedHost();
    const numbers = ['R1', 'R2', 'R1', 'R3'];
    const unpaid = flow({ Pay: pay({ Next: 'Broken' }, { method: 'own', dueMinor: 2000 }), Broken: { Type: 'Fail', Error: 'X', Cause: 'x' } });
    const setup = await open({ ...withOwn(host, (own) => ({ prepare: async (...given) => ({ prepared: { ...(await own.prepare(...given)).prepared, reference: numbers.shift() ?? '' } }) })), workflows: { unpaid } });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(await (await setup.till.start({ terminal: 'T1', workflow: 'unpaid' })).result).toMatchObject({ error: 'X' });
    await until(setup, 'it is voided', () => host.ledger.get('R2')?.status === 'refunded');
    expect(host.calls.filter((call) => call.startsWith('submit void'))).toEqual(['submit void R3']);
    expect(events(setup.log, 'paymentUndoAnswered')).toMatchObject([{ event: { answer: { outcome: 'unknown', why: 'the void can not be prepared: it was given the reference of another attempt' } } }]);
    expect(host.ledger.get('R1')).toMatchObject({ status: 'approved' });
    await setup.till.close();
  });

  it('is looked for again each hour, also by who had only new ones: some count anew each day', async () => {
    const host = scriptedHost();
    let taken = 0;
    const setup = await open(withOwn(host, (own) => ({ prepare: async (...given) => ({ prepared: { ...(await own.prepare(...given)).prepared, reference: `R${(taken += 1)}` } }) })));
    for (let n = 0; n < 25; n += 1) expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.clock.until(setup.clock.now() + 3_600_000);
    taken = 0;
    // However many they are.
    for (let n = 0; n < 25; n += 1) expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(host.ledger.size).toBe(26);
    await setup.till.close();
  });

  it('is looked for by who counts from the beginning again in the middle of an hour, however many were new before and after', async () => {
    const host = scriptedHost();
    // As trace numbers, of which the first forty belonged to a former batch.
    let trace = 40;
    const setup = await open(withOwn(host, (own) => ({ prepare: async (...given) => ({ prepared: { ...(await own.prepare(...given)).prepared, reference: `T-${String(trace = (trace % 70) + 1).padStart(6, '0')}` } }) })));
    for (let n = 0; n < 70; n += 1) expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    const before = host.calls.length;
    for (let n = 0; n < 30; n += 1) expect(await run(setup)).toMatchObject({ error: 'Payment.NotSent' });
    expect(host.calls.length).toBe(before);
    await setup.till.close();
  });

  it('is sent under by one of two tills that begin at once', async () => {
    const host = scriptedHost();
    const setup = await open({ ...withOwn(host, (own) => ({ prepare: async (...given) => ({ prepared: { ...(await own.prepare(...given)).prepared, reference: 'R' } }) })), terminals: 2 });
    const results = await Promise.all([run(setup), run(setup, {}, 'T2')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['failed', 'succeeded']);
    expect(host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
    await setup.till.close();
  });

  it("is another one's at another host, and nothing to what moves no money", async () => {
    const named = (movesMoney: boolean): SetupOptions =>
      withOwn(scriptedHost(), (own) => ({
        prepare: async (...given) => ({ prepared: { ...(await own.prepare(...given)).prepared, reference: 'm-sale-1' } }),
        capabilities: { ...own.capabilities, movesMoney },
      }));
    for (const movesMoney of [true, false]) {
      const setup = await open({ ...named(movesMoney), host: scriptedHost(), workflows: { other: flow({ Pay: pay() }) } });
      expect(await (await setup.till.start({ terminal: 'T1', workflow: 'other' })).result).toMatchObject({ output: { reference: 'm-sale-1' } });
      expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { reference: 'm-sale-1' } });
      expect(await run(setup)).toMatchObject({ status: movesMoney ? 'failed' : 'succeeded' });
      await setup.till.close();
    }
  });
});

describe('rules 3 and 7: what is given back in part', () => {
  const less = { amountMinor: 300, currency: 'CNY' };
  const unpaid = flow({ Pay: pay({ Next: 'Broken' }, { dueMinor: 2000 }), Broken: { Type: 'Fail', Error: 'X', Cause: 'x' } });

  it('by a refund that the host approves for less is not undone, nor refunded once more: a person is told', async () => {
    const setup = await open({ kind: 'wallet', flow: unpaid, method: { remedy: ({ request: { amount } }) => ({ do: 'refund', amount }) } });
    setup.host.submits.push((amount) => approvedFor(amount), approvedFor(300));
    setup.host.findings.push(...Array.from({ length: 9 }, () => approvedFor(300) as Finding));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await until(setup, 'a case', () => setup.till.cases().length > 0);
    expect(setup.till.cases()).toMatchObject([{ why: 'refund m-refund-2 has no answer', payment: { state: 'case' } }]);
    await setup.clock.until(setup.clock.now() + 3_600_000);
    expect(setup.host.calls.filter((call) => call.startsWith('submit'))).toEqual(['submit sale m-sale-1', 'submit refund m-refund-2']);
  });

  it.each(['void', 'refund'] as const)('or in another currency, as a method names it for a %s, is not sent: a person is told', async (operation) => {
    for (const amount of [less, { amountMinor: 1001, currency: 'CNY' }, { amountMinor: 1000, currency: 'USD' }]) {
      const setup = await open({ kind: 'wallet', flow: unpaid, method: { remedy: () => ({ do: operation, amount }) } });
      expect(await run(setup)).toMatchObject({ error: 'X' });
      await until(setup, 'a case', () => setup.till.cases().length > 0);
      expect(setup.till.cases()).toMatchObject([{ why: `the method would ${operation} ${amount.amountMinor} ${amount.currency} of 1000 CNY` }]);
      expect(setup.host.calls).toEqual(['submit sale m-sale-1']);
    }
  });
});

describe('rules 3 and 7: what a method does not offer', () => {
  const only = (host: ReturnType<typeof scriptedHost>, operations: PaymentMethod['capabilities']['operations'], change: Partial<PaymentMethod> = {}): SetupOptions =>
    withOwn(host, ({ capabilities, submit }) => ({ capabilities: { ...capabilities, operations }, submit: async (request, ...rest) => await submit({ ...request, operation: 'sale' }, ...rest), ...change }));

  it.each([['void', 'refund'], ['refund', 'void']] as const)('is not asked of it, though its remedy names a %s: it would take one more sale', async (operation, other) => {
    const host = scriptedHost();
    const broken = flow({ Pay: pay({ Next: 'Broken' }, { method: 'own', dueMinor: 2000 }), Broken: { Type: 'Fail', Error: 'X', Cause: 'x' } });
    const setup = await open({ ...only(host, ['sale', other], { remedy: ({ request: { amount } }) => ({ do: operation, amount }) }), flow: broken });
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await until(setup, 'a case', () => setup.till.cases().length > 0);
    expect(setup.till.cases()).toMatchObject([{ why: `the method offers no ${operation}` }]);
    expect(host.calls).toEqual(['submit sale own-sale-1']);
  });

  it('is not sold by it either', async () => {
    const host = scriptedHost();
    expect(await run(await open(only(host, ['refund'])))).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('own offers no sale') });
    expect(host.calls).toEqual([]);
  });
});

it('anything at all is read as an answer or as unknown, and nothing throws', () => {
  const anything = fc.oneof(fc.anything(), fc.record({ outcome: fc.constantFrom('approved', 'declined', 'pending', 'unknown', 'not-sent', 'absent', 'undone', 'not-now', 'refused', 'completed', 'refused-by-card'), verified: fc.anything(), amount: fc.anything(), why: fc.anything(), code: fc.anything() }, { requiredKeys: ['outcome'] }));
  fc.assert(
    fc.property(anything, (value) => {
      expect(['approved', 'declined', 'pending', 'unknown', 'not-sent']).toContain(submitAnswer(value).outcome);
      expect(['approved', 'declined', 'pending', 'unknown', 'absent', 'undone']).toContain(findingOf(value).outcome);
      expect(['undone', 'unknown', 'not-now', 'refused', 'not-sent']).toContain(reverseAnswer(value).outcome);
      expect(['completed', 'refused-by-card']).toContain(completionOf(value).outcome);
      expect(['reverse', 'void', 'refund', 'ask-person']).toContain(remedyOf(() => value).do);
      const ready = preparedOf(value);
      if ('prepared' in ready) expect(ready.prepared.reference).not.toBe('');
    }),
    { numRuns: 2_000 },
  );
});
