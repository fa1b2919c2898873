/** What plugins bring to the simulation: payment methods over a simulated host, a card that completes and is sealed and two wallets; and a shop that packs and ships. */
import { action, ActionError, Actions, bind, type Clock, definePlugin, PaymentMethod, type Plugin, type Recorded } from '../contract.js';
import type { Sent } from './checkers.js';
import type { SimulatedHost } from './host.js';
import type { Life } from './life.js';
import type { Terms } from './policy.js';

/** What the pad would seal: no byte of it may reach the log. */
export const SECRET = '6228480402564890018D2912';

export const METHODS = ['card', 'wallet', 'purse'] as const;
export type MethodId = (typeof METHODS)[number];

/** A release of a method's plugin: the version of the data that it stores, and those that it reads. */
export interface Release {
  readonly stores: number;
  readonly reads: readonly number[];
}
/** What one life has of each method; nothing where the plugin is gone. */
export type Installed = { readonly [id in MethodId]: Release | undefined };

const first: Release = { stores: 1, reads: [1] };
export const everything: Installed = { card: first, wallet: first, purse: first };

/**
 * `card` is never asked, only reversed or voided, completes on the card and has one lane, which all tills share when told so;
 * `wallet` is asked and reversed; `purse` is asked, and refunded once it approved.
 */
export interface SimulatedMethodOptions {
  readonly host: SimulatedHost;
  readonly life: Life;
  readonly clock: Clock;
  readonly sharedLane: boolean;
  /** Approvals of `card` leave an advice owed. */
  readonly advice: boolean;
  readonly installed: Installed;
  readonly terms: Terms;
  readonly watch: Watch;
}

/** Sees every message just before it leaves. */
export interface Watch {
  sending(sent: Sent): void;
}

export const simulatedMethods = (options: SimulatedMethodOptions): Plugin =>
  definePlugin({
    name: 'simulated',
    provides: METHODS.flatMap((id) => {
      const release = options.installed[id];
      return release ? [bind(PaymentMethod).toValue(simulatedMethod(id, release, options))] : [];
    }),
  });

const simulatedMethod = (id: MethodId, { stores, reads }: Release, { host, life, clock, sharedLane, advice, terms, watch }: SimulatedMethodOptions): PaymentMethod => {
  const card = id === 'card';
  const payableForMs = id === 'wallet' ? terms.payableForMs : undefined;
  const sending = (kind: Sent['kind'], { request, prepared, sealed }: Pick<Recorded, 'request' | 'prepared' | 'sealed'>): void => {
    const needsSealed = card && kind === 'reverse';
    watch.sending({ kind, paymentId: request.paymentId, reference: prepared.reference, lane: prepared.lane, sealed: !needsSealed || sealed !== undefined, reads, at: clock.now() });
  };
  const place = (recorded: Recorded) => ({ reference: recorded.prepared.reference, paymentId: recorded.request.paymentId, amount: recorded.request.amount, operation: recorded.request.operation });
  return {
    id,
    label: { zh: id, en: id },
    needs: 'none',
    capabilities: { operations: ['sale', 'void', 'refund'], inquiry: !card, reversal: true, completion: card, partialApproval: true, movesMoney: true },
    arguments: { type: 'object' },
    errors: {},
    policy: terms.policies[id],
    dataVersions: reads,
    prepare: async (request) => {
      host.issued += 1;
      const reference = `${id}-${request.operation}-${host.issued}`;
      const lane = card ? `card:${sharedLane ? 'all' : request.terminalId}` : reference;
      return {
        prepared: { reference, lane, data: {}, dataVersion: stores, ...(request.operation === 'sale' && payableForMs !== undefined ? { hostExpiryMs: clock.now() + payableForMs } : {}) },
        ...(card && request.operation !== 'refund' ? { sealed: new TextEncoder().encode(SECRET) } : {}),
      };
    },
    submit: (request, prepared) =>
      life.call(async () => {
        const { paymentId, amount, operation, original } = request;
        const { reference } = prepared;
        sending(operation === 'void' || operation === 'refund' ? operation : 'sale', { request, prepared });
        if (operation === 'sale') return await host.submit({ reference, paymentId, amount, payableUntil: prepared.hostExpiryMs ?? Infinity, completion: card ? 'due' : 'none', advice: card && advice });
        return await host.undoBy({ operation, reference, paymentId, amount, of: original?.prepared.reference ?? '' });
      }),
    remedy: ({ completed, approved, request }) => {
      if (request.operation === 'sale' && approved && (card ? completed : id === 'purse')) return { do: card ? 'void' : 'refund', amount: approved.amount };
      return { do: 'reverse' };
    },
    inquire: (recorded) =>
      life.call(() => {
        sending('inquire', recorded);
        return host.inquire(place(recorded));
      }),
    reverse: (recorded) =>
      life.call(() => {
        sending('reverse', recorded);
        return host.reverse(place(recorded));
      }),
    ...(card && advice
      ? {
          deliver: (recorded: Recorded) =>
            life.call(async () => {
              sending('advise', recorded);
              return await host.advise(place(recorded));
            }),
        }
      : {}),
    ...(card
      ? {
          complete: (recorded: Recorded) =>
            life.call(async () => {
              sending('complete', recorded);
              const said = await host.complete(place(recorded));
              if (said === 'gone') return await new Promise<never>(() => {});
              return said === 'completed' ? { outcome: 'completed' as const } : { outcome: 'refused-by-card' as const, why: 'the card said no' };
            }),
        }
      : {}),
  };
};

/** Steps that move no money: `pack` is done again after a crash, `ship` is not; either may fail, or never come back. */
export const simulatedShop = ({ life, clock, draw, acting }: { readonly life: Life; readonly clock: Clock; readonly draw: () => number; readonly acting: (what: string, executionId: string) => void }): Plugin => {
  const step = (called: string, redo: 'again' | 'fail') =>
    action({
      description: { zh: called, en: called },
      arguments: { type: 'object' },
      result: {},
      errors: { 'Shop.Empty': { zh: '没有货', en: 'Nothing is left' } },
      redo,
      run: (_args, { executionId, step: address, signal }) =>
        life.call(async () => {
          acting(address, executionId);
          const fate = draw();
          if (fate < 0.05) return await new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
          await clock.until(clock.now() + Math.floor(fate * 4_000));
          if (fate > 0.85) throw fate > 0.9 ? new ActionError('Shop.Empty', 'nothing is left') : new Error('a fault of its own');
          return called;
        }),
    });
  return definePlugin({ name: 'shop', provides: [bind(Actions).toValue({ namespace: 'shop', actions: { pack: step('pack', 'again'), ship: step('ship', 'fail') } })] });
};
