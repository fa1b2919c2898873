/** Rule 13: what becomes of a former attempt while a new one is on its way, and what a host that has declined is asked again. */
import { describe, expect, it } from 'vitest';
import { type Answer, bind, type Declined, definePlugin, PaymentMethod, type Plugin } from '../contract.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import { approvedFor, events, flow, open, pay, run, type Setup, statuses, until } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod, type ScriptedMethodOptions } from './scripted-method.js';
import { type VirtualClock, virtualClock } from './virtual-clock.js';

const silence = { outcome: 'unknown', reason: 'no-answer', why: 'silence' } as const;
const declinedAs = (again: Declined['again']): Declined => ({ outcome: 'declined', verified: true, code: '51', hint: { zh: '', en: '' }, again });
const submits = (host: ScriptedHost): string[] => host.calls.filter((call) => call.startsWith('submit'));
const retried = (error: string, afterS = 2) => pay({ Retry: [{ ErrorEquals: [error], IntervalSeconds: afterS, MaxAttempts: 1 }] }, { method: 'own' });

/** The method `own`, which takes its time to prepare the second sale. */
const slowly = (options: Omit<ScriptedMethodOptions, 'id'>, clock: VirtualClock, ms: number): Plugin => {
  const [provision] = scriptedMethod({ id: 'own', ...options }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  let sales = 0;
  const prepare: PaymentMethod['prepare'] = async (request, live) => {
    if (request.operation === 'sale' && (sales += 1) === 2) await clock.until(clock.now() + ms);
    return await method.prepare(request, live);
  };
  return definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue({ ...method, prepare })] });
};

describe('a new attempt that is being prepared when the former one, which was declined, is approved after all', () => {
  /** Silent, then declined; 25 s after its submit it is approved. */
  const contradicted = async (prepareMs: number, paymentsOf: Parameters<typeof flow>[0] = { Pay: retried('Payment.Declined') }): Promise<{ setup: Setup; host: ScriptedHost }> => {
    const clock = virtualClock();
    const host = scriptedHost();
    host.submits.push((async (): Promise<Answer> => (await clock.until(clock.now() + 25_000), approvedFor(1000))) as never);
    host.findings.push(declinedAs('later'));
    return { setup: await open({ kind: 'wallet', clock, plugins: [slowly({ host, kind: 'wallet' }, clock, prepareMs)], flow: flow(paymentsOf) }), host };
  };
  const decide = async (setup: Setup): Promise<void> => {
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'so say the books' });
  };

  it('is not sent beside the case', async () => {
    const { setup, host } = await contradicted(20_000);
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('is not decided any more') });
    expect(statuses(host)).toEqual(['approved']);
    expect(setup.till.cases()).toMatchObject([{ why: 'known as declined, then heard approved' }]);
  });

  it('is not sent once a person has decided', async () => {
    const { setup, host } = await contradicted(40_000);
    const result = run(setup);
    await decide(setup);
    expect(await result).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('a person has decided about this payment') });
    expect(statuses(host)).toEqual(['approved']);
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);
  });

  it('is not begun either once a person has decided, and says why', async () => {
    const { setup, host } = await contradicted(0, { Pay: retried('Payment.Declined', 40) });
    const result = run(setup);
    await decide(setup);
    expect(await result).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('a person has decided about this payment') });
    expect(submits(host)).toHaveLength(1);
  });

  it('is not sent for more than is due then, where it is another payment of the sale', async () => {
    const instead = pay({}, { method: 'own' });
    const { setup, host } = await contradicted(40_000, { Pay: pay({ Catch: [{ ErrorEquals: ['Payment.Declined'], Next: 'Instead' }] }, { method: 'own' }), Instead: instead });
    const result = run(setup);
    await decide(setup);
    expect(await result).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('would be too much') });
    expect(statuses(host)).toEqual(['approved']);
  });
});

it('a new attempt and the refund of the former one, which turned up meanwhile, are told apart: each is settled under its own reference', async () => {
  const clock = virtualClock();
  const host = scriptedHost();
  const remedy: ScriptedMethodOptions['remedy'] = ({ completed, request }) => (completed ? { do: 'refund', amount: request.amount } : { do: 'reverse' });
  const setup = await open({ kind: 'wallet', clock, plugins: [slowly({ host, kind: 'wallet', remedy }, clock, 70_000)], flow: flow({ Pay: retried('Payment.Undone') }) });
  host.submits.push({ lost: 'answer' });
  host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' });
  const result = run(setup);
  await until(setup, 'it turned up, and is refunded', () => statuses(host)[0] === 'refunded');
  // Nobody hears of the new one: it is undone.
  host.submits.push({ lost: 'answer' });
  host.findings.push(silence, silence, silence, silence);
  expect(await result).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
  expect(statuses(host)).toEqual(['refunded', 'reversed']);
  const numbers = events(setup.log, 'paymentPrepared').map(({ event }) => event.type === 'paymentPrepared' && event.attempt);
  expect(new Set(numbers).size).toBe(3);
});

it('a new attempt keeps its card though the former one comes to rest while it is on its way', async () => {
  const clock = virtualClock();
  const sealed = memorySealedStore();
  const slow: typeof sealed = { ...sealed, put: async (key, bytes) => (key.endsWith('@2') && (await clock.until(clock.now() + 2_000)), await sealed.put(key, bytes)) };
  const host = scriptedHost();
  const setup = await open({ kind: 'wallet', clock, sealed: slow, plugins: [scriptedMethod({ id: 'own', host, kind: 'card', seal: true })], flow: flow({ Pay: retried('Payment.Undone', 60) }) });
  host.submits.push({ lost: 'request' });
  // Looked for again after a minute, as the new one is sealed.
  const later = async () => (await clock.until(clock.now() + 1_000), { outcome: 'undone', verified: true, proof: 'acknowledged' });
  host.reversals.push({ outcome: 'undone', verified: true, proof: 'no-original' }, later as never);
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(host.calls.at(-1)).toBe('complete own-sale-2');
  expect(submits(host)).toHaveLength(2);
});

describe('what a host has declined', () => {
  it('is not asked again with input that it has declined, though other input was tried in between', async () => {
    const input = "{% {'code': $states.context.State.RetryCount = 1 ? 'B' : 'A'} %}";
    const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Declined', 'Payment.NotSent'], MaxAttempts: 2 }] }, { with: input }) }) });
    setup.host.submits.push(declinedAs('new-input'), { outcome: 'not-sent', why: 'no connection' });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
    expect(submits(setup.host)).toHaveLength(2);
  });

  it('stays declined for good, whatever its first answer was when it comes after that', async () => {
    const clock = virtualClock();
    const host = scriptedHost();
    const setup = await open({ kind: 'wallet', clock, plugins: [scriptedMethod({ id: 'own', host, kind: 'wallet' })], flow: flow({ Pay: retried('Payment.Declined', 20) }) });
    const late = async (): Promise<Answer> => (await clock.until(clock.now() + 15_000), { outcome: 'pending', waitingFor: 'payer' });
    host.submits.push(late as never);
    host.findings.push(declinedAs('never'));
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
    expect(submits(host)).toHaveLength(1);
  });
});

describe('a case of a payment that was tried more than once', () => {
  it('called paid tells the amount of the attempt that may stand, not of one that was declined', async () => {
    const clock = virtualClock();
    const again = pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 2, MaxAttempts: 1 }] }, { method: 'own', amountMinor: '{% $states.context.State.RetryCount = 0 ? 1000 : 500 %}', dueMinor: 1000, saleReference: 'bill' });
    const host = scriptedHost();
    const setup = await open({ kind: 'wallet', clock, plugins: [scriptedMethod({ id: 'own', host, kind: 'card' })], flow: flow({ Pay: again }) });
    host.submits.push({ lost: 'request' }, declinedAs('never'));
    host.reversals.push({ outcome: 'undone', verified: true, proof: 'no-original' }, { outcome: 'refused', code: '12' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Declined' });
    await until(setup, 'a case is open', () => setup.till.cases().length > 0);
    await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'it stands in the books' });
    expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000 }]);
    // Nothing is due for the bill any more.
    expect(await run(setup)).toMatchObject({ error: 'Payment.ExceedsDue' });
  });
});

it('a case called paid tells what the host has approved, not what was asked for', async () => {
  const setup = await open({ kind: 'card', flow: flow({ Pay: pay({}, { saleReference: 'bill' }) }), workflows: { rest: flow({ Pay: pay({}, { amountMinor: 700, dueMinor: 1000, saleReference: 'bill' }) }) } });
  setup.host.submits.push(approvedFor(300, { completion: 'due' }));
  setup.host.reversals.push({ outcome: 'refused', code: '12' });
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  await until(setup, 'a case is open', () => setup.till.cases().length > 0);
  await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'paid', by: 'Li', reason: 'the customer pays the rest' });
  expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 300 }]);
  expect(await (await setup.till.start({ terminal: 'T1', workflow: 'rest' })).result).toMatchObject({ status: 'succeeded', output: { committed: true } });
});

it.each(['card', 'wallet'] as const)('a new %s attempt is not given up because the former one was, which is still looked for', async (kind) => {
  const again = pay({ TimeoutSeconds: 8, Retry: [{ ErrorEquals: ['States.Timeout'], IntervalSeconds: 1, MaxAttempts: 1 }] });
  const setup = await open({ kind, flow: flow({ Pay: again }) });
  // It never came: what the host undoes is undone without proof.
  setup.host.submits.push({ lost: 'request' });
  expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
  expect(submits(setup.host)).toHaveLength(2);
  expect(statuses(setup.host)).toEqual(['approved']);
});
