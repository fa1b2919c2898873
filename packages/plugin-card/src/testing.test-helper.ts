/** Parts that this package's tests stand on: a clock turned by hand, a PIN pad with real keys, and an acquirer of few words on TCP. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ActionError, type Clock, type Counters, type Json, type Live, type PinPad, type RandomSource, Sensitive, type Terminal, type Text, type Vault } from '@tillwright/core/contract';
import type { CardOptions } from './options.js';
import { checkValue, concatBytes, decode, desEcb, encode, equalBytes, frame, FrameReader, fromHex, type Iso8583Message, macInput, pinBlockFormat0, retailMac, toHex, unionpayEcbMac } from './protocol.js';

export const TERMINAL: Terminal = { id: 'T1', tid: '00000001', mid: '898000000000001', name: '街角小店', operatorId: '01' };
export const MASTER_KEY = fromHex('70F2A84CCBC2AE8625CBB0F2C22AB923');
export const NOW = Date.UTC(2026, 10, 23, 6, 0, 0);

export class ManualClock implements Clock {
  #now = NOW;
  readonly #timers = new Set<{ at: number; fire: () => void }>();
  now(): number {
    return this.#now;
  }
  until(atMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      if (atMs <= this.#now) return resolve();
      const timer = { at: atMs, fire: resolve };
      this.#timers.add(timer);
      signal?.addEventListener('abort', () => {
        this.#timers.delete(timer);
        reject(signal.reason);
      });
    });
  }
  /** How many wait for a time to come. */
  get waiting(): number {
    return this.#timers.size;
  }
  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.fire();
    }
  }
}

export const counters = (): Counters & { readonly values: Map<string, number> } => {
  const values = new Map<string, number>();
  return {
    values,
    current: (name, from) => values.get(name) ?? from,
    next: (name, { min, max }) => {
      const last = values.get(name);
      const value = last === undefined || last >= max || last < min ? min : last + 1;
      values.set(name, value);
      return value;
    },
    set: (name, to) => void values.set(name, to),
  };
};

export const vault = (): Vault & { readonly held: Map<string, unknown> } => {
  const held = new Map<string, Sensitive<unknown>>();
  let count = 0;
  return {
    held,
    put: (kind, secret, view) => {
      count += 1;
      held.set(`v${count}`, secret);
      return { sensitive: `v${count}`, kind, view };
    },
    take: <T>(reference: Json, kind: string): Sensitive<T> => {
      const { sensitive, kind: is } = (reference ?? {}) as { sensitive?: string; kind?: string };
      const secret = held.get(sensitive ?? '');
      if (secret === undefined || is !== kind) throw new ActionError('Sensitive.Lost', `the ${kind} is gone`);
      return secret as Sensitive<T>;
    },
    forget: ({ sensitive }) => void held.delete(sensitive),
  };
};

export interface Shown {
  readonly audience: string;
  readonly text: Text;
  readonly details?: unknown;
}

export const live = (from: Vault, shown: Shown[] = [], signal: AbortSignal = new AbortController().signal): Live => ({
  vault: from,
  signal,
  show: (audience, text, details) => void shown.push({ audience, text, details }),
});

export const countingRandom: RandomSource = { bytes: (length) => Uint8Array.from({ length }, (_, index) => index + 1) };

const MAC = { 'unionpay-ecb': unionpayEcbMac, 'x9.19': retailMac } as const;

/** Real cryptography, no keyboard: `pin` is what the customer types next. */
export class TestPinPad implements PinPad {
  readonly serial = 'PAD00042';
  pin: string | 'bypass' | 'cancel' = '123456';
  keys: { pin: Uint8Array; mac: Uint8Array } | undefined;
  loads = 0;
  readonly #deviceKey = randomBytes(32);
  async ready(): Promise<boolean> {
    return this.keys !== undefined;
  }
  async loadWorkingKeys(keys: Parameters<PinPad['loadWorkingKeys']>[0]): Promise<void> {
    const open = (key: { encrypted: Uint8Array; checkValue: Uint8Array }): Uint8Array => {
      const clear = desEcb(MASTER_KEY, key.encrypted, 'decrypt');
      if (!equalBytes(checkValue(clear), key.checkValue)) throw new ActionError('PinPad.BadKey', 'check value');
      return clear;
    };
    this.keys = { pin: open(keys.pin), mac: open(keys.mac) };
    this.loads += 1;
  }
  async enterPin(request: Parameters<PinPad['enterPin']>[0]): ReturnType<PinPad['enterPin']> {
    if (this.pin === 'cancel') return { status: 'cancelled' };
    if (this.pin === 'bypass') return { status: 'bypassed' };
    for (let count = 1; count <= this.pin.length; count += 1) request.onDigits?.(count);
    return { status: 'entered', pinBlock: new Sensitive(desEcb(this.#key('pin'), pinBlockFormat0(this.pin, request.pan.reveal()), 'encrypt')) };
  }
  async mac(data: Uint8Array, algorithm: Parameters<PinPad['mac']>[1]): Promise<Uint8Array> {
    return MAC[algorithm](this.#key('mac'), data);
  }
  async seal(plain: Sensitive<Uint8Array>, context: string): Promise<Uint8Array> {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#deviceKey, nonce).setAAD(Buffer.from(context));
    return concatBytes(nonce, cipher.update(plain.reveal()), cipher.final(), cipher.getAuthTag());
  }
  async unseal(sealed: Uint8Array, context: string): Promise<Sensitive<Uint8Array>> {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#deviceKey, sealed.subarray(0, 12)).setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-16));
      return new Sensitive(concatBytes(decipher.update(sealed.subarray(12, -16)), decipher.final()));
    } catch {
      throw new ActionError('PinPad.Replaced', 'sealed elsewhere');
    }
  }
  #key(name: 'pin' | 'mac'): Uint8Array {
    if (this.keys === undefined) throw new ActionError('PinPad.NoKeys', 'none');
    return this.keys[name];
  }
}

/** What the acquirer does with a message: answers (one after the other), or nothing, or hangs up. */
export type Reply = readonly (Iso8583Message | Uint8Array | 'hang-up')[] | 'hang-up' | undefined;

/** Signs terminals on with new keys each time; all else is the test's to say. */
export class TestAcquirer {
  readonly requests: Iso8583Message[] = [];
  /** By message type: what to do instead of approving. Used once each, in order. */
  readonly replies: { [mti: string]: ((request: Iso8583Message) => Reply | Promise<Reply>)[] } = {};
  batch = '000007';
  macAlgorithm: keyof typeof MAC = 'unionpay-ecb';
  /** How many of the next sign-ons carry wrong check values. */
  badCheckValues = 0;
  keys: { pin: Uint8Array; mac: Uint8Array } | undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<TestAcquirer> {
    const acquirer = new TestAcquirer();
    await new Promise<void>((resolve) => acquirer.#server.listen(0, '127.0.0.1', resolve));
    return acquirer;
  }

  get options(): CardOptions {
    const { port } = this.#server.address() as AddressInfo;
    return { acquirer: { host: '127.0.0.1', port, tpdu: '6000030000', header: '603100310100' } };
  }

  /** Messages of one type, oldest first. */
  of(mti: string): readonly Iso8583Message[] {
    return this.requests.filter((request) => request.mti === mti);
  }

  next(mti: string, ...replies: ((request: Iso8583Message) => Reply | Promise<Reply>)[]): void {
    (this.replies[mti] ??= []).push(...replies);
  }

  /** An answer as an honest host gives it, with its MAC; `changes` overrides fields, undefined takes one out. */
  answer(request: Iso8583Message, code: string, changes: { readonly [field: number]: string | undefined } = {}): Iso8583Message {
    const repeated = [2, 3, 4, 11, 14, 25, 41, 42, 49, 53].flatMap((field) => (request.fields[field] === undefined ? [] : [[field, request.fields[field]] as const]));
    const fields: Record<number, string | undefined> = {
      ...Object.fromEntries(repeated),
      12: '140509',
      13: '1123',
      15: '1124',
      32: '48020000',
      37: '632700000017',
      38: 'A12345',
      39: code,
      44: `${'测试银行甲'.padEnd(6)}${'48020000'.padEnd(11)}`,
      60: request.fields[60]?.slice(0, 11),
      ...changes,
    };
    const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<number, string>;
    return this.signed({ ...request, mti: `${request.mti.slice(0, 2)}${Number(request.mti[2]) + 1}0`, fields: present });
  }

  signed(message: Iso8583Message): Iso8583Message {
    if (this.keys === undefined) return message;
    const mac = MAC[this.macAlgorithm](this.keys.mac, macInput(encode({ ...message, fields: { ...message.fields, 64: '0'.repeat(16) } })));
    return { ...message, fields: { ...message.fields, 64: toHex(mac) } };
  }

  /** True when a request's own MAC fits. */
  macFits(request: Iso8583Message): boolean {
    return request.fields[64] !== undefined && this.signed({ ...request, fields: { ...request.fields } }).fields[64] === request.fields[64];
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const frames = new FrameReader();
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const bytes of frames.push(chunk)) void this.#handle(socket, decode(bytes));
    });
  }

  async #handle(socket: Socket, request: Iso8583Message): Promise<void> {
    this.requests.push(request);
    const reply = await (this.replies[request.mti]?.shift() ?? ((r: Iso8583Message): Reply => [r.mti === '0800' ? this.signOn(r) : this.answer(r, '00')]))(request);
    if (reply === 'hang-up') socket.destroy();
    else
      for (const message of reply ?? []) {
        if (message === 'hang-up') socket.end();
        else socket.write(frame(message instanceof Uint8Array ? message : encode(message)));
      }
  }

  /** New working keys for a terminal; `changes` overrides fields of the answer. */
  signOn(request: Iso8583Message, changes: { readonly [field: number]: string } = {}): Iso8583Message {
    const networkCode = request.fields[60]?.slice(8);
    const size = networkCode === '001' ? 8 : 16;
    this.keys = { pin: Uint8Array.from(randomBytes(size)), mac: Uint8Array.from(randomBytes(this.macAlgorithm === 'x9.19' ? 16 : 8)) };
    const spoil = this.badCheckValues > 0 ? 1 : 0;
    this.badCheckValues -= spoil;
    const proof = (key: Uint8Array): Uint8Array => checkValue(key).map((byte) => byte ^ spoil);
    const { pin, mac } = this.keys;
    const field62 = concatBytes(desEcb(MASTER_KEY, pin, 'encrypt'), proof(pin), desEcb(MASTER_KEY, mac, 'encrypt'), new Uint8Array(size - mac.length), proof(mac));
    const fields = { 11: request.fields[11] ?? '', 39: '00', 41: request.fields[41] ?? '', 42: request.fields[42] ?? '', 60: `00${this.batch}${networkCode}`, 62: toHex(field62) };
    return { ...request, mti: '0810', fields: { ...fields, ...changes } };
  }
}
