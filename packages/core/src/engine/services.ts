/** What plugins provide that is opened and closed with the engine: each object once, though terminals share it. */
import type { Service } from '../contract.js';
import { TillwrightError } from '../errors.js';
import type { LoadedTerminal } from './terminal.js';

export class Services {
  readonly #opened: { readonly terminal: string; readonly plugin: string; readonly service: Service }[] = [];

  /** In the order they were made. @throws PLUGIN_UNUSABLE: those before it are open, it and those after it are not */
  async open({ terminal, services }: Pick<LoadedTerminal, 'terminal' | 'services'>): Promise<void> {
    for (const { plugin, service } of services) {
      if (this.#opened.some((other) => other.service === service)) continue;
      try {
        await service.open?.();
      } catch (error) {
        throw unusable(plugin, terminal.id, error);
      }
      this.#opened.push({ terminal: terminal.id, plugin, service });
    }
  }

  /** In reverse, each of them whatever becomes of the others. @returns what went wrong: PLUGIN_CLOSE_FAILED, or the plugin's own TillwrightError */
  async close(): Promise<unknown[]> {
    const failures: unknown[] = [];
    for (const { terminal, plugin, service } of this.#opened.splice(0).toReversed()) {
      try {
        await service.close?.();
      } catch (error) {
        failures.push(TillwrightError.is(error) ? error : new TillwrightError('PLUGIN_CLOSE_FAILED', { plugin, terminal, why: messageOf(error) }, { cause: error }));
      }
    }
    return failures;
  }
}

/** Why a plugin can't be made or opened; what it says by a TillwrightError of its own stays. */
export const unusable = (plugin: string, terminal: string, error: unknown): TillwrightError =>
  TillwrightError.is(error) ? error : new TillwrightError('PLUGIN_UNUSABLE', { plugin, terminal, why: messageOf(error) }, { cause: error });

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
