/**
 * Broken workflow files, each beside its report as a person reads it. Made by hand, and by changing sound ones by seed.
 * `UPDATE_BROKEN=1 npx vitest run tests/broken.test.ts` writes the changed files and all reports anew: look at what differs.
 * What is registered is kept with them (catalogue.json), so that a new plugin changes no report.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Catalogue, checkWorkflows, renderDiagnostics } from '@tillwright/core';
import { describe, expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { mutations } from './broken/mutate.js';

const folder = fileURLToPath(new URL('broken/', import.meta.url));
const SEED = 20_260_131;
const MUTATED = 60;
const update = process.env.UPDATE_BROKEN === '1';

const workflowsIn = (name: string): string[] => readdirSync(folder + name).filter((file) => file.endsWith('.asl.json')).sort();
const good = Object.fromEntries(workflowsIn('good').map((file) => [file.replace('.asl.json', ''), { file, text: readFileSync(`${folder}good/${file}`, 'utf8') }]));

const catalogueFile = `${folder}catalogue.json`;
if (update) writeFileSync(catalogueFile, `${JSON.stringify(await createTillCatalogue((defaults) => defaults, []), undefined, 1)}\n`);
const catalogue = JSON.parse(readFileSync(catalogueFile, 'utf8')) as Catalogue;

const check = (name: string, file: string, text: string) => {
  // A changed copy stands in the place of the sound one.
  const sources = { ...good, [name]: { file, text } };
  const { diagnostics, definitions } = checkWorkflows(sources, catalogue);
  return { diagnostics: diagnostics.filter((one) => one.file === file), definitions, sources };
};

/** The changes in order, those that the checker has no reason to refuse left out: a warning, or another text for the customer. */
const made = function* (): Generator<{ how: string; text: string }> {
  for (const mutation of mutations(Object.values(good).map(({ text }) => text), SEED)) {
    if (check('changed', 'changed', mutation.text).diagnostics.some(({ severity }) => severity === 'error')) yield mutation;
  }
};
const wanted = (): { file: string; text: string }[] => {
  const files: { file: string; text: string }[] = [];
  for (const { how, text } of made()) {
    files.push({ file: `${String(files.length + 1).padStart(2, '0')}-${how}.asl.json`, text });
    if (files.length === MUTATED) break;
  }
  return files;
};

if (update) {
  for (const file of readdirSync(`${folder}by-mutation`)) rmSync(`${folder}by-mutation/${file}`);
  for (const { file, text } of wanted()) writeFileSync(`${folder}by-mutation/${file}`, text);
}

const cases = ['by-hand', 'by-mutation'].flatMap((kind) => workflowsIn(kind).map((file) => ({ name: `${kind}/${file.replace('.asl.json', '')}`, kind, file })));

describe('broken workflows', () => {
  it('are more than a hundred, beside some that are sound', () => {
    expect(cases.length).toBeGreaterThan(100);
    expect(checkWorkflows(good, catalogue).diagnostics).toEqual([]);
  });

  it('those made by seed are what the seed gives', () => {
    expect(wanted().map(({ file }) => file)).toEqual(workflowsIn('by-mutation'));
    for (const { file, text } of wanted()) expect(readFileSync(`${folder}by-mutation/${file}`, 'utf8'), file).toBe(text);
  });

  it.each(cases)('$name', ({ kind, file }) => {
    const text = readFileSync(`${folder}${kind}/${file}`, 'utf8');
    const workflow = file.replace('.asl.json', '');
    const { diagnostics, definitions, sources } = check(workflow, file, text);
    // None is accepted.
    expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
    expect(Object.keys(definitions)).not.toContain(workflow);
    // None is without a place in its file and a next step, in both languages.
    const lines = text.split(/\r\n|\n|\r/);
    for (const { line, column, next, expected } of diagnostics) {
      expect(line).toBeGreaterThan(0);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      for (const told of [next, expected]) for (const said of [told.zh, told.en]) expect(said).not.toMatch(/^$|\{\w+(?:\.\w+)?\}/);
    }
    const report = `${renderDiagnostics(diagnostics, sources, { language: 'en' })}\n${renderDiagnostics(diagnostics, sources, { language: 'zh' })}`;
    const kept = `${folder}${kind}/${workflow}.report.txt`;
    if (update) writeFileSync(kept, report);
    expect(existsSync(kept), kept).toBe(true);
    expect(report).toBe(readFileSync(kept, 'utf8'));
  });
});
