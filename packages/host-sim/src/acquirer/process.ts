import { fromHex, toHex } from '@tillwright/plugin-card/protocol';
import { macFits, type Misstated, writeAnswer } from './answer.js';
import { CODE, wishedCode } from './codes.js';
import { refused, stamp, type HostParts, type Outcome } from './host-parts.js';
import { carriesMac, type Request } from './request.js';
import { sale } from './sale.js';
import type { WorkingKeys } from './terminals.js';
import { reversal, voidOrRefund } from './undo.js';

/** What a fault asks of the processing itself; what it does to the bytes is the server's part. */
export interface Wishes {
  /** Answer this code though nothing is wrong. */
  readonly code?: string;
  /** A MAC that does not fit; of a sign-on: check values that do not fit the keys. */
  readonly badSignature?: boolean;
  /** What the answer gets wrong under a right MAC. */
  readonly misstate?: Misstated | undefined;
}

/**
 * Does what a message asks for, as the acquirer and the issuer behind it.
 * @returns the answer without its frame's length; what it says is durable
 * @throws HOST_DATA_FAILED when the disk refused: then nothing may be answered
 */
export async function processRequest(host: HostParts, request: Request, wishes: Wishes = {}): Promise<Uint8Array> {
  const merchant = host.terminals.merchant(request.tid);
  if (merchant === undefined) return writeAnswer(request, refused(host, CODE.terminalUnknown));
  const keys = host.terminals.workingKeys(request.tid);
  const mac = carriesMac(request) ? { keys, spoilMac: wishes.badSignature === true, misstate: wishes.misstate } : { misstate: wishes.misstate };
  if (merchant !== request.mid) return writeAnswer(request, refused(host, CODE.merchantUnknown), mac);
  if (!carriesMac(request)) return writeAnswer(request, await networkMessage(host, request, wishes), mac);
  // Without working keys nothing can be proved to anyone: the refusal goes out without a MAC.
  if (keys === undefined || !macFits(request, keys)) return writeAnswer(request, refused(host, CODE.macIncorrect), mac);
  return writeAnswer(request, await financialMessage(host, request, { keys, wish: wishes.code }), mac);
}

async function financialMessage(host: HostParts, request: Request, options: { readonly keys: WorkingKeys; readonly wish: string | undefined }): Promise<Outcome> {
  switch (request.operation) {
    case 'sale':
      return sale(host, { request, ...options });
    case 'void':
    case 'refund':
      return voidOrRefund(host, request, request.operation, options.wish);
    case 'reversal':
      return reversal(host, request, options.wish);
    default:
      return refused(host, CODE.invalidTransaction);
  }
}

async function networkMessage(host: HostParts, request: Request, wishes: Wishes): Promise<Outcome> {
  if (request.operation === 'other') return refused(host, CODE.invalidTransaction);
  if (wishes.code !== undefined) return refused(host, wishedCode(wishes.code));
  const { rrn, time } = stamp(host);
  const common = { 37: rrn, 60: `00${host.terminals.batch(request.tid)}${(request.fields[60] ?? '').slice(8, 11)}` };
  if (request.operation === 'sign-off') await host.terminals.signOff(request.tid);
  if (request.operation !== 'sign-on') return { code: CODE.approved, time, fields: common };
  const keys = await host.terminals.signOn(request.tid);
  return { code: CODE.approved, time, fields: { ...common, 62: wishes.badSignature === true ? withoutCheckValues(keys) : keys } };
}

/** DE 62 whose check values, 4 bytes behind each key, fit nothing. */
function withoutCheckValues(keys: string): string {
  return `${keys.slice(0, 32)}${inverted(keys.slice(32, 40))}${keys.slice(40, 72)}${inverted(keys.slice(72, 80))}`;
}

function inverted(hex: string): string {
  return toHex(fromHex(hex).map((byte) => byte ^ 0xff));
}
