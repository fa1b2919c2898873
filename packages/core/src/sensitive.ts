/** Outside the objects, where nothing that walks over them comes; two copies of this package understand each other's values. */
const values = new WeakMap<object, unknown>();

/**
 * A value that nobody may see by accident: card data, a PIN block, a payer's code, a key. However it is rendered (JSON, a template
 * string, an error's cause, Node's inspect, a structured clone), only its mask shows. Whoever really needs it says `reveal()`.
 */
export class Sensitive<T> {
  /** All that a structured clone keeps. */
  readonly masked: string;

  /** @param masked what is shown in its place: `622848******0019` */
  constructor(value: T, masked = '******') {
    values.set(this, value);
    this.masked = masked;
  }

  reveal(): T {
    return values.get(this) as T;
  }

  toString(): string {
    return this.masked;
  }

  toJSON(): string {
    return this.masked;
  }

  /** Also for a number: `+value` is NaN. */
  [Symbol.toPrimitive](): string {
    return this.masked;
  }

  /** What Node's `console.log` and `util.inspect` show. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Sensitive(${this.masked})`;
  }
}
