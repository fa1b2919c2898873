import { expect, it } from 'vitest';
import { CompiledSchemas } from './compiled-schemas.js';

it('schemas of one content are compiled once, however many tills and checks bring them', () => {
  const compiled = new CompiledSchemas({ strict: false });
  const amount = () => ({ type: 'integer', maximum: 5 });
  expect(compiled.validator(amount())).toBe(compiled.validator(amount()));
  expect(compiled.validator({ type: 'integer' })).not.toBe(compiled.validator(amount()));
});
