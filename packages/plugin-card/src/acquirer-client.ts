import { connect, type Socket } from 'node:net';
import type { Clock } from '@tillwright/core/contract';
import { frame, FrameReader } from './protocol.js';

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
 * The line to the acquirer: one TCP connection for each exchange, so that no message ever leaves on a connection of unknown health
 * and no answer outlives the one who asked.
 */
export class AcquirerClient {
  constructor(
    private readonly address: { readonly host: string; readonly port: number; readonly connectTimeoutMs: number },
    private readonly clock: Clock,
  ) {}

  /**
   * Sends a message and waits for its answer.
   * @param message encoded, without the frame's length
   * @param read is shown each message that comes; gives the answer, or undefined for one that belongs to another request.
   *   Throws for what is not a message at all.
   * @returns `not-sent` when no connection was made; never throws
   */
  async exchange<A>(message: Uint8Array, read: (bytes: Uint8Array) => A | undefined, limits: ExchangeLimits): Promise<Exchanged<A>> {
    const framed = frame(message);
    const opened = await this.#open(limits);
    if (typeof opened === 'string') return { got: 'not-sent', why: opened };
    const timer = new AbortController();
    if (this.clock.now() >= limits.deadlineAt || limits.signal?.aborted === true) {
      opened.destroy();
      return { got: 'not-sent', why: 'given up before it was sent' };
    }
    try {
      return await Promise.race([
        answerOf(opened, framed, read),
        this.clock
          .until(limits.deadlineAt, either(timer.signal, limits.signal))
          .then(
            () => ({ got: 'no-answer', why: 'no answer in time' }) as const,
            () => ({ got: 'no-answer', why: 'the wait for the answer was ended' }) as const,
          ),
      ]);
    } finally {
      timer.abort();
      opened.destroy();
    }
  }

  /** Whether a connection can be made; sends nothing. */
  async reach(signal?: AbortSignal): Promise<boolean> {
    const opened = await this.#open({ deadlineAt: Number.POSITIVE_INFINITY, ...(signal === undefined ? {} : { signal }) });
    if (typeof opened === 'string') return false;
    opened.destroy();
    return true;
  }

  /** A connected socket, or why there is none. */
  async #open({ deadlineAt, signal }: ExchangeLimits): Promise<Socket | string> {
    if (signal?.aborted === true) return 'ended before the connection was made';
    const { host, port, connectTimeoutMs } = this.address;
    const socket = connect({ host, port, noDelay: true });
    const timer = new AbortController();
    const connected = new Promise<true | string>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(`no connection to the acquirer (${error.code ?? 'error'})`));
    });
    const timed = this.clock.until(Math.min(this.clock.now() + connectTimeoutMs, deadlineAt), either(timer.signal, signal)).then(
      () => 'no connection to the acquirer in time',
      () => 'ended before the connection was made',
    );
    const result = await Promise.race([connected, timed]);
    timer.abort();
    if (result === true) return socket;
    socket.destroy();
    return result;
  }
}

const either = (a: AbortSignal, b: AbortSignal | undefined): AbortSignal => (b === undefined ? a : AbortSignal.any([a, b]));

/** From the write on everything is uncertain: whatever happens to the socket is `no-answer`. */
const answerOf = <A>(socket: Socket, framed: Uint8Array, read: (bytes: Uint8Array) => A | undefined): Promise<Exchanged<A>> =>
  new Promise((resolve) => {
    const frames = new FrameReader();
    socket.on('error', (error: NodeJS.ErrnoException) => resolve({ got: 'no-answer', why: `the connection broke (${error.code ?? 'error'})` }));
    socket.on('close', () => resolve({ got: 'no-answer', why: 'the acquirer closed the connection without an answer' }));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const bytes of frames.push(chunk)) {
          const answer = read(bytes);
          if (answer !== undefined) {
            resolve({ got: 'answer', answer });
            return;
          }
        }
      } catch (error) {
        resolve({ got: 'garbled', why: error instanceof Error ? error.message : 'not a message' });
      }
    });
    socket.write(framed);
  });
