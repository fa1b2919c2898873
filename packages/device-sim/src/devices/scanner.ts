import { ActionError, type Scanner, Sensitive } from '@tillwright/core/contract';
import type { Stage } from '../stage.js';
import { Wait } from './wait.js';

export class SimulatedScanner implements Scanner {
  readonly #stage: Stage;
  readonly #code = new Wait<Sensitive<string>>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async scan(signal: AbortSignal): Promise<Sensitive<string>> {
    if (this.#stage.broken('scanner')) throw new ActionError('Device.Unavailable', 'the scanner does not answer');
    try {
      return await this.#code.start(signal, () => this.#stage.waiting({ device: 'scanner', for: 'code' }));
    } finally {
      if (!this.#code.isOpen) this.#stage.idle('scanner');
    }
  }

  /** @returns false when it does not wait for a code */
  present(code: string): boolean {
    if (!this.#code.isOpen) return false;
    this.#stage.happened('code');
    return this.#code.resolve(new Sensitive(code));
  }

  /** The till that asked is gone. */
  abandon(): void {
    this.#code.abandon();
  }

  fail(why: string): boolean {
    return this.#code.reject(new ActionError('Device.Unavailable', why));
  }
}
