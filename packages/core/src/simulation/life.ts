/**
 * One process between its start and the moment the power fails. All that it does to the world goes through here, so that after
 * its end nothing of it happens any more: code that still stands on the stack reaches neither disk nor host nor clock.
 */
import type { Clock } from '../contract.js';
import type { EventLog, SealedStore } from '../engine/ports.js';
import { TillwrightError } from '../errors.js';

/** A moment at which the world may notice the process, or the process the world: where a power cut makes a difference. */
export type PointKind = 'append' | 'durable' | 'send' | 'hear' | 'seal' | 'sealed' | 'forget' | 'forgotten' | 'checkpoint' | 'disk' | 'told';

export interface LifeOptions {
  /** Asked at every point, which is counted from 1; true ends the life there and then. */
  readonly endsAt?: (point: number, kind: PointKind) => boolean;
}

export class Life {
  readonly #options: LifeOptions;
  readonly #end = new AbortController();
  /** Resolves when the power fails. */
  readonly ended: Promise<void>;
  points = 0;
  /** What it was doing when it ended. */
  endedAt: string | undefined;

  constructor(options: LifeOptions = {}) {
    this.#options = options;
    this.ended = new Promise((resolve) => this.#end.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  get alive(): boolean {
    return !this.#end.signal.aborted;
  }

  end(): void {
    this.#end.abort();
  }

  point(kind: PointKind): void {
    if (!this.alive) return;
    this.points += 1;
    if (!this.#options.endsAt?.(this.points, kind)) return;
    this.endedAt = `${kind} (point ${this.points})`;
    this.end();
  }

  /** A moment, and then only those who live go on. */
  async reach(kind: PointKind): Promise<void> {
    this.point(kind);
    if (!this.alive) await nothing<void>();
  }

  /** What comes back from the world, while there is somebody to hear it. */
  async hear<T>(work: Promise<T>, kind?: PointKind): Promise<T> {
    try {
      const value = await work;
      if (kind) this.point(kind);
      return this.alive ? value : await nothing<T>();
    } catch (error) {
      if (!this.alive) return await nothing<T>();
      throw error;
    }
  }

  /** A message to the world and its answer. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    this.point('send');
    return this.alive ? await this.hear(work(), 'hear') : await nothing<T>();
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      until: (atMs, signal) => {
        if (!this.alive) return nothing<void>();
        if (atMs <= clock.now() && !signal?.aborted) return Promise.resolve();
        return this.hear(clock.until(atMs, signal ? AbortSignal.any([signal, this.#end.signal]) : this.#end.signal));
      },
    };
  }

  log(log: EventLog): EventLog {
    return {
      get head() {
        return log.head;
      },
      get durableTo() {
        return log.durableTo;
      },
      open: (options) => this.hear(log.open(options)),
      append: (inputs, at) => {
        if (!this.alive) throw new TillwrightError('LOG_FAILED', { why: 'the power failed' });
        const records = log.append(inputs, at);
        this.point('append');
        return records;
      },
      durable: (seq) => this.hear(this.alive ? log.durable(seq) : nothing<void>(), 'durable'),
      onDurable: (listener) => log.onDurable((durableTo) => this.alive && listener(durableTo)),
      onFailure: (listener) => log.onFailure?.((error) => this.alive && listener(error)) ?? (() => {}),
      read: (stream) => log.read(stream),
      find: (by, value) => this.hear(log.find(by, value)),
      checkpoint: async (state) => {
        if (this.alive) await this.hear(log.checkpoint?.(state) ?? Promise.resolve(), 'checkpoint');
        else await nothing<void>();
      },
      onCheckpointDue: (listener) => log.onCheckpointDue?.(() => this.alive && listener()) ?? (() => {}),
      close: () => (this.alive ? log.close() : nothing<void>()),
    };
  }

  sealed(store: SealedStore): SealedStore {
    return {
      put: async (key, sealed) => {
        this.point('seal');
        if (this.alive) await this.hear(store.put(key, sealed), 'sealed');
        else await nothing<void>();
      },
      get: (key) => this.hear(store.get(key)),
      forget: async (key) => {
        this.point('forget');
        if (this.alive) await this.hear(store.forget(key), 'forgotten');
        else await nothing<void>();
      },
      keys: () => this.hear(store.keys()),
    };
  }
}

const nothing = <T>(): Promise<T> => new Promise<T>(() => {});
