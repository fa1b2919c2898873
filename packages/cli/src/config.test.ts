import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from './config.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tillwright-config-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

let written = 0;
const load = async (text: string) => {
  // Each is a module of its own.
  const file = join(dir, `${(written += 1)}.config.mjs`);
  await writeFile(file, text);
  return await loadConfig(file);
};

describe('a configuration', () => {
  it('gives plugins and the terminal, or nothing', async () => {
    expect(await loadConfig(undefined, dir)).toEqual({});
    const config = await load("export default { plugins: (defaults) => defaults, terminal: { tid: '00000002', name: 'Corner Shop' } };");
    expect(config.terminal).toEqual({ tid: '00000002', name: 'Corner Shop' });
    expect(await config.plugins?.([])).toEqual([]);
  });

  it.each([
    ['export default 5;', 'no default export that is a configuration'],
    ['export const plugins = [];', 'no default export that is a configuration'],
    ['export default {', "can't load"],
    ['throw new Error("no key file");', 'no key file'],
    ['export default { plugin: [] };', 'unknown field plugin; it knows: plugins, terminal, simulated'],
    ["export default { simulated: 'yes' };", 'simulated is true or false'],
    ['export default { plugins: [] };', 'plugins is a function'],
    ['export default { plugins: null };', 'plugins is a function'],
    ["export default { terminal: 'T1' };", 'terminal is an object of tid, mid, name, operatorId'],
    ['export default { terminal: { tid: 2 } };', 'terminal.tid is a text that is not empty'],
    ["export default { terminal: { name: '' } };", 'terminal.name is a text that is not empty'],
    ["export default { terminal: { shop: 'A' } };", 'unknown field terminal.shop; it knows: tid, mid, name, operatorId'],
  ])('%s is wrong use, and it is said what is wrong', async (text, said) => {
    await expect(load(text)).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(said) });
  });

  it('that is named and not there is wrong use', async () => {
    await expect(loadConfig('nowhere.config.mjs', dir)).rejects.toMatchObject({ name: 'UsageError' });
  });

  it.each([
    ["() => { throw new Error('no such drawer'); }", 'plugins failed: no such drawer'],
    ["async () => { throw new Error('no such drawer'); }", 'plugins failed: no such drawer'],
    ["() => 'cash'", 'plugins returns a list of plugins'],
    ['async () => ({})', 'plugins returns a list of plugins'],
  ])('whose plugins is %s is wrong use once it is called', async (plugins, said) => {
    const config = await load(`export default { plugins: ${plugins} };`);
    await expect((async () => config.plugins?.([]))()).rejects.toMatchObject({ name: 'UsageError', message: expect.stringContaining(said) });
  });

  it('that is refused by a plugin is told in that plugin\'s words', async () => {
    const refusing = "throw Object.assign(new Error('no'), { code: 'PLUGIN_OPTIONS_INVALID', hint: { zh: '改', en: 'mend' } });";
    await expect(load(refusing)).rejects.toMatchObject({ code: 'PLUGIN_OPTIONS_INVALID' });
    const config = await load(`export default { plugins() { ${refusing} } };`);
    expect(() => config.plugins?.([])).toThrow(expect.objectContaining({ code: 'PLUGIN_OPTIONS_INVALID' }));
  });
});
