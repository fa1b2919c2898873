import type { HostClock } from '../clock.js';
import type { Fault, Faults } from '../faults.js';
import type { HostParts } from './host-parts.js';
import { processRequest } from './process.js';
import { readRequest, type Request } from './request.js';

/** The terminal's end of a connection. Bytes are whole messages: what stands in a frame behind its length. */
export interface TerminalEnd {
  answer(payload: Uint8Array): void;
  /** The host hangs up, without an answer to what is still open. */
  hangUp(): void;
}

/** The host's end of a connection. */
export interface HostEnd {
  receive(payload: Uint8Array): void;
  /** The terminal has hung up. What it sent is worked on all the same. */
  closed(): void;
}

/**
 * The acquirer behind its sockets: takes messages, lets each terminal's be worked on one after another, and plays the faults of
 * the wire. Bytes that are no message are not answered: the connection is closed.
 */
export class AcquirerWire {
  readonly #host: HostParts;
  readonly #faults: Faults;
  readonly #clock: HostClock;
  readonly #turns = new Map<string, Promise<void>>();
  readonly #connections = new Set<TerminalEnd>();
  #heldBack = new Map<string, (() => Promise<void>)[]>();
  #ending = new AbortController();
  // After the disk has failed, memory is ahead of it: nothing that is read from memory may be told to anyone.
  #failed: unknown;

  constructor(host: HostParts, options: { readonly faults: Faults; readonly clock: HostClock }) {
    this.#host = host;
    this.#faults = options.faults;
    this.#clock = options.clock;
  }

  connect(terminal: TerminalEnd): HostEnd {
    this.#connections.add(terminal);
    const send = (answer: Uint8Array): void => {
      if (this.#connections.has(terminal)) terminal.answer(answer);
    };
    const hangUp = (): void => {
      if (this.#connections.delete(terminal)) terminal.hangUp();
    };
    return {
      receive: (payload) => {
        if (!this.#connections.has(terminal)) return;
        const request = read(payload);
        if (request === undefined) return hangUp();
        // No answer, then: the terminal must not believe what may be lost.
        this.#inTurn(request.tid, () => this.#receive(request, send, hangUp)).catch(hangUp);
      },
      closed: () => void this.#connections.delete(terminal),
    };
  }

  /** As a process that dies and is started again: connections are gone, what was held back or late is lost, the book stands. */
  restart(): void {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#heldBack = new Map();
    for (const terminal of this.#connections) terminal.hangUp();
    this.#connections.clear();
  }

  async close(): Promise<void> {
    this.restart();
    await Promise.all(this.#turns.values());
  }

  async #receive(request: Request, send: (answer: Uint8Array) => void, hangUp: () => void): Promise<void> {
    const fault = this.#faults.take(request.operation);
    if (fault?.do === 'drop-request') return;
    if (fault?.do === 'delay-request') {
      const arrived = this.#clock.until(this.#clock.now() + fault.ms, this.#ending.signal).then(() => true, () => false);
      void arrived.then((comes) => (comes ? this.#inTurn(request.tid, () => this.#work(request, send, undefined)) : undefined)).catch(hangUp);
      return;
    }
    if (fault?.do === 'overtaken') {
      this.#heldBack.set(request.tid, [...(this.#heldBack.get(request.tid) ?? []), () => this.#work(request, send, undefined)]);
      return;
    }
    await this.#work(request, send, fault);
    if (request.operation !== 'reversal') return;
    const held = this.#heldBack.get(request.tid) ?? [];
    this.#heldBack.delete(request.tid);
    for (const arrive of held) await arrive();
  }

  async #work(request: Request, send: (answer: Uint8Array) => void, fault: Fault | undefined): Promise<void> {
    const answer = await processRequest(this.#host, request, {
      ...(fault?.do === 'decline' ? { code: fault.code } : {}),
      badSignature: fault?.do === 'bad-signature',
      ...(fault?.do === 'misstate' ? { misstate: fault.what } : {}),
    });
    if (fault?.do === 'drop-answer') return;
    if (fault?.do === 'delay') {
      // Other messages of the terminal do not wait for an answer that is late on its way.
      void this.#clock.until(this.#clock.now() + fault.ms, this.#ending.signal).then(() => send(answer), () => undefined);
      return;
    }
    send(fault?.do === 'garble' ? garbled(answer) : answer);
    if (fault?.do === 'answer-twice') send(answer);
  }

  /** One message of a terminal at a time, in the order they came. */
  #inTurn(tid: string, job: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(tid) ?? Promise.resolve()).then(() => this.#unlessFailed(job));
    const settled = turn.catch(() => undefined).then(() => {
      if (this.#turns.get(tid) === settled) this.#turns.delete(tid);
    });
    this.#turns.set(tid, settled);
    return turn;
  }

  async #unlessFailed(job: () => Promise<void>): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      await job();
    } catch (error) {
      this.#failed = error;
      throw error;
    }
  }
}

/** Only requests are answered: an answer sent back here would go round for ever. */
function read(payload: Uint8Array): Request | undefined {
  try {
    const request = readRequest(payload);
    return Number(request.message.mti.slice(2, 3)) % 2 === 1 ? undefined : request;
  } catch {
    return undefined;
  }
}

/** Damage on the line: the length stays right, the message type and every eleventh byte behind it do not. */
function garbled(answer: Uint8Array): Uint8Array {
  return answer.map((byte, index) => (index >= 11 && index % 11 === 0 ? byte ^ 0xff : byte));
}
