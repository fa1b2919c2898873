/** Holds each host's own ledger against the event log on disk. */
import { readLog } from '@tillwright/core/node';
import type { Endpoints, LedgerEntry } from '@tillwright/host-sim';
import { type HostLedger, type Reconciled, reconcile as hold } from '@tillwright/simulation';

/** Every entry of every ledger, and every approval in the log that no ledger has. */
export const reconcile = async (logDir: string, endpoints: Endpoints): Promise<readonly Reconciled[]> => {
  const ledgers: HostLedger[] = [];
  for (const host of ['acquirer', 'alipay', 'wechat'] as const) {
    const control = endpoints[host]?.control;
    if (control === undefined) continue;
    const { entries } = (await (await fetch(`${control}/ledger`)).json()) as { entries: LedgerEntry[] };
    ledgers.push({ host, entries });
  }
  return hold(readLog(logDir), ledgers);
};
