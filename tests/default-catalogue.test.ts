/** `tillwright check` reads what the default plugins offer from a file: it is what they offer. `UPDATE_DOCS=1` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';

const FILE = new URL('../packages/cli/src/default-catalogue.json', import.meta.url);

it('the kept catalogue is what the default plugins offer', async () => {
  const text = `${JSON.stringify(await createTillCatalogue((defaults) => defaults, []), undefined, 1)}\n`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8'), 'write it anew: UPDATE_DOCS=1 npx vitest run tests/default-catalogue.test.ts').toBe(text);
});
