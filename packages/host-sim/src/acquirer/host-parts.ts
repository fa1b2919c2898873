import { createHash } from 'node:crypto';
import type { Accounts } from './accounts.js';
import { hostTime, type HostTime } from './host-time.js';
import type { PinLimits } from './pin.js';
import type { Request } from './request.js';
import type { Terminals } from './terminals.js';
import type { TransactionBook } from './transactions.js';

/** DE 32 */
export const ACQUIRER_ID = '48020000';

/** What the host's transactions work on. */
export interface HostParts {
  readonly accounts: Accounts;
  readonly book: TransactionBook;
  readonly terminals: Terminals;
  readonly limits: PinLimits;
  /** What becomes of a sale that arrives after its reversal was answered with 25. */
  readonly lateSale: 'approve' | 'refuse';
  readonly clock: () => number;
}

/** What a message came to: DE 39, and the fields that go with it. The book is durable when this exists. */
export interface Outcome {
  readonly code: string;
  readonly time: HostTime;
  readonly fields: { readonly [dataElement: number]: string };
}

/** A transaction's number and times, taken once for each. */
export interface Stamp {
  readonly serial: number;
  readonly time: HostTime;
  /** DE 37, 12 digits. */
  readonly rrn: string;
}

export function stamp(host: HostParts): Stamp {
  const serial = host.book.nextSerial();
  const time = hostTime(host.clock());
  return { serial, time, rrn: `${time.yearDay}${String(serial % 100_000_000).padStart(8, '0')}` };
}

/** DE 38, 6 digits: follows from the transaction, so that the same run gives the same numbers. */
export function authorizationCode(request: Request, { serial }: Stamp): string {
  const digest = createHash('sha256').update(`${request.reference}/${serial}`).digest();
  return String(digest.readUInt32BE(0) % 1_000_000).padStart(6, '0');
}

/** An answer to what leaves no trace in the book. */
export function refused(host: HostParts, code: string): Outcome {
  return { code, time: hostTime(host.clock()), fields: {} };
}
