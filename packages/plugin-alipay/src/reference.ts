import { createHash } from 'node:crypto';
import type { PaymentRequest, Terminal } from '@tillwright/core/contract';
import { toGmt8 } from './time.js';

/**
 * The merchant's order number (`out_trade_no`) or refund number (`out_request_no`) of one attempt: 32 letters and
 * digits. `AS` sale or `AR` refund, the day (yyMMdd, GMT+8) for people who look for it, then 24 hex digits of a hash over
 * merchant, terminal, payment and attempt. Another attempt has another number.
 */
export const referenceOf = (request: PaymentRequest, terminal: Terminal, now: number): string => {
  const what = JSON.stringify(['alipay', terminal.mid, terminal.tid, request.terminalId, request.paymentId, request.attempt, request.operation]);
  const day = toGmt8(now).slice(2, 10).replaceAll('-', '');
  return `A${request.operation === 'refund' ? 'R' : 'S'}${day}${createHash('sha256').update(what).digest('hex').slice(0, 24)}`;
};
