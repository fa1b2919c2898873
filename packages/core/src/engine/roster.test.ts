import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Roster } from './roster.js';

it('holds what a Map holds, in its order', () => {
  const key = fc.integer({ min: 0, max: 9 });
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.tuple(fc.constant('set' as const), key), fc.tuple(fc.constant('delete' as const), key), fc.constant(['clear', 0] as const))), (steps) => {
      const roster = new Roster<number, { readonly step: number }>();
      const map = new Map<number, { readonly step: number }>();
      steps.forEach(([does, at], step) => {
        if (does === 'set') {
          const value = { step };
          roster.set(at, value);
          map.set(at, value);
        } else if (does === 'delete') expect(roster.delete(at)).toBe(map.delete(at));
        else {
          roster.clear();
          map.clear();
        }
        expect([...roster]).toEqual([...map]);
        expect([...roster.keys()]).toEqual([...map.keys()]);
        expect([...roster.values()]).toEqual([...map.values()]);
        expect(roster.size).toBe(map.size);
        expect(roster.get(at)).toBe(map.get(at));
        expect(roster.has(at)).toBe(map.has(at));
      });
    }),
  );
});

it('may be read while what was read goes, as a Map may', () => {
  const roster = new Roster<string, number>();
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) roster.set(name, index);
  const seen: string[] = [];
  for (const [name] of roster) {
    seen.push(name);
    roster.delete(name);
    if (name === 'a') roster.delete('c');
    if (name === 'b') roster.set('e', 9);
  }
  expect(seen).toEqual(['a', 'b', 'd', 'e']);
  expect(roster.size).toBe(0);
});
