import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { luhnValid, maskPan } from './pan.js';

it('shows first 6 and last 4 at most', () => {
  expect(maskPan('6228480000000000019')).toBe('622848*********0019');
  expect(maskPan('622848000019')).toBe('************');
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 0, maxLength: 19 }), (pan) => {
      const masked = maskPan(pan);
      expect(masked).toHaveLength(pan.length);
      expect(masked.replaceAll('*', '').length).toBeLessThanOrEqual(10);
    }),
  );
});

it('checks the last digit', () => {
  expect(luhnValid('4111111111111111')).toBe(true);
  expect(luhnValid('4111111111111112')).toBe(false);
  // Here digits of 5 and more are doubled.
  expect(luhnValid('5555555555554444')).toBe(true);
  expect(luhnValid('5555555555554434')).toBe(false);
  expect(luhnValid('0')).toBe(false);
});
