/** docs/money-rules.md names tests that are there; docs/dependencies.md names every dependency and no other. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const rowsOf = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| |\|$/g, '').trim()));

describe('docs/money-rules.md', () => {
  const rules = rowsOf(read('docs/money-rules.md')).filter(([number]) => /^\d+$/.test(number ?? ''));

  it('has the twenty rules', () => {
    expect(rules.map(([number]) => Number(number))).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('says M of those rules that have tests under their number, and of no other', () => {
    const engine = 'packages/core/src/engine';
    const tests = readdirSync(`${root}/${engine}`).filter((file) => /^money-rules\.(?:\w+\.)?test\.ts$/.test(file));
    const tested = [...tests.map((file) => read(`${engine}/${file}`)).join('\n').matchAll(/describe\('rule (\d+):/g)].map(([, number]) => Number(number));
    const told = rules.filter(([, , shown]) => /^M\b(?! \d)/.test(shown ?? '')).map(([number]) => Number(number));
    expect([...new Set(tested)].sort((a, b) => a - b)).toEqual(told);
  });

  it('names test files that are there', () => {
    const files = [...readdirSync(`${root}/tests`), ...readdirSync(`${root}/packages`, { recursive: true, encoding: 'utf8' }).filter((file) => !file.includes('node_modules'))].map((file) => file.replace(/^.*\//, ''));
    const named = rules.flatMap(([, , shown = '']) => [...shown.matchAll(/([\w.-]+\.test\.ts)/g)].map(([, file]) => file ?? ''));
    expect(named.length).toBeGreaterThan(10);
    for (const file of named) expect(files, file).toContain(file);
  });
});

it('docs/dependencies.md names every dependency, and no other', () => {
  const manifests = ['package.json', ...readdirSync(`${root}/packages`).map((name) => `packages/${name}/package.json`)].map(
    (file) => JSON.parse(read(file)) as { dependencies?: object; devDependencies?: object },
  );
  const used = new Set(manifests.flatMap(({ dependencies, devDependencies }) => Object.keys({ ...dependencies, ...devDependencies })).filter((name) => !name.startsWith('@tillwright/')));
  const told = new Set(rowsOf(read('docs/dependencies.md')).flatMap(([names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name)));
  // It comes through npx and stands in no manifest's dependencies.
  for (const name of ['pnpm', 'npx']) told.delete(name);
  expect([...told].sort()).toEqual([...used].sort());
});
