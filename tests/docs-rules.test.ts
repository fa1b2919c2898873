/**
 * docs/rules/ has a section for each fault that the checker reports, with an example that has this fault and one that has none;
 * all of them are checked as they stand there. `UPDATE_DOCS=1` writes the list of rules anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Catalogue, checkWorkflows } from '@tillwright/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { DIAGNOSTICS, type DiagnosticCode } from '../packages/core/src/definition/diagnostics.js';

const folder = fileURLToPath(new URL('../docs/rules/', import.meta.url));
const CODES = Object.keys(DIAGNOSTICS) as DiagnosticCode[];
/** Too long to print, or never shipped: their pages say so, and other tests meet them. */
const NOT_SHOWN: readonly string[] = ['WORKFLOW_TOO_LARGE', 'WORKFLOW_EXPRESSION_TOO_LONG', 'WORKFLOW_ACTION_SCHEMA'];

interface Files {
  readonly [workflow: string]: { readonly file: string; readonly text: string };
}
interface Section {
  readonly page: string;
  readonly title: string;
  readonly code: string;
  readonly fails: Files;
  readonly passes: Files;
}

const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md').sort();
const sections: Section[] = pages.flatMap((page) => {
  const [head = '', ...parts] = readFileSync(folder + page, 'utf8').split(/^## /m);
  const title = /^# (.*)/.exec(head)?.[1] ?? '';
  return parts.map((part) => {
    const [before = '', after = ''] = part.split(/^Passes:$/m);
    return { page, title, code: /^`(\w+)`/.exec(part)?.[1] ?? '', fails: files(before), passes: files(after) };
  });
});

/** The blocks of a part; where there are several, each says how its workflow is called. */
function files(part: string): Files {
  return Object.fromEntries([...part.matchAll(/^```json ?(\w*)\n([\s\S]*?)\n?```$/gm)].map(([, name = '', text = '']) => [name || 'flow', { file: `${name || 'flow'}.asl.json`, text }]));
}

let catalogue: Catalogue;
beforeAll(async () => {
  catalogue = await createTillCatalogue((defaults) => defaults, []);
});
const reported = (sources: Files): string[] => [...new Set(checkWorkflows(sources, catalogue).diagnostics.map(({ code }) => code))];

describe('docs/rules', () => {
  it('has one section for each fault, and no other', () => {
    expect(sections.map(({ code }) => code).sort()).toEqual([...CODES].sort());
  });

  it('shows examples for all but those that can not be shown', () => {
    expect(sections.filter(({ fails, passes }) => Object.keys(fails).length === 0 || Object.keys(passes).length === 0).map(({ code }) => code).sort()).toEqual([...NOT_SHOWN].sort());
  });

  it.each(sections.filter(({ code }) => !NOT_SHOWN.includes(code)))('$code: the failing example has it, the passing one has no fault', ({ code, fails, passes }) => {
    const codes = reported(fails);
    expect(codes).toContain(code);
    // What accompanies it follows from the same fault; whoever runs a faulty part is refused with it.
    expect(codes.filter((one) => one !== code && !(ACCOMPANIED[code] ?? []).includes(one))).toEqual([]);
    expect(reported(passes)).toEqual([]);
  });

  it('lists every rule', () => {
    const rows = sections.map(({ code, page, title }) => `| [\`${code}\`](${page}#${code.toLowerCase()}) | ${DIAGNOSTICS[code as DiagnosticCode].severity} | ${DIAGNOSTICS[code as DiagnosticCode].expected.en.replaceAll('|', '\\|')} | ${title} |`);
    const text = `# What the checker looks at

Each rule has a section: why it is there, an example that fails and one that passes; a test checks every example as it stands on the page. The texts of the reports are in
[errors.md](../errors.md), how the way through a flow is looked at in [language.md](../language.md#what-is-checked-of-the-way-through-a-flow).
An error refuses the workflow whole; a warning does not.

| code | | what is expected | page |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
    if (process.env.UPDATE_DOCS === '1') writeFileSync(`${folder}README.md`, text);
    expect(readFileSync(`${folder}README.md`, 'utf8'), 'write it anew: UPDATE_DOCS=1 npx vitest run tests/docs-rules.test.ts').toBe(text);
  });
});

const ACCOMPANIED: { readonly [code: string]: readonly string[] } = {
  WORKFLOW_TARGET_REFUSED: ['WORKFLOW_NEXT_OR_END'],
};
