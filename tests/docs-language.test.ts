/** docs/language.md names every field of the language, and every action with its arguments and errors; its example is sound. */
import { readFile } from 'node:fs/promises';
import { type Catalogue, checkWorkflows, type JsonSchema } from '@tillwright/core';
import { beforeAll, expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { workflowSchema } from '../packages/core/src/definition/schema.js';
import { standardActions } from '../packages/core/src/engine/standard/index.js';
import { LIMITS } from '../packages/core/src/interpreter/limits.js';

let page = '';
let catalogue: Catalogue;
beforeAll(async () => {
  page = await readFile(new URL('../docs/language.md', import.meta.url), 'utf8');
  catalogue = await createTillCatalogue((defaults) => defaults, ['example']);
});

/** Names of every property that a schema of the language allows, however deep. */
const fieldsOf = (schema: unknown): string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties } = schema as { properties?: JsonSchema };
  return [...Object.keys(properties ?? {}), ...Object.entries(schema).flatMap(([key, value]) => (key.startsWith('x-') ? [] : fieldsOf(value)))];
};

it('names every field', () => {
  const unnamed = new Set(['ProcessorConfig', 'Mode']);
  const fields = [...new Set(fieldsOf(workflowSchema))].filter((field) => !unnamed.has(field));
  expect(fields).toContain('HeartbeatSeconds');
  expect(fields.filter((field) => !new RegExp(`(?<![\\w$])${field.replace('$', '\\$')}\\b`).test(page))).toEqual([]);
});

it('names every action with its arguments and errors', () => {
  for (const [namespace, actions] of Object.entries(catalogue.actions)) {
    for (const [name, action] of Object.entries(actions)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${namespace}:${name}\` |`));
      expect(row, `${namespace}:${name}`).toBeDefined();
      const cells = row?.split('|').map((cell) => cell.trim()) ?? [];
      expect(cells).toHaveLength(6);
      const schema = action.arguments as { properties?: { [argument: string]: unknown }; required?: string[] };
      for (const argument of Object.keys(schema.properties ?? {})) expect(cells[2], `${namespace}:${name}`).toContain(`\`${argument}\``);
      for (const argument of schema.required ?? []) expect(cells[2], `${namespace}:${name}`).toContain(`**\`${argument}\`**`);
      const own = standardActions[namespace]?.[name]?.errors ?? action.errors;
      expect([...(cells[4] ?? '').matchAll(/`([A-Z]\w+\.\w+)`/g)].map(([, error]) => error).sort(), `${namespace}:${name}`).toEqual(Object.keys(own).sort());
    }
  }
});

it('tells the limits as they are', () => {
  const untold = Object.entries(LIMITS).filter(([, limit]) => !new RegExp(`\\b${limit.toLocaleString('en')}\\b`).test(page));
  expect(untold).toEqual([]);
});

it('shows a workflow that the checker takes', () => {
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(checkWorkflows({ example: { file: 'example', text: example } }, catalogue).diagnostics).toEqual([]);
});
