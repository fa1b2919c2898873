import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@tillwright/core/contract';
import { UsageError } from './exit.js';

/** What a `tillwright.config.mjs` exports by default: a till's own plugins and data. */
export interface TillwrightConfig {
  /** Given the plugins that come with Tillwright; returns those of this till. */
  plugins?(defaults: readonly Plugin[]): readonly Plugin[] | Promise<readonly Plugin[]>;
  /** The terminal's data, where they differ from what the simulated acquirer knows. */
  terminal?: { readonly tid?: string; readonly mid?: string; readonly name?: string; readonly operatorId?: string };
}

/** Types a configuration where it is written. */
export const defineConfig = (config: TillwrightConfig): TillwrightConfig => config;

const TERMINAL = ['tid', 'mid', 'name', 'operatorId'];
const NAMES = ['tillwright.config.mjs', 'tillwright.config.js'];

/**
 * Loads a configuration: the one named, or the one in this folder, or none.
 * @throws UsageError when it can't be loaded or has another shape
 */
export const loadConfig = async (named: string | undefined, folder = process.cwd()): Promise<TillwrightConfig> => {
  const file = named === undefined ? NAMES.map((name) => resolve(folder, name)).find((path) => existsSync(path)) : resolve(folder, named);
  if (file === undefined) return {};
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    throw new UsageError(`can't load ${file}: ${error instanceof Error ? error.message : 'error'}`, { cause: error });
  }
  const config = loaded.default;
  if (typeof config !== 'object' || config === null) throw new UsageError(`${file} has no default export that is a configuration`);
  const unknown = Object.keys(config).filter((key) => key !== 'plugins' && key !== 'terminal');
  if (unknown.length > 0) throw new UsageError(`${file}: unknown field ${unknown.join(', ')}; it knows: plugins, terminal`);
  const { plugins, terminal } = config as { readonly [field: string]: unknown };
  if (plugins !== undefined && typeof plugins !== 'function') throw new UsageError(`${file}: plugins is a function, given the plugins that come with Tillwright: plugins: (defaults) => [...defaults, yours()]`);
  if (terminal !== undefined && (typeof terminal !== 'object' || terminal === null)) throw new UsageError(`${file}: terminal is an object of ${TERMINAL.join(', ')}`);
  for (const [field, value] of Object.entries(terminal ?? {})) {
    if (!TERMINAL.includes(field)) throw new UsageError(`${file}: unknown field terminal.${field}; it knows: ${TERMINAL.join(', ')}`);
    if (typeof value !== 'string' || value === '') throw new UsageError(`${file}: terminal.${field} is a text that is not empty`);
  }
  return config as TillwrightConfig;
};
