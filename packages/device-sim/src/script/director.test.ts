import type { Json } from '@tillwright/core/contract';
import { desEcb, pinFromBlock } from '@tillwright/plugin-card/protocol';
import { describe, expect, test } from 'vitest';
import { createSimulation, promptAnswerer, type SimulatedTill } from '../index.js';
import { MASTER_KEY, PIN_KEY, cardOf, never, pinRequest, readRequest, signOn, slip } from '../testing.test-helper.js';

const playing = (...steps: Json[]) => createSimulation({ script: { steps }, terminalMasterKey: MASTER_KEY });
const ask = (world: SimulatedTill, kind: 'amount' | 'choose' | 'confirm' | 'notice' | 'device', audience: 'merchant' | 'customer' = 'merchant', show: Json = {}) =>
  promptAnswerer(world)({ id: 'E1/Step#1@1/merchant', kind, audience, show });
const { pan } = cardOf('chip-ok');

describe('prompts', () => {
  test('are answered in order, whatever stands between them', () => {
    const world = playing(
      { when: { prompt: 'amount' }, answer: 8800 },
      { when: { prompt: 'choose' }, answer: 'card' },
      { when: { prompt: 'amount' }, answer: 1200 },
      { when: { prompt: 'confirm' }, cancel: true },
    );
    expect(ask(world, 'choose')).toBe('card');
    expect(ask(world, 'amount')).toBe(8800);
    expect(ask(world, 'amount')).toBe(1200);
    expect(ask(world, 'confirm')).toBe('cancel');
    expect(world.unusedSteps()).toEqual([]);
  });

  test('are told apart by audience and by what they show', () => {
    const world = playing(
      { when: { prompt: 'amount', shows: 'tip' }, answer: 500 },
      { when: { prompt: 'amount' }, answer: 8800 },
      { when: { prompt: 'confirm', audience: 'customer' }, walksAway: true },
      { when: { prompt: 'confirm', audience: 'merchant' }, answer: true },
    );
    expect(ask(world, 'amount', 'merchant', { text: { zh: '金额', en: 'Amount' } })).toBe(8800);
    expect(ask(world, 'amount', 'customer', { text: { zh: '小费', en: 'Add a tip' } })).toBe(500);
    expect(ask(world, 'confirm', 'merchant')).toBe(true);
    expect(ask(world, 'confirm', 'customer')).toBeUndefined();
  });

  test('a reaction may be given several times, or always', () => {
    const world = playing({ when: { prompt: 'amount' }, answer: 1, times: 2 }, { when: { prompt: 'notice' }, answer: true, times: 'always' });
    expect([ask(world, 'amount'), ask(world, 'amount')]).toEqual([1, 1]);
    for (let shown = 0; shown < 50; shown += 1) expect(ask(world, 'notice')).toBe(true);
    expect(() => ask(world, 'amount')).toThrow(/SCRIPT_GAP/);
    expect(world.unusedSteps()).toEqual([]);
  });

  test('one that the script forgot is a clear error, not a wait', () => {
    const world = playing({ when: { prompt: 'amount' }, answer: 1 }, { when: { device: 'pinpad' }, pin: '123456' });
    expect(() => ask(world, 'confirm', 'customer')).toThrow(
      'SCRIPT_GAP: The script has no reaction to prompt confirm (customer) in transaction 1. Add a step for it; steps not used up: /steps/0, /steps/1.',
    );
    expect(world.gaps).toEqual([{ what: 'prompt confirm (customer)', transaction: '1', unused: ['/steps/0', '/steps/1'] }]);
    expect(() => ask(createSimulation(), 'amount')).toThrow(/SIMULATION_MISUSED/);
  });

  test('beside a working device nobody reacts unless the script cancels there', () => {
    const world = playing({ when: { prompt: 'device', shows: 'scanner:scan' }, cancel: true });
    expect(ask(world, 'device', 'merchant', { resource: 'reader:readCard' })).toBeUndefined();
    expect(ask(world, 'device', 'merchant', { resource: 'scanner:scan' })).toBe('cancel');
    expect(world.gaps).toEqual([]);
  });
});

describe('devices', () => {
  test('three chip failures, then the stripe', async () => {
    const { reader } = playing(
      { when: { device: 'reader' }, card: 'chip-ok', by: 'insert', fault: 'chip-failure', times: 3 },
      { when: { device: 'reader' }, card: 'chip-ok', by: 'swipe' },
    );
    for (let tried = 0; tried < 3; tried += 1) await expect(reader.read(readRequest())).rejects.toMatchObject({ error: 'Card.ChipFailed' });
    expect((await reader.read(readRequest())).entry).toBe('swipe');
  });

  test('a way that the reader does not accept is passed over', async () => {
    const { reader } = playing({ when: { device: 'reader' }, card: 'chip-ok', by: 'swipe' }, { when: { device: 'reader' }, card: 'chip-ok', by: 'insert' });
    expect((await reader.read(readRequest({ accept: ['insert'] }))).entry).toBe('insert');
    await reader.remove();
  });

  test('one that is always given and never fits ends as a gap, not in a loop', async () => {
    const world = playing({ when: { device: 'reader' }, card: 'chip-ok', by: 'swipe', times: 'always' });
    await expect(world.reader.read(readRequest({ accept: ['insert'] }))).rejects.toMatchObject({ error: 'Device.Unavailable' });
    expect(world.gaps).toHaveLength(1);
    expect((await world.reader.read(readRequest())).entry).toBe('swipe');
  });

  test('the wrong PIN, then the right one; bypass where it is not allowed is passed over', async () => {
    const { pinPad } = playing(
      { when: { device: 'pinpad' }, pin: '999999' },
      { when: { device: 'pinpad' }, bypass: true },
      { when: { device: 'pinpad' }, pin: '123456' },
      { when: { device: 'pinpad' }, cancel: true },
    );
    await signOn(pinPad);
    const entered = async () => {
      const result = await pinPad.enterPin(pinRequest(pan));
      return result.status === 'entered' ? pinFromBlock(desEcb(PIN_KEY, result.pinBlock.reveal(), 'decrypt'), pan) : result.status;
    };
    expect([await entered(), await entered(), await entered()]).toEqual(['999999', '123456', 'cancelled']);
  });

  test('the scanner reads a code, garbage, nothing', async () => {
    const { scanner } = playing({ when: { device: 'scanner' }, garbage: true }, { when: { device: 'scanner' }, code: '134567890123456789' }, { when: { device: 'scanner' }, unavailable: true });
    expect((await scanner.scan(never())).reveal()).not.toMatch(/^\d+$/);
    expect((await scanner.scan(never())).reveal()).toBe('134567890123456789');
    await expect(scanner.scan(never())).rejects.toMatchObject({ error: 'Device.Unavailable' });
  });

  test('a customer who walks away leaves the device waiting until it is aborted', async () => {
    const world = playing({ when: { device: 'reader' }, walksAway: true });
    const stop = new AbortController();
    const reading = world.reader.read(readRequest({ signal: stop.signal }));
    stop.abort(new Error('time is up'));
    await expect(reading).rejects.toThrow('time is up');
    expect(world.gaps).toEqual([]);
  });

  test('a device that the script forgot ends at once, and the gap is told', async () => {
    const world = playing();
    const gaps: unknown[] = [];
    world.on('gap', (gap) => gaps.push(gap));
    await expect(world.reader.read(readRequest())).rejects.toMatchObject({ error: 'Device.Unavailable', message: expect.stringContaining('SCRIPT_GAP') });
    expect(gaps).toEqual([{ what: 'device reader', transaction: '1', unused: [] }]);
  });
});

describe('changes on the counter', () => {
  test('stand from the beginning, or follow what happened', async () => {
    const world = playing(
      { fault: 'network-down' },
      { fault: 'power-low', batteryPercent: 4 },
      { when: { prompt: 'amount' }, answer: 1, times: 'always' },
      { after: 'amount', nth: 2, do: 'network-up' },
      { after: 'amount', fault: 'clock-skew', skewMs: 5 },
    );
    expect(await world.status.network()).toEqual({ ok: false });
    expect(await world.status.power()).toEqual({ ok: false, batteryPercent: 4 });
    ask(world, 'amount');
    expect(await world.status.network()).toEqual({ ok: false });
    ask(world, 'amount');
    expect(await world.status.network()).toEqual({ ok: true });
  });

  test('paper is put in after the printer lacked it, whether the till looked first or only printed', async () => {
    for (const looks of [true, false]) {
      const world = playing({ fault: 'paper-out' }, { after: 'receipt', do: 'paper-in' });
      const came = new Promise<void>((resolve) => void world.printer.onPaper(resolve));
      if (looks) expect(await world.printer.status()).toEqual({ paper: false });
      else await expect(world.printer.print(slip(), never())).rejects.toMatchObject({ error: 'Printer.NoPaper' });
      await came;
      await world.printer.print(slip(), never());
      expect(world.receipts).toHaveLength(1);
    }
  });

  test('faults of single receipts, counted once for each', async () => {
    const world = playing(
      { when: { device: 'printer' }, prints: true },
      { when: { device: 'printer' }, fault: 'paper-out-midway' },
      { when: { device: 'printer' }, fault: 'unavailable' },
    );
    const { printer } = world;
    expect(await printer.status()).toEqual({ paper: true });
    await printer.print(slip(), never());
    expect(await printer.status()).toEqual({ paper: true });
    await expect(printer.print(slip({ copy: 'customer' }), never())).rejects.toMatchObject({ error: 'Printer.NoPaper' });
    world.setPaper(true);
    await expect(printer.status()).rejects.toMatchObject({ error: 'Device.Unavailable' });
    await printer.print(slip(), never());
    expect(world.receipts.map(({ complete }) => complete)).toEqual([true, false, true]);
  });

  test('a device breaks and is mended', async () => {
    const world = playing(
      { fault: 'device-broken', device: 'scanner' },
      { when: { prompt: 'choose' }, answer: 'alipay' },
      { after: 'choose', do: 'device-mended', device: 'scanner' },
      { when: { device: 'scanner' }, code: '28' },
    );
    await expect(world.scanner.scan(never())).rejects.toMatchObject({ error: 'Device.Unavailable' });
    ask(world, 'choose');
    expect((await world.scanner.scan(never())).reveal()).toBe('28');
  });
});

describe('several transactions', () => {
  test('each has reactions of its own; what one left over is not given to the next', () => {
    const world = createSimulation({
      script: {
        transactions: [
          { name: 'first', input: { order: 1 }, steps: [{ when: { prompt: 'amount' }, answer: 1, times: 2 }] },
          { steps: [{ when: { prompt: 'amount' }, answer: 3 }, { fault: 'paper-out' }] },
        ],
      },
    });
    expect(world.transactions).toEqual([{ name: 'first', input: { order: 1 } }, {}]);
    expect(ask(world, 'amount')).toBe(1);
    expect(world.unusedSteps()).toEqual(['/transactions/0/steps/0']);
    expect(world.printer.hasPaper).toBe(true);
    expect(world.nextTransaction()).toBe(true);
    expect(world.printer.hasPaper).toBe(false);
    expect(ask(world, 'amount')).toBe(3);
    expect(() => ask(world, 'amount')).toThrow(/transaction 2/);
    expect(world.nextTransaction()).toBe(false);
  });
});
