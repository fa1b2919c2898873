/** What plugins provide that is opened and closed with the engine: each object once, though terminals share it. */
import type { Service } from '../contract.js';
import { TillwrightError } from '../errors.js';
import { messageOf } from '../fault.js';
import type { LoadedTerminal } from './terminal.js';

export class Services {
  /** In the order in which they were opened. */
  readonly #opened = new Map<Service, { readonly terminal: string; readonly plugin: string }>();

  /** In the order they were made. @throws PLUGIN_UNUSABLE: those before it are open, it and those after it are not */
  async open({ terminal, services }: Pick<LoadedTerminal, 'terminal' | 'services'>): Promise<void> {
    for (const { plugin, service } of services) {
      if (this.#opened.has(service)) continue;
      try {
        await service.open?.();
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
        await service.close?.();
      } catch (error) {
        failures.push(TillwrightError.is(error) ? error : new TillwrightError('PLUGIN_CLOSE_FAILED', { plugin, terminal, why: messageOf(error) }, { cause: error }));
      }
    }
    this.#opened.clear();
    return failures;
  }
}

/** Why a plugin can't be made or opened; what it says by a TillwrightError of its own stays. */
export const unusable = (plugin: string, terminal: string, error: unknown): TillwrightError =>
  TillwrightError.is(error) ? error : new TillwrightError('PLUGIN_UNUSABLE', { plugin, terminal, why: messageOf(error) }, { cause: error });

