import { Roster } from './roster.js';

/**
 * A lane (acquirer and terminal id) is what is serial at a host: one message at a time on it, and an undo goes before
 * its next financial message (rule 12).
 */
export class Lanes {
  readonly #lanes = new Roster<string, LaneState>();

  /** Shuts a lane for financial messages until the payment's undo is through, or a person has been told. */
  shut(lane: string, paymentId: string): void {
    this.#lane(lane).undos.add(paymentId);
  }

  reopen(lane: string, paymentId: string): void {
    // Most were never shut: those have nothing to reopen, and most are nobody's any more.
    if (this.#lanes.get(lane)?.undos.delete(paymentId)) this.#next(lane);
  }

  /** Whoever asks for it now has it at once. */
  isFree(lane: string): boolean {
    const state = this.#lanes.get(lane);
    return !state || (!state.busy && state.undos.size === 0 && state.waiters.length === 0);
  }

  /**
   * Waits for the lane, then runs the work alone on it: at once where the lane is free.
   * @param options.undo goes first, also while the lane is shut
   * @returns `undefined` when the signal was aborted before the lane was free: the work has not begun
   */
  async run<T>(lane: string, options: { undo: boolean; signal?: AbortSignal }, work: () => Promise<T>): Promise<{ value: T } | undefined> {
    if (options.signal?.aborted) return undefined;
    if (this.isFree(lane)) this.#lane(lane).busy = true;
    else {
      let granted = await this.#acquire(lane, options, 'last');
      // Since it was granted an undo may have come to be owed: that goes before it.
      while (granted && !options.undo && this.#lane(lane).undos.size > 0) {
        const again = this.#acquire(lane, options, 'first');
        this.#release(lane);
        granted = await again;
      }
      if (!granted) return undefined;
    }
    // Nothing may come in between: what the work does at once, as to write its intent down, it does with the lane as it was found.
    try {
      return { value: await work() };
    } finally {
      this.#release(lane);
    }
  }

  #acquire(lane: string, { undo, signal }: { undo: boolean; signal?: AbortSignal }, place: 'first' | 'last'): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve(false);
      const state = this.#lane(lane);
      const leave = (): void => {
        const index = state.waiters.indexOf(waiter);
        if (index === -1) return;
        state.waiters.splice(index, 1);
        resolve(false);
      };
      const waiter: Waiter = {
        undo,
        grant: () => {
          signal?.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      if (place === 'first') state.waiters.unshift(waiter);
      else state.waiters.push(waiter);
      signal?.addEventListener('abort', leave, { once: true });
      this.#next(lane);
    });
  }

  #release(lane: string): void {
    this.#lane(lane).busy = false;
    this.#next(lane);
  }

  #next(lane: string): void {
    const state = this.#lane(lane);
    if (state.busy) return;
    let index = state.waiters.findIndex((waiter) => waiter.undo);
    if (index === -1 && state.undos.size === 0) index = 0;
    const waiter = state.waiters[index];
    if (!waiter) {
      if (state.waiters.length === 0 && state.undos.size === 0) this.#lanes.delete(lane);
      return;
    }
    state.waiters.splice(index, 1);
    state.busy = true;
    waiter.grant();
  }

  #lane(lane: string): LaneState {
    let state = this.#lanes.get(lane);
    if (!state) {
      state = { busy: false, undos: new Set(), waiters: [] };
      this.#lanes.set(lane, state);
    }
    return state;
  }
}

interface Waiter {
  readonly undo: boolean;
  grant(): void;
}
interface LaneState {
  busy: boolean;
  readonly undos: Set<string>;
  readonly waiters: Waiter[];
}
