/** What the customer's screen shows while a payment is taken: a code may be paid as long as the payment is not decided, and stands there so long. */
import { expect, it } from 'vitest';
import { type Answer, bind, definePlugin, type Finding, PaymentMethod, type Plugin } from '../contract.js';
import type { Json } from '../json.js';
import { cut, flow, open, pay, type Setup, until } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
const withCode: Answer = { ...waiting, show: { qr: 'pay:1' } };
const lost = { outcome: 'unknown', reason: 'no-answer', why: 'lost' } as const;

/** A method that shows its code itself and keeps its submit open, as one whose host calls back. */
const callsBack = (host: ScriptedHost): Plugin => {
  const [provision] = scriptedMethod({ id: 'own', host, kind: 'wallet' }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const submit: PaymentMethod['submit'] = async (_request, _prepared, live) => {
    live.show('customer', { zh: '扫码', en: 'Scan' }, { qr: 'own:1' });
    return await new Promise(() => {});
  };
  return definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue({ ...(provision.how.value as PaymentMethod), submit })] });
};

const shown = ({ till }: Setup): unknown[] => till.prompts().map(({ kind, audience, show: { text, qr } }) => ({ kind, audience, en: text.en, ...(qr === undefined ? {} : { qr }) }));
const code = (qr: string, en = 'Please scan the QR code to pay'): unknown[] => [{ kind: 'device', audience: 'customer', en, qr }];
const undoing = [{ kind: 'device', audience: 'customer', en: 'The payment is being undone: please do not pay' }];
const inquiries = (host: ScriptedHost, count: number): boolean => host.calls.filter((call) => call.startsWith('inquire')).length >= count;

it('a code stands while an inquiry is lost and the next one has nothing to show', async () => {
  const setup = await open({ kind: 'wallet' });
  setup.host.submits.push(withCode);
  setup.host.findings.push(lost, waiting, waiting);
  const sale = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(setup, 'three inquiries', () => inquiries(setup.host, 3));
  expect(shown(setup)).toEqual(code('pay:1'));
  expect(await sale.result).toMatchObject({ status: 'failed' });
  expect(shown(setup)).toEqual([]);
  await setup.till.close();
});

it('a code that the method shows itself stands while the host waits for the payer', async () => {
  const host = scriptedHost();
  const setup = await open({ kind: 'wallet', host, plugins: [callsBack(host)], flow: flow({ Pay: pay({}, { method: 'own' }) }) });
  host.findings.push(waiting, waiting);
  await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(setup, 'two inquiries', () => inquiries(host, 2));
  expect(shown(setup)).toEqual(code('own:1', 'Scan'));
  await setup.till.close();
});

it('after a power cut the code is shown again, and a cancel beside it undoes the payment', async () => {
  const before = await open({ kind: 'wallet' });
  before.host.submits.push(withCode);
  before.host.findings.push(waiting, waiting);
  const { executionId } = await before.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(before, 'an inquiry', () => inquiries(before.host, 1));
  const setup = await cut(before, { kind: 'wallet' });
  await until(setup, 'something is shown', () => setup.till.prompts().length > 0);
  expect(shown(setup)).toEqual(code('pay:1'));
  setup.till.cancelPrompt(setup.till.prompts()[0]?.id ?? '');
  expect(await (await setup.till.get(executionId)).result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
  await setup.till.close();
});

it.each<[string, { readonly [field: string]: Json }, (setup: Setup) => void]>([
  ['a cancel', {}, ({ till }) => till.cancelPrompt(till.prompts()[0]?.id ?? '')],
  ['its time-out', { TimeoutSeconds: 1 }, () => {}],
])('nobody is asked to pay by a code what is about to be undone after %s', async (_, state, end) => {
  const setup = await open({ kind: 'wallet', flow: flow({ Pay: pay(state) }), method: { policy: { reverse: { notBeforeMs: 15_000, withinMs: 86_400_000, backoffMs: [2_000], laneAttempts: 3 } } } });
  setup.host.submits.push(withCode);
  const { result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await setup.clock.until(setup.clock.now() + 500);
  expect(shown(setup)).toEqual(code('pay:1'));
  end(setup);
  await setup.clock.until(setup.clock.now() + 1_000);
  expect(shown(setup)).toEqual(undoing);
  expect(await result).toMatchObject({ status: 'failed' });
  expect(shown(setup)).toEqual([]);
  await setup.till.close();
});

it('nor once it has been asked about for the last time, nor by an answer that comes after a cancel', async () => {
  const setup = await open({ kind: 'wallet', method: { policy: { inquireAtMs: [5_000], reverse: { notBeforeMs: 15_000, withinMs: 86_400_000, backoffMs: [2_000], laneAttempts: 3 } } } });
  setup.host.submits.push(withCode);
  setup.host.findings.push(waiting);
  await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await setup.clock.until(setup.clock.now() + 6_000);
  expect(shown(setup)).toEqual(undoing);
  await until(setup, 'it has ended', () => setup.till.prompts().length === 0);
  setup.host.submits.push(withCode);
  setup.host.findings.push(async () => (await setup.clock.until(setup.clock.now() + 3_000), withCode as Finding));
  await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await setup.clock.until(setup.clock.now() + 6_000);
  setup.till.cancelPrompt(setup.till.prompts()[0]?.id ?? '');
  await setup.clock.until(setup.clock.now() + 3_000);
  expect(shown(setup)).toEqual(undoing);
  await setup.till.close();
});

it('nor after a power cut, where its time has passed by then', async () => {
  const options = { kind: 'wallet', flow: flow({ Pay: pay({ TimeoutSeconds: 30 }) }) } as const;
  const before = await open(options);
  before.host.submits.push(withCode);
  before.host.findings.push(waiting);
  await before.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(before, 'an inquiry', () => inquiries(before.host, 1));
  const { host, log, sealed } = before;
  await log.durable(log.head);
  before.clock.stop();
  const clock = virtualClock({ startMs: before.clock.now() + 60_000 });
  host.findings.push(async () => (await clock.until(clock.now() + 3_000), withCode as Finding));
  host.reversals.push(async () => (await clock.until(clock.now() + 5_000), { outcome: 'undone', verified: true, proof: 'acknowledged' }));
  const setup = await open({ ...options, host, sealed, log: log.crash(), clock });
  for (let second = 0; second < 10; second += 1) {
    expect(JSON.stringify(shown(setup))).not.toContain('pay:1');
    await clock.until(clock.now() + 1_000);
  }
  expect(inquiries(host, 2)).toBe(true);
  await setup.till.close();
});

it('a code is shown though a former attempt turned up, and was undone, while this one was prepared', async () => {
  const host = scriptedHost();
  const clock = virtualClock();
  const [provision] = scriptedMethod({ id: 'own', host, kind: 'wallet' }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  const slow: PaymentMethod = { ...method, prepare: async (...given) => (given[0].attempt > 1 && (await clock.until(clock.now() + 120_000)), await method.prepare(...given)) };
  const setup = await open({ kind: 'wallet', host, clock, plugins: [definePlugin({ name: 'own', provides: [bind(PaymentMethod).toValue(slow)] })], flow: flow({ Pay: pay({ Retry: [{ ErrorEquals: ['Payment.Undone'], IntervalSeconds: 1, MaxAttempts: 1 }] }, { method: 'own' }) }) });
  host.submits.push(waiting, withCode);
  host.findings.push({ outcome: 'undone', verified: true, proof: 'no-original' }, waiting);
  await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(setup, 'it is sent', () => host.calls.filter((call) => call.startsWith('submit')).length === 2);
  expect(host.calls.filter((call) => call.startsWith('reverse'))).toHaveLength(1);
  expect(shown(setup)).toEqual(code('pay:1'));
  await setup.till.close();
});

it('after a power cut it is told that an answer is waited for, where nobody knows whom for', async () => {
  const before = await open({ kind: 'wallet' });
  before.host.submits.push('never');
  await before.till.start({ terminal: 'T1', workflow: 'sale' });
  await until(before, 'it is sent', () => before.host.calls.length > 0);
  before.host.findings.push(lost, lost);
  const setup = await cut(before, { kind: 'wallet' });
  await until(setup, 'something is shown', () => setup.till.prompts().length > 0);
  expect(shown(setup)).toEqual([{ kind: 'device', audience: 'customer', en: 'Waiting for the result of the payment' }]);
  await setup.till.close();
});
