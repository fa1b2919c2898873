/** Every flow that ships, with the parts that it runs, has nothing that the checker would even warn of. */
import { fileURLToPath } from 'node:url';
import { checkWorkflows } from '@tillwright/core';
import { expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { readWorkflows } from '../packages/cli/src/workflow-files.js';
import { folder, workflows } from '../packages/simulation/src/shipped.test-helper.js';

it('all together', async () => {
  expect(Object.keys(workflows).length).toBeGreaterThan(1);
  expect(checkWorkflows(workflows, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});

it.each(['counter-sale', 'quick-sale'])('%s, as its file is named alone', async (name) => {
  const sources = await readWorkflows([fileURLToPath(new URL(`${name}.asl.json`, folder))]);
  expect(checkWorkflows(sources, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});

it('the example that embedders begin with', async () => {
  const sources = await readWorkflows([fileURLToPath(new URL('../examples/scan-sale.asl.json', import.meta.url))]);
  expect(checkWorkflows(sources, await createTillCatalogue((defaults) => defaults, [])).diagnostics).toEqual([]);
});
