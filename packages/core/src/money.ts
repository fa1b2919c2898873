import { TillwrightError } from './errors.js';

/**
 * An amount of money.
 * @property amountMinor integer minor units (fen, cents), a safe integer, 0 or above
 * @property currency ISO 4217 alphabetic code
 */
export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/**
 * Makes an amount, refusing what is not money.
 * @throws MONEY_INVALID for a fraction, a negative, an unsafe integer or an unknown currency code
 */
export const money = (amountMinor: number, currency: string): Money => {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
    throw new TillwrightError('MONEY_INVALID', { found: String(amountMinor) });
  }
  return { amountMinor, currency: knownCurrency(currency) };
};

/** Asking the platform takes longer than all else that is done with an amount; there are some 180 currencies. */
const digitsKnown = new Map<string, number>();

/** How many digits a currency has after its decimal point (ISO 4217): CNY 2, JPY 0. */
export const minorDigits = (currency: string): number => {
  const known = digitsKnown.get(currency);
  if (known !== undefined) return known;
  const digits = new Intl.NumberFormat('en', { style: 'currency', currency: knownCurrency(currency) }).resolvedOptions().maximumFractionDigits ?? 2;
  digitsKnown.set(currency, digits);
  return digits;
};

/** `1234` fen as `12.34`; no currency sign, no grouping: what protocols and keypads use. */
export const toDecimal = (amount: Money): string => {
  const digits = minorDigits(amount.currency);
  const text = String(amount.amountMinor).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
};

/**
 * Reads what was typed on a keypad or stands in a protocol field: `12`, `12.3`, `12.34`.
 * @throws MONEY_INVALID for anything else, more digits than the currency has included
 */
export const fromDecimal = (text: string, currency: string): Money => {
  const digits = minorDigits(currency);
  // As many digits as a safe integer has; what is above the largest one, money refuses.
  const match = /^(\d{1,16})(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[2] ?? '';
  if (!match || fraction.length > digits) throw new TillwrightError('MONEY_INVALID', { found: text });
  return money(Number(match[1] + fraction.padEnd(digits, '0')), currency);
};

const currencies = new Set(Intl.supportedValuesOf('currency'));
const knownCurrency = (currency: string): string => {
  if (!currencies.has(currency)) throw new TillwrightError('MONEY_INVALID', { found: currency });
  return currency;
};
