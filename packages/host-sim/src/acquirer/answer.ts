import { encode, fromHex, macInput, toHex, unionpayEcbMac } from '@tillwright/plugin-card/protocol';
import { ACQUIRER_ID, type Outcome } from './host-parts.js';
import type { Request } from './request.js';
import type { WorkingKeys } from './terminals.js';

export type Misstated = 'amount' | 'reference' | 'terminal';

/** Fields an answer repeats from its request. Source: PAYMENT-FACTS, sale answer; the host's own come from the outcome. */
const REPEATED = [2, 3, 4, 11, 14, 25, 41, 42, 49, 53] as const;

/**
 * Writes an answer, MACed when there are keys to do it with.
 * @param options.spoilMac  a MAC that does not fit, for the fault `bad-signature`
 * @param options.misstate  what the answer gets wrong under a right MAC
 * @returns the message without its frame's length
 */
export function writeAnswer(request: Request, outcome: Outcome, options: { readonly keys?: WorkingKeys | undefined; readonly spoilMac?: boolean; readonly misstate?: Misstated | undefined } = {}): Uint8Array {
  const { message } = request;
  const repeated = REPEATED.flatMap((element) => {
    const value = message.fields[element];
    return value === undefined ? [] : [[element, value] as const];
  });
  const fields: Record<number, string> = {
    ...Object.fromEntries(repeated),
    12: outcome.time.time,
    13: outcome.time.date,
    15: outcome.time.date,
    32: ACQUIRER_ID,
    39: outcome.code,
    ...(message.fields[60] === undefined ? {} : { 60: message.fields[60].slice(0, 11) }),
    ...outcome.fields,
  };
  misstate(fields, options.misstate);
  const head = { tpdu: swapped(message.tpdu), header: message.header, mti: answerType(message.mti) };
  if (options.keys === undefined) return encode({ ...head, fields });
  const bytes = encode({ ...head, fields: { ...fields, 64: '0'.repeat(16) } });
  const mac = unionpayEcbMac(options.keys.macKey, macInput(bytes));
  if (options.spoilMac === true) mac[0] = mac[0] === 0x30 ? 0x31 : 0x30;
  return encode({ ...head, fields: { ...fields, 64: toHex(mac) } });
}

function misstate(fields: Record<number, string>, what: Misstated | undefined): void {
  const [amount, trace, tid] = [fields[4], fields[11], fields[41]];
  if (what === 'amount' && amount !== undefined) fields[4] = String(Number(amount) + 1).padStart(12, '0');
  if (what === 'reference' && trace !== undefined) fields[11] = String((Number(trace) % 999_999) + 1).padStart(6, '0');
  if (what === 'terminal' && tid !== undefined) fields[41] = `X${tid.slice(1)}`;
}

/** True when DE 64 fits the bytes as they came. */
export function macFits(request: Request, keys: WorkingKeys): boolean {
  const mac = request.fields[64];
  return mac !== undefined && Buffer.from(unionpayEcbMac(keys.macKey, macInput(request.bytes))).equals(fromHex(mac));
}

/** Protocol, then destination and source in the other order. */
function swapped(tpdu: string): string {
  return `${tpdu.slice(0, 2)}${tpdu.slice(6, 10)}${tpdu.slice(2, 6)}`;
}

/** 0200 is answered by 0210. */
function answerType(mti: string): string {
  return `${mti.slice(0, 2)}${Number(mti.slice(2, 3)) + 1}${mti.slice(3)}`;
}
