/** First in, first out, at a cost that does not grow with what waits: `shift` of a long array moves all the others. What was taken is let go of at once. */
export class Queue<T> {
  readonly #items: (T | undefined)[] = [];
  #from = 0;
  #to = 0;

  push(item: T): void {
    this.#items[this.#to] = item;
    this.#to += 1;
  }

  /** What is next, and stays. */
  get first(): T | undefined {
    return this.#from === this.#to ? undefined : this.#items[this.#from];
  }

  shift(): T | undefined {
    if (this.#from === this.#to) return undefined;
    const item = this.#items[this.#from];
    this.#items[this.#from] = undefined;
    this.#from += 1;
    if (this.#from === this.#to) this.#from = this.#to = 0;
    else if (this.#from * 2 > this.#to && this.#from > WORTH_MOVING) this.#closeUp();
    return item;
  }

  /** In place, and as long as before: an array that was left behind would keep what it held, and one that was cut grows into another. */
  #closeUp(): void {
    const left = this.#to - this.#from;
    this.#items.copyWithin(0, this.#from, this.#to);
    this.#items.fill(undefined, left, this.#to);
    this.#from = 0;
    this.#to = left;
  }
}

const WORTH_MOVING = 100;
