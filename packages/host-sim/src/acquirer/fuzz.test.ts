import * as fc from 'fast-check';
import { decode, encode, frame, FIELDS, type Iso8583Message } from '@tillwright/plugin-card/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHIP, openHost, STRIPE, Terminal, type TestHost } from './terminal.testing.js';

let host: TestHost;
beforeAll(async () => {
  host = await openHost();
});
afterAll(() => host.close());

/** The host is well when a terminal on a new connection can still echo. */
async function expectWell(): Promise<void> {
  const terminal = await Terminal.connect(host.endpoints);
  expect((await terminal.exchange(terminal.network('0820', '301', '000001'))).fields[39]).toBe('00');
  terminal.close();
}

async function sendAlone(bytes: Uint8Array): Promise<void> {
  const terminal = await Terminal.connect(host.endpoints);
  terminal.sendBytes(bytes);
  await terminal.finish();
}

test('any bytes at all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, framed) => {
      await sendAlone(framed ? frame(bytes) : bytes);
      await expectWell();
    }),
    { numRuns: 60 },
  );
});

test('a sale with bytes changed anywhere is never approved', async () => {
  const good = host.terminal.encode(host.terminal.sale({ account: CHIP, amountMinor: 100, entry: 'chip', trace: '000500', pin: '1234', atc: 9 }));
  await fc.assert(
    // TPDU and header stand outside the MAC, so changes begin behind them.
    fc.asyncProperty(fc.integer({ min: 11, max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Uint8Array.from(good);
      changed[at] = (changed[at] ?? 0) ^ change;
      const terminal = await host.terminal.again();
      terminal.sendBytes(frame(changed));
      terminal.sendBytes(frame(new Uint8Array(3)));
      const answer = await terminal.next();
      if (answer !== 'closed') expect(['A0', '97', '03', '12']).toContain(decode(answer).fields[39]);
      terminal.close();
    }),
    { numRuns: 150 },
  );
  await expectWell();
  expect(await host.ledger()).toEqual([]);
});

/** A value that fits its field's format, and nothing more. */
function value(element: number): fc.Arbitrary<string> {
  const format = FIELDS[element];
  if (format === undefined) throw new Error(`no field ${element}`);
  const [min, max] = 'size' in format.length ? [format.length.size, format.length.size] : [0, Math.min(format.length.max, 60)];
  const units = { n: fc.constantFrom(...'0123456789'), z: fc.constantFrom(...'0123456789='), text: fc.constantFrom(...'0AZ 9'), b: fc.constantFrom('00', '9F', '26', '08', '82', 'FF') }[format.kind];
  return fc.array(units, { minLength: min, maxLength: max }).map((parts) => parts.join(''));
}

test('well-formed messages with any fields, MACed rightly, are answered by a code', async () => {
  const elements = [2, 3, 4, 11, 14, 22, 23, 25, 26, 35, 37, 38, 39, 49, 52, 53, 55, 60, 61];
  const usual: Record<number, readonly string[]> = {
    2: [STRIPE.pan, CHIP.pan], 3: ['000000', '200000'], 11: ['000001', '000002'], 22: ['051', '022', '072'], 49: ['156'],
    60: ['22000001000600', '23000001000600', '25000001000600'], 61: ['0000010000011123'],
  };
  const fields = fc.record(
    Object.fromEntries(elements.map((element) => [element, fc.oneof(...(usual[element] ?? []).map((each) => fc.constant(each)), value(element))])),
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('0100', '0200', '0220', '0400', '0500', '0800', '0820', '0980'), fields, async (mti, given) => {
      const terminal = await host.terminal.again();
      const { tpdu, header, fields: base } = terminal.network('0820', '301', '000001');
      const message: Iso8583Message = { tpdu, header, mti, fields: { ...base, ...given, 64: '0'.repeat(16) } };
      expect(() => encode(message)).not.toThrow();
      const answer = await terminal.exchange(message);
      expect(answer.fields[39]).toMatch(/^[0-9A-Z]{2}$/);
      terminal.close();
      // Sign-ons and sign-offs among them change the keys.
      if (mti === '0800' || mti === '0820') await host.terminal.signOn();
    }),
    { numRuns: 300 },
  );
  await expectWell();
});
