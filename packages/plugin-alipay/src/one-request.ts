import { Agent } from 'urllib';
import type { Dispatcher } from 'urllib';
import { type AlipayCarrier, carriedBy } from './carrier.js';

/** What is known of the one request of a call. */
export interface OneRequest {
  dispatched: boolean;
  /** The client wanted to send again, and was refused: the connection broke, or the host pointed elsewhere. */
  again: boolean;
  /** A connection stood and the request was being written to it: from then on the host may have it. */
  sent: boolean;
  timedOut: boolean;
  /** Why the answer was not read to its end, where the till would have choked on it. */
  unreadable?: string;
  abort?: (reason: Error) => void;
}

/** No answer of this protocol comes near it. */
const ANSWER_BYTES_MAX = 1_000_000;

/** A transport as the HTTP client calls it. */
export interface Transport {
  readonly dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => boolean;
}

/**
 * The HTTP transport under the SDK. The SDK's HTTP client repeats a POST after a reset connection and follows
 * redirects with it; a payment is sent once. So each call may dispatch one request: what the client would send after it
 * is refused here. The connection is new for each request, so that one which the host closed long ago can't swallow it.
 */
export class OneRequestDispatcher {
  readonly #carrier: AlipayCarrier | undefined;
  readonly #send: Transport['dispatch'];

  constructor(options: { readonly connectWithinMs: number; readonly carrier?: AlipayCarrier | undefined }) {
    this.#carrier = options.carrier;
    if (options.carrier !== undefined) {
      this.#send = carriedBy(options.carrier);
      return;
    }
    const agent = new Agent({ pipelining: 0, connect: { timeout: options.connectWithinMs } });
    this.#send = (request, handler) => agent.dispatch(request, handler);
  }

  /** Runs a call over a transport of its own; its request must have its answer within `timeoutMs`. */
  async run<T>(timeoutMs: number, call: (transport: Transport) => Promise<T>): Promise<{ readonly request: OneRequest; readonly result: PromiseSettledResult<T> }> {
    const request: OneRequest = { dispatched: false, again: false, sent: false, timedOut: false };
    const stop = this.#after(timeoutMs, () => {
      request.timedOut = true;
      request.abort?.(new Error('no answer in time'));
    });
    try {
      const [result] = await Promise.allSettled([call(this.#transportOf(request))]);
      return { request, result };
    } finally {
      stop();
    }
  }

  #transportOf(request: OneRequest): Transport {
    return {
      dispatch: (options, handler) => {
        if (request.dispatched) {
          request.again = true;
          throw new Error('a second request of one call was refused');
        }
        request.dispatched = true;
        return this.#send({ ...options, headers: { ...(options.headers as Record<string, string>), 'accept-encoding': 'identity' } }, watched(handler, request));
      },
    };
  }

  #after(ms: number, fire: () => void): () => void {
    if (this.#carrier === undefined) {
      const timer = setTimeout(fire, ms);
      return () => clearTimeout(timer);
    }
    const { clock } = this.#carrier;
    const ending = new AbortController();
    clock.until(clock.now() + ms, ending.signal).then(fire, () => {});
    return () => ending.abort();
  }
}

/**
 * What is written to the network and heard from it passes here: when the request may have left, and that the answer stays within
 * bounds. The client takes it into memory whole, and unpacks what is packed at once and without a limit: a till with all its
 * terminals would die of one answer.
 */
const watched = (handler: Dispatcher.DispatchHandler, request: OneRequest): Dispatcher.DispatchHandler => {
  let received = 0;
  const giveUp = (why: string): false => {
    request.unreadable = why;
    request.abort?.(new Error(why));
    return false;
  };
  return new Proxy(handler, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== 'function') return member;
      const method = member as (...args: unknown[]) => unknown;
      switch (key) {
        case 'onConnect':
        case 'onRequestStart':
          return (first: unknown, ...rest: unknown[]) => {
            const abort = (typeof first === 'function' ? first : (first as { abort(reason: Error): void }).abort.bind(first)) as (reason: Error) => void;
            // Too late to begin: the time ran out while the connection was being made.
            if (request.timedOut) return abort(new Error('no answer in time'));
            request.sent = true;
            request.abort = abort;
            return method.apply(target, [first, ...rest]);
          };
        case 'onHeaders':
        case 'onResponseStart':
          return (...args: unknown[]) => (isPacked(args) ? giveUp('the answer is packed, which nobody asked for') : method.apply(target, args));
        case 'onData':
        case 'onResponseData':
          return (...args: unknown[]) => {
            received += args.reduce<number>((sum, each) => sum + (each instanceof Uint8Array ? each.length : 0), 0);
            return received > ANSWER_BYTES_MAX ? giveUp('the answer is longer than any answer') : method.apply(target, args);
          };
        default:
          return method.bind(target);
      }
    },
  });
};

/** Headers come as a list of names and values in turn, or by name. */
const isPacked = (args: readonly unknown[]): boolean => {
  const headers = args.find((each) => typeof each === 'object' && each !== null && !('abort' in each)) ?? [];
  const list = Array.isArray(headers) ? headers.map(String) : Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  return list.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'content-encoding' && list[index + 1]?.toLowerCase() !== 'identity');
};
