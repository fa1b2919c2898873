/** Bad input gets a clear error and changes nothing: whatever an embedder's request, form or file gave. */
import { describe, expect, it } from 'vitest';
import { definePlugin } from './contract.js';
import { systemClock } from './engine/defaults.js';
import { cut, events, flow, open, pay, run, type Setup, until } from './engine/money-rules.testing.js';
import { TillwrightError } from './errors.js';
import { fileStorage } from './log/file-storage.js';
import { memoryLog } from './log/memory-log.js';
import { memorySealedStore } from './log/memory-sealed-store.js';
import { SimulatedDisk } from './log/simulated-disk.js';
import { systemHash } from './log/system.js';
import { createTill, type Till, type TillOptions } from './till.js';

const circle: { self?: unknown } = {};
circle.self = circle;
const CARD = '6222021234567890128';
const odd: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 5],
  ['NaN', Number.NaN],
  ['true', true],
  ['a bigint', 6222021234567890128n],
  ['a symbol', Symbol('x')],
  ['a function', () => CARD],
  ['a circle', circle],
  ['a list', [CARD]],
  ['an object', { toString: () => CARD }],
  ['what throws when it is read', { get a(): string { throw new Error(CARD); } }],
  ['an empty text', ''],
];
const asking = flow({ Ask: { Type: 'Task', Resource: 'prompt:amount', Next: 'Pay' }, Pay: pay() });
type Call = (setup: Setup, value: never) => unknown;

/** What a call with this says, and that nothing was changed by it. */
const refusal = async (setup: Setup, call: Call, value: unknown): Promise<string> => {
  const before = setup.log.head;
  const error: unknown = await Promise.resolve()
    .then(() => call(setup, value as never))
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(setup.log.head).toBe(before);
  if (!TillwrightError.is(error)) throw new Error(`it was told ${String(error)}`);
  expect(JSON.stringify([error.message, error.details, error.what, error.hint])).not.toContain(CARD);
  return error.code;
};

const texts: readonly (readonly [string, Call])[] = [
  ['start: the order', ({ till }, value) => till.start(value)],
  ['start: terminal', ({ till }, terminal) => till.start({ terminal, workflow: 'sale' })],
  ['start: workflow', ({ till }, workflow) => till.start({ terminal: 'T1', workflow })],
  ['get', ({ till }, value) => till.get(value)],
  ['find', ({ till }, value) => till.find(value)],
  ['history', ({ till }, value) => till.history(value)],
  ['answer: prompt', ({ till }, value) => till.answer(value, 1)],
  ['cancelPrompt', ({ till }, value) => till.cancelPrompt(value)],
  ['cancel: execution', ({ till }, value) => till.cancel(value, 'merchant', 'why')],
  ['resolve: case', ({ till }, value) => till.resolve(value, { as: 'paid', by: 'Li', reason: 'books' })],
  ['acknowledge: terminal', ({ till }, value) => till.acknowledge(value, { by: 'Li', reason: 'books' })],
  ['printOwed', ({ till }, value) => till.printOwed(value)],
];

describe('a call that is given', () => {
  it.each(odd)('%s in place of a text or an order is refused', async (_, value) => {
    const setup = await open({ kind: 'wallet', flow: asking });
    for (const [name, call] of texts) expect([name, await refusal(setup, call, value)]).toEqual([name, 'CALL_INVALID']);
    expect(await run({ ...setup, till: answering(setup) })).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });

  it.each(odd)('%s about an open sale changes nothing of it', async (what, value) => {
    const setup = await open({ kind: 'wallet', flow: asking });
    const sale = await setup.till.start({ terminal: 'T1', workflow: 'sale' });
    await setup.clock.until(setup.clock.now() + 1);
    const [prompt] = setup.till.prompts();
    const promptId = prompt?.id ?? '';
    expect(await refusal(setup, ({ till }, by) => till.cancel(sale.executionId, by, 'why'), value)).toBe('CALL_INVALID');
    expect(await refusal(setup, ({ till }, reason) => till.cancel(sale.executionId, 'merchant', reason), value)).toBe('CALL_INVALID');
    // Nobody named is the merchant.
    if (value !== undefined) expect(await refusal(setup, ({ till }, by) => till.cancelPrompt(promptId, by), value)).toBe('CALL_INVALID');
    if (what !== 'a number') expect(await refusal(setup, ({ till }, answer) => till.answer(promptId, answer), value)).toBe('PROMPT_ANSWER_INVALID');
    setup.till.answer(promptId, 1000);
    expect(await sale.result).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });

  it.each(odd.filter(([, value]) => value !== undefined))('%s as a key begins no sale: an empty one would be the key of every sale without one', async (_, key) => {
    const setup = await open({ kind: 'wallet' });
    expect(await refusal(setup, ({ till }, value) => till.start({ terminal: 'T1', workflow: 'sale', key: value }), key)).toBe('CALL_INVALID');
    await setup.till.close();
  });

  it.each(odd.filter(([what]) => ['a circle', 'a bigint', 'what throws when it is read'].includes(what)))('%s as input begins no sale', async (_, input) => {
    const setup = await open({ kind: 'wallet' });
    expect(await refusal(setup, ({ till }, value) => till.start({ terminal: 'T1', workflow: 'sale', input: value }), input)).toBe('CALL_INVALID');
    await setup.till.close();
  });

  it('an input nested thousands deep begins no sale, nor leaves a log behind that no till can open', async () => {
    const setup = await open({ kind: 'wallet' });
    const input: unknown = JSON.parse('['.repeat(3_500) + ']'.repeat(3_500));
    expect(await refusal(setup, ({ till }, value) => till.start({ terminal: 'T1', workflow: 'sale', key: 'order-1', input: value }), input)).toBe('CALL_INVALID');
    await (await cut(setup, { kind: 'wallet' })).till.close();
  });

  it.each(odd)('%s as a decision decides nothing', async (_, value) => {
    const setup = await open({ kind: 'wallet' });
    setup.host.submits.push({ lost: 'answer' });
    for (let n = 0; n < 20; n += 1) setup.host.findings.push('throw');
    for (let n = 0; n < 20; n += 1) setup.host.reversals.push({ outcome: 'refused', code: 'X' });
    expect(await run(setup)).toMatchObject({ error: 'Payment.Unsettled' });
    await until(setup, 'a case', () => setup.till.cases().length === 1);
    const caseId = setup.till.cases()[0]?.caseId ?? '';
    expect(await refusal(setup, ({ till }, decision) => till.resolve(caseId, decision), value)).toBe('CASE_NEEDS_REASON');
    expect(await refusal(setup, ({ till }, decision) => till.acknowledge('T1', decision), value)).toBe('CASE_NEEDS_REASON');
    expect(await refusal(setup, ({ till }, by) => till.resolve(caseId, { as: 'paid', by, reason: 'books' }), value)).toBe('CASE_NEEDS_REASON');
    expect(await refusal(setup, ({ till }, reason) => till.resolve(caseId, { as: 'paid', by: 'Li', reason }), value)).toBe('CASE_NEEDS_REASON');
    for (const as of [value, 'PAID', 'refunded', '__proto__']) expect(await refusal(setup, ({ till }, end) => till.resolve(caseId, { as: end, by: 'Li', reason: 'books' }), as)).toBe('CALL_INVALID');
    for (const amountMinor of [value === undefined || value === 5 ? 0 : value, 1001, 1.5]) {
      expect(await refusal(setup, ({ till }, amount) => till.resolve(caseId, { as: 'paid', amountMinor: amount, by: 'Li', reason: 'books' }), amountMinor)).toBe('CASE_AMOUNT');
    }
    expect(await refusal(setup, ({ till }, as) => till.resolve(caseId, { as, amountMinor: 1000, by: 'Li', reason: 'books' }), 'undone')).toBe('CASE_AMOUNT');
    expect(events(setup.log, 'caseResolved')).toEqual([]);
    await setup.till.close();
  });

  it.each(odd)('%s as a workflow leaves the old one', async (what, value) => {
    const setup = await open({ kind: 'wallet' });
    const code = await refusal(setup, ({ till }, source) => (source === undefined ? till.replace(source) : till.replace('sale', source)), value);
    expect(code).toBe(what === 'an empty text' ? 'WORKFLOW_INVALID' : 'CALL_INVALID');
    if (!['a list', 'an object', 'a circle', 'what throws when it is read'].includes(what)) expect(await refusal(setup, ({ till }, sources) => till.replace(sources), value)).toMatch(what === 'an empty text' ? 'WORKFLOW_INVALID' : 'CALL_INVALID');
    expect(await run(setup)).toMatchObject({ status: 'succeeded' });
    await setup.till.close();
  });
});

/** A till whose prompts are answered at once. */
const answering = ({ till }: Setup): Till => {
  till.on('prompt', ({ id }) => void Promise.resolve().then(() => till.answer(id, 1000)));
  return till;
};

describe('createTill', () => {
  const sound = (): TillOptions => ({ plugins: [], workflows: {}, terminals: { T1: { tid: '00000001', mid: '898000000000001', name: 'Corner Shop' } }, log: memoryLog(), sealed: memorySealedStore(), hash: systemHash });
  const told = async (options: unknown): Promise<unknown> => {
    try {
      await (await createTill(options as TillOptions)).close();
      return 'opened';
    } catch (error) {
      if (!TillwrightError.is(error)) throw error;
      expect(JSON.stringify([error.message, error.details])).not.toContain(CARD);
      return error.code;
    }
  };
  const optional: readonly (keyof TillOptions)[] = ['clock', 'random', 'ids', 'laneWaitMs', 'keepClosed'];
  const all: readonly (keyof TillOptions)[] = [...optional, 'plugins', 'workflows', 'terminals', 'log', 'sealed', 'hash'];

  it.each(odd)('refuses %s in place of options, or of any of them', async (_, value) => {
    expect(await told(value)).toBe('CALL_INVALID');
    for (const name of all) {
      const stands = (value === undefined && optional.includes(name)) || (value === 5 && (name === 'laneWaitMs' || name === 'keepClosed')) || (typeof value === 'function' && name === 'hash');
      expect([name, await told({ ...sound(), [name]: value })]).toEqual([name, stands ? 'opened' : 'CALL_INVALID']);
    }
  });

  it.each(odd)('refuses %s in a terminal, a plugin or a workflow', async (_, value) => {
    const terminal = sound().terminals['T1'];
    expect(await told({ ...sound(), terminals: { T1: value } })).toBe('CALL_INVALID');
    for (const name of ['tid', 'mid', 'name']) expect([name, await told({ ...sound(), terminals: { T1: { ...terminal, [name]: value } } })]).toEqual([name, 'CALL_INVALID']);
    expect(await told({ ...sound(), terminals: { T1: { ...terminal, operatorId: value } } })).toBe(value === undefined ? 'opened' : 'CALL_INVALID');
    expect(await told({ ...sound(), plugins: [value] })).toBe('CALL_INVALID');
    expect(await told({ ...sound(), plugins: [{ ...definePlugin({ name: 'odd', provides: [] }), provides: [value] }] })).toBe('CALL_INVALID');
    expect(await told({ ...sound(), workflows: { sale: value } })).toBe(value === '' ? 'WORKFLOW_INVALID' : 'CALL_INVALID');
  });

  it.each(odd.filter(([what]) => what !== 'a number'))('refuses a clock that tells %s in place of the time', async (_, value) => {
    const clock = { now: () => value as number, until: () => Promise.resolve() };
    expect(await told({ ...sound(), clock })).toBe('CALL_INVALID');
  });

  it('takes a clock that counts finer than the log: what was told is there when it is opened again', async () => {
    const disk = new SimulatedDisk();
    const clock = { now: () => performance.timeOrigin + performance.now() + 0.25, until: systemClock.until };
    const cash = flow({ Pay: { Type: 'Pass', End: true } });
    const again = (): Promise<Till> => createTill({ ...sound(), workflows: { sale: cash }, ...fileStorage('/data', { fileSystem: disk }), clock });
    const first = await again();
    const sale = await first.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' });
    expect(await sale.result).toMatchObject({ status: 'succeeded' });
    await first.close();
    await disk.remove('/data/checkpoint.json');
    const second = await again();
    expect((await second.start({ terminal: 'T1', workflow: 'sale', key: 'order-1' })).executionId).toBe(sale.executionId);
    await second.close();
  });
});
