import { ActionError, policyFrom } from '@tillwright/core/contract';
import type {
  Answer,
  Clock,
  Finding,
  JsonObject,
  JsonSchema,
  Live,
  Money,
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
  Unknown,
} from '@tillwright/core/contract';
import { readCodepay, readNative, readQuery, readRefund, readRefundQuery, readReverse } from './answers.js';
import type { Asked, AskedRefund, Reversed } from './answers.js';
import type { WechatCall, WechatGateway, WechatHeard } from './gateway.js';
import { WECHAT_POLICY } from './options.js';
import type { WechatOptions } from './options.js';
import { PAYER_CODE, payerCodeOf } from './payer-code.js';
import { referenceOf, undoNumberOf } from './reference.js';
import { toRfc3339, toSecond } from './time.js';

/** What `prepare` logs beside the reference. */
interface PreparedData extends JsonObject {
  readonly mode: 'payer-code' | 'merchant-qr' | 'refund';
  /** Refund: the order whose money goes back, and what it was for in all. */
  readonly of?: string;
  readonly ofTotalMinor?: number;
}

/** An inquiry or a reversal is answered at once or not at all. */
const QUESTION_WITHIN_MS = 5_000;
/** While the payer is paying a reversal is refused: asked again after this. */
const PAYING_WAIT_MS = 5_000;
const NO_NOTIFICATION = 'https://notify.invalid/wechat';
const ORDERS = 'v3/pay/transactions/out-trade-no';
const REFUNDS = 'v3/refund/domestic/refunds';

/**
 * WeChat Pay at the counter, API v3: the payer's code (codepay) and the merchant's QR (native). Undone by reverse, or close
 * for a QR, while the outcome is unknown; by a refund once it was paid.
 */
export class WechatPayment implements PaymentMethod {
  readonly id = 'wechat';
  readonly label: Text = { zh: '微信支付', en: 'WeChat Pay' };
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
    'Payer.CodeInvalid': { zh: '付款码无效，请重新扫码', en: 'This is no payment code of WeChat Pay: scan again' },
    'Payment.CurrencyUnsupported': { zh: '微信支付付款码仅支持人民币', en: 'WeChat Pay takes CNY only here' },
  };
  readonly policy: SettlingPolicy;

  constructor(
    private readonly options: WechatOptions,
    private readonly gateway: WechatGateway,
    private readonly clock: Clock,
    private readonly terminal: Terminal,
  ) {
    this.policy = policyFrom(WECHAT_POLICY, options.policy);
  }

  async prepare(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared }> {
    if (request.amount.currency !== 'CNY') throw new ActionError('Payment.CurrencyUnsupported', `WeChat Pay takes CNY, not ${request.amount.currency}`);
    const now = this.clock.now();
    const reference = referenceOf(request, this.terminal, now);
    const data = dataOf(request, live);
    // No later than polling ends (19): what is scanned afterwards would be paid for a sale that was given up.
    const hostExpiryMs = data.mode === 'merchant-qr' ? { hostExpiryMs: toSecond(now + (this.policy.inquireAtMs.at(-1) ?? 0)) } : {};
    return { prepared: { reference, lane: `wechat:${reference}`, ...hostExpiryMs, data, dataVersion: 1 } };
  }

  async submit(request: PaymentRequest, prepared: Prepared, live: Live): Promise<Answer> {
    const data = prepared.data as PreparedData;
    const asked = this.#asked(request, prepared);
    const { answerWithinMs } = this.policy;
    if (data.mode === 'refund') {
      const refund = { number: prepared.reference, amount: request.amount };
      return readRefund(await this.#askRefund(asked, refund, data.ofTotalMinor ?? request.amount.amountMinor, answerWithinMs), asked, refund);
    }
    const { appid, mchid } = this.options;
    const order = { appid, mchid, description: this.#description(), out_trade_no: prepared.reference, amount: { total: request.amount.amountMinor, currency: 'CNY' } };
    if (data.mode === 'merchant-qr') {
      const expiry = prepared.hostExpiryMs === undefined ? {} : { time_expire: toRfc3339(prepared.hostExpiryMs) };
      const body = { ...order, notify_url: this.options.notifyUrl ?? NO_NOTIFICATION, ...expiry };
      return readNative(await this.#ask({ method: 'POST', path: 'v3/pay/transactions/native', body, timeoutMs: answerWithinMs }));
    }
    let code: string;
    try {
      code = payerCodeOf(request.arguments['code'], live.vault);
    } catch {
      return { outcome: 'not-sent', why: "the payer's code is gone" };
    }
    const body = { ...order, payer: { auth_code: code }, scene_info: this.#scene() };
    return readCodepay(await this.#ask({ method: 'POST', path: 'v3/pay/transactions/codepay', body, timeoutMs: answerWithinMs }), asked);
  }

  async inquire(recorded: Recorded): Promise<Finding> {
    const { request, prepared } = recorded;
    const asked = this.#asked(request, prepared);
    if ((prepared.data as PreparedData).mode !== 'refund') return this.#findOrder(asked);
    const refund = { number: prepared.reference, amount: request.amount };
    return readRefundQuery(await this.#ask({ method: 'GET', path: `${REFUNDS}/${refund.number}` }), asked, refund);
  }

  /** Success proves nothing here (5): the order is asked for afterwards, and only what it then says counts. */
  async reverse(recorded: Recorded, _reason: UndoReason, _tryNumber: number): Promise<ReverseAnswer> {
    const { mode } = recorded.prepared.data as PreparedData;
    if (mode === 'refund') return { outcome: 'refused', code: 'REFUND_HAS_NO_REVERSAL' };
    const now = this.clock.now();
    const notBefore = recorded.submittedAt + this.policy.reverse.notBeforeMs;
    if (now < notBefore) return { outcome: 'not-now', retryAt: notBefore, why: 'too early after the payment began' };
    const asked = this.#asked(recorded.request, recorded.prepared);
    const { appid, mchid } = this.options;
    const call = mode === 'merchant-qr' ? { path: `${ORDERS}/${asked.reference}/close`, body: { mchid } } : { path: `${ORDERS}/${asked.reference}/reverse`, body: { appid, mchid } };
    const reversed = readReverse(await this.#ask({ method: 'POST', ...call }), asked);
    if (reversed.say === 'unknown') return reversed.unknown;
    if (reversed.say === 'refused') return { outcome: 'refused', code: reversed.code };
    if (reversed.say === 'paying') return { outcome: 'not-now', retryAt: now + PAYING_WAIT_MS, why: 'the payer is paying' };
    return this.#afterReverse(asked, reversed.say, now);
  }

  /** A reversal is for what is not known to be paid, and for 7 days; what is known to be paid is refunded. */
  remedy(recorded: Recorded): Remedy {
    if (recorded.request.operation !== 'sale') return { do: 'ask-person', why: 'a refund is neither reversed nor repeated' };
    if (recorded.approved && recorded.completed) return { do: 'refund', amount: recorded.approved.amount };
    if (recorded.now <= recorded.submittedAt + this.policy.reverse.withinMs) return { do: 'reverse' };
    if (recorded.approved) return { do: 'refund', amount: recorded.approved.amount };
    return { do: 'ask-person', why: 'too old to be reversed, and never known to be paid' };
  }

  async #afterReverse(asked: Asked, say: Extract<Reversed['say'], 'done' | 'look'>, now: number): Promise<ReverseAnswer> {
    const found = await this.#findOrder(asked);
    switch (found.outcome) {
      case 'undone':
        return found;
      case 'unknown':
        // Once the reversal is taken, what failed is closed. Where it was refused, the payer may be charged yet.
        return found.reason === 'failed' && say === 'done' ? { outcome: 'undone', verified: true, proof: 'closed' } : found;
      case 'absent':
        return { outcome: 'undone', verified: true, proof: 'no-original' };
      case 'pending':
        if (found.waitingFor === 'host') return unknown('the money is on its way back');
        return say === 'done' ? unknown('reversed, and yet the order waits for the payer') : { outcome: 'not-now', retryAt: now + PAYING_WAIT_MS, why: 'the payer is paying' };
      case 'approved':
        // Paid meanwhile (7): given back under a number that stays the same at every try.
        return say === 'done' ? unknown('reversed, and yet the order stands as paid') : this.#giveBack(asked, found.amount);
    }
  }

  async #giveBack(asked: Asked, amount: Money): Promise<ReverseAnswer> {
    const refund = { number: undoNumberOf(asked.reference), amount };
    const answer = readRefund(await this.#askRefund(asked, refund, amount.amountMinor), asked, refund);
    if (answer.outcome === 'approved') return { outcome: 'undone', verified: true, proof: 'money-back' };
    if (answer.outcome === 'declined') return answer.again === 'later' ? { outcome: 'not-now', retryAt: this.clock.now() + 60_000, why: `the refund was refused (${answer.code})` } : { outcome: 'refused', code: answer.code };
    return answer.outcome === 'pending' ? unknown('the money is on its way back') : answer;
  }

  /** An order whose money went back is undone only when the undo's own refund gave all of it back. */
  async #findOrder(asked: Asked): Promise<Exclude<ReturnType<typeof readQuery>, 'refunded'>> {
    const found = readQuery(await this.#ask({ method: 'GET', path: `${ORDERS}/${asked.reference}`, query: { mchid: asked.mchid } }), asked);
    if (found !== 'refunded') return found;
    const refund = { number: undoNumberOf(asked.reference), amount: asked.amount };
    const refunded = readRefundQuery(await this.#ask({ method: 'GET', path: `${REFUNDS}/${refund.number}` }), asked, refund);
    if (refunded.outcome === 'approved') return { outcome: 'undone', verified: true, proof: 'money-back' };
    if (refunded.outcome === 'pending') return refunded;
    return unknown('the order was refunded by other hands, how far is not known');
  }

  #askRefund(asked: Asked, refund: AskedRefund, totalMinor: number, timeoutMs?: number): Promise<WechatHeard> {
    const body = { out_trade_no: asked.reference, out_refund_no: refund.number, amount: { refund: refund.amount.amountMinor, total: totalMinor, currency: 'CNY' } };
    return this.#ask({ method: 'POST', path: REFUNDS, body, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }

  #asked(request: PaymentRequest, prepared: Prepared): Asked {
    const { of } = prepared.data as PreparedData;
    return { reference: of ?? prepared.reference, amount: request.amount, appid: this.options.appid, mchid: this.options.mchid };
  }

  /** Cut before it is cleaned: half a character at its end is none, and goes too. */
  #description(): string {
    return (this.options.description ?? this.terminal.name).slice(0, 40).replace(/\p{C}/gu, ' ').trim() || 'POS';
  }

  #scene(): JsonObject {
    return { device_id: this.terminal.tid, ...(this.options.deviceIp === undefined ? {} : { device_ip: this.options.deviceIp }), store_info: { id: this.options.storeId ?? this.terminal.tid } };
  }

  async #ask(call: Omit<WechatCall, 'timeoutMs'> & { readonly timeoutMs?: number }): Promise<WechatHeard> {
    try {
      return await this.gateway({ timeoutMs: Math.min(QUESTION_WITHIN_MS, this.policy.answerWithinMs), ...call });
    } catch {
      // A gateway never throws; one that does may have sent.
      return { heard: 'silence', sent: true, reason: 'no-answer', why: 'the gateway failed' };
    }
  }
}

/** Local. @throws ActionError `Payer.CodeInvalid`, `Sensitive.Lost` */
const dataOf = (request: PaymentRequest, live: Live): PreparedData => {
  if (request.operation === 'refund') {
    const { original } = request;
    if (!original) throw new ActionError('Payment.NotSent', 'a refund names the payment that it gives back');
    return { mode: 'refund', of: original.prepared.reference, ofTotalMinor: (original.approved?.amount ?? original.request.amount).amountMinor };
  }
  if (request.arguments['mode'] === 'merchant-qr') return { mode: 'merchant-qr' };
  payerCodeOf(request.arguments['code'], live.vault);
  return { mode: 'payer-code' };
};

const unknown = (why: string): Unknown => ({ outcome: 'unknown', reason: 'host-error', why });
