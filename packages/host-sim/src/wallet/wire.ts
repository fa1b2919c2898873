import type { HostClock } from '../clock.js';
import type { Fault, FaultAction, Faults } from '../faults.js';

/** A request as it came in: the target and the body are the raw text, because both are signed. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a fault makes of the processing itself; all others concern the bytes. */
export type Twist = Extract<FaultAction, { readonly do: 'decline' | 'user-paying' | 'misstate' }> | undefined;

/** One wallet's side of HTTP. */
export interface Gateway {
  /** The operation's name for faults; undefined when the request is none of the wallet's. */
  operationOf(request: WireRequest): string | undefined;
  /** Operations that undo a payment, or close one. */
  readonly undoes: ReadonlySet<string>;
  /** Checks, processes and signs. What it changes is durable when it resolves. */
  handle(request: WireRequest, twist: Twist): Promise<SignedAnswer>;
}

export interface SignedAnswer {
  readonly answer: WireAnswer;
  /** The same answer under a signature that does not verify. */
  readonly forged: WireAnswer;
}

/**
 * A wallet's gateway behind its sockets: takes requests, processes one after another, and plays the faults of the wire.
 *
 * `delay` holds an answer that is already in the ledger. `answer-twice`: HTTP has one answer for one request, so the
 * request is processed twice, as a network that repeats it would, and the second answer leaves. `http-status` from 500
 * replaces the answer of a processed request; below 500 the request is refused unseen. `overtaken` holds a request back
 * until the next undo was processed, whichever payment that is about.
 */
export class WalletWire {
  readonly #gateway: Gateway;
  readonly #faults: Faults;
  readonly #clock: HostClock;
  #turn: Promise<unknown> = Promise.resolve();
  #ending = new AbortController();
  #heldBack: (() => void)[] = [];

  constructor(gateway: Gateway, options: { readonly faults: Faults; readonly clock: HostClock }) {
    this.#gateway = gateway;
    this.#faults = options.faults;
    this.#clock = options.clock;
  }

  /** @returns undefined when the connection breaks without an answer: what was asked for may or may not have happened */
  async serve(request: WireRequest): Promise<WireAnswer | undefined> {
    const { signal } = this.#ending;
    const operation = this.#gateway.operationOf(request);
    const fault = operation === undefined ? undefined : this.#faults.take(operation);
    if (fault?.do === 'drop-request') return undefined;
    if (fault?.do === 'http-status' && fault.status < 500) return { status: fault.status, headers: {}, body: '' };
    if (fault?.do === 'delay-request') await this.#clock.until(this.#clock.now() + fault.ms, signal).catch(() => undefined);
    if (fault?.do === 'overtaken') await new Promise<void>((arrive) => this.#heldBack.push(arrive));
    if (signal.aborted) return undefined;
    const signed = await this.inTurn(async () => {
      const first = await this.#gateway.handle(request, twistOf(fault));
      return fault?.do === 'answer-twice' ? this.#gateway.handle(request, undefined) : first;
    }).catch(() => undefined);
    if (operation !== undefined && this.#gateway.undoes.has(operation)) this.#letArrive();
    // A ledger that cannot be written: nothing is said.
    if (signed === undefined || fault?.do === 'drop-answer') return undefined;
    if (fault?.do === 'delay') await this.#clock.until(this.#clock.now() + fault.ms, signal).catch(() => undefined);
    return signal.aborted ? undefined : asSent(signed, fault);
  }

  /** Runs outside of HTTP what must not run between a request's check and its entry in the ledger. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** As a process that dies and is started again: what is on its way is lost, the ledger stands. */
  restart(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#letArrive();
  }

  #letArrive(): void {
    for (const arrive of this.#heldBack.splice(0)) arrive();
  }

  async close(): Promise<void> {
    this.restart();
    await this.#turn;
  }
}

function twistOf(fault: Fault | undefined): Twist {
  if (fault?.do === 'decline') return { do: 'decline', code: fault.code };
  if (fault?.do === 'misstate') return { do: 'misstate', what: fault.what };
  return fault?.do === 'user-paying' ? { do: 'user-paying' } : undefined;
}

function asSent({ answer, forged }: SignedAnswer, fault: Fault | undefined): WireAnswer {
  switch (fault?.do) {
    case 'bad-signature':
      return forged;
    case 'garble':
      if (answer.body === '') return forged;
      return { ...answer, body: `${answer.body.slice(0, Math.ceil(answer.body.length / 2))}\u0000~` };
    case 'http-status':
      return { status: fault.status, headers: {}, body: '' };
    default:
      return answer;
  }
}
