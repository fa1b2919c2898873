import { bind, definePlugin, PaymentMethod, toDecimal, type Plugin } from '@tillwright/core/contract';

/** Cash, as far as a simulated counter goes: whoever confirms has handed it over. Nobody but a person can give it back. */
export const simulatedCash = (): Plugin =>
  definePlugin({ name: '@tillwright/device-sim/cash', version: '0.1.0', provides: [bind(PaymentMethod).from([], () => new CashPayment())] });

class CashPayment implements PaymentMethod {
  readonly id = 'cash';
  readonly label = { zh: '现金', en: 'Cash' };
  readonly needs = 'none';
  readonly capabilities = { operations: ['sale'], inquiry: false, reversal: false, completion: false, partialApproval: false, movesMoney: false } as const;
  readonly arguments = { type: 'object', additionalProperties: false };
  readonly errors = {};
  readonly policy = { answerWithinMs: 60_000, inquireAtMs: [], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] };

  async prepare(request: Parameters<PaymentMethod['prepare']>[0]): ReturnType<PaymentMethod['prepare']> {
    return { prepared: { reference: `${request.paymentId}@${request.attempt}`, lane: `cash:${request.paymentId}`, data: {}, dataVersion: 1 } };
  }

  async submit(request: Parameters<PaymentMethod['submit']>[0]): ReturnType<PaymentMethod['submit']> {
    const received = { key: 'received', label: { zh: '实收现金', en: 'Cash received' }, value: `RMB ${toDecimal(request.amount)}` };
    return { outcome: 'approved', verified: true, amount: request.amount, completion: 'none', facts: { receipt: [received] } };
  }

  remedy(): ReturnType<PaymentMethod['remedy']> {
    return { do: 'ask-person', why: 'give the cash back' };
  }
}
