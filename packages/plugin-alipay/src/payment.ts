import { ActionError, policyFrom, toDecimal } from '@tillwright/core/contract';
import type {
  Answer,
  Clock,
  Finding,
  JsonObject,
  JsonSchema,
  Live,
  PaymentMethod,
  PaymentRequest,
  Prepared,
  Recorded,
  Remedy,
  ReverseAnswer,
  SettlingPolicy,
  Terminal,
  Text,
  UndoReason,
} from '@tillwright/core/contract';
import { afterCancel, readCancel, readPay, readPrecreate, readQuery, readRefund, readRefundQuery } from './answers.js';
import type { Asked } from './answers.js';
import type { AlipayGateway, AlipayHeard, AlipayMethod } from './gateway.js';
import { ALIPAY_POLICY } from './options.js';
import type { AlipayOptions } from './options.js';
import { PAYER_CODE, payerCodeOf } from './payer-code.js';
import { referenceOf } from './reference.js';
import { toGmt8, toSecond } from './time.js';

/** What `prepare` logs beside the reference. */
interface PreparedData extends JsonObject {
  readonly mode: 'payer-code' | 'merchant-qr' | 'refund';
  /** Refund: the order whose money goes back. */
  readonly of?: string;
}

/** An inquiry or a cancel is answered at once or not at all. */
const QUESTION_WITHIN_MS = 5_000;

/**
 * Alipay at the counter: the payer's code (`alipay.trade.pay`) and the merchant's QR (`alipay.trade.precreate`), undone by
 * `alipay.trade.cancel` while the outcome is unknown, by `alipay.trade.refund` once it was paid.
 */
export class AlipayPayment implements PaymentMethod {
  readonly id = 'alipay';
  readonly label: Text = { zh: '支付宝', en: 'Alipay' };
  readonly needs = 'payer-code';
  readonly payerCode = PAYER_CODE;
  readonly merchantQr = true;
  readonly capabilities = { operations: ['sale', 'refund'], inquiry: true, reversal: true, completion: false, partialApproval: false, movesMoney: true } as const;
  readonly arguments: JsonSchema = {
    type: 'object',
    properties: {
      code: {
        type: 'object',
        description: "The payer's code as the scanner gave it: a sensitive reference",
        properties: { sensitive: { type: 'string' }, kind: { const: 'payer-code' }, view: { type: 'object' } },
        required: ['sensitive', 'kind', 'view'],
      },
      mode: { enum: ['payer-code', 'merchant-qr'], description: 'payer-code when left out' },
    },
    additionalProperties: false,
  };
  readonly errors = {
    'Payer.CodeInvalid': { zh: '付款码无效，请重新扫码', en: 'This is no payment code of Alipay: scan again' },
    'Payment.CurrencyUnsupported': { zh: '支付宝当面付仅支持人民币', en: 'Alipay takes CNY only here' },
  };
  readonly policy: SettlingPolicy;

  constructor(
    private readonly options: AlipayOptions,
    private readonly gateway: AlipayGateway,
    private readonly clock: Clock,
    private readonly terminal: Terminal,
  ) {
    this.policy = policyFrom(ALIPAY_POLICY, options.policy);
  }

  async prepare(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared }> {
    if (request.amount.currency !== 'CNY') throw new ActionError('Payment.CurrencyUnsupported', `Alipay takes CNY, not ${request.amount.currency}`);
    const now = this.clock.now();
    const reference = referenceOf(request, this.terminal, now);
    const data = this.#dataOf(request, live);
    // No later than polling ends (19): what is scanned afterwards would be paid for a sale that was given up.
    const hostExpiryMs = data.mode === 'merchant-qr' ? { hostExpiryMs: toSecond(now + (this.policy.inquireAtMs.at(-1) ?? 0)) } : {};
    return { prepared: { reference, lane: `alipay:${reference}`, ...hostExpiryMs, data, dataVersion: 1 } };
  }

  async submit(request: PaymentRequest, prepared: Prepared, live: Live): Promise<Answer> {
    const data = prepared.data as PreparedData;
    const asked = this.#asked(request, prepared);
    if (data.mode === 'refund') {
      const content = { out_trade_no: asked.reference, out_request_no: prepared.reference, refund_amount: toDecimal(request.amount) };
      return readRefund(await this.#ask('alipay.trade.refund', content, this.policy.answerWithinMs), asked, { number: prepared.reference, amount: request.amount });
    }
    const order = {
      out_trade_no: prepared.reference,
      total_amount: toDecimal(request.amount),
      subject: this.#subject(),
      terminal_id: this.terminal.tid,
      ...(request.operatorId === '' ? {} : { operator_id: [...request.operatorId].slice(0, 28).join('') }),
      ...(this.options.storeId === undefined ? {} : { store_id: this.options.storeId }),
    };
    if (data.mode === 'merchant-qr') {
      const content = { ...order, ...this.#expiry(prepared) };
      return readPrecreate(await this.#ask('alipay.trade.precreate', content, this.policy.answerWithinMs), asked);
    }
    let code: string;
    try {
      code = payerCodeOf(request.arguments['code'], live.vault);
    } catch {
      return { outcome: 'not-sent', why: "the payer's code is gone" };
    }
    const content = { ...order, auth_code: code, scene: 'bar_code', product_code: 'FACE_TO_FACE_PAYMENT' };
    return readPay(await this.#ask('alipay.trade.pay', content, this.policy.answerWithinMs), asked);
  }

  async inquire(recorded: Recorded): Promise<Finding> {
    const { request, prepared } = recorded;
    const data = prepared.data as PreparedData;
    const asked = this.#asked(request, prepared);
    if (data.mode === 'refund') {
      const content = { out_trade_no: asked.reference, out_request_no: prepared.reference };
      return readRefundQuery(await this.#ask('alipay.trade.fastpay.refund.query', content), asked, { number: prepared.reference, amount: request.amount });
    }
    return readQuery(await this.#ask('alipay.trade.query', { out_trade_no: asked.reference }), asked, { qr: this.#qrOpen(prepared) });
  }

  async reverse(recorded: Recorded, _reason: UndoReason, _tryNumber: number): Promise<ReverseAnswer> {
    const { request, prepared } = recorded;
    if ((prepared.data as PreparedData).mode === 'refund') return { outcome: 'refused', code: 'REFUND_HAS_NO_REVERSAL' };
    const asked = this.#asked(request, prepared);
    const cancelled = readCancel(await this.#ask('alipay.trade.cancel', { out_trade_no: asked.reference }), asked, this.clock.now());
    if (cancelled !== 'look') return cancelled;
    // Its QR is cancelled: whatever "no such trade" meant before, it no longer means "not yet".
    return afterCancel(readQuery(await this.#ask('alipay.trade.query', { out_trade_no: asked.reference }), asked, { qr: false }));
  }

  /** A cancel is for what is not known to be paid, and for 24 hours; a trade known to be paid is refunded. */
  remedy(recorded: Recorded): Remedy {
    if (recorded.request.operation !== 'sale') return { do: 'ask-person', why: 'a refund is neither reversed nor repeated' };
    if (recorded.approved && recorded.completed) return { do: 'refund', amount: recorded.approved.amount };
    if (recorded.now <= recorded.submittedAt + this.policy.reverse.withinMs) return { do: 'reverse' };
    if (recorded.approved) return { do: 'refund', amount: recorded.approved.amount };
    return { do: 'ask-person', why: 'too old to be cancelled, and never known to be paid' };
  }

  /** Local. @throws ActionError `Payer.CodeInvalid`, `Sensitive.Lost` */
  #dataOf(request: PaymentRequest, live: Live): PreparedData {
    if (request.operation === 'refund') {
      if (!request.original) throw new ActionError('Payment.NotSent', 'a refund names the payment that it gives back');
      return { mode: 'refund', of: request.original.prepared.reference };
    }
    if (request.arguments['mode'] === 'merchant-qr') return { mode: 'merchant-qr' };
    payerCodeOf(request.arguments['code'], live.vault);
    return { mode: 'payer-code' };
  }

  #asked(request: PaymentRequest, prepared: Prepared): Asked {
    const { of } = prepared.data as PreparedData;
    return { reference: of ?? prepared.reference, amount: request.amount, appId: this.options.appId, sellerId: this.options.sellerId };
  }

  /** Characters that Alipay refuses in a title are left out; cut before, for half a character at its end is one of them. */
  #subject(): string {
    return (this.options.subject ?? this.terminal.name).slice(0, 128).replace(/[/=&\p{C}]/gu, ' ').trim() || 'POS';
  }

  #expiry(prepared: Prepared): JsonObject {
    if (prepared.hostExpiryMs === undefined) return {};
    const minutes = Math.floor((this.policy.inquireAtMs.at(-1) ?? 0) / 60_000);
    return { time_expire: toGmt8(prepared.hostExpiryMs), ...(minutes < 1 ? {} : { qr_code_timeout_express: `${minutes}m` }) };
  }

  #qrOpen(prepared: Prepared): boolean {
    return prepared.hostExpiryMs !== undefined && this.clock.now() < prepared.hostExpiryMs;
  }

  async #ask(method: AlipayMethod, content: JsonObject, timeoutMs = Math.min(QUESTION_WITHIN_MS, this.policy.answerWithinMs)): Promise<AlipayHeard> {
    try {
      return await this.gateway({ method, content, timeoutMs });
    } catch {
      // A gateway never throws; one that does may have sent.
      return { heard: 'silence', sent: true, reason: 'no-answer', why: 'the gateway failed' };
    }
  }
}
