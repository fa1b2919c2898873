/**
 * What the READMEs show is run as it stands: the embedding example, the checker's report.
 * `UPDATE_DOCS=1 npx vitest run tests/readme.test.ts` writes the report anew.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const READMES = [
  { file: 'README.md', language: 'en', embed: '## Embed it', edit: '## Change one thing', flow: '## The flow' },
  { file: 'README.zh-CN.md', language: 'zh', embed: '## 嵌入你的程序', edit: '## 改一处试试', flow: '## 流程' },
] as const;

const textOf = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

/** The fenced blocks of a language below a heading, up to the next heading of its level. */
const blocks = (text: string, heading: string, language: string): string[] => {
  const from = text.indexOf(`\n${heading}\n`);
  if (from === -1) throw new Error(`there is no heading "${heading}"`);
  const to = text.indexOf('\n## ', from + heading.length);
  const section = text.slice(from, to === -1 ? undefined : to);
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, name]) => name === language).map(([, , body]) => body ?? '');
};

const node = promisify(execFile);

/** Within the workspace, so that the example's imports find the built packages; away from the sources, so that it leaves nothing there. */
let dir = '';
beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  dir = await mkdtemp(join(cache, 'tillwright-readme-'));
  await cp(join(root, 'examples/scan-sale.asl.json'), join(dir, 'examples/scan-sale.asl.json'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the embedding example', () => {
  it('is the same in both languages, and under 20 lines', async () => {
    const [first, second] = await Promise.all(READMES.map(async ({ file, embed }) => blocks(await textOf(file), embed, 'js')[0]));
    expect(first).toBeDefined();
    expect(second).toBe(first);
    expect(first?.trimEnd().split('\n').length).toBeLessThan(20);
  });

  it('takes a payment; run again, the same key is the same transaction', async () => {
    const [example = ''] = blocks(await textOf('README.md'), READMES[0].embed, 'js');
    await writeFile(join(dir, 'embed.mjs'), example);
    const first = await node(process.execPath, ['embed.mjs'], { cwd: dir });
    expect(first.stderr).toBe('');
    expect(first.stdout).toContain("status: 'succeeded'");
    expect(first.stdout).toContain("method: 'alipay'");
    expect(first.stdout).toContain('amountMinor: 1250');
    const again = await node(process.execPath, ['embed.mjs'], { cwd: dir });
    expect(again.stdout).toBe(first.stdout);
  }, 60_000);
});

describe('the walkthrough', () => {
  const run = async (workflow: string, language: string): Promise<{ code: number; stdout: string; stderr: string }> => {
    await mkdir(join(dir, 'workflows'), { recursive: true });
    await writeFile(join(dir, 'workflows/counter-sale.asl.json'), workflow);
    const args = [join(root, 'packages/cli/bin/tillwright.js'), 'check', 'workflows/counter-sale.asl.json', '--lang', language];
    const done = await node(process.execPath, args, { cwd: dir }).catch((error: { code: number; stdout: string; stderr: string }) => error);
    return { code: 'code' in done ? done.code : 0, stdout: done.stdout, stderr: done.stderr };
  };
  const replaced = (text: string, from: string, to: string): string => {
    expect(text, `the shipped workflow has no ${from}`).toContain(from);
    return text.replace(from, to);
  };

  it.each(READMES)('$file: the line that it shows stands in the workflow, and the lower limit is sound', async ({ file, edit, language }) => {
    const [before = '', after = ''] = blocks(await textOf(file), edit, 'json').map((line) => line.trim());
    const shipped = await textOf('workflows/counter-sale.asl.json');
    const checked = await run(replaced(shipped, before, after), language);
    expect(checked.code).toBe(0);
    expect(blocks(await textOf(file), edit, 'text')[0]?.trim()).toBe(checked.stdout.trim());
  }, 60_000);

  it.each(READMES)('$file: the report of a broken edit is what the checker says', async ({ file, edit, language }) => {
    const shipped = await textOf('workflows/counter-sale.asl.json');
    const broken = replaced(replaced(shipped, '"maxMinor": 5000000', '"maxMinor": 100.50'), '"pinpad:enterPin"', '"pinpad:enterPIN"');
    const checked = await run(broken, language);
    expect(checked.code).toBe(2);
    const readme = await textOf(file);
    const shown = blocks(readme, edit, 'text')[1] ?? '';
    if (process.env.UPDATE_DOCS === '1') await writeFile(join(root, file), readme.replace(shown, `${checked.stderr.trim()}\n`));
    expect(blocks(await textOf(file), edit, 'text')[1]?.trim()).toBe(checked.stderr.trim());
  }, 60_000);
});

it.each(READMES)('$file: shows the picture of the counter sale in its language', async ({ file, flow, language }) => {
  const readme = await textOf(file);
  const section = readme.slice(readme.indexOf(`\n${flow}\n`));
  // That the picture is that of the flow as it stands is pictures.test.ts's matter.
  expect(section.slice(0, section.indexOf('\n## ', 3))).toContain(`](docs/pictures/counter-sale.${language}.svg)`);
});

describe('links', () => {
  const PAGES = ['README.md', 'README.zh-CN.md', 'docs/architecture.md', 'docs/plugin-contract.md', 'docs/errors.md', 'docs/money-rules.md', 'docs/dependencies.md', 'docs/language.md', 'docs/graph.md', 'docs/recipes.md', 'docs/scenarios.md', 'docs/flows/README.md', ...['approved-sale', 'counter-sale', 'member-points', 'merchant-qr', 'method-first', 'quick-sale', 'tap-first', 'tip-sale', 'unattended'].map((flow) => `docs/flows/${flow}.md`)];

  it.each(PAGES)('of %s lead to files that are there', async (page) => {
    const links = [...(await textOf(page)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to ?? '').filter((to) => !/^[a-z]+:/.test(to));
    for (const to of links) await expect(readFile(join(root, page, '..', to)).catch((error: NodeJS.ErrnoException) => (error.code === 'EISDIR' ? Buffer.of() : Promise.reject(error))), to).resolves.toBeDefined();
  });
});
