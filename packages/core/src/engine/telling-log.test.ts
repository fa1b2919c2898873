/** A log of an embedder's that fails and does not say so by itself. */
import { describe, expect, it } from 'vitest';
import { type MemoryLog, memoryLog } from '../log/memory-log.js';
import { memorySealedStore } from '../log/memory-sealed-store.js';
import { systemHash } from '../log/system.js';
import { createTill } from '../till.js';
import { alarmsOf, approvedFor, flow, open, pay, statuses } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

/** Gives the n-th such call, and all after it, an error; none where it never comes to that. */
const failing = (log: MemoryLog, call: 'append' | 'durable', nth: number) => {
  const state = { calls: 0, on: false, failed: 0 };
  const mute = new Proxy(log, {
    get: (target, name) => {
      if (name === 'onFailure') return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (name !== call || !state.on || (state.calls += 1) < nth) return (value as (...given: unknown[]) => unknown).apply(target, given);
        state.failed += 1;
        if (call === 'append') throw new Error('disk I/O error');
        return Promise.reject(new Error('disk I/O error'));
      };
    },
  });
  return { state, mute };
};

describe.each(['append', 'durable'] as const)('a log whose %s fails', (call) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('at the %i. call of a sale stops the engine, and what it holds then decides', async (nth) => {
    const log = memoryLog();
    const { state, mute } = failing(log, call, nth);
    const host = scriptedHost();
    host.submits.push(approvedFor(1000));
    const clock = virtualClock();
    const setup = { host, log, clock, sealed: memorySealedStore() };
    const till = await createTill({
      plugins: [scriptedMethod({ id: 'm', host, kind: 'card', seal: true })],
      workflows: { sale: flow({ Pay: pay() }) },
      terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
      log: mute,
      sealed: setup.sealed,
      hash: systemHash,
      clock,
    });
    const alarms = alarmsOf({ ...setup, till });
    state.on = true;
    const told = await till.start({ terminal: 'T1', workflow: 'sale', key: 'k' }).then(({ result }) => result).catch((error: unknown) => error);
    await clock.until(clock.now() + 1_000);
    if (state.failed > 0) {
      expect(alarms.map(({ kind }) => kind)).toEqual(['log-failed']);
      await expect(till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'LOG_FAILED' });
    }
    // No sale is told as failed whose approval may stand: it has a result only where that came before the failure.
    if (told instanceof Error) expect(told).toMatchObject({ code: 'LOG_FAILED' });
    else expect(told).toMatchObject({ status: 'succeeded' });
    clock.stop();
    const again = await open({ kind: 'card', method: { seal: true }, host, sealed: setup.sealed, log: log.crash(), clock: virtualClock({ startMs: clock.now() }) });
    await again.clock.until(again.clock.now() + 600_000);
    const [status] = statuses(host);
    const paid = again.till.payments().filter((payment) => payment.state === 'paid');
    expect(status ?? 'reversed').toBe(paid.length === 1 ? 'approved' : 'reversed');
    expect(again.till.cases()).toEqual([]);
    await again.till.close();
  });
});
