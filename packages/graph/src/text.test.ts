import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { shortened, widthOf } from './text.js';

it('a text is shortened to as much of it as fits', () => {
  const text = fc.array(fc.constantFrom('a', 'W', ' ', '，', '收', '😀', '.', 'é')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 120 }), (given, width) => {
      const shown = shortened(given, 11, width);
      const characters = [...given];
      while (characters.length > 0 && widthOf(`${characters.join('').trimEnd()}…`, 11) > width) characters.pop();
      expect(shown).toBe(widthOf(given, 11) <= width ? given : `${characters.join('').trimEnd()}…`);
    }),
  );
});

it('takes time in proportion to a text, as long as an expression may be', () => {
  const before = performance.now();
  for (const text of ['x', '收', 'x ']) expect(shortened(text.repeat(32_768), 11, 180)).toMatch(/^.{10,60}…$/);
  // Cutting one character after the other took twenty seconds.
  expect(performance.now() - before).toBeLessThan(500);
});
