/** Whoever waits for a signal lets go of it: a till that runs for months collects no listeners. */
import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { bind, definePlugin, PaymentMethod, type Plugin } from '../contract.js';
import { broken, flow, open, pay, run, settled, until } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod } from './scripted-method.js';

const noConnection = { outcome: 'not-sent', why: 'no connection' } as const;
const listeners = (signal: AbortSignal | undefined): number => (signal ? getEventListeners(signal, 'abort').length : Number.NaN);

/** The card method `seen`, with the signals that its submits are given: a sale's is its Task's, a void's is the engine's own. */
const seen = (host: ScriptedHost, signals: { readonly sale: AbortSignal[]; readonly void: AbortSignal[] }): Plugin => {
  const [provision] = scriptedMethod({ id: 'seen', host, kind: 'card' }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  const submit: PaymentMethod['submit'] = (request, prepared, live) => {
    if (request.operation !== 'refund') signals[request.operation].push(live.signal);
    return method.submit(request, prepared, live);
  };
  return definePlugin({ name: 'seen', provides: [bind(PaymentMethod).toValue({ ...method, submit })] });
};

it('leaves none behind, neither on a Task that was retried nor on the engine, however often an undo is tried', async () => {
  const host = scriptedHost();
  const signals = { sale: [] as AbortSignal[], void: [] as AbortSignal[] };
  const retried = flow({
    Pay: pay({ Retry: [{ ErrorEquals: ['Payment.NotSent'], IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 40 }], Next: 'Broken' }, { method: 'seen', dueMinor: 2000 }),
    Broken: broken,
  });
  const setup = await open({ kind: 'wallet', plugins: [seen(host, signals)], flow: retried });
  host.submits.push(...Array.from({ length: 30 }, () => noConnection));
  expect(await run(setup)).toMatchObject({ error: 'X' });
  await settled(setup);
  expect(signals.sale).toHaveLength(31);
  expect(signals.sale.map(listeners)).toEqual(signals.sale.map(() => 0));
  const [engine] = signals.void;
  expect(signals.sale).not.toContain(engine);
  const standing = listeners(engine);

  // A sale whose reversal needs many tries, and another one that waits for the lane meanwhile.
  host.submits.push({ lost: 'answer' });
  host.reversals.push(...Array.from({ length: 12 }, () => noConnection));
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  void run(setup);
  await until(setup, 'all is undone', () => host.reversals.length === 0 && setup.till.executions().every(({ status }) => status !== 'running'));
  await settled(setup);
  expect(signals.sale.map(listeners)).toEqual(signals.sale.map(() => 0));
  expect(signals.void.at(-1)).toBe(engine);
  expect(listeners(engine)).toBe(standing);
  await setup.till.close();
});
