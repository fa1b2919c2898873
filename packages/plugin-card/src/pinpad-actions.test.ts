import { type JsonObject, Sensitive } from '@tillwright/core/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AcquirerLine } from './acquirer-line.js';
import { CARD_KIND, cardSecret, PIN_KIND, type PinSecret } from './card-secret.js';
import { acquirerCheck, workingKeysCheck } from './health.js';
import { type CardOptions, settings } from './options.js';
import { pinPadActions } from './pinpad-actions.js';
import { desEcb, pinFromBlock } from './protocol.js';
import { counters, ManualClock, type Shown, TERMINAL, TestAcquirer, TestPinPad, vault } from './testing.test-helper.js';

const PAN = '6228480000000000019';

let acquirer: TestAcquirer;
let pad: TestPinPad;
let secrets: ReturnType<typeof vault>;
let line: AcquirerLine;
let options: CardOptions;
let shown: Shown[];

beforeEach(async () => {
  acquirer = await TestAcquirer.start();
  pad = new TestPinPad();
  secrets = vault();
  shown = [];
  options = acquirer.options;
  line = new AcquirerLine(settings(options), new ManualClock(), TERMINAL, counters(), pad);
});
afterEach(() => acquirer.close());

const enter = async (more: JsonObject = {}, signal = new AbortController().signal) => {
  const card = secrets.put(CARD_KIND, new Sensitive(cardSecret({ entry: 'swipe', track2: new Sensitive(`${PAN}=49121010000`) }, new Map(), false)), {});
  const { actions } = pinPadActions({ settings: settings(options), line, pinPad: pad, vault: secrets });
  const context = { executionId: 'x', step: 's', terminal: TERMINAL, signal, heartbeat: () => {}, show: (audience: string, text: Shown['text'], details?: unknown) => void shown.push({ audience, text, details }) };
  return actions['enterPin']?.run({ card, amountMinor: 1250, ...more }, context);
};

it('signs on before a PIN is entered, and keeps the block behind a reference', async () => {
  const pin = await enter();
  expect(pin).toEqual({ sensitive: 'v2', kind: 'pin', view: { status: 'entered' } });
  expect(acquirer.of('0800')).toHaveLength(1);
  const secret = secrets.take<PinSecret>(pin ?? null, PIN_KIND).reveal();
  expect(secret).toMatchObject({ card: 'v1', keyGeneration: 1, spent: false });
  expect(pinFromBlock(desEcb(acquirer.keys?.pin ?? new Uint8Array(), secret.pinBlock?.reveal() ?? new Uint8Array(), 'decrypt'), PAN)).toBe('123456');
});

it('shows amount, stars and the reminder to cover the keypad, never digits', async () => {
  await enter();
  const seen = shown.filter(({ audience }) => audience === 'customer');
  expect(seen.map(({ details }) => details)).toEqual([0, 1, 2, 3, 4, 5, 6].map((stars) => ({ stars, amountMinor: 1250, currency: 'CNY' })));
  for (const { text } of seen) expect(text).toEqual({ zh: '请输入密码，输入时请遮挡键盘', en: 'Enter your PIN, and cover the keypad with your hand' });
  expect(JSON.stringify(shown)).not.toContain('123456');
});

it.each<[CardOptions['pin'], object]>([
  [undefined, { minLength: 4, maxLength: 12, allowBypass: true }],
  [{ minLength: 6, maxLength: 8, allowBypass: false }, { minLength: 6, maxLength: 8, allowBypass: false }],
])('tells the pad which card and amount it is for, and which PIN is one (%j)', async (pin, expected) => {
  options = { ...options, ...(pin === undefined ? {} : { pin }) };
  const asked: unknown[] = [];
  pad.enterPin = async ({ pan, amount, minLength, maxLength, allowBypass, signal }) => {
    asked.push({ pan: pan.reveal(), shown: String(pan), amount, minLength, maxLength, allowBypass, aborted: signal?.aborted });
    return { status: 'cancelled' };
  };
  await expect(enter()).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
  expect(asked).toEqual([{ pan: PAN, shown: '622848*********0019', amount: { amountMinor: 1250, currency: 'CNY' }, aborted: false, ...expected }]);
});

it('has no PIN entered under keys that the host has refused, though the pad still has them', async () => {
  await enter();
  const refused = async (): Promise<boolean> => {
    acquirer.next('0200', (request) => [acquirer.answer(request, 'A0')]);
    await line.exchange('0200', { 3: '000000', 4: '000000001250', 11: '000042', 22: '022', 25: '00', 49: '156', 60: '2200000700060' }, { deadlineAt: Number.POSITIVE_INFINITY });
    return line.keysRefused;
  };
  expect(await refused()).toBe(true);
  acquirer.next('0800', (request) => [acquirer.signOn(request, { 39: '97' })]);
  let asked = false;
  pad.enterPin = async () => {
    asked = true;
    return { status: 'bypassed' };
  };
  await expect(enter()).rejects.toMatchObject({ error: 'PinPad.NoKeys', message: 'sign-on: the acquirer answered 97' });
  expect(asked).toBe(false);
});

it('does not hear what a pad throws after a cancel', async () => {
  await line.ensureKeys();
  pad.enterPin = async () => {
    throw new Error('usb');
  };
  await expect(enter({}, AbortSignal.abort())).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
});

it('says that the last PIN was wrong', async () => {
  await enter({ reason: 'again' });
  expect(shown.find(({ audience }) => audience === 'customer')?.text.zh).toContain('密码错误');
});

it('can be passed over or cancelled', async () => {
  pad.pin = 'bypass';
  expect(await enter()).toMatchObject({ view: { status: 'bypassed' } });
  pad.pin = 'cancel';
  await expect(enter()).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
  pad.pin = '123456';
  await expect(enter({}, AbortSignal.abort())).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
});

it.each<[string, unknown]>([
  ['nothing', undefined],
  ['an empty object', {}],
  ['a status that no contract knows', { status: 'ok', pinBlock: new Sensitive(new Uint8Array(8)) }],
  ['a PIN without its block', { status: 'entered' }],
  ['a block that anybody can read', { status: 'entered', pinBlock: new Uint8Array(8) }],
  ['half a block', { status: 'entered', pinBlock: new Sensitive(new Uint8Array(4)) }],
  ['a PIN as text', { status: 'entered', pinBlock: new Sensitive('123456') }],
])('%s in place of a PIN is no PIN that was passed over', async (_, given) => {
  pad.enterPin = async () => given as never;
  await expect(enter()).rejects.toMatchObject({ error: 'Device.Unavailable' });
  expect(secrets.held.size).toBe(1);
});

it('a PIN that must not be passed over is not, whatever the pad says', async () => {
  options = { ...options, pin: { allowBypass: false } };
  pad.pin = 'bypass';
  await expect(enter()).rejects.toMatchObject({ error: 'Device.Unavailable' });
});

it('a pad that tells digits in place of their number tells nobody', async () => {
  pad.enterPin = async ({ onDigits }) => {
    for (const told of ['1234', 99, -1, Number.NaN, { digits: '1234' }]) onDigits?.(told as number);
    return { status: 'cancelled' };
  };
  await expect(enter()).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
  const seen = shown.filter(({ audience }) => audience === 'customer');
  expect(seen.map(({ details }) => (details as { stars: unknown }).stars)).toEqual([0, 0, 12, 0, 0, 0]);
});

it('needs keys and a living card', async () => {
  await expect(enter({ card: { sensitive: 'gone', kind: 'card', view: {} } })).rejects.toMatchObject({ error: 'Sensitive.Lost' });
  await acquirer.close();
  await expect(enter()).rejects.toMatchObject({ error: 'PinPad.NoKeys' });
  acquirer = await TestAcquirer.start();
});

it('the self-check tells the line and the keys apart', async () => {
  const { signal } = new AbortController();
  const check = () => Promise.all([acquirerCheck(line), workingKeysCheck(line)].map((each) => each.check(signal)));
  acquirer.badCheckValues = 9;
  expect((await check()).map(({ ok }) => ok)).toEqual([true, false]);
  acquirer.badCheckValues = 0;
  expect(await check()).toEqual([{ ok: true }, { ok: true }]);
  expect([acquirerCheck(line), workingKeysCheck(line)].map(({ scope }) => scope)).toEqual([{ method: 'card' }, { method: 'card' }]);
  await acquirer.close();
  expect((await check()).map(({ ok }) => ok)).toEqual([false, true]);
  acquirer = await TestAcquirer.start();
});
