import { optionsInvalid } from '../errors.js';
import { parseScan } from '../wallet/scan.js';
import type { Trade, Trades } from './trades.js';

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
