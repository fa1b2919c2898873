/** What a transaction, or a till, leaves behind when it is over: nothing. */
import { expect, it } from 'vitest';
import { action, Actions, bind, definePlugin, PaymentMethod, Scanner, Sensitive, type SensitiveReference, token, Vault } from '../contract.js';
import { TillwrightError } from '../errors.js';
import { type MemoryLog, memoryLog } from '../log/memory-log.js';
import { flow, open, run } from './money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const turns = async (): Promise<void> => {
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A wallet whose codes begin with 28. */
const byCode = (minLength = 16): PaymentMethod => {
  const [provision] = scriptedMethod({ id: 'qr', host: scriptedHost(), kind: 'wallet' }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  return { ...(provision.how.value as PaymentMethod), payerCode: { prefixes: ['28'], minLength, maxLength: 24 } };
};

it('a till that is closed in the middle of a Wait keeps no timer, and so holds no process', async () => {
  const clock = virtualClock({ manual: true });
  const { till } = await open({ kind: 'wallet', clock, flow: flow({ Rest: { Type: 'Wait', Seconds: 86_400, End: true } }) });
  await till.start({ terminal: 'T1', workflow: 'sale' });
  await turns();
  expect(clock.waiting).toBe(1);
  await till.close();
  expect(clock.waiting).toBe(0);
});

it('nor one for the heartbeat of a device that hangs, whether its step is open or over', async () => {
  const hung = action({ description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again', run: () => new Promise(() => {}) });
  const device = definePlugin({ name: 'device', provides: [bind(Actions).toValue({ namespace: 'device', actions: { hung } })] });
  const ask = { Type: 'Task', Resource: 'device:hung', HeartbeatSeconds: 86_000 };
  const clock = virtualClock({ manual: true });
  const { till } = await open({ kind: 'wallet', clock, plugins: [device], flow: flow({ First: { ...ask, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Second' }], Next: 'Second' }, Second: { ...ask, End: true } }) });
  const { executionId } = await till.start({ terminal: 'T1', workflow: 'sale' });
  await turns();
  till.cancel(executionId, 'Li', 'it hangs');
  await turns();
  expect(clock.waiting).toBe(1);
  await till.close();
  expect(clock.waiting).toBe(0);
});

it('what is started as the till is closed does not begin', async () => {
  const { till, log } = await open({ kind: 'wallet' });
  const started = till.start({ terminal: 'T1', workflow: 'sale' });
  const closed = till.close();
  await expect(started).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await closed;
  expect(log.records.filter(({ stream }) => stream.startsWith('x/'))).toEqual([]);
});

it('what is started as the disk fails hears of the disk', async () => {
  const failing = memoryLog();
  let fail: (error: Error) => void = () => {};
  const onFailure: MemoryLog['onFailure'] = (listener) => {
    fail = listener;
    return () => {};
  };
  const append: MemoryLog['append'] = (...args) => {
    if (args[0].some(({ event }) => event.type === 'definitionStored')) queueMicrotask(() => fail(new TillwrightError('LOG_FAILED', { why: 'EIO' })));
    return failing.append(...args);
  };
  const log = new Proxy(failing, { get: (target, name) => (name === 'append' ? append : name === 'onFailure' ? onFailure : (Reflect.get(target, name) as unknown)) });
  const { till } = await open({ kind: 'wallet', log });
  await expect(till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'LOG_FAILED' });
  await till.close();
});

it('a code that is scanned when its transaction is over is not kept', async () => {
  let scanned: (code: Sensitive<string>) => void = () => {};
  let vault: Vault | undefined;
  const kept: SensitiveReference[] = [];
  const watched = token<object>('Watched');
  const plugin = definePlugin({
    name: 'scanning',
    provides: [
      bind(PaymentMethod).toValue(byCode()),
      bind(Scanner).toValue({ scan: () => new Promise((resolve) => (scanned = resolve)) }),
      bind(watched).from([Vault], (own) => {
        vault = own;
        const put = own.put.bind(own);
        own.put = (...args) => {
          const reference = put(...args);
          kept.push(reference);
          return reference;
        };
        return {};
      }),
    ],
  });
  const setup = await open({ kind: 'wallet', plugins: [plugin], flow: flow({ Scan: { Type: 'Task', Resource: 'scanner:scan', TimeoutSeconds: 5, End: true } }) });
  expect(await run(setup)).toMatchObject({ error: 'States.Timeout' });
  scanned(new Sensitive('281234567890123456'));
  await turns();
  expect(kept).toHaveLength(1);
  expect(() => vault?.take(kept[0] ?? null, 'payer-code')).toThrow('no longer in memory');
  await setup.till.close();
});

it.each([
  ['281234567890123456', '28**************56'],
  ['2812345678', '2********8'],
  ['2812', '****'],
])('of the code %s no more is told than %s', async (code, masked) => {
  const plugin = definePlugin({ name: 'scanning', provides: [bind(PaymentMethod).toValue(byCode(4)), bind(Scanner).toValue({ scan: async () => new Sensitive(code) })] });
  const setup = await open({ kind: 'wallet', plugins: [plugin], flow: flow({ Scan: { Type: 'Task', Resource: 'scanner:scan', End: true } }) });
  expect(await run(setup)).toMatchObject({ output: { view: { method: 'qr', masked } } });
  expect(JSON.stringify(setup.log.records)).not.toContain(code);
  await setup.till.close();
});
