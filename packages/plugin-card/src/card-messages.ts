import type { JsonObject, Money, UndoReason } from '@tillwright/core/contract';
import { amountDigits } from './emv.js';
import type { CardSecret, PinSecret } from './card-secret.js';
import type { CardSettings } from './options.js';
import { type Iso8583Message, toHex } from './protocol.js';
import type { CardLine } from './receipt-facts.js';

type Fields = Iso8583Message['fields'];

/**
 * What an attempt writes down before a byte leaves: all that a reversal needs except card number and expiry, which are sealed.
 * Fields, never MACed bytes: a reversal is MACed under the key of its own day.
 */
export type CardData = JsonObject & {
  readonly processingCode: string;
  /** DE 4, 12 digits. */
  readonly amount: string;
  readonly trace: string;
  readonly batch: string;
  /** DE 22, 3 digits. */
  readonly entryMode: string;
  /** DE 23, 3 digits; empty when the card names none. */
  readonly sequence: string;
  /** DE 60. */
  readonly field60: string;
  /** Reduced DE 55 of a reversal: 95 9F1E 9F10 9F36, hex; empty for a stripe. */
  readonly chip: string;
  readonly card: CardLine & JsonObject;
  readonly verifiedBy: 'online-pin' | 'signature' | 'none';
  /** DE 61, 37 and 38 of a void: what it undoes. */
  readonly original: { readonly field61: string; readonly referenceNumber: string; readonly authorizationCode: string };
};
export const DATA_VERSION = 1;

/** Terminal reads chip and contactless. */
const CAPABILITY = '6';
const CHIP_FAILED_BEFORE = '2';
const CHIP_WORKS = '0';
const SALE = { processingCode: '000000', type: '22' } as const;
const VOID = { processingCode: '200000', type: '23' } as const;
const CHINESE_YUAN = '156';
const ENTRY_DIGITS = { swipe: '02', insert: '05', tap: '07' } as const;
const NO_ORIGINAL = { field61: '', referenceNumber: '', authorizationCode: '' } as const;
/** DE 53: PIN block with the card number in it (format 0), and whether its key has double length. */
const SECURITY = { single: '2000000000000000', double: '2600000000000000' } as const;

interface Numbers {
  readonly trace: string;
  readonly batch: string;
  readonly amount: Money;
}

export const saleData = (numbers: Numbers, card: CardSecret, rest: Pick<CardData, 'verifiedBy' | 'chip' | 'card'>): CardData => ({
  processingCode: SALE.processingCode,
  amount: amountDigits(numbers.amount),
  trace: numbers.trace,
  batch: numbers.batch,
  entryMode: `${ENTRY_DIGITS[card.entry]}${rest.verifiedBy === 'online-pin' ? 1 : 2}`,
  sequence: card.sequence ?? '',
  field60: `${SALE.type}${numbers.batch}000${CAPABILITY}${card.fallback ? CHIP_FAILED_BEFORE : CHIP_WORKS}`,
  original: NO_ORIGINAL,
  ...rest,
});

/** A void is keyed: the card may be gone. */
export const voidData = (numbers: Numbers, original: CardData['original'], card: CardData['card']): CardData => ({
  processingCode: VOID.processingCode,
  amount: amountDigits(numbers.amount),
  trace: numbers.trace,
  batch: numbers.batch,
  entryMode: '012',
  sequence: '',
  field60: `${VOID.type}${numbers.batch}000${CAPABILITY}${CHIP_WORKS}`,
  chip: '',
  card,
  verifiedBy: 'none',
  original,
});

/** What is sealed of a card. */
export interface SealedCard {
  readonly pan: string;
  readonly expiry: string;
}

const common = (data: CardData, sealed: SealedCard | undefined): Fields => ({
  ...(sealed === undefined ? {} : { 2: sealed.pan, 14: sealed.expiry }),
  3: data.processingCode,
  4: data.amount,
  11: data.trace,
  22: data.entryMode,
  ...(data.sequence === '' ? {} : { 23: data.sequence }),
  25: '00',
  49: CHINESE_YUAN,
  60: data.field60,
});

/** 0200 of a sale, without DE 41, 42 and 64. */
export const saleFields = (data: CardData, card: CardSecret, pin: PinSecret | undefined, settings: CardSettings): Fields => {
  const field55 = card.attempts.get(referenceKey(data))?.field55 ?? '';
  return {
    ...common(data, card),
    35: card.track2,
    ...(card.track3 === undefined ? {} : { 36: card.track3 }),
    ...(settings.merchantNameForField43 === undefined ? {} : { 43: settings.merchantNameForField43 }),
    ...(pin?.pinBlock === undefined
      ? {}
      : {
          26: String(settings.pin.maxLength).padStart(2, '0'),
          52: toHex(pin.pinBlock.reveal()),
          53: settings.doubleLengthKeys ? SECURITY.double : SECURITY.single,
        }),
    ...(field55 === '' ? {} : { 55: field55 }),
  };
};

/** Names an attempt within one card's memory. */
export const referenceKey = (data: Pick<CardData, 'batch' | 'trace'>): string => `${data.batch}-${data.trace}`;

/** 0200 of a void, without DE 41, 42 and 64. */
export const voidFields = (data: CardData, sealed: SealedCard | undefined): Fields => ({
  ...common(data, sealed),
  ...(data.original.referenceNumber === '' ? {} : { 37: data.original.referenceNumber }),
  ...(data.original.authorizationCode === '' ? {} : { 38: data.original.authorizationCode }),
  61: data.original.field61,
});

/** DE 61: batch, trace and date (MMDD, zeros when no answer told it) of the original. */
export const originalField = (data: Pick<CardData, 'batch' | 'trace'>, hostDate: string | undefined): string => `${data.batch}${data.trace}${hostDate ?? '0000'}`;

/** 0400, without DE 41, 42 and 64: the original's trace again, no track and no PIN. */
export const reversalFields = (data: CardData, sealed: SealedCard | undefined, why: { readonly code: string; readonly hostDate: string | undefined }): Fields => ({
  ...common(data, sealed),
  39: why.code,
  ...(data.chip === '' ? {} : { 55: data.chip }),
  61: originalField(data, why.hostDate),
});

/** DE 39 of a reversal: 98 no answer, A0 an answer whose MAC was wrong, 06 approved but it can't be finished. */
export const reversalCode = (reason: UndoReason, approved: boolean): '98' | 'A0' | '06' => {
  if (reason === 'unverified') return 'A0';
  if (reason === 'card-refused' || reason === 'mismatch' || approved) return '06';
  return '98';
};
