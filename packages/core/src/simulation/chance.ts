import type { Random } from '../interpreter/random.js';

/** Draws from a seed. */
export class Chance {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  often(chance: number): boolean {
    return this.#random.next() < chance;
  }

  /** A whole number from 0. */
  under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.under(from.length)] as T;
  }

  weighed<T>(from: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.#random.next() * from.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of from) {
      at -= weight;
      if (at < 0) return value;
    }
    return (from[0] as readonly [number, T])[1];
  }
}
