import { createCipheriv, createDecipheriv } from 'node:crypto';
import { frame, fromHex, toHex } from '@tillwright/plugin-card/protocol';
import { afterEach, expect, test } from 'vitest';
import { openHost, STRIPE, Terminal, type TestHost } from './terminal.testing.js';

let host: TestHost;
afterEach(() => host.close());

const tripleDes = (key: Buffer): Buffer => (key.length === 8 ? Buffer.concat([key, key, key]) : Buffer.concat([key, key.subarray(0, 8)]));
const encrypt = (key: Buffer, data: Buffer): Buffer => createCipheriv('des-ede3-ecb', tripleDes(key), null).setAutoPadding(false).update(data);
const decrypt = (key: Buffer, data: Buffer): Buffer => createDecipheriv('des-ede3-ecb', tripleDes(key), null).setAutoPadding(false).update(data);

test('the answer stands on the wire where the published layout has it', async () => {
  host = await openHost({ signOn: false });
  const request = host.terminal.encode(host.terminal.network('0800', '003', '000042'));
  host.terminal.sendBytes(frame(request));
  const answer = Buffer.from(await host.terminal.next() as Uint8Array);
  // TPDU with destination and source swapped, header as sent, 0810, then bits 11 12 13 15 32 37 39 41 42 60 62 and no MAC.
  expect(answer.subarray(0, 5).toString('hex')).toBe('6000000003');
  expect(answer.subarray(5, 11).toString('hex')).toBe('603100310100');
  expect(answer.subarray(11, 13).toString('hex')).toBe('0810');
  expect(answer.subarray(13, 21).toString('hex')).toBe('003a00010ac00014');
  // DE 11, 12, 13, 15 as BCD, by China's clock.
  expect(answer.subarray(21, 31).toString('hex')).toBe('00004210111211231123');
  // DE 32: 8 digits.
  expect(answer.subarray(31, 36).toString('hex')).toBe('0848020000');
  // DE 37 (12) 39 (2) 41 (8) 42 (15) as ASCII.
  expect(answer.subarray(36, 73).toString('latin1')).toMatch(/^\d{12}0000000001898000000000001$/);
  // DE 60: length 11, message type, batch, network code; then DE 62: length 40.
  expect(answer.subarray(73, 81).toString('hex')).toBe('0011000000010030');
  expect(answer.subarray(81, 83).toString('hex')).toBe('0040');
  expect(answer.length).toBe(83 + 40);
});

test('working keys come under the terminal master key with check values that fit, new each time', async () => {
  host = await openHost({ signOn: false });
  const master = Buffer.from(host.endpoints.terminalMasterKey, 'hex');
  const seen = new Set<string>();
  for (const _ of [1, 2]) {
    const answer = await host.terminal.signOn();
    expect(answer.fields[39]).toBe('00');
    const field = Buffer.from(answer.fields[62] ?? '', 'hex');
    const pinKey = decrypt(master, field.subarray(0, 16));
    const macKey = decrypt(master, field.subarray(20, 28));
    expect(field.subarray(16, 20)).toEqual(encrypt(pinKey, Buffer.alloc(8)).subarray(0, 4));
    expect(field.subarray(28, 36)).toEqual(Buffer.alloc(8));
    expect(field.subarray(36, 40)).toEqual(encrypt(macKey, Buffer.alloc(8)).subarray(0, 4));
    seen.add(pinKey.toString('hex')).add(macKey.toString('hex'));
  }
  expect(seen.size).toBe(4);
});

test('a terminal nobody registered is answered 97, a wrong merchant 03; neither gets keys', async () => {
  host = await openHost({ signOn: false });
  const message = host.terminal.network('0800', '003', '000001');
  const unknown = await host.terminal.exchange({ ...message, fields: { ...message.fields, 41: '99999999' } });
  expect([unknown.fields[39], unknown.fields[62]]).toEqual(['97', undefined]);
  const merchant = await host.terminal.exchange({ ...message, fields: { ...message.fields, 42: '898000000000002' } });
  expect([merchant.fields[39], merchant.fields[62]]).toEqual(['03', undefined]);
});

test('only double-length keys are offered', async () => {
  host = await openHost({ signOn: false });
  expect((await host.terminal.exchange(host.terminal.network('0800', '001', '000001'))).fields[39]).toBe('12');
});

test('echo is answered; sign-off takes the keys away', async () => {
  host = await openHost();
  const echo = await host.terminal.exchange(host.terminal.network('0820', '301', '000002'));
  expect([echo.mti, echo.fields[39], echo.fields[64]]).toEqual(['0830', '00', undefined]);
  expect((await host.terminal.exchange(host.terminal.network('0820', '002', '000003'))).fields[39]).toBe('00');
  const sale = host.terminal.sale({ account: STRIPE, amountMinor: 100, entry: 'swiped', trace: '000004' });
  expect((await host.terminal.exchange(sale)).fields[39]).toBe('A0');
});

test('each terminal has keys of its own', async () => {
  host = await openHost({ moreTerminals: [{ tid: '00000002', mid: '898000000000001' }] });
  const other = await Terminal.connect({ ...host.endpoints, tid: '00000002' });
  await other.signOn();
  expect(toHex(other.macKey)).not.toBe(toHex(host.terminal.macKey));
  const sale = other.sale({ account: STRIPE, amountMinor: 100, entry: 'swiped', trace: '000001' });
  expect((await other.exchange(sale)).fields[39]).toBe('00');
  other.macKey = host.terminal.macKey;
  expect((await other.exchange(other.sale({ account: STRIPE, amountMinor: 100, entry: 'swiped', trace: '000002' }))).fields[39]).toBe('A0');
  other.close();
});

// Real messages of a terminal in the field: github vfwz/iso8583, PosMessageTest. Test card.
const SIGN_ON = '600003000060310031010008000020000000C408120000783130303136393139383433323930303435383230303042004750493034323034303230323035313430303030323430323130363837303030303030313038303856302E302E332E30040000000000000000110000072600500003303120';
const SALE = '60000300006031003101000200703C06C000C49A1716622424230000006900000000000000111100007914155408242903071000000012313030313639313938343332393030343538323030304200695049303634303430323032303531343030303032343032313036383730303030303031303630363030303036393037303844333930334633393038303856302E302E332E303135360000000000000000241000000000000001459F260846FD62985CAAE7589F2701809F101307011703A00000010A0100000500001EF41C469F37049536C9B89F36020C66950500000000009A032208249C01009F02060000000011115F2A02015682027C009F1A0201569F03060000000000009F330360E9C89F34030000009F3501229F1E0831323334353637388408A0000003330101029F090200309F4104000000010013220007270006000024FF02213436307C30307C32383638387C34333232323834390021534D303136CDC489E91786D0BE01F543D813611BCD3833353932373435';

test('messages of a terminal in the field are read; of a terminal that has not signed on, a sale is refused', async () => {
  host = await openHost({ signOn: false, tid: '10016919', mid: '84329004582000B' });
  host.terminal.sendBytes(frame(fromHex(SIGN_ON)));
  const signOn = await host.terminal.answer();
  // Its network code 005 is not one this host offers.
  expect([signOn.mti, signOn.fields[39], signOn.fields[11], signOn.tpdu]).toEqual(['0810', '12', '000078', '6000000003']);
  host.terminal.sendBytes(frame(fromHex(SALE)));
  const sale = await host.terminal.answer();
  expect([sale.mti, sale.fields[39], sale.fields[11], sale.fields[64]]).toEqual(['0210', 'A0', '000079', undefined]);
  expect(await host.ledger()).toEqual([]);
});
