import { checkValue, concatBytes, desEcb, fromHex, toHex } from '@tillwright/plugin-card/protocol';
import type { RandomBytes } from '../clock.js';
import { randomDesKey } from '../keys.js';
import { Ledger } from '../ledger.js';

/** A terminal as its acquirer registered it: 8 and 15 characters. */
export interface TerminalIdentity {
  readonly tid: string;
  readonly mid: string;
}

export interface WorkingKeys {
  /** 16 bytes: encrypts PIN blocks. */
  readonly pinKey: Uint8Array;
  /** 8 bytes. */
  readonly macKey: Uint8Array;
}

/** What is kept of a terminal. Working keys only as cryptograms under the terminal master key. */
interface TerminalRecord {
  readonly reference: string;
  readonly batch: string;
  readonly pinKeyCryptogram?: string;
  readonly macKeyCryptogram?: string;
}

const FIRST_BATCH = '000001';

/** The acquirer's terminals with their batch numbers and working keys; they outlive a restart. */
export class Terminals {
  readonly #merchants: ReadonlyMap<string, string>;
  readonly #records: Ledger<TerminalRecord>;
  readonly #masterKey: Uint8Array;
  readonly #random: RandomBytes;

  private constructor(terminals: readonly TerminalIdentity[], keys: { readonly masterKey: Uint8Array; readonly random: RandomBytes }, records: Ledger<TerminalRecord>) {
    this.#merchants = new Map(terminals.map(({ tid, mid }) => [tid, mid]));
    this.#masterKey = keys.masterKey;
    this.#random = keys.random;
    this.#records = records;
  }

  static async open(options: { readonly dir?: string | undefined; readonly terminals: readonly TerminalIdentity[]; readonly masterKey: Uint8Array; readonly random: RandomBytes }): Promise<Terminals> {
    const records = await Ledger.open<TerminalRecord>({ dir: options.dir, name: 'acquirer-terminals' });
    return new Terminals(options.terminals, options, records);
  }

  /** The merchant a terminal belongs to, or undefined when nobody registered it. */
  merchant(tid: string): string | undefined {
    return this.#merchants.get(tid);
  }

  batch(tid: string): string {
    return this.#records.get(tid)?.batch ?? FIRST_BATCH;
  }

  /** The batch is settled, and another one begins: the terminal hears of it when it signs on. Its keys stay. */
  async closeBatch(tid: string): Promise<void> {
    const batch = String((Number(this.batch(tid)) % 999_999) + 1).padStart(6, '0');
    await this.#records.put({ ...this.#records.get(tid), reference: tid, batch });
  }

  /** Undefined until the terminal has signed on. */
  workingKeys(tid: string): WorkingKeys | undefined {
    const record = this.#records.get(tid);
    if (record?.pinKeyCryptogram === undefined || record.macKeyCryptogram === undefined) return undefined;
    return {
      pinKey: desEcb(this.#masterKey, fromHex(record.pinKeyCryptogram), 'decrypt'),
      macKey: desEcb(this.#masterKey, fromHex(record.macKeyCryptogram), 'decrypt'),
    };
  }

  /**
   * Makes new working keys, valid once this resolves.
   * @returns DE 62 as hex, 40 bytes: PIN key 16 + check value 4 + MAC key 8 + 8 zero bytes + check value 4
   */
  async signOn(tid: string): Promise<string> {
    const pinKey = randomDesKey(16, this.#random);
    const macKey = randomDesKey(8, this.#random);
    const pinKeyCryptogram = desEcb(this.#masterKey, pinKey, 'encrypt');
    const macKeyCryptogram = desEcb(this.#masterKey, macKey, 'encrypt');
    await this.#records.put({
      reference: tid,
      batch: this.batch(tid),
      pinKeyCryptogram: toHex(pinKeyCryptogram),
      macKeyCryptogram: toHex(macKeyCryptogram),
    });
    return toHex(concatBytes(pinKeyCryptogram, checkValue(pinKey), macKeyCryptogram, new Uint8Array(8), checkValue(macKey)));
  }

  /** Forgets the working keys: nothing is accepted until the next sign-on. */
  async signOff(tid: string): Promise<void> {
    await this.#records.put({ reference: tid, batch: this.batch(tid) });
  }

  close(): Promise<void> {
    return this.#records.close();
  }
}
