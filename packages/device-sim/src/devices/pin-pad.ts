import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ActionError, type LogMark, type PinPad, Sensitive } from '@tillwright/core/contract';
import { checkValue, concatBytes, desEcb, equalBytes, pinBlockFormat0, retailMac, unionpayEcbMac } from '@tillwright/plugin-card/protocol';
import type { Stage } from '../stage.js';
import type { PadMemory } from './pad-memory.js';
import { Wait } from './wait.js';

type PinRequest = Parameters<PinPad['enterPin']>[0];
type PinResult = Awaited<ReturnType<PinPad['enterPin']>>;

const SEALED_VERSION = 1;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/** A PIN pad with real cryptography behind a simulated keyboard. Keys and clear PINs never leave it. */
export class SimulatedPinPad implements PinPad {
  readonly #stage: Stage;
  readonly #memory: PadMemory;
  readonly #wait = new Wait<PinResult>();
  #request: PinRequest | undefined;
  #digits = '';

  constructor(stage: Stage, memory: PadMemory) {
    this.#stage = stage;
    this.#memory = memory;
  }

  get serial(): string {
    return this.#memory.serial;
  }

  async ready(): Promise<boolean> {
    this.#mustWork();
    return this.#memory.key('pinKey') !== undefined && this.#memory.key('macKey') !== undefined;
  }

  /** All or nothing: with one wrong check value both former keys stay. */
  async loadWorkingKeys(keys: Parameters<PinPad['loadWorkingKeys']>[0]): Promise<void> {
    this.#mustWork();
    const master = this.#key('terminalMasterKey', 'no terminal master key is in the PIN pad');
    const pinKey = opened(master, keys.pin, [16], 'PIN key');
    const macKey = opened(master, keys.mac, [8, 16], 'MAC key');
    this.#memory.keepWorkingKeys(pinKey, macKey);
  }

  async enterPin(request: PinRequest): Promise<PinResult> {
    this.#mustWork();
    this.#key('pinKey', 'no PIN key is in the PIN pad');
    if (!/^\d{13,19}$/.test(request.pan.reveal())) throw new ActionError('Device.Unavailable', 'the PIN pad was given no card number');
    const { amount, allowBypass } = request;
    const [minLength, maxLength] = [Math.max(request.minLength, 4), Math.min(request.maxLength, 12)];
    try {
      return await this.#wait.start(request.signal, () => {
        this.#request = request;
        this.#digits = '';
        this.#stage.waiting({ device: 'pinpad', for: 'pin', amount, minLength, maxLength, allowBypass });
      });
    } finally {
      if (!this.#wait.isOpen) {
        this.#digits = '';
        this.#request = undefined;
        this.#stage.idle('pinpad');
      }
    }
  }

  async mac(data: Uint8Array, algorithm: 'unionpay-ecb' | 'x9.19'): Promise<Uint8Array> {
    this.#mustWork();
    const key = this.#key('macKey', 'no MAC key is in the PIN pad');
    if (algorithm === 'unionpay-ecb') return unionpayEcbMac(key, data);
    if (key.length !== 16) throw new ActionError('PinPad.BadKey', 'this MAC needs a double-length key');
    return retailMac(key, data);
  }

  async seal(plain: Sensitive<Uint8Array>, context: string): Promise<Uint8Array> {
    this.#mustWork();
    const nonce = randomBytes(NONCE_LENGTH);
    const cipher = createCipheriv('aes-256-gcm', this.#key('deviceKey', 'no device key'), nonce).setAAD(Buffer.from(context, 'utf8'));
    return concatBytes(Uint8Array.of(SEALED_VERSION), nonce, cipher.update(plain.reveal()), cipher.final(), cipher.getAuthTag());
  }

  async unseal(sealed: Uint8Array, context: string): Promise<Sensitive<Uint8Array>> {
    this.#mustWork();
    if (sealed[0] !== SEALED_VERSION || sealed.length < 1 + NONCE_LENGTH + TAG_LENGTH) throw foreign();
    const nonce = sealed.subarray(1, 1 + NONCE_LENGTH);
    const decipher = createDecipheriv('aes-256-gcm', this.#key('deviceKey', 'no device key'), nonce, { authTagLength: TAG_LENGTH })
      .setAAD(Buffer.from(context, 'utf8'))
      .setAuthTag(sealed.subarray(-TAG_LENGTH));
    try {
      return new Sensitive(concatBytes(decipher.update(sealed.subarray(1 + NONCE_LENGTH, -TAG_LENGTH)), decipher.final()));
    } catch {
      throw foreign();
    }
  }

  async logMark(): Promise<LogMark | undefined> {
    this.#mustWork();
    return this.#memory.logMark;
  }

  async keepLogMark(mark: LogMark): Promise<void> {
    this.#mustWork();
    this.#memory.keepLogMark(mark);
  }

  // -- the keyboard: each returns false where the pad takes no notice

  type(digits: string): boolean {
    const request = this.#waitingFor();
    if (!request || !/^\d+$/.test(digits)) return false;
    if (this.#digits.length + digits.length > Math.min(request.maxLength, 12)) return this.#ignore('too many digits');
    this.#digits += digits;
    this.#showDigits();
    return true;
  }

  clear(): boolean {
    if (!this.#waitingFor()) return false;
    this.#digits = '';
    this.#showDigits();
    return true;
  }

  enter(): boolean {
    const request = this.#waitingFor();
    if (!request) return false;
    if (this.#digits === '' && request.allowBypass) return this.bypass();
    if (this.#digits.length < Math.max(request.minLength, 4)) return this.#ignore('too few digits');
    const pinKey = this.#key('pinKey', 'no PIN key is in the PIN pad');
    const pinBlock = desEcb(pinKey, pinBlockFormat0(this.#digits, request.pan.reveal()), 'encrypt');
    this.#digits = '';
    this.#stage.happened('pin');
    return this.#wait.resolve({ status: 'entered', pinBlock: new Sensitive(pinBlock) });
  }

  bypass(): boolean {
    const request = this.#waitingFor();
    if (!request) return false;
    if (!request.allowBypass) return this.#ignore('a PIN is needed here');
    this.#stage.happened('pin');
    return this.#wait.resolve({ status: 'bypassed' });
  }

  cancel(): boolean {
    if (!this.#waitingFor()) return false;
    this.#stage.happened('pin');
    return this.#wait.resolve({ status: 'cancelled' });
  }

  /** The till that asked is gone. */
  abandon(): void {
    this.#wait.abandon();
    this.#request = undefined;
    this.#digits = '';
  }

  fail(why: string): boolean {
    return this.#wait.reject(new ActionError('Device.Unavailable', why));
  }

  #waitingFor(): PinRequest | undefined {
    return this.#wait.isOpen ? this.#request : undefined;
  }

  #showDigits(): void {
    this.#request?.onDigits?.(this.#digits.length);
    this.#stage.digits(this.#digits.length);
  }

  #ignore(why: string): false {
    this.#stage.ignored('pinpad', why);
    return false;
  }

  #key(name: Parameters<PadMemory['key']>[0], missing: string): Uint8Array {
    const key = this.#memory.key(name);
    if (!key) throw new ActionError('PinPad.NoKeys', missing);
    return key;
  }

  #mustWork(): void {
    if (this.#stage.broken('pinpad')) throw new ActionError('Device.Unavailable', 'the PIN pad does not answer');
  }
}

const foreign = (): ActionError => new ActionError('PinPad.Replaced', 'it was sealed by another PIN pad or for another purpose');

/** Decrypts a working key and holds it against its check value. */
const opened = (
  master: Uint8Array,
  sent: { readonly encrypted: Uint8Array; readonly checkValue: Uint8Array },
  lengths: readonly number[],
  name: string,
): Uint8Array => {
  if (!lengths.includes(sent.encrypted.length) || sent.checkValue.length !== 4) throw new ActionError('PinPad.BadKey', `the ${name} has a wrong length`);
  const key = desEcb(master, sent.encrypted, 'decrypt');
  if (!equalBytes(checkValue(key), sent.checkValue)) throw new ActionError('PinPad.BadKey', `the check value of the ${name} does not fit`);
  return key;
};
