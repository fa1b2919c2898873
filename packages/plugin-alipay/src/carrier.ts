import type { Clock } from '@tillwright/core/contract';
import type { Dispatcher } from 'urllib';

/**
 * What carries one signed HTTP request to Alipay and its answer back: the network, unless simulation puts itself there. The SDK
 * signs, verifies and parses all the same.
 */
export interface AlipayCarrier {
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

/** A carrier as the SDK's HTTP client wants its transport. */
export const carriedBy =
  (carrier: AlipayCarrier) =>
  (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
    const ending = new AbortController();
    const abort = (reason?: Error): void => {
      if (ending.signal.aborted) return;
      ending.abort(reason);
      handler.onError?.(reason ?? new Error('aborted'));
    };
    const { method, path, headers, body } = options;
    if (body !== undefined && body !== null && typeof body !== 'string' && !(body instanceof Uint8Array)) throw new TypeError('alipay: a body of another kind than text');
    const request = { method, target: path, headers: namesOf(headers), body: typeof body === 'string' ? body : Buffer.from(body ?? '').toString('utf8') };
    carrier.exchange(request, () => handler.onConnect?.(abort), ending.signal).then(
      (answer) => {
        if (ending.signal.aborted) return;
        const raw = Object.entries(answer.headers).flatMap(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
        handler.onHeaders?.(answer.status, raw, () => {}, '');
        if (answer.body !== '' && !ending.signal.aborted) handler.onData?.(Buffer.from(answer.body, 'utf8'));
        // Given up meanwhile: its end has been told already.
        if (!ending.signal.aborted) handler.onComplete?.([]);
      },
      (error: unknown) => abort(error instanceof Error ? error : new Error(String(error))),
    );
    return true;
  };

const namesOf = (headers: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries((headers ?? {}) as Record<string, unknown>).map(([name, value]) => [name.toLowerCase(), String(value)]));
