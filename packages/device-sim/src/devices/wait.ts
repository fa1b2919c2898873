import { ActionError } from '@tillwright/core/contract';

/** The one thing a device waits for at a time: ended by a person, a fault or the caller's abort signal. */
export class Wait<T> {
  #open: Ends<T> | undefined;

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * @param begin called once the wait stands, so that a reaction may come at once
   * @throws the signal's reason when aborted; `Device.Unavailable` when it waits already
   */
  async start(signal: AbortSignal | undefined, begin: () => void): Promise<T> {
    signal?.throwIfAborted();
    if (this.#open) throw new ActionError('Device.Unavailable', 'the device is in use');
    const { promise, ...own } = deferred<T>();
    const onAbort = () => this.#end(own)?.reject(signal?.reason);
    this.#open = own;
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      begin();
      return await promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#end(own);
    }
  }

  /** @returns false where nothing waited */
  resolve(value: T): boolean {
    const open = this.#open;
    this.#end(open)?.resolve(value);
    return open !== undefined;
  }

  reject(reason: unknown): boolean {
    const open = this.#open;
    this.#end(open)?.reject(reason);
    return open !== undefined;
  }

  /** Who waited is gone, and hears nothing any more. */
  abandon(): void {
    this.#open = undefined;
  }

  /** Closes this wait if it is the one that stands: a later one may have begun already. */
  #end(own: Ends<T> | undefined): Ends<T> | undefined {
    if (!own || this.#open !== own) return undefined;
    this.#open = undefined;
    return own;
  }
}

interface Ends<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

const deferred = <T>(): Ends<T> & { readonly promise: Promise<T> } => {
  let ends: Ends<T> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    ends = { resolve, reject };
  });
  return { promise, resolve: (value) => ends?.resolve(value), reject: (reason) => ends?.reject(reason) };
};
