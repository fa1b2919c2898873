import { EventEmitter } from 'eventemitter3';
import { surface } from './fault.js';

type Listener<Events extends object, E extends EventEmitter.EventNames<Events>> = EventEmitter.EventListener<Events, E>;

/**
 * An emitter whose listeners can't harm who emits, nor each other: what one throws surfaces as an uncaught error in a turn of its
 * own. A screen that breaks must not break a payment.
 */
export class GuardedEmitter<Events extends object> extends EventEmitter<Events> {
  readonly #guards = new WeakMap<object, object>();
  readonly #guarded = new WeakMap<object, object>();

  override on<E extends EventEmitter.EventNames<Events>>(event: E, listener: Listener<Events, E>, context?: unknown): this {
    return super.on(event, this.#guard(listener), context);
  }

  override addListener<E extends EventEmitter.EventNames<Events>>(event: E, listener: Listener<Events, E>, context?: unknown): this {
    return this.on(event, listener, context);
  }

  override once<E extends EventEmitter.EventNames<Events>>(event: E, listener: Listener<Events, E>, context?: unknown): this {
    return super.once(event, this.#guard(listener), context);
  }

  override removeListener<E extends EventEmitter.EventNames<Events>>(event: E, listener?: Listener<Events, E>, context?: unknown, once?: boolean): this {
    return super.removeListener(event, listener && this.#guard(listener), context, once);
  }

  override off<E extends EventEmitter.EventNames<Events>>(event: E, listener?: Listener<Events, E>, context?: unknown, once?: boolean): this {
    return this.removeListener(event, listener, context, once);
  }

  override listeners<E extends EventEmitter.EventNames<Events>>(event: E): Listener<Events, E>[] {
    return super.listeners(event).map((guard) => (this.#guarded.get(guard) ?? guard) as Listener<Events, E>);
  }

  /** The same one each time, so that it is found again when the listener is taken off; a guard's own, for the emitter takes off `once` by it. */
  #guard<E extends EventEmitter.EventNames<Events>>(listener: Listener<Events, E>): Listener<Events, E> {
    if (this.#guarded.has(listener)) return listener;
    const known = this.#guards.get(listener);
    if (known) return known as Listener<Events, E>;
    const guard = function (this: unknown, ...args: unknown[]): void {
      try {
        (listener as (...args: unknown[]) => void).apply(this, args);
      } catch (error) {
        surface(error);
      }
    };
    this.#guards.set(listener, guard);
    this.#guarded.set(guard, listener);
    return guard as Listener<Events, E>;
  }
}
