/** How the simulated methods settle, and what else differs from host to host. */
import type { SettlingPolicy } from '../contract.js';
import type { Random } from '../interpreter/random.js';
import type { MethodId } from './method.js';

/** Short enough that every payment is settled, or a case, within `QUIET_MS`. */
const policy: SettlingPolicy = {
  answerWithinMs: 10_000,
  inquireAtMs: [5_000, 10_000, 20_000, 30_000],
  reverse: { notBeforeMs: 0, withinMs: 300_000, backoffMs: [2_000, 5_000, 30_000], laneAttempts: 3 },
  watchAtMs: [60_000, 120_000],
};
export const QUIET_MS = 600_000;

export interface Terms {
  /** `card` is never asked. */
  readonly policies: { readonly [id in MethodId]: SettlingPolicy };
  /** Sales of `wallet` are codes that the host lets be paid for so long; without end unless told. */
  readonly payableForMs?: number;
  /** The host takes no sale any more that it was told to reverse before it came. */
  readonly remembers: boolean;
}

const termsFrom = (policyOf: () => SettlingPolicy, rest: Omit<Terms, 'policies'>): Terms => ({ policies: { card: { ...policyOf(), inquireAtMs: [] }, wallet: policyOf(), purse: policyOf() }, ...rest });

export const standardTerms: Terms = termsFrom(() => policy, { remembers: false });

/** Whatever a method's other times are: the last look is later than anything that is late may come. */
const WATCHES: readonly (readonly number[])[] = [policy.watchAtMs, [100_000], [5_000, 30_000, 110_000], [20_000, 20_000, 130_000]];

/** Each method of a shop has times of its own. */
export const mixedTerms = (random: Random): Terms => {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
  const mixed = (): SettlingPolicy => ({
    answerWithinMs: pick([3_000, 10_000, 25_000]),
    inquireAtMs: pick([policy.inquireAtMs, [1_000], [3_000, 6_000, 9_000, 12_000, 15_000, 18_000, 60_000], [40_000, 41_000]]),
    reverse: {
      notBeforeMs: pick([0, 0, 5_000, 15_000, 60_000]),
      withinMs: pick([300_000, 120_000, 70_000]),
      backoffMs: pick([policy.reverse.backoffMs, [500], [1_000, 90_000], [0]]),
      laneAttempts: 1 + Math.floor(random.next() * 4),
    },
    watchAtMs: pick(WATCHES),
  });
  const payableForMs = pick([undefined, 90_000, 300_000, 450_000]);
  return termsFrom(mixed, { ...(payableForMs === undefined ? {} : { payableForMs }), remembers: random.next() < 0.4 });
};
