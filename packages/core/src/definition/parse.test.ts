import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.js';
import { parseWorkflow } from './parse.js';
import { goodSale } from './sample.js';
import { workflowSchema } from './schema.js';

const parse = (value: Json) => parseWorkflow('f', JSON.stringify(value));
const codes = (value: Json): string[] => parse(value).diagnostics.map(({ code, pointer }) => `${code} ${pointer}`);
const state = (fields: JsonObject): JsonObject => ({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Pass', End: true, ...fields } } });
const hint = (fields: JsonObject): string | undefined => parse({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { End: true, ...fields } } }).diagnostics[0]?.near[0];
const two = (top: JsonObject, a: JsonObject, b: JsonObject): string[] => codes({ ...top, StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B', ...a }, B: { Type: 'Succeed', ...b } } });

describe('the shape of a workflow', () => {
  it('gives the definition of a sound one', () => {
    expect(parse(goodSale)).toEqual({ diagnostics: [], definition: goodSale });
  });

  it('reads it with a byte order mark and Windows line ends', () => {
    expect(parseWorkflow('f', `\ufeff${JSON.stringify(goodSale, null, 2).replace(/\n/g, '\r\n')}`)).toEqual({ diagnostics: [], definition: goodSale });
  });

  it.each<Json>([[], 'x', 5, null, true])('refuses %j', (value) => {
    expect(parse(value)).toMatchObject({ diagnostics: [{ code: 'WORKFLOW_NOT_OBJECT', line: 1, column: 1 }] });
    expect(parse(value)).not.toHaveProperty('definition');
  });

  it('tells all faults, in the order of the file', () => {
    expect(
      codes({
        QueryLanguage: 'JSONata',
        Sates: {},
        StartAt: 'A',
        States: { A: { Type: 'Pas' }, B: { Type: 'Pass', Nxt: 'x', End: 'yes', Assign: { '1x': 2, states: 1 } }, C: 5, D: {}, 'E.1': { Type: 'Wait', Seconds: -1, Timestamp: 'x', Next: '' } },
        TimeoutSeconds: 1.5,
      }),
    ).toEqual([
      'WORKFLOW_UNKNOWN_FIELD /Sates',
      'WORKFLOW_VALUE_INVALID /States/A/Type',
      'WORKFLOW_UNKNOWN_FIELD /States/B/Nxt',
      'WORKFLOW_VALUE_INVALID /States/B/End',
      'WORKFLOW_NAME_INVALID /States/B/Assign/1x',
      'WORKFLOW_NAME_INVALID /States/B/Assign/states',
      'WORKFLOW_VALUE_INVALID /States/C',
      'WORKFLOW_FIELD_MISSING /States/D',
      'WORKFLOW_NAME_INVALID /States/E.1',
      'WORKFLOW_VALUE_INVALID /States/E.1/Seconds',
      'WORKFLOW_VALUE_INVALID /States/E.1/Timestamp',
      'WORKFLOW_VALUE_INVALID /States/E.1/Next',
      'WORKFLOW_VALUE_INVALID /TimeoutSeconds',
    ]);
  });

  it('names the field and the type that were probably meant', () => {
    expect(parse(state({ Asign: {} })).diagnostics).toMatchObject([{ near: ['Assign'], found: '"Asign"' }]);
    expect(parse(state({ Type: 'Suceed' })).diagnostics).toMatchObject([{ near: ['Succeed'], found: '"Suceed"' }]);
  });

  it.each<[string, JsonObject]>([
    ['Succeed', { Type: 'Succeed', Next: 'A' }],
    ['Fail', { Type: 'Fail', Output: 1 }],
    ['Choice', { Type: 'Choice', Choices: [{ Condition: true, Next: 'A' }], Retry: [] }],
    ['Pass', { Type: 'Pass', End: true, Retry: [] }],
    ['Wait', { Type: 'Wait', Seconds: 1, End: true, Arguments: {} }],
    ['Task', { Type: 'Task', Resource: 'a:b', End: true, Items: [] }],
    ['Parallel', { Type: 'Parallel', End: true, Branches: [{ StartAt: 'B', States: { B: { Type: 'Succeed' } }, QueryLanguage: 'JSONata' }] }],
  ])('takes no field of another kind in %s', (_type, fields) => {
    expect(codes({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: fields } }).map((line) => line.split(' ')[0])).toEqual(['WORKFLOW_UNKNOWN_FIELD']);
  });
});

describe('JSONPath and what else is not taken', () => {
  it.each(['InputPath', 'OutputPath', 'ResultPath', 'Parameters', 'ResultSelector', 'Result'])('refuses %s with the JSONata spelling', (field) => {
    const [fault, ...others] = parse(state({ [field]: '$.x' })).diagnostics;
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ code: 'WORKFLOW_JSONPATH_FIELD', pointer: `/States/A/${field}` });
    expect(fault?.next.en).toMatch(/"(Output|Assign)": /);
  });
  it('hints at the field that the kind of state has', () => {
    expect(hint({ Type: 'Task', Resource: 'a:b', Parameters: {} })).toBe('Arguments');
    expect(hint({ Type: 'Pass', Parameters: {} })).toBe('Output');
    expect(hint({ Type: 'Map', Parameters: {}, ItemProcessor: { StartAt: 'B', States: { B: { Type: 'Succeed' } } } })).toBe('ItemSelector');
  });
  it.each(['Variable', 'StringEquals', 'NumericGreaterThanEqualsPath', 'IsPresent', 'And', 'Not'])('refuses the comparison %s', (field) => {
    const choice = { Type: 'Choice', Choices: [{ Condition: true, Next: 'A', [field]: 'x' }] };
    expect(codes({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: choice } })).toEqual([`WORKFLOW_JSONPATH_FIELD /States/A/Choices/0/${field}`]);
  });
  it('refuses "x.$" wherever something is evaluated', () => {
    expect(codes(state({ Output: { 'card.$': '$.card', deep: [{ 'x.$': 1 }] }, Assign: { 'y.$': 1, z: { 'w.$': 1 } } }))).toEqual([
      'WORKFLOW_JSONPATH_FIELD /States/A/Output/card.$',
      'WORKFLOW_JSONPATH_FIELD /States/A/Output/deep/0/x.$',
      'WORKFLOW_JSONPATH_FIELD /States/A/Assign/y.$',
      'WORKFLOW_JSONPATH_FIELD /States/A/Assign/z/w.$',
    ]);
    expect(codes(state({ 'Resource.$': '$.x' }))).toEqual(['WORKFLOW_JSONPATH_FIELD /States/A/Resource.$']);
  });
  it('refuses the distributed Map and credentials', () => {
    const map = { Type: 'Map', End: true, ItemReader: {}, ResultWriter: {}, ItemBatcher: {}, Label: 'x', ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, StartAt: 'B', States: { B: { Type: 'Succeed' } } } };
    expect(codes({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: map } })).toEqual([
      'WORKFLOW_UNSUPPORTED_FIELD /States/A/ItemReader',
      'WORKFLOW_UNSUPPORTED_FIELD /States/A/ResultWriter',
      'WORKFLOW_UNSUPPORTED_FIELD /States/A/ItemBatcher',
      'WORKFLOW_UNSUPPORTED_FIELD /States/A/Label',
      'WORKFLOW_VALUE_INVALID /States/A/ItemProcessor/ProcessorConfig/Mode',
      'WORKFLOW_UNSUPPORTED_FIELD /States/A/ItemProcessor/ProcessorConfig/ExecutionType',
    ]);
    expect(codes({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Task', Resource: 'a:b', End: true, Credentials: {} } } })).toEqual(['WORKFLOW_UNSUPPORTED_FIELD /States/A/Credentials']);
  });
});

describe('the query language', () => {
  const said = { QueryLanguage: 'JSONata' };
  const other = { QueryLanguage: 'JSONPath' };
  it('is JSONata at the top or in every state', () => {
    expect(two(said, {}, {})).toEqual([]);
    expect(two({}, said, said)).toEqual([]);
    expect(two(other, said, said)).toEqual([]);
  });
  it('is missed once where one line mends it, else in each state', () => {
    expect(two({}, {}, {})).toEqual(['WORKFLOW_QUERY_LANGUAGE ']);
    expect(two(other, {}, {})).toEqual(['WORKFLOW_QUERY_LANGUAGE /QueryLanguage']);
    expect(two({}, said, {})).toEqual(['WORKFLOW_QUERY_LANGUAGE /States/B']);
    expect(two(said, {}, other)).toEqual(['WORKFLOW_QUERY_LANGUAGE /States/B/QueryLanguage']);
  });
  it('holds for the states of branches too, by what the top says', () => {
    const inner = { StartAt: 'B', States: { B: { Type: 'Succeed' } } };
    expect(codes({ StartAt: 'A', States: { A: { Type: 'Parallel', End: true, ...said, Branches: [inner] } } })).toEqual(['WORKFLOW_QUERY_LANGUAGE /States/A/Branches/0/States/B']);
  });
});

const recorded = fileURLToPath(new URL('../../../../../shared/conformance/asl-recorded.json', import.meta.url));
describe.skipIf(!existsSync(recorded))('the definitions recorded for conformance (skipped where they are not at hand)', () => {
  it('pass without a word, all 66', () => {
    const { cases } = JSON.parse(readFileSync(recorded, 'utf8')) as { cases: { name: string; definition: Json }[] };
    expect(cases).toHaveLength(66);
    for (const { name, definition } of cases) expect(parseWorkflow(name, JSON.stringify(definition))).toEqual({ diagnostics: [], definition });
  });
});

describe('the schema', () => {
  it('is sound, describes every field, and closes every object', () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    ajv.addVocabulary(['x-expects', 'x-owner']);
    expect(ajv.compile(workflowSchema)(goodSale)).toBe(true);
    const visit = (schema: Json, pointer: string): void => {
      if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
      const { properties, additionalProperties, ...rest } = schema as JsonObject;
      if (typeof properties === 'object' && properties !== null && !/\/(State|if)$/.test(pointer)) {
        expect(additionalProperties, pointer).toBe(false);
        for (const [name, field] of Object.entries(properties)) {
          const { $ref, description, type } = field as { $ref?: string; description?: string; type?: string };
          if ($ref === undefined && type !== 'object') expect(description, `${pointer}/${name}`).toMatch(/.\.$/);
        }
      }
      for (const [key, member] of Object.entries({ ...rest, ...(properties as JsonObject) })) visit(member as Json, `${pointer}/${key}`);
    };
    visit(workflowSchema, '');
  });
});
