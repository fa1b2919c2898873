import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { Sensitive } from '@tillwright/core/contract';
import { desEcb, fromHex, pinFromBlock, retailMac, toHex, unionpayEcbMac } from '@tillwright/plugin-card/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSimulation } from '../index.js';
import { MAC_KEY, MASTER_KEY, PIN_KEY, cardOf, pinRequest, signOn, underMaster } from '../testing.test-helper.js';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'pad-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const { pan } = cardOf('chip-ok');
const ready = async () => {
  const world = createSimulation({ terminalMasterKey: MASTER_KEY });
  await signOn(world.pinPad);
  return world;
};

describe('working keys', () => {
  test('are taken when their check values fit; only then is the pad ready', async () => {
    const { pinPad } = createSimulation({ terminalMasterKey: MASTER_KEY });
    expect(await pinPad.ready()).toBe(false);
    await signOn(pinPad);
    expect(await pinPad.ready()).toBe(true);
  });

  test.each([
    ['the PIN key', { pin: { ...underMaster(PIN_KEY), checkValue: fromHex('00000000') }, mac: underMaster(MAC_KEY) }],
    ['the MAC key', { pin: underMaster(PIN_KEY), mac: { ...underMaster(MAC_KEY), checkValue: fromHex('00000000') } }],
    ['no check value', { pin: { ...underMaster(PIN_KEY), checkValue: new Uint8Array() }, mac: underMaster(MAC_KEY) }],
    ['a PIN key of single length', { pin: underMaster(MAC_KEY), mac: underMaster(MAC_KEY) }],
    ['keys under another master key', { pin: underMaster(PIN_KEY, PIN_KEY), mac: underMaster(MAC_KEY, PIN_KEY) }],
  ])('%s wrong: refused, and the former keys stay', async (_name, keys) => {
    const fresh = createSimulation({ terminalMasterKey: MASTER_KEY });
    await expect(fresh.pinPad.loadWorkingKeys(keys)).rejects.toMatchObject({ error: 'PinPad.BadKey' });
    expect(await fresh.pinPad.ready()).toBe(false);
    const { pinPad } = await ready();
    await expect(pinPad.loadWorkingKeys(keys)).rejects.toMatchObject({ error: 'PinPad.BadKey' });
    const data = Buffer.from('0200');
    expect(await pinPad.mac(data, 'unionpay-ecb')).toEqual(unionpayEcbMac(MAC_KEY, data));
  });

  test('without a master key, a PIN key or a MAC key nothing is done', async () => {
    const { pinPad } = createSimulation();
    await expect(signOn(pinPad)).rejects.toMatchObject({ error: 'PinPad.NoKeys' });
    await expect(pinPad.enterPin(pinRequest(pan))).rejects.toMatchObject({ error: 'PinPad.NoKeys' });
    await expect(pinPad.mac(new Uint8Array(8), 'unionpay-ecb')).rejects.toMatchObject({ error: 'PinPad.NoKeys' });
  });

  test('a broken pad does nothing at all', async () => {
    const world = await ready();
    const { pinPad } = world;
    const sealed = await pinPad.seal(new Sensitive(Buffer.from('x')), 'c');
    world.setBroken('pinpad', true);
    const mark = { stream: 'p/x1/Pay#1', seq: 12, hash: 'ab'.repeat(32), counters: {} };
    const asked = [
      () => signOn(pinPad),
      () => pinPad.enterPin(pinRequest(pan)),
      () => pinPad.mac(new Uint8Array(8), 'unionpay-ecb'),
      () => pinPad.seal(new Sensitive(Buffer.from('x')), 'c'),
      () => pinPad.unseal(sealed, 'c'),
      () => pinPad.logMark(),
      () => pinPad.keepLogMark(mark),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject({ error: 'Device.Unavailable' });
    world.setBroken('pinpad', false);
    expect(await pinPad.logMark()).toBeUndefined();
  });

  test('MACs are made by both algorithms; X9.19 needs a double-length key', async () => {
    const data = Buffer.from('Now is the time for all ');
    const { pinPad } = await ready();
    await expect(pinPad.mac(data, 'x9.19')).rejects.toMatchObject({ error: 'PinPad.BadKey' });
    await signOn(pinPad, PIN_KEY);
    expect(await pinPad.mac(data, 'x9.19')).toEqual(retailMac(PIN_KEY, data));
    expect(await pinPad.mac(data, 'unionpay-ecb')).toEqual(unionpayEcbMac(PIN_KEY, data));
  });
});

describe('a PIN', () => {
  test('comes out as a block under the PIN key; displays hear how many digits', async () => {
    const world = await ready();
    const counts: number[] = [];
    const entering = world.pinPad.enterPin(pinRequest(pan, { onDigits: (count) => counts.push(count) }));
    world.typePin('12');
    world.typePin('9');
    world.pressClear();
    world.typePin('123456');
    world.pressEnter();
    const entered = await entering;
    if (entered.status !== 'entered') throw new Error(entered.status);
    expect(pinFromBlock(desEcb(PIN_KEY, entered.pinBlock.reveal(), 'decrypt'), pan)).toBe('123456');
    expect(counts).toEqual([2, 3, 0, 6]);
  });

  test('too short is not entered, too long is not typed', async () => {
    const world = await ready();
    const entering = world.pinPad.enterPin(pinRequest(pan, { minLength: 6, maxLength: 6 }));
    world.typePin('12345');
    expect(world.pressEnter()).toBe(false);
    expect(world.typePin('67')).toBe(false);
    expect(world.typePin('6')).toBe(true);
    expect(world.pressEnter()).toBe(true);
    expect((await entering).status).toBe('entered');
    expect(world.typePin('1')).toBe(false);
  });

  test('has 4 to 12 digits, whatever is asked for, and nothing else', async () => {
    const world = await ready();
    const entering = world.pinPad.enterPin(pinRequest(pan, { minLength: 1, maxLength: 19 }));
    expect(world.typePin('123')).toBe(true);
    expect(world.pressEnter()).toBe(false);
    for (const text of ['a', '4a', 'a4', '']) expect(world.typePin(text)).toBe(false);
    expect(world.typePin('4567890123')).toBe(false);
    expect(world.typePin('456789012')).toBe(true);
    expect(world.pressEnter()).toBe(true);
    const entered = await entering;
    expect(entered.status === 'entered' && pinFromBlock(desEcb(PIN_KEY, entered.pinBlock.reveal(), 'decrypt'), pan)).toBe('123456789012');
  });

  test.each(['', '622848000000', '62284800000000000191', '62284800000000000X9'])('is asked for no card number that is none (%s)', async (given) => {
    const { pinPad } = await ready();
    await expect(pinPad.enterPin(pinRequest(given))).rejects.toMatchObject({ error: 'Device.Unavailable' });
  });

  test('is bypassed only where that is allowed', async () => {
    const world = await ready();
    const strict = world.pinPad.enterPin(pinRequest(pan));
    expect(world.pressBypass()).toBe(false);
    expect(world.pressEnter()).toBe(false);
    world.pressCancel();
    expect(await strict).toEqual({ status: 'cancelled' });
    const lenient = world.pinPad.enterPin(pinRequest(pan, { allowBypass: true }));
    expect(world.pressEnter()).toBe(true);
    expect(await lenient).toEqual({ status: 'bypassed' });
    const typed = world.pinPad.enterPin(pinRequest(pan, { allowBypass: true }));
    world.typePin('1234');
    expect(world.pressEnter()).toBe(true);
    expect((await typed).status).toBe('entered');
  });

  test('aborted, broken: nothing stays on the pad', async () => {
    const world = await ready();
    const stop = new AbortController();
    const first = world.pinPad.enterPin(pinRequest(pan, { signal: stop.signal }));
    world.typePin('1234');
    stop.abort(new Error('time is up'));
    await expect(first).rejects.toThrow('time is up');
    expect(world.pressEnter()).toBe(false);
    const second = world.pinPad.enterPin(pinRequest(pan));
    expect(world.pressEnter()).toBe(false);
    world.setBroken('pinpad', true);
    await expect(second).rejects.toMatchObject({ error: 'Device.Unavailable' });
    await expect(world.pinPad.ready()).rejects.toMatchObject({ error: 'Device.Unavailable' });
  });
});

describe('sealing', () => {
  const plain = Buffer.from('what a reversal needs');

  test('opens for its context only, on this pad only, unchanged only', async () => {
    const { pinPad } = createSimulation();
    const sealed = await pinPad.seal(new Sensitive(plain), 'P1|T1|000001');
    expect(Buffer.from(sealed).includes(plain)).toBe(false);
    expect(Buffer.from((await pinPad.unseal(sealed, 'P1|T1|000001')).reveal())).toEqual(plain);
    const replaced = { error: 'PinPad.Replaced' };
    await expect(pinPad.unseal(sealed, 'P2|T1|000001')).rejects.toMatchObject(replaced);
    await expect(createSimulation().pinPad.unseal(sealed, 'P1|T1|000001')).rejects.toMatchObject(replaced);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
      await expect(pinPad.unseal(changed, 'P1|T1|000001')).rejects.toMatchObject(replaced);
    }
    for (let size = 0; size < sealed.length; size += 1) await expect(pinPad.unseal(sealed.subarray(0, size), 'P1|T1|000001')).rejects.toMatchObject(replaced);
  });

  test('twice the same gives two different seals', async () => {
    const { pinPad } = createSimulation();
    expect(await pinPad.seal(new Sensitive(plain), 'x')).not.toEqual(await pinPad.seal(new Sensitive(plain), 'x'));
  });
});

describe("the pad's own memory", () => {
  test('keeps serial, device key and working keys over a restart, readable by its owner only', async () => {
    const before = createSimulation({ stateDir, terminalMasterKey: MASTER_KEY });
    await signOn(before.pinPad);
    const sealed = await before.pinPad.seal(new Sensitive(Buffer.from('x')), 'c');
    const after = createSimulation({ stateDir });
    expect(after.pinPad.serial).toBe(before.pinPad.serial);
    expect(await after.pinPad.ready()).toBe(true);
    expect(Buffer.from((await after.pinPad.unseal(sealed, 'c')).reveal()).toString()).toBe('x');
    expect(statSync(join(stateDir, 'pin-pad-memory.json')).mode & 0o777).toBe(0o600);
    expect(await createSimulation({ stateDir, terminalMasterKey: MASTER_KEY.toLowerCase() }).pinPad.ready()).toBe(true);
  });

  test('keeps its device key from its first start on', async () => {
    const sealed = await createSimulation({ stateDir }).pinPad.seal(new Sensitive(Buffer.from('x')), 'c');
    expect(Buffer.from((await createSimulation({ stateDir }).pinPad.unseal(sealed, 'c')).reveal()).toString()).toBe('x');
  });

  test('another master key makes the working keys void and keeps the device key', async () => {
    const before = createSimulation({ stateDir, terminalMasterKey: MASTER_KEY });
    await signOn(before.pinPad);
    const sealed = await before.pinPad.seal(new Sensitive(Buffer.from('x')), 'c');
    const after = createSimulation({ stateDir, terminalMasterKey: 'FF'.repeat(16) });
    expect(await after.pinPad.ready()).toBe(false);
    expect((await after.pinPad.unseal(sealed, 'c')).reveal()).toHaveLength(1);
  });

  test('what it is given to remember of the log outlives a restart and another master key', async () => {
    const mark = { stream: 'p/x1/Pay#1', seq: 12, hash: 'ab'.repeat(32), counters: { trace: 7 } };
    const before = createSimulation({ stateDir, terminalMasterKey: MASTER_KEY });
    expect(await before.pinPad.logMark()).toBeUndefined();
    await before.pinPad.keepLogMark(mark);
    expect(await createSimulation({ stateDir }).pinPad.logMark()).toEqual(mark);
    await signOn(before.pinPad);
    expect(await createSimulation({ stateDir }).pinPad.logMark()).toEqual(mark);
    expect(await createSimulation({ stateDir, terminalMasterKey: 'FF'.repeat(16) }).pinPad.logMark()).toEqual(mark);
  });

  test.each([
    '',
    '{"serial":"SIM00000000"',
    '{"serial":"SIM00000000","deviceKey":"12"}',
    '{"serial":"SIM00000000"}',
    `{"deviceKey":"${'0'.repeat(64)}"}`,
    `{"serial":"SIM00000000","deviceKey":"${'0'.repeat(64)}","macKey":"00"}`,
    `{"serial":"SIM00000000","deviceKey":"${'0'.repeat(64)}","logMark":{}}`,
    'null',
    '[]',
  ])('damaged as %s it is refused, not replaced', (text) => {
    const path = join(stateDir, 'pin-pad-memory.json');
    writeFileSync(path, text);
    expect(() => createSimulation({ stateDir })).toThrow(/PAD_MEMORY_DAMAGED/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('no key can be seen from outside', async () => {
    const world = await ready();
    const seen = `${inspect(world, { depth: 20, showHidden: true })}${JSON.stringify(world.pinPad)}`;
    for (const key of [MASTER_KEY, toHex(PIN_KEY), toHex(MAC_KEY)]) expect(seen).not.toContain(key);
    expect(() => createSimulation({ terminalMasterKey: '0123' })).toThrow(/SIMULATION_MISUSED/);
    expect(() => createSimulation({ terminalMasterKey: `${MASTER_KEY}00` })).toThrow(/^(?!.*0123456789)/s);
  });
});
