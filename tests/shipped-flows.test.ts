/** Every flow that ships, with the parts that it runs, has nothing that the checker would even warn of. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkWorkflows } from '@tillwright/core';
import { expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { readWorkflows } from '../packages/cli/src/workflow-files.js';

const folder = fileURLToPath(new URL('../workflows/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.asl.json'));

it('all together', async () => {
  expect(files.length).toBeGreaterThan(1);
  const sources = Object.fromEntries(files.map((file) => [file.replace('.asl.json', ''), { file, text: readFileSync(folder + file, 'utf8') }]));
  expect(checkWorkflows(sources, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});

it.each(['counter-sale', 'quick-sale'])('%s, as its file is named alone', async (name) => {
  const sources = await readWorkflows([`${folder}${name}.asl.json`]);
  expect(checkWorkflows(sources, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});

it('the example that embedders begin with', async () => {
  const sources = await readWorkflows([fileURLToPath(new URL('../examples/scan-sale.asl.json', import.meta.url))]);
  expect(checkWorkflows(sources, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});
