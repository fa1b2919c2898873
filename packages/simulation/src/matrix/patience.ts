import type { ExecutionResult } from '@tillwright/core';
import type { Shop } from '../shop.js';

/** Longer than any sale takes. */
const PATIENCE_MS = 4 * 3_600_000;

/** Sells, and waits for as long as anybody would. @returns undefined where the life ended before the sale did. @throws where it does not end */
export const sellPatiently = async (shop: Shop, order: Parameters<Shop['sell']>[0]): Promise<ExecutionResult | undefined> => {
  const over = new AbortController();
  const late = shop.clock.until(shop.clock.now() + PATIENCE_MS, over.signal).then(
    () => {
      throw new Error(`the sale does not come to its end: ${shop.log.records.slice(-3).map(({ event }) => JSON.stringify(event)).join(', ').slice(0, 400)}`);
    },
    () => undefined,
  );
  const result = await Promise.race([shop.sell(order), late]);
  over.abort();
  return result;
};
