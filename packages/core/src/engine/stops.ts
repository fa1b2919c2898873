import { Roster } from './roster.js';

/**
 * What ends a piece of work from outside, and with the engine: one listener on the engine's signal, however many there are.
 * (`AbortSignal.any` ties each to the long-lived signal until it is collected, and costs more than most calls that it guards.)
 */
export class Stops {
  readonly #open = new Roster<number, Stop>();
  #opened = 0;
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener(
      'abort',
      () => {
        for (const stop of this.#open.values()) stop.abort(closing.reason);
        this.#open.clear();
      },
      { once: true },
    );
  }

  /** One that is aborted with the engine until it is let go of. */
  open(): Stop {
    const stop = new Stop((this.#opened += 1));
    if (this.#closing.aborted) stop.abort(this.#closing.reason);
    else this.#open.set(stop.id, stop);
    return stop;
  }

  /** What it guarded is over. */
  release(stop: Stop): void {
    this.#open.delete(stop.id);
  }

  /** Ends what it guards, and lets go of it. The reason is for who asks: an error with a stack costs more than a timer. */
  end(stop: Stop, reason: unknown = OVER): void {
    this.#open.delete(stop.id);
    stop.abort(reason);
  }
}

/** Works as an AbortController does; its signal, which costs more than all else here, is made when somebody first wants it. */
export class Stop {
  readonly id: number;
  #controller: AbortController | undefined;
  #listeners: Set<() => void> | undefined;
  #aborted = false;
  #reason: unknown;

  /** @param id its own among those of its `Stops` */
  constructor(id = 0) {
    this.id = id;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Once; later reasons are not heard. */
  abort(reason: unknown = OVER): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }

  /** Calls once when it is aborted, not if it was before. @returns how to take that back */
  onAbort(listener: () => void): () => void {
    (this.#listeners ??= new Set()).add(listener);
    return () => void this.#listeners?.delete(listener);
  }
}

/** Why something was stopped that nobody waits for any more. */
export const OVER = 'over';
