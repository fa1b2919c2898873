/**
 * The checker as it is built: ajv's code for the workflow language is made beforehand, and its dependencies are taken in
 * (packages/core/tsup.config.ts). It must say word for word what the sources say.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Catalogue, checkWorkflows, renderDiagnostics } from '@tillwright/core';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('broken/', import.meta.url));
const catalogue = JSON.parse(readFileSync(`${folder}catalogue.json`, 'utf8')) as Catalogue;
const door = new URL('../packages/core/dist/check.js', import.meta.url).href;

describe('the built checker', () => {
  it('reports every broken workflow as the sources do', async () => {
    const built = (await import(/* @vite-ignore */ door)) as typeof import('@tillwright/core/check');
    let files = 0;
    for (const kind of ['good', 'by-hand', 'by-mutation']) {
      for (const file of readdirSync(folder + kind).filter((name) => name.endsWith('.asl.json'))) {
        const sources = { [file]: { file, text: readFileSync(`${folder}${kind}/${file}`, 'utf8') } };
        const { diagnostics } = built.checkWorkflows(sources, catalogue);
        expect(diagnostics, file).toEqual(checkWorkflows(sources, catalogue).diagnostics);
        expect(built.renderDiagnostics(diagnostics, sources, { language: 'zh' })).toBe(renderDiagnostics(diagnostics, sources, { language: 'zh' }));
        files += 1;
      }
    }
    expect(files).toBeGreaterThan(160);
  });
});
