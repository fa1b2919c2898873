import type { PinPad } from '@tillwright/core/contract';
import type { CardSettings } from './options.js';
import { fromHex, type Iso8583Message } from './protocol.js';

type Fields = Iso8583Message['fields'];
type WorkingKeys = Parameters<PinPad['loadWorkingKeys']>[0];

/** DE 60.3: which keys sign-on asks for. */
const NETWORK_CODE = { single: '001', double: '003' } as const;

/** 0800 without terminal and merchant: trace, DE 60 (type 00, batch, network code) and the operator in DE 63. It carries no MAC. */
export const signOnFields = ({ trace, batch, settings }: { trace: string; batch: string; settings: CardSettings }): Fields => ({
  11: trace,
  60: `00${batch}${settings.doubleLengthKeys ? NETWORK_CODE.double : NETWORK_CODE.single}`,
  63: Buffer.from(settings.operatorId.padEnd(3, ' '), 'latin1').toString('hex').toUpperCase(),
});

/** The working keys and the batch number of a 0810, or why there are none. The keys prove themselves by their check values. */
export const readSignOnAnswer = (answer: Fields, request: Fields, doubleLength: boolean): { readonly keys: WorkingKeys; readonly batch: string } | { readonly why: string } => {
  for (const field of [11, 41, 42]) if (answer[field] !== request[field]) return { why: `sign-on: the answer differs in DE ${field}` };
  if (answer[39] !== '00') return { why: `sign-on: the acquirer answered ${answer[39] ?? 'without a code'}` };
  const batch = answer[60]?.slice(2, 8) ?? '';
  if (!/^\d{6}$/.test(batch) || batch === '000000') return { why: 'sign-on: the answer names no batch' };
  const keys = readKeys(fromHex(answer[62] ?? ''), doubleLength);
  return keys === undefined ? { why: 'sign-on: the keys in DE 62 have another length than was asked for' } : { keys, batch };
};

/** DE 62: PIN key 16 + check value 4 + MAC key in 16 (single length: 8 and 8 zero bytes) + check value 4; or 8 + 4 + 8 + 4. */
const readKeys = (bytes: Uint8Array, doubleLength: boolean): WorkingKeys | undefined => {
  const size = doubleLength ? 16 : 8;
  if (bytes.length !== 2 * (size + 4)) return undefined;
  const mac = bytes.slice(size + 4, 2 * size + 4);
  const single = doubleLength && mac.subarray(8).every((byte) => byte === 0);
  return {
    pin: { encrypted: bytes.slice(0, size), checkValue: bytes.slice(size, size + 4) },
    mac: { encrypted: single ? mac.slice(0, 8) : mac, checkValue: bytes.slice(2 * size + 4) },
  };
};
