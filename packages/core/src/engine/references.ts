/** References of attempts at their methods' hosts: one that another attempt has would be answered for that one (1). */
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
      return (await this.#isTaken(method.id, reference)) ? undefined : { value: await work() };
    } finally {
      this.#begun.delete(name);
    }
  }

  /** To look is to read an index on disk: who counts from one again, after a restart or each day, does so at once, and whose last twenty this hour were new does not. */
  async #isTaken(method: string, reference: string): Promise<boolean> {
    const hour = Math.floor(this.#clock.now() / HOUR_MS);
    const before = this.#newOnes.get(method);
    const inARow = before?.hour === hour ? before.inARow : 0;
    if (inARow >= NEW_ENOUGH) return false;
    this.#newOnes.set(method, { hour, inARow: inARow + 1 });
    for (const id of await this.#journal.archive.paymentsBy(reference)) {
      const payment = this.#journal.payments.get(id) ?? (await this.#journal.archive.payment(id));
      if (payment?.method !== method) continue;
      this.#newOnes.delete(method);
      return true;
    }
    return false;
  }
}
