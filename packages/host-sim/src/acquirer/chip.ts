import { applicationCryptogram, arpc, cryptogramData, decodeTlv, deriveCardKey, encodeTlv, equalBytes, fromHex, sessionKey, toHex, type TlvMap } from '@tillwright/plugin-card/protocol';
import type { Account } from './accounts.js';
import { CODE } from './codes.js';
import type { Request } from './request.js';

/** A chip whose cryptogram proved right: its counter, and the issuer's proof for the answer. */
export interface VerifiedChip {
  readonly atc: number;
  /** DE 55 of the answer as hex: tag 91, ARPC 8 bytes and the response code as text. */
  issuerData(code: string): string;
}

/** What is checked of DE 55: the ARQC by the issuer's own key, that it is about this amount and currency, and that its counter is new. */
export function verifyChip(options: { readonly request: Request; readonly account: Account; readonly sequence: string; readonly lastAtc: number }): VerifiedChip | string {
  const { request, account } = options;
  const tlv = chipData(request.fields[55]);
  const arqc = bytesOf(tlv, '9F26', 8);
  const atc = bytesOf(tlv, '9F36', 2);
  const information = bytesOf(tlv, '9F27', 1);
  if (tlv === undefined || arqc === undefined || atc === undefined || information === undefined) return CODE.formatError;
  if (tlv.get('9F02') !== (request.fields[4] ?? '') || tlv.get('5F2A') !== '0156') return CODE.formatError;
  if (((information[0] ?? 0) & 0xc0) !== 0x80) return CODE.cryptogramRefused;
  if (options.sequence !== account.sequence) return CODE.cardUnknown;

  const key = sessionKey(deriveCardKey(fromHex(account.issuerMasterKey), account.pan, account.sequence), atc);
  const expected = cryptogramOver(tlv, key);
  if (expected === undefined) return CODE.formatError;
  if (!equalBytes(expected, arqc)) return CODE.cryptogramRefused;
  const counter = Number.parseInt(toHex(atc), 16);
  if (counter <= options.lastAtc) return CODE.cryptogramRefused;
  return {
    atc: counter,
    issuerData: (code) => toHex(encodeTlv([['91', `${toHex(arpc(key, arqc, code))}${Buffer.from(code, 'latin1').toString('hex').toUpperCase()}`]])),
  };
}

function chipData(hex: string | undefined): TlvMap | undefined {
  try {
    return hex === undefined ? undefined : decodeTlv(fromHex(hex));
  } catch {
    return undefined;
  }
}

function cryptogramOver(tlv: TlvMap, key: Uint8Array): Uint8Array | undefined {
  try {
    return applicationCryptogram(key, cryptogramData(tlv));
  } catch {
    return undefined;
  }
}

function bytesOf(tlv: TlvMap | undefined, tag: string, length: number): Uint8Array | undefined {
  const value = tlv?.get(tag);
  return value?.length === length * 2 ? fromHex(value) : undefined;
}
