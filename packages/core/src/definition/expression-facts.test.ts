import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../json.js';
import { LIMITS } from '../interpreter/limits.js';
import { checkWorkflows } from './check.js';
import { EXPRESSION_LENGTH_MAX, expressionFacts } from './expression-facts.js';
import { JSONATA_FUNCTIONS } from './jsonata-functions.js';
import { catalogue } from './sample.js';

/** Variables that nothing sets are another test's matter. */
const check = (Output: Json) => checkWorkflows({ w: { file: 'w', text: JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Pass', Output, End: true } } }, null, 1) } }, catalogue).diagnostics.filter(({ code }) => code !== 'WORKFLOW_VARIABLE_UNKNOWN');
/** What stands under the carets. */
const marked = (text: string, from: number, to: number): string => text.slice(from, to);

describe('what an expression says', () => {
  it.each<[string, string[]]>([
    ['{% $a.b[0] + $sum($c) %}', ['a', 'sum()', 'c']],
    ['{% $map($l, function($v, $i) { $v * $i }) %}', ['map()', 'l']],
    ['{% ($f := function($x){ $x }; $f(1)) %}', []],
    ['{% $l@$x.y#$i[$x > $i] %}', ['l']],
    ['{% $x ~> $trim %}', ['x', 'trim()']],
    ['{% $g(?, 1) %}', ['g()']],
    ['{% {"a": $x, $k: [1..$n]} %}', ['x', 'k', 'n']],
    ['{% $x^(>$y){z: $count(w)} %}', ['x', 'y', 'count()']],
    ['{% $ ~> |$p|{"a": $q}| %}', ['p', 'q']],
    ['{% $a ? $b : $c %}', ['a', 'b', 'c']],
    ['{% a.b.% %}', []],
    ['{% $.x & $$.y %}', []],
  ])('%s uses %j', (text, names) => {
    const { variables, fault } = expressionFacts(text);
    expect(fault).toBeUndefined();
    expect(variables.map(({ name, called }) => name + (called ? '()' : '')).sort()).toEqual([...names].sort());
    for (const { name, span } of variables) expect(marked(text, span.from, span.to)).toBe(`$${name}`);
  });

  it('says the same of plain terms as the parser makes of them', () => {
    const word = fc.constantFrom('a', 'b_1', 'states', 'input', 'exists', 'and', 'or', 'in', 'true', 'null', 'Zw9', 'order');
    const path = fc.tuple(word, fc.array(word, { maxLength: 3 })).map(([name, names]) => `$${[name, ...names].join('.')}`);
    const operand = fc.oneof({ weight: 3, arbitrary: path }, fc.constantFrom('0', '12.5', '1e3', "''", "'$no.variable'", "'it is 5 %'", '"$x"', "'a\\\\'b'", '($a)', '-1', '$'));
    const operator = fc.constantFrom(' + ', ' - ', '-', ' * ', ' / ', '/', ' % ', ' & ', ' = ', ' != ', ' < ', ' <= ', ' >= ', ' and ', ' or ', ' in ', ' ? ', '.');
    fc.assert(
      fc.property(operand, fc.array(fc.tuple(operator, operand), { maxLength: 4 }), (first, more) => {
        const terms = first + more.map(([by, next]) => by + next).join('');
        // A line break is not plain, says the same to the parser, and moves nothing in front of it.
        expect(expressionFacts(`{% ${terms} %}`)).toEqual(expressionFacts(`{% ${terms}\n%}`));
      }),
      { numRuns: 2000 },
    );
  });

  it('is a constant where it is a number alone', () => {
    expect(expressionFacts('{% -12.5 %}').constant).toBe(-12.5);
    expect(expressionFacts('{% 1 + 1 %}').constant).toBeUndefined();
  });

  it('takes long sums and ends deep nesting in a fault, not in a crash', () => {
    expect(expressionFacts(`{% 1${'+1'.repeat(1000)} %}`).fault).toBeUndefined();
    for (const text of [`{% ${'('.repeat(15_000)} %}`, `{% ${'['.repeat(7000)}${']'.repeat(7000)} %}`, `{% 1${'+1'.repeat(100_000)} %}`]) {
      expect(expressionFacts(text).fault?.kind).toMatch(/too-long|syntax/);
    }
  });
});

describe('$states', () => {
  const flow = (fields: JsonObject): string[] =>
    checkWorkflows(
      { w: { file: 'w', text: JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Next: 'B', ...fields }, B: { Type: 'Succeed', Output: '{% $states.input & $states.context.Execution.Id %}' } } }) } },
      catalogue,
    ).diagnostics.map(({ code, pointer }) => `${code} ${pointer}`);
  const mac: JsonObject = { Type: 'Task', Resource: 'pinpad:mac' };
  it('holds a result where something was called, and an error where one was caught', () => {
    expect(flow({ ...mac, Output: '{% $states.result.x %}', Assign: { r: ['{% $states.result %}'] }, Catch: [{ ErrorEquals: ['States.ALL'], Output: '{% $states.errorOutput %}', Next: 'B' }] })).toEqual([]);
  });
  it.each<[string, JsonObject, string]>([
    ['a misspelt field', { Type: 'Pass', Output: { x: '{% $states.inptu.x %}' } }, '/Output/x'],
    ['a result where nothing is called', { Type: 'Pass', Output: '{% $states.result %}' }, '/Output'],
    ['a result before the call', { ...mac, Arguments: '{% $states.result %}' }, '/Arguments'],
    ['an error outside Catch', { ...mac, Output: '{% $states.errorOutput.Error %}' }, '/Output'],
    ['a result in Catch', { ...mac, Catch: [{ ErrorEquals: ['States.ALL'], Assign: { x: '{% $states.result %}' }, Next: 'B' }] }, '/Catch/0/Assign/x'],
  ])('does not hold %s', (_what, fields, pointer) => {
    expect(flow(fields)).toEqual([`WORKFLOW_STATES_FIELD /States/A${pointer}`]);
  });
  it('is marked at the field', () => {
    expect(check('{% $x + $states.inptu.y %}')).toMatchObject([{ near: ['input'], column: '   "Output": "{% $x + $states.'.length + 1, endColumn: '   "Output": "{% $x + $states.inptu'.length + 1 }]);
  });
});

describe('faults in expressions', () => {
  it.each([
    ['{% 1 + %}', '%}'],
    ['{% $sum(1 %}', '%}'],
    ['{% $a $b %}', '$b'],
    ['{% "abc %}', null],
    ['{% %}', '%}'],
    ['{%%}', '%}'],
    ['{%}', null],
  ])('%s is refused at the place', (text, at) => {
    const { fault } = expressionFacts(text);
    expect(fault?.kind).toBe('syntax');
    if (at !== null && fault) expect(marked(text, fault.span.from, fault.span.to)).toBe(at);
  });

  it('are placed inside the string, past its escapes', () => {
    const [fault] = check('{% "\u4e2d" & "\\n" & $nmber("2") %}');
    expect(fault).toMatchObject({ code: 'WORKFLOW_UNKNOWN_FUNCTION', near: ['$number'], pointer: '/States/A/Output', line: 7 });
    const line = JSON.stringify('{% "\u4e2d" & "\\n" & $nmber("2") %}');
    expect(fault?.column).toBe('   "Output": '.length + line.indexOf('$nmber') + 1);
    expect((fault?.endColumn ?? 0) - (fault?.column ?? 0)).toBe('$nmber'.length);
  });

  it.each([
    ['{% $eval("1") %}', ['WORKFLOW_FUNCTION_REFUSED']],
    ['{% $map(["1"], $eval) %}', ['WORKFLOW_FUNCTION_REFUSED']],
    ['{% ($e := $eval; $e("1")) %}', ['WORKFLOW_FUNCTION_REFUSED']],
    ['{% "1" ~> $eval %}', ['WORKFLOW_FUNCTION_REFUSED']],
    ['{% $x ~> $nothing %}', ['WORKFLOW_UNKNOWN_FUNCTION']],
    ['{% $match("x", /(?=a)b/) %}', ['WORKFLOW_PATTERN_UNSAFE']],
    ['{% $match("x", /^[0-9]{4,6}$/i) %}', []],
    ['{% $match("x", /(?<year>\\d{4})\\/[^\\/]+/) %}', []],
    ['{% $match("x", /(a)\\1/) %}', ['WORKFLOW_PATTERN_UNSAFE']],
    ["{% 'RMB ' + $x %}", ['WORKFLOW_TEXT_ARITHMETIC']],
    ["{% $x * 'a' %}", ['WORKFLOW_TEXT_ARITHMETIC']],
    ["{% 'a' + $x + 'b' %}", ['WORKFLOW_TEXT_ARITHMETIC']],
    ["{% 'Total ' & $x + 1 %}", ['WORKFLOW_TEXT_ARITHMETIC']],
    ["{% 'Total ' & ($x + 1) & ' yuan' %}", []],
    ["{% $x + 1 = 2 or $x = '+' %}", []],
    ['{% $hash($x, "SHA-256") & $uuid() & $string($partition([1,2],1)) & $string($range(1,3,1)) & $string($parse("1")) & $string($random()) %}', []],
    ['the sum is {% $x %}', ['WORKFLOW_EXPRESSION_PARTIAL']],
    [' {% $x %}', ['WORKFLOW_EXPRESSION_PARTIAL']],
    ['plain', []],
  ])('%s', (text, codes) => {
    expect(check(text).map(({ code }) => code)).toEqual(codes);
    expect(check({ deep: [text] }).map(({ code }) => code)).toEqual(codes);
  });

  it('a text that is added is marked at the operator', () => {
    const text = "{% $x & $string($y + ' yuan') %}";
    expect(expressionFacts(text).textSums?.map(({ span }) => text.slice(span.from, span.to) + text.slice(span.to))).toEqual(["+ ' yuan') %}"]);
  });

  it('that are too long are told so, by the limit that the interpreter has', () => {
    expect(EXPRESSION_LENGTH_MAX).toBe(LIMITS.text);
    expect(check(`{% ${'$x + '.repeat(10_000)}1 %}`).map(({ code }) => code)).toEqual(['WORKFLOW_EXPRESSION_TOO_LONG']);
  });

  it('knows every function of JSONata but $eval', async () => {
    const { default: jsonata } = await import('jsonata');
    const own = [...JSONATA_FUNCTIONS].filter((name) => !['partition', 'range', 'hash', 'uuid', 'parse'].includes(name));
    for (const name of own) expect(await jsonata(`$type($${name})`).evaluate(undefined), name).toBe('function');
  });
});
