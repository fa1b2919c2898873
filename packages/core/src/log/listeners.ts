import { surface } from '../fault.js';

/** Who is told of what is durable. */
export class Listeners {
  readonly #listeners = new Set<(durableTo: number) => void>();

  add(listener: (durableTo: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(durableTo: number): void {
    for (const listener of this.#listeners) {
      try {
        listener(durableTo);
      } catch (error) {
        // A listener's fault is not the disk's.
        surface(error);
      }
    }
  }
}
