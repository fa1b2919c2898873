import { MemoryFile } from './memory-file.js';

/** Each chip's transaction counter (9F36): it only ever goes up, restarts of the till or not. */
export class CardCounters {
  readonly #file: MemoryFile<{ readonly [cardId: string]: number }>;
  #counts: { readonly [cardId: string]: number };

  constructor(path: string | undefined) {
    this.#file = new MemoryFile(path);
    this.#counts = this.#file.read() ?? {};
  }

  next(cardId: string): number {
    const value = ((this.#counts[cardId] ?? 0) % 0xffff) + 1;
    this.#counts = { ...this.#counts, [cardId]: value };
    this.#file.write(this.#counts);
    return value;
  }
}
