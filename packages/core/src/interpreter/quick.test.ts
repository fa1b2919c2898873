import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json, type JsonObject } from '../json.js';
import { createEvaluate } from './expression.js';
import { compileExpression } from './jsonata.js';
import type { EvaluationScope } from './types.js';

const ports = { hash: () => '' };
const scopeOf = (variables: JsonObject, input: Json = {}): EvaluationScope => ({
  states: { input, result: { amountMinor: 5, ok: true, list: [1], name: 'x' } },
  variables,
  at: 0,
  seed: 'seed',
  where: { state: 'S', pointer: '/Output' },
});

// Few names, so that they often meet; among them what is nothing special only to us.
const NAME = fc.constantFrom('a', 'b', 'id', 'ok', 'list', '__proto__', 'constructor', 'length', 'not');
const TEXT = fc.constantFrom('', 'a', 'card', '10', 'true');
const NUMBER = fc.constantFrom(0, 1, 2, 3, 10, 0.5, -1, 1e15, 1e21, 9007199254740991);
const json: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    NUMBER,
    TEXT,
    fc.constantFrom(true, false, null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(NAME.filter((name) => name !== '__proto__'), tie('json'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
  ),
})).json;
const things = fc.array(fc.record({ id: fc.oneof(TEXT, NUMBER), ok: fc.boolean(), a: json }, { requiredKeys: ['id', 'ok'] }), { maxLength: 4 }) as unknown as fc.Arbitrary<Json>;
const variables = fc.record({ a: json, b: json, n: NUMBER, t: TEXT, ok: fc.boolean(), things }, { requiredKeys: ['a', 'n', 't', 'ok', 'things'] }) as unknown as fc.Arbitrary<JsonObject>;

const expression = fc.letrec<{ any: string; number: string; truth: string; text: string }>((tie) => {
  const path = fc.tuple(fc.constantFrom('$a', '$b', '$things', '$states.result', '$states.input', '$nothing'), fc.array(NAME, { maxLength: 2 })).map(([from, names]) => [from, ...names.map((name) => (name === '__proto__' ? '`__proto__`' : name))].join('.'));
  const two = (operand: fc.Arbitrary<string>, operators: readonly string[]) => fc.tuple(operand, fc.constantFrom(...operators), operand).map(([a, operator, b]) => `(${a} ${operator} ${b})`);
  return {
    number: fc.oneof({ maxDepth: 4 }, NUMBER.map(String), fc.constant('$n'), path, two(tie('number'), ['+', '-', '*', '/', '%'])),
    text: fc.oneof({ maxDepth: 4 }, TEXT.map((text) => JSON.stringify(text)), fc.constant('$t'), path, two(tie('text'), ['&']), tie('any').map((any) => `$string(${any})`)),
    truth: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('true', 'false', '$ok'),
      path,
      two(tie('number'), ['<', '<=', '>', '>=', '=', '!=']),
      two(tie('text'), ['<', '>=', '=', '!=']),
      two(tie('any'), ['=', '!=', '<']),
      two(tie('truth'), ['and', 'or']),
      tie('truth').map((truth) => `$not(${truth})`),
    ),
    any: fc.oneof(
      { maxDepth: 4 },
      tie('number'),
      tie('text'),
      tie('truth'),
      path,
      fc.tuple(tie('truth'), tie('any'), tie('any')).map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      tie('truth').map((truth) => `$things[${truth}]`),
      fc.tuple(fc.constantFrom('id', 'ok', 'a', 'nothing'), fc.constantFrom('=', '!='), tie('any')).map(([name, operator, any]) => `$things[${name} ${operator} ${any}]`),
      fc.tuple(tie('any'), tie('truth')).map(([any, truth]) => `[$things.{ "id": id, "a": a, "of": ${any}, "not": $not(ok), "truth": ${truth} }]`),
    ),
  };
}).any;

describe('what is evaluated without JSONata', () => {
  it('is what JSONata gives, or left to it', async () => {
    let quick = 0;
    await fc.assert(
      fc.asyncProperty(expression, variables, json, async (text, held, input) => {
        const scope = scopeOf(deepFreeze(held), deepFreeze(input));
        const compiled = compileExpression(text, ports);
        const found = compiled.quick?.(scope);
        if (found === undefined) return;
        quick += 1;
        expect(await compiled.run(scope, 'Output')).toEqual({ value: found });
      }),
      { numRuns: 2000 },
    );
    // So that the property says something.
    expect(quick).toBeGreaterThan(200);
  });

  it.each([
    ['$n > 100000', { n: 5 }, false],
    ['$n + $m', { n: 5, m: 6 }, 11],
    ['$n % 2 = 0', { n: 4 }, true],
    ["$method.needs = 'none'", { method: { needs: 'none' } }, true],
    ['$methods[id = $chosen]', { methods: [{ id: 'a' }, { id: 'b' }], chosen: 'b' }, { id: 'b' }],
    ["[$methods.{ 'value': id, 'disabled': $not(ready) }]", { methods: [{ id: 'a', ready: true }] }, [{ value: 'a', disabled: false }]],
    ["$n < 3 ? 'few' : 'many'", { n: 5 }, 'many'],
    ["'No. ' & $n", { n: 5 }, 'No. 5'],
    ['$ok ? -0 : 1', { ok: true }, 0],
  ])('%s needs no promise', (text, held, expected) => {
    expect(createEvaluate(ports)(`{% ${text} %}`, scopeOf(held as unknown as JsonObject))).toEqual(expected);
  });

  it.each([
    ['a variable that is called like a function', '$not($ok)', { ok: true, not: 1 }],
    ['nothing found', '$a.b + 1', { a: {} }],
    ['an array on the way', '$a.b = 1', { a: [{ b: 1 }] }],
    ['what is no number', '$a + 1', { a: '1' }],
    ['a division by zero', '$a / 0', { a: 1 }],
    ['two that fit', '$a[x = 1]', { a: [{ x: 1 }, { x: 1 }] }],
    ['a long text', '$a & $a', { a: 'x'.repeat(6_000) }],
    ['a large value', "[$a.{ 'b': b }]", { a: [{ b: { c: 'x'.repeat(20_000) } }] }],
    ['$states as a whole', '$a ? $states : $states', { a: true }],
  ])('leaves %s to JSONata', (_, text, held) => {
    expect(compileExpression(text, ports).quick?.(scopeOf(held as unknown as JsonObject))).toBeUndefined();
  });
});
