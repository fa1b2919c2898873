import { createHash } from 'node:crypto';
import type { PaymentRequest, Terminal } from '@tillwright/core/contract';
import { toRfc3339 } from './time.js';

/**
 * The merchant's order number (`out_trade_no`) or refund number (`out_refund_no`) of one attempt: 32 letters and digits.
 * `WS` sale or `WR` refund, the day (yyMMdd, GMT+8) for people who look for it, then 24 hex digits of a hash over
 * merchant, terminal, payment and attempt. Another attempt has another number.
 */
export const referenceOf = (request: PaymentRequest, terminal: Terminal, now: number): string => {
  const what = JSON.stringify(['wechat', terminal.mid, terminal.tid, request.terminalId, request.paymentId, request.attempt, request.operation]);
  const day = toRfc3339(now).slice(2, 10).replaceAll('-', '');
  return `W${request.operation === 'refund' ? 'R' : 'S'}${day}${createHash('sha256').update(what).digest('hex').slice(0, 24)}`;
};

/** The refund number that an undo of this order uses, at every try the same: WeChat Pay then gives back once. */
export const undoNumberOf = (reference: string): string => `WU${reference.slice(2)}`;
