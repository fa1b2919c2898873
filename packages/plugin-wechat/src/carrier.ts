import type { Clock } from '@tillwright/core/contract';
import type { Decorator } from 'wechatpay-axios-plugin';

/**
 * What carries one signed HTTP request to WeChat Pay and its answer back: the network, unless simulation puts itself there. The SDK
 * signs, verifies and parses all the same. Signatures bear the machine's time, as the SDK knows no other.
 */
export interface WechatCarrier {
  /** How long a call may take is measured by it. */
  readonly clock: Clock;
  /**
   * @param sent called when a connection stands, before the first byte leaves
   * @throws when there is no connection, or when it broke without an answer
   */
  exchange(
    request: { readonly method: string; readonly target: string; readonly headers: Readonly<Record<string, string>>; readonly body: string },
    sent: () => void,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
}

type Adapter = Extract<NonNullable<NonNullable<Parameters<Decorator['request']>[3]>['adapter']>, (...args: never[]) => unknown>;

/** A carrier as the SDK's HTTP client wants its transport. */
export const carriedBy = (carrier: WechatCarrier, sent: () => void, signal: AbortSignal): Adapter => async (config) => {
  const url = new URL(config.url ?? '', config.baseURL);
  for (const [name, value] of Object.entries((config.params ?? {}) as Record<string, unknown>)) url.searchParams.set(name, String(value));
  const headers = Object.fromEntries(Object.entries(config.headers.toJSON()).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const body = typeof config.data === 'string' ? config.data : '';
  const answer = await carrier.exchange({ method: (config.method ?? 'get').toUpperCase(), target: `${url.pathname}${url.search}`, headers, body }, sent, signal);
  return { status: answer.status, statusText: '', headers: answer.headers, data: answer.body, config, request: undefined };
};
