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
});
