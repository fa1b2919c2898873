import type { Money, PinPad } from '@tillwright/core/contract';
import { chinaTime } from './china-time.js';
import { decodeTlv, encodeTlv, fromHex, tlvEntries, type TlvMap, toHex } from './protocol.js';

/** Terminal's own data objects: online PIN, signature and no verification; attended, online with offline capability. */
const TERMINAL = { '9F1A': '0156', '9F33': '6068C8', '9F35': '22', '9F09': '0030', '95': '0000000000' } as const;
const CHINESE_YUAN = '0156';

/** DE 55 of a sale, in the order in which real terminals send it. */
const SALE_TAGS = ['9F26', '9F27', '9F10', '9F37', '9F36', '95', '9A', '9C', '9F02', '5F2A', '82', '9F1A', '9F03', '9F33', '9F34', '9F35', '9F1E', '84', '9F09', '9F41', '9F63'] as const;
/** DE 55 of a reversal: what may be kept in a log. */
const REVERSAL_TAGS = ['95', '9F1E', '9F10', '9F36', 'DF31'] as const;
/** DE 55 of an answer: what the card must be given. */
const ISSUER_TAGS: ReadonlySet<string> = new Set(['91', '71', '72']);

/** Verification method results (9F34): online PIN, signature, none. */
const VERIFIED_BY = { 'online-pin': '420300', signature: '5E0300', none: '1F0302' } as const;

interface TerminalDataInput {
  readonly amount: Money;
  readonly atMs: number;
  readonly pinPad: Pick<PinPad, 'serial'>;
  /** 4 bytes: the card's cryptogram can't be made in advance. */
  readonly unpredictable: Uint8Array;
  /** Transaction sequence counter (9F41), up to 8 digits. */
  readonly sequence: number;
}

/** What the terminal tells the card: 9F02 9F03 9F1A 5F2A 9A 9C 9F37 9F33 9F35 9F1E 9F09 9F41 95, as a map. */
export const terminalData = ({ amount, atMs, pinPad, unpredictable, sequence }: TerminalDataInput): TlvMap =>
  new Map([
    ['9F02', amountDigits(amount)],
    ['9F03', '000000000000'],
    ['9F1A', TERMINAL['9F1A']],
    ['5F2A', CHINESE_YUAN],
    ['9A', chinaTime(atMs).date],
    ['9C', '00'],
    ['9F37', toHex(unpredictable)],
    ['9F33', TERMINAL['9F33']],
    ['9F35', TERMINAL['9F35']],
    ['9F1E', toHex(Buffer.from(pinPad.serial.slice(-8).padStart(8, '0'), 'latin1'))],
    ['9F09', TERMINAL['9F09']],
    ['9F41', String(sequence % 100_000_000).padStart(8, '0')],
    ['95', TERMINAL['95']],
  ]);

/** DE 4 and 9F02: 12 digits. */
export const amountDigits = (amount: Money): string => String(amount.amountMinor).padStart(12, '0');

/** DE 55 of a sale, as hex. */
export const saleChipData = (tlv: TlvMap, verifiedBy: keyof typeof VERIFIED_BY): string => pick(new Map([['9F34', VERIFIED_BY[verifiedBy]], ...tlv]), SALE_TAGS);

/** DE 55 of a reversal, as hex; empty when there was no chip. */
export const reversalChipData = (tlv: TlvMap): string => pick(tlv, REVERSAL_TAGS);

/** From DE 55 of an answer: what the card must be given (91, 71, 72), repeats included. @throws TlvError */
export const issuerData = (field55: string): Uint8Array => encodeTlv(tlvEntries(fromHex(field55)).filter(([tag]) => ISSUER_TAGS.has(tag)));

/** What the card's first or second answer is (9F27). @throws TlvError never: takes what was decoded */
export const cryptogramKind = (tlv: TlvMap): 'AAC' | 'TC' | 'ARQC' | 'none' => {
  const information = Number.parseInt(tlv.get('9F27') ?? '', 16);
  if (Number.isNaN(information)) return 'none';
  return ([...(['AAC', 'TC', 'ARQC'] as const)][information >> 6] ?? 'none');
};

export const merged = (...maps: readonly TlvMap[]): TlvMap => new Map(maps.flatMap((map) => [...map]));

export const tlvOf = (bytes: Uint8Array): TlvMap => decodeTlv(bytes);

const pick = (tlv: TlvMap, tags: readonly string[]): string =>
  toHex(
    encodeTlv(
      tags.flatMap((tag) => {
        const value = tlv.get(tag);
        return value === undefined ? [] : [[tag, value] as const];
      }),
    ),
  );
