/** How the simulated methods settle. */
import type { SettlingPolicy } from '../contract.js';

/** Short enough that every payment is settled, or a case, within `QUIET_MS`. */
export const policy: SettlingPolicy = {
  answerWithinMs: 10_000,
  inquireAtMs: [5_000, 10_000, 20_000, 30_000],
  reverse: { notBeforeMs: 0, withinMs: 300_000, backoffMs: [2_000, 5_000, 30_000], laneAttempts: 3 },
  watchAtMs: [60_000, 120_000],
};
export const QUIET_MS = 600_000;
