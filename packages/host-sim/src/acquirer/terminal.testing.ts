import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  applicationCryptogram, cryptogramData, decode, decodeTlv, deriveCardKey, desEcb, encode, encodeTlv, frame, FrameReader, fromHex, macInput, pinBlockFormat0,
  sessionKey, toHex, unionpayEcbMac, type Iso8583Message,
} from '@tillwright/plugin-card/protocol';
import type { LedgerEntry } from '../control.js';
import type { AcquirerEndpoints } from '../endpoints.js';
import type { Fault } from '../faults.js';
import type { Account } from './accounts.js';
import { startAcquirer, type AcquirerOptions } from './acquirer.js';

/** 2026-11-23 10:11:12 in China. */
export const NOW = Date.parse('2026-11-23T02:11:12Z');

const ISSUER_KEY = '404142434445464748494A4B4C4D4E4F';
const common = { sequence: '01', expiry: '3012', pin: '1234', balanceMinor: 1_000_000, issuerMasterKey: ISSUER_KEY, issuer: '01020000' };
export const CHIP: Account = { ...common, pan: '6222020000000007', serviceCode: '220' };
export const STRIPE: Account = { ...common, pan: '6222020000000015', serviceCode: '120' };

/** What a test says about a sale; all else is as a real terminal fills it in. */
export interface SaleInput {
  readonly account: Account;
  readonly amountMinor: number;
  readonly entry: 'swiped' | 'chip' | 'contactless';
  readonly trace: string;
  readonly batch?: string;
  readonly pin?: string;
  readonly atc?: number;
  readonly fields?: { readonly [dataElement: number]: string | undefined };
  readonly chip?: { readonly [tag: string]: string | undefined };
  readonly chipCondition?: '0' | '1' | '2';
}

/** A terminal on a socket: nothing between the test and the bytes but the codec. */
export class Terminal {
  readonly #host: AcquirerEndpoints;
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #answers: Uint8Array[] = [];
  #waiting: ((bytes: Uint8Array | 'closed') => void) | undefined;
  #closed = false;
  pinKey = new Uint8Array(16);
  macKey = new Uint8Array(8);

  private constructor(host: AcquirerEndpoints, socket: Socket) {
    this.#host = host;
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const bytes of this.#reader.push(chunk)) this.#heard(bytes);
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#waiting?.('closed');
    });
  }

  static async connect(host: AcquirerEndpoints): Promise<Terminal> {
    const socket = connect(host.port, host.host);
    await once(socket, 'connect');
    return new Terminal(host, socket);
  }

  /** On a new connection, with the keys of this one. */
  async again(host: AcquirerEndpoints = this.#host): Promise<Terminal> {
    const other = await Terminal.connect(host);
    other.pinKey = this.pinKey;
    other.macKey = this.macKey;
    return other;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Says that nothing more comes, and waits until the host has hung up too. */
  async finish(): Promise<void> {
    this.#socket.end();
    while ((await this.next()) !== 'closed');
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next answer's bytes without their length, or that the host hung up. */
  next(): Promise<Uint8Array | 'closed'> {
    const ready = this.#answers.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#closed) return Promise.resolve('closed');
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  async answer(): Promise<Iso8583Message> {
    const bytes = await this.next();
    if (bytes === 'closed') throw new Error('the host hung up');
    return decode(bytes);
  }

  async exchange(message: Iso8583Message): Promise<Iso8583Message> {
    this.sendBytes(frame(this.encode(message)));
    return this.answer();
  }

  async signOn(): Promise<Iso8583Message> {
    const answer = await this.exchange(this.network('0800', '003', '000001'));
    const keys = fromHex(answer.fields[62] ?? '');
    const master = fromHex(this.#host.terminalMasterKey);
    this.pinKey = Uint8Array.from(desEcb(master, keys.slice(0, 16), 'decrypt'));
    this.macKey = Uint8Array.from(desEcb(master, keys.slice(20, 28), 'decrypt'));
    return answer;
  }

  network(mti: '0800' | '0820', code: string, trace: string): Iso8583Message {
    return this.#message(mti, { 11: trace, 60: `00000001${code}` });
  }

  sale(input: SaleInput): Iso8583Message {
    const { account, entry } = input;
    const amount = String(input.amountMinor).padStart(12, '0');
    const mode = { swiped: '02', chip: '05', contactless: '07' }[entry];
    const block = input.pin === undefined ? undefined : toHex(desEcb(this.pinKey, pinBlockFormat0(input.pin, account.pan), 'encrypt'));
    return this.#message('0200', {
      2: account.pan,
      3: '000000',
      4: amount,
      11: input.trace,
      14: account.expiry,
      22: `${mode}${block === undefined ? '2' : '1'}`,
      25: '00',
      35: `${account.pan}=${account.expiry}${account.serviceCode}12345`,
      49: '156',
      ...(entry === 'swiped' ? {} : { 23: `0${account.sequence}`, 55: chipData(account, amount, input) }),
      ...(block === undefined ? {} : { 26: '12', 52: block, 53: '2600000000000000' }),
      60: `22${input.batch ?? '000001'}0006${input.chipCondition ?? '0'}0`,
      64: '0'.repeat(16),
      ...input.fields,
    });
  }

  /** The reversal of a request: its fields without track and PIN. */
  reversal(original: Iso8583Message, fields: { readonly [dataElement: number]: string | undefined } = {}): Iso8583Message {
    const kept = [2, 3, 4, 11, 14, 22, 23, 25, 41, 42, 49, 60, 61, 64].map((element) => [element, original.fields[element]] as const);
    return this.#message('0400', { ...Object.fromEntries(kept), 39: '98', ...fields });
  }

  /** A void (0200) or refund (0220) of a sale that was answered. */
  undo(kind: 'void' | 'refund', options: { readonly sale: Iso8583Message; readonly answer: Iso8583Message; readonly trace: string; readonly fields?: { readonly [dataElement: number]: string | undefined } }): Iso8583Message {
    const { sale, answer } = options;
    return this.#message(kind === 'void' ? '0200' : '0220', {
      ...Object.fromEntries([2, 4, 14, 22, 23, 25, 35, 49].map((element) => [element, sale.fields[element]])),
      22: '022',
      3: '200000',
      11: options.trace,
      37: answer.fields[37],
      38: answer.fields[38],
      60: `${kind === 'void' ? '23' : '25'}00000100060`,
      61: `000001${sale.fields[11] ?? ''}${answer.fields[13] ?? ''}`,
      64: '0'.repeat(16),
      ...options.fields,
    });
  }

  encode(message: Iso8583Message): Uint8Array {
    const bytes = encode(message);
    if (message.fields[64] !== '0'.repeat(16)) return bytes;
    bytes.set(unionpayEcbMac(this.macKey, macInput(bytes)), bytes.length - 8);
    return bytes;
  }

  #message(mti: string, fields: { readonly [dataElement: number]: string | undefined }): Iso8583Message {
    const { tpdu, header, tid, mid } = this.#host;
    const given = Object.entries({ 41: tid, 42: mid, ...fields }).flatMap(([element, value]) => (value === undefined ? [] : [[Number(element), value]]));
    return { tpdu, header, mti, fields: Object.fromEntries(given) as Iso8583Message['fields'] };
  }

  #heard(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#answers.push(bytes);
    else waiting(bytes);
  }
}

/** DE 55 with an ARQC that the card of this account would make. */
function chipData(account: Account, amount: string, { atc = 1, chip }: SaleInput): string {
  const counter = atc.toString(16).toUpperCase().padStart(4, '0');
  const data: Record<string, string> = {
    '9F27': '80', '9F10': '07010103A0A802010A010000000000ABCDEF12', '9F37': '12345678', '9F36': counter, '95': '0000000000', '9A': '261123', '9C': '00',
    '9F02': amount, '5F2A': '0156', '82': '7C00', '9F1A': '0156', '9F03': '000000000000', '9F33': '60E9C8',
  };
  const key = sessionKey(deriveCardKey(fromHex(account.issuerMasterKey), account.pan, account.sequence), fromHex(counter));
  const tlv = decodeTlv(encodeTlv(Object.entries(data)));
  const all: Record<string, string | undefined> = { '9F26': toHex(applicationCryptogram(key, cryptogramData(tlv))), ...data, ...chip };
  return toHex(encodeTlv(Object.entries(all).flatMap(([tag, value]) => (value === undefined ? [] : [[tag, value] as const]))));
}

/** A running acquirer with a terminal that has signed on. */
export interface TestHost {
  readonly endpoints: AcquirerEndpoints;
  readonly terminal: Terminal;
  readonly clock: { now: number };
  fault(fault: Fault | readonly Fault[]): Promise<void>;
  clearFaults(): Promise<void>;
  accounts(accounts: readonly Account[]): Promise<number>;
  /** The host settles the batch of a terminal; the status of its answer. */
  closeBatch(body?: unknown): Promise<number>;
  ledger(): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}

export async function openHost(options: AcquirerOptions & { readonly dataDir?: string; readonly signOn?: boolean } = {}): Promise<TestHost> {
  const clock = { now: NOW };
  const host = await startAcquirer({ accounts: [CHIP, STRIPE], ...options, clock: () => clock.now });
  const { endpoints } = host;
  const terminal = await Terminal.connect(endpoints);
  if (options.signOn !== false) await terminal.signOn();
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${endpoints.control}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return {
    endpoints,
    terminal,
    clock,
    fault: async (fault) => void (await post('/faults', fault)),
    clearFaults: async () => void (await fetch(`${endpoints.control}/faults`, { method: 'DELETE' })),
    accounts: async (accounts) => (await post('/accounts', accounts)).status,
    closeBatch: async (body = {}) => (await post('/close-batch', body)).status,
    ledger: async () => ((await (await fetch(`${endpoints.control}/ledger`)).json()) as { entries: readonly LedgerEntry[] }).entries,
    close: async () => {
      terminal.close();
      await host.close();
    },
  };
}
