/** What never answers holds nobody up for longer than it is wanted: no till, no terminal, no lane. */
import { describe, expect, it } from 'vitest';
import { ActionError, bind, definePlugin, HealthCheck, PaymentMethod, type Plugin, Printer, type ReceiptDocument, token } from '../contract.js';
import { memoryLog } from '../log/memory-log.js';
import { broken, events, flow, open, pay, run, type SetupOptions, type State } from './money-rules.testing.js';
import { type ScriptedHost, scriptedHost, scriptedMethod } from './scripted-method.js';
import { virtualClock } from './virtual-clock.js';

const never = <T>(): Promise<T> => new Promise(() => {});

describe('a payment that is never prepared', () => {
  const host = scriptedHost();
  const stuck = { is: true };
  const [provision] = scriptedMethod({ id: 'stuck', host, kind: 'card' }).provides;
  if (provision?.how.kind !== 'value') throw new Error('not a value');
  const method = provision.how.value as PaymentMethod;
  const plugin = definePlugin({ name: 'stuck', provides: [bind(PaymentMethod).toValue({ ...method, prepare: (...given) => (stuck.is ? never() : method.prepare(...given)) })] });
  const opened = (state: State) => open({ kind: 'card', host, plugins: [plugin], flow: flow({ Pay: pay(state, { method: 'stuck' }) }) });

  it('ends as its time does, nothing is sent, and the next one is as ever', async () => {
    const setup = await opened({ TimeoutSeconds: 30 });
    stuck.is = true;
    const begun = setup.clock.now();
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Payment.NotSent' });
    expect(setup.clock.now() - begun).toBe(30_000);
    expect(events(setup.log, 'paymentPrepared')).toEqual([]);
    expect(host.calls).toEqual([]);
    stuck.is = false;
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });

  it('ends as somebody cancels it', async () => {
    const setup = await opened({});
    stuck.is = true;
    const sale = await setup.till.start({ terminal: 'T1', workflow: 'sale', input: {} });
    await setup.clock.until(setup.clock.now() + 1_000);
    setup.till.cancel(sale.executionId, 'merchant', 'the reader hangs');
    expect(await sale.result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    await setup.till.close();
  });

  it('ends with the engine', async () => {
    const setup = await opened({});
    stuck.is = true;
    await setup.till.start({ terminal: 'T1', workflow: 'sale', input: {} });
    await setup.till.close();
    expect(events(setup.log, 'paymentPrepared')).toEqual([]);
  });
});

describe('an undo that is tried again', () => {
  const jammed = (): Plugin => {
    const [provision] = scriptedMethod({ id: 'cash', host: scriptedHost(), kind: 'wallet', remedy: ({ request: { amount } }) => ({ do: 'refund', amount }) }).provides;
    if (provision?.how.kind !== 'value') throw new Error('not a value');
    const method = provision.how.value as PaymentMethod;
    let tries = 0;
    const prepare: PaymentMethod['prepare'] = (request, live) => {
      if (request.operation !== 'refund') return method.prepare(request, live);
      // The test would never end where it is tried without a pause.
      return (tries += 1) > 99 ? never() : Promise.reject(new Error('the drawer is jammed'));
    };
    const capabilities = { ...method.capabilities, inquiry: false, reversal: false, movesMoney: false };
    // As a method for which nothing is asked or reversed lists its times.
    const policy = { answerWithinMs: 60_000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] };
    return definePlugin({ name: 'cash', provides: [bind(PaymentMethod).toValue({ ...method, prepare, capabilities, policy })] });
  };
  const unpaid = (method: string) => flow({ Pay: pay({ Next: 'Broken' }, { method, dueMinor: 2000 }), Broken: broken });
  const now = { outcome: 'not-now', retryAt: 0, why: 'busy' } as const;

  it.each<[string, SetupOptions, (host: ScriptedHost) => void]>([
    ['by a method that lists no back-off', { kind: 'wallet', plugins: [jammed()], flow: unpaid('cash') }, () => {}],
    ['by a method whose back-off is nothing', { kind: 'wallet', method: { policy: { reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [0], laneAttempts: 3 } } }, flow: unpaid('m') }, ({ reversals }) => reversals.push(...Array.from({ length: 99 }, () => 'throw' as const))],
    ['at a time that has passed, as the method wishes', { kind: 'wallet', flow: unpaid('m') }, ({ reversals }) => reversals.push(...Array.from({ length: 99 }, () => now))],
  ])('%s leaves time for everything else', async (_, options, prepare) => {
    const setup = await open(options);
    prepare(setup.host);
    const begun = setup.clock.now();
    expect(await run(setup)).toMatchObject({ error: 'X' });
    await setup.clock.until(begun + 20_000);
    expect(events(setup.log, 'paymentUndoAnswered').length).toBeLessThan(25);
    expect(setup.till.cases()).toHaveLength(1);
    await setup.till.close();
  });
});

const printing = flow({
  Check: { Type: 'Task', Resource: 'till:check', TimeoutSeconds: 60, Next: 'Pay' },
  Pay: pay({ Next: 'Print' }),
  Print: { Type: 'Task', Resource: 'printer:print', TimeoutSeconds: 20, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }], Next: 'Done' },
  Done: { Type: 'Succeed' },
});

describe('a printer that hangs', () => {
  it.each(['status', 'print'] as const)('in %s keeps nobody from paying, and prints what it owes once it is back', async (call) => {
    const printed: ReceiptDocument[] = [];
    let hangs = true;
    const printer = definePlugin({
      name: 'printer',
      provides: [
        bind(Printer).toValue({
          print: async (document) => (hangs && call === 'print' ? await never() : void printed.push(document)),
          status: async () => (hangs && call === 'status' ? await never() : { paper: true }),
        }),
      ],
    });
    const setup = await open({ kind: 'wallet', flow: printing, plugins: [printer] });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(printed).toEqual([]);
    hangs = false;
    // The call that hangs is given up by then.
    await setup.clock.until(setup.clock.now() + 120_000);
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    expect(printed.map(({ copy }) => copy)).toEqual(Array.from({ length: 3 }, () => ['merchant', 'customer']).flat());
    // Lines of the first copy may be on paper already; nothing after it was begun.
    expect(printed.map(({ reprint }) => reprint)).toEqual([call === 'print', false, false, false, false, false]);
    await setup.till.close();
  });
});

it.each<[string, () => unknown]>([
  ['throws', () => { throw new Error('no sensor'); }],
  ['rejects', () => Promise.reject(new Error('no sensor'))],
  ['gives no function', () => 5],
])('a printer whose onPaper %s prints what it owes with the next self-check', async (_, onPaper) => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const paper = { in: false };
  const printed: string[] = [];
  const printer = definePlugin({ name: 'printer', provides: [bind(Printer).toValue({ print: async ({ copy }) => void printed.push(copy), status: async () => ({ paper: paper.in }), onPaper: onPaper as NonNullable<Printer['onPaper']> })] });
  const setup = await open({ kind: 'wallet', flow: printing, plugins: [printer] });
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  paper.in = true;
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  expect(printed).toEqual(['merchant', 'customer', 'merchant', 'customer']);
  await setup.till.close();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('a self-check', () => {
  const checks = flow({ Check: { Type: 'Task', Resource: 'till:check', End: true } });
  const hint = { zh: '没有应答，请检查设备或主机', en: 'It does not answer: check the device or host' };
  it.each<[string, () => unknown]>([
    ['that never answers', () => never()],
    ['that throws before there is a promise', () => { throw new TypeError('cable'); }],
    ['that throws', () => Promise.reject(new ActionError('Device.Unavailable', 'cable'))],
    ['that gives nothing', () => Promise.resolve(undefined)],
    ['that gives null', () => Promise.resolve(null)],
    ['that says neither', () => Promise.resolve({ ok: 'yes' })],
    ['that fails without a hint', () => Promise.resolve({ ok: false })],
    ['that fails with half a hint', () => Promise.resolve({ ok: false, hint: { zh: '缺纸' } })],
  ])('%s has failed', async (_, check) => {
    const plugin = definePlugin({ name: 'checks', provides: [bind(HealthCheck).toValue({ name: 'odd', label: { zh: '怪', en: 'Odd' }, scope: 'warning', check: check as HealthCheck['check'] })] });
    const setup = await open({ kind: 'wallet', flow: checks, plugins: [plugin] });
    expect(await run(setup)).toMatchObject({ status: 'succeeded', output: { ready: true, checks: [{ name: 'odd', ok: false, hint }] } });
    await setup.till.close();
  });
});

describe('a service', () => {
  const Port = token<object>('test/SilentPort');
  const service = (value: object): Plugin => definePlugin({ name: 'serial', provides: [bind(Port).toValue(value)] });

  it('that never opens refuses the till, and lets go of the log', async () => {
    const log = memoryLog();
    await expect(open({ kind: 'wallet', log, clock: virtualClock(), plugins: [service({ open: never })] })).rejects.toMatchObject({ code: 'PLUGIN_UNUSABLE', details: { plugin: 'serial', why: 'it does not answer' } });
    await (await open({ kind: 'wallet', log: log.crash() })).till.close();
  });

  it('that never closes is told once all else is closed', async () => {
    const setup = await open({ kind: 'wallet', plugins: [service({ close: never })] });
    await expect(setup.till.close()).rejects.toMatchObject({ code: 'PLUGIN_CLOSE_FAILED', details: { plugin: 'serial', why: 'it does not answer' } });
    await (await open({ kind: 'wallet', log: setup.log.crash() })).till.close();
  });
});
