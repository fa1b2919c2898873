/** Holds each host's own ledger against the event log. */
import type { EventRecord } from '@tillwright/core';
import type { HostName, LedgerEntry } from '@tillwright/host-sim';

export interface HostLedger {
  readonly host: HostName;
  readonly entries: readonly LedgerEntry[];
}

export interface Reconciled {
  readonly host: HostName;
  readonly reference: string;
  readonly ledger: string;
  readonly log: string;
  readonly amountMinor: number;
  readonly agrees: boolean;
}

interface LogView {
  readonly method: string;
  amountMinor: number;
  state: 'approved' | 'undone' | 'declined' | 'undecided';
}

const METHOD_OF: { readonly [host in HostName]: string } = { acquirer: 'card', alipay: 'alipay', wechat: 'wechat' };

/** What the log says of every attempt that was submitted, by its reference at the host. */
const fromLog = async (records: AsyncIterable<EventRecord> | Iterable<EventRecord>): Promise<Map<string, LogView>> => {
  const views = new Map<string, LogView>();
  const references = new Map<string, string>();
  const undos = new Map<string, string>();
  for await (const record of records) note(record, { views, references, undos });
  return views;
};

interface Known {
  /** By reference at the host. */
  readonly views: Map<string, LogView>;
  /** Attempt -> its reference. */
  readonly references: Map<string, string>;
  /** A void or refund -> the attempt that it undoes: the host knows it under that one's reference. */
  readonly undos: Map<string, string>;
}

const note = ({ stream, event }: EventRecord, { views, references, undos }: Known): void => {
  if (event.type === 'paymentPrepared') {
    if (event.undoes !== undefined) {
      undos.set(`${stream}@${event.attempt}`, `${stream}@${event.undoes}`);
      return;
    }
    references.set(`${stream}@${event.attempt}`, event.prepared.reference);
    views.set(event.prepared.reference, { method: event.method, amountMinor: event.request.amount.amountMinor, state: 'undecided' });
    return;
  }
  if (event.type === 'caseResolved') {
    // What a person said of what stood open.
    for (const [key, reference] of references) {
      const view = key.startsWith(`${stream}@`) ? views.get(reference) : undefined;
      if (view && (view.state === 'undecided' || view.state === 'approved')) view.state = event.as === 'paid' ? 'approved' : 'undone';
    }
    return;
  }
  if (!('attempt' in event)) return;
  const undone = views.get(references.get(undos.get(`${stream}@${event.attempt}`) ?? '') ?? '');
  if (undone && event.type === 'paymentAnswered' && event.answer.outcome === 'approved') undone.state = 'undone';
  const view = views.get(references.get(`${stream}@${event.attempt}`) ?? '');
  if (!view) return;
  if (event.type === 'paymentAnswered') {
    if (event.answer.outcome === 'approved') {
      view.state = 'approved';
      view.amountMinor = event.answer.amount.amountMinor;
    } else if (event.answer.outcome === 'declined') view.state = 'declined';
    else if (event.answer.outcome === 'undone') view.state = 'undone';
  } else if (event.type === 'paymentUndoAnswered' && event.answer.outcome === 'undone') view.state = 'undone';
};

const agreement: { readonly [status in LedgerEntry['status']]: readonly LogView['state'][] } = {
  approved: ['approved'],
  reversed: ['undone'],
  voided: ['undone'],
  refunded: ['undone', 'approved'],
  closed: ['undone', 'declined'],
  waiting: ['undecided'],
  declined: ['declined', 'undone'],
};

/** Every entry of every ledger, and every approval in the log that no ledger has. */
export const reconcile = async (records: AsyncIterable<EventRecord> | Iterable<EventRecord>, ledgers: readonly HostLedger[]): Promise<readonly Reconciled[]> => {
  const views = await fromLog(records);
  const rows: Reconciled[] = [];
  for (const { host, entries } of ledgers) {
    for (const { reference, status, amountMinor } of entries) {
      const view = views.get(reference);
      const agrees = view !== undefined && agreement[status].includes(view.state) && (view.state !== 'approved' || view.amountMinor === amountMinor);
      rows.push({ host, reference, ledger: status, log: view?.state ?? '-', amountMinor, agrees });
    }
    const known = new Set(entries.map(({ reference }) => reference));
    for (const [reference, view] of views) {
      if (view.method === METHOD_OF[host] && view.state === 'approved' && !known.has(reference)) {
        rows.push({ host, reference, ledger: '-', log: view.state, amountMinor: view.amountMinor, agrees: false });
      }
    }
  }
  return rows;
};
