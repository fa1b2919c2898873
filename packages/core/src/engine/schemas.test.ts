import { expect, it } from 'vitest';
import { Schemas } from './schemas.js';

it('tells what does not fit, also when an equal schema was compiled before', () => {
  const schemas = new Schemas();
  const atMost = (maximum: number) => ({ type: 'integer', maximum });
  expect(schemas.problem(atMost(5), 6, 'answer')).toBe('answer must be <= 5');
  expect(schemas.problem(atMost(5), 7, 'Arguments')).toBe('Arguments must be <= 5');
  expect(schemas.problem(atMost(5), 5, 'answer')).toBeUndefined();
  expect(schemas.problem(atMost(7), 6, 'answer')).toBeUndefined();
});

it('goes on when there were more schemas than it keeps', () => {
  const schemas = new Schemas();
  const first = { const: -1 };
  expect(schemas.problem(first, 0, 'answer')).toBe('answer must be equal to constant');
  for (let each = 0; each < 1005; each += 1) expect(schemas.problem({ const: each }, each, 'answer')).toBeUndefined();
  expect(schemas.problem(first, 0, 'answer')).toBe('answer must be equal to constant');
  expect(schemas.problem({ const: 3 }, 4, 'answer')).toBe('answer must be equal to constant');
}, 60_000);

it('two plugins may give their schemas one name', () => {
  const schemas = new Schemas();
  const named = (maximum: number) => ({ $id: 'https://example.com/arguments', $ref: 'https://example.com/arguments#/$defs/amount', $defs: { amount: { type: 'integer', maximum } } });
  expect(schemas.problem(named(5), 6, 'Arguments')).toBe('Arguments must be <= 5');
  expect(schemas.problem(named(7), 8, 'Arguments')).toBe('Arguments must be <= 7');
});
