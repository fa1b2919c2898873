import type { Clock } from '@tillwright/core/contract';
import { type Connect, type Connection, type Listener, overTcp } from './connection.js';

interface ExchangeLimits {
  /**
   * In ms since 1970: nothing is sent from here on, and no answer waited for. Who asked has then given the request up and may be
   * undoing it: a late first byte would charge the customer after the undo.
   */
  readonly deadlineAt: number;
  readonly signal?: AbortSignal;
}

/** What came of an exchange. Only `not-sent` is sure that the host has seen nothing. */
type Exchanged<A> =
  | { readonly got: 'answer'; readonly answer: A }
  | { readonly got: 'not-sent' | 'no-answer' | 'garbled'; readonly why: string };

/**
 * The line to the acquirer: one connection for each exchange, so that no message ever leaves on a connection of unknown health
 * and no answer outlives the one who asked.
 */
export class AcquirerClient {
  readonly #connect: Connect;

  constructor(
    private readonly address: { readonly host: string; readonly port: number; readonly connectTimeoutMs: number; readonly connect?: Connect },
    private readonly clock: Clock,
  ) {
    this.#connect = address.connect ?? overTcp(address);
  }

  /**
   * Sends a message and waits for its answer.
   * @param message encoded, without the frame's length
   * @param read is shown each message that comes; gives the answer, or undefined for one that belongs to another request.
   *   Throws for what is not a message at all.
   * @returns `not-sent` when no connection was made; never throws
   */
  async exchange<A>(message: Uint8Array, read: (bytes: Uint8Array) => A | undefined, limits: ExchangeLimits): Promise<Exchanged<A>> {
    const heard = deferred<Exchanged<A>>();
    const opened = await this.#open(limits, {
      broken: (why) => heard.resolve({ got: 'no-answer', why }),
      garbled: (why) => heard.resolve({ got: 'garbled', why }),
      message: (bytes) => {
        try {
          const answer = read(bytes);
          if (answer !== undefined) heard.resolve({ got: 'answer', answer });
        } catch (error) {
          heard.resolve({ got: 'garbled', why: error instanceof Error ? error.message : 'not a message' });
        }
      },
    });
    if (typeof opened === 'string') return { got: 'not-sent', why: opened };
    const timer = new AbortController();
    if (this.clock.now() >= limits.deadlineAt || limits.signal?.aborted === true) {
      opened.close();
      return { got: 'not-sent', why: 'given up before it was sent' };
    }
    try {
      // From here on everything is uncertain: whatever happens to the connection is `no-answer`.
      opened.send(message);
      return await Promise.race([
        heard.promise,
        this.clock
          .until(limits.deadlineAt, either(timer.signal, limits.signal))
          .then(
            () => ({ got: 'no-answer', why: 'no answer in time' }) as const,
            () => ({ got: 'no-answer', why: 'the wait for the answer was ended' }) as const,
          ),
      ]);
    } finally {
      timer.abort();
      opened.close();
    }
  }

  /** Whether a connection can be made; sends nothing. */
  async reach(signal?: AbortSignal): Promise<boolean> {
    const nothing = (): void => {};
    const opened = await this.#open({ deadlineAt: Number.POSITIVE_INFINITY, ...(signal === undefined ? {} : { signal }) }, { broken: nothing, garbled: nothing, message: nothing });
    if (typeof opened === 'string') return false;
    opened.close();
    return true;
  }

  /** A connection that stands, or why there is none. */
  async #open({ deadlineAt, signal }: ExchangeLimits, then: Omit<Listener, 'connected'>): Promise<Connection | string> {
    if (signal?.aborted === true) return 'ended before the connection was made';
    const connected = deferred<true | string>();
    const connection = this.#connect({
      ...then,
      connected: () => connected.resolve(true),
      broken: (why) => {
        connected.resolve(why);
        then.broken(why);
      },
    });
    const timer = new AbortController();
    const timed = this.clock.until(Math.min(this.clock.now() + this.address.connectTimeoutMs, deadlineAt), either(timer.signal, signal)).then(
      () => 'no connection to the acquirer in time',
      () => 'ended before the connection was made',
    );
    const result = await Promise.race([connected.promise, timed]);
    timer.abort();
    if (result === true) return connection;
    connection.close();
    return result;
  }
}

const either = (a: AbortSignal, b: AbortSignal | undefined): AbortSignal => (b === undefined ? a : AbortSignal.any([a, b]));

const deferred = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } => {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
};
