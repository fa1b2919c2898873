import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@tillwright/core/contract';
import { isTold, UsageError } from './exit.js';

/** What a `tillwright.config.mjs` exports by default: a till's own plugins and data. */
export interface TillwrightConfig {
  /** Given the plugins that come with Tillwright; returns those of this till. */
  plugins?(defaults: readonly Plugin[]): readonly Plugin[] | Promise<readonly Plugin[]>;
  /** The terminal's data, where they differ from what the simulated acquirer knows. */
  terminal?: { readonly tid?: string; readonly mid?: string; readonly name?: string; readonly operatorId?: string };
  /** True where the hosts of its payment methods are simulated: without it scenarios and simulations, which would charge there, refuse them. */
  readonly simulated?: boolean;
}

/** Types a configuration where it is written. */
export const defineConfig = (config: TillwrightConfig): TillwrightConfig => config;

const FIELDS = ['plugins', 'terminal', 'simulated'];
const TERMINAL = ['tid', 'mid', 'name', 'operatorId'];
const NAMES = ['tillwright.config.mjs', 'tillwright.config.js'];

/**
 * Loads a configuration: the one named, or the one in this folder, or none.
 * @throws UsageError when it can't be loaded or has another shape, its `plugins` also when it is called
 */
export const loadConfig = async (named: string | undefined, folder = process.cwd()): Promise<TillwrightConfig> => {
  const file = named === undefined ? NAMES.map((name) => resolve(folder, name)).find((path) => existsSync(path)) : resolve(folder, named);
  if (file === undefined) return {};
  let loaded: { default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    if (isTold(error)) throw error;
    throw new UsageError(`can't load ${file}: ${error instanceof Error ? error.message : 'error'}`, { cause: error });
  }
  const config = loaded.default;
  if (typeof config !== 'object' || config === null) throw new UsageError(`${file} has no default export that is a configuration`);
  const unknown = Object.keys(config).filter((key) => !FIELDS.includes(key));
  if (unknown.length > 0) throw new UsageError(`${file}: unknown field ${unknown.join(', ')}; it knows: ${FIELDS.join(', ')}`);
  const { plugins, terminal, simulated } = config as { readonly [field: string]: unknown };
  if (simulated !== undefined && typeof simulated !== 'boolean') throw new UsageError(`${file}: simulated is true or false`);
  if (plugins !== undefined && typeof plugins !== 'function') throw new UsageError(`${file}: plugins is a function, given the plugins that come with Tillwright: plugins: (defaults) => [...defaults, yours()]`);
  if (terminal !== undefined && (typeof terminal !== 'object' || terminal === null)) throw new UsageError(`${file}: terminal is an object of ${TERMINAL.join(', ')}`);
  for (const [field, value] of Object.entries(terminal ?? {})) {
    if (!TERMINAL.includes(field)) throw new UsageError(`${file}: unknown field terminal.${field}; it knows: ${TERMINAL.join(', ')}`);
    if (typeof value !== 'string' || value === '') throw new UsageError(`${file}: terminal.${field} is a text that is not empty`);
  }
  return plugins === undefined ? config : { ...config, plugins: held(file, (defaults) => (config as Required<TillwrightConfig>).plugins(defaults)) };
};

/** What goes wrong in a function of somebody else's is told with its file; an error that says itself what to do is told as it is. */
const held = (file: string, plugins: Required<TillwrightConfig>['plugins']): Required<TillwrightConfig>['plugins'] => {
  const refuse = (error: unknown): never => {
    throw isTold(error) ? error : new UsageError(`${file}: plugins failed: ${error instanceof Error ? error.message : 'error'}`, { cause: error });
  };
  const listed = (given: readonly Plugin[]): readonly Plugin[] => {
    if (given !== undefined && !Array.isArray(given)) throw new UsageError(`${file}: plugins returns a list of plugins`);
    return given;
  };
  return (defaults) => {
    let given: ReturnType<typeof plugins>;
    try {
      given = plugins(defaults);
    } catch (error) {
      return refuse(error);
    }
    return given instanceof Promise ? given.then(listed, refuse) : listed(given as readonly Plugin[]);
  };
};

