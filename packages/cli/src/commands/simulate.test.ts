import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { EXIT } from '../exit.js';
import { simulate } from './simulate.js';

const spoken = async (options: { json: boolean; language: 'zh' | 'en' }) => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    return { exit: await simulate({ seed: 1, runs: 2, faults: 'all', ...options }), text: lines.join('\n') };
  } finally {
    log.mockRestore();
  }
};

describe('tillwright simulate', () => {
  it('says its seed first, then what was done to the tills and how the payments ended', async () => {
    const { exit, text } = await spoken({ json: false, language: 'en' });
    expect(exit).toBe(EXIT.succeeded);
    expect(text).toMatch(/^seed 1, 2 runs\n/);
    expect(text).toContain('Faults injected');
    expect(text).toContain('open, for a person');
    expect(text).toMatch(/No payment was lost, none was doubled$/);
  });

  it('gives the report as JSON, the same for the same seed', async () => {
    const [one, other] = [await spoken({ json: true, language: 'zh' }), await spoken({ json: true, language: 'zh' })];
    expect(JSON.parse(one.text)).toMatchObject({ runs: 2, failures: [] });
    expect(other.text).toBe(one.text);
  });

  it('tells how to play a failing seed again, with all that it was told to play', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tillwright-simulate-'));
    const [workflow, config] = [join(folder, 'sale.asl.json'), join(folder, 'own.config.mjs')];
    await writeFile(workflow, '{}');
    await writeFile(config, 'export default {};');
    vi.doMock('@tillwright/simulation', () => ({ simulateShops: async () => ({ runs: 1, faults: {}, payments: {}, failures: [{ seed: 7, problems: ['x'], replay: '' }] }) }));
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    try {
      expect(await simulate({ seed: 7, runs: 1, faults: 'crashes', wire: true, workflow, config, json: true, language: 'en' })).toBe(EXIT.open);
      expect(JSON.parse(lines.join(''))).toMatchObject({ failures: [{ replay: `tillwright simulate --wire --seed 7 --runs 1 --workflow ${workflow} --faults crashes --config ${config}` }] });
    } finally {
      vi.restoreAllMocks();
      vi.doUnmock('@tillwright/simulation');
      await rm(folder, { recursive: true });
    }
  });
});
