import { generateKeyPairSync } from 'node:crypto';
import type { RsaKeyPair } from '@tillwright/host-sim';

const made: RsaKeyPair[] = [];

/**
 * RSA keys for simulated merchants and wallets, made once for a process: making them is most of the cost of a short run. Half of a
 * real key's length is enough where nobody attacks. No byte of a log depends on them.
 * @returns at each call the next pair
 */
export const keyPairs = (): (() => Promise<RsaKeyPair>) => {
  let next = 0;
  return async () => {
    const pair = (made[next] ??= generateKeyPairSync('rsa', {
      modulusLength: 1024,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }));
    next += 1;
    return pair;
  };
};
