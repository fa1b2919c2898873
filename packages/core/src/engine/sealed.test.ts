/** A sealed store that breaks its contract: one of an embedder's, or one whose disk is gone. Nothing is guessed, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import { memoryLog } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import type { SealedStore } from './ports.js';
import { alarmsOf, declined, events, flow, open, pay, reopen, run, statuses } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const wrong = {
  throws: () => {
    throw new Error('gone');
  },
  rejects: () => Promise.reject(new Error('gone')),
  'rejects with nothing': () => Promise.reject(null as never),
} as const;
const answersWrong = { 'gives a text': () => Promise.resolve('sealed'), 'gives a list of numbers': () => Promise.resolve([7]) } as const;

const card = { kind: 'card', method: { seal: true } } as const;

/** A store whose one call goes wrong until it is mended. */
const faulty = (call: keyof SealedStore, how: () => unknown) => {
  const sealed = memorySealedStore();
  const state = { broken: true };
  const inner = sealed[call] as (...given: unknown[]) => unknown;
  return { state, sealed: { ...sealed, [call]: (...given: unknown[]) => (state.broken ? how() : inner(...given)) } };
};

describe.each(Object.entries({ ...wrong, ...answersWrong }))('reading that %s', (_how, how) => {
  it('stops the engine before the card completes; opened again, the sale is undone', async () => {
    const { state, sealed } = faulty('get', how);
    const setup = await open({ ...card, sealed });
    const alarms = alarmsOf(setup);
    await expect(run(setup)).rejects.toMatchObject({ code: 'SEALED_UNREADABLE' });
    expect(alarms.map(({ kind }) => kind)).toEqual(['engine-stopped']);
    expect(events(setup.log, 'executionEnded')).toEqual([]);
    await expect(run(setup)).rejects.toMatchObject({ code: 'SEALED_UNREADABLE' });
    state.broken = false;
    const again = await reopen(setup, { ...card, sealed });
    await again.clock.until(again.clock.now() + 600_000);
    expect(statuses(again.host)).toEqual(['reversed']);
    expect(events(again.log, 'executionEnded').map(({ event }) => (event as { status?: string }).status)).toEqual(['failed']);
    expect(await sealed.keys()).toEqual([]);
    expect(again.till.cases()).toEqual([]);
    await again.till.close();
  });

  it('stops the engine before a sale without an answer is reversed; opened again, it is', async () => {
    const { state, sealed } = faulty('get', how);
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    const setup = await open({ ...card, host, sealed });
    await expect(run(setup)).rejects.toMatchObject({ code: 'SEALED_UNREADABLE' });
    expect(statuses(host)).toEqual(['approved']);
    state.broken = false;
    const again = await reopen(setup, { ...card, sealed });
    await again.clock.until(again.clock.now() + 600_000);
    expect(statuses(host)).toEqual(['reversed']);
    await again.till.close();
  });
});

it('an engine that stopped asks nobody any more, for other payments neither', async () => {
  const { sealed } = faulty('get', wrong.rejects);
  const other = scriptedHost();
  const setup = await open({ ...card, sealed, terminals: 2, plugins: [scriptedMethod({ id: 'w', host: other, kind: 'wallet' })], workflows: { wallet: flow({ Pay: pay({}, { method: 'w' }) }) } });
  other.submits.push({ outcome: 'pending', waitingFor: 'payer' });
  const waiting = await setup.till.start({ terminal: 'T2', workflow: 'wallet' });
  waiting.result.catch(() => {});
  await setup.clock.until(setup.clock.now() + 1_000);
  await expect(run(setup)).rejects.toMatchObject({ code: 'SEALED_UNREADABLE' });
  await setup.clock.until(setup.clock.now() + 600_000);
  expect(other.calls).toEqual(['submit sale w-sale-1']);
});

describe.each(Object.entries(wrong))('erasing that %s', (_how, how) => {
  it('stops the engine once the sale is paid, and what is sealed is erased when it is opened again', async () => {
    const { state, sealed } = faulty('forget', how);
    const setup = await open({ ...card, sealed });
    const alarms = alarmsOf(setup);
    const told = await run(setup).catch((error: unknown) => error);
    await setup.clock.until(setup.clock.now() + 1_000);
    // The result may have been on its way before.
    expect(told).toMatchObject(told instanceof Error ? { code: 'SEALED_UNREADABLE' } : { status: 'succeeded' });
    expect(alarms.map(({ kind }) => kind)).toEqual(['engine-stopped']);
    state.broken = false;
    const again = await reopen(setup, { ...card, sealed });
    await again.clock.until(again.clock.now() + 600_000);
    expect(statuses(again.host)).toEqual(['approved']);
    expect(events(again.log, 'paymentCommitted')).toHaveLength(1);
    expect(await sealed.keys()).toEqual([]);
    await again.till.close();
  });
});

describe.each(Object.entries({ ...wrong, ...answersWrong }))('a list of what it holds that %s', (_how, how) => {
  it('keeps the till from opening, and says so', async () => {
    const { state, sealed } = faulty('keys', how);
    await expect(open({ ...card, sealed })).rejects.toMatchObject({ code: 'SEALED_UNREADABLE', hint: { zh: expect.any(String), en: expect.any(String) } });
    state.broken = false;
    const setup = await open({ ...card, sealed });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });
});

it.each(Object.entries(wrong))('writing that %s sends nothing', async (_how, how) => {
  const { sealed } = faulty('put', how);
  const setup = await open({ ...card, sealed });
  const alarms = alarmsOf(setup);
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.NotSent', cause: expect.stringContaining('SEALED_FAILED') });
  expect(setup.host.calls).toEqual([]);
  expect(alarms.map(({ kind }) => kind)).toEqual(['sealed-failed']);
  await setup.till.close();
});

it('nothing stays sealed of a sale that was declined', async () => {
  const setup = await open({ ...card });
  setup.host.submits.push(declined);
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
  await setup.clock.until(setup.clock.now() + 1_000);
  expect(await setup.sealed.keys()).toEqual([]);
  await setup.till.close();
});

it('what the void of a part may need stays sealed until its sale is committed', async () => {
  const part = (Next: string) => pay({ Next }, { amountMinor: 500, dueMinor: 1000 });
  const setup = await open({ ...card, flow: flow({ First: part('Wait'), Wait: { Type: 'Wait', Seconds: 60, Next: 'Rest' }, Rest: part('Done'), Done: { Type: 'Succeed' } }) });
  const { result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  await setup.clock.until(setup.clock.now() + 30_000);
  expect(await setup.sealed.keys()).toHaveLength(1);
  expect(await result).toMatchObject({ status: 'succeeded' });
  await setup.clock.until(setup.clock.now() + 1_000);
  expect(await setup.sealed.keys()).toEqual([]);
  await setup.till.close();
});

it('what a reversal would have needed is erased only once the outcome is on disk', async () => {
  const clock = virtualClock();
  const log = memoryLog({ beforeSync: async () => await clock.until(clock.now() + 5_000) });
  const sealed = memorySealedStore();
  const onDisk: boolean[] = [];
  const watched = {
    ...sealed,
    forget: async (key: string) => {
      onDisk.push(log.durableTo >= (events(log, 'paymentAnswered')[0]?.seq ?? Infinity));
      await sealed.forget(key);
    },
  };
  const setup = await open({ ...card, clock, log, sealed: watched });
  setup.host.submits.push(declined);
  expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.Declined' });
  await clock.until(clock.now() + 60_000);
  expect(onDisk).toEqual([true]);
  await setup.till.close();
});

it('what was sealed for an intent that never reached the log is erased when the till is opened', async () => {
  const sealed = memorySealedStore();
  await sealed.put('x-1/Pay#1@1', new Uint8Array([1, 2, 3]));
  const setup = await open({ ...card, sealed });
  expect(await sealed.keys()).toEqual([]);
  await setup.till.close();
});

it('nothing stays sealed once a person has decided', async () => {
  const setup = await open({ ...card });
  setup.host.submits.push({ lost: 'answer' });
  setup.host.reversals.push({ outcome: 'refused', code: '12' });
  expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
  await setup.clock.until(setup.clock.now() + 1_000);
  expect(await setup.sealed.keys()).toHaveLength(1);
  await setup.till.resolve(setup.till.cases()[0]?.caseId ?? '', { as: 'undone', by: 'Li', reason: 'paid back by hand' });
  await setup.clock.until(setup.clock.now() + 1_000);
  expect(await setup.sealed.keys()).toEqual([]);
  await setup.till.close();
});

it('what it has lost stops nothing: a sale without an answer is reversed without it', async () => {
  const host = scriptedHost();
  host.submits.push({ lost: 'answer' });
  const setup = await open({ ...card, host, sealed: { ...memorySealedStore(), get: async () => undefined } });
  const alarms = alarmsOf(setup);
  expect(await run(setup)).toMatchObject({ status: 'failed' });
  await setup.clock.until(setup.clock.now() + 600_000);
  expect(statuses(host)).toEqual(['reversed']);
  expect(alarms.filter(({ kind }) => kind === 'engine-stopped')).toEqual([]);
  await setup.till.close();
});
