/**
 * Pictures that pages show are what `tillwright graph` draws of the flows as they stand.
 * `UPDATE_DOCS=1 npx vitest run tests/pictures.test.ts` draws them anew.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { graph } from '../packages/cli/src/commands/graph.js';
import { workflows } from '../packages/simulation/src/shipped.test-helper.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = join(root, 'docs/pictures');
const update = process.env['UPDATE_DOCS'] === '1';
const LANGUAGES = ['en', 'zh'] as const;

let dir = '';
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'tillwright-pictures-'))));
afterAll(() => rm(dir, { recursive: true, force: true }));

const parts = new Set(['get-ready', 'pay-and-print', 'take-card', 'take-code', 'take-payment']);
const flows = Object.keys(workflows);

/** Drawn to a file beside, or with UPDATE_DOCS onto the page's own. */
const drawn = async (name: string, draw: (out: string) => Promise<number>): Promise<void> => {
  const shown = join(pictures, name);
  const out = update ? shown : join(dir, name);
  expect(await draw(out)).toBe(0);
  expect(await readFile(out, 'utf8'), `docs/pictures/${name} is stale: UPDATE_DOCS=1 npx vitest run tests/pictures.test.ts`).toBe(await readFile(shown, 'utf8'));
};

describe.each(LANGUAGES)('in %s', (language) => {
  // A part is drawn in one language: its readers write flows.
  it.each(flows.filter((flow) => language === 'en' || !parts.has(flow)))('%s', (flow) =>
    drawn(`${flow}.${language}.svg`, (out) => graph(join(root, 'workflows', `${flow}.asl.json`), { format: 'svg', out, data: 'none', language })));

  it('a sale with a wrong PIN, drawn from its log', () =>
    drawn(`wrong-pin.${language}.svg`, (out) => graph(undefined, { format: 'svg', out, execution: 'x-01m8ad3mgnj0rt37fsh1afewvn', data: join(pictures, 'wrong-pin'), language })));
});

it('every picture is of a flow that is there', async () => {
  const names = (await readdir(pictures)).flatMap((file) => (file.endsWith('.svg') ? [file.split('.')[0]] : []));
  expect(names.filter((name) => name !== 'wrong-pin' && !flows.includes(name ?? ''))).toEqual([]);
  expect(names).toContain('counter-sale');
});

describe('what can not be drawn', () => {
  const options = { format: 'svg', data: join(pictures, 'wrong-pin'), language: 'en' } as const;
  const counterSale = join(root, 'workflows/counter-sale.asl.json');

  it('a transaction that the log does not know', () => expect(graph(undefined, { ...options, execution: 'x-nobody' })).rejects.toThrow(/knows no transaction x-nobody/));
  it('a flow that the transaction did not run', () => expect(graph('tip-sale.asl.json', { ...options, execution: 'x-01m8ad3mgnj0rt37fsh1afewvn' })).rejects.toThrow(/ran counter-sale, not tip-sale/));
  it('neither a flow nor a transaction', () => expect(graph(undefined, options)).rejects.toThrow(/name a workflow file/));
  it('a transaction as Mermaid', () => expect(graph(counterSale, { ...options, format: 'mermaid', execution: 'x-1' })).rejects.toThrow(/SVG only/));

  it('a faulty flow: its report, and the exit code of a wrong workflow', async () => {
    const told = vi.spyOn(console, 'error').mockReturnValue();
    try {
      expect(await graph(join(root, 'examples/nothing.asl.json'), options).catch(() => 'unreadable')).toBe('unreadable');
      const broken = join(dir, 'broken.asl.json');
      await writeFile(broken, (await readFile(counterSale, 'utf8')).replace('"StartAt": "Prepare"', '"StartAt": "Nowhere"'));
      expect(await graph(broken, options)).toBe(2);
      expect(String(told.mock.calls)).toContain('Nowhere');
    } finally {
      told.mockRestore();
    }
  });
});
