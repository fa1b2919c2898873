import { ActionError, type CardRead, type ChipSession, type Sensitive } from '@tillwright/core/contract';
import { merged, tlvOf } from './emv.js';
import { fromHex, type TlvMap } from './protocol.js';
import type { FactsInput } from './receipt-facts.js';

/** What lies in the vault behind a card's reference. Lives in memory only. */
export interface CardSecret {
  readonly entry: CardRead['entry'];
  /** The stripe of a chip card whose chip could not be read. */
  readonly fallback: boolean;
  readonly pan: string;
  /** YYMM. */
  readonly expiry: string;
  /** Card sequence number (5F34), 3 digits as in DE 23. */
  readonly sequence?: string;
  /** Track 2 or its equivalent, with `=`. */
  readonly track2: string;
  readonly track3?: string;
  readonly cvm: 'online-pin' | 'none';
  /** Chip and contactless: data objects of card and terminal; with a tap its cryptogram too. */
  readonly tlv: TlvMap;
  readonly chip?: ChipSession;
  /** What the inserted chip has given: it gives one in a transaction, which goes out again with a PIN that is entered again. */
  cryptogram?: TlvMap;
  /** By the attempt's reference. */
  readonly attempts: Map<string, AttemptSecret>;
}

/** What an attempt needs between its steps and no log may hold. */
export interface AttemptSecret {
  /** DE 55, hex; empty for a stripe. */
  readonly field55: string;
  /** Card's and terminal's data objects, first cryptogram included, that may stand on a receipt. */
  readonly tlv: TlvMap;
  /** What the answer brings for the card: response code, and 91 71 72 as BER-TLV. */
  answer?: { readonly code: string; readonly issuerData: Uint8Array; readonly facts: FactsInput };
}

/** What lies behind a PIN's reference. */
export interface PinSecret {
  readonly status: 'entered' | 'bypassed';
  /** ISO 9564 format 0 under the PIN key, 8 bytes. */
  readonly pinBlock?: Sensitive<Uint8Array>;
  /** The card that it was entered for: the vault's name of it. */
  readonly card: string;
  readonly keyGeneration: number;
  /** A PIN block goes to the host once. */
  spent: boolean;
}

export const CARD_KIND = 'card';
export const PIN_KIND = 'pin';

/** Track 2: PAN, `=`, expiry, service code, discretionary data; 37 characters at most, without sentinels (ISO/IEC 7813). */
const TRACK_2 = /^(?=.{1,37}$)(\d{13,19})=(\d{4})(\d{3})\d*$/;
/** What DE 36 holds of a third track. The acquirer does without it: one that is damaged, or empty, is left out. */
const TRACK_3 = /^[\d=]{1,104}$/;

/**
 * Makes sense of what the reader read.
 * @param terminal the data objects that the reader's kernel was given
 * @throws ActionError Card.Unreadable when a number or expiry is missing or of another shape, or chip and track contradict each other
 */
export const cardSecret = (read: CardRead, terminal: TlvMap, fallback: boolean): CardSecret & { readonly serviceCode: string; readonly label?: string } => {
  if (read.entry === 'swipe') {
    const track2 = read.track2.reveal();
    const { pan, expiry, serviceCode } = track(track2);
    const track3 = read.track3?.reveal();
    return {
      entry: 'swipe',
      fallback,
      pan,
      expiry,
      serviceCode,
      track2,
      ...(track3 !== undefined && TRACK_3.test(track3) ? { track3 } : {}),
      cvm: 'online-pin',
      tlv: new Map(),
      attempts: new Map(),
    };
  }
  const card = chipData(read.data.reveal());
  const track2 = (card.get('57') ?? '').replace('D', '=').replace(/F+$/, '');
  const { pan, expiry, serviceCode } = track(track2);
  const written = card.get('5A')?.replace(/F+$/, '');
  if (written !== undefined && written !== pan) throw unreadable('the chip names two card numbers');
  const sequence = card.get('5F34');
  if (sequence !== undefined && !/^\d{2}$/.test(sequence)) throw unreadable('the chip has a sequence number that is none');
  const until = card.get('5F24');
  if (until !== undefined && !/^\d{4}/.test(until)) throw unreadable('the chip has an expiry that is none');
  const label = labelOf(card.get('50'));
  return {
    entry: read.entry,
    fallback: false,
    pan,
    expiry: until?.slice(0, 4) ?? expiry,
    serviceCode,
    ...(sequence === undefined ? {} : { sequence: sequence.padStart(3, '0') }),
    ...(label === undefined ? {} : { label }),
    track2,
    cvm: read.cvm,
    tlv: merged(terminal, card),
    ...(read.entry === 'insert' ? { chip: read.chip } : {}),
    attempts: new Map(),
  };
};

/** A chip is on the card: its stripe may be read only when the chip can't be. */
export const hasChip = (serviceCode: string): boolean => /^[26]/.test(serviceCode);

const track = (track2: string): { pan: string; expiry: string; serviceCode: string } => {
  const [, pan, expiry, serviceCode] = TRACK_2.exec(track2) ?? [];
  if (pan === undefined || expiry === undefined || serviceCode === undefined) throw unreadable('the track has another shape than a bank card has');
  return { pan, expiry, serviceCode };
};

const chipData = (data: Uint8Array): TlvMap => {
  try {
    return tlvOf(data);
  } catch {
    throw unreadable('the chip data could not be read');
  }
};

const labelOf = (hex: string | undefined): string | undefined => {
  if (hex === undefined) return undefined;
  const text = Buffer.from(fromHex(hex)).toString('latin1');
  return /^[\u0020-\u007E]{1,16}$/.test(text) && text.replace(/\D/g, '').length <= DIGITS_KEPT ? text : undefined;
};

/** First 6 and last 4: a label is logged and printed, and what stands in it is the card's word, or that of a reader which took one data object for another. */
const DIGITS_KEPT = 10;

/** Of a card's data objects, those for log and receipt: what holds the card number is none, whatever a card or a reader calls it. */
export const loggable = (tlv: TlvMap, pan: string): TlvMap => new Map([...tlv].filter(([, value]) => !showsOf(pan, value)));

/** The application's identifier (84), 5 to 16 bytes. */
export const aidOf = (tlv: TlvMap): string | undefined => {
  const aid = tlv.get('84') ?? '';
  return /^[0-9A-F]{10,32}$/.test(aid) ? aid : undefined;
};

/** Whether more digits of a card number than may be shown stand in a row there, packed or as text. */
const showsOf = (pan: string, hex: string): boolean =>
  Array.from({ length: pan.length - DIGITS_KEPT }, (_, at) => pan.slice(at, at + DIGITS_KEPT + 1)).some((digits) => hex.includes(digits) || hex.includes(digits.replaceAll(/\d/g, '3$&')));

const unreadable = (why: string): ActionError => new ActionError('Card.Unreadable', why);
