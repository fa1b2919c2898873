/** Payment methods over a simulated host: a card that completes and is sealed, and two wallets. */
import { bind, definePlugin, PaymentMethod, type Plugin, type Recorded, type SettlingPolicy } from '../contract.js';
import type { Sent } from './checkers.js';
import type { SimulatedHost } from './host.js';
import type { Life } from './life.js';

/** What the pad would seal: no byte of it may reach the log. */
export const SECRET = '6228480402564890018D2912';

/** Short enough that every payment is settled, or a case, within `QUIET_MS`. */
export const policy: SettlingPolicy = {
  answerWithinMs: 10_000,
  inquireAtMs: [5_000, 10_000, 20_000, 30_000],
  reverse: { notBeforeMs: 0, withinMs: 300_000, backoffMs: [2_000, 5_000, 30_000], laneAttempts: 3 },
  watchAtMs: [60_000, 120_000],
};
export const QUIET_MS = 600_000;

const ids = ['card', 'wallet', 'purse'] as const;
export type MethodId = (typeof ids)[number];

/**
 * `card` is never asked, only reversed or voided, completes on the card and has one lane, which all tills share when told so;
 * `wallet` is asked and reversed; `purse` is asked, and refunded once it approved.
 */
export interface SimulatedMethodOptions {
  readonly host: SimulatedHost;
  readonly life: Life;
  readonly sharedLane: boolean;
  readonly watch: Watch;
}

/** Sees every message just before it leaves. */
export interface Watch {
  sending(sent: Sent): void;
}

export const simulatedMethods = (options: SimulatedMethodOptions): Plugin =>
  definePlugin({ name: 'simulated', provides: ids.map((id) => bind(PaymentMethod).toValue(simulatedMethod(id, options))) });

const simulatedMethod = (id: MethodId, { host, life, sharedLane, watch }: SimulatedMethodOptions): PaymentMethod => {
  const card = id === 'card';
  const place = (recorded: Recorded) => ({ reference: recorded.prepared.reference, paymentId: recorded.request.paymentId, amount: recorded.request.amount });
  return {
    id,
    label: { zh: id, en: id },
    needs: 'none',
    capabilities: { operations: ['sale', 'void', 'refund'], inquiry: !card, reversal: true, completion: card, partialApproval: true, movesMoney: true },
    arguments: { type: 'object' },
    errors: {},
    policy: card ? { ...policy, inquireAtMs: [] } : policy,
    prepare: async (request) => {
      host.issued += 1;
      const reference = `${id}-${request.operation}-${host.issued}`;
      const lane = card ? `card:${sharedLane ? 'all' : request.terminalId}` : reference;
      return {
        prepared: { reference, lane, data: {}, dataVersion: 1 },
        ...(card && request.operation === 'sale' ? { sealed: new TextEncoder().encode(SECRET) } : {}),
      };
    },
    submit: (request, { reference, lane }) =>
      life.call(async () => {
        const { paymentId, amount, operation, original } = request;
        watch.sending({ kind: operation === 'void' || operation === 'refund' ? operation : 'sale', paymentId, reference, lane, sealed: true });
        if (operation === 'sale') return await host.submit({ reference, paymentId, amount, completion: card ? 'due' : 'none' });
        return await host.undoBy({ operation, reference, paymentId, amount, of: original?.prepared.reference ?? '' });
      }),
    remedy: ({ completed, approved, request }) => {
      if (request.operation === 'sale' && approved && (card ? completed : id === 'purse')) return { do: card ? 'void' : 'refund', amount: approved.amount };
      return { do: 'reverse' };
    },
    inquire: (recorded) => life.call(() => host.inquire(place(recorded))),
    reverse: (recorded) =>
      life.call(() => {
        const { request, prepared, sealed } = recorded;
        const needsSealed = card && request.operation === 'sale';
        watch.sending({ kind: 'reverse', paymentId: request.paymentId, reference: prepared.reference, lane: prepared.lane, sealed: !needsSealed || sealed !== undefined });
        return host.reverse(place(recorded));
      }),
    ...(card
      ? {
          complete: (recorded: Recorded) =>
            life.call(async () => {
              watch.sending({ kind: 'complete', paymentId: recorded.request.paymentId, reference: recorded.prepared.reference, lane: recorded.prepared.lane, sealed: true });
              const said = await host.complete(place(recorded));
              if (said === 'gone') return await new Promise<never>(() => {});
              return said === 'completed' ? { outcome: 'completed' as const } : { outcome: 'refused-by-card' as const, why: 'the card said no' };
            }),
        }
      : {}),
  };
};
