/** No prompt outlives what it stands for, whatever a screen does as it hears of it, and whatever a device does not do. */
import { describe, expect, it } from 'vitest';
import { action, Actions, bind, definePlugin } from '../contract.js';
import type { Till } from '../till.js';
import { broken, cut, events, flow, open, pay, reopen, run, settled, type Setup, type SetupOptions, type State, statuses, until } from './money-rules.testing.js';
import type { Prompt } from './prompts.js';

const ask = (resource: string, extra: State = {}): State => ({ Type: 'Task', Resource: resource, Arguments: { text: 'Well?' }, ...('Next' in extra ? {} : { End: true }), ...extra });
const branch = (states: { [name: string]: State }) => ({ StartAt: Object.keys(states)[0] ?? '', States: states });

/** What a screen is told, in order. */
const screen = ({ till }: Setup): string[] => {
  const told: string[] = [];
  till.on('prompt', ({ step, audience }) => told.push(`${step} ${audience} opened`));
  till.on('prompt-closed', ({ step, audience }) => told.push(`${step} ${audience} closed`));
  return told;
};

describe('a screen that acts as it hears of a prompt', () => {
  it.each<[string, string, (till: Till, prompt: Prompt) => void, object, readonly string[]]>([
    ['cancels it: the other one is not asked', 'confirm', (till, { id }) => till.cancelPrompt(id), { error: 'Terminal.Cancelled' }, ['Ask#1 merchant opened', 'Ask#1 merchant closed']],
    ['cancels the transaction', 'confirm', (till, { executionId }) => till.cancel(executionId, 'Li', 'no'), { error: 'Terminal.Cancelled' }, ['Ask#1 merchant opened', 'Ask#1 merchant closed']],
    ['cancels the transaction at its only prompt', 'notice', (till, { executionId }) => till.cancel(executionId, 'Li', 'no'), { error: 'Terminal.Cancelled' }, ['Ask#1 merchant opened', 'Ask#1 merchant closed']],
    ['answers it', 'confirm', (till, { id }) => till.answer(id, true), { status: 'succeeded' }, ['Ask#1 merchant opened', 'Ask#1 merchant closed', 'Ask#1 customer opened', 'Ask#1 customer closed']],
  ])('%s', async (_, kind, act, result, expected) => {
    const setup = await open({ kind: 'wallet', flow: flow({ Ask: ask(`prompt:${kind}`) }) });
    const told = screen(setup);
    setup.till.on('prompt', (prompt) => act(setup.till, prompt));
    expect(await run(setup)).toMatchObject(result);
    expect(told).toEqual(expected);
    expect(setup.till.prompts()).toEqual([]);
    await setup.till.close();
  });

  it('cancels the transaction: what was to begin beside it is cancelled as well', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Both: { Type: 'Parallel', Branches: [branch({ Ask: ask('prompt:notice', { Catch: [{ ErrorEquals: ['Terminal.Cancelled'], Next: 'Fine' }], Next: 'Fine' }), Fine: { Type: 'Succeed' } }), branch({ Pay: pay() })], End: true } }) });
    setup.till.on('prompt', ({ executionId }) => setup.till.cancel(executionId, 'Li', 'the customer left'));
    expect(await run(setup)).toMatchObject({ status: 'failed' });
    expect(setup.host.calls).toEqual([]);
    await setup.till.close();
  });

  it('closes the till: nothing more is asked', async () => {
    const setup = await open({ kind: 'wallet', flow: flow({ Both: { Type: 'Parallel', Branches: [branch({ Ask: ask('prompt:notice') }), branch({ Other: ask('prompt:notice') })], End: true } }) });
    const told = screen(setup);
    let closed: Promise<void> | undefined;
    setup.till.on('prompt', () => (closed = setup.till.close()));
    await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    await closed;
    expect(told).toEqual(['Both[0].Ask#1 merchant opened', 'Both[0].Ask#1 merchant closed']);
    expect(setup.till.prompts()).toEqual([]);
  });

  it('by cancelling what has just ended, as its prompts are closed, adds nothing to it: its log is read back, however little stays in memory', async () => {
    const options: SetupOptions = {
      kind: 'wallet',
      flow: flow({ Both: { Type: 'Parallel', Branches: [branch({ Ask: ask('prompt:notice') }), branch({ Wait: { Type: 'Wait', Seconds: 5, Next: 'Broken' }, Broken: broken })], End: true } }),
    };
    const setup = await open(options);
    setup.till.on('prompt-closed', ({ executionId }) => setup.till.cancel(executionId, 'Li', 'the screen is empty'));
    expect(await run(setup)).toMatchObject({ error: 'X' });
    expect(setup.log.records.at(-1)).toMatchObject({ event: { type: 'executionEnded' } });
    await (await cut(setup, { ...options, keepClosed: 0 })).till.close();
  });
});

it('a log in which a request to cancel stands behind the end, as was written once, is read back, however little stays in memory', async () => {
  const options: SetupOptions = { kind: 'wallet', keepClosed: 0 };
  const first = await open(options);
  const sale = await first.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
  expect(await sale.result).toMatchObject({ status: 'succeeded' });
  first.log.append([{ stream: `x/${sale.executionId}`, event: { type: 'cancelRequested', by: 'Li', reason: 'the screen is empty' } }], first.clock.now());
  const { till } = await cut(first, options);
  expect(await (await till.get(sale.executionId)).result).toMatchObject({ status: 'succeeded' });
  await till.close();
});

it.each(['cancelled', 'timed out'])('what stands beside a device that hangs is taken away once its step is over (%s)', async (how) => {
  const hang = action({ description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again', run: (_args, { show }) => new Promise(() => show('merchant', { zh: '请插卡', en: 'Insert the card' })) });
  const device = definePlugin({ name: 'device', provides: [bind(Actions).toValue({ namespace: 'device', actions: { read: hang } })] });
  const read = ask('device:read', { TimeoutSeconds: 30, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Sorry' }], Next: 'Sorry' });
  const setup = await open({ kind: 'wallet', plugins: [device], flow: flow({ Read: read, Sorry: ask('prompt:notice') }) });
  const told = screen(setup);
  const { result } = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
  if (how === 'cancelled') setup.till.cancelPrompt(setup.till.prompts()[0]?.id ?? '');
  await until(setup, 'the flow has gone on', () => setup.till.prompts().some(({ kind }) => kind === 'notice'));
  expect(told).toEqual(['Read#1 merchant opened', 'Read#1 merchant closed', 'Sorry#1 merchant opened']);
  setup.till.answer(setup.till.prompts()[0]?.id ?? '', true);
  expect(await result).toMatchObject({ status: 'succeeded' });
  expect(setup.till.prompts()).toEqual([]);
  await setup.till.close();
});

it('who opens a till and cancels at once what it had left open is heard', async () => {
  const options: SetupOptions = { kind: 'wallet', flow: flow({ Ask: ask('prompt:notice') }) };
  const first = await open(options);
  const { executionId } = await first.till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
  const { till, log } = await reopen(first, options);
  for (const each of till.executions()) till.cancel(each.executionId, 'Li', 'a new day');
  expect(await (await till.get(executionId)).result).toMatchObject({ error: 'Terminal.Cancelled' });
  expect(events(log, 'cancelRequested')).toHaveLength(1);
  await till.close();
});

it('a payer is shown what to do while a payment waits for him: a code to scan stands until it is decided, whatever is asked meanwhile', async () => {
  const setup = await open({ kind: 'wallet' });
  const shown: unknown[] = [];
  setup.till.on('prompt', ({ audience, show }) => shown.push([audience, (show as { text: { en: string } }).text.en, (show as { qr?: string }).qr]));
  const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
  setup.host.submits.push({ ...waiting, show: { qr: 'https://qr.example/1' } });
  setup.host.findings.push(waiting, waiting);
  expect(await run(setup)).toMatchObject({ status: 'failed' });
  expect(shown).toEqual([
    ['customer', 'Please scan the QR code to pay', 'https://qr.example/1'],
    ['customer', 'The payment is being undone: please do not pay', undefined],
  ]);

  shown.length = 0;
  setup.host.submits.push(waiting);
  setup.host.findings.push(waiting, { ...waiting, waitingFor: 'host', show: { code: '17' } });
  await run(setup);
  expect(shown).toEqual([
    ['customer', 'Please finish the payment on your phone', undefined],
    ['customer', 'Waiting for the result of the payment', undefined],
  ]);
  expect(setup.till.prompts()).toEqual([]);
  await setup.till.close();
});

describe('the prompt beside a working device', () => {
  it('takes a cancel, which ends the step at once though the device hangs', async () => {
    const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again' } as const;
    const hangs = action({
      ...manifest,
      run: async (_args, { show }) => {
        show('merchant', { zh: '请稍候', en: 'Please wait' });
        return await new Promise<never>(() => {});
      },
    });
    const plugin = definePlugin({ name: 'device', provides: [bind(Actions).toValue({ namespace: 'device', actions: { hangs } })] });
    const setup = await open({ kind: 'wallet', plugins: [plugin], flow: flow({ Do: { Type: 'Task', Resource: 'device:hangs', TimeoutSeconds: 60, End: true } }) });
    const begun = setup.clock.now();
    setup.till.on('prompt', ({ id, dueAt }) => {
      expect(dueAt).toBe(begun + 60_000);
      setup.till.cancelPrompt(id, 'Li');
    });
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled', cause: expect.stringContaining('cancelled by Li') });
    expect(setup.clock.now()).toBe(begun);
    await setup.till.close();
  });

  it('takes the cancel of a payer, whose payment is undone', async () => {
    const setup = await open({ kind: 'wallet' });
    const waiting = { outcome: 'pending', waitingFor: 'payer' } as const;
    setup.host.submits.push((amount) => {
      setup.host.ledger.set('m-sale-1', { reference: 'm-sale-1', amountMinor: amount, status: 'approved' });
      return waiting;
    });
    setup.host.findings.push(...Array.from({ length: 9 }, () => waiting));
    const begun = setup.clock.now();
    setup.till.on('prompt', ({ id }) => setup.till.cancelPrompt(id, 'customer'));
    expect(await run(setup)).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    expect(setup.clock.now() - begun).toBeLessThan(5_000);
    await settled(setup);
    expect(statuses(setup.host)).toEqual(['reversed']);
    await setup.till.close();
  });
});
