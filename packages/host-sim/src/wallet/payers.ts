import { createHmac } from 'node:crypto';
import { optionsInvalid } from '../errors.js';

/** What a payer does once the wallet has asked. */
export type PayerOutcome = 'pays' | 'walks-away' | 'declines';

/** A person with a wallet on a phone. Found by one exact payer's code, or by a range of its leading digits. */
export interface Payer {
  /** One payer's code, or with `codePrefixRange` left out nothing else. Used once, like every code. */
  readonly code?: string;
  /** First and last leading digits, both of one length: `['2801', '2809']`. */
  readonly codePrefixRange?: readonly [from: string, to: string];
  /** Integer fen. Payments of the host's ledger are taken off, refunds are put back. */
  readonly balanceMinor: number;
  readonly name: string;
  /** `needed`: asked at every amount; `never`: at none; left out: over 1000 yuan. */
  readonly password?: 'needed' | 'never';
  /** `pays` when left out. Whoever declines or walks away is asked first, whatever the amount. */
  readonly outcome?: PayerOutcome;
  /**
   * How many inquiries (or, at WeChat Pay, refused reversals) still hear "paying" before a payer who is asked decides;
   * 1 when left out. Above 0 the payer is always asked.
   */
  readonly paysAfterQueries?: number;
}

/** A payer who was asked and has not decided yet. */
export interface Waiting {
  readonly queriesLeft: number;
  readonly outcome: PayerOutcome;
}

/** A payer as the host knows one: `id` is stable and tells nothing of the code. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly balanceMinor: number;
  readonly password: 'over-limit' | 'needed' | 'never';
  readonly outcome: PayerOutcome;
  readonly paysAfterQueries: number | undefined;
}

/** Amounts above this need the payer's password: 1000 yuan, in fen. */
export const PASSWORD_OVER_MINOR = 100_000;

const DEFAULT_NAME = 'default payer';
const DEFAULT_BALANCE_MINOR = 1_000_000_000_000;

/** All payers of one wallet. A code nobody registered belongs to a default payer with a large balance. */
export class PayerBook {
  readonly #secret: string;
  readonly #codeShape: RegExp;
  #payers: readonly Payer[] = [];

  /**
   * @param options.secret     keys the digests, so that the ledger's file tells no payer's code
   * @param options.codeShape  what a payer's code of this wallet looks like, whole
   */
  constructor(options: { readonly secret: string; readonly codeShape: RegExp; readonly payers: readonly Payer[] }) {
    this.#secret = options.secret;
    this.#codeShape = options.codeShape;
    this.register(options.payers);
  }

  /**
   * Takes payers to know: an array, or `{ payers: [...] }`. The newest is found first.
   * @throws HOST_OPTIONS_INVALID
   */
  register(body: unknown): void {
    const list = Array.isArray(body) ? (body as unknown[]) : (body as { payers?: unknown } | null | undefined)?.payers;
    if (!Array.isArray(list)) throw optionsInvalid('payers are given as an array, or as { "payers": [...] }');
    this.#payers = [...list.map((value) => parsePayer(value, this.#codeShape)), ...this.#payers];
  }

  isCode(code: string): boolean {
    return this.#codeShape.test(code);
  }

  find(code: string): Person {
    const payer =
      this.#payers.find((each) => each.code === code) ??
      this.#payers.find((each) => inRange(code, each.codePrefixRange));
    return this.#person(payer ?? { name: DEFAULT_NAME, balanceMinor: DEFAULT_BALANCE_MINOR });
  }

  /** Who scans a merchant's QR when nobody is named. */
  someone(): Person {
    return this.#person({ name: DEFAULT_NAME, balanceMinor: DEFAULT_BALANCE_MINOR });
  }

  balanceMinor(personId: string): number {
    const payer = this.#payers.find((each) => this.digest(`payer:${each.name}`) === personId);
    return payer?.balanceMinor ?? DEFAULT_BALANCE_MINOR;
  }

  /** A short keyed digest: the same text gives the same digest, and nothing leads back. */
  digest(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url').slice(0, 22);
  }

  #person(payer: Payer): Person {
    return {
      id: this.digest(`payer:${payer.name}`),
      name: payer.name,
      balanceMinor: payer.balanceMinor,
      password: payer.password ?? 'over-limit',
      outcome: payer.outcome ?? 'pays',
      paysAfterQueries: payer.paysAfterQueries,
    };
  }
}

/** What the wallet asks of this payer for this amount; undefined when it takes the money without asking. */
export function asked(person: Person, amountMinor: number): Waiting | undefined {
  const queries = person.paysAfterQueries ?? 0;
  const forPassword =
    person.password === 'needed' || (person.password === 'over-limit' && amountMinor > PASSWORD_OVER_MINOR);
  if (!forPassword && queries === 0 && person.outcome === 'pays') return undefined;
  return { queriesLeft: person.paysAfterQueries ?? 1, outcome: person.outcome };
}

function inRange(code: string, range: readonly [string, string] | undefined): boolean {
  if (range === undefined) return false;
  const digits = code.slice(0, range[0].length);
  return digits >= range[0] && digits <= range[1];
}

function parsePayer(value: unknown, codeShape: RegExp): Payer {
  if (typeof value !== 'object' || value === null) throw optionsInvalid('a payer is an object');
  const payer = value as Record<string, unknown>;
  const { code, codePrefixRange: range, balanceMinor, name, password, outcome, paysAfterQueries, ...rest } = payer;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw optionsInvalid(`a payer has no field "${unknown}"`);
  if (typeof name !== 'string' || name === '') throw optionsInvalid('a payer has a "name"');
  if (!Number.isSafeInteger(balanceMinor) || (balanceMinor as number) < 0) throw optionsInvalid('"balanceMinor" is a whole number of fen, from 0');
  if (code === undefined && range === undefined) throw optionsInvalid('a payer has a "code" or a "codePrefixRange"');
  if (code !== undefined && !(typeof code === 'string' && codeShape.test(code))) throw optionsInvalid('"code" has not the shape of this wallet\'s payer codes');
  if (range !== undefined && !isRange(range)) throw optionsInvalid('"codePrefixRange" is [from, to], digits of one length');
  if (password !== undefined && password !== 'needed' && password !== 'never') throw optionsInvalid('"password" is needed or never');
  if (outcome !== undefined && !isOutcome(outcome)) throw optionsInvalid('"outcome" is pays, walks-away or declines');
  if (paysAfterQueries !== undefined && !(Number.isSafeInteger(paysAfterQueries) && (paysAfterQueries as number) >= 0)) {
    throw optionsInvalid('"paysAfterQueries" is a whole number from 0');
  }
  return value as Payer;
}

export function isOutcome(value: unknown): value is PayerOutcome {
  return value === 'pays' || value === 'walks-away' || value === 'declines';
}

function isRange(value: unknown): value is readonly [string, string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [from, to] = value as unknown[];
  return typeof from === 'string' && typeof to === 'string' && /^\d+$/.test(from) && /^\d+$/.test(to) && from.length === to.length && from <= to;
}
