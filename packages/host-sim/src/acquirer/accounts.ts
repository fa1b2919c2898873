import { createHmac } from 'node:crypto';
import { luhnValid } from '@tillwright/plugin-card/protocol';
import { optionsInvalid } from '../errors.js';
import { Ledger } from '../ledger.js';

/** A card account as its issuer keeps it. All of these are test cards with test keys. */
export interface Account {
  /** 13 to 19 digits with a right check digit. */
  readonly pan: string;
  /** PAN sequence number, two digits, `01`. */
  readonly sequence: string;
  /** YYMM */
  readonly expiry: string;
  /** 4 to 12 digits, or empty: the card has none. */
  readonly pin: string;
  /** Opening balance in fen: what the ledger holds comes off it, so it outlives a restart. */
  readonly balanceMinor: number;
  /** 16 bytes as hex; the chip's keys derive from it. */
  readonly issuerMasterKey: string;
  /** Response code to refuse it with: `41` lost, `43` stolen, ... */
  readonly blocked?: string;
  /** Three digits; 2xx and 6xx have a chip. */
  readonly serviceCode: string;
  /** Issuer's code or short name as DE 44 shows it: up to 11 bytes of GBK. */
  readonly issuer: string;
}

/** What the issuer remembers of a card. */
export interface CardMemory {
  /** Account id: the PAN itself is never written down. */
  readonly reference: string;
  /** Wrong PINs in a row. */
  readonly wrongPins: number;
  /** Highest application transaction counter that was used up. */
  readonly lastAtc: number;
}

const WRONG_PINS_MAX = 3;

/** The issuer's accounts: definitions in memory, given at start or by the control API; what it remembers of cards on disk. */
export class Accounts {
  readonly #byPan = new Map<string, Account>();
  readonly #memory: Ledger<CardMemory>;
  readonly #idKey: Uint8Array;

  private constructor(memory: Ledger<CardMemory>, idKey: Uint8Array) {
    this.#memory = memory;
    this.#idKey = idKey;
  }

  static async open(options: { readonly dir?: string | undefined; readonly idKey: Uint8Array; readonly accounts: unknown }): Promise<Accounts> {
    const parsed = parseAccounts(options.accounts);
    const memory = await Ledger.open<CardMemory>({ dir: options.dir, name: 'acquirer-cards' });
    const accounts = new Accounts(memory, options.idKey);
    for (const account of parsed) accounts.#byPan.set(account.pan, account);
    return accounts;
  }

  /**
   * Adds accounts or replaces those with the same PAN; wrong PINs are forgiven, as when the issuer unblocks a card.
   * @throws HOST_OPTIONS_INVALID; nothing is changed then
   */
  async register(body: unknown): Promise<void> {
    const parsed = parseAccounts(body);
    for (const account of parsed) {
      this.#byPan.set(account.pan, account);
      const memory = this.memory(account.pan);
      if (memory.wrongPins > 0) await this.remember({ ...memory, wrongPins: 0 });
    }
  }

  find(pan: string): Account | undefined {
    return this.#byPan.get(pan);
  }

  /** A name for the account that does not give away its PAN: keyed, and the key stays with the host. */
  id(pan: string): string {
    return createHmac('sha256', this.#idKey).update(pan).digest('hex').slice(0, 24);
  }

  memory(pan: string): CardMemory {
    const reference = this.id(pan);
    return this.#memory.get(reference) ?? { reference, wrongPins: 0, lastAtc: -1 };
  }

  /** Durable when it resolves; seen by `memory` at once. */
  async remember(memory: CardMemory): Promise<void> {
    await this.#memory.put(memory);
  }

  close(): Promise<void> {
    return this.#memory.close();
  }
}

export function pinTriesUsedUp(memory: CardMemory): boolean {
  return memory.wrongPins >= WRONG_PINS_MAX;
}

/** @throws HOST_OPTIONS_INVALID naming the entry and the field; never its value */
export function parseAccounts(body: unknown): readonly Account[] {
  const list: readonly unknown[] = Array.isArray(body) ? body : [body];
  return list.map((value, index) => {
    const wrong = (field: string): Error => optionsInvalid(`account ${index + 1}: "${field}" is missing or wrong`);
    if (typeof value !== 'object' || value === null) throw optionsInvalid(`account ${index + 1} is not an object`);
    const account = value as Record<string, unknown>;
    const text = (field: string, shape: RegExp): string => {
      const found = account[field];
      if (typeof found !== 'string' || !shape.test(found)) throw wrong(field);
      return found;
    };
    const pan = text('pan', /^\d{13,19}$/);
    if (!luhnValid(pan)) throw wrong('pan');
    const { balanceMinor, blocked } = account;
    if (typeof balanceMinor !== 'number' || !Number.isSafeInteger(balanceMinor)) throw wrong('balanceMinor');
    if (blocked !== undefined) text('blocked', /^[0-9A-Z]{2}$/);
    return {
      pan,
      sequence: text('sequence', /^\d{2}$/),
      expiry: text('expiry', /^\d{2}(0[1-9]|1[0-2])$/),
      pin: text('pin', /^(\d{4,12})?$/),
      balanceMinor,
      issuerMasterKey: text('issuerMasterKey', /^[0-9A-Fa-f]{32}$/),
      serviceCode: text('serviceCode', /^\d{3}$/),
      issuer: text('issuer', /^[\x20-\x7E\u4E00-\u9FA5]{1,11}$/),
      ...(blocked === undefined ? {} : { blocked: blocked as string }),
    };
  });
}
