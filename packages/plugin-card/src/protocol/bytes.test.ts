import { expect, it } from 'vitest';
import { equalBytes, fromHex, toHex } from './bytes.js';

it('reads hexadecimal digits of either case, and nothing else: Buffer would cut off what it does not know', () => {
  expect(toHex(fromHex('00aFfA'))).toBe('00AFFA');
  for (const text of ['0', '000', '0G', 'G0', ' 00', '00\n\n']) expect(() => fromHex(text)).toThrow(/^not an even number of hexadecimal digits$/);
});

it('tells bytes that differ in any place, or in their number', () => {
  const bytes = fromHex('8A9E91B88D839AC5');
  expect(equalBytes(bytes, Uint8Array.from(bytes))).toBe(true);
  for (const at of bytes.keys()) expect(equalBytes(bytes, bytes.map((byte, index) => (index === at ? byte ^ 0x80 : byte)))).toBe(false);
  expect(equalBytes(bytes, bytes.subarray(0, 7))).toBe(false);
  expect(equalBytes(bytes.subarray(0, 7), bytes)).toBe(false);
  expect(equalBytes(new Uint8Array(8), new Uint8Array(9))).toBe(false);
});
