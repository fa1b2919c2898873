import { describe, expect, it } from 'vitest';
import type { Json } from '../json.js';
import { readSource } from './source.js';

const read = (text: string) => {
  const { source, diagnostics } = readSource('f', text);
  return { source, told: diagnostics.map(({ code, line, column, pointer }) => `${code} ${line}:${column} ${pointer}`.trim()), diagnostics };
};

describe('text to value', () => {
  it.each<[string, Json]>([
    ['{"a":[1,-2.5e3,"x",true,false,null,{}],"b":""}', { a: [1, -2500, 'x', true, false, null, {}], b: '' }],
    ['  [ ] ', []],
    ['"\\u4e2d\\n\\/"', '中\n/'],
    ['9007199254740991', 9007199254740991],
    ['[-0]', [0]],
  ])('reads %s', (text, value) => {
    expect(read(text)).toMatchObject({ told: [], source: { value } });
  });

  it.each([
    ['', ['WORKFLOW_EMPTY 1:1']],
    ['\ufeff \r\n', ['WORKFLOW_EMPTY 1:1']],
    ['{', ['WORKFLOW_SYNTAX 1:2']],
    ['{"a":1}}', ['WORKFLOW_SYNTAX 1:8']],
    ['{"a" 1}', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":[1 2]}', ['WORKFLOW_SYNTAX 1:9 /a/0']],
    ["{'a':1}", ['WORKFLOW_SYNTAX 1:2']],
    ['{a:1}', ['WORKFLOW_SYNTAX 1:2']],
    ['{"a":01}', ['WORKFLOW_SYNTAX 1:7 /a']],
    ['{"a":tru}', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":NaN}', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":"\\x"}', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":"\u0001"}', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":"b', ['WORKFLOW_SYNTAX 1:6 /a']],
    ['{"a":1,}', ['WORKFLOW_TRAILING_COMMA 1:7']],
    ['[1,\n]', ['WORKFLOW_TRAILING_COMMA 1:3 /1']],
    ['{"a":1 // x\n/* y */}', ['WORKFLOW_COMMENT 1:8 /a', 'WORKFLOW_COMMENT 2:1 /a']],
  ])('refuses %j', (text, told) => {
    expect(read(text).told).toEqual(told);
  });

  it('goes on after comments and trailing commas, so that all faults are told', () => {
    expect(read('{"a":1, // x\n"a":[2,],}').told).toEqual(['WORKFLOW_COMMENT 1:9', 'WORKFLOW_TRAILING_COMMA 2:7 /a/1', 'WORKFLOW_TRAILING_COMMA 2:9', 'WORKFLOW_DUPLICATE_KEY 2:1 /a']);
  });

  it('finds the second of two equal keys, however it is written, and names the line of the first', () => {
    const { told, diagnostics } = read('{"ab":1,\n"x":{"ab":2},\n"\\u0061b":3}');
    expect(told).toEqual(['WORKFLOW_DUPLICATE_KEY 3:1 /ab']);
    expect(diagnostics[0]?.what.en).toContain('line 1');
  });

  it('refuses __proto__ and leaves the prototype alone', () => {
    const { told, source } = read('{"__proto__":{"polluted":1},"a":{"__proto__":null}}');
    expect(told).toEqual(['WORKFLOW_KEY_FORBIDDEN 1:2 /__proto__', 'WORKFLOW_KEY_FORBIDDEN 1:34 /a/__proto__']);
    expect(source?.value).toHaveProperty('a');
    expect(source?.value).not.toHaveProperty('polluted');
  });

  it.each(['9007199254740993', '-9007199254740992', '1e400', '12345678901234567890', '1e30'])('refuses %s, which would be kept as another number', (number) => {
    expect(read(`[${number}]`).told).toEqual(['WORKFLOW_NUMBER_UNSAFE 1:2 /0']);
  });

  it('counts levels before anything recurses', () => {
    expect(read('['.repeat(200) + ']'.repeat(200)).told).toEqual([]);
    expect(read('['.repeat(201) + ']'.repeat(201)).told).toEqual(['WORKFLOW_TOO_DEEP 1:201']);
    for (const bomb of ['['.repeat(1_000_000), '{"a":'.repeat(1_000_000), `/* " */${'['.repeat(100_000)}`, `"${'['.repeat(100_000)}`]) expect(read(bomb).told).toHaveLength(1);
  });

  it('refuses a file that is far too large', () => {
    expect(read(`"${'x'.repeat(9_000_000)}"`).told).toEqual(['WORKFLOW_TOO_LARGE 1:1']);
  });
});

describe('pointer to place', () => {
  const text = '\ufeff{\r\n  "a/b": {\r\n    "~": "\\u4e2d\\"x"\r\n  },\r  "l": [1,\n 22]\r\n}';
  const source = readSource('f', text).source;

  it.each<[string, 'key' | 'value', [number, number, number, number]]>([
    ['', 'value', [1, 1, 1, 2]],
    ['/a~1b', 'value', [2, 3, 2, 8]],
    ['/a~1b/~0', 'value', [3, 10, 3, 21]],
    ['/a~1b/~0', 'key', [3, 5, 3, 8]],
    ['/l', 'key', [5, 3, 5, 6]],
    ['/l/1', 'value', [6, 2, 6, 4]],
    // What isn't there is placed where it should stand.
    ['/a~1b/none/deeper', 'value', [2, 3, 2, 8]],
    ['/l/7', 'value', [5, 3, 5, 6]],
  ])('places %s (%s)', (pointer, at, [line, column, endLine, endColumn]) => {
    expect(source?.place(pointer, at)).toEqual({ file: 'f', pointer, line, column, endLine, endColumn });
  });

  it('places a part of a string, past its escapes', () => {
    expect(source?.place('/a~1b/~0', 'value', { from: 2, to: 3 })).toMatchObject({ line: 3, column: 19, endColumn: 20 });
  });

  it('gives what stands there as written', () => {
    expect(source?.found('/a~1b/~0')).toBe('"\\u4e2d\\"x"');
    expect(source?.found('/a~1b', 'key')).toBe('"a/b"');
  });
});
