import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AcquirerLine } from './acquirer-line.js';
import { type CardOptions, settings } from './options.js';
import { concatBytes, encode, fromHex, type Iso8583Message } from './protocol.js';
import { counters, ManualClock, type Reply, TERMINAL, TestAcquirer, TestPinPad } from './testing.test-helper.js';

const SALE = { 2: '6228480000000000019', 3: '000000', 4: '000000001250', 11: '000042', 22: '022', 25: '00', 49: '156', 60: '2200000700060' };

let acquirer: TestAcquirer;
let clock: ManualClock;
let pad: TestPinPad;
let counted: ReturnType<typeof counters>;
let line: AcquirerLine;
const limits = () => ({ deadlineAt: clock.now() + 60_000 });

beforeEach(async () => {
  acquirer = await TestAcquirer.start();
  clock = new ManualClock();
  pad = new TestPinPad();
  counted = counters();
  line = new AcquirerLine(settings(acquirer.options), clock, TERMINAL, counted, pad);
});
afterEach(() => acquirer.close());

const withoutField = (message: Iso8583Message, field: number): Iso8583Message => ({
  ...message,
  fields: Object.fromEntries(Object.entries(message.fields).filter(([name]) => Number(name) !== field)),
});

describe('sign-on', () => {
  it('brings working keys and the batch number; it carries no MAC', async () => {
    expect(await line.ensureKeys()).toEqual({ ok: true });
    expect(pad.keys).toEqual(acquirer.keys);
    expect(line.batch).toBe('000007');
    expect(acquirer.of('0800')[0]?.fields).toEqual({ 11: '000001', 41: TERMINAL.tid, 42: TERMINAL.mid, 60: '00000001003', 63: '303120' });
  });

  it('happens once however many ask, and not while the keys are good', async () => {
    await Promise.all([line.ensureKeys(), line.ensureKeys(), line.ensureKeys()]);
    await line.ensureKeys();
    expect(acquirer.of('0800')).toHaveLength(1);
    expect(line.keyGeneration).toBe(1);
  });

  it('does not use a key whose check value is wrong, and signs on again', async () => {
    acquirer.badCheckValues = 1;
    expect(await line.ensureKeys()).toEqual({ ok: true });
    expect(acquirer.of('0800').map(({ fields }) => fields[11])).toEqual(['000001', '000002']);
    expect(pad.loads).toBe(1);
    expect(pad.keys).toEqual(acquirer.keys);
  });

  it('gives up after three wrong check values, without keys and with the old batch', async () => {
    acquirer.badCheckValues = 9;
    expect(await line.ensureKeys()).toEqual({ ok: false, why: 'sign-on: a key does not fit its check value', reached: true });
    expect(acquirer.of('0800')).toHaveLength(3);
    expect([pad.keys, line.batch]).toEqual([undefined, '000001']);
  });

  it('ends at the deadline of who needs it, or when that one gives up', async () => {
    acquirer.next('0800', () => {
      clock.advance(5_000);
      return undefined;
    });
    expect(await line.ensureKeys({ deadlineAt: clock.now() + 5_000 })).toEqual({ ok: false, why: 'sign-on: no answer in time', reached: true });
    const cancel = new AbortController();
    acquirer.next('0800', () => {
      cancel.abort();
      return undefined;
    });
    expect(await line.ensureKeys({ signal: cancel.signal })).toEqual({ ok: false, why: 'sign-on: the wait for the answer was ended', reached: true });
    acquirer.next('0800', () => {
      clock.advance(30_000);
      return undefined;
    });
    expect(await line.ensureKeys()).toMatchObject({ ok: false, why: 'sign-on: no answer in time' });
    expect(clock.waiting).toBe(0);
  });

  it.each<[string, (request: Iso8583Message) => Iso8583Message]>([
    ['a refusal', (request) => acquirer.signOn(request, { 39: '97' })],
    ['the answer to another terminal', (request) => acquirer.signOn(request, { 41: '00000002' })],
    ['the answer to another merchant', (request) => acquirer.signOn(request, { 42: '898000000000002' })],
    ['an answer of another type', (request) => ({ ...acquirer.signOn(request), mti: '0830' })],
    ['an answer without a batch', (request) => acquirer.signOn(request, { 60: '00000000003' })],
    ['half a batch', (request) => acquirer.signOn(request, { 60: '00007' })],
    ['an answer that names no request', (request) => withoutField(acquirer.signOn(request), 11)],
    ['keys of another length', (request) => acquirer.signOn(request, { 62: '00'.repeat(24) })],
    ['no keys', (request) => acquirer.signOn(request, { 62: '' })],
  ])('takes no keys from %s', async (_what, answer) => {
    acquirer.next('0800', (request) => [answer(request)]);
    expect(await line.ensureKeys()).toMatchObject({ ok: false });
    expect(pad.keys).toBeUndefined();
    expect(acquirer.of('0800')).toHaveLength(1);
  });
});

describe('what was agreed with the acquirer', () => {
  const agreed = (changes: Partial<CardOptions>): AcquirerLine => new AcquirerLine(settings({ ...acquirer.options, ...changes }), clock, TERMINAL, counted, pad);
  const approved = async (its: AcquirerLine): Promise<void> => {
    expect(await its.ensureKeys()).toEqual({ ok: true });
    expect(pad.keys).toEqual(acquirer.keys);
    expect(await its.exchange('0200', SALE, limits())).toMatchObject({ got: 'answer', code: '00' });
    const [sent] = acquirer.of('0200');
    expect(sent && acquirer.macFits(sent)).toBe(true);
  };

  it('X9.19 under a double-length key, in both directions', async () => {
    acquirer.macAlgorithm = 'x9.19';
    await approved(agreed({ macAlgorithm: 'x9.19' }));
    expect(pad.keys?.mac).toHaveLength(16);
  });

  it('another MAC than the host makes is believed by neither', async () => {
    acquirer.macAlgorithm = 'x9.19';
    await line.ensureKeys();
    expect(await line.exchange('0200', SALE, limits())).toMatchObject({ got: 'unverified' });
    const [sent] = acquirer.of('0200');
    expect(sent && acquirer.macFits(sent)).toBe(false);
  });

  it('single-length keys', async () => {
    await approved(agreed({ doubleLengthKeys: false }));
    expect(acquirer.of('0800')[0]?.fields[60]).toBe('00000001001');
    expect(pad.keys?.pin).toHaveLength(8);
  });

  it('keys of the other length are taken by neither', async () => {
    for (const [doubleLengthKeys, networkCode] of [[true, '001'], [false, '003']] as const) {
      acquirer.next('0800', (request) => [acquirer.signOn({ ...request, fields: { ...request.fields, 60: `00000001${networkCode}` } })]);
      expect(await agreed({ doubleLengthKeys }).ensureKeys()).toMatchObject({ ok: false, why: 'sign-on: the keys in DE 62 have another length than was asked for' });
    }
    expect(pad.keys).toBeUndefined();
  });

  it('the operator, and the head of the messages', async () => {
    await approved(agreed({ operatorId: 'J' }));
    expect(acquirer.of('0800')[0]).toMatchObject({ tpdu: '6000030000', header: '603100310100', fields: { 63: '4A2020' } });
  });
});

describe('a PIN pad that does not answer', () => {
  /** Lets time pass until the pad's is over. */
  const over = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    void work.finally(() => (done = true)).catch(() => {});
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1_000);
    }
    return await work;
  };
  const hangs = () => new Promise<never>(() => {});

  it('keeps a message from being sent, and holds the line for nobody after it', async () => {
    await line.ensureKeys();
    const { mac } = pad;
    pad.mac = hangs;
    expect(await over(line.exchange('0200', SALE, limits()))).toEqual({ got: 'not-sent', why: 'Device.Unavailable: the PIN pad does not answer' });
    expect(acquirer.of('0200')).toEqual([]);
    pad.mac = mac;
    expect(await line.exchange('0200', SALE, limits())).toMatchObject({ got: 'answer', code: '00' });
  });

  it('may take its time', async () => {
    await line.ensureKeys();
    const { mac } = pad;
    pad.mac = async (...given) => {
      await clock.until(clock.now() + 9_000);
      return mac.apply(pad, given);
    };
    expect(await over(line.exchange('0200', SALE, limits()))).toMatchObject({ got: 'answer', code: '00' });
    expect(clock.waiting).toBe(0);
  });

  it('that fails is told of without what it says: it might say anything', async () => {
    await line.ensureKeys();
    pad.mac = async () => {
      throw new Error('6228480000000000019');
    };
    expect(await line.exchange('0200', SALE, limits())).toEqual({ got: 'not-sent', why: 'an internal fault' });
  });

  it('leaves an answer unverified', async () => {
    await line.ensureKeys();
    const { mac } = pad;
    let calls = 0;
    pad.mac = (...given) => ((calls += 1) === 2 ? hangs() : mac.apply(pad, given));
    expect(await over(line.exchange('0200', SALE, limits()))).toMatchObject({ got: 'unverified', code: '00' });
    expect(await line.exchange('0400', { ...SALE, 39: '98', 61: '0000070000420000' }, limits())).toMatchObject({ got: 'answer' });
  });

  it('has no keys until it has taken those of another sign-on: the host knows no former ones any more', async () => {
    await line.ensureKeys();
    const { ready, loadWorkingKeys } = pad;
    pad.ready = hangs;
    expect(await over(line.ensureKeys())).toEqual({ ok: false, why: 'Device.Unavailable: the PIN pad does not answer', reached: false });
    pad.ready = async () => false;
    pad.loadWorkingKeys = hangs;
    expect(await over(line.ensureKeys())).toEqual({ ok: false, why: 'Device.Unavailable: the PIN pad does not answer', reached: false });
    Object.assign(pad, { ready, loadWorkingKeys });
    const before = acquirer.of('0800').length;
    expect(await line.ensureKeys()).toEqual({ ok: true });
    expect(acquirer.of('0800').length).toBe(before + 1);
    expect(pad.keys).toEqual(acquirer.keys);
  });
});

describe('exchange', () => {
  const send = () => line.exchange('0200', SALE, limits());
  const replied = async (reply: (request: Iso8583Message) => Reply | Promise<Reply>) => {
    await line.ensureKeys();
    acquirer.next('0200', reply);
    return send();
  };

  it('sends a fitting MAC and believes a fitting MAC', async () => {
    const result = await replied((request) => [acquirer.answer(request, '00')]);
    expect(result).toMatchObject({ got: 'answer', code: '00', fields: { 38: 'A12345' } });
    expect(clock.waiting).toBe(0);
    const [sent] = acquirer.of('0200');
    expect(sent && acquirer.macFits(sent)).toBe(true);
    expect(sent?.fields).toMatchObject({ ...SALE, 41: TERMINAL.tid, 42: TERMINAL.mid });
  });

  const flipped = (message: Iso8583Message): Iso8583Message => {
    const mac = message.fields[64] ?? '';
    return { ...message, fields: { ...message.fields, 64: `${mac.slice(0, -1)}${mac.endsWith('0') ? '1' : '0'}` } };
  };
  const withoutMac = ({ fields: { 64: _mac, ...fields }, ...rest }: Iso8583Message): Iso8583Message => ({ ...rest, fields });

  it.each<[string, (request: Iso8583Message) => Reply]>([
    ['unverified', (request) => [flipped(acquirer.answer(request, '00'))]],
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '00'))]],
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '51'))]],
    // An approval whose code or amount was changed on the way.
    ['unverified', (request) => [((good) => ({ ...good, fields: { ...good.fields, 39: '00' } }))(acquirer.answer(request, '51'))]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 4: '000000001251' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 4: '000000001249' })]],
    ['mismatch', (request) => [acquirer.answer(request, '10', { 4: '000000001251' })]],
    ['mismatch', (request) => [acquirer.answer(request, '10', { 4: '000000000000' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 4: undefined })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 3: '200000' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 41: '00000002' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 42: '898000000000002' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 2: '6228480000000000027' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 49: '840' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 49: '8**' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 60: '22000008000' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 39: undefined })]],
    ['mismatch', (request) => [acquirer.signed({ ...acquirer.answer(request, '00'), mti: '0230' })]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 11: undefined })]],
    ['garbled', () => [fromHex('DEADBEEF')]],
    ['garbled', (request) => [encode(acquirer.answer(request, '00')).slice(0, -3)]],
    ['garbled', (request) => [concatBytes(encode(acquirer.answer(request, '00')), Uint8Array.of(0))]],
    ['no-answer', () => 'hang-up'],
  ])('gives %s for an answer that can not be trusted (%#)', async (got, reply) => {
    expect(await replied(reply)).toMatchObject({ got });
  });

  it('believes no approval in which a byte was changed on the way', async () => {
    await line.ensureKeys();
    // TPDU and header are the network's, outside the MAC; all that follows is the acquirer's word.
    const head = 11;
    await fc.assert(
      fc.asyncProperty(fc.nat(200), fc.integer({ min: 1, max: 255 }), async (offset, difference) => {
        acquirer.next('0200', (request) => {
          const bytes = encode(acquirer.answer(request, '00'));
          const at = head + (offset % (bytes.length - head));
          return [bytes.map((byte, index) => (index === at ? byte ^ difference : byte)), 'hang-up'];
        });
        expect(['unverified', 'mismatch', 'garbled', 'no-answer']).toContain((await send()).got);
      }),
      { numRuns: 150 },
    );
  });

  it('whatever bytes come, it neither throws nor believes them', async () => {
    await line.ensureKeys();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 3 }), async (frames) => {
        acquirer.next('0200', () => [...frames, 'hang-up']);
        expect(['garbled', 'no-answer']).toContain((await send()).got);
      }),
    );
  });

  it('believes an answer that repeats neither card, currency nor batch', async () => {
    expect(await replied((request) => [acquirer.answer(request, '00', { 2: undefined, 49: undefined, 60: undefined })])).toMatchObject({ got: 'answer', code: '00' });
  });

  it('believes an answer that names the card where the request did not', async () => {
    await line.ensureKeys();
    acquirer.next('0200', (request) => [acquirer.answer(request, '00', { 2: '6228480000000000019' })]);
    const { 2: _pan, ...withoutCard } = SALE;
    expect(await line.exchange('0200', withoutCard, limits())).toMatchObject({ got: 'answer', code: '00' });
  });

  it('is not sent when it can not be written, and says so without the value', async () => {
    await line.ensureKeys();
    expect(await line.exchange('0200', { ...SALE, 2: '622848000000000001X' }, limits())).toEqual({ got: 'not-sent', why: 'FIELD_INVALID: DE 2 (primary account number): not digits' });
  });

  it('takes a part for an answer when the code says so', async () => {
    expect(await replied((request) => [acquirer.answer(request, '10', { 4: '000000000001' })])).toMatchObject({ got: 'answer', code: '10' });
    expect(await replied((request) => [acquirer.answer(request, '10', { 4: '000000000800' })])).toMatchObject({ got: 'answer', code: '10', fields: { 4: '000000000800' } });
  });

  it('is without an answer when time is over', async () => {
    const result = await replied(() => {
      clock.advance(60_000);
      return undefined;
    });
    expect(result).toEqual({ got: 'no-answer', why: 'no answer in time' });
  });

  it('skips the late answer to an earlier message', async () => {
    const result = await replied((request) => [
      acquirer.answer({ ...request, fields: { ...request.fields, 11: '000041' } }, '00'),
      acquirer.answer(request, '51'),
      acquirer.answer(request, '00'),
    ]);
    expect(result).toMatchObject({ got: 'answer', code: '51' });
  });

  it('skips a late approval of the sale that it reverses', async () => {
    await line.ensureKeys();
    acquirer.next('0400', (request) => [acquirer.answer({ ...request, mti: '0200' }, '00'), acquirer.answer(request, '25')]);
    expect(await line.exchange('0400', { ...SALE, 39: '98' }, limits())).toMatchObject({ got: 'answer', code: '25' });
  });

  it('is not sent when nobody takes the connection', async () => {
    await line.ensureKeys();
    await acquirer.close();
    expect(await send()).toEqual({ got: 'not-sent', why: 'no connection to the acquirer (ECONNREFUSED)' });
    acquirer = await TestAcquirer.start();
  });

  it('is not sent after its deadline, nor when cancelled before', async () => {
    await line.ensureKeys();
    expect(await line.exchange('0200', SALE, { deadlineAt: clock.now() })).toMatchObject({ got: 'not-sent' });
    expect(await line.exchange('0200', SALE, { ...limits(), signal: AbortSignal.abort() })).toMatchObject({ got: 'not-sent' });
    expect(acquirer.of('0200')).toEqual([]);
  });

  it('is without an answer when cancelled after it was sent', async () => {
    await line.ensureKeys();
    const cancel = new AbortController();
    acquirer.next('0200', () => {
      cancel.abort();
      return undefined;
    });
    expect(await line.exchange('0200', SALE, { ...limits(), signal: cancel.signal })).toMatchObject({ got: 'no-answer' });
  });

  it('does not send what waited behind another message until its time was over', async () => {
    await line.ensureKeys();
    acquirer.next('0200', () => {
      clock.advance(60_000);
      return undefined;
    });
    const first = send();
    const second = line.exchange('0200', { ...SALE, 11: '000043' }, { deadlineAt: clock.now() + 1 });
    expect([(await first).got, (await second).got]).toEqual(['no-answer', 'not-sent']);
    expect(acquirer.of('0200')).toHaveLength(1);
  });

  it('is not sent without keys', async () => {
    expect(await send()).toMatchObject({ got: 'not-sent' });
    expect(acquirer.requests).toEqual([]);
  });

  it.each(['A0', '99', '77'])('after a refusal of the keys (%s), MACed or not, the next to need keys signs on', async (code) => {
    await replied((request) => [acquirer.answer(request, code)]);
    expect(line.keysRefused).toBe(true);
    expect(await line.ensureKeys()).toEqual({ ok: true });
    expect([line.keysRefused, line.keyGeneration]).toEqual([false, 2]);
    acquirer.next('0200', (request) => [withoutMac(acquirer.answer(request, code))]);
    expect(await send()).toMatchObject({ got: 'unverified', code });
    expect(line.keysRefused).toBe(true);
  });

  it.each<[string, { readonly [field: number]: string | undefined }]>([
    ['77', { 60: '22000008000' }],
    ['A0', { 3: undefined, 4: undefined }],
  ])('after a %s that is no answer to the request otherwise, too: it decides nothing, and the next signs on', async (code, changes) => {
    expect(await replied((request) => [acquirer.answer(request, code, changes)])).toMatchObject({ got: 'mismatch' });
    expect(line.keysRefused).toBe(true);
    acquirer.batch = '000008';
    expect(await line.ensureKeys()).toEqual({ ok: true });
    expect(line.batch).toBe('000008');
  });

  it('keeps its keys after any other answer', async () => {
    await replied((request) => [acquirer.answer(request, '51')]);
    expect(line.keysRefused).toBe(false);
  });
});

it('tells whether the acquirer can be reached, sending nothing', async () => {
  expect(await line.reach()).toBe(true);
  expect(acquirer.requests).toEqual([]);
  await acquirer.close();
  expect(await line.reach()).toBe(false);
  acquirer = await TestAcquirer.start();
});
