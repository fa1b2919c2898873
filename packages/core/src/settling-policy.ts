/** When a payment's fate is asked for, and how long it is undone: what a method brings, and what an integrator may change of it. */
import type { JsonSchema } from './json.js';

/** All times in ms. The lists are finite: after the last inquiry an undecided attempt is condemned. */
export interface SettlingPolicy {
  /** After this a silent submit is `unknown`. */
  readonly answerWithinMs: number;
  /** Inquiries, each counted from the submit. */
  readonly inquireAtMs: readonly number[];
  readonly reverse: {
    /** Counted from the submit. */
    readonly notBeforeMs: number;
    /** The host's limit, counted from the submit; after it: a case. */
    readonly withinMs: number;
    /** Between tries; the last one repeats. */
    readonly backoffMs: readonly number[];
    /** Tries that reached the host, after which a case opens and the lane reopens. */
    readonly laneAttempts: number;
  };
  /** Looks again after an undo without proof, each counted from the undo's answer (rule 5): an inquiry, or `reverse` once more where there is none. */
  readonly watchAtMs: readonly number[];
}

/** What differs from a method's standard times. */
export interface PolicyOptions extends Partial<Omit<SettlingPolicy, 'reverse'>> {
  readonly reverse?: Partial<SettlingPolicy['reverse']>;
}

export const policyFrom = (standard: SettlingPolicy, options: PolicyOptions = {}): SettlingPolicy => ({
  ...standard,
  ...options,
  reverse: { ...standard.reverse, ...options.reverse },
});

const time = { type: 'number', minimum: 0 };
const times = { type: 'array', items: time };

/** The schema of `PolicyOptions`. What would make a policy unsafe is refused when a till is opened with it. */
export const POLICY_OPTIONS: JsonSchema = {
  type: 'object',
  properties: {
    answerWithinMs: time,
    inquireAtMs: times,
    watchAtMs: times,
    reverse: { type: 'object', properties: { notBeforeMs: time, withinMs: time, backoffMs: times, laneAttempts: { type: 'integer', minimum: 1 } } },
  },
};
