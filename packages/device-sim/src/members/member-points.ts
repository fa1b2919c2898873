import { createHash } from 'node:crypto';
import {
  ActionError,
  bind,
  definePlugin,
  PaymentMethod,
  Terminal,
  toDecimal,
  type Answer,
  type Finding,
  type JsonObject,
  type Live,
  type PaymentFacts,
  type PaymentRequest,
  type Plugin,
  type Prepared,
  type Recorded,
  type Remedy,
  type ReverseAnswer,
  type SettlingPolicy,
  type Vault,
} from '@tillwright/core/contract';
import { MEMBER_CODE, type MembersClub, type PointsEntry } from './members-club.js';

/**
 * Member points as a payment method: spent as far as they go, asked for when the answer is lost, given back when the sale does not come about.
 * Its host is the simulated club; a shop's own members' system takes its place by the same four questions.
 */
export const memberPoints = ({ club }: { readonly club: MembersClub }): Plugin =>
  definePlugin({
    name: '@tillwright/device-sim/member-points',
    version: '0.1.0',
    provides: [bind(PaymentMethod).from([Terminal], (terminal) => new PointsPayment(club, terminal))],
  });

class PointsPayment implements PaymentMethod {
  readonly id = 'points';
  readonly label = { zh: '会员积分', en: 'Member points' };
  readonly needs = 'payer-code';
  readonly payerCode = MEMBER_CODE;
  readonly capabilities = { operations: ['sale'], inquiry: true, reversal: true, completion: false, partialApproval: true, movesMoney: true } as const;
  readonly arguments = {
    type: 'object',
    properties: {
      code: {
        type: 'object',
        description: "The member's code as the scanner gave it: a sensitive reference",
        properties: { sensitive: { type: 'string' }, kind: { const: 'payer-code' }, view: { type: 'object' } },
        required: ['sensitive', 'kind', 'view'],
      },
      mode: { const: 'payer-code' },
    },
    required: ['code'],
    additionalProperties: false,
  };
  readonly errors = { 'Payer.CodeInvalid': { zh: '会员码无效，请重新扫码', en: "This is no member's code: scan again" } };
  readonly policy: SettlingPolicy = {
    answerWithinMs: 10_000,
    inquireAtMs: [3_000, 6_000, 12_000],
    reverse: { notBeforeMs: 0, withinMs: 24 * 3_600_000, backoffMs: [2_000, 10_000, 60_000], laneAttempts: 3 },
    watchAtMs: [],
  };

  constructor(
    private readonly club: MembersClub,
    private readonly terminal: Terminal,
  ) {}

  async prepare(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared }> {
    codeOf(request, live.vault);
    const what = JSON.stringify([this.terminal.mid, this.terminal.tid, request.paymentId, request.attempt]);
    const reference = `MP${createHash('sha256').update(what).digest('hex').slice(0, 24)}`;
    return { prepared: { reference, lane: `points:${reference}`, data: {}, dataVersion: 1 } };
  }

  async submit(request: PaymentRequest, { reference }: Prepared, live: Live): Promise<Answer> {
    const order = { reference, code: codeOf(request, live.vault), amountMinor: request.amount.amountMinor, allowLess: request.allowPartial };
    return decided(this.club.spend(order), request);
  }

  async inquire({ prepared, request }: Recorded): Promise<Finding> {
    const entry = this.club.inquire(prepared.reference);
    if (!entry) return { outcome: 'absent' };
    return entry.status === 'given-back' || entry.status === 'closed' ? undone(entry) : decided(entry, request);
  }

  async reverse({ prepared }: Recorded): Promise<ReverseAnswer> {
    return undone(this.club.giveBack(prepared.reference));
  }

  /** Points that were spent and points that may have been are given back in the same way. */
  remedy(): Remedy {
    return { do: 'reverse' };
  }
}

/** @throws ActionError `Payer.CodeInvalid`; `Sensitive.Lost` from the vault */
const codeOf = (request: PaymentRequest, vault: Vault): string => {
  const code = vault.take<unknown>(request.arguments['code'] ?? null, 'payer-code').reveal();
  if (typeof code === 'string' && code.length === MEMBER_CODE.minLength && MEMBER_CODE.prefixes.some((prefix) => code.startsWith(prefix))) return code;
  throw new ActionError('Payer.CodeInvalid', "the code is no member's");
};

const decided = (entry: PointsEntry, request: PaymentRequest): Extract<Answer & Finding, { outcome: 'approved' | 'declined' }> => {
  if (entry.status !== 'approved') {
    const hint = { zh: '没有可用的积分', en: 'There are no points to pay with' };
    return { outcome: 'declined', verified: true, code: 'NO_POINTS', hint, again: 'new-input' };
  }
  const amount = { amountMinor: entry.amountMinor, currency: request.amount.currency };
  return { outcome: 'approved', verified: true, amount, completion: 'none', facts: factsOf(entry, toDecimal(amount)) };
};

/** A reference that was refused or never came holds no points: nothing can be spent under it any more. */
const undone = ({ status }: PointsEntry): Extract<ReverseAnswer & Finding, { outcome: 'undone' }> => ({
  outcome: 'undone',
  verified: true,
  proof: status === 'given-back' ? 'money-back' : 'closed',
});

const factsOf = ({ reference, member, amountMinor }: PointsEntry, worth: string): PaymentFacts => {
  const line = (key: string, zh: string, en: string, value: string): PaymentFacts['receipt'][number] => ({ key, label: { zh, en }, value }) as JsonObject & PaymentFacts['receipt'][number];
  return {
    reference,
    receipt: [line('member', '会员', 'Member', member), line('points', '使用积分', 'Points spent', String(amountMinor)), line('pointsWorth', '抵扣金额', 'Worth', `RMB ${worth}`)],
  };
};
