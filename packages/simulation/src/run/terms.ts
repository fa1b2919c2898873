/** How an integrator may have set the times by which the methods that ship settle. */
import type { Random } from '@tillwright/core/testing';
import type { ShopOptions } from '../shop.js';

const LANE_ATTEMPTS = [1, 2, 3, 5] as const;
const BACK_OFFS = [[1_000, 5_000, 15_000, 60_000, 300_000], [500], [2_000, 90_000]] as const;
/** A QR of WeChat Pay must live for more than a minute, and it ends with the last inquiry. */
const INQUIRIES = [[5_000, 10_000, 20_000, 30_000, 45_000, 65_000], [65_000], [2_000, 4_000, 6_000, 8_000, 62_000], [30_000, 120_000]] as const;
const MINUTE_MS = 60_000;

/** Times of its own for each method. Those at which it looks again stay: what comes late comes before the last of them. */
export const mixedPolicies = (random: Random): NonNullable<ShopOptions['policies']> => {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
  const reverse = (notBeforeMs: readonly number[]) => ({ notBeforeMs: pick(notBeforeMs), withinMs: MINUTE_MS * pick([24 * 60, 10, 3]), backoffMs: pick(BACK_OFFS), laneAttempts: pick(LANE_ATTEMPTS) });
  return {
    card: { answerWithinMs: pick([15_000, MINUTE_MS]), reverse: reverse([0, 0, 20_000]) },
    alipay: { answerWithinMs: pick([3_000, 10_000, 20_000]), inquireAtMs: pick(INQUIRIES), reverse: reverse([0, 0, 20_000]) },
    // Which wants 15 s from when it has the payment.
    wechat: { answerWithinMs: pick([3_000, 10_000, 20_000]), inquireAtMs: pick(INQUIRIES), reverse: reverse([16_000, 40_000]) },
  };
};
