/**
 * What an editor makes of `tillwright schema`: held against VS Code's own JSON service, and against ajv.
 * `UPDATE_DOCS=1 npx vitest run tests/editor-schema.test.ts` writes the schema that the repository's editor settings name.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { type Catalogue, checkWorkflows, editorSchema, type JsonSchema } from '@tillwright/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { getLanguageService, type JSONDocument, type LanguageService, TextDocument } from 'vscode-json-languageservice';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const FILE = `${root}.vscode/tillwright.schema.json`;
const read = (file: string): string => readFileSync(root + file, 'utf8');
const flowsIn = (folder: string): string[] => readdirSync(root + folder).filter((file) => file.endsWith('.asl.json')).map((file) => `${folder}/${file}`);
const sound = [...flowsIn('workflows'), 'examples/scan-sale.asl.json', ...flowsIn('tests/broken/good')];

let catalogue: Catalogue;
let schema: JsonSchema;
let validate: ReturnType<Ajv['compile']>;
let service: LanguageService;
beforeAll(async () => {
  catalogue = await createTillCatalogue((defaults) => defaults, []);
  schema = editorSchema(catalogue);
  validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  service = getLanguageService({});
  service.configure({ validate: true, schemas: [{ uri: 'tillwright:schema', fileMatch: ['*.asl.json'], schema }] });
});

it('the one that the editor settings name is what the plugins give', () => {
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8'), 'write it anew: UPDATE_DOCS=1 npx vitest run tests/editor-schema.test.ts').toBe(text);
  const settings = JSON.parse(read('.vscode/settings.json')) as { 'json.schemas': { url: string }[] };
  expect(settings['json.schemas'].map(({ url }) => url)).toEqual(['./.vscode/tillwright.schema.json']);
});

it('every field of the language is described', () => {
  const untold: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (key === 'properties') for (const [name, field] of Object.entries(member as object)) if (!('description' in field) && !('$ref' in field)) untold.push(`${path}/${name}`);
      if (!['allOf', 'if', 'then'].includes(key)) walk(member, `${path}/${key}`);
    }
  };
  const { definitions, ...top } = schema as { definitions: { [name: string]: unknown } };
  walk(top, '');
  for (const [name, definition] of Object.entries(definitions)) if (!name.startsWith('arguments of ')) walk(definition, name);
  expect(untold.filter((path) => !path.endsWith('ProcessorConfig'))).toEqual([]);
});

describe('validation', () => {
  it.each(sound)('%s is taken', (file) => {
    expect(validate(JSON.parse(read(file))) || validate.errors).toBe(true);
  });

  const readable = flowsIn('tests/broken/by-hand').concat(flowsIn('tests/broken/by-mutation')).filter((file) => {
    try {
      return typeof JSON.parse(read(file)) === 'object';
    } catch {
      return false;
    }
  });
  it('whatever the checker finds wrong in the shape of one state, it refuses', () => {
    // What needs the whole flow, an expression or the text is left to the checker.
    const ofShape = new Set(['WORKFLOW_NOT_OBJECT', 'WORKFLOW_UNKNOWN_FIELD', 'WORKFLOW_FIELD_MISSING', 'WORKFLOW_VALUE_INVALID', 'WORKFLOW_NAME_INVALID', 'WORKFLOW_UNSUPPORTED_FIELD', 'WORKFLOW_UNKNOWN_ACTION', 'WORKFLOW_UNKNOWN_NAMESPACE', 'WORKFLOW_RESOURCE_INVALID', 'WORKFLOW_ARGUMENTS_INVALID']);
    const broken = readable.filter((file) => checkWorkflows({ flow: { file, text: read(file) } }, catalogue).diagnostics.some(({ code }) => ofShape.has(code)));
    expect(broken.length).toBeGreaterThan(35);
    expect(broken.filter((file) => validate(JSON.parse(read(file))))).toEqual([]);
  });
});

/** The document with the place of `|` taken out, and where it was. */
const at = (text: string): { document: TextDocument; json: JSONDocument; position: ReturnType<TextDocument['positionAt']> } => {
  const offset = text.indexOf('|');
  const document = TextDocument.create('file:///flow.asl.json', 'json', 1, text.slice(0, offset) + text.slice(offset + 1));
  return { document, json: service.parseJSONDocument(document), position: document.positionAt(offset) };
};
const offered = async (text: string): Promise<string[]> => {
  const { document, json, position } = at(text);
  return ((await service.doComplete(document, position, json))?.items ?? []).map(({ label }) => label.replace(/^"|"$/g, ''));
};
const inState = (fields: string): string => `{ "QueryLanguage": "JSONata", "StartAt": "A", "States": { "A": { "Type": "Task", ${fields} } } }`;

describe('completion in VS Code', () => {
  it('offers every action', async () => {
    const all = Object.entries(catalogue.actions).flatMap(([namespace, own]) => Object.keys(own).map((name) => `${namespace}:${name}`));
    expect(await offered(inState('"Resource": "|"'))).toEqual(expect.arrayContaining([...all, 'workflow:run']));
  });
  it("offers an action's arguments, and for a payment what its method needs", async () => {
    expect(await offered(inState('"Resource": "prompt:amount", "Arguments": { | }'))).toEqual(expect.arrayContaining(['text', 'currency', 'minMinor', 'maxMinor', 'audience']));
    expect(await offered(inState('"Resource": "prompt:amount", "Arguments": { "audience": "|" }'))).toEqual(expect.arrayContaining(['merchant', 'customer']));
    expect(await offered(inState('"Resource": "payment:sale", "Arguments": { "method": "|" }'))).toEqual(expect.arrayContaining(catalogue.methods.map(({ id }) => id)));
    expect(await offered(inState('"Resource": "payment:sale", "Arguments": { "method": "card", "with": { | } }'))).toEqual(expect.arrayContaining(['card', 'pin']));
  });
  it('offers the errors that an action ends with, and not those of others', async () => {
    const errors = await offered(inState('"Resource": "printer:print", "Catch": [{ "ErrorEquals": ["|"], "Next": "A" }]'));
    expect(errors).toEqual(expect.arrayContaining(['Printer.NoPaper', 'States.ALL', 'States.Timeout', 'Task.Failed']));
    expect(errors).not.toContain('Payment.Declined');
  });
  it('says what an action and a field are for', async () => {
    const { document, json, position } = at(inState('"TimeoutSec|onds": 3, "Resource": "prompt:amount"'));
    expect(JSON.stringify(await service.doHover(document, position, json))).toContain('after so many seconds');
  });
  it('marks what is wrong, and nothing in a sound flow', async () => {
    const marks = async (text: string): Promise<string[]> => {
      const document = TextDocument.create('file:///flow.asl.json', 'json', 1, text);
      return (await service.doValidation(document, service.parseJSONDocument(document))).map(({ range }) => document.getText(range));
    };
    expect(await marks(inState('"Resource": "pinpad:enterPIN", "End": true'))).toEqual(['"pinpad:enterPIN"']);
    expect(await marks(inState('"Resource": "prompt:amount", "Arguments": { "maxMinro": 1 }, "End": true'))).toEqual(['"maxMinro"']);
    for (const file of sound) expect(await marks(read(file)), file).toEqual([]);
  });
});
