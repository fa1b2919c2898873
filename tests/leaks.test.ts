/**
 * Card data, PINs, keys and payer's codes are looked for in every byte that sales of all kinds have written: the log, the sealed
 * store while it is in use, receipts, prompts, events, alarms, and what the command line prints.
 * Left out: `devices/pin-pad-memory.json`, which stands for the PIN pad's own hardware, and the hosts' own data.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ActionError, CardReader, HealthCheck, PaymentMethod, PinPad, Printer, type Plugin } from '@tillwright/core/contract';
import { type Leak, leakScanner, type Secret } from '@tillwright/core/testing';
import { sampleCards } from '@tillwright/device-sim';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../packages/cli/src/commands/run.js';
import { amount, choose, confirmed, COUNTER_SALE, ended, noted, payerCode, pin, present, PushedClock, scan, type SellOptions, Shop, type Sold, type Step, watchPinBlocks, withMethods, wrapping } from './support.js';

const WRONG_PIN = '739184';
const OTHER_PIN = '860275';
/** A code of a wallet that this till does not take. */
const FOREIGN_CODE = '621873940561728394';
const codes = { alipay: ['281234567890123456'], wechat: ['131234567890123456'] };
const newCode = (wallet: 'alipay' | 'wechat'): string => {
  const code = payerCode(wallet);
  codes[wallet].push(code);
  return code;
};

let shop: Shop;
/** What was heard of outside the files. */
const said: string[] = [];
/** Files as they stood while sales were under way: what is forgotten later is seen too. */
const passing = new Map<string, Buffer>();
const pinBlocks: Uint8Array[] = [];
const keys = new Map<string, string>();
const results: string[] = [];

const filesOf = async (folder: string): Promise<{ path: string; bytes: Buffer }[]> => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const read = await Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path).catch(() => Buffer.alloc(0)) })));
  return read.filter(({ path }) => !path.endsWith('pin-pad-memory.json'));
};
const snapshot = async (): Promise<void> => {
  for (const { path, bytes } of await filesOf(join(shop.dir, 'till', 'log', 'sealed'))) passing.set(`${path} (${bytes.length} bytes, while in use)`, bytes);
};
const rememberKeys = async (data: string): Promise<void> => {
  const memory = JSON.parse(await readFile(join(shop.dir, data, 'devices', 'pin-pad-memory.json'), 'utf8')) as { [name: string]: string };
  for (const name of ['deviceKey', 'terminalMasterKey', 'pinKey', 'macKey']) if (memory[name]) keys.set(memory[name], name);
};

const watched = wrapping(PinPad, (pad) => watchPinBlocks(pad, (block) => void pinBlocks.push(block)));
const sell = async (steps: readonly Step[], options: SellOptions = {}): Promise<Sold> => {
  const sold = await shop.sell(steps, {
    ...options,
    plugins: (defaults) => options.plugins?.(watched(defaults)) ?? watched(defaults),
    onPrompt: async (prompt, counter) => {
      if (prompt.show['resource'] === 'payment:sale') await snapshot();
      await options.onPrompt?.(prompt, counter);
    },
  });
  await rememberKeys(options.data ?? 'till');
  // The hosts' ledgers are their own data.
  const { receipts, ledger: _ledger, ...rest } = sold;
  said.push(JSON.stringify(rest), inspect(rest, { depth: 30 }), ...receipts.flatMap(({ text, svg }) => [text, svg]));
  results.push(sold.result.status === 'succeeded' ? 'succeeded' : sold.result.error);
  return sold;
};

const card = (fen: number, ...steps: Step[]): Step[] => [amount(fen), choose('card', 'how to pay'), ...steps, confirmed, noted, ended];
const wallet = (id: 'alipay' | 'wechat', fen: number, code: string): Step[] => [amount(fen), choose(id, 'how to pay'), choose('scan', 'scan the customer'), scan(code), confirmed, noted, ended];
const RIGHT = pin('123456');
const cardData = (id: string): string => {
  const found = sampleCards.find((each) => each.id === id);
  return `card ${found?.pan} track ${found?.track2} PIN ${WRONG_PIN}`;
};
const crash = (id: string) => (): never => {
  throw new TypeError(`unexpected: ${cardData(id)}`);
};
/** A plugin that comes to grief and says more than it should. */
const crashing = {
  reader: wrapping(CardReader, (reader) => withMethods(reader, { read: crash('chip-ok') })),
  pinPad: wrapping(PinPad, (pad) => withMethods(pad, { enterPin: crash('chip-ok') })),
  printer: wrapping(Printer, (printer) => withMethods(printer, { print: crash('chip-ok') })),
  prepare: wrapping(PaymentMethod, (method) => (method.id === 'card' ? withMethods(method, { prepare: crash('chip-ok') }) : method)),
  submit: wrapping(PaymentMethod, (method) => (method.id === 'card' ? withMethods(method, { submit: crash('chip-ok') }) : method)),
  complete: wrapping(PaymentMethod, (method) => (method.id === 'card' ? withMethods(method, { complete: crash('chip-ok') }) : method)),
  inquire: wrapping(PaymentMethod, (method) => (method.id === 'alipay' ? withMethods(method, { inquire: crash('chip-ok') }) : method)),
  check: wrapping(HealthCheck, (check) => withMethods(check, { check: crash('chip-ok') })),
} satisfies { [name: string]: (plugins: readonly Plugin[]) => Plugin[] };

beforeAll(async () => {
  shop = await Shop.open();
  for (const id of ['log', 'error', 'warn', 'info', 'debug'] as const) vi.spyOn(console, id).mockImplementation((...told: unknown[]) => void said.push(told.map((each) => (typeof each === 'string' ? each : inspect(each, { depth: 30 }))).join(' ')));
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    vi.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array, ...rest: unknown[]) => {
      said.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      return write(chunk, ...(rest as []));
    });
  }

  await sell(card(8850, present('chip-ok'), RIGHT));
  await sell(card(9900, present('contactless-ok', 'tap')));
  await sell(card(100_001, present('contactless-ok', 'tap'), RIGHT));
  await sell(card(1_500, present('stripe-only', 'swipe'), RIGHT));
  await sell(card(1_600, present('chip-and-stripe', 'swipe'), present('chip-and-stripe'), RIGHT));
  await sell(card(1_700, present('chip-broken', 'insert', { times: 3 }), present('chip-broken', 'swipe'), RIGHT));
  await sell(card(1_800, present('chip-ok'), pin(WRONG_PIN), pin(OTHER_PIN), RIGHT));
  await sell(card(1_900, present('chip-ok'), { when: { device: 'pinpad' }, bypass: true }));
  await sell(card(2_000, present('chip-ok'), pin(WRONG_PIN), { when: { device: 'pinpad' }, cancel: true }));
  for (const id of ['chip-declines', 'chip-refuses', 'counterfeit', 'blocked', 'stolen', 'pin-locked', 'low-balance']) await sell(card(2_100, present(id), RIGHT));
  await sell(card(2_200, present('expired')));
  await sell(card(2_300, present('unreadable', 'swipe', { times: 3 })));
  await sell(card(2_400, present('chip-ok', 'insert', { fault: 'pulled-after-cryptogram' }), RIGHT));
  await sell(card(2_450, present('chip-ok', 'insert', { fault: 'pulled-before-cryptogram' }), RIGHT));
  await shop.fault('acquirer', { do: 'drop-answer', match: { operation: 'sale' } });
  const clock = new PushedClock();
  await sell(card(2_501, present('stripe-only', 'swipe'), RIGHT), {
    clock,
    onPrompt: async (prompt) => {
      if (prompt.show['resource'] !== 'payment:sale' || prompt.audience !== 'customer') return;
      while (!(await shop.ledger('acquirer')).some(({ amountMinor }) => amountMinor === 2_501));
      await snapshot();
      clock.push(60_000);
    },
  });
  for (const id of ['alipay', 'wechat'] as const) {
    const call = id === 'alipay' ? 'pay' : 'codepay';
    await sell(wallet(id, 3_100, newCode(id)));
    for (const how of ['drop-answer', 'garble', 'bad-signature', 'drop-request'] as const) {
      await shop.fault(id, { do: how, match: { operation: call } });
      await sell(wallet(id, 3_200, newCode(id)));
    }
    const poor = newCode(id);
    await shop.control(id, '/accounts', { payers: [{ name: 'a poor payer', balanceMinor: 1, code: poor }] });
    await sell(wallet(id, 3_300, poor));
    await sell([...wallet(id, 3_400, newCode(id === 'alipay' ? 'wechat' : 'alipay')), choose('switch', 'Pay with it')]);
    await sell(wallet(id, 3_500, FOREIGN_CODE));
  }
  for (const broken of ['reader', 'pinPad', 'printer', 'prepare', 'submit', 'complete'] as const) await sell(card(4_100, present('chip-ok'), RIGHT), { plugins: crashing[broken] });
  await shop.fault('alipay', { do: 'drop-answer', match: { operation: 'pay' } });
  await sell(wallet('alipay', 4_200, newCode('alipay')), { plugins: crashing.inquire });
  await sell([{ when: { prompt: 'notice' }, cancel: true }], { plugins: crashing.check });

  const endpoints = join(shop.dir, 'endpoints.json');
  await writeFile(endpoints, JSON.stringify(shop.hosts.endpoints));
  const shipped = await readFile(new URL('../workflows/scripts/three-customers.json', import.meta.url), 'utf8');
  for (const json of [false, true]) {
    const script = join(shop.dir, `script-${String(json)}.json`);
    await writeFile(script, json ? shipped.replace('281234567890123456', newCode('alipay')).replace('131234567890123456', newCode('wechat')) : shipped);
    results.push(`exit ${await run(COUNTER_SALE.pathname, { script, data: join(shop.dir, 'till'), hosts: endpoints, json, language: json ? 'en' : 'zh' })}`);
  }
  await rememberKeys('till');
}, 300_000);
afterAll(async () => {
  vi.restoreAllMocks();
  await shop.close();
});

const secretsOf = (): Secret[] => {
  const { acquirer, alipay, wechat } = shop.hosts.endpoints;
  const body = (key: string | undefined): string => (key ?? '').replaceAll(/-----[^-]+-----|\s/g, '').slice(200, 248);
  return [
    ...sampleCards.flatMap(({ id, pan, track2, issuerMasterKey }) => [
      { name: `card number of ${id}`, value: pan },
      { name: `track 2 of ${id}`, value: track2 },
      { name: `issuer's key of ${id}`, value: Buffer.from(issuerMasterKey, 'hex') },
    ]),
    ...['123456', WRONG_PIN, OTHER_PIN].map((value, index) => ({ name: `PIN ${index + 1}`, value })),
    ...pinBlocks.map((value, index) => ({ name: `PIN block ${index + 1}`, value })),
    ...[...keys].map(([hex, name]) => ({ name, value: Buffer.from(hex, 'hex') })),
    { name: 'terminal master key', value: Buffer.from(acquirer?.terminalMasterKey ?? '', 'hex') },
    { name: "the application's private key", value: body(alipay?.appPrivateKey) },
    { name: "the merchant's private key", value: body(wechat?.privateKey) },
    { name: 'the APIv3 key', value: wechat?.apiV3Key ?? '' },
    ...[...codes.alipay, ...codes.wechat, FOREIGN_CODE].map((value, index) => ({ name: `payer's code ${index + 1}`, value })),
  ];
};

/**
 * What may look like a card number and is none, each by its own value: times of events in ms, hashes of the chain and of
 * definitions, the numbers by which hosts know a payment, a chip's cryptogram, and of its data objects those two that a reversal
 * repeats and that hold no card data: 95 (terminal's results) and 9F1E (the PIN pad's serial number).
 */
const harmlessOf = async (data: string): Promise<Set<string>> => {
  const harmless = new Set<string>();
  const TIMES = new Set(['at', 'dueAt', 'retryAt', 'hostExpiryMs', 'submittedAt', 'openedAt']);
  const NUMBERS = new Set(['reference', 'lane', 'tradeNumber', 'transactionId', 'merchantOrderNumber', 'refundNumber', 'referenceNumber', 'cryptogram', 'prev', 'hash', 'counter-sale']);
  const walk = (value: unknown, key = ''): void => {
    if (typeof value === 'number' && TIMES.has(key)) harmless.add(String(value));
    if (typeof value === 'string' && NUMBERS.has(key)) harmless.add(value);
    if (typeof value === 'string' && key === 'chip') harmless.add(/^9505[0-9A-F]{10}9F1E08[0-9A-F]{16}/.exec(value)?.[0] ?? '');
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) walk(member, name);
    if ('key' in value && 'value' in value) walk(value.value, String(value.key));
  };
  for (const { bytes } of (await filesOf(join(shop.dir, data, 'log'))).filter(({ path }) => path.endsWith('.jsonl'))) {
    for (const line of bytes.toString('utf8').split('\n').slice(0, -1)) walk(JSON.parse(line));
  }
  // The sealed store names its files by their keys in hexadecimal; the keys themselves are searched.
  for (const path of passing.keys()) harmless.add(nameOf(path));
  return harmless;
};
const nameOf = (path: string): string => /[0-9a-f]{20,}/.exec(path)?.[0] ?? '';

const leaksIn = async (data: string, heard: readonly string[]): Promise<Leak[]> => {
  const scanner = leakScanner({ secrets: secretsOf(), harmless: await harmlessOf(data) });
  const files = await filesOf(join(shop.dir, data));
  return [
    ...files.flatMap(({ path, bytes }) => [...scanner.scan(path, bytes), ...scanner.scan(`name of ${path}`, path)]),
    ...[...passing].flatMap(([path, bytes]) => [...scanner.scan(path, bytes), ...scanner.scan(`name of ${path}`, Buffer.from(nameOf(path), 'hex'))]),
    ...heard.flatMap((text, index) => scanner.scan(`heard ${index}`, text)),
  ];
};

describe('what was sold', () => {
  it('covers payments that succeeded, declined, were undone, and plugins that crashed', () => {
    expect(results.filter((each) => each === 'succeeded').length).toBeGreaterThanOrEqual(15);
    expect(new Set(results)).toContain('Payment.Declined');
    expect(results.slice(-2)).toEqual(['exit 0', 'exit 0']);
    expect(pinBlocks.length).toBeGreaterThanOrEqual(15);
    expect([...new Set(keys.values())].toSorted()).toEqual(['deviceKey', 'macKey', 'pinKey', 'terminalMasterKey']);
  });

  it('left files of every kind to look into', async () => {
    const files = (await filesOf(join(shop.dir, 'till'))).map(({ path }) => path.slice(shop.dir.length));
    expect(files.filter((path) => path.startsWith('/till/log/')).length).toBeGreaterThan(0);
    for (const kind of ['.txt', '.bin', '.svg']) expect(files.some((path) => path.startsWith('/till/receipts/') && path.endsWith(kind))).toBe(true);
    expect(files).toContain('/till/devices/cards.json');
    expect(passing.size).toBeGreaterThan(0);
    expect(said.join('\n')).toContain('签购单');
  });

  it('holds the masked card numbers', () => {
    expect(said.join('\n')).toContain('622848*********1016');
  });
});

it('no card number, track, PIN, PIN block, key or payer\'s code stands in any byte', async () => {
  expect(await leaksIn('till', said)).toEqual([]);
}, 120_000);

it('the books agree', () => shop.reconcile());

describe('the search itself', () => {
  it('finds a card number that a plugin puts on the receipt: in the log, on paper, in what was heard', async () => {
    const pan = sampleCards[0]?.pan ?? '';
    const leaky = wrapping(PaymentMethod, (method) =>
      method.id !== 'alipay'
        ? method
        : withMethods(method, {
            submit: async (...args) => {
              const answer = await method.submit(...args);
              if (answer.outcome !== 'approved') return answer;
              return { ...answer, facts: { ...answer.facts, receipt: [...answer.facts.receipt, { key: 'card', label: { zh: '卡', en: 'CARD' }, value: pan }] } };
            },
          }),
    );
    const heard = said.length;
    await sell(wallet('alipay', 5_100, newCode('alipay')), { plugins: leaky, data: 'leaky' });
    const leaks = await leaksIn('leaky', said.slice(heard));
    const sources = leaks.filter(({ secret }) => secret === 'card number of chip-ok').map(({ source }) => source.slice(source.lastIndexOf('/') + 1));
    expect(sources.some((name) => name.endsWith('.jsonl'))).toBe(true);
    for (const kind of ['.txt', '.bin', '.svg']) expect(sources.some((name) => name.endsWith(kind))).toBe(true);
    expect(sources.some((name) => name.startsWith('heard'))).toBe(true);
  });

  it('finds a PIN in an error that a device ends with', async () => {
    const talkative = wrapping(CardReader, (reader) =>
      withMethods(reader, {
        read: () => {
          throw new ActionError('Device.Unavailable', `the keyboard holds ${WRONG_PIN}`);
        },
      }),
    );
    const heard = said.length;
    await sell(card(5_200), { plugins: talkative, data: 'talkative' });
    expect((await leaksIn('talkative', said.slice(heard))).map(({ secret }) => secret)).toContain('PIN 2');
  });
});
