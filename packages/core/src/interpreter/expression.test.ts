import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json, type JsonObject } from '../json.js';
import { createEvaluate } from './expression.js';
import { LIMITS } from './limits.js';
import { compilePath, constantOf } from './path.js';
import { isFunction } from './plain.js';
import type { EvaluationScope } from './types.js';

const evaluate = createEvaluate({
  hash: (algorithm, text) => createHash(algorithm.replace('SHA-', 'sha').toLowerCase()).update(text, 'utf8').digest('hex'),
});
const scope = (variables: JsonObject = {}, more: Partial<EvaluationScope> = {}): EvaluationScope => ({
  states: { input: {} },
  variables,
  at: Date.UTC(2026, 0, 31, 12, 30, 15, 250),
  seed: '00112233445566778899aabbccddeeff',
  where: { state: 'S', pointer: '/Output' },
  ...more,
});
const value = async (text: string, variables?: JsonObject, more?: Partial<EvaluationScope>): Promise<Json> => evaluate(`{% ${text} %}`, scope(variables, more));
const cause = async (text: string, variables?: JsonObject): Promise<string> => {
  try {
    return `gave ${JSON.stringify(await value(text, variables))}`;
  } catch (thrown) {
    expect(thrown).toMatchObject({ error: 'States.QueryEvaluationError' });
    return (thrown as { cause: string }).cause;
  }
};

describe('templates', () => {
  it('evaluates what stands between {% and %}, exactly', async () => {
    const template = { sum: '{% 1 + 1 %}', list: ['{%$x%}', ' {% 1 %} ', '{% 1 %} ', { deep: '{% $x %}' }], plain: { '{% key %}': true } };
    expect(await evaluate(template, scope({ x: [] }))).toEqual({ sum: 2, list: [[], ' {% 1 %} ', '{% 1 %} ', { deep: [] }], plain: { '{% key %}': true } });
  });
  it('gives a template without expressions back as it is, and without a promise', () => {
    const template = { a: [1, 'x', null] };
    expect(evaluate(template, scope())).toBe(template);
    expect(evaluate(7, scope())).toBe(7);
    expect(evaluate({ card: '{% $card.view %}' }, scope({ card: { view: 1 } }))).toEqual({ card: 1 });
  });
  it('names the field in its causes', async () => {
    await expect((async () => evaluate({ a: [{ b: '{% $nothing %}' }] }, scope({}, { where: { state: 'S', pointer: '/Arguments' } })))()).rejects.toMatchObject({
      cause: "The JSONata expression '$nothing' specified for the field 'Arguments/a/0/b' returned nothing (undefined).",
    });
  });
  it('keeps __proto__ a name like any other', async () => {
    const parsed = JSON.parse('{"__proto__": "{% 1 %}", "a": 2}') as Json;
    expect(JSON.stringify(await evaluate(parsed, scope()))).toBe('{"__proto__":1,"a":2}');
    expect(JSON.stringify(await value('{"__proto__": {"polluted": 1}}'))).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });
});

describe('results are strict', () => {
  it.each([
    ['$states.input.nothing', 'returned nothing (undefined).'],
    ['$sum', 'returned an unsupported result type (a function).'],
    ['function($x) { $x }', 'returned an unsupported result type (a function).'],
    ['{"f": [$uppercase]}', 'returned an unsupported result type (a function).'],
    ['/a/', 'returned an unsupported result type (a function).'],
    ['1/0', 'returned a number that JSON can not hold: Infinity.'],
    ['[1/0] ~> $string()', 'threw an error during evaluation. D1001'],
    ['1 +', 'threw an error during evaluation. S0207'],
    ['"a" + 1', 'threw an error during evaluation. T2001'],
    ['$nope(1)', 'threw an error during evaluation. T1006: Attempted to invoke a non-function'],
    ['$error("mine")', 'threw an error during evaluation. D3137: mine'],
    ['$eval("1+1")', 'The function $eval is not supported'],
  ])('%s', async (text, expected) => {
    expect(await cause(text)).toContain(`The JSONata expression '${text}' specified for the field 'Output' ${expected.startsWith('The') ? 'threw' : ''}`);
    expect(await cause(text)).toContain(expected);
  });
  it('does not repeat a long value in its cause', async () => {
    expect((await cause('$x + 1', { x: 'y'.repeat(50_000) })).length).toBeLessThan(2000);
  });
  it('gives plain arrays and objects, and no -0', async () => {
    const result = (await value('$x.n', { x: [{ n: 1 }, { n: 2 }] })) as Json[];
    expect(Object.getOwnPropertyNames(result)).toEqual(['0', '1', 'length']);
    expect(Object.getPrototypeOf(await value('$merge([{"a": 1}])'))).toBe(Object.prototype);
    expect(Object.is(await value('-0 * 1'), 0)).toBe(true);
  });
});

describe('the way around JSONata agrees with JSONata', () => {
  const name = fc.constantFrom('a', 'b', 'input', 'and', 'null', 'length', 'sequence', 'constructor', '__proto__');
  const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string(), fc.constant(''));
  const data = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value'), { maxLength: 2 }), fc.dictionary(name, tie('value'), { maxKeys: 4 })),
  })).value as fc.Arbitrary<Json>;

  it('for paths through anything', async () => {
    let around = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, data, { minKeys: 1 }), data, name, fc.array(name, { maxLength: 4 }), async (variables, input, first, steps) => {
        for (const root of [`$${first}`, '$states.input']) {
          const text = [root, ...steps].join('.');
          const states = { input };
          // What JSONata refuses to read, `$a.null`, fails like what gives nothing.
          const expected: unknown = await (async () => jsonata(text).evaluate(undefined, { ...variables, states }))().catch(() => undefined);
          const found = compilePath(text)?.(scope(variables, { states }));
          if (found !== undefined) {
            around++;
            expect(found).toEqual(JSON.parse(JSON.stringify(expected)));
          }
          const given = async (): Promise<Json> => evaluate(`{% ${text} %}`, scope(variables, { states }));
          if (expected === undefined || isFunction(expected)) await expect(given()).rejects.toMatchObject({ error: 'States.QueryEvaluationError' });
          else expect(await given()).toEqual(JSON.parse(JSON.stringify(expected)));
        }
      }),
      { numRuns: 500 },
    );
    expect(around).toBeGreaterThan(100);
  });
  it('for literals', async () => {
    const literal = fc.oneof(
      fc.constantFrom('true', 'false', 'null', '-0', '0', '00', '01', '1.', '.5', '1e3', '-1.50', '""', "''", '"a\\n"', "'a\"b'", '"收"', '- 1', '"a" & "b"', 'TRUE'),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.integer().map(String),
      fc.string().map((text) => `"${text}"`),
      fc.string().map((text) => `'${text}'`),
    );
    await fc.assert(
      fc.asyncProperty(literal, async (text) => {
        const found = constantOf(text);
        if (found !== undefined) expect(found).toEqual(JSON.parse(JSON.stringify(await jsonata(text).evaluate(undefined))));
      }),
      { numRuns: 500 },
    );
    expect(['true', '-1.50', "'x'", 'null', '12'].map(constantOf)).toEqual([true, -1.5, 'x', null, 12]);
    expect(['1e3', '01', '1.', '"a\\n"', '"a" & "b"', '1 + 1', 'x'].map(constantOf)).toEqual(Array(7).fill(undefined));
  });
  it('for the different ones of a list', async () => {
    const list = fc.array(fc.oneof(data, fc.constantFrom(0, -0, '0', [], {}, [0], { a: 1, b: 2 }, { b: 2, a: 1 }, { a: [1] }, '[]', null) as fc.Arbitrary<Json>), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(list, async (items) => {
        for (const text of ['$distinct($x)', '$distinct($x.a)', '$distinct($x[0])', '$distinct($append($x, $x))', '$map($x, $distinct)', '[$distinct($x[].a)]', '$distinct($x ~> $map(function($v) { {"v": $v, "f": $sum} })).v', '$count($distinct([$sum, $sum, $max]))']) {
          const expected: unknown = await jsonata(text).evaluate(undefined, { x: items });
          const found = await cause(text, { x: items });
          expect(found).toBe(expected === undefined ? `The JSONata expression '${text}' specified for the field 'Output' returned nothing (undefined).` : `gave ${JSON.stringify(expected)}`);
        }
      }),
      { numRuns: 300 },
    );
  });
  it('for white space and dots in regular expressions', async () => {
    const patterns = ['\\s', '\\S+', '[\\s,]+', '[^\\s]', '[\\S]+', '[^\\S\\n]', '[\\s\\S]', '[\\s-]', '[\\s-x]', 'a.b', '[.]', '\\.', '[[.]]', '[\\].]', '^\\s*$', '.+', '[^]'];
    const texts = ['a b', 'a\u3000b', 'a\u00a0b', 'a\vb', 'a\rb', 'a\nb', 'a\u2028b', 'a\r\nb', '\ufeffa', '收款\u3000 88.00', '\u2003\t', 'a.b', '\\s', '[x]-', '\u200b', '\u180e', 'a\u0085b', ''];
    for (const pattern of patterns) {
      for (const x of texts) {
        for (const text of [`$match($x, /${pattern}/)`, `$contains($x, /${pattern}/)`]) {
          const expected: unknown = await jsonata(text).evaluate(undefined, { x });
          expect(await cause(text, { x }), `${text} on ${JSON.stringify(x)}`).toBe(
            expected === undefined ? `The JSONata expression '${text}' specified for the field 'Output' returned nothing (undefined).` : `gave ${JSON.stringify(expected)}`,
          );
        }
      }
    }
    expect(await value('$split($x, /\\s+/)', { x: '会员\u30001234' })).toEqual(['会员', '1234']);
  });
  it('leaves arrays on the way to JSONata', async () => {
    expect(compilePath('$x.a.b')?.(scope({ x: { a: [{ b: 1 }] } }))).toBeUndefined();
    expect(await value('$x.a.b', { x: { a: [{ b: 1 }] } })).toBe(1);
    expect(await value('$x.a.b', { x: { a: [{ b: 1 }, { b: [2, 3] }] } })).toEqual([1, 2, 3]);
    expect(await value('$x.a', { x: { a: [1] } })).toEqual([1]);
    expect(await value('$x.a', { x: [{ a: [] }] })).toEqual([]);
  });
  it.each(['$', '$$', '$x.`a`', '$x.*', 'x', '$x.true', '$x[0]', '$x .a'])('does not take %s for a path', (text) => {
    expect(compilePath(text)).toBeUndefined();
  });
});

describe('what it is given stays as it is', () => {
  const given = (): JsonObject => ({ list: [1], empty: [], items: [{ k: 'a', v: 1 }, { k: 'b', v: 2 }], object: { n: 1 } });
  it.each(['$x.list[]', '$x.empty{"a": 1}', '$x.items{k: v}', '$x.object ~> |$|{"m": 2}|', '$x ~> |object|{"n": 5}, "list"|', '$x.items^(>v)', '$append($x.list, 2)', '($f := $x.object; $f())', '$x.object()', '$sort($x.list)', '$x.items#$i.{"i": $i}', '$reverse($x.items)', '($sum := $x.object; $sum())'])(
    '%s',
    async (text) => {
      const free = { x: given() };
      const first = await cause(text, free);
      expect(free).toEqual({ x: given() });
      expect(Object.getOwnPropertyNames(free.x['list'])).toEqual(['0', 'length']);
      // Records of the log are frozen: the outcome has to be the same with them.
      expect(await cause(text, deepFreeze({ x: given() }))).toBe(first);
    },
  );
  it('also where a variable has the name of a function', async () => {
    const variables = { sum: { n: 1 } };
    expect(await cause('$sum([1])', variables)).toContain('T1006');
    expect(variables).toEqual({ sum: { n: 1 } });
  });
});

describe('the functions of the States Language', () => {
  it.each([
    ['$partition([1..5], 2)', [[1, 2], [3, 4], [5]]],
    ['$partition([1], 4)', [[1]]],
    ['$range(1, 9, 2)', [1, 3, 5, 7, 9]],
    ['$range(5, 1, -2)', [5, 3, 1]],
    ['$range(1, 0, 1)', []],
    ['$hash("abc", "MD5")', '900150983cd24fb0d6963f7d28e17f72'],
    ['$hash("abc", "SHA-256")', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['$hash("收", "SHA-1")', createHash('sha1').update('收').digest('hex')],
    ['$parse("{\\"a\\": [1, null]}")', { a: [1, null] }],
    ['$random(7) = $random(7)', true],
    ['$random(7) = $random(8)', false],
    ['$now()', '2026-01-31T12:30:15.250Z'],
    ['$millis()', Date.UTC(2026, 0, 31, 12, 30, 15, 250)],
    ['$now("[Y0001]-[M01]-[D01] [H01]:[m01]", "+0800")', '2026-01-31 20:30'],
    ['$toMillis("10:30", "[H01]:[m01]")', Date.UTC(2026, 0, 31, 10, 30)],
    ['$toMillis("20260131123015", "[Y0001][M01][D01][H01][m01][s01]")', Date.UTC(2026, 0, 31, 12, 30, 15)],
    ['$toMillis("2026-01-31T12:30:15+08:00")', Date.UTC(2026, 0, 31, 4, 30, 15)],
    ['$pad("7", -3, "0")', '007'],
    ['$map(["a","b"], $pad(?, 3, "-"))', ['a--', 'b--']],
    ['["b","a"] ~> $sort() ~> $join("")', 'ab'],
    ['$replace("a1b22", /([0-9]+)/, "<$1>")', 'a<1>b<22>'],
    ['$match("a1b22", /[a-z]([0-9]+)/).groups', ['1', '22']],
    ['$split("a, b;c", /[,;] */)', ['a', 'b', 'c']],
    ['$contains("ABC", /b/i)', true],
    ['$map([1..3], function($v, $i) { $v * $i })', [0, 2, 6]],
    ['$reduce([1..5], function($a, $b) { $a + $b })', 15],
  ] as const)('%s', async (text, expected) => {
    expect(await value(text)).toEqual(expected);
  });
  it.each([['$partition([1], 0)'], ['$range(1, 2, 0)'], ['$range(1, 2.5, 1)'], ['$hash("a", "CRC")'], ['$hash(1, "MD5")'], ['$parse("{")'], ['$random("x")'], ['$parse(1)']])('%s is refused', async (text) => {
    expect(await cause(text)).toContain('threw an error during evaluation. ');
    expect(await cause(text)).toContain('must be');
  });
  it('draws randomness from the seed and the place alone', async () => {
    const draw = '[$random(), $uuid(), $join($shuffle(["a","b","c","d","e","f","g"]))]';
    const first = await value(draw);
    expect(await value(draw)).toEqual(first);
    expect(await value(draw, {}, { seed: 'other' })).not.toEqual(first);
    const both = (await evaluate({ a: '{% $uuid() %}', b: '{% $uuid() %}' }, scope())) as { a: string; b: string };
    expect(both.a).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(both.a).not.toBe(both.b);
    const [random] = first as [number];
    expect(random).toBeGreaterThanOrEqual(0);
    expect(random).toBeLessThan(1);
  });
});

describe('limits', () => {
  const steps = `took more than ${LIMITS.steps} steps.`;
  const string = `made a string of more than ${LIMITS.string} characters.`;
  const size = `made a value of more than ${LIMITS.size} characters.`;
  it.each([
    ['a loop of tail calls', '($f := function() { $f() }; $f())', steps],
    ['recursion', '($f := function($n) { 1 + $f($n + 1) }; $f(0))', `went more than ${LIMITS.depth} evaluations deep.`],
    ['loops within loops', '[1..9999].([1..9999].($ * 2))', steps],
    ['a range', '[1..20000]', 'D2015'],
    ['a long range', '[1..1000000000]', 'D2014'],
    ['$range', '$range(1, 100000000, 1)', `made an array of more than ${LIMITS.sequence} members.`],
    ['$range that overflows', '$range(1, 1e300, 1)', `made an array of more than ${LIMITS.sequence} members.`],
    ['$pad', '$pad("", 1e9, "x")', string],
    ['$pad with a long filling', '$pad("", 20000, $pad("", 20000, "x"))', string],
    ['$join', '$join([1..9999].("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"))', string],
    ['$replace', '$replace($pad("", 10000, "a"), "a", $pad("", 10000, "b"))', string],
    ['$replace with a regular expression', '$replace($pad("", 10000, "a"), /a/, $pad("", 10000, "b"))', string],
    ['doubling a string', '($f := function($s) { $f($s & $s) }; $f("ab"))', string],
    ['doubling a string by steps', '($a := "aaaaaaaaaaaaaaaa"; $b := $a&$a&$a&$a&$a&$a&$a&$a; $c := $b&$b&$b&$b&$b&$b&$b&$b; $d := $c&$c&$c&$c&$c&$c&$c&$c; $e := $d&$d&$d&$d&$d&$d&$d&$d; $e&$e&$e&$e&$e&$e&$e&$e)', string],
    ['doubling an object', '($f := function($o) { $f({"a": $o, "b": $o}) }; $f({"x": 1}))', size],
    ['doubling an array', '($f := function($o) { $f([[$o], [$o]]) }; $f([1]))', size],
    ['doubling by a path', '{"a": 1}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}.{"a": $, "b": $}', size],
    ['doubling by reduce', '$reduce([1..60], function($o, $n) { {"a": $o, "b": $o} })', size],
    ['doubling by merge', '($f := function($o) { $f($merge([{"a": $o}, {"b": $o}])) }; $f({"x": 1}))', size],
    ['doubling by a transform', '($f := function($o) { $f($o ~> |$|{"a": $o, "b": $o}|) }; $f({"x": 1}))', 'made a '],
    ['appending', '($f := function($a) { $f($append($a, $a)) }; $f([1]))', 'D2015'],
    ['nesting', '($f := function($a) { $f([[$a]]) }; $f([1]))', 'made a value nested more than'],
    ['a picture that backtracks', '$toMillis($pad("", 60, "a") & "!", "[MNn][MNn][MNn][MNn][MNn][MNn][MNn]")', 'too many parts that nothing separates'],
    ['a wide picture', '$fromMillis(0, "[Y,9999999]")', string],
    ['a picture of many wide parts', '$now("[Y, 99 999][M,99999]" & "[D,99999]")', string],
    ['Roman numerals', '$formatInteger(1e9, "I")', 'Roman numeral'],
    ['many searches through a long text', '$replace($pad("", 100000, "a"), /a.*b|a/, "c")', 'matched regular expressions against more than'],
    ['a long chain', `"a"${' & "a"'.repeat(3000)}`, `is nested more than ${LIMITS.tree} deep.`],
    ['a deep tree', `${'-'.repeat(3000)}$millis()`, `is nested more than ${LIMITS.tree} deep.`],
    ['a tree too deep to be read', `${'['.repeat(9000)}1${']'.repeat(9000)}`, 'threw an error during evaluation.'],
    ['a long expression', `"${'x'.repeat(LIMITS.text)}" & ""`, `is longer than ${LIMITS.text} characters.`],
  ])('%s', async (_, text, expected) => {
    const found = await cause(text);
    expect(found).toContain(expected);
  });
  it('leaves room for what a till computes', async () => {
    const items = Array.from({ length: 500 }, (_, n) => ({ sku: `sku-${n}`, amountMinor: n, group: `g${n % 7}` }));
    expect(await value('$sum($items[group = "g3"].(amountMinor * 2))', { items })).toBe(35_216);
    expect(await value('$items{group: $sum(amountMinor)}', { items })).toMatchObject({ g0: 17_892 });
    expect(await value('$reduce($items.amountMinor, function($a, $b) { $a + $b })', { items })).toBe(124_750);
    expect(((await value('$items^(>amountMinor).sku', { items })) as Json[])[0]).toBe('sku-499');
  });
  it('regular expressions take linear time or are refused', async () => {
    expect(await value('$contains($x, /^(a+)+$/)', { x: `${'a'.repeat(5000)}!` })).toBe(false);
    expect(await cause('$contains("aa", /(a)\\1/)')).toContain('can not be matched in linear time');
    expect(await cause('$contains("aa", /a(?=b)/)')).toContain('can not be matched in linear time');
  });
  it('the different ones of ten thousand objects are found in no time', async () => {
    const items = Array.from({ length: LIMITS.sequence }, (_, n) => ({ sku: `sku-${n}`, tags: ['a', 'b'], amountMinor: 7 }));
    const before = performance.now();
    expect(await value('$count($distinct($items))', { items })).toBe(LIMITS.sequence);
    expect(await value('$count($distinct($twice))', { twice: [...items.slice(0, 5_000), ...items.slice(0, 5_000)] })).toBe(5_000);
    // Held each against all others they took half a minute.
    expect(performance.now() - before).toBeLessThan(2_000);
  });
  it('the same expression can be evaluated many times at once, each with its own counts', async () => {
    const text = '$sum([1..500].($ + $n))';
    const results = await Promise.all(Array.from({ length: 200 }, (_, n) => value(text, { n })));
    expect(results).toEqual(Array.from({ length: 200 }, (_, n) => 125_250 + 500 * n));
  });
});
