import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CardRead } from '@tillwright/core/contract';
import { applicationCryptogram, arpc, cryptogramData, decodeTlv, deriveCardKey, encodeTlv, fromHex, sessionKey, toHex } from '@tillwright/plugin-card/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { createSimulation } from '../index.js';
import { cardOf, readRequest, terminalData } from '../testing.test-helper.js';

/** The issuer's side of the sum, from what the terminal would send in field 55. */
const issuerOf = (cardId: string, seen: ReadonlyMap<string, string>) => {
  const card = cardOf(cardId);
  const key = sessionKey(deriveCardKey(fromHex(card.issuerMasterKey), card.pan, card.sequence), fromHex(seen.get('9F36') ?? ''));
  return {
    expected: toHex(applicationCryptogram(key, cryptogramData(seen))),
    answer: (code: string, arqc = seen.get('9F26') ?? '') =>
      encodeTlv([['91', toHex(arpc(key, fromHex(arqc), code)) + toHex(Buffer.from(code, 'latin1'))]]),
  };
};

const inserted = async (cardId: string, fault?: 'pulled-before-cryptogram' | 'pulled-after-cryptogram', stateDir?: string) => {
  const world = createSimulation(stateDir === undefined ? {} : { stateDir });
  const reading = world.reader.read(readRequest());
  expect(world.presentCard(cardId, 'insert', fault)).toBe(true);
  const read = await reading;
  if (read.entry !== 'insert') throw new Error('not inserted');
  return { world, read };
};

const fieldsAfter = async (read: Extract<CardRead, { entry: 'insert' }>) =>
  new Map([...decodeTlv(terminalData()), ...decodeTlv(read.data.reveal()), ...decodeTlv(await read.chip.firstGenerateAc(terminalData()))]);

describe('swipe', () => {
  test('gives track 2 without sentinels', async () => {
    const world = createSimulation();
    const reading = world.reader.read(readRequest());
    world.presentCard('stripe-only', 'swipe');
    const read = await reading;
    expect(read.entry === 'swipe' && read.track2.reveal()).toBe(cardOf('stripe-only').track2);
  });

  test.each([['unreadable', undefined], ['stripe-only', 'unreadable']] as const)('%s with fault %s is unreadable', async (id, fault) => {
    const world = createSimulation();
    const reading = world.reader.read(readRequest());
    world.presentCard(id, 'swipe', fault);
    await expect(reading).rejects.toMatchObject({ error: 'Card.Unreadable' });
  });
});

describe('insert', () => {
  test("the chip's records are whole and agree with the stripe", async () => {
    const { read } = await inserted('chip-ok');
    const card = cardOf('chip-ok');
    const records = decodeTlv(read.data.reveal());
    expect(records.get('5A')).toBe(`${card.pan}F`);
    expect(records.get('57')?.replace(/F$/, '')).toBe(card.track2.replace('=', 'D'));
    expect(records.get('5F24')).toBe('491231');
    expect(records.get('84')).toBe('A000000333010101');
    expect(Buffer.from(records.get('50') ?? '', 'hex').toString()).toBe('PBOC DEBIT');
    expect(records.get('5F34')).toBe('01');
    expect(records.get('9F36')).toBe('0001');
    expect(read.cvm).toBe('online-pin');
  });

  test('a genuine card makes an ARQC that its issuer can verify, then a TC on a genuine approval', async () => {
    const { read } = await inserted('chip-ok');
    const seen = await fieldsAfter(read);
    const issuer = issuerOf('chip-ok', seen);
    expect(seen.get('9F27')).toBe('80');
    expect(seen.get('9F10')).toBe('07010103A0000001');
    expect(seen.get('9F26')).toBe(issuer.expected);
    const final = decodeTlv(await read.chip.secondGenerateAc('00', issuer.answer('00')));
    expect(final.get('9F27')).toBe('40');
    expect(final.get('9F26')).toBe(issuerOf('chip-ok', new Map([...seen, ...final])).expected);
    expect(final.get('95')).toBe('0000000800');
    // Second GENERATE AC: TC; first: ARQC.
    expect(final.get('9F10')).toBe('0701010360000001');
    expect(final.get('9B')).toBe('F800');
  });

  test.each([
    ['a decline', '51', (issuer: ReturnType<typeof issuerOf>) => issuer.answer('51')],
    ['an answer over another cryptogram', '00', (issuer: ReturnType<typeof issuerOf>) => issuer.answer('00', '0011223344556677')],
    ['an answer over another response code', '00', (issuer: ReturnType<typeof issuerOf>) => issuer.answer('51')],
    ['no issuer answer at all', '00', () => new Uint8Array()],
  ])('%s ends with AAC', async (_name, code, answerOf) => {
    const { read } = await inserted('chip-ok');
    const seen = await fieldsAfter(read);
    const final = decodeTlv(await read.chip.secondGenerateAc(code, answerOf(issuerOf('chip-ok', seen))));
    expect(final.get('9F27')).toBe('00');
    // Byte 5 bit 7 of the TVR, and bit 4 of the second verification result: issuer authentication failed.
    expect(final.get('95')).toBe(code === '51' ? '0000000800' : '0000000840');
    expect(final.get('9F10')).toBe(code === '51' ? '0701010320000001' : '0701010328000001');
    expect(final.get('9F26')).toBe(issuerOf('chip-ok', new Map([...seen, ...final])).expected);
  });

  test('issuer scripts are answered in DF31', async () => {
    const { read } = await inserted('chip-ok');
    const issuer = issuerOf('chip-ok', await fieldsAfter(read));
    const scripts = encodeTlv([['71', '9F180487654321860484180000'], ['72', '9F180412345678860484180000'], ['72', '860484180000']]);
    const final = decodeTlv(await read.chip.secondGenerateAc('00', Buffer.concat([issuer.answer('00'), scripts])));
    expect(final.get('DF31')).toBe('218765432122123456782300000000');
    expect(final.get('9B')).toBe('FC00');
  });

  test('chip-declines says no to an approval, chip-refuses says no at once, counterfeit does not verify', async () => {
    const late = await inserted('chip-declines');
    const seen = await fieldsAfter(late.read);
    expect(seen.get('9F27')).toBe('80');
    expect(decodeTlv(await late.read.chip.secondGenerateAc('00', issuerOf('chip-declines', seen).answer('00'))).get('9F27')).toBe('00');
    expect((await fieldsAfter((await inserted('chip-refuses')).read)).get('9F27')).toBe('00');
    const copied = await fieldsAfter((await inserted('counterfeit')).read);
    expect(copied.get('9F26')).not.toBe(issuerOf('counterfeit', copied).expected);
  });

  test.each([['chip-broken'], ['stripe-only'], ['unreadable'], ['chip-ok', 'chip-failure'], ['chip-ok', 'unreadable']] as const)('%s, fault %s: the chip fails, and the stripe may be tried', async (id, fault?) => {
    const world = createSimulation();
    const reading = world.reader.read(readRequest());
    world.presentCard(id, 'insert', fault);
    await expect(reading).rejects.toMatchObject({ error: 'Card.ChipFailed' });
  });

  test('pulled before the first cryptogram, pulled after it, taken by hand', async () => {
    const early = await inserted('chip-ok', 'pulled-before-cryptogram');
    await expect(early.read.chip.firstGenerateAc(terminalData())).rejects.toMatchObject({ error: 'Card.Removed' });
    const late = await inserted('chip-ok', 'pulled-after-cryptogram');
    expect(decodeTlv(await late.read.chip.firstGenerateAc(terminalData())).get('9F27')).toBe('80');
    await expect(late.read.chip.secondGenerateAc('00', new Uint8Array())).rejects.toMatchObject({ error: 'Card.Removed' });
    const { world, read } = await inserted('chip-ok');
    expect(world.removeCard()).toBe(true);
    await expect(read.chip.firstGenerateAc(terminalData())).rejects.toMatchObject({ error: 'Card.Removed' });
  });

  test('each cryptogram is given once in a session, as by real cards', async () => {
    const { read } = await inserted('chip-ok');
    const issuer = issuerOf('chip-ok', await fieldsAfter(read));
    await expect(read.chip.firstGenerateAc(terminalData())).rejects.toMatchObject({ error: 'Card.ChipFailed', message: expect.stringContaining('6985') });
    expect(decodeTlv(await read.chip.secondGenerateAc('00', issuer.answer('00'))).get('9F27')).toBe('40');
    await expect(read.chip.secondGenerateAc('00', issuer.answer('00'))).rejects.toMatchObject({ error: 'Card.ChipFailed' });
    const early = await inserted('chip-ok');
    await expect(early.read.chip.secondGenerateAc('00', issuer.answer('00'))).rejects.toMatchObject({ error: 'Card.ChipFailed' });
  });

  test('a card that has refused is asked no more', async () => {
    const { read } = await inserted('chip-refuses');
    const seen = await fieldsAfter(read);
    expect(seen.get('9F10')).toBe('0701010380000001');
    expect(seen.get('9F26')).toBe(issuerOf('chip-refuses', seen).expected);
    await expect(read.chip.secondGenerateAc('00', issuerOf('chip-refuses', seen).answer('00'))).rejects.toMatchObject({ error: 'Card.ChipFailed' });
  });

  test('terminal data without what the cryptogram needs fails by name', async () => {
    const { read } = await inserted('chip-ok');
    await expect(read.chip.firstGenerateAc(encodeTlv([['9A', '261123']]))).rejects.toMatchObject({ error: 'Card.ChipFailed', message: expect.stringContaining('9F02') });
    const withoutTvr = encodeTlv([...decodeTlv(terminalData())].filter(([tag]) => tag !== '95'));
    await expect(read.chip.firstGenerateAc(withoutTvr)).rejects.toMatchObject({ error: 'Card.ChipFailed', message: 'the cryptogram needs 95' });
  });

  test('remove waits for the hand that takes the card, and returns at once without a card', async () => {
    const { world } = await inserted('chip-ok');
    const waits: unknown[] = [];
    world.on('waiting', (what) => waits.push(what));
    const removing = world.reader.remove();
    const again = world.reader.remove();
    expect(waits).toEqual([{ device: 'reader', for: 'removal' }]);
    world.removeCard();
    await Promise.all([removing, again]);
    await world.reader.remove();
    expect(world.removeCard()).toBe(false);
  });
});

describe('tap', () => {
  test.each([[100_000, 'none'], [100_001, 'online-pin']] as const)('%i fen with a limit of 1000 yuan: %s', async (amountMinor, cvm) => {
    const world = createSimulation();
    const reading = world.reader.read(readRequest({ amountMinor }));
    world.presentCard('contactless-ok', 'tap');
    const read = await reading;
    if (read.entry !== 'tap') throw new Error('not tapped');
    expect(read.cvm).toBe(cvm);
    const seen = new Map([...decodeTlv(terminalData(amountMinor)), ...decodeTlv(read.data.reveal())]);
    expect(seen.get('9F27')).toBe('80');
    expect(seen.get('9F26')).toBe(issuerOf('contactless-ok', seen).expected);
  });

  test('a card without contactless is not noticed, one that leaves early is told', async () => {
    const world = createSimulation();
    const ignored: unknown[] = [];
    world.on('ignored', (what) => ignored.push(what));
    const reading = world.reader.read(readRequest());
    expect(world.presentCard('chip-ok', 'tap')).toBe(false);
    expect(ignored).toHaveLength(1);
    world.presentCard('contactless-ok', 'tap', 'pulled-before-cryptogram');
    await expect(reading).rejects.toMatchObject({ error: 'Card.Removed' });
  });
});

describe('the reader', () => {
  test('takes no card by a way it does not accept, and none when it waits for nothing', async () => {
    const world = createSimulation();
    expect(world.presentCard('chip-ok', 'insert')).toBe(false);
    const reading = world.reader.read(readRequest({ accept: ['insert'] }));
    expect(world.presentCard('chip-ok', 'swipe')).toBe(false);
    expect(world.presentCard('chip-ok', 'insert')).toBe(true);
    expect((await reading).entry).toBe('insert');
    expect(() => world.presentCard('no-such', 'tap')).toThrow(/SIMULATION_MISUSED.*chip-ok/);
  });

  test('aborted, busy, broken', async () => {
    const world = createSimulation();
    const stop = new AbortController();
    const reading = world.reader.read(readRequest({ signal: stop.signal }));
    await expect(world.reader.read(readRequest())).rejects.toMatchObject({ error: 'Device.Unavailable' });
    stop.abort(new Error('time is up'));
    await expect(reading).rejects.toThrow('time is up');
    expect(world.presentCard('chip-ok', 'insert')).toBe(false);
    await expect(world.reader.read(readRequest({ signal: stop.signal }))).rejects.toThrow('time is up');
    const next = world.reader.read(readRequest());
    world.setBroken('reader', true);
    await expect(next).rejects.toMatchObject({ error: 'Device.Unavailable' });
    await expect(world.reader.read(readRequest())).rejects.toMatchObject({ error: 'Device.Unavailable' });
    world.setBroken('reader', false);
    const mended = world.reader.read(readRequest());
    world.presentCard('chip-ok', 'insert');
    expect((await mended).entry).toBe('insert');
  });
});

describe("the chip's counter", () => {
  const dirs: string[] = [];
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
  });

  test('goes up at each use and survives a restart', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'cards-'));
    dirs.push(stateDir);
    const counted: (string | undefined)[] = [];
    for (let start = 0; start < 2; start += 1) {
      const world = createSimulation({ stateDir });
      const reading = world.reader.read(readRequest());
      world.presentCard('chip-ok', 'insert');
      const read = await reading;
      if (read.entry === 'insert') counted.push(decodeTlv(read.data.reveal()).get('9F36'));
    }
    expect(counted).toEqual(['0001', '0002']);
    // Each card's own, in hexadecimal.
    writeFileSync(join(stateDir, 'cards.json'), '{"chip-ok":25,"stripe-only":3}');
    for (const [id, atc] of [['chip-declines', '0001'], ['chip-ok', '001A']] as const) {
      const { read } = await inserted(id, undefined, stateDir);
      expect(decodeTlv(read.data.reveal()).get('9F36')).toBe(atc);
    }
    for (const text of ['', '[1]', '{"chip-ok":"1"}', '{"chip-ok":-1}']) {
      writeFileSync(join(stateDir, 'cards.json'), text);
      expect(() => createSimulation({ stateDir })).toThrow(/CARD_MEMORY_DAMAGED/);
    }
  });
});
