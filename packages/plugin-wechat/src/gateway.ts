/** What stands between this plugin and WeChat Pay: one function. Simulation and tests put another in its place. */
import type { JsonObject, NotSent, Unknown } from '@tillwright/core/contract';

export interface WechatCall {
  readonly method: 'GET' | 'POST';
  /** Without a leading slash: `v3/pay/transactions/codepay`. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  readonly body?: JsonObject;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
}

/**
 * What came of one request. `answer`: any HTTP status, its signature verified over the raw body; `body` is `{}` where
 * the answer has none (204). `silence`: nothing that could be believed; `sent` is false only where no byte of the
 * request can have left; `status` is what an unbelievable answer came with.
 */
export type WechatHeard =
  | { readonly heard: 'answer'; readonly status: number; readonly body: JsonObject }
  | { readonly heard: 'silence'; readonly sent: boolean; readonly reason: Unknown['reason']; readonly why: string; readonly status?: number };

/** Sends exactly one request, never again by itself, and never throws. */
export type WechatGateway = (call: WechatCall) => Promise<WechatHeard>;

export const silence = (heard: Extract<WechatHeard, { heard: 'silence' }>): Unknown | NotSent =>
  heard.sent ? { outcome: 'unknown', reason: heard.reason, why: heard.why } : { outcome: 'not-sent', why: heard.why };
