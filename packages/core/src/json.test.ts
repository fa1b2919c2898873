import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NESTING_MAX, ownJson } from './json.js';

const anything = fc.anything({ withDate: true, withBoxedValues: true, withMap: true, withSet: true, withSparseArray: true, withNullPrototype: true, withTypedArray: true });
const frozenAllTheWay = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozenAllTheWay));

describe('ownJson', () => {
  it('gives what JSON text gives back, frozen, and leaves what it was given alone', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const before = JSON.stringify(value);
        const own = ownJson(value);
        expect(own).toEqual(before === undefined ? null : JSON.parse(before));
        expect(JSON.stringify(own)).toBe(before ?? 'null');
        expect(frozenAllTheWay(own)).toBe(true);
        expect(JSON.stringify(value)).toBe(before);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['-0', -0, 0],
    ['NaN within', { a: Number.NaN, b: [undefined, Infinity] }, { a: null, b: [null, null] }],
    ['what JSON leaves out', { a: undefined, b: () => 1, c: Symbol('c'), d: 1 }, { d: 1 }],
    ['toJSON within', { at: { toJSON: (key: string) => `told of ${key}` } }, { at: 'told of at' }],
    ['a class', new (class { amountMinor = 5; })(), { amountMinor: 5 }],
    ['nothing', undefined, null],
  ])('%s', (_, value, expected) => expect(ownJson(value)).toStrictEqual(expected));

  it('keeps a member called __proto__ a member', () => {
    const own = ownJson(JSON.parse('{"__proto__":{"a":1}}'));
    expect(JSON.stringify(own)).toBe('{"__proto__":{"a":1}}');
    expect(Object.getPrototypeOf(own)).toBe(Object.prototype);
  });

  it('later changes reach nothing', () => {
    const given = { lines: [{ value: 'a' }] };
    const own = ownJson(given);
    given.lines[0]!.value = 'b';
    expect(own).toEqual({ lines: [{ value: 'a' }] });
  });

  it('hears toJSON once', () => {
    const telling = { a: 1, toJSON: () => telling };
    expect(ownJson(telling)).toEqual({ a: 1 });
  });

  it.each([
    ['lists', (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))],
    ['objects', (depth: number): unknown => JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth))],
    ['a list in a class', (depth: number): unknown => new (class { a: unknown = JSON.parse('['.repeat(depth - 1) + ']'.repeat(depth - 1)); })()],
  ])('refuses %s that are nested deeper than any reader is sure to bear', (_, nested) => {
    const deepest = nested(NESTING_MAX + 1);
    expect(JSON.stringify(ownJson(deepest))).toBe(JSON.stringify(deepest));
    for (const depth of [NESTING_MAX + 2, 4_000]) expect(() => ownJson(nested(depth))).toThrow(TypeError);
  });

  it('refuses what JSON refuses', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => ownJson(circle)).toThrow(TypeError);
    expect(() => ownJson({ big: 1n })).toThrow(TypeError);
  });
});
