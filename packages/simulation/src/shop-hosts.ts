import type { Fault, HostName, HostsInProcess, LedgerEntry } from '@tillwright/host-sim';
import type { HostLedger } from './reconcile.js';

/** The hosts as somebody who stands beside them sees them. */
export interface ShopHosts {
  /** Queues faults for the messages to come. */
  fault(host: HostName, fault: Fault | readonly Fault[]): void;
  clearFaults(): void;
  /** Asked for every message that meets no queued fault. */
  byChance(chance: (host: HostName, operation: string) => Fault | undefined): void;
  /** Nothing is lost but what was on its way. */
  restart(host: HostName): void;
  /** Each host's own book. */
  ledgers(): readonly HostLedger[];
  ledger(host: HostName): readonly LedgerEntry[];
  /** Cards (acquirer) or payers (wallets) that a host is to know. @throws HOST_OPTIONS_INVALID */
  register(host: HostName, accounts: unknown): Promise<void>;
  /** The acquirer settles the batch of a terminal. */
  closeBatch(tid: string): Promise<void>;
  /** A payer scans a merchant's QR, or decides about a payment that waits. @throws HOST_OPTIONS_INVALID */
  scan(host: 'alipay' | 'wechat', what: { readonly reference: string; readonly outcome: 'pays' | 'walks-away' | 'declines'; readonly afterQueries?: number }): Promise<void>;
}

const NAMES: readonly HostName[] = ['acquirer', 'alipay', 'wechat'];

export const shopHosts = (hosts: HostsInProcess): ShopHosts => ({
  fault: (host, fault) => {
    hosts[host].faults.push(fault);
    // Nothing listens any more: what stood is gone too.
    if (hosts[host].faults.closed) hosts[host].restart();
  },
  clearFaults: () => {
    for (const name of NAMES) hosts[name].faults.clear();
  },
  byChance: (chance) => {
    for (const name of NAMES) hosts[name].faults.byChance((operation) => chance(name, operation));
  },
  restart: (host) => hosts[host].restart(),
  ledgers: () => NAMES.map((host) => ({ host, entries: hosts[host].ledger() })),
  ledger: (host) => hosts[host].ledger(),
  register: async (host, accounts) => {
    await hosts[host].register(accounts);
  },
  closeBatch: (tid) => hosts.acquirer.closeBatch(tid),
  scan: (host, what) => hosts[host].scan(what),
});
