/** Rule 9: what is heard of an attempt when it is decided already. */
import { expect, it } from 'vitest';
import { type Approved, bind, definePlugin, PaymentMethod } from '../contract.js';
import { approvedFor, flow, open, pay, run, statuses, verbs } from './money-rules.testing.js';
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
