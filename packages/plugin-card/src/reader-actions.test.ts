import { ActionError, type CardRead, type CardReader, type JsonObject, type ReadRequest, Sensitive, type SensitiveReference } from '@tillwright/core/contract';
import { beforeEach, describe, expect, it } from 'vitest';
import { CARD_KIND, type CardSecret } from './card-secret.js';
import { type CardOptions, settings } from './options.js';
import { decodeTlv, encodeTlv } from './protocol.js';
import { readerActions } from './reader-actions.js';
import { counters, countingRandom, ManualClock, type Shown, TERMINAL, TestPinPad, vault } from './testing.test-helper.js';

const PAN = '6228480000000000019';
const OPTIONS = { acquirer: { host: '127.0.0.1', port: 1, tpdu: '6000030000', header: '603100310100' } };

const stripe = (serviceCode: string, expiry = '4912'): CardRead => ({ entry: 'swipe', track2: new Sensitive(`${PAN}=${expiry}${serviceCode}0000000101`) });
const records = (changes: { readonly [tag: string]: string } = {}) =>
  encodeTlv(Object.entries({ '84': 'A000000333010101', '50': '50424F43204445424954', '57': `${PAN}D49122010000000101F`, '5A': `${PAN}F`, '5F34': '01', '82': '7C00', ...changes }));
const chipCard = (data = records()): CardRead => ({ entry: 'insert', data: new Sensitive(data), cvm: 'online-pin', chip: { firstGenerateAc: async () => new Uint8Array(), secondGenerateAc: async () => new Uint8Array() } });
const tap: CardRead = { entry: 'tap', data: new Sensitive(records({ '9F27': '80' })), cvm: 'none' };
const fails = (error: string) => (): never => {
  throw new ActionError(error, 'as told');
};

/** Gives the customer's presentations one after the other, and keeps what it was asked. */
class ScriptedReader implements CardReader {
  readonly asked: ReadRequest[] = [];
  removed = false;
  constructor(readonly presented: (CardRead | (() => CardRead))[]) {}
  async read(request: ReadRequest): Promise<CardRead> {
    this.asked.push(request);
    const next = this.presented.shift();
    if (next === undefined) return new Promise(() => undefined);
    return typeof next === 'function' ? next() : next;
  }
  async remove(): Promise<void> {
    this.removed = true;
  }
}

let secrets: ReturnType<typeof vault>;
let shown: Shown[];
beforeEach(() => {
  secrets = vault();
  shown = [];
});

const read = async (presented: (CardRead | (() => CardRead))[], args: JsonObject = {}, signal = new AbortController().signal, options: Partial<CardOptions> = {}) => {
  const reader = new ScriptedReader(presented);
  const { actions } = readerActions({ settings: settings({ ...OPTIONS, ...options }), reader, pinPad: new TestPinPad(), vault: secrets, clock: new ManualClock(), random: countingRandom, counters: counters() });
  const context = { executionId: 'x', step: 's', terminal: TERMINAL, signal, heartbeat: () => {}, show: (audience: string, text: Shown['text'], details?: unknown) => void shown.push({ audience, text, details }) };
  const result = actions['readCard']?.run({ amountMinor: 1250, ...args }, context) as Promise<SensitiveReference>;
  return { reader, result: await result.then((card) => ({ card }), (error: ActionError) => ({ error })), actions, context };
};
const customerSaw = () => shown.filter(({ audience }) => audience === 'customer').map(({ text }) => text.zh);

describe('readCard', () => {
  it.each<[CardRead, JsonObject]>([
    [stripe('101'), { maskedPan: '622848*********0019', entry: 'swipe', cvm: 'online-pin', expired: false }],
    [chipCard(), { maskedPan: '622848*********0019', entry: 'insert', cvm: 'online-pin', expired: false, label: 'PBOC DEBIT' }],
    [tap, { maskedPan: '622848*********0019', entry: 'tap', cvm: 'none', expired: false, label: 'PBOC DEBIT' }],
  ])('gives a reference with a masked view (%#)', async (card, view) => {
    const { result } = await read([card]);
    expect(result).toEqual({ card: { sensitive: 'v1', kind: 'card', view } });
    expect(JSON.stringify([result, shown])).not.toMatch(/6228480000000000019|4912/);
    expect(secrets.take<CardSecret>((result as { card: SensitiveReference }).card, CARD_KIND).reveal()).toMatchObject({ pan: PAN, expiry: '4912' });
  });

  it('passes on no label that has more digits than may be shown of a card number, or is none', async () => {
    for (const label of ['UNIONPAY CREDIT', 'C', 'CARD 6228480019', '622848 0000 0019']) {
      const { result } = await read([chipCard(records({ '50': Buffer.from(label, 'latin1').toString('hex').toUpperCase() }))]);
      expect((result as { card: SensitiveReference }).card.view).toMatchObject(label.startsWith('622848') ? { entry: 'insert' } : { label });
    }
    for (const label of ['6228480000000000', '6228 4800 0000 00', 'CARD 62284800019', 'PBOC DEBIT CARDS.', '', 'PBOC\u001B', '\u001BPBOC', 'PBOC\u00E9']) {
      const { result } = await read([chipCard(records({ '50': Buffer.from(label, 'latin1').toString('hex').toUpperCase() }))]);
      expect((result as { card: SensitiveReference }).card.view).toEqual({ maskedPan: '622848*********0019', entry: 'insert', cvm: 'online-pin', expired: false });
    }
  });

  it('tells the kernel what it must know', async () => {
    const { reader } = await read([tap], { accept: ['tap', 'insert'] });
    expect(reader.asked[0]).toMatchObject({ accept: ['tap', 'insert'], amount: { amountMinor: 1250, currency: 'CNY' }, noPinLimitMinor: 100_000 });
    expect(Object.fromEntries(decodeTlv(reader.asked[0]?.terminalData ?? new Uint8Array()))).toEqual({
      '9F02': '000000001250', '9F03': '000000000000', '9F1A': '0156', '5F2A': '0156', '9A': '261123', '9C': '00', '9F37': '01020304',
      '9F33': '6068C8', '9F35': '22', '9F1E': '5041443030303432', '9F09': '0030', '9F41': '00000001', '95': '0000000000',
    });
  });

  it.each([
    ['SIM0A1B2C3D', '0A1B2C3D'],
    ['PAD00042', 'PAD00042'],
    ['42', '00000042'],
  ])('names the PIN pad %s by the 8 characters of 9F1E: %s', async (serial, expected) => {
    const reader = new ScriptedReader([tap]);
    const pinPad = Object.assign(new TestPinPad(), { serial });
    const { actions } = readerActions({ settings: settings(OPTIONS), reader, pinPad, vault: secrets, clock: new ManualClock(), random: countingRandom, counters: counters() });
    await actions['readCard']?.run({ amountMinor: 1250 }, { executionId: 'x', step: 's', terminal: TERMINAL, signal: new AbortController().signal, heartbeat: () => {}, show: () => {} });
    expect(Buffer.from(decodeTlv(reader.asked[0]?.terminalData ?? new Uint8Array()).get('9F1E') ?? '', 'hex').toString('latin1')).toBe(expected);
  });

  it('asks a tap above the limit for its PIN, whatever the kernel says', async () => {
    const { result } = await read([tap], { amountMinor: 100_001 });
    expect(result).toMatchObject({ card: { view: { cvm: 'online-pin' } } });
    expect((await read([tap], { amountMinor: 100_000 })).result).toMatchObject({ card: { view: { cvm: 'none' } } });
  });

  it('asks it for its PIN above the limit that the merchant chose', async () => {
    expect((await read([tap], { amountMinor: 30_001 }, undefined, { noPinLimitMinor: 30_000 })).result).toMatchObject({ card: { view: { cvm: 'online-pin' } } });
    const { reader, result } = await read([tap], { amountMinor: 30_000 }, undefined, { noPinLimitMinor: 30_000 });
    expect(result).toMatchObject({ card: { view: { cvm: 'none' } } });
    expect(reader.asked[0]?.noPinLimitMinor).toBe(30_000);
  });

  it('has a swiped chip card inserted', async () => {
    expect((await read([stripe('126')])).result).toMatchObject({ card: { view: { entry: 'swipe' } } });
    shown = [];
    const { result } = await read([stripe('201'), stripe('601'), chipCard()]);
    expect(result).toMatchObject({ card: { view: { entry: 'insert' } } });
    expect(customerSaw()).toEqual(['请插卡、挥卡、刷卡', '这是芯片卡，请插卡', '这是芯片卡，请插卡']);
    for (const { details } of shown.filter(({ audience }) => audience === 'customer')) expect(details).toEqual({ amountMinor: 1250, currency: 'CNY', accept: ['insert', 'tap', 'swipe'] });
    expect((await read([stripe('201'), stripe('201'), stripe('201'), chipCard()])).result).toMatchObject({ card: { view: { entry: 'insert' } } });
    expect((await read([stripe('201'), stripe('201'), stripe('201'), stripe('201'), chipCard()])).result).toMatchObject({ error: { error: 'Card.UseChip' } });
  });

  it('refuses a swiped chip card where nothing can be inserted', async () => {
    expect((await read([stripe('201')], { accept: ['swipe'] })).result).toMatchObject({ error: { error: 'Card.UseChip' } });
  });

  it('lets the stripe in after three chip failures, not sooner', async () => {
    const failure = fails('Card.ChipFailed');
    const two = await read([failure, failure, stripe('201'), chipCard()]);
    expect(two.result).toMatchObject({ card: { view: { entry: 'insert' } } });
    const every = ['insert', 'tap', 'swipe'];
    shown = [];
    const three = await read([failure, failure, failure, stripe('201')]);
    expect(customerSaw().map((text) => text.slice(0, 4))).toEqual(['请插卡、', '读卡失败', '读卡失败', '芯片无法']);
    expect(three.reader.asked.map(({ accept }) => accept)).toEqual([every, every, every, ['swipe']]);
    expect(secrets.take<CardSecret>((three.result as { card: SensitiveReference }).card, CARD_KIND).reveal()).toMatchObject({ entry: 'swipe', fallback: true });
  });

  it('gives up a card whose stripe can not be read either, however the reader words it', async () => {
    const failure = fails('Card.ChipFailed');
    const { reader, result } = await read([failure, failure, failure, failure, failure, failure, stripe('201')]);
    expect(result).toMatchObject({ error: { error: 'Card.Unreadable' } });
    expect(reader.asked).toHaveLength(6);
  });

  it('does not fall back to a stripe that the flow does not accept', async () => {
    const failure = fails('Card.ChipFailed');
    expect((await read([failure, failure, failure], { accept: ['insert'] })).result).toMatchObject({ error: { error: 'Card.Unreadable' } });
  });

  it('tells how to hold an unreadable card, and gives up at the third time', async () => {
    const failure = fails('Card.Unreadable');
    expect((await read([failure, failure, stripe('101')])).result).toMatchObject({ card: { kind: 'card' } });
    expect(customerSaw()[1]).toContain('磁条朝下');
    expect((await read([failure, failure, failure, stripe('101')])).result).toMatchObject({ error: { error: 'Card.Unreadable' } });
    const removed = fails('Card.Removed');
    expect((await read([removed, removed, tap])).result).toMatchObject({ card: { kind: 'card' } });
    expect((await read([removed, removed, removed, tap])).result).toMatchObject({ error: { error: 'Card.Unreadable' } });
  });

  it.each<[string, CardRead]>([
    ...['12345', `;${PAN}=49121010000000101?`, `${PAN}=4912101?`, `${PAN.slice(0, 12)}=49121010`, `${PAN}0=49121010`, `${PAN}=491210`, `${PAN}=4912101${'0'.repeat(11)}`].map((track2): [string, CardRead] => [
      `the track ${track2}`,
      { entry: 'swipe', track2: new Sensitive(track2) },
    ]),
    ['chip data cut short', chipCard(records().slice(0, -1))],
    ['a sequence number of another length', chipCard(records({ '5F34': '0001' }))],
    ['a sequence number that is the card number', chipCard(records({ '5F34': `${PAN}F` }))],
    ['an expiry that is none', chipCard(records({ '5F24': '4D1231' }))],
    ['two card numbers', chipCard(records({ '5A': '6228480000000000027F' }))],
  ])('takes %s for unreadable', async (_what, card) => {
    expect((await read([card, card, card])).result).toMatchObject({ error: { error: 'Card.Unreadable' } });
  });

  it('takes tracks up to their full length', async () => {
    const track2 = `${PAN}=4912101${'0'.repeat(10)}`;
    for (const card of [{ entry: 'swipe', track2: new Sensitive(track2) } as const, chipCard(records({ '57': `${track2.replace('=', 'D')}F` }))]) {
      const { result } = await read([card]);
      expect(secrets.take<CardSecret>((result as { card: SensitiveReference }).card, CARD_KIND).reveal()).toMatchObject({ track2 });
    }
  });

  it('takes card numbers of 13 digits', async () => {
    const { result } = await read([{ entry: 'swipe', track2: new Sensitive(`${PAN.slice(0, 13)}=4912101`) }]);
    expect(result).toMatchObject({ card: { view: { maskedPan: '622848***0000' } } });
  });

  it('refuses an expired card, in its last month not yet', async () => {
    expect((await read([stripe('101', '2610')])).result).toMatchObject({ error: { error: 'Card.Expired', message: 'the card 622848*********0019 has expired' } });
    expect((await read([stripe('101', '2611')])).result).toMatchObject({ card: { kind: 'card' } });
  });

  it('goes by the expiry of the chip where that names another than its track', async () => {
    expect((await read([chipCard(records({ '5F24': '261031' }))])).result).toMatchObject({ error: { error: 'Card.Expired' } });
    const { result } = await read([chipCard(records({ '5F24': '301231' }))]);
    expect(secrets.take<CardSecret>((result as { card: SensitiveReference }).card, CARD_KIND).reveal()).toMatchObject({ expiry: '3012', sequence: '001' });
  });

  it('passes on a broken reader', async () => {
    expect((await read([fails('Device.Unavailable')])).result).toMatchObject({ error: { error: 'Device.Unavailable' } });
  });

  it('ends at once on cancel, though the reader does not notice', async () => {
    const cancel = new AbortController();
    const reading = read([], {}, cancel.signal);
    cancel.abort();
    const { reader, result } = await reading;
    expect(result).toMatchObject({ error: { error: 'Terminal.Cancelled' } });
    expect(reader.asked[0]?.signal.aborted).toBe(true);
  });
});

it('removeCard asks for the card', async () => {
  const { reader, actions, context } = await read([stripe('101')]);
  expect(await actions['removeCard']?.run({}, context)).toEqual({});
  expect(reader.removed).toBe(true);
  expect(customerSaw().at(-1)).toBe('请取回您的卡');
});

it('removeCard ends when the card is taken, or at a cancel', async () => {
  const { reader, actions, context } = await read([stripe('101')]);
  let taken: (() => void) | undefined;
  reader.remove = () => new Promise((resolve) => (taken = resolve));
  let ended = false;
  const removing = actions['removeCard']?.run({}, context).then(() => (ended = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(false);
  taken?.();
  expect(await removing).toBe(true);
  const cancel = new AbortController();
  const cancelled = actions['removeCard']?.run({}, { ...context, signal: cancel.signal });
  cancel.abort();
  await expect(cancelled).rejects.toMatchObject({ error: 'Terminal.Cancelled' });
});

it('declares every error that it ends with, in both languages', () => {
  const { actions } = readerActions({ settings: settings(OPTIONS), reader: new ScriptedReader([]), pinPad: new TestPinPad(), vault: secrets, clock: new ManualClock(), random: countingRandom, counters: counters() });
  expect(Object.keys(actions['readCard']?.errors ?? {})).toEqual(['Card.Unreadable', 'Card.UseChip', 'Card.Expired', 'Terminal.Cancelled', 'Device.Unavailable']);
});
