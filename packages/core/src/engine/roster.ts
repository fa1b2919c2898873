/**
 * What comes and goes by its key, in the order in which it came, as a Map keeps it.
 *
 * A Map makes itself a new table now and then and leaves the former one, with all that it held at that moment, to the collector.
 * Where the table has grown old that comes late, and until then everything it held is kept from being collected young: with fifty
 * tills half of what they had in hand. Here such a table holds numbers, and what has gone is let go of at once.
 */
export class Roster<K extends string | number, V extends {} | null> {
  readonly #places = new Map<K, number>();
  readonly #held: (V | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#places.size;
  }

  has(key: K): boolean {
    return this.#places.has(key);
  }

  get(key: K): V | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#held[place];
  }

  set(key: K, value: V): void {
    let place = this.#places.get(key);
    if (place === undefined) this.#places.set(key, (place = this.#free.pop() ?? this.#held.length));
    this.#held[place] = value;
  }

  delete(key: K): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#held[place] = undefined;
    this.#free.push(place);
    return this.#places.delete(key);
  }

  clear(): void {
    this.#places.clear();
    this.#held.length = 0;
    this.#free.length = 0;
  }

  keys(): IterableIterator<K> {
    return this.#places.keys();
  }

  *values(): Generator<V> {
    for (const place of this.#places.values()) yield this.#held[place] as V;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    for (const [key, place] of this.#places) yield [key, this.#held[place] as V];
  }
}
