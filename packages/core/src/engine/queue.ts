/** First in, first out, at a cost that does not grow with what waits: `shift` of a long array moves all the others. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #from = 0;

  push(item: T): void {
    this.#items.push(item);
  }

  /** What is next, and stays. */
  get first(): T | undefined {
    return this.#items[this.#from];
  }

  shift(): T | undefined {
    const item = this.#items[this.#from];
    if (this.#from === this.#items.length) return undefined;
    this.#items[this.#from] = undefined;
    this.#from += 1;
    if (this.#from * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#from);
      this.#from = 0;
    }
    return item;
  }
}
