import { ActionError, type RandomSource, type Sensitive, type SensitiveReference, type Vault } from '../contract.js';
import { isObject, type Json } from '../json.js';
import { hex } from './hex.js';

/** Letters only: a random run of digits in a log looks like a card number to whoever searches it for one. */
const idOf = (bytes: Uint8Array): string => hex(bytes).replaceAll(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));

/** Holds secrets in memory only. Ids are random, so that a reference of a former process never meets a new secret. */
export const createVault = (random: RandomSource): Vault & { clear(): void } => {
  const secrets = new Map<string, { kind: string; secret: Sensitive<unknown> }>();
  return {
    put: (kind, secret, view) => {
      const reference: SensitiveReference = { sensitive: idOf(random.bytes(12)), kind, view };
      secrets.set(reference.sensitive, { kind, secret });
      return reference;
    },
    take: <T>(reference: Json, kind: string): Sensitive<T> => {
      const id = isObject(reference) ? reference['sensitive'] : undefined;
      const held = typeof id === 'string' ? secrets.get(id) : undefined;
      if (!held || held.kind !== kind) throw new ActionError('Sensitive.Lost', `the ${kind} is no longer in memory: read it again`);
      return held.secret as Sensitive<T>;
    },
    forget: (reference) => void secrets.delete(reference.sensitive),
    clear: () => secrets.clear(),
  };
};
