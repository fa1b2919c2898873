/** What the customer's screen shows while a payment is taken: a code may be paid as long as the payment is not decided, and stands there so long. */
import { expect, it } from 'vitest';
import { type Answer, bind, definePlugin, PaymentMethod, type Plugin } from '../contract.js';
import { cut, flow, open, pay, type Setup, until } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod } from './scripted-method.js';

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
