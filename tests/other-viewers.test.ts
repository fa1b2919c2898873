/** The flows that ship are States Language to others, too: a public validator, which knows nothing of Tillwright, takes each. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// @ts-expect-error -- it brings no types
import validator from 'asl-validator';
import { expect, it } from 'vitest';

type Validator = (definition: object, options: { checkPaths: boolean; checkArn: boolean }) => { isValid: boolean; errors: unknown[] };
// `Resource` names an action where the cloud has ARNs: the one difference.
const verdict = (definition: object) => (validator as Validator)(definition, { checkPaths: true, checkArn: false });

const folder = fileURLToPath(new URL('../workflows/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.asl.json'));

it.each(files)('%s', (file) => {
  expect(verdict(JSON.parse(readFileSync(folder + file, 'utf8')) as object)).toMatchObject({ isValid: true, errors: [] });
});

it('the validator does find faults', () => {
  const flow = JSON.parse(readFileSync(`${folder}counter-sale.asl.json`, 'utf8')) as { States: { [name: string]: object } };
  delete flow.States.Done;
  expect(verdict(flow).isValid).toBe(false);
});
