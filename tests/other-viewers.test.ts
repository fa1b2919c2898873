/** The flows that ship are States Language to others, too: a public validator, which knows nothing of Tillwright, takes each. */
// @ts-expect-error -- it brings no types
import validator from 'asl-validator';
import { expect, it } from 'vitest';
import { workflows } from '../packages/simulation/src/shipped.test-helper.js';

type Validator = (definition: object, options: { checkPaths: boolean; checkArn: boolean }) => { isValid: boolean; errors: unknown[] };
// `Resource` names an action where the cloud has ARNs: the one difference.
const verdict = (definition: object) => (validator as Validator)(definition, { checkPaths: true, checkArn: false });

it.each(Object.values(workflows))('$file', ({ text }) => {
  expect(verdict(JSON.parse(text) as object)).toMatchObject({ isValid: true, errors: [] });
});

it('the validator does find faults', () => {
  const flow = JSON.parse(workflows['counter-sale']?.text ?? '') as { States: { [name: string]: object } };
  delete flow.States.Done;
  expect(verdict(flow).isValid).toBe(false);
});
