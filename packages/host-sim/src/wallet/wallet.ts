import { createHash } from 'node:crypto';
import type { HostClock, RandomBytes } from '../clock.js';
import { startControl, type LedgerEntry } from '../control.js';
import type { HostName } from '../endpoints.js';
import type { Faults } from '../faults.js';
import type { RsaKeyPair } from '../keys.js';
import { startGateway } from './gateway.js';
import type { WireAnswer, WireRequest } from './wire.js';

export interface WalletSetUp {
  /** Where what the host knows outlives a restart; memory only when left out. */
  readonly dataDir?: string | undefined;
  readonly clock: HostClock | (() => number);
  /** The machine's when left out. With it, numbers that the host gives out are the same for the same bytes, whatever the keys. */
  readonly random?: RandomBytes | undefined;
  /** Makes RSA keys; 2048 bits, new each time, when left out. */
  readonly keyPair?: (() => Promise<RsaKeyPair>) | undefined;
}

/** A wallet's host without sockets. */
export interface Wallet {
  readonly faults: Faults;
  /** @returns undefined when the connection breaks without an answer */
  serve(request: WireRequest): Promise<WireAnswer | undefined>;
  ledger(): readonly LedgerEntry[];
  /** @throws HOST_OPTIONS_INVALID */
  register(payers: unknown): void;
  /** A payer acts: `{ reference, outcome, afterQueries? }`. @throws HOST_OPTIONS_INVALID */
  scan(body: unknown): Promise<void>;
  /** The process dies and starts again. */
  restart(): void;
  close(): Promise<void>;
}

/** Keys the digests of payers and numbers. */
export const secretOf = (random: RandomBytes | undefined, privateKey: string): string =>
  random === undefined ? createHash('sha256').update(privateKey).digest('hex') : Buffer.from(random(32)).toString('hex');

/** Puts sockets before a wallet's host; what had started is closed again when one can't be had. */
export async function startWallet(host: HostName, wallet: Wallet, port: number): Promise<{ readonly url: string; readonly control: string; close(): Promise<void> }> {
  const { faults } = wallet;
  const opened: (() => Promise<void>)[] = [() => wallet.close()];
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).toReversed()) await each();
  };
  try {
    const gateway = await startGateway({ port, faults, serve: (request) => wallet.serve(request) });
    opened.push(() => gateway.close());
    const control = await startControl({
      host,
      ledgerView: () => wallet.ledger(),
      faults,
      onAccounts: (body) => wallet.register(body),
      actions: { scan: (body) => wallet.scan(body) },
    });
    opened.push(() => control.close());
    return { url: gateway.url, control: control.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
