import { describe, expect, it, vi } from 'vitest';
import type { Alarm } from './alarm.js';
import { bind, definePlugin, PaymentMethod, type Plugin, Printer, Scanner, token } from './contract.js';
import { scriptedHost, scriptedMethod } from './engine/scripted-method.js';
import { virtualClock } from './engine/virtual-clock.js';
import type { Json } from './json.js';
import { type MemoryLog, memoryLog } from './log/memory-log.js';
import { memorySealedStore } from './log/memory-sealed-store.js';
import { systemHash } from './log/system.js';
import { createTill, type Till } from './till.js';

const cash = (): Plugin =>
  definePlugin({
    name: 'test-cash',
    provides: [
      bind(PaymentMethod).toValue({
        id: 'cash',
        label: { zh: '现金', en: 'Cash' },
        needs: 'none',
        capabilities: { operations: ['sale'], inquiry: false, reversal: false, completion: false, partialApproval: false, movesMoney: false },
        arguments: { type: 'object' },
        errors: {},
        policy: { answerWithinMs: 1000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] },
        prepare: async (request) => ({ prepared: { reference: `${request.paymentId}`, lane: request.paymentId, data: {}, dataVersion: 1 } }),
        submit: async (request) => ({ outcome: 'approved', verified: true, amount: request.amount, completion: 'none', facts: { receipt: [] } }),
        remedy: () => ({ do: 'ask-person', why: 'give the cash back' }),
      }),
    ],
  });

const flow = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Amount',
  States: {
    Amount: { Type: 'Task', Resource: 'prompt:amount', Assign: { amountMinor: '{% $states.result %}' }, Next: 'Confirm' },
    Confirm: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { lines: [] }, Next: 'Pay' },
    Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'cash', amountMinor: '{% $amountMinor %}' }, End: true },
  },
});

const answering = (till: Till, answers: { [kind: string]: import('./json.js').Json }): void => {
  till.on('prompt', (prompt) => queueMicrotask(() => till.answer(prompt.id, answers[prompt.kind] ?? null)));
};

const options = (log = memoryLog(), sealed = memorySealedStore()) => ({
  plugins: [cash()],
  workflows: { sale: flow },
  terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } },
  log,
  sealed,
  hash: systemHash,
});

describe('createTill', () => {
  it('takes a cash payment', async () => {
    const till = await createTill(options());
    answering(till, { amount: 1250, confirm: true });
    const sale = await till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await expect(sale.result).resolves.toMatchObject({ status: 'succeeded', output: { amountMinor: 1250, committed: true } });
    const again = await till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    expect(again.executionId).toBe(sale.executionId);
    await till.close();
  });

  it('a terminal that the log holds busy is busy from the turn that opens the till', async () => {
    const log = memoryLog();
    const first = await createTill(options(log));
    await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await first.close();
    const second = await createTill(options(log));
    await expect(second.start({ terminal: 'T1', workflow: 'sale', key: 'order-2' })).rejects.toMatchObject({ code: 'TERMINAL_BUSY' });
    await second.close();
  });

  it('after a restart an open prompt is shown to whoever listens once the till is open', async () => {
    const log = memoryLog();
    const first = await createTill(options(log));
    await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await first.close();
    const second = await createTill(options(log));
    answering(second, { amount: 1250, confirm: true });
    const sale = await second.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await expect(sale.result).resolves.toMatchObject({ status: 'succeeded', output: { amountMinor: 1250 } });
    await second.close();
  });

  it('after a restart asks only those who have not answered, and notes an answer only where another is waited for', async () => {
    const log = memoryLog();
    const first = await createTill(options(log));
    const { executionId } = await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    first.answer(first.prompts()[0]?.id ?? '', 1250);
    await vi.waitUntil(() => first.prompts().length === 2);
    const { head } = log;
    first.answer(first.prompts().find(({ audience }) => audience === 'customer')?.id ?? '', true);
    await vi.waitUntil(() => log.head > head);
    await first.close();
    const second = await createTill(options(log));
    await vi.waitUntil(() => second.prompts().length > 0);
    expect(second.prompts()).toMatchObject([{ kind: 'confirm', audience: 'merchant' }]);
    second.answer(second.prompts()[0]?.id ?? '', true);
    const sale = await second.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    await expect(sale.result).resolves.toMatchObject({ status: 'succeeded' });
    const answers = (await second.history(executionId)).filter(({ event }) => event.type === 'promptClosed');
    expect(answers).toMatchObject([{ event: { step: 'Confirm#1', audience: 'customer', how: 'answered', value: true } }]);
    await second.close();
  });

  it('refuses a terminal id that is opened twice', async () => {
    const terminals = { T1: { tid: '00000001', mid: 'M', name: 'A' }, T2: { tid: '00000001', mid: 'M', name: 'B' } };
    await expect(createTill({ ...options(), terminals })).rejects.toMatchObject({ code: 'TERMINAL_DUPLICATE' });
  });

  it('refuses a second transaction on a busy terminal, an unknown terminal, and an unknown workflow', async () => {
    const till = await createTill(options());
    await till.start({ terminal: 'T1', workflow: 'sale' });
    await expect(till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'TERMINAL_BUSY' });
    await expect(till.start({ terminal: 'T9', workflow: 'sale' })).rejects.toMatchObject({ code: 'TERMINAL_UNKNOWN' });
    await expect(till.start({ terminal: 'T1', workflow: 'sail' })).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN' });
    expect(till.executions()).toHaveLength(1);
    await till.close();
    await expect(till.start({ terminal: 'T1', workflow: 'sale' })).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });

  it('keeps a prompt open whose answer does not fit', async () => {
    const till = await createTill(options());
    const shown = new Promise<string>((resolve) => till.once('prompt', ({ id }) => resolve(id)));
    await till.start({ terminal: 'T1', workflow: 'sale' });
    const id = await shown;
    for (const answer of [12.5, -1, '12', 0, 10 ** 17]) expect(() => till.answer(id, answer)).toThrow(expect.objectContaining({ code: 'PROMPT_ANSWER_INVALID' }));
    expect(till.prompts().map((prompt) => prompt.id)).toEqual([id]);
    expect(() => till.answer('nothing', 1)).toThrow(expect.objectContaining({ code: 'PROMPT_UNKNOWN' }));
    await till.close();
  });

  it('refuses plugins that do not fit together, all missing needs at once', async () => {
    const needy = definePlugin({ name: 'needy', provides: [bind(PaymentMethod).from([Scanner, Printer], () => Promise.reject(new Error('never made')) as never)] });
    await expect(createTill({ ...options(), plugins: [needy] })).rejects.toMatchObject({ code: 'PLUGIN_NEEDS_MISSING', message: expect.stringMatching(/Scanner.*Printer/) });
    await expect(createTill({ ...options(), plugins: [cash(), { ...cash(), name: 'again' }] })).rejects.toMatchObject({ code: 'PLUGIN_CONFLICT' });
    await expect(createTill({ ...options(), plugins: [{ ...cash(), contract: { major: 9, minor: 0 } }] })).rejects.toMatchObject({ code: 'PLUGIN_CONTRACT_MISMATCH' });
  });

  it('serves plugins of the first contract: what came later may be left out', async () => {
    // Written down as a plugin of contract 1.0 holds them: no `actor`, no helper of a newer package around them.
    const bell = {
      name: 'bell',
      version: '1.0.0',
      contract: { major: 1, minor: 0 },
      provides: [
        {
          token: { id: Symbol.for('tillwright:Actions@1'), name: 'Actions', many: true, optional: false },
          how: {
            kind: 'value',
            value: { namespace: 'bell', actions: { ring: { description: { zh: '响铃', en: 'Rings' }, arguments: { type: 'object' }, result: {}, errors: {}, redo: 'again', run: () => Promise.resolve('rung') } } },
          },
        },
      ],
    } as const satisfies Plugin;
    const ring = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Ring', States: { Ring: { Type: 'Task', Resource: 'bell:ring', End: true } } });
    const till = await createTill({ ...options(), plugins: [{ ...cash(), contract: { major: 1, minor: 0 } }, bell], workflows: { ring } });
    const sale = await till.start({ terminal: 'T1', workflow: 'ring' });
    expect(await sale.result).toMatchObject({ status: 'succeeded', output: 'rung' });
    await till.close();
  });

  it('refuses a method that moves money and can neither be asked nor reversed', async () => {
    const [provision] = cash().provides;
    const method = provision?.how.kind === 'value' ? (provision.how.value as PaymentMethod) : undefined;
    const unsafe = (change: object): Plugin => definePlugin({ name: 'unsafe', provides: [bind(PaymentMethod).toValue({ ...method, ...change } as PaymentMethod)] });
    const tries = (laneAttempts: number) => ({ policy: { ...method?.policy, reverse: { ...method?.policy.reverse, laneAttempts } } });
    for (const change of [{ capabilities: { ...method?.capabilities, movesMoney: true } }, { capabilities: { ...method?.capabilities, inquiry: true } }, { policy: { ...method?.policy, inquireAtMs: [Number.POSITIVE_INFINITY] } }, tries(Number.POSITIVE_INFINITY), tries(Number.NaN)]) {
      await expect(createTill({ ...options(), plugins: [unsafe(change)] })).rejects.toMatchObject({ code: 'PLUGIN_UNSAFE' });
    }
    const reversed = (withinMs: number) => ({
      capabilities: { ...method?.capabilities, reversal: true },
      reverse: async () => ({ outcome: 'refused', code: '57' }),
      policy: { ...method?.policy, reverse: { notBeforeMs: 16_000, withinMs, backoffMs: [1_000], laneAttempts: 1 } },
    });
    await expect(createTill({ ...options(), plugins: [unsafe(reversed(16_000))] })).rejects.toMatchObject({ code: 'PLUGIN_UNSAFE', message: expect.stringContaining('over before they may begin') });
    await (await createTill({ ...options(), plugins: [unsafe(reversed(16_001))] })).close();
  });

  it('prepares nothing that the method says it does not take, and lists what it takes', async () => {
    const host = scriptedHost();
    const how = scriptedMethod({ id: 'wallet', host, kind: 'wallet' }).provides[0]?.how as { readonly value: PaymentMethod };
    const takesCode = { type: 'object', properties: { code: { type: 'object' } }, required: ['code'] };
    const wallet = definePlugin({ name: 'wallet', provides: [bind(PaymentMethod).toValue({ ...how.value, needs: 'payer-code', merchantQr: true, arguments: takesCode })] });
    const states = {
      List: { Type: 'Task', Resource: 'payment:methods', Assign: { methods: '{% $states.result %}' }, Next: 'Pay' },
      Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 5, with: '{% $states.context.Execution.Input %}' }, Catch: [{ ErrorEquals: ['Task.ArgumentsInvalid'], Output: '{% $append($methods, $parse($states.errorOutput.Cause)) %}', Next: 'Told' }], End: true },
      Told: { Type: 'Succeed' },
    };
    const till = await createTill({ ...options(), plugins: [wallet, cash()], workflows: { pay: JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'List', States: states }) } });
    const paid = async (input: Json): Promise<unknown> => await (await till.start({ terminal: 'T1', workflow: 'pay', input })).result;
    expect(await paid({ mode: 'merchant-qr' })).toMatchObject({
      status: 'succeeded',
      output: [{ id: 'wallet', needs: 'payer-code', merchantQr: true }, { id: 'cash', needs: 'none', merchantQr: false }, { message: expect.stringContaining("'code'"), hint: { en: expect.stringContaining('nothing was charged') } }],
    });
    expect(host.issued).toBe(0);
    expect(await paid({ code: {} })).toMatchObject({ output: { amountMinor: 5 } });
    await till.close();
  });

  it('makes a case of a payment whose plugin is gone, and opens the rest of the till (rule 18)', async () => {
    const host = scriptedHost();
    host.submits.push({ lost: 'answer' });
    const wallet = scriptedMethod({ id: 'wallet', host, kind: 'wallet' });
    const log = memoryLog();
    const clock = virtualClock({ manual: true });
    const paying = { QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 5 }, End: true } } };
    const first = await createTill({ ...options(log), clock, plugins: [wallet, cash()], workflows: { sale: flow, pay: JSON.stringify(paying) } });
    await first.start({ terminal: 'T1', workflow: 'pay' });
    await clock.advance(0);
    expect(host.calls).toHaveLength(1);
    const second = await createTill(options(log.crash()));
    const alarm = await new Promise((resolve) => second.once('alarm', resolve));
    expect(alarm).toMatchObject({ kind: 'plugin-missing' });
    expect(second.cases()).toHaveLength(1);
    await second.close();
  });

  describe('an alarm that nobody has heard yet', () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const hearing = (till: Till): Alarm[] => {
      const heard: Alarm[] = [];
      till.on('alarm', (alarm) => heard.push(alarm));
      return heard;
    };

    /** A till whose log holds payments of a plugin that is gone, each of which becomes a case with an alarm; who opens it passes it on. */
    const opensWithCases = async (payments: number): Promise<{ readonly till: Till; readonly log: MemoryLog }> => {
      const host = scriptedHost();
      host.submits.push(...Array.from({ length: payments }, () => ({ lost: 'answer' }) as const));
      const clock = virtualClock({ manual: true });
      const ids = Array.from({ length: payments }, (_, n) => `${n + 1}`);
      const terminals = Object.fromEntries(ids.map((id) => [`T${id}`, { tid: id.padStart(8, '0'), mid: '898000000000001', name: 'Corner Shop' }]));
      const paying = { QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 5 }, End: true } } };
      const before = memoryLog();
      const first = await createTill({ ...options(before), clock, terminals, plugins: [scriptedMethod({ id: 'wallet', host, kind: 'wallet' }), cash()], workflows: { pay: JSON.stringify(paying) } });
      for (const id of ids) await first.start({ terminal: `T${id}`, workflow: 'pay' });
      await clock.advance(0);
      expect(host.calls).toHaveLength(payments);
      const log = before.crash();
      const till = await createTill({ ...options(log), terminals });
      await vi.waitUntil(() => till.cases().length === payments);
      await turn();
      return { till, log };
    };
    const opened = ({ records }: MemoryLog): (string | undefined)[] => records.flatMap(({ event }) => (event.type === 'caseOpened' ? [event.caseId] : []));

    it('is kept for whoever comes first, in order and once', async () => {
      const { till, log } = await opensWithCases(3);
      const first = hearing(till);
      const beside = hearing(till);
      expect(first).toEqual([]);
      await turn();
      expect(first.map(({ kind, caseId }) => [kind, caseId])).toEqual(opened(log).map((caseId) => ['plugin-missing', caseId]));
      expect(beside).toEqual(first);
      const later = hearing(till);
      log.failNext('write');
      await expect(till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' })).rejects.toMatchObject({ code: 'LOG_FAILED' });
      await turn();
      expect(first.map(({ kind }) => kind)).toEqual(['plugin-missing', 'plugin-missing', 'plugin-missing', 'log-failed']);
      expect(later.map(({ kind }) => kind)).toEqual(['log-failed']);
      await till.close();
    });

    it('is told before one that is raised after it, and one at a time to whoever hears only one', async () => {
      const { till, log } = await opensWithCases(2);
      const once = vi.fn<(alarm: Alarm) => void>();
      till.once('alarm', once);
      await turn();
      expect(once.mock.calls.map(([{ caseId }]) => caseId)).toEqual(opened(log).slice(0, 1));
      const rest: Alarm[] = [];
      till.addListener('alarm', (alarm) => rest.push(alarm));
      log.failNext('write');
      await expect(till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' })).rejects.toMatchObject({ code: 'LOG_FAILED' });
      await turn();
      expect(rest.map(({ kind, caseId }) => [kind, caseId])).toEqual([['plugin-missing', opened(log)[1]], ['log-failed', undefined]]);
      await till.close();
    });

    it('is forgotten where a hundred others came after it', async () => {
      const { till, log } = await opensWithCases(102);
      const heard = hearing(till);
      await turn();
      expect(heard.map(({ caseId }) => caseId)).toEqual(opened(log).slice(2));
      await till.close();
    });
  });

  it('submits once for one sale reference, over all terminals (rule 15)', async () => {
    const host = scriptedHost();
    host.submits.push({ outcome: 'pending', waitingFor: 'payer' });
    const paying = { QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 5, saleReference: 'S-1' }, End: true } } };
    const till = await createTill({
      ...options(),
      clock: virtualClock(),
      plugins: [scriptedMethod({ id: 'wallet', host, kind: 'wallet' })],
      workflows: { pay: JSON.stringify(paying) },
      terminals: { T1: { tid: '00000001', mid: 'M', name: 'A' }, T2: { tid: '00000002', mid: 'M', name: 'B' } },
    });
    const one = await till.start({ terminal: 'T1', workflow: 'pay' });
    const two = await till.start({ terminal: 'T2', workflow: 'pay' });
    const results = [await one.result, await two.result];
    expect(results.filter((result) => result.status === 'failed' && result.error === 'Payment.NotSent')).toHaveLength(1);
    expect(host.calls.filter((call) => call.startsWith('submit'))).toHaveLength(1);
    await till.close();
  });
});

it('shows the prompts of one terminal, or of all of them', async () => {
  const till = await createTill({ ...options(), terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' }, T2: { tid: '00000002', mid: '898000000000001', name: 'Corner Shop' } } });
  for (const terminal of ['T1', 'T2']) await till.start({ terminal, workflow: 'sale' });
  await vi.waitUntil(() => till.prompts().length === 2);
  expect(till.prompts().map(({ terminalId }) => terminalId)).toEqual(['T1', 'T2']);
  expect(till.prompts('T2').map(({ terminalId }) => terminalId)).toEqual(['T2']);
  expect(till.prompts('T3')).toEqual([]);
  await till.close();
});

it('serves the next transaction by a workflow that was replaced, alone or with others', async () => {
  const till = await createTill(options());
  const ends = (output: string): string => JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'End', States: { End: { Type: 'Succeed', Output: output } } });
  const outputOf = async (workflow: string) => await (await till.start({ terminal: 'T1', workflow })).result;
  till.replace('sale', ends('one'));
  expect(await outputOf('sale')).toMatchObject({ output: 'one' });
  till.replace({ sale: ends('two'), other: ends('three') });
  expect(await outputOf('sale')).toMatchObject({ output: 'two' });
  expect(await outputOf('other')).toMatchObject({ output: 'three' });
  expect(() => till.replace({ sale: 7 as never })).toThrow(expect.objectContaining({ code: 'CALL_INVALID' }));
  await till.close();
});

it('cancels what it knows, for a reason that is told', async () => {
  const till = await createTill(options());
  const { executionId, result } = await till.start({ terminal: 'T1', workflow: 'sale' });
  expect(() => till.cancel('x-never', 'Li', 'no')).toThrow(expect.objectContaining({ code: 'EXECUTION_UNKNOWN' }));
  expect(() => till.cancel(executionId, 'Li', 7 as never)).toThrow(expect.objectContaining({ code: 'CALL_INVALID' }));
  till.cancel(executionId, 'Li', 'the customer left');
  expect(await result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
  await till.close();
});

it.each<[string, (till: Till) => unknown]>([
  ['answer', (till) => till.answer('p', 1)],
  ['cancelPrompt', (till) => till.cancelPrompt('p')],
  ['cancel', (till) => till.cancel('x', 'Li', 'no')],
  ['resolve', async (till) => await till.resolve('c', { as: 'paid', by: 'Li', reason: 'r' })],
  ['acknowledge', async (till) => await till.acknowledge('T1', { by: 'Li', reason: 'r' })],
  ['replace', (till) => till.replace('sale', flow)],
])('%s says that the till is closed', async (_, call) => {
  const till = await createTill(options());
  await till.close();
  await expect((async () => await call(till))()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

describe('what plugins open and close', () => {
  const port = (name: string, said: string[], faults: { open?: Error; close?: Error } = {}) => ({
    open: async () => {
      if (faults.open) throw faults.open;
      said.push(`open ${name}`);
    },
    close: async () => {
      said.push(`close ${name}`);
      if (faults.close) throw faults.close;
    },
  });
  const Port = token<object>('test/Port');
  const Other = token<object>('test/Other');
  const Third = token<object>('test/Third');
  const serial = (provided: readonly [typeof Port, object][]): Plugin => definePlugin({ name: 'serial', provides: provided.map(([of, value]) => bind(of).toValue(value)) });

  it('is opened before the first transaction and closed in reverse', async () => {
    const said: string[] = [];
    const till = await createTill({ ...options(), plugins: [cash(), serial([[Port, port('a', said)], [Other, port('b', said)]])] });
    await till.close();
    expect(said).toEqual(['open a', 'open b', 'close b', 'close a']);
  });

  it('is opened once where terminals share it', async () => {
    const said: string[] = [];
    const two = { T1: { tid: '1', mid: '2', name: 'Shop' }, T2: { tid: '2', mid: '2', name: 'Shop' } };
    const till = await createTill({ ...options(), terminals: two, plugins: [cash(), serial([[Port, port('a', said)]])] });
    await till.close();
    expect(said).toEqual(['open a', 'close a']);
  });

  it('refuses the till where it can not be opened, closes what was, and lets go of the log', async () => {
    const said: string[] = [];
    const log = memoryLog();
    const provided: [typeof Port, object][] = [[Port, port('a', said)], [Other, port('b', said, { open: new Error('no such port') })], [Third, port('c', said)]];
    await expect(createTill({ ...options(log), plugins: [cash(), serial(provided)] })).rejects.toMatchObject({
      code: 'PLUGIN_UNUSABLE',
      details: { plugin: 'serial', terminal: 'T1', why: 'no such port' },
    });
    expect(said).toEqual(['open a', 'close a']);
    await (await createTill(options(log.crash()))).close();
  });

  it('refuses the till with its own reason though what was opened can not be closed', async () => {
    const provided: [typeof Port, object][] = [[Port, port('a', [], { close: new Error('stuck') })], [Other, port('b', [], { open: new Error('no such port') })]];
    await expect(createTill({ ...options(), plugins: [cash(), serial(provided)] })).rejects.toMatchObject({ details: { why: 'no such port' } });
  });

  it('refuses the till where it can not be made, and names whose it is', async () => {
    const broken = definePlugin({
      name: 'broken',
      provides: [
        bind(Port).from([], () => {
          throw new Error('no configuration');
        }),
      ],
    });
    const needs = definePlugin({ name: 'needs', provides: [bind(Other).from([Port], (made) => made)] });
    await expect(createTill({ ...options(), plugins: [cash(), needs, broken] })).rejects.toMatchObject({
      code: 'PLUGIN_UNUSABLE',
      details: { plugin: 'broken', terminal: 'T1', why: 'no configuration' },
    });
  });

  it('that can not be closed is told once all else is closed', async () => {
    const said: string[] = [];
    const log = memoryLog();
    const provided: [typeof Port, object][] = [[Port, port('a', said)], [Other, port('b', said, { close: new Error('stuck') })]];
    const till = await createTill({ ...options(log), plugins: [cash(), serial(provided)] });
    const closing = vi.spyOn(log, 'close');
    await expect(till.close()).rejects.toMatchObject({ code: 'PLUGIN_CLOSE_FAILED', details: { plugin: 'serial', terminal: 'T1', why: 'stuck' } });
    expect(said).toEqual(['open a', 'open b', 'close b', 'close a']);
    expect(closing).toHaveBeenCalledOnce();
  });

  it('that throws when nobody wants to hear of its paper any more keeps nothing from being closed', async () => {
    const log = memoryLog();
    const onPaper = () => () => {
      throw new Error('stuck');
    };
    const printer = definePlugin({ name: 'printer', provides: [bind(Printer).toValue({ print: async () => {}, status: async () => ({ paper: true }), onPaper })] });
    const till = await createTill({ ...options(log), plugins: [cash(), printer] });
    const closing = vi.spyOn(log, 'close');
    await expect(till.close()).rejects.toThrow('stuck');
    expect(closing).toHaveBeenCalledOnce();
  });
});

it('a flow that ends as it starts is told, though nothing that is closed stays in memory', async () => {
  const broken = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Fail', States: { Fail: { Type: 'Fail', Error: 'Goods.Broken' } } });
  const till = await createTill({ ...options(), plugins: [cash()], workflows: { broken }, keepClosed: 0 });
  const sale = await till.start({ terminal: 'T1', workflow: 'broken' });
  expect(await sale.result).toMatchObject({ status: 'failed', error: 'Goods.Broken' });
  expect(await (await till.start({ terminal: 'T1', workflow: 'broken' })).result).toMatchObject({ status: 'failed' });
  await till.close();
});

describe('an id source of the embedder', () => {
  const counting = (from = 0) => ({ next: (prefix: string) => `${prefix}${(from += 1)}` });

  it('that begins anew after a restart sells nothing under a former id: the payment of then would count as the one of now', async () => {
    const host = scriptedHost();
    const paying = { QueryLanguage: 'JSONata', StartAt: 'Pay', States: { Pay: { Type: 'Task', Resource: 'payment:sale', Arguments: { method: 'wallet', amountMinor: 1000 }, End: true } } };
    const log = memoryLog();
    const opened = (kept: ReturnType<typeof memoryLog>, keepClosed: number) => createTill({ ...options(kept), plugins: [scriptedMethod({ id: 'wallet', host, kind: 'wallet' })], workflows: { pay: JSON.stringify(paying) }, ids: counting(), keepClosed });
    const first = await opened(log, 50);
    expect(await (await first.start({ terminal: 'T1', workflow: 'pay' })).result).toMatchObject({ status: 'succeeded' });
    await first.close();
    // Whether the former one is still in memory or in the log alone.
    let kept = log;
    for (const [keepClosed, known] of [[50, 1], [0, 2]] as const) {
      kept = kept.crash();
      const again = await opened(kept, keepClosed);
      const before = kept.head;
      for (let n = 1; n <= known; n += 1) await expect(again.start({ terminal: 'T1', workflow: 'pay' })).rejects.toMatchObject({ code: 'ID_REUSED', details: { id: `x${n}` } });
      expect(kept.head).toBe(before);
      expect(await (await again.start({ terminal: 'T1', workflow: 'pay' })).result).toMatchObject({ status: 'succeeded' });
      expect(host.ledger.size).toBe(known + 1);
      await again.close();
    }
  });

  it.each([[''], [undefined], [5]])('that gives %j sells nothing', async (id) => {
    const till = await createTill({ ...options(), plugins: [cash()], ids: { next: () => id as string } });
    await expect(till.start({ terminal: 'T1', workflow: Object.keys(options().workflows)[0] ?? '' })).rejects.toMatchObject({ code: 'ID_REUSED' });
    await till.close();
  });
});
