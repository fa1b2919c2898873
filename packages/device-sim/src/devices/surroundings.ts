import type { Clock, TillStatus } from '@tillwright/core/contract';

/** Power, network and the device's wall clock. The network here is what the till is told of it; hosts have faults of their own. */
export class Surroundings implements TillStatus {
  powerState: { readonly ok: boolean; readonly batteryPercent?: number } = { ok: true, batteryPercent: 100 };
  networkOk = true;
  skewMs = 0;
  readonly #epoch: number | undefined;
  readonly #ownClock: boolean;
  #clock: Pick<Clock, 'now'>;
  #startedAt: number | undefined;

  constructor(options: { readonly clock?: Pick<Clock, 'now'>; readonly epoch?: number }) {
    this.#epoch = options.epoch;
    this.#ownClock = options.clock !== undefined;
    this.#clock = options.clock ?? { now: () => Date.now() };
    if (this.#ownClock) this.#startedAt = this.#clock.now();
  }

  useClock(clock: Pick<Clock, 'now'>): void {
    if (this.#ownClock) return;
    this.#clock = clock;
    this.#startedAt ??= clock.now();
  }

  async power(): Promise<{ readonly ok: boolean; readonly batteryPercent?: number }> {
    return this.powerState;
  }

  async network(): Promise<{ readonly ok: boolean }> {
    return { ok: this.networkOk };
  }

  async clock(): Promise<number> {
    const now = this.#clock.now();
    this.#startedAt ??= now;
    const offset = this.#epoch === undefined ? 0 : this.#epoch - this.#startedAt;
    return now + offset + this.skewMs;
  }
}
