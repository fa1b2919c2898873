/** `tillwright explain` knows every code and error name that a person can meet. */
import { ERRORS } from '@tillwright/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { explain } from '../packages/cli/src/commands/explain.js';
import { DIAGNOSTICS } from '../packages/core/src/definition/diagnostics.js';

let out: string[] = [];
beforeEach(() => {
  out = [];
  for (const stream of ['log', 'error'] as const) vi.spyOn(console, stream).mockImplementation((line: string) => void out.push(line));
});
afterEach(() => void vi.restoreAllMocks());
const said = (code: string, language: 'zh' | 'en' = 'en'): { exit: number; text: string } => {
  out = [];
  return { exit: explain(code, { language }), text: out.join('\n') };
};

it('a code of the checker: what is wrong, what to do, why, and both examples', () => {
  for (const [code, { what, expected, next, severity }] of Object.entries(DIAGNOSTICS)) {
    for (const language of ['zh', 'en'] as const) {
      const { exit, text } = said(code, language);
      expect(exit, code).toBe(0);
      expect(text.split('\n')[0]).toBe(severity === 'warning' ? `${code} (warning)` : code);
      for (const part of [what, expected, next]) expect(text, code).toContain(part[language]);
      // The section itself, as docs/rules has it.
      expect(text.split('\n\n').length, code).toBeGreaterThan(1);
    }
  }
  expect(said('WORKFLOW_PROMPT_NO_CANCEL').text).toMatch(/^A cancel ends the Task with[^]*^Fails:$[^]*^Passes:$/m);
  expect(said('WORKFLOW_PROMPT_NO_CANCEL').text).not.toContain('WORKFLOW_PROMPT_NO_TIMEOUT');
});

it('a code that an embedder meets', () => {
  for (const [code, { what, next }] of Object.entries(ERRORS)) {
    expect(said(code)).toEqual({ exit: 0, text: `${code}\n  ${what.en}\n  Next: ${next.en}` });
    expect(said(code, 'zh').text).toBe(`${code}\n  ${what.zh}\n  下一步: ${next.zh}`);
  }
});

it('an error name: of each action that ends with it, in its own words', async () => {
  const { actions, methods } = await createTillCatalogue((defaults) => defaults, []);
  for (const errors of [...Object.values(actions).flatMap((namespace) => Object.values(namespace)), ...methods].map((each) => each.errors)) {
    for (const [name, hint] of Object.entries(errors)) for (const language of ['zh', 'en'] as const) expect(said(name, language).text, name).toContain(hint[language]);
  }
  expect(said('States.Timeout').text).toContain('longer than its TimeoutSeconds');
});

it('what there is not: the nearest names', () => {
  expect(said('WORKFLOW_PROMT_NO_CANCEL')).toEqual({ exit: 2, text: 'tillwright: there is no code or error name "WORKFLOW_PROMT_NO_CANCEL". Did you mean WORKFLOW_PROMPT_NO_CANCEL?' });
  expect(said('payment.Declined', 'zh').text).toContain('Payment.Declined');
  expect(said('workflow_syntax').exit).toBe(0);
  expect(said('xyz').text).toContain('the first word of a report');
});
