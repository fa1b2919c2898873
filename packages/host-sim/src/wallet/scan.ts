import { optionsInvalid } from '../errors.js';
import { isOutcome, type PayerOutcome } from './payers.js';

/** What a payer does with a phone: scans a merchant's QR, or decides about a payment that waits. */
export interface Scan {
  readonly reference: string;
  readonly outcome: PayerOutcome;
  /** With it the payer decides after so many inquiries; without it at once. */
  readonly afterQueries?: number;
}

/** @throws HOST_OPTIONS_INVALID when the body is not `{ reference, outcome, afterQueries? }` */
export function parseScan(body: unknown): Scan {
  if (typeof body !== 'object' || body === null) throw optionsInvalid('a scan is { reference, outcome, afterQueries? }');
  const { reference, outcome, afterQueries, ...rest } = body as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw optionsInvalid(`a scan has no field "${unknown}"`);
  if (typeof reference !== 'string') throw optionsInvalid('"reference" is the merchant\'s order number');
  if (!isOutcome(outcome)) throw optionsInvalid('"outcome" is pays, walks-away or declines');
  if (afterQueries === undefined) return { reference, outcome };
  if (typeof afterQueries !== 'number' || !Number.isSafeInteger(afterQueries) || afterQueries < 0) throw optionsInvalid('"afterQueries" is a whole number from 0');
  return { reference, outcome, afterQueries };
}
