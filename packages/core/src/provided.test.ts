/** A plugin that is not what the contract says is refused when the till is opened, by name and with what is wrong; what is right stays taken. */
import { describe, expect, it } from 'vitest';
import { action, Actions, bind, CardReader, definePlugin, HealthCheck, PaymentMethod, PinPad, Printer, Scanner, TillStatus, type Token, token } from './contract.js';
import { open, run } from './engine/money-rules.testing.js';
import { scriptedHost, scriptedMethod } from './engine/scripted-method.js';
import { TillwrightError } from './errors.js';

const [provision] = scriptedMethod({ id: 'own', host: scriptedHost(), kind: 'card' }).provides;
const method = (provision?.how.kind === 'value' ? provision.how.value : undefined) as PaymentMethod;
const nothing = async (): Promise<never> => await new Promise(() => {});
const text = { zh: '', en: '' };
const whole: readonly (readonly [Token<unknown>, object, readonly string[]])[] = [
  // What may be left out, at any depth.
  [PaymentMethod, { ...method }, ['payerCode', 'merchantQr', 'dataVersions', 'complete', 'inquire', 'reverse', 'deliver', 'open', 'close', 'errors.Pin.Incorrect']],
  [Actions, { namespace: 'drawer', actions: { open: action({ description: text, arguments: {}, result: {}, errors: { 'Drawer.Jammed': text }, redo: 'again', run: async () => null }) } }, ['actions.open.actor', 'actions.open', 'actions.open.errors.Drawer.Jammed']],
  [HealthCheck, { name: 'odd', label: text, scope: 'warning', check: nothing }, []],
  [CardReader, { read: nothing, remove: nothing }, []],
  [PinPad, { serial: 'P', ready: nothing, loadWorkingKeys: nothing, enterPin: nothing, mac: nothing, seal: nothing, unseal: nothing, logMark: nothing, keepLogMark: nothing }, ['logMark', 'keepLogMark']],
  [Scanner, { scan: nothing }, []],
  [Printer, { print: nothing, status: nothing, onPaper: () => () => {} }, ['onPaper']],
  [TillStatus, { power: nothing, network: nothing, clock: nothing }, []],
];

const pathsOf = (value: unknown, above = ''): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value).flatMap(([name, member]) => [`${above}${name}`, ...pathsOf(member, `${above}${name}.`)]) : [];

/** @param value undefined takes it out */
const withAt = (from: object, path: string, value: unknown): object => {
  // A name may hold a dot.
  const name = Object.keys(from).find((key) => path === key || path.startsWith(`${key}.`)) ?? path;
  if (path !== name) return { ...from, [name]: withAt((from as { readonly [name: string]: object })[name] ?? {}, path.slice(name.length + 1), value) };
  const { [name]: _gone, ...rest } = from as { readonly [name: string]: unknown };
  return value === undefined ? rest : { ...rest, [name]: value };
};

const told = async (of: Token<unknown>, value: unknown): Promise<string> => {
  try {
    await (await open({ kind: 'wallet', plugins: [definePlugin({ name: 'odd', provides: [bind(of).toValue(value)] })] })).till.close();
    return 'opened';
  } catch (error) {
    if (!TillwrightError.is(error)) throw error;
    if (error.code === 'PLUGIN_MALFORMED') expect(error.details).toMatchObject({ plugin: 'odd', why: expect.any(String) });
    return error.code;
  }
};

describe.each(whole.map(([of, value, optional]) => ({ name: of.name, of, value, optional })))('$name', ({ of, value, optional }) => {
  it('is taken as the contract has it, also from a class with getters', async () => {
    expect(await told(of, value)).toBe('opened');
    const inherited = Object.create(Object.defineProperties({}, Object.fromEntries(Object.entries(value).map(([name, member]) => [name, { get: () => member as unknown }])))) as object;
    expect(await told(of, inherited)).toBe('opened');
  });

  it('is refused with anything else in the place of any of its members', async () => {
    for (const path of pathsOf(value).filter((each) => !each.startsWith('arguments.') && !/^(?:errors|label|actions\.open\.(?:errors|description))\..*\./.test(each))) {
      const mayLack = optional.includes(path);
      // The policy of a method that has no reversal is another matter: PLUGIN_UNSAFE.
      expect([path, await told(of, withAt(value, path, undefined))]).toEqual([path, mayLack ? expect.stringMatching(/^(opened|PLUGIN_UNSAFE)$/) : 'PLUGIN_MALFORMED']);
      const member = path.split('.').reduce<unknown>((at, name) => (at as { readonly [name: string]: unknown } | undefined)?.[name], value);
      for (const odd of [null, 5, true, [5], Symbol('odd')].filter((each) => typeof each !== typeof member)) expect([path, odd, await told(of, withAt(value, path, odd))]).toEqual([path, odd, 'PLUGIN_MALFORMED']);
    }
  });

  it('is refused where it is no object, or can not be read', async () => {
    for (const odd of [null, undefined, 5, 'text', () => value]) expect(await told(of, odd)).toBe('PLUGIN_MALFORMED');
    const locked = new Proxy(value, {
      get: () => {
        throw new Error('locked');
      },
    });
    expect(await told(of, locked)).toBe('PLUGIN_MALFORMED');
  });
});

it('a method that does not say whether it moves money does not sell: what asks for inquiry or reversal hangs on it', async () => {
  const { movesMoney: _gone, ...capabilities } = { ...method.capabilities, inquiry: false, reversal: false };
  const { inquire: _inquire, reverse: _reverse, ...rest } = method;
  expect(await told(PaymentMethod, { ...rest, capabilities })).toBe('PLUGIN_MALFORMED');
  expect(await told(PaymentMethod, { ...rest, capabilities: { ...capabilities, movesMoney: true } })).toBe('PLUGIN_UNSAFE');
});

it("what stands under a plugin's own token is its own", async () => {
  const setup = await open({ kind: 'wallet', plugins: [definePlugin({ name: 'own', provides: [bind(token<unknown>('test/Anything')).toValue(5)] })] });
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  await setup.till.close();
});

it('one device under several tokens is held against each of them', async () => {
  const device = { read: nothing, remove: nothing, print: nothing, status: nothing };
  const opening = (...provides: ReturnType<ReturnType<typeof bind>['toValue']>[]) => open({ kind: 'wallet', plugins: [definePlugin({ name: 'all-in-one', provides })] });
  await (await opening(bind(CardReader).toValue(device), bind(Printer).toValue(device))).till.close();
  const lacking = opening(bind(CardReader).toValue(device), bind(Scanner).toValue(device as unknown as Scanner));
  await expect(lacking).rejects.toMatchObject({ code: 'PLUGIN_MALFORMED', details: { plugin: 'all-in-one', why: 'Scanner has no function scan' } });
});
