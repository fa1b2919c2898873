import { ActionError } from '@tillwright/core/contract';
import {
  applicationCryptogram,
  arpc,
  cryptogramData,
  decodeTlv,
  deriveCardKey,
  encodeTlv,
  equalBytes,
  fromHex,
  sessionKey,
  tlvEntries,
  toHex,
} from '@tillwright/plugin-card/protocol';
import type { SampleCard } from './sample-cards.js';

type Entry = readonly [tag: string, valueHex: string];
type Cryptogram = 'AAC' | 'TC' | 'ARQC';

/** Cryptogram information data, 9F27. */
const CID = { AAC: '00', TC: '40', ARQC: '80' } as const;
/** AIP (82): static and dynamic data authentication, cardholder verification, terminal risk management, issuer authentication. */
const AIP = '7C00';
/** DE 39 values after which the terminal asks the card for a TC. */
const APPROVED = new Set(['00', '10', '11', '16', 'A2', 'A4', 'A5', 'A6']);

/**
 * The chip of a sample card during one transaction: computes real cryptograms under the card's key and checks the issuer's answer.
 * Sources: EMV book 3, 6.5 (two GENERATE AC in a transaction at most, an ARQC by the first one only); PBOC 3.0 cryptogram version 01; PAYMENT-FACTS section 4.
 */
export class Chip {
  readonly #card: SampleCard;
  /** Application transaction counter (9F36), counted up once for this transaction. */
  readonly #atc: string;
  readonly #key: Uint8Array;
  #terminal: ReadonlyMap<string, string> = new Map();
  #arqc: Uint8Array | undefined;
  /** How many cryptograms it has given: two at most, the first kind once. */
  #given = 0;

  constructor(card: SampleCard, atc: number) {
    this.#card = card;
    this.#atc = atc.toString(16).toUpperCase().padStart(4, '0');
    const cardKey = deriveCardKey(fromHex(card.issuerMasterKey), card.pan, card.sequence);
    const held = card.counterfeit ? cardKey.map((byte) => byte ^ 0xaa) : cardKey;
    this.#key = sessionKey(held, fromHex(this.#atc));
  }

  /** What stands in its records, and what it told when the application was started. */
  records(): Entry[] {
    const { pan, expiry, track2, sequence, aid, label } = this.#card;
    return [
      ['84', aid],
      ['50', toHex(Buffer.from(label, 'latin1'))],
      ['57', padded(track2.replace('=', 'D'))],
      ['5A', padded(pan)],
      ['5F24', expiry + lastDay(expiry)],
      ['5F34', sequence],
      ['82', AIP],
      ['9F36', this.#atc],
    ];
  }

  /** First GENERATE AC; contactless does the same within the tap. Out: 9F26 9F27 9F10 9F36 95. */
  first(terminalData: Uint8Array): Entry[] {
    if (this.#given > 0) throw new ActionError('Card.ChipFailed', 'the card gives its first cryptogram once in a transaction (6985)');
    this.#terminal = decodeTlv(terminalData);
    const kind = this.#card.chip === 'declines-first' ? 'AAC' : 'ARQC';
    // Card verification results, byte 2: second GENERATE AC not asked for yet; what the first one gave.
    const issuerData = issuerApplicationData(kind === 'ARQC' ? 0xa0 : 0x80);
    const tvr = this.#terminal.get('95') ?? '';
    const cryptogram = this.#cryptogram(issuerData, tvr);
    if (kind === 'ARQC') this.#arqc = cryptogram;
    this.#given = 1;
    return [...answer(kind, cryptogram, issuerData), ['9F36', this.#atc], ['95', tvr]];
  }

  /** Issuer authentication with 91, second GENERATE AC, scripts. Out: 9F26 9F27 9F10 9F36 95 9B (DF31). */
  second(responseCode: string, issuerData: Uint8Array): Entry[] {
    if (!this.#arqc) throw new ActionError('Card.ChipFailed', 'the card was asked for its final answer before the first one');
    if (this.#given > 1) throw new ActionError('Card.ChipFailed', 'the card has given its final answer (6985)');
    this.#given = 2;
    const heard = tlvEntries(issuerData);
    const genuine = this.#issuerIsGenuine(responseCode, heard.find(([tag]) => tag === '91')?.[1]);
    const kind: Cryptogram = genuine && APPROVED.has(responseCode) && this.#card.chip === 'accepts' ? 'TC' : 'AAC';
    const results = (kind === 'TC' ? 0x60 : 0x20) | (genuine ? 0 : 0x08);
    const ownData = issuerApplicationData(results);
    const tvr = genuine ? (this.#terminal.get('95') ?? '') : withBit(this.#terminal.get('95') ?? '', 4, 0x40);
    const scripts = heard.filter(([tag]) => tag === '71' || tag === '72');
    const tsi = scripts.length > 0 ? 'FC00' : 'F800';
    return [
      ...answer(kind, this.#cryptogram(ownData, tvr), ownData),
      ['9F36', this.#atc],
      ['95', tvr],
      ['9B', tsi],
      ...(scripts.length > 0 ? [['DF31', scripts.map(([, script], index) => scriptResult(script, index)).join('')] as const] : []),
    ];
  }

  /** Its issuer authentication is mandatory: without a fitting 91 it does not believe an approval. */
  #issuerIsGenuine(responseCode: string, issuerAuthentication: string | undefined): boolean {
    if (!this.#arqc || issuerAuthentication?.length !== 20) return false;
    const value = fromHex(issuerAuthentication);
    const code = Buffer.from(value.subarray(8)).toString('latin1');
    if (code !== responseCode) return false;
    return equalBytes(arpc(this.#key, this.#arqc, code), value.subarray(0, 8));
  }

  #cryptogram(issuerData: string, tvr: string): Uint8Array {
    const all = new Map([...this.#terminal, ['95', tvr], ['82', AIP], ['9F36', this.#atc], ['9F10', issuerData]]);
    if (tvr === '') all.delete('95');
    try {
      return applicationCryptogram(this.#key, cryptogramData(all));
    } catch (cause) {
      throw new ActionError('Card.ChipFailed', cause instanceof RangeError ? cause.message : 'the terminal data could not be used');
    }
  }
}

export const toBytes = (entries: readonly Entry[]): Uint8Array => encodeTlv(entries);

const answer = (kind: Cryptogram, cryptogram: Uint8Array, issuerData: string): Entry[] => [
  ['9F26', toHex(cryptogram)],
  ['9F27', CID[kind]],
  ['9F10', issuerData],
];

/** Length 07, key index 01, cryptogram version 01, verification results 03 xx 00 00, algorithm 01 (triple DES). */
const issuerApplicationData = (results: number): string => `07010103${toHex(Uint8Array.of(results))}000001`;

/** One script done: result 2 with its place, and its identifier (9F18) or zeros. */
const scriptResult = (script: string, index: number): string => {
  const identifier = decodeTlv(fromHex(script)).get('9F18') ?? '00000000';
  return `2${Math.min(index + 1, 15).toString(16).toUpperCase()}${identifier}`;
};

const withBit = (hex: string, byte: number, bit: number): string => toHex(fromHex(hex).map((value, index) => (index === byte ? value | bit : value)));

/** Compressed digits are filled up with F. */
const padded = (digits: string): string => (digits.length % 2 === 0 ? digits : `${digits}F`);

const lastDay = (expiry: string): string =>
  String(new Date(Date.UTC(2000 + Number(expiry.slice(0, 2)), Number(expiry.slice(2)), 0)).getUTCDate()).padStart(2, '0');
