import { ActionError, type Approved, type ChipSession, type Json, type JsonObject, type PaymentRequest, type Recorded, Sensitive, type SensitiveReference } from '@tillwright/core/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AcquirerLine } from './acquirer-line.js';
import { CardPayment } from './card-payment.js';
import { CARD_KIND, cardSecret } from './card-secret.js';
import { terminalData } from './emv.js';
import { type CardOptions, settings } from './options.js';
import { pinPadActions } from './pinpad-actions.js';
import { decodeTlv, encodeTlv, fromHex, type Iso8583Message } from './protocol.js';
import { counters, countingRandom, live, ManualClock, type Reply, type Shown, TERMINAL, TestAcquirer, TestPinPad, vault } from './testing.test-helper.js';

const PAN = '6228480000000000019';
const TRACK = `${PAN}=49122010000000101`;
const STRIPE = `${PAN}=49121010000000101`;

let acquirer: TestAcquirer;
let clock: ManualClock;
let pad: TestPinPad;
let secrets: ReturnType<typeof vault>;
let line: AcquirerLine;
let method: CardPayment;
let counted: ReturnType<typeof counters>;
let shown: Shown[];

beforeEach(async () => {
  acquirer = await TestAcquirer.start();
  clock = new ManualClock();
  pad = new TestPinPad();
  secrets = vault();
  counted = counters();
  shown = [];
  const chosen = settings(acquirer.options);
  line = new AcquirerLine(chosen, clock, TERMINAL, counted, pad);
  method = new CardPayment({ settings: chosen, line, clock, random: countingRandom, terminal: TERMINAL, counters: counted, pinPad: pad });
  await line.ensureKeys();
});
afterEach(() => acquirer.close());

/** A chip that answers as told; `second` may throw. */
const chip = (options: { first?: string; second?: () => string } = {}): ChipSession & { asked: string[] } => {
  const asked: string[] = [];
  return {
    asked,
    firstGenerateAc: async (data) => {
      asked.push(`first ${decodeTlv(data).get('9F02')}`);
      return encodeTlv([['9F26', '1122334455667788'], ['9F27', options.first ?? '80'], ['9F10', '07010103A0000001'], ['9F36', '0007'], ['95', '0000008000']]);
    },
    secondGenerateAc: async (code, data) => {
      asked.push(`second ${code} ${[...decodeTlv(data)].join()}`);
      return encodeTlv([['9F26', '99AABBCCDDEEFF00'], ['9F27', options.second?.() ?? '40'], ['95', '0000008001'], ['9B', 'F800']]);
    },
  };
};

const cardData = encodeTlv([['84', 'A000000333010101'], ['57', `${TRACK.replace('=', 'D')}`.padEnd(38, 'F')], ['5A', `${PAN}F`], ['5F24', '491231'], ['5F34', '01'], ['82', '7C00']]);
const terminalFor = (amountMinor: number) =>
  terminalData({ amount: { amountMinor, currency: 'CNY' }, atMs: clock.now(), pinPad: pad, unpredictable: Uint8Array.of(1, 2, 3, 4), sequence: 1 });
const keep = (read: Parameters<typeof cardSecret>[0], amountMinor = 1250): SensitiveReference => secrets.put(CARD_KIND, new Sensitive(cardSecret(read, terminalFor(amountMinor), false)), { label: 'PBOC DEBIT' });

/** The same payment method under another agreement with the acquirer. */
const agreed = (changes: Partial<CardOptions>): void => {
  const chosen = settings({ ...acquirer.options, ...changes });
  line = new AcquirerLine(chosen, clock, TERMINAL, counted, pad);
  method = new CardPayment({ settings: chosen, line, clock, random: countingRandom, terminal: TERMINAL, counters: counted, pinPad: pad });
};

const swiped = () => keep({ entry: 'swipe', track2: new Sensitive(STRIPE) });
const inserted = (session: ChipSession = chip()) => keep({ entry: 'insert', data: new Sensitive(cardData), chip: session, cvm: 'online-pin' });
const tapped = (amountMinor = 1250, cvm: 'none' | 'online-pin' = 'none') =>
  keep({ entry: 'tap', data: new Sensitive(fromHex(`${Buffer.from(cardData).toString('hex')}9F260811223344556677889F2701809F100807010103A00000019F36020007`)), cvm }, amountMinor);

const enterPin = async (card: SensitiveReference): Promise<Json> => {
  const { actions } = pinPadActions({ settings: settings(acquirer.options), line, pinPad: pad, vault: secrets });
  const context = { executionId: 'x', step: 's', terminal: TERMINAL, signal: new AbortController().signal, heartbeat: () => {}, show: (audience: string, text: Shown['text'], details?: unknown) => void shown.push({ audience, text, details }) };
  return actions['enterPin']?.run({ card, amountMinor: 1250 }, context) ?? null;
};

const requestOf = (args: JsonObject, more: Partial<PaymentRequest> = {}): PaymentRequest => ({
  paymentId: 'p1',
  attempt: 1,
  operation: 'sale',
  amount: { amountMinor: 1250, currency: 'CNY' },
  terminalId: 'T1',
  operatorId: '01',
  allowPartial: false,
  arguments: args,
  ...more,
});

const pay = async (args: JsonObject, more: Partial<PaymentRequest> = {}) => {
  const request = requestOf(args, more);
  const { prepared, sealed } = await method.prepare(request, live(secrets, shown));
  const answer = await method.submit(request, prepared, live(secrets, shown));
  const recorded: Recorded = {
    request,
    prepared,
    ...(sealed === undefined ? {} : { sealed }),
    submittedAt: clock.now(),
    ...(answer.outcome === 'approved' ? { approved: answer } : {}),
    completed: answer.outcome === 'approved' && answer.completion === 'none',
    now: clock.now(),
  };
  return { request, prepared, sealed, answer, recorded };
};
const lastSale = (): Iso8583Message['fields'] => acquirer.of('0200').at(-1)?.fields ?? {};
const withoutMac = ({ fields: { 64: _mac, ...fields }, ...rest }: Iso8583Message): Iso8583Message => ({ ...rest, fields });
const approvedOf = (answer: { outcome: string }): Approved => {
  if (answer.outcome !== 'approved') throw new Error(`not approved: ${answer.outcome}`);
  return answer as Approved;
};

it('offers what the engine settles by: sales that a chip completes, or a part of them, voids, reversals, no inquiry', () => {
  expect(method.capabilities).toEqual({ operations: ['sale', 'void'], inquiry: false, reversal: true, completion: true, partialApproval: true, movesMoney: true });
});

describe('a sale', () => {
  it('by stripe with PIN', async () => {
    const card = swiped();
    const { prepared, answer } = await pay({ card, pin: await enterPin(card) });
    expect(answer).toMatchObject({ outcome: 'approved', verified: true, amount: { amountMinor: 1250, currency: 'CNY' }, completion: 'none' });
    expect(approvedOf(answer).facts.receipt.find(({ key }) => key === 'cardNumber')?.value).toBe('622848*********0019 S');
    expect(lastSale()).toMatchObject({ 2: PAN, 3: '000000', 4: '000000001250', 14: '4912', 22: '021', 25: '00', 26: '12', 35: STRIPE, 49: '156', 53: '2600000000000000', 60: '2200000700060' });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 25 26 35 41 42 49 52 53 60 64');
    expect(lastSale()[52]).toMatch(/^[0-9A-F]{16}$/);
    expect(prepared).toMatchObject({ reference: `${TERMINAL.tid}-000007-${lastSale()[11]}`, lane: 'acquirer/00000001', dataVersion: 1 });
  });

  it('by chip, with the chip data in their order', async () => {
    const session = chip();
    const card = inserted(session);
    const { answer } = await pay({ card, pin: await enterPin(card) });
    expect(approvedOf(answer).facts.receipt.find(({ key }) => key === 'cardNumber')?.value).toBe('622848*********0019 I');
    expect(lastSale()).toMatchObject({ 22: '051', 23: '001', 35: TRACK, 60: '2200000700060' });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 23 25 26 35 41 42 49 52 53 55 60 64');
    expect([...decodeTlv(fromHex(lastSale()[55] ?? ''))].map((each) => each.join(' '))).toEqual([
      '9F26 1122334455667788', '9F27 80', '9F10 07010103A0000001', '9F37 01020304', '9F36 0007', '95 0000008000', '9A 261123', '9C 00', '9F02 000000001250', '5F2A 0156', '82 7C00',
      '9F1A 0156', '9F03 000000000000', '9F33 6068C8', '9F34 420300', '9F35 22', '9F1E 5041443030303432', '84 A000000333010101', '9F09 0030', '9F41 00000001',
    ]);
    expect(session.asked).toEqual(['first 000000001250']);
  });

  it('by a chip that names nothing but its track', async () => {
    const only = encodeTlv([...decodeTlv(cardData)].filter(([tag]) => tag === '57'));
    const { answer } = await pay({ card: secrets.put(CARD_KIND, new Sensitive(cardSecret({ entry: 'insert', data: new Sensitive(only), chip: chip(), cvm: 'online-pin' }, terminalFor(1250), false)), {}) });
    expect(lastSale()).toMatchObject({ 2: PAN, 14: '4912', 22: '052', 35: TRACK });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 25 35 41 42 49 55 60 64');
    const { facts } = approvedOf(answer);
    expect(['aid' in facts, facts.receipt.map(({ key }) => key).filter((key) => key === 'aid' || key === 'applicationLabel')]).toEqual([false, []]);
  });

  it('by a chip that names its product tells it, last of all', async () => {
    const data = encodeTlv([['9F63', '30313032303330340000000000000000'], ...decodeTlv(cardData)]);
    await pay({ card: keep({ entry: 'insert', data: new Sensitive(data), chip: chip(), cvm: 'online-pin' }) });
    expect([...decodeTlv(fromHex(lastSale()[55] ?? ''))].at(-1)).toEqual(['9F63', '30313032303330340000000000000000']);
  });

  it.each([undefined, null, 'sealed', new Uint8Array(0)])('is not begun where the PIN pad seals nothing: no reversal would name its card (%s)', async (given) => {
    pad.seal = async () => given as Uint8Array;
    await expect(pay({ card: tapped() })).rejects.toMatchObject({ error: 'Device.Unavailable' });
    expect(acquirer.of('0200')).toEqual([]);
  });

  it.each([
    ['packed', `${PAN}F`],
    ['cut off', PAN.slice(0, 16)],
    ['as text', Buffer.from(PAN.slice(0, 16)).toString('hex').toUpperCase()],
    ['its last digits as text', Buffer.from(PAN.slice(-11)).toString('hex').toUpperCase()],
    ['one digit more than may be shown', `A0${PAN.slice(0, 11)}F`],
  ])('logs no application identifier that holds the card number (%s)', async (_, held) => {
    const session = chip();
    const card = keep({ entry: 'insert', data: new Sensitive(encodeTlv([...decodeTlv(cardData)].map(([tag, value]) => [tag, tag === '84' ? held : value]))), chip: session, cvm: 'online-pin' });
    const { prepared, answer } = await pay({ card });
    expect(answer).toMatchObject({ outcome: 'approved' });
    expect(JSON.stringify([prepared, answer])).not.toContain(held);
  });

  it.each(['9F26', '9F10', '9F36', '95', '9B'])('logs and prints no %s that holds the card number', async (tag) => {
    const session = chip();
    const { firstGenerateAc, secondGenerateAc } = session;
    const held = `${PAN}F`;
    const spoilt = (answer: Uint8Array): Uint8Array => encodeTlv([...decodeTlv(answer)].filter(([name]) => name !== tag).concat([[tag, held]]));
    session.firstGenerateAc = async (data) => spoilt(await firstGenerateAc(data));
    session.secondGenerateAc = async (code, data) => spoilt(await secondGenerateAc(code, data));
    const { prepared, answer, recorded } = await pay({ card: inserted(session) });
    expect(JSON.stringify([prepared, answer, await method.complete(recorded, live(secrets))])).not.toContain(PAN);
  });

  it.each([
    ['A000000333', true],
    ['A0000003330101010203040506070809', true],
    [`A0${PAN.slice(0, 10)}`, true],
    ['A0000003', false],
    ['A000000333010101020304050607080910', false],
  ])('takes %s for an application identifier: %s', async (held, is) => {
    const card = keep({ entry: 'insert', data: new Sensitive(encodeTlv([...decodeTlv(cardData)].map(([tag, value]) => [tag, tag === '84' ? held : value]))), chip: chip(), cvm: 'online-pin' });
    expect(approvedOf((await pay({ card })).answer).facts['aid']).toBe(is ? held : undefined);
  });

  it('by tap without a PIN', async () => {
    const { answer } = await pay({ card: tapped() });
    expect(lastSale()).toMatchObject({ 22: '072', 23: '001' });
    expect(decodeTlv(fromHex(lastSale()[55] ?? '')).get('9F34')).toBe('1F0302');
    expect([26, 52, 53].map((field) => lastSale()[field])).toEqual([undefined, undefined, undefined]);
    expect(approvedOf(answer).facts['signature']).toBe('none');
  });

  it('by the stripe of a card whose chip failed says so', async () => {
    const card = secrets.put(CARD_KIND, new Sensitive(cardSecret({ entry: 'swipe', track2: new Sensitive(TRACK) }, new Map(), true)), {});
    await pay({ card });
    expect(lastSale()).toMatchObject({ 22: '022', 60: '2200000700062' });
  });

  it('with the PIN passed over', async () => {
    pad.pin = 'bypass';
    const card = swiped();
    const { answer } = await pay({ card, pin: await enterPin(card) });
    expect(lastSale()).toMatchObject({ 22: '022' });
    expect(lastSale()[52]).toBeUndefined();
    expect(approvedOf(answer).facts['signature']).toBe('signature');
  });

  it.each<[string, () => SensitiveReference]>([
    ['an inserted card', () => inserted()],
    ['a tap above the limit', () => tapped(1250, 'online-pin')],
  ])('with the PIN of %s passed over goes by signature', async (_, present) => {
    pad.pin = 'bypass';
    const card = present();
    const { answer } = await pay({ card, pin: await enterPin(card) });
    expect(decodeTlv(fromHex(lastSale()[55] ?? '')).get('9F34')).toBe('5E0300');
    expect(answer.outcome === 'approved' && answer.facts['signature']).toBe('signature');
  });

  it('with what was agreed: PIN length, single-length keys, third track, name of the merchant', async () => {
    agreed({ doubleLengthKeys: false, pin: { minLength: 6, maxLength: 6 }, merchantNameForField43: '街角小店' });
    pad.keys = undefined;
    const card = keep({ entry: 'swipe', track2: new Sensitive(STRIPE), track3: new Sensitive('996228480000000000019=1561560000000000000') });
    const { recorded } = await pay({ card, pin: await enterPin(card) });
    expect(lastSale()).toMatchObject({ 26: '06', 36: '996228480000000000019=1561560000000000000', 43: `街角小店${' '.repeat(32)}`, 53: '2000000000000000' });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 25 26 35 36 41 42 43 49 52 53 60 64');
    await method.reverse(recorded, 'no-answer', 1);
    expect(Object.keys(acquirer.of('0400')[0]?.fields ?? {}).join(' ')).toBe('2 3 4 11 14 22 25 39 41 42 49 60 61 64');
  });

  it.each(['', '99622848A0=156', '9'.repeat(105)])('goes without a third track that no message holds (%s)', async (track3) => {
    const { answer } = await pay({ card: keep({ entry: 'swipe', track2: new Sensitive(STRIPE), track3: new Sensitive(track3) }) });
    expect([answer.outcome, lastSale()[36]]).toEqual(['approved', undefined]);
  });

  it('gives the receipt what it needs, and no more of the card than first 6 and last 4', async () => {
    const card = tapped();
    const { answer, prepared } = await pay({ card });
    const { facts } = approvedOf(answer);
    expect(Object.fromEntries(facts.receipt.map(({ key, value }) => [key, value]))).toEqual({
      acquirer: '48020000',
      issuer: '测试银行甲',
      cardNumber: '622848*********0019 C',
      transactionType: '消费 SALE',
      batch: '000007',
      voucher: lastSale()[11],
      authorizationCode: 'A12345',
      referenceNumber: '632700000017',
      dateTime: '2026/11/23 14:05:09',
      aid: 'A000000333010101',
      applicationLabel: 'PBOC DEBIT',
      cryptogram: '1122334455667788',
      tvr: '0000000000',
      atc: '0007',
    });
    expect(facts.receipt.find(({ key }) => key === 'cryptogram')?.label['en']).toBe('ARQC');
    const { receipt: _receipt, ...kept } = facts;
    expect(kept).toEqual({
      tid: TERMINAL.tid,
      mid: TERMINAL.mid,
      operatorId: '01',
      batch: '000007',
      trace: lastSale()[11],
      responseCode: '00',
      maskedPan: '622848*********0019',
      entry: 'tap',
      hostTime: '140509',
      hostDate: '1123',
      settlementDate: '1124',
      referenceNumber: '632700000017',
      authorizationCode: 'A12345',
      issuer: '测试银行甲',
      acquirer: '48020000',
      aid: 'A000000333010101',
      tvr: '0000000000',
      cryptogram: '1122334455667788',
      signature: 'none',
    });
    expect(JSON.stringify([prepared, answer])).not.toMatch(/6228480000000000019|4912/);
  });

  it.each<[string | undefined, string | undefined, object]>([
    ['ABCDEFGHIJK48029999   ', '48020000', { issuer: 'ABCDEFGHIJK', acquirer: '48029999' }],
    ['测试银行甲', '48020000', { issuer: '测试银行甲', acquirer: '48020000' }],
    [undefined, '48020000', { acquirer: '48020000' }],
    [undefined, undefined, {}],
  ])('tells issuer and acquirer as the host names them (44 %s, 32 %s)', async (field44, field32, expected) => {
    acquirer.next('0200', (request) => [acquirer.answer(request, '00', { 32: field32, 38: ' '.repeat(6), 44: field44 })]);
    const { facts } = approvedOf((await pay({ card: swiped() })).answer);
    const { issuer, acquirer: its } = facts;
    expect({ issuer, acquirer: its }).toEqual({ issuer: undefined, acquirer: undefined, ...expected });
    expect(facts.receipt.map(({ key }) => key)).toEqual([...('acquirer' in expected ? ['acquirer'] : []), ...('issuer' in expected ? ['issuer'] : []), 'cardNumber', 'transactionType', 'batch', 'voucher', 'referenceNumber', 'dateTime', 'applicationLabel']);
  });

  it('is approved for a part where the code says so', async () => {
    acquirer.next('0200', (request) => [acquirer.answer(request, '10', { 4: '000000000800' })]);
    const { answer } = await pay({ card: swiped() }, { allowPartial: true });
    expect(answer).toMatchObject({ outcome: 'approved', amount: { amountMinor: 800 } });
  });

  it.each(['00', '11', '16', 'A2', 'A4', 'A5', 'A6'])('is approved by %s', async (code) => {
    acquirer.next('0200', (request) => [acquirer.answer(request, code)]);
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'approved', amount: { amountMinor: 1250 } });
  });

  it.each([
    ['51', { outcome: 'declined', verified: true, code: '51', again: 'never', hint: { zh: '可用余额不足' } }],
    ['55', { outcome: 'declined', again: 'new-input', error: 'Pin.Incorrect' }],
    ['38', { outcome: 'declined', again: 'never' }],
    ['A0', { outcome: 'declined', again: 'sign-on-first' }],
    ['68', { outcome: 'declined', again: 'later' }],
    ['98', { outcome: 'declined', again: 'later' }],
    ['Z9', { outcome: 'declined', again: 'never', hint: { zh: '交易失败' } }],
    ['94', { outcome: 'unknown', reason: 'duplicate' }],
  ])('answered %s', async (code, expected) => {
    acquirer.next('0200', (request) => [acquirer.answer(request, code)]);
    expect((await pay({ card: swiped() })).answer).toMatchObject(expected);
  });

  it.each<[string, (request: Iso8583Message) => Reply]>([
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '51'))]],
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '00'))]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 4: '000000000001' })]],
    ['garbled', () => [fromHex('00')]],
    ['no-answer', () => 'hang-up'],
  ])('is unknown when the answer is %s', async (reason, reply) => {
    acquirer.next('0200', reply);
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'unknown', reason });
  });

  it('is unknown, not declined, when the answer does not come in time', async () => {
    acquirer.next('0200', () => {
      clock.advance(60_000);
      return undefined;
    });
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
  });

  it('is not sent when there is no connection', async () => {
    await acquirer.close();
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'not-sent' });
    acquirer = await TestAcquirer.start();
  });

  it('takes a new trace number for each attempt, and begins again after 999999', async () => {
    counted.values.set('trace', 999_999);
    await pay({ card: swiped() });
    expect(lastSale()[11]).toBe('000001');
    await pay({ card: swiped() }, { attempt: 2 });
    expect(lastSale()[11]).toBe('000002');
  });

  it('refuses what no card can be charged with', async () => {
    const card = swiped();
    for (const amount of [{ amountMinor: 1250, currency: 'USD' }, { amountMinor: 0, currency: 'CNY' }, { amountMinor: 1e12, currency: 'CNY' }]) {
      await expect(method.prepare(requestOf({ card }, { amount }), live(secrets))).rejects.toMatchObject({ error: 'Card.AmountInvalid' });
    }
    for (const amountMinor of [1, 999_999_999_999]) {
      expect((await pay({ card: swiped() }, { amount: { amountMinor, currency: 'CNY' } })).answer).toMatchObject({ outcome: 'approved', amount: { amountMinor } });
      expect(Number(lastSale()[4])).toBe(amountMinor);
    }
  });

  it.each([
    [60_000, 59_000],
    [5_000, 4_500],
  ])('is given up a little before the engine gives it up (after %i ms: %i)', async (answerWithinMs, over) => {
    agreed({ policy: { answerWithinMs } });
    const { recorded } = await pay({ card: inserted() });
    const card = swiped();
    const request = requestOf({ card });
    const { prepared } = await method.prepare(request, live(secrets));
    for (const [mti, ask] of [['0200', () => method.submit(request, prepared, live(secrets))], ['0400', () => method.reverse(recorded, 'no-answer', 1)]] as const) {
      let heard: (() => void) | undefined;
      const sent = new Promise<void>((resolve) => (heard = resolve));
      acquirer.next(mti, () => void heard?.());
      let outcome: unknown;
      const asked = ask().then((answer) => (outcome = answer));
      await sent;
      clock.advance(over - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(outcome).toBeUndefined();
      clock.advance(1);
      expect(await asked).toMatchObject({ outcome: 'unknown', reason: 'no-answer' });
    }
  });
});

describe('PIN blocks', () => {
  it('go out once: a second attempt needs a new PIN entry', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    acquirer.next('0200', (request) => [acquirer.answer(request, '55')]);
    await pay({ card, pin });
    await expect(pay({ card, pin }, { attempt: 2 })).rejects.toMatchObject({ error: 'Sensitive.Lost' });
    const first = lastSale();
    pad.pin = '654321';
    await pay({ card, pin: await enterPin(card) }, { attempt: 2 });
    expect(acquirer.of('0200')).toHaveLength(2);
    expect(lastSale()[52]).not.toBe(first[52]);
    expect(lastSale()[11]).not.toBe(first[11]);
  });

  it('may go with the next attempt when not a byte had left', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    const request = requestOf({ card, pin });
    const { prepared } = await method.prepare(request, live(secrets));
    expect(await method.submit(request, prepared, live(secrets, [], AbortSignal.abort()))).toMatchObject({ outcome: 'not-sent' });
    expect((await pay({ card, pin }, { attempt: 2 })).answer).toMatchObject({ outcome: 'approved' });
    expect(lastSale()[52]).toMatch(/^[0-9A-F]{16}$/);
  });

  it('go out once, even where the vault still holds them', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    const { sensitive } = pin as unknown as SensitiveReference;
    const kept = secrets.held.get(sensitive);
    acquirer.next('0200', (request) => [acquirer.answer(request, '55')]);
    await pay({ card, pin });
    secrets.held.set(sensitive, kept);
    await expect(pay({ card, pin }, { attempt: 2 })).rejects.toMatchObject({ error: 'Sensitive.Lost', message: 'the PIN was sent already: it must be entered again' });
  });

  it('are not used for another card', async () => {
    const pin = await enterPin(swiped());
    await expect(pay({ card: swiped(), pin })).rejects.toMatchObject({ error: 'Sensitive.Lost' });
    expect(acquirer.of('0200')).toEqual([]);
  });

  it('are not used under a key that is gone', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    pad.keys = undefined;
    await line.ensureKeys();
    await expect(pay({ card, pin })).rejects.toMatchObject({ error: 'Sensitive.Lost' });
  });

  it('are not used under keys that the host has refused since', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    acquirer.next('0200', (request) => [acquirer.answer(request, 'A0')]);
    await pay({ card: swiped() });
    await expect(method.prepare(requestOf({ card, pin }), live(secrets))).rejects.toMatchObject({ error: 'Sensitive.Lost' });
  });

  it('that were passed over need no key', async () => {
    pad.pin = 'bypass';
    const card = swiped();
    const pin = await enterPin(card);
    pad.keys = undefined;
    expect((await pay({ card, pin })).answer).toMatchObject({ outcome: 'approved' });
  });

  it('are not sent when the keys change between prepare and submit', async () => {
    const card = swiped();
    const request = requestOf({ card, pin: await enterPin(card) });
    const { prepared } = await method.prepare(request, live(secrets));
    pad.keys = undefined;
    expect(await method.submit(request, prepared, live(secrets))).toMatchObject({ outcome: 'not-sent' });
    expect(acquirer.of('0200')).toEqual([]);
  });
});

describe('what is in memory', () => {
  it('is forgotten once the answer is there', async () => {
    const card = swiped();
    const pin = await enterPin(card);
    await pay({ card, pin });
    expect(secrets.held.size).toBe(0);
  });
  it('stays for a new PIN entry, but not the PIN', async () => {
    acquirer.next('0200', (request) => [acquirer.answer(request, '55')]);
    const card = swiped();
    await pay({ card, pin: await enterPin(card) });
    expect([...secrets.held.keys()]).toEqual([card.sensitive]);
  });
  it.each<[string, number, (request: Iso8583Message) => Reply]>([
    ['an unknown fate', 0, () => 'hang-up'],
    ['a decline', 0, (request) => [acquirer.answer(request, '51')]],
    ['a host that is out of order', 0, (request) => [acquirer.answer(request, '91')]],
    ['a refusal of the keys', 1, (request) => [acquirer.answer(request, 'A0')]],
  ])('after %s: %i secrets', async (_what, count, reply) => {
    acquirer.next('0200', reply);
    await pay({ card: swiped() });
    expect(secrets.held.size).toBe(count);
  });
});

describe('sign-on around a sale', () => {
  it('comes first when the PIN pad has no keys', async () => {
    pad.keys = undefined;
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'approved' });
    expect(acquirer.requests.map(({ mti }) => mti)).toEqual(['0800', '0800', '0200']);
  });
  it('that opens a new batch leaves the attempt unsent: its reference names the old one', async () => {
    pad.keys = undefined;
    acquirer.batch = '000008';
    expect((await pay({ card: swiped() })).answer).toMatchObject({ outcome: 'not-sent' });
    expect(acquirer.of('0200')).toEqual([]);
    expect((await pay({ card: swiped() }, { attempt: 2 })).prepared.reference).toContain('-000008-');
  });
  it('that the host refuses leaves the sale unsent', async () => {
    pad.keys = undefined;
    acquirer.next('0800', (request) => [acquirer.signOn(request, { 39: '97' })]);
    expect((await pay({ card: swiped() })).answer).toEqual({ outcome: 'not-sent', why: 'sign-on: the acquirer answered 97' });
    expect(acquirer.of('0200')).toEqual([]);
  });
  it('follows a refusal of the keys', async () => {
    acquirer.next('0200', (request) => [acquirer.answer(request, 'A0')]);
    const card = swiped();
    await pay({ card });
    expect((await pay({ card }, { attempt: 2 })).answer).toMatchObject({ outcome: 'approved' });
    expect(acquirer.requests.map(({ mti }) => mti)).toEqual(['0800', '0200', '0800', '0200']);
  });
});

describe('a chip', () => {
  it('is given the code and the issuer data, and its TC completes the sale', async () => {
    const session = chip();
    acquirer.next('0200', (request) => [acquirer.answer(request, '00', { 55: '910A112233445566778830308A023030710386010C720386010A720386010B' })]);
    const { answer, recorded } = await pay({ card: inserted(session) });
    expect(answer).toMatchObject({ outcome: 'approved', completion: 'due' });
    // Both scripts arrive: what the card is given keeps repeats, so it is read here as the card reads it.
    session.secondGenerateAc = async (code, data) => {
      session.asked.push(`second ${code} ${Buffer.from(data).toString('hex').toUpperCase()}`);
      return encodeTlv([['9F26', '99AABBCCDDEEFF00'], ['9F27', '40'], ['95', '0000008001'], ['9B', 'F800']]);
    };
    const completion = await method.complete(recorded, live(secrets));
    expect(session.asked.at(-1)).toBe('second 00 910A11223344556677883030710386010C720386010A720386010B');
    expect(completion).toMatchObject({ outcome: 'completed' });
    const receipt = completion.outcome === 'completed' ? completion.facts?.receipt : [];
    expect(receipt?.slice(-4).map(({ label, value }) => [label['en'], value])).toEqual([['TC', '99AABBCCDDEEFF00'], ['TVR', '0000008001'], ['TSI', 'F800'], ['ATC', '0007']]);
    expect(secrets.held.size).toBe(0);
  });

  it('is given nothing of issuer data that can not be read, and may refuse then', async () => {
    const session = chip({ second: () => '00' });
    acquirer.next('0200', (request) => [acquirer.answer(request, '00', { 55: '910A1122334455667788' })]);
    const { recorded } = await pay({ card: inserted(session) });
    expect(await method.complete(recorded, live(secrets))).toEqual({ outcome: 'refused-by-card', why: 'the card answered AAC' });
    expect(session.asked.at(-1)).toBe('second 00 ');
  });

  it.each<[string, () => string]>([
    ['answers AAC', () => '00'],
    ['answers ARQC again', () => '80'],
    ['is gone', () => { throw new ActionError('Card.Removed', 'gone'); }],
    ['breaks', () => { throw new Error('usb'); }],
  ])('that %s refuses the approval', async (_what, second) => {
    const { recorded } = await pay({ card: inserted(chip({ second })) });
    expect(await method.complete(recorded, live(secrets))).toMatchObject({ outcome: 'refused-by-card' });
  });

  it('of a former process refuses the approval', async () => {
    const { recorded } = await pay({ card: inserted() });
    secrets.held.clear();
    expect(await method.complete(recorded, live(secrets))).toMatchObject({ outcome: 'refused-by-card' });
  });

  it.each(['00', '40'])('that does not ask for the host (9F27 %s) is not charged', async (first) => {
    await expect(pay({ card: inserted(chip({ first })) })).rejects.toMatchObject({ error: 'Card.Declined' });
    expect(acquirer.of('0200')).toEqual([]);
  });

  it('gives its cryptogram once: a PIN that is entered again goes out with the same one, under another trace number, and for no other amount', async () => {
    const session = chip();
    const card = inserted(session);
    acquirer.next('0200', (request) => [acquirer.answer(request, '55')]);
    const first = await pay({ card, pin: await enterPin(card) });
    expect(first.answer).toMatchObject({ outcome: 'declined', error: 'Pin.Incorrect' });
    const sent = lastSale();
    await expect(pay({ card, pin: await enterPin(card) }, { attempt: 2, amount: { amountMinor: 1251, currency: 'CNY' } })).rejects.toMatchObject({ error: 'Card.AmountChanged', details: { hint: { en: expect.stringContaining('insert') } } });
    const second = await pay({ card, pin: await enterPin(card) }, { attempt: 2 });
    expect(second.answer).toMatchObject({ outcome: 'approved', completion: 'due' });
    expect(lastSale()[55]).toBe(sent[55]);
    expect(lastSale()[11]).not.toBe(sent[11]);
    expect(session.asked).toEqual(['first 000000001250']);
    expect(await method.complete(second.recorded, live(secrets))).toMatchObject({ outcome: 'completed' });
  });

  it('tapped for another amount is not charged', async () => {
    await expect(pay({ card: tapped(1249) })).rejects.toMatchObject({ error: 'Card.AmountChanged' });
  });
});

describe('a reversal', () => {
  const unanswered = async (args: () => JsonObject = () => ({ card: inserted() })) => {
    acquirer.next('0200', () => 'hang-up');
    return (await pay(args())).recorded;
  };

  it('repeats the original under its own trace, without track, PIN and full chip data', async () => {
    const recorded = await unanswered();
    const { 11: trace, 64: _mac } = lastSale();
    expect(await method.reverse(recorded, 'no-answer', 1)).toEqual({ outcome: 'undone', verified: true, proof: 'acknowledged' });
    const [sent] = acquirer.of('0400');
    expect(sent && acquirer.macFits(sent)).toBe(true);
    const { 64: _own, ...fields } = sent?.fields ?? {};
    expect(fields).toEqual({
      2: PAN, 3: '000000', 4: '000000001250', 11: trace, 14: '4912', 22: '052', 23: '001', 25: '00', 39: '98', 41: TERMINAL.tid, 42: TERMINAL.mid, 49: '156',
      55: '950500000080009F1E0850414430303034329F100807010103A00000019F36020007',
      60: '2200000700060', 61: `000007${trace}0000`,
    });
  });

  it('tells why: no answer, wrong MAC, refused by the card', async () => {
    const recorded = await unanswered();
    for (const reason of ['no-answer', 'unverified', 'card-refused', 'flow-failed', 'mismatch'] as const) await method.reverse(recorded, reason, 1);
    expect(acquirer.of('0400').map(({ fields }) => fields[39])).toEqual(['98', 'A0', '06', '98', '06']);
    const { recorded: approved } = await pay({ card: inserted() });
    await method.reverse(approved, 'flow-failed', 1);
    expect(acquirer.of('0400').at(-1)?.fields).toMatchObject({ 39: '06', 61: `000007${lastSale()[11]}1123` });
  });

  it('needs nothing but what is on disk: the record as JSON, and what was sealed', async () => {
    const { sealed, ...recorded } = await unanswered();
    const onDisk = JSON.stringify(recorded);
    for (const text of [onDisk, Buffer.from(sealed ?? []).toString('latin1')]) expect(text).not.toMatch(/6228480000000000019|491220/);
    secrets.held.clear();
    const chosen = settings(acquirer.options);
    const restarted = new CardPayment({
      settings: chosen,
      line: new AcquirerLine(chosen, clock, TERMINAL, counted, pad),
      clock,
      random: countingRandom,
      terminal: TERMINAL,
      counters: counted,
      pinPad: pad,
    });
    const record: Recorded = { ...(JSON.parse(onDisk) as Recorded), ...(sealed === undefined ? {} : { sealed }) };
    expect(await restarted.reverse(record, 'no-answer', 2)).toMatchObject({ outcome: 'undone' });
    expect(acquirer.of('0400').at(-1)?.fields).toMatchObject({ 2: PAN, 14: '4912', 11: lastSale()[11] });
  });

  it.each<[string, string, object]>([
    ['25', 'nothing to undo', { outcome: 'undone', verified: true, proof: 'no-original' }],
    ['A5', 'done, and to be confirmed with the issuer', { outcome: 'undone', verified: true, proof: 'acknowledged' }],
    ['10', 'done for a part, if at all', { outcome: 'unknown', reason: 'mismatch' }],
    ['12', 'a refusal', { outcome: 'refused', code: '12' }],
    ['96', 'a host out of order', { outcome: 'unknown', reason: 'host-error' }],
    ['94', 'a duplicate', { outcome: 'unknown', reason: 'host-error' }],
  ])('answered %s is %s', async (code, _what, expected) => {
    const recorded = await unanswered();
    acquirer.next('0400', (request) => [acquirer.answer(request, code)]);
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject(expected);
  });

  it.each<[string, (request: Iso8583Message) => Reply]>([
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '00'))]],
    ['unverified', (request) => [withoutMac(acquirer.answer(request, '25'))]],
    ['mismatch', (request) => [acquirer.answer(request, '00', { 4: '000000000001' })]],
    ['no-answer', () => 'hang-up'],
    ['garbled', () => [fromHex('FF')]],
  ])('is not believed when its answer is %s', async (reason, reply) => {
    const recorded = await unanswered();
    acquirer.next('0400', reply);
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject({ outcome: 'unknown', reason });
  });

  it('signs on first only when the keys were refused, then goes under the new key with the old trace', async () => {
    const recorded = await unanswered();
    const trace = lastSale()[11];
    acquirer.next('0400', (request) => [withoutMac(acquirer.answer(request, 'A0'))]);
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject({ outcome: 'undone' });
    expect(acquirer.requests.map(({ mti }) => mti)).toEqual(['0800', '0200', '0400', '0800', '0400']);
    const again = acquirer.of('0400').at(-1);
    expect(again && acquirer.macFits(again)).toBe(true);
    expect(again?.fields[11]).toBe(trace);
  });

  it('is not refused by a host that takes no key that it gives: it signs on once for a try', async () => {
    const recorded = await unanswered();
    acquirer.next('0400', ...Array.from({ length: 3 }, () => (request: Iso8583Message) => [acquirer.answer(request, 'A0')]));
    expect(await method.reverse(recorded, 'no-answer', 1)).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'the host answered A0' });
    expect(acquirer.requests.map(({ mti }) => mti)).toEqual(['0800', '0200', '0400', '0800', '0400']);
  });

  it('waits for a PIN pad that does not answer', async () => {
    const recorded = await unanswered();
    const { unseal } = pad;
    pad.unseal = async () => {
      throw new ActionError('Device.Unavailable', 'unplugged');
    };
    expect(await method.reverse(recorded, 'no-answer', 1)).toEqual({ outcome: 'not-sent', why: 'the PIN pad does not answer' });
    pad.unseal = async () => {
      throw new Error('usb');
    };
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject({ outcome: 'not-sent' });
    expect(acquirer.of('0400')).toEqual([]);
    pad.unseal = unseal;
    expect(await method.reverse(recorded, 'no-answer', 2)).toMatchObject({ outcome: 'undone' });
  });

  it('counts as a try that reached the host when that refuses the sign-on before it', async () => {
    const recorded = await unanswered();
    acquirer.next('0400', (request) => [withoutMac(acquirer.answer(request, 'A0'))]);
    acquirer.next('0800', (request) => [acquirer.signOn(request, { 39: '97' })], () => 'hang-up');
    for (const why of ['sign-on: the acquirer answered 97', 'sign-on: the acquirer closed the connection without an answer']) {
      expect(await method.reverse(recorded, 'no-answer', 1)).toEqual({ outcome: 'unknown', reason: 'host-error', why });
    }
    await acquirer.close();
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject({ outcome: 'not-sent' });
    acquirer = await TestAcquirer.start();
  });

  it('is not sent without a connection', async () => {
    const recorded = await unanswered();
    await acquirer.close();
    expect(await method.reverse(recorded, 'no-answer', 1)).toMatchObject({ outcome: 'not-sent' });
    acquirer = await TestAcquirer.start();
  });

  it('needs a person when the PIN pad was replaced', async () => {
    const recorded = await unanswered();
    const moved = { ...recorded, request: { ...recorded.request, paymentId: 'p2' } };
    expect(await method.reverse(moved, 'no-answer', 1)).toEqual({ outcome: 'refused', code: 'PinPad.Replaced' });
    // What is sealed opens for its own attempt only.
    const other = { ...recorded, prepared: { ...recorded.prepared, reference: `${TERMINAL.tid}-000007-999999` } };
    expect(await method.reverse(other, 'no-answer', 1)).toEqual({ outcome: 'refused', code: 'PinPad.Replaced' });
    expect(acquirer.of('0400')).toEqual([]);
  });
});

describe('the remedy', () => {
  it('is a reversal while the fate is unknown or the card has not accepted', async () => {
    acquirer.next('0200', () => 'hang-up');
    expect(method.remedy((await pay({ card: swiped() })).recorded)).toEqual({ do: 'reverse' });
    expect(method.remedy((await pay({ card: inserted() })).recorded)).toEqual({ do: 'reverse' });
  });
  it('is a void of what was approved once it is complete', async () => {
    acquirer.next('0200', (request) => [acquirer.answer(request, '10', { 4: '000000000800' })]);
    expect(method.remedy((await pay({ card: swiped() })).recorded)).toEqual({ do: 'void', amount: { amountMinor: 800, currency: 'CNY' } });
  });
  it('is a person for a void that was approved', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    const { recorded } = await pay({}, { operation: 'void', attempt: 2, original });
    expect(method.remedy(recorded)).toEqual({ do: 'ask-person', why: 'a void can not be undone' });
  });
});

describe('a void of a sale', () => {
  it('names its original, needs no card, and has a trace of its own', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    const sale = lastSale();
    const { answer, sealed, recorded, prepared } = await pay({}, { operation: 'void', attempt: 2, original });
    expect(answer).toMatchObject({ outcome: 'approved', completion: 'none' });
    expect(prepared).toMatchObject({ reference: `${TERMINAL.tid}-000007-${lastSale()[11]}`, lane: original.prepared.lane, dataVersion: 1 });
    expect(approvedOf(answer).facts).toMatchObject({ signature: 'none', maskedPan: '622848*********0019', entry: 'void' });
    expect(Object.fromEntries(approvedOf(answer).facts.receipt.map(({ key, value }) => [key, value]))).toMatchObject({ cardNumber: '622848*********0019 M', transactionType: '消费撤销 VOID' });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 25 37 38 41 42 49 60 61 64');
    expect(lastSale()).toMatchObject({ 2: PAN, 3: '200000', 4: '000000001250', 22: '012', 37: '632700000017', 38: 'A12345', 60: '2300000700060', 61: `000007${sale[11]}1123` });
    expect(lastSale()[11]).not.toBe(sale[11]);
    expect(sealed).toBeDefined();
    const unansweredVoid = { ...recorded, completed: false };
    const { approved: _approved, ...open } = unansweredVoid;
    expect(method.remedy(open)).toEqual({ do: 'reverse' });
    expect(await method.reverse(open, 'no-answer', 1)).toMatchObject({ outcome: 'undone' });
    const { 64: _mac, ...reversed } = acquirer.of('0400').at(-1)?.fields ?? {};
    expect(reversed).toEqual({
      2: PAN, 3: '200000', 4: '000000001250', 11: lastSale()[11], 14: '4912', 22: '012', 25: '00', 39: '98', 41: TERMINAL.tid, 42: TERMINAL.mid, 49: '156',
      60: '2300000700060', 61: `000007${lastSale()[11]}0000`,
    });
  });
  it('of a sale whose answer named neither date, reference nor authorization goes without them', async () => {
    acquirer.next('0200', (request) => [acquirer.answer(request, '00', { 13: undefined, 37: undefined, 38: undefined })]);
    const { recorded: original } = await pay({ card: swiped() });
    const sale = lastSale();
    expect((await pay({}, { operation: 'void', attempt: 2, original })).answer).toMatchObject({ outcome: 'approved' });
    expect(Object.keys(lastSale()).join(' ')).toBe('2 3 4 11 14 22 25 41 42 49 60 61 64');
    expect(lastSale()[61]).toBe(`000007${sale[11]}0000`);
  });
  it('needs an approved original', async () => {
    await expect(pay({}, { operation: 'void' })).rejects.toMatchObject({ error: 'Payment.OriginalMissing' });
    acquirer.next('0200', () => 'hang-up');
    const { recorded: original } = await pay({ card: swiped() });
    await expect(pay({}, { operation: 'void', attempt: 2, original })).rejects.toMatchObject({ error: 'Payment.OriginalMissing' });
  });
  it('goes without the card number where the PIN pad was replaced, and waits for one that does not answer', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    const { unseal } = pad;
    pad.unseal = async () => {
      throw new ActionError('Device.Unavailable', 'unplugged');
    };
    await expect(pay({}, { operation: 'void', attempt: 2, original })).rejects.toMatchObject({ error: 'Device.Unavailable' });
    pad.unseal = unseal;
    const { answer } = await pay({}, { operation: 'void', attempt: 3, original: { ...original, request: { ...original.request, paymentId: 'p0' } } });
    expect([answer.outcome, lastSale()[2], lastSale()[14]]).toEqual(['approved', undefined, undefined]);
  });
  it('goes without the card number once that is forgotten', async () => {
    const { recorded } = await pay({ card: swiped() });
    const { sealed: _sealed, ...original } = recorded;
    pad.unseal = async () => {
      throw new Error('there is nothing to open');
    };
    const { answer, sealed, recorded: voided } = await pay({}, { operation: 'void', attempt: 2, original });
    expect([answer.outcome, sealed, lastSale()[2], lastSale()[14]]).toEqual(['approved', undefined, undefined, undefined]);
    const { approved: _approved, ...open } = { ...voided, completed: false };
    expect(await method.reverse(open, 'no-answer', 1)).toMatchObject({ outcome: 'undone' });
    expect(Object.keys(acquirer.of('0400')[0]?.fields ?? {}).join(' ')).toBe('3 4 11 22 25 39 41 42 49 60 61 64');
  });
  it('of a part is no void: its fate is unknown', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    acquirer.next('0200', (request) => [acquirer.answer(request, '10', { 4: '000000000800' })]);
    expect((await pay({}, { operation: 'void', attempt: 2, original })).answer).toMatchObject({ outcome: 'unknown', reason: 'mismatch' });
  });
  it('counts as a try that reached the host when that refuses the sign-on before it; without a connection it was not sent', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    pad.keys = undefined;
    acquirer.next('0800', (request) => [acquirer.signOn(request, { 39: '97' })]);
    expect((await pay({}, { operation: 'void', attempt: 2, original })).answer).toEqual({ outcome: 'unknown', reason: 'host-error', why: 'sign-on: the acquirer answered 97' });
    await acquirer.close();
    expect((await pay({}, { operation: 'void', attempt: 3, original })).answer).toMatchObject({ outcome: 'not-sent' });
    acquirer = await TestAcquirer.start();
  });
  it('declined is declined', async () => {
    const { recorded: original } = await pay({ card: swiped() });
    acquirer.next('0200', (request) => [acquirer.answer(request, '25')]);
    expect((await pay({}, { operation: 'void', attempt: 2, original })).answer).toMatchObject({ outcome: 'declined', code: '25' });
  });
});
