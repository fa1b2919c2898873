/** Rules 5 and 9: what is heard of an attempt when it is decided already. */
import { describe, expect, it } from 'vitest';
import { type Answer, type Approved, bind, definePlugin, type Finding, PaymentMethod } from '../contract.js';
import { approvedFor, flow, open, pay, run, settled, type Setup, statuses, verbs } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

it('rule 9: an approval that was found by an inquiry, accepted by the card and committed is not undone when the answer to the submit comes after all', async () => {
  const clock = virtualClock();
  const host = scriptedHost();
  const [provision] = scriptedMethod({ id: 'own', host, kind: 'card', policy: { inquireAtMs: [11_000] } }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  const asked: PaymentMethod = { ...method, capabilities: { ...method.capabilities, inquiry: true } };
  const setup = await open({ kind: 'wallet', clock, plugins: [definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue(asked)] })], flow: flow({ Pay: pay({}, { method: 'own' }) }) });
  const approved = approvedFor(1000, { completion: 'due' }) as Approved;
  host.submits.push((async () => (await clock.until(clock.now() + 15_000), approved)) as never);
  host.findings.push(approved);
  expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { committed: true } });
  await clock.until(clock.now() + 60_000);
  expect(verbs(host)).toEqual(['submit', 'inquire', 'complete']);
  expect(statuses(host)).toEqual(['approved']);
  expect(setup.till.payments()).toMatchObject([{ state: 'paid', amountMinor: 1000, committed: true }]);
});

describe('rule 5: what was undone without proof, and is pending when it is looked for', () => {
  const absent: Finding = { outcome: 'absent' };
  const unproven = { outcome: 'undone', verified: true, proof: 'no-original' } as const;
  /** Its payer pays a minute after it was asked for. */
  const payingAt = ({ host, clock }: Setup) => (): Finding => {
    void clock.until(clock.now() + 60_000).then(() => host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: 1000, status: 'approved' }));
    return { outcome: 'pending', waitingFor: 'payer' };
  };

  it.each([
    ['by a reversal', [absent, absent, absent, absent], [unproven]],
    ['as an inquiry found', [unproven], []],
  ])('is undone, though nobody looks any more after that: %s', async (_, findings, reversals) => {
    const setup = await open({ kind: 'wallet' });
    const { host, clock } = setup;
    host.submits.push({ lost: 'request' });
    host.findings.push(...findings, payingAt(setup) as never);
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
});
