/** A payment method whose host is a list in memory: for tests of the settling, with every answer that a host may give. */
import {
  type AdviceResult,
  type Answer,
  bind,
  type Completion,
  definePlugin,
  type Finding,
  PaymentMethod,
  type Plugin,
  type Recorded,
  type Remedy,
  type ReverseAnswer,
  type SettlingPolicy,
  type UndoReason,
} from '../contract.js';
import type { JsonObject } from '../json.js';

/** What the host knows of a reference, whatever it told the till. */
export interface HostEntry {
  readonly reference: string;
  readonly amountMinor: number;
  status: 'approved' | 'declined' | 'reversed' | 'refunded';
}

type Reply<A> = A | 'never' | 'throw' | ((amountMinor: number) => A | Promise<A>);

export interface ScriptedHost {
  /** References given out so far, over all restarts of the till. */
  issued: number;
  readonly ledger: Map<string, HostEntry>;
  /** Every call that reached it, in order: `submit 1@1`, `reverse ...`. */
  readonly calls: string[];
  /** Answers in order; when a list is used up, the host is honest and well. */
  readonly submits: (Reply<Answer> | { readonly lost: 'request' | 'answer' })[];
  readonly findings: Reply<Finding>[];
  readonly reversals: Reply<ReverseAnswer>[];
  readonly completions: Reply<Completion>[];
  readonly deliveries: Reply<AdviceResult>[];
}

export const scriptedHost = (): ScriptedHost => ({ issued: 0, ledger: new Map(), calls: [], submits: [], findings: [], reversals: [], completions: [], deliveries: [] });

export interface ScriptedMethodOptions {
  readonly id?: string;
  readonly host: ScriptedHost;
  readonly kind: 'card' | 'wallet';
  readonly policy?: Partial<SettlingPolicy>;
  readonly seal?: boolean;
  /** When its host ends what it prepares; never unless told. */
  readonly hostExpiryMs?: number;
  /** Its approvals leave an advice owed. */
  readonly owes?: boolean;
  /** `none` unless told. */
  readonly needs?: PaymentMethod['needs'];
  readonly remedy?: (recorded: Recorded) => Remedy;
  /** What it reads, the last one being what it writes; version 1 unless told. */
  readonly dataVersions?: readonly number[];
}

const DEFAULT_POLICY: SettlingPolicy = {
  answerWithinMs: 10_000,
  inquireAtMs: [5_000, 10_000, 20_000, 30_000],
  reverse: { notBeforeMs: 0, withinMs: 86_400_000, backoffMs: [2_000, 5_000, 30_000], laneAttempts: 3 },
  watchAtMs: [60_000],
};

/** `card` is reversed and cannot be asked, completes on the card, and has one lane; `wallet` is asked and reversed. */
export const scriptedMethod = (options: ScriptedMethodOptions): Plugin => {
  const { host, kind } = options;
  const id = options.id ?? kind;
  const never = <T>(): Promise<T> => new Promise<T>(() => {});
  const reply = async <A>(given: Reply<A> | undefined, amountMinor: number, honest: () => A): Promise<A> => {
    if (given === undefined) return honest();
    if (given === 'never') return await never<A>();
    if (given === 'throw') throw new Error('socket hang up');
    return typeof given === 'function' ? await (given as (amountMinor: number) => A | Promise<A>)(amountMinor) : given;
  };
  const amountOf = (recorded: { request: { amount: { amountMinor: number } } }): number => recorded.request.amount.amountMinor;
  const approvedAnswer = (reference: string, amountMinor: number): Answer => ({
    outcome: 'approved',
    verified: true,
    amount: { amountMinor, currency: 'CNY' },
    completion: kind === 'card' ? 'due' : 'none',
    facts: { receipt: [{ key: 'reference', label: { zh: '参考号', en: 'Reference' }, value: reference }] },
    ...(options.owes ? { owed: { advice: reference } } : {}),
  });
  const method: PaymentMethod = {
    id,
    label: { zh: `${id} 支付`, en: id },
    needs: options.needs ?? 'none',
    capabilities: { operations: ['sale', 'void', 'refund'], inquiry: kind === 'wallet', reversal: true, completion: kind === 'card', partialApproval: true, movesMoney: true },
    arguments: { type: 'object' },
    ...(options.dataVersions ? { dataVersions: options.dataVersions } : {}),
    errors: { 'Pin.Incorrect': { zh: '密码错', en: 'Wrong PIN' } },
    policy: { ...DEFAULT_POLICY, ...(kind === 'card' ? { inquireAtMs: [] } : {}), ...options.policy },
    prepare: async (request) => {
      host.issued += 1;
      const reference = `${id}-${request.operation}-${host.issued}`;
      return {
        prepared: { reference, lane: kind === 'card' ? `card:${request.terminalId}` : reference, data: {}, dataVersion: options.dataVersions?.at(-1) ?? 1, ...(options.hostExpiryMs === undefined ? {} : { hostExpiryMs: options.hostExpiryMs }) },
        ...(options.seal && request.operation !== 'refund' ? { sealed: new Uint8Array([1, 2, 3]) } : {}),
      };
    },
    submit: async (request, prepared) => {
      host.calls.push(`submit ${request.operation} ${prepared.reference}`);
      const given = host.submits.shift();
      const take = (): Answer => {
        if (request.operation !== 'sale') {
          const original = request.original && host.ledger.get(request.original.prepared.reference);
          if (original) original.status = 'refunded';
          return { ...approvedAnswer(prepared.reference, request.amount.amountMinor), completion: 'none' } as Answer;
        }
        host.ledger.set(prepared.reference, { reference: prepared.reference, amountMinor: request.amount.amountMinor, status: 'approved' });
        return approvedAnswer(prepared.reference, request.amount.amountMinor);
      };
      if (typeof given === 'object' && 'lost' in given) {
        if (given.lost === 'answer') take();
        return await never<Answer>();
      }
      const answer = await reply(given, request.amount.amountMinor, take);
      if (given !== undefined && answer.outcome === 'approved') {
        host.ledger.set(prepared.reference, { reference: prepared.reference, amountMinor: answer.amount.amountMinor, status: 'approved' });
      }
      return answer;
    },
    remedy: options.remedy ?? ((recorded) => (recorded.completed && kind === 'card' ? { do: 'void', amount: recorded.request.amount } : { do: 'reverse' })),
    inquire: async (recorded) => {
      const { reference } = recorded.prepared;
      host.calls.push(`inquire ${reference}`);
      return await reply<Finding>(host.findings.shift(), amountOf(recorded), () => {
        const entry = host.ledger.get(reference);
        if (!entry) return { outcome: 'absent' };
        if (entry.status === 'approved') return approvedAnswer(reference, entry.amountMinor) as Finding;
        return { outcome: 'undone', verified: true, proof: 'closed' };
      });
    },
    reverse: async (recorded: Recorded, reason: UndoReason, tryNumber: number) => {
      const { reference } = recorded.prepared;
      host.calls.push(`reverse ${reference} ${reason} ${tryNumber}`);
      return await reply<ReverseAnswer>(host.reversals.shift(), amountOf(recorded), () => {
        const entry = host.ledger.get(reference);
        if (!entry) return { outcome: 'undone', verified: true, proof: 'no-original' };
        entry.status = 'reversed';
        return { outcome: 'undone', verified: true, proof: 'acknowledged' };
      });
    },
    ...(options.owes
      ? {
          deliver: async (recorded: Recorded, owed: JsonObject) => {
            host.calls.push(`deliver ${String(owed['advice'])}`);
            return await reply<AdviceResult>(host.deliveries.shift(), amountOf(recorded), () => 'delivered');
          },
        }
      : {}),
    ...(kind === 'card'
      ? {
          complete: async (recorded: Recorded) => {
            host.calls.push(`complete ${recorded.prepared.reference}`);
            return await reply<Completion>(host.completions.shift(), amountOf(recorded), () => ({ outcome: 'completed' }));
          },
        }
      : {}),
  };
  return definePlugin({ name: `scripted-${id}`, provides: [bind(PaymentMethod).toValue(method)] });
};
