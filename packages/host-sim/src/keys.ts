import { generateKeyPair, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RandomBytes } from './clock.js';
import { HostSimError } from './errors.js';

/**
 * A value made once and kept as `<name>.json` in the directory (mode 600), so that a host started again has the keys
 * its merchants were given. Without a directory it is made anew each time. All keys of this package are test keys.
 * @throws HOST_DATA_DAMAGED when the kept file cannot be read
 */
export async function keep<T>(options: { readonly dir?: string | undefined; readonly name: string }, make: () => T | Promise<T>): Promise<T> {
  if (options.dir === undefined) return make();
  const path = join(options.dir, `${options.name}.json`);
  const kept = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (kept !== undefined) {
    try {
      return JSON.parse(kept) as T;
    } catch (cause) {
      throw new HostSimError(
        'HOST_DATA_DAMAGED',
        `${path} cannot be read`,
        { zh: '请从备份恢复该文件，或换一个数据目录', en: 'Restore the file from a copy, or use another data directory' },
        { cause },
      );
    }
  }
  const made = await make();
  await writeKept(options.dir, path, made);
  return made;
}

export interface RsaKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** A new RSA key pair of 2048 bits: private PKCS8 PEM, public SPKI PEM. */
export async function rsaKeyPair(): Promise<RsaKeyPair> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

/** The base64 body of a PEM, as some SDKs take keys. */
export function pemBody(pem: string): string {
  return pem.replace(/-----[^-]+-----/g, '').replace(/\s+/g, '');
}

/** Random DES key bytes with odd parity, as hardware modules make them. */
export function randomDesKey(bytes: 8 | 16, random: RandomBytes = randomBytes): Uint8Array {
  return withOddParity(Uint8Array.from(random(bytes)));
}

export function withOddParity(key: Uint8Array): Uint8Array {
  return key.map((byte) => {
    let ones = 0;
    for (let bit = 1; bit < 8; bit += 1) ones += (byte >> bit) & 1;
    return (byte & 0xfe) | (ones % 2 === 0 ? 1 : 0);
  });
}

async function writeKept(dir: string, path: string, value: unknown): Promise<void> {
  await mkdir(dir, { recursive: true });
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(value, null, 2));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  const directory = await open(dir, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
