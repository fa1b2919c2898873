/**
 * Abort controllers that also end with the engine: one listener on its signal, however many of them there are.
 * (`AbortSignal.any` ties each to the long-lived signal until it is collected, and costs more than most calls that it guards.)
 */
export class Stops {
  readonly #open = new Set<AbortController>();
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener(
      'abort',
      () => {
        for (const stop of this.#open) stop.abort(closing.reason);
        this.#open.clear();
      },
      { once: true },
    );
  }

  /** One that is aborted with the engine until it is let go of. */
  open(): AbortController {
    const stop = new AbortController();
    if (this.#closing.aborted) stop.abort(this.#closing.reason);
    else this.#open.add(stop);
    return stop;
  }

  /** What it guarded is over. */
  release(stop: AbortController): void {
    this.#open.delete(stop);
  }

  /** Ends what it guards, and lets go of it. The reason is for who asks: an error with a stack costs more than a timer. */
  end(stop: AbortController, reason: unknown = OVER): void {
    this.#open.delete(stop);
    stop.abort(reason);
  }
}

/** Why a timer that nobody waits for any more was stopped. */
export const OVER = 'over';
