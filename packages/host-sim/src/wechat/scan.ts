import { optionsInvalid } from '../errors.js';
import { parseScan } from '../wallet/scan.js';
import type { Order, Orders } from './orders.js';

/**
 * A payer acts: scans a merchant's QR, or decides about a payment that waits.
 * @param body  `{ reference, outcome, afterQueries? }`
 * @throws HOST_OPTIONS_INVALID when there is nothing to act on
 */
export async function scan(orders: Orders, body: unknown): Promise<void> {
  const { reference, outcome, afterQueries } = parseScan(body);
  const order = await orders.current(reference);
  if (order?.stage !== 'open' && order?.stage !== 'waiting') throw optionsInvalid('no QR or payment waits for a payer under this reference');
  const open: Order = { ...order, payerId: order.payerId ?? orders.payers.someone().id };
  await orders.put(afterQueries === undefined ? orders.decided(open, outcome) : { ...open, stage: 'waiting', waiting: { queriesLeft: afterQueries, outcome } });
}
