import { expect, it } from 'vitest';
import { Sensitive } from '../contract.js';
import { createVault } from './vault.js';

it('gives references that no search for card numbers stumbles over, each its own', () => {
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(0x45);
  const { sensitive } = createVault({ bytes }).put('card', new Sensitive({}), {});
  expect(sensitive).toMatch(/^[a-p]{24}$/);
  const other = createVault({ bytes: (length) => new Uint8Array(length).fill(0x5f) }).put('card', new Sensitive({}), {});
  expect(other.sensitive).not.toBe(sensitive);
});

it('knows nothing of a reference of another life, of another kind, or after it was cleared', () => {
  const vault = createVault({ bytes: (length) => new Uint8Array(length) });
  const reference = vault.put('card', new Sensitive({ pan: 'x' }), {});
  expect(vault.take({ ...reference }, 'card').reveal()).toEqual({ pan: 'x' });
  for (const [stranger, kind] of [[reference, 'pin'], [{ ...reference, sensitive: 'none' }, 'card'], ['text', 'card'], [null, 'card']] as const) {
    expect(() => vault.take(stranger as never, kind)).toThrow(expect.objectContaining({ error: 'Sensitive.Lost' }));
  }
  vault.clear();
  expect(() => vault.take({ ...reference }, 'card')).toThrow(expect.objectContaining({ error: 'Sensitive.Lost' }));
});
