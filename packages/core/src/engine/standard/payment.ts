import { ActionError, type Live, money, type Text, type UndoReason } from '../../contract.js';
import type { JsonObject } from '../../json.js';
import type { AttemptState, PaymentState } from '../payment.js';
import type { ChargeResult } from '../charge.js';
import { PayingScreen } from '../paying-screen.js';
import { amountMinorSchema, cancelled, currencySchema, object, standard, type StandardAction } from './types.js';

/** What a payment Task may end with beside what its method declares; `pending` and `unknown` never reach a workflow. */
export const paymentErrors = {
  'Payment.Declined': { zh: '交易失败', en: 'The payment was declined' },
  'Payment.NotSent': { zh: '未能连接，未扣款，请重试', en: 'The payment was not sent and nothing was charged: try again' },
  'Payment.Undone': { zh: '结果未知，已撤销，未扣款', en: 'The result was unknown; the payment was undone and nothing was charged' },
  'Payment.Unsettled': {
    zh: '结果未知，系统正在撤销；请勿交付商品，查看待处理事项',
    en: 'The result is unknown and is being undone: do not hand over the goods, see the open cases',
  },
  'Payment.ExceedsDue': { zh: '本单已付清或超出应收金额，本次未扣款', en: 'The sale is paid, or less is due than was asked for: nothing was charged' },
  'Payment.MethodUnknown': { zh: '没有这种支付方式', en: 'There is no such payment method' },
  'Sensitive.Lost': { zh: '请重新读卡或扫码', en: 'Read the card or scan the code again' },
} as const satisfies { readonly [name: string]: Text };

interface SaleArguments {
  method: string;
  amountMinor: number;
  currency?: string;
  dueMinor?: number;
  saleReference?: string;
  allowPartial?: boolean;
  with?: JsonObject;
}

export const paymentActions: { readonly [name: string]: StandardAction } = {
  methods: standard<object>({
    description: { zh: '列出已注册的支付方式', en: 'Lists the payment methods that are registered' },
    arguments: object({}),
    result: { type: 'array' },
    errors: {},
    redo: 'again',
    waitsItself: true,
    run: async (_args, { loaded }) =>
      [...loaded.methods.values()].map(({ method }) => {
        const why = loaded.unready.get(method.id);
        return {
          id: method.id,
          label: { zh: method.label.zh, en: method.label.en },
          needs: method.needs,
          merchantQr: method.merchantQr ?? false,
          ready: why === undefined,
          ...(why ? { why: { zh: why.zh, en: why.en } } : {}),
        };
      }),
  }),

  sale: standard<SaleArguments>({
    description: { zh: '收款：授权并入账', en: 'Takes a payment: authorization and capture at once' },
    arguments: object(
      {
        method: { type: 'string' },
        amountMinor: { ...amountMinorSchema, minimum: 1 },
        currency: currencySchema,
        dueMinor: { ...amountMinorSchema, minimum: 1 },
        saleReference: { type: 'string', minLength: 1, maxLength: 64 },
        allowPartial: { type: 'boolean' },
        with: { type: 'object' },
      },
      ['method', 'amountMinor'],
    ),
    result: { type: 'object' },
    errors: { ...paymentErrors, ...cancelled },
    redo: 'again',
    movesMoney: true,
    run: async (args, context) => {
      const { services, loaded, terminal } = context;
      const found = loaded.methods.get(args.method);
      const paymentId = `${context.executionId}/${context.step}`;
      // Of what a former life began the log tells, though its plugin is gone since (18).
      if (!found && !services.journal.payments.has(paymentId)) throw new ActionError('Payment.MethodUnknown', `no payment method ${args.method}; there are: ${[...loaded.methods.keys()].join(', ')}`);
      const { stop } = context;
      const giveUp = (): void => services.settler.giveUp(paymentId, givenUpAs(stop.reason));
      const deaf = stop.onAbort(giveUp);
      // After a restart its time may have passed before this line.
      if (stop.aborted) giveUp();
      try {
        const order = {
          paymentId,
          execution: context.executionId,
          step: context.step,
          taskAttempt: context.attempt,
          method: args.method,
          amount: money(args.amountMinor, args.currency ?? 'CNY'),
          dueMinor: args.dueMinor ?? args.amountMinor,
          saleReference: args.saleReference ?? context.key ?? context.executionId,
          terminalId: terminal.id,
          operatorId: terminal.operatorId,
          allowPartial: args.allowPartial ?? false,
          arguments: args.with ?? {},
        };
        const screen = new PayingScreen(context.show);
        const live: Live = {
          vault: loaded.vault,
          get signal() {
            return stop.signal;
          },
          show: screen.show,
        };
        const asking = { live, screen, stop };
        let result = await services.settler.charge(order, asking);
        // Given up between that and this line, unless it is committed: its flow hears what becomes of it then (14).
        if (result.is === 'paid' && stop.aborted) result = await services.settler.charge(order, asking);
        // A Retry of what was not sent, declined or undone would charge whoever has cancelled.
        if (result.is !== 'paid' && result.is !== 'unsettled' && givenUpAs(stop.reason) === 'cancelled') throw stop.reason;
        return outcome(result);
      } catch (error) {
        throw withHint(error, found?.method.errors ?? {});
      } finally {
        deaf();
      }
    },
  }),

  commit: standard<{ payments?: string[] }>({
    description: { zh: '确认已收的款项不再撤销', en: 'Keeps what is approved so far, whatever the flow does later' },
    arguments: object({ payments: { type: 'array', items: { type: 'string' } } }),
    result: { const: true },
    errors: {},
    redo: 'again',
    movesMoney: true,
    waitsItself: true,
    run: async ({ payments }, { services, executionId }) => {
      const own = services.journal.paymentsOf(executionId).map((payment) => payment.paymentId);
      await services.settler.commit(payments ? own.filter((id) => payments.includes(id)) : own);
      return true;
    },
  }),
};

/** The cashier reads the method's own words for the errors that it declares. */
const withHint = (error: unknown, hints: { readonly [name: string]: Text }): unknown => {
  if (!ActionError.is(error) || 'hint' in error.details || !Object.hasOwn(hints, error.error)) return error;
  const hint = hints[error.error];
  return hint ? new ActionError(error.error, error.message, { ...error.details, hint: { zh: hint.zh, en: hint.en } }) : error;
};

/** A decline is a States error that the flow can catch; so is what was undone. */
const outcome = (result: ChargeResult): JsonObject => {
  switch (result.is) {
    case 'paid':
      return paid(result.payment, result.attempt);
    case 'declined': {
      const { code, hint, again, error } = result.answer;
      throw new ActionError(error ?? 'Payment.Declined', `declined with ${code}`, { code, again, hint: { zh: hint.zh, en: hint.en } });
    }
    case 'not-sent':
      throw new ActionError('Payment.NotSent', result.why);
    case 'exceeds-due':
      throw new ActionError('Payment.ExceedsDue', result.why);
    case 'undone':
      throw new ActionError(undoneAs(result.why), `undone: ${result.why}`);
    case 'unsettled':
      throw new ActionError('Payment.Unsettled', `not yet undone: ${result.why}`, result.caseId ? { caseId: result.caseId } : {});
  }
};

const undoneAs = (why: UndoReason | 'open'): string => {
  if (why === 'cancelled') return 'Terminal.Cancelled';
  return why === 'timed-out' ? 'States.Timeout' : 'Payment.Undone';
};

const paid = (payment: PaymentState, attempt: AttemptState): JsonObject => ({
  paymentId: payment.paymentId,
  method: payment.method,
  reference: attempt.prepared.reference,
  amountMinor: attempt.approved?.amount.amountMinor ?? 0,
  currency: payment.currency,
  committed: payment.committed,
});

/** Why the Task's signal was aborted: a time-out, a person's cancel, or the flow around it failing. */
const givenUpAs = (reason: unknown): UndoReason => {
  const error = ActionError.is(reason) ? reason.error : undefined;
  if (error === 'States.Timeout') return 'timed-out';
  return error === 'Terminal.Cancelled' ? 'cancelled' : 'flow-failed';
};
