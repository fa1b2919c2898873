/** References of attempts at their methods' hosts: one that another attempt has would be answered for that one (1). */
import type { PaymentMethod } from '../contract.js';
import type { FoundMethod } from './in-hand.js';
import type { Journal } from './journal.js';
import type { Clock } from './ports.js';

const HOUR_MS = 3_600_000;
const NEW_ENOUGH = 20;

export class References {
  readonly #journal: Journal;
  readonly #clock: Clock;
  /** Of attempts on their way to an intent: what has one, the log knows. */
  readonly #begun = new Set<string>();
  /** Method -> how many of its references were new, one after the other, in this hour. */
  readonly #newOnes = new Map<string, { readonly hour: number; readonly inARow: number }>();
  /** A terminal's method -> its last reference, and how many of them came in order, one after the other: so many are counted. */
  readonly #inOrder = new WeakMap<PaymentMethod, { readonly last: string; readonly inARow: number }>();
  /** Who has counted from the beginning again: what they used before may lie anywhere ahead. */
  readonly #again = new WeakSet<PaymentMethod>();

  constructor({ journal, clock }: { readonly journal: Journal; readonly clock: Clock }) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** Does the work while nobody else takes the reference. What moves no money asks nobody. @returns undefined, and it is not done, where another attempt has it */
  async alone<T>({ method }: FoundMethod, reference: string, work: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    if (!method.capabilities.movesMoney) return { value: await work() };
    const name = `${method.id}/${reference}`;
    if (this.#begun.has(name)) return undefined;
    this.#begun.add(name);
    try {
      if (!this.#isNew(method, reference) && (await this.#isTaken(method, reference))) return undefined;
      return { value: await work() };
    } finally {
      this.#begun.delete(name);
    }
  }

  /** To look is to read an index on disk: who counts from one again, after a restart or each day, does so at once, and whose last twenty this hour were new does not. */
  #isNew(method: PaymentMethod, reference: string): boolean {
    const hour = Math.floor(this.#clock.now() / HOUR_MS);
    const before = this.#newOnes.get(method.id);
    const inARow = before?.hour === hour ? before.inARow : 0;
    if (!this.#countsAgain(method, reference) && inARow >= NEW_ENOUGH) return true;
    this.#newOnes.set(method.id, { hour, inARow: inARow + 1 });
    return false;
  }

  async #isTaken(method: PaymentMethod, reference: string): Promise<boolean> {
    for (const id of await this.#journal.archive.paymentsBy(reference)) {
      const payment = this.#journal.payments.get(id) ?? (await this.#journal.archive.payment(id));
      if (payment?.method !== method.id) continue;
      this.#newOnes.delete(method.id);
      return true;
    }
    return false;
  }

  /**
   * A trace number comes to its end and begins again, in the middle of a busy hour too. Where the host's batch is still the same, its
   * numbers are those of former sales: the host would call a new one a duplicate, and its reversal would undo the sale that was paid.
   */
  #countsAgain(method: PaymentMethod, reference: string): boolean {
    const before = this.#inOrder.get(method);
    const onward = before !== undefined && comesAfter(reference, before.last);
    this.#inOrder.set(method, { last: reference, inARow: onward ? before.inARow + 1 : 0 });
    if (before !== undefined && !onward && before.inARow >= NEW_ENOUGH) this.#again.add(method);
    return this.#again.has(method);
  }
}

/** Numbers need not be padded: 1000 comes after 999. */
const comesAfter = (reference: string, last: string): boolean => (reference.length === last.length ? reference > last : reference.length > last.length);
