import { optionsInvalid } from '../errors.js';
import { isOutcome, type PayerOutcome } from '../wallet/payers.js';
import type { Trade, Trades } from './trades.js';

interface Scan {
  readonly reference: string;
  readonly outcome: PayerOutcome;
  /** With it the payer decides after so many inquiries; without it at once. */
  readonly afterQueries?: number;
}

/**
 * A payer acts: scans a merchant's QR (which makes the trade), or decides about a trade that waits.
 * @param body  `{ reference, outcome, afterQueries? }`
 * @throws HOST_OPTIONS_INVALID when there is nothing to act on
 */
export async function scan(trades: Trades, body: unknown): Promise<void> {
  const { reference, outcome, afterQueries } = parseScan(body);
  const known = trades.get(reference);
  const trade = known === undefined ? undefined : await trades.upToDate(known);
  if (trade?.stage !== 'order' && trade?.stage !== 'waiting') throw optionsInvalid('no QR or payment waits for a payer under this reference');
  const open: Trade = trade.stage === 'order' ? trades.begun(trade, trades.payers.someone(), { queriesLeft: 0, outcome }) : trade;
  await trades.put(afterQueries === undefined ? trades.decided(open, outcome) : { ...open, waiting: { queriesLeft: afterQueries, outcome } });
}

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
