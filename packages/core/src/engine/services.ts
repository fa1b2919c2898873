/** What plugins provide that is opened and closed with the engine: each object once, though terminals share it. */
import type { Clock, Service } from '../contract.js';
import { coded, type TillwrightError } from '../errors.js';
import { inTime } from './ask.js';
import type { LoadedTerminal } from './terminal.js';

/** Working keys may have to be fetched; who waits at the counter gives up sooner. */
const OPENS_WITHIN_MS = 60_000;
const CLOSES_WITHIN_MS = 30_000;

export class Services {
  readonly #clock: Clock;
  /** In the order in which they were opened. */
  readonly #opened = new Map<Service, { readonly terminal: string; readonly plugin: string }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In the order they were made. @throws PLUGIN_UNUSABLE: those before it are open, it and those after it are not */
  async open({ terminal, services }: Pick<LoadedTerminal, 'terminal' | 'services'>): Promise<void> {
    for (const { plugin, service } of services) {
      if (this.#opened.has(service)) continue;
      try {
        await inTime(async () => service.open?.(), { clock: this.#clock, withinMs: OPENS_WITHIN_MS, who: 'it' });
      } catch (error) {
        throw unusable(plugin, terminal.id, error);
      }
      this.#opened.set(service, { terminal: terminal.id, plugin });
    }
  }

  /** In reverse, each of them whatever becomes of the others. @returns what went wrong: PLUGIN_CLOSE_FAILED, or the plugin's own TillwrightError */
  async close(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const [service, { terminal, plugin }] of [...this.#opened].toReversed()) {
      try {
        await inTime(async () => service.close?.(), { clock: this.#clock, withinMs: CLOSES_WITHIN_MS, who: 'it' });
      } catch (error) {
        failures.push(coded(error, 'PLUGIN_CLOSE_FAILED', { plugin, terminal }));
      }
    }
    this.#opened.clear();
    return failures;
  }
}

/** Why a plugin can't be made or opened; what it says by a TillwrightError of its own stays. */
export const unusable = (plugin: string, terminal: string, error: unknown): TillwrightError => coded(error, 'PLUGIN_UNUSABLE', { plugin, terminal });

