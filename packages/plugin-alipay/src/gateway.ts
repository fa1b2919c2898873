/** What stands between this plugin and Alipay: one function. Simulation and tests put another in its place. */
import type { JsonObject, NotSent, Unknown } from '@tillwright/core/contract';

export type AlipayMethod =
  | 'alipay.trade.pay'
  | 'alipay.trade.precreate'
  | 'alipay.trade.query'
  | 'alipay.trade.cancel'
  | 'alipay.trade.refund'
  | 'alipay.trade.fastpay.refund.query';

export interface AlipayCall {
  readonly method: AlipayMethod;
  /** The business parameters, named as the protocol names them (`out_trade_no`). */
  readonly content: JsonObject;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
}

/**
 * What came of one request. `answer`: the members of `<method>_response`, their signature verified over the very text
 * they were read from. `silence`: nothing that could be believed; `sent` is false only where no byte of the request can
 * have left.
 */
export type AlipayHeard =
  | { readonly heard: 'answer'; readonly body: JsonObject }
  | { readonly heard: 'silence'; readonly sent: boolean; readonly reason: Unknown['reason']; readonly why: string };

/** Sends exactly one request, never again by itself, and never throws. */
export type AlipayGateway = (call: AlipayCall) => Promise<AlipayHeard>;

export const silence = (heard: Extract<AlipayHeard, { heard: 'silence' }>): Unknown | NotSent =>
  heard.sent ? { outcome: 'unknown', reason: heard.reason, why: heard.why } : { outcome: 'not-sent', why: heard.why };
