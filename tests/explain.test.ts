/** `tillwright explain` knows every code and error name that a person can meet. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALARMS, ERRORS } from '@tillwright/core';
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
const said = async (code: string, language: 'zh' | 'en' = 'en', config?: string): Promise<{ exit: number; text: string }> => {
  out = [];
  const exit = await explain(code, { language, ...(config === undefined ? {} : { config }) });
  return { exit, text: out.join('\n') };
};

it('a code of the checker: what is wrong, what to do, why, and both examples', async () => {
  for (const [code, { what, expected, next, severity }] of Object.entries(DIAGNOSTICS)) {
    for (const language of ['zh', 'en'] as const) {
      const { exit, text } = await said(code, language);
      expect(exit, code).toBe(0);
      expect(text.split('\n')[0]).toBe(severity === 'warning' ? `${code} (warning)` : code);
      for (const part of [what, expected, next]) expect(text, code).toContain(part[language]);
      // The section itself, as docs/rules has it.
      expect(text.split('\n\n').length, code).toBeGreaterThan(1);
    }
  }
  expect((await said('WORKFLOW_PROMPT_NO_CANCEL')).text).toMatch(/^A cancel ends the Task with[^]*^Fails:$[^]*^Passes:$/m);
  expect((await said('WORKFLOW_PROMPT_NO_CANCEL')).text).not.toContain('WORKFLOW_PROMPT_NO_TIMEOUT');
});

it('a code that an embedder meets', async () => {
  for (const [code, { what, next }] of Object.entries(ERRORS)) {
    expect(await said(code)).toEqual({ exit: 0, text: `${code}\n  ${what.en}\n  Next: ${next.en}` });
    expect((await said(code, 'zh')).text).toBe(`${code}\n  ${what.zh}\n  下一步: ${next.zh}`);
  }
});

it('an error name: of each action that ends with it, in its own words', async () => {
  const { actions, methods } = await createTillCatalogue((defaults) => defaults, []);
  for (const errors of [...Object.values(actions).flatMap((namespace) => Object.values(namespace)), ...methods].map((each) => each.errors)) {
    for (const [name, hint] of Object.entries(errors)) for (const language of ['zh', 'en'] as const) expect((await said(name, language)).text, name).toContain(hint[language]);
  }
  expect((await said('States.Timeout')).text).toContain('longer than its TimeoutSeconds');
});

it('an alarm', async () => {
  for (const [kind, { what }] of Object.entries(ALARMS)) expect((await said(kind)).text).toContain(what.en);
});

it('an error of plugins of one’s own, and what the pages tell of while they can not be loaded', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tillwright-explain-'));
  const [config, broken] = [join(dir, 'own.config.mjs'), join(dir, 'broken.config.mjs')];
  const open = "{ description: { zh: '', en: '' }, arguments: {}, result: {}, redo: 'again', run: async () => true, errors: { 'Drawer.Jammed': { zh: '钱箱卡住', en: 'The drawer is stuck' } } }";
  const plugin = `{ name: 'own', version: '1.0.0', contract: { major: 1, minor: 0 }, provides: [{ token: { id: Symbol.for('tillwright:Actions@1'), name: 'Actions', many: true, optional: false }, how: { kind: 'value', value: { namespace: 'drawer', actions: { open: ${open} } } } }] }`;
  writeFileSync(config, `export default { plugins: (defaults) => [...defaults, ${plugin}] };\n`);
  writeFileSync(broken, "throw new Error('no such module');\n");
  try {
    expect(await said('Drawer.Jammed', 'en', config)).toEqual({ exit: 0, text: 'Drawer.Jammed\n  drawer:open: The drawer is stuck' });
    expect((await said('Drawer.Jamed', 'en', config)).text).toContain('Did you mean Drawer.Jammed?');
    expect((await said('Drawer.Jammed')).exit).toBe(2);
    for (const code of ['PLUGIN_OPTIONS_INVALID', 'plugin-missing', 'Payment.Declined']) expect((await said(code, 'en', broken)).exit, code).toBe(0);
    await expect(said('Drawer.Jammed', 'en', broken)).rejects.toThrow('no such module');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it('what there is not: the nearest names', async () => {
  expect(await said('WORKFLOW_PROMT_NO_CANCEL')).toEqual({ exit: 2, text: 'tillwright: there is no code or error name "WORKFLOW_PROMT_NO_CANCEL". Did you mean WORKFLOW_PROMPT_NO_CANCEL?' });
  expect((await said('payment.Declined', 'zh')).text).toContain('Payment.Declined');
  expect((await said('workflow_syntax')).exit).toBe(0);
  expect((await said('xyz')).text).toContain('the first word of a report');
});
