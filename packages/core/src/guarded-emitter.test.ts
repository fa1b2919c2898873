import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bind, definePlugin, Printer } from './contract.js';
import { scriptedHost, scriptedMethod } from './engine/scripted-method.js';
import { GuardedEmitter } from './guarded-emitter.js';
import { memoryStorage } from './log/memory-storage.js';
import { createTill, type TillEvents } from './till.js';

/** What surfaces as an uncaught error. */
let surfaced: string[];
let others: NodeJS.UncaughtExceptionListener[];
const note = (error: Error): void => void surfaced.push(error.message);
beforeEach(() => {
  surfaced = [];
  others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
});
afterEach(() => {
  process.off('uncaughtException', note);
  for (const other of others) process.on('uncaughtException', other);
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const breaks = (): never => {
  throw new Error('a screen broke');
};

describe('an emitter with guarded listeners', () => {
  const emitter = () => new GuardedEmitter<{ paid: [amountMinor: number] }>();

  it('tells all of them, whatever one of them throws, which surfaces', async () => {
    const heard: number[] = [];
    const one = emitter();
    one.on('paid', (amount) => heard.push(amount)).on('paid', breaks).on('paid', (amount) => heard.push(-amount));
    expect(one.emit('paid', 5)).toBe(true);
    expect(heard).toEqual([5, -5]);
    await turn();
    expect(surfaced).toEqual(['a screen broke']);
  });

  it('takes listeners off as they were put on, and calls those of once a single time', () => {
    const heard: string[] = [];
    const one = emitter();
    const context = { name: 'screen' };
    const listener = function (this: unknown, amount: number): void {
      heard.push(`${(this as { name?: string }).name ?? 'emitter'} ${amount}`);
    };
    one.on('paid', listener).once('paid', listener, context);
    expect(one.listeners('paid')).toEqual([listener, listener]);
    one.emit('paid', 1);
    expect(one.listenerCount('paid')).toBe(1);
    one.emit('paid', 2);
    one.off('paid', listener);
    expect([one.emit('paid', 3), one.listenerCount('paid')]).toEqual([false, 0]);
    one.addListener('paid', listener).removeListener('paid', listener).on('paid', listener).removeAllListeners('paid');
    expect(one.emit('paid', 4)).toBe(false);
    expect(heard).toEqual(['emitter 1', 'screen 1', 'emitter 2']);
  });
});

const flow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Confirm',
  States: {
    Confirm: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { lines: [] }, TimeoutSeconds: 60, Next: 'Pay' },
    Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'm', amountMinor: 100 }, TimeoutSeconds: 60, End: true },
  },
});

it.each(['prompt', 'prompt-closed', 'event'] as const)('a listener of %s that throws changes nothing for a sale, nor for who else listens', async (broken: keyof TillEvents) => {
  const host = scriptedHost();
  const till = await createTill({
    plugins: [scriptedMethod({ id: 'm', host, kind: 'wallet' }), definePlugin({ name: 'printer', provides: [bind(Printer).toValue({ print: async () => {}, status: async () => ({ paper: true }) })] })],
    workflows: { sale: flow },
    terminals: { T1: { tid: '1', mid: '2', name: 'Shop' } },
    ...memoryStorage(),
  });
  const heard: string[] = [];
  till.on(broken, breaks);
  for (const event of ['prompt', 'prompt-closed', 'event'] as const) till.on(event, () => void heard.push(event));
  till.on('prompt', ({ id, kind }) => queueMicrotask(() => till.answer(id, kind === 'confirm')));
  const sale = await till.start({ terminal: 'T1', workflow: 'sale' });
  expect(await sale.result).toMatchObject({ status: 'succeeded' });
  await till.close();
  await turn();
  expect(new Set(heard)).toEqual(new Set(['prompt', 'prompt-closed', 'event']));
  expect(surfaced.length).toBe(heard.filter((event) => event === broken).length);
  expect(new Set(surfaced)).toEqual(new Set(['a screen broke']));
});
