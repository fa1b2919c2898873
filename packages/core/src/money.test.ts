import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromDecimal, minorDigits, money, toDecimal } from './money.js';

describe('money', () => {
  it.each([0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %s minor units', (amountMinor) => {
    expect(() => money(amountMinor, 'CNY')).toThrow(expect.objectContaining({ code: 'MONEY_INVALID' }));
  });

  it('refuses what is no ISO 4217 code', () => {
    expect(() => money(1, 'RMB')).toThrow(expect.objectContaining({ code: 'MONEY_INVALID' }));
    expect(() => money(1, 'cny')).toThrow(expect.objectContaining({ code: 'MONEY_INVALID' }));
  });

  it('knows how many digits a currency has', () => {
    expect(['CNY', 'JPY', 'KWD'].map(minorDigits)).toEqual([2, 0, 3]);
  });

  it.each([
    ['0.01', 1],
    ['88', 8800],
    ['88.5', 8850],
    ['88.50', 8850],
    ['1.10', 110],
    ['0.29', 29],
  ])('reads %s yuan as %i fen', (text, amountMinor) => {
    expect(fromDecimal(text, 'CNY')).toEqual({ amountMinor, currency: 'CNY' });
  });

  it.each(['', '.', '1.', '.5', '1.234', '-1', '+1', '1e3', '1,000', ' 1', '0x10', '99999999999999', '90071992547409.92', '10000000000000000'])('refuses "%s"', (text) => {
    expect(() => fromDecimal(text, 'CNY')).toThrow(expect.objectContaining({ code: 'MONEY_INVALID' }));
  });

  it('reads the largest amount that it can write', () => {
    for (const [text, currency] of [['90071992547409.91', 'CNY'], ['9007199254740991', 'JPY'], ['10000000000000', 'JPY']] as const) expect(toDecimal(fromDecimal(text, currency))).toBe(text);
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.constantFrom('CNY', 'JPY', 'KWD'), (amountMinor, currency) => {
        expect(fromDecimal(toDecimal({ amountMinor, currency }), currency)).toEqual({ amountMinor, currency });
      }),
    );
  });
});
