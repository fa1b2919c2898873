import { ActionError, type Clock, type Counters, type PinPad, type Terminal, token } from '@tillwright/core/contract';
import { AcquirerClient } from './acquirer-client.js';
import type { CardSettings } from './options.js';
import { decode, encode, equalBytes, fromHex, type Iso8583Message, macInput, toHex } from './protocol.js';
import { readSignOnAnswer, signOnFields } from './sign-on.js';

type Fields = Iso8583Message['fields'];

/** What came of a message to the acquirer. Only `answer` is verified: MAC, trace, terminal, merchant, amount and processing code agree. */
export type LineResult =
  | { readonly got: 'answer'; readonly fields: Fields; readonly code: string }
  /** An answer without a fitting MAC; `code` is what it claims. */
  | { readonly got: 'unverified'; readonly code: string; readonly why: string }
  | { readonly got: 'not-sent' | 'no-answer' | 'garbled' | 'mismatch'; readonly why: string };

/** `reached`: the acquirer has the line and gave no keys; not so where there was no connection, or the PIN pad did not play along. */
type SignOnResult = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly reached: boolean };

interface LineLimits {
  /** In ms since 1970. */
  readonly deadlineAt: number;
  readonly signal?: AbortSignal;
}

/** Codes with which a host refuses the keys (or, 77, the batch) that only a new sign-on mends. */
const KEY_REFUSALS: ReadonlySet<string> = new Set(['77', '99', 'A0']);
const SIGN_ON_TRIES = 3;
const SIGN_ON_WITHIN_MS = 30_000;
/** Loading keys takes a pad a second or two. */
const PAD_ANSWERS_WITHIN_MS = 10_000;
const NO_MAC = '0000000000000000';

/** One terminal's line to its acquirer: one message at a time, working keys, batch number. */
export class AcquirerLine {
  readonly #client: AcquirerClient;
  #busy: Promise<unknown> = Promise.resolve();
  #keysRefused = false;
  #keyGeneration = 0;

  constructor(
    private readonly settings: CardSettings,
    private readonly clock: Clock,
    private readonly terminal: Terminal,
    private readonly counters: Counters,
    private readonly pinPad: Pick<PinPad, 'ready' | 'loadWorkingKeys' | 'mac'>,
  ) {
    this.#client = new AcquirerClient(settings.acquirer, clock);
  }

  /** Counts the sign-ons of this process: a PIN block made under an earlier one can't be read by the host any more. */
  get keyGeneration(): number {
    return this.#keyGeneration;
  }

  /** The host has refused the working keys: nothing may be sent under them. */
  get keysRefused(): boolean {
    return this.#keysRefused;
  }

  /** DE 60.2, 6 digits. */
  get batch(): string {
    return String(this.counters.current('batch', 1)).padStart(6, '0');
  }

  /** Takes a trace number (DE 11), 6 digits. */
  nextTrace(): string {
    return String(this.counters.next('trace', { min: 1, max: 999_999 })).padStart(6, '0');
  }

  /** True when the acquirer takes connections; sends nothing. */
  reach(signal?: AbortSignal): Promise<boolean> {
    return this.#client.reach(signal);
  }

  /** Signs on unless the PIN pad has working keys that the host has not refused. */
  ensureKeys(limits: Partial<LineLimits> = {}): Promise<SignOnResult> {
    return this.#alone(() => this.#ensureKeys(limits));
  }

  /**
   * Sends a message with a MAC and gives what can be trusted of the answer. Never throws.
   * @param fields all but DE 41, 42 and 64
   */
  exchange(mti: string, fields: Fields, limits: LineLimits): Promise<LineResult> {
    return this.#alone(() => this.#exchange(mti, fields, limits));
  }

  async #ensureKeys(limits: Partial<LineLimits>): Promise<SignOnResult> {
    try {
      if (!this.#keysRefused && (await this.#pad(() => this.pinPad.ready()))) return { ok: true };
      const deadlineAt = limits.deadlineAt ?? this.clock.now() + SIGN_ON_WITHIN_MS;
      let failed: Exclude<SignOnResult, { ok: true }> = { ok: false, why: 'not tried', reached: false };
      for (let turn = 0; turn < SIGN_ON_TRIES; turn += 1) {
        const result = await this.#signOn({ ...limits, deadlineAt });
        if (result === 'signed-on') return { ok: true };
        failed = { ok: false, why: result.why, reached: result.reached };
        if (!result.again) break;
      }
      return failed;
    } catch (error) {
      return { ok: false, why: whyOf(error), reached: false };
    }
  }

  /** One sign-on. A key whose check value does not fit is not used: signing on again gives others. */
  async #signOn(limits: LineLimits): Promise<'signed-on' | { readonly why: string; readonly reached: boolean; readonly again: boolean }> {
    const fields = this.#addressed(signOnFields({ trace: this.nextTrace(), batch: this.batch, settings: this.settings }));
    const result = await this.#client.exchange(encode(this.#message('0800', fields)), (bytes) => this.#answerTo('0810', fields, bytes), limits);
    if (result.got !== 'answer') return { why: `sign-on: ${result.why}`, reached: result.got !== 'not-sent', again: false };
    const answer = readSignOnAnswer(result.answer.message.fields, fields, this.settings.doubleLengthKeys);
    if ('why' in answer || result.answer.message.mti !== '0810') return { why: 'why' in answer ? answer.why : 'sign-on: an answer of another type', reached: true, again: false };
    // The host has others from here on, whatever becomes of these.
    this.#keysRefused = true;
    try {
      await this.#pad(() => this.pinPad.loadWorkingKeys(answer.keys));
    } catch (error) {
      if (ActionError.is(error) && error.error === 'PinPad.BadKey') return { why: 'sign-on: a key does not fit its check value', reached: true, again: true };
      throw error;
    }
    this.#keysRefused = false;
    this.#keyGeneration += 1;
    if (answer.batch !== this.batch) this.counters.set('batch', Number(answer.batch));
    return 'signed-on';
  }

  async #exchange(mti: string, given: Fields, limits: LineLimits): Promise<LineResult> {
    if (this.clock.now() >= limits.deadlineAt || limits.signal?.aborted === true) return { got: 'not-sent', why: 'given up before it was sent' };
    const fields = this.#addressed(given);
    let bytes: Uint8Array;
    try {
      const unsigned = encode(this.#message(mti, { ...fields, 64: NO_MAC }));
      bytes = encode(this.#message(mti, { ...fields, 64: toHex(await this.#mac(unsigned)) }));
    } catch (error) {
      return { got: 'not-sent', why: whyOf(error) };
    }
    const expected = answerType(mti);
    const result = await this.#client.exchange(bytes, (received) => this.#answerTo(expected, fields, received), limits);
    if (result.got !== 'answer') return result;
    const { message, bytes: received } = result.answer;
    const code = message.fields[39] ?? '';
    // Believed, whatever else is wrong with the answer, so far that keys are changed: whoever forges it gains a sign-on, no decision. A
    // host that names its own batch in its 77, or repeats nothing in its A0, would never be signed on to otherwise.
    if (KEY_REFUSALS.has(code)) this.#keysRefused = true;
    if (!(await this.#macFits(message, received))) {
      return { got: 'unverified', code, why: `an answer ${/^[0-9A-Z]{2}$/.test(code) ? code : ''} without a fitting MAC`.replace('  ', ' ') };
    }
    const difference = message.mti === expected ? differenceOf(fields, message.fields) : `message type ${message.mti}`;
    if (difference !== undefined) return { got: 'mismatch', why: `the answer differs from the request: ${difference}` };
    return { got: 'answer', fields: message.fields, code };
  }

  /** The answer to a request, told by its trace number; a late answer to an earlier one is skipped. @throws Iso8583Error */
  #answerTo(mti: string, request: Fields, bytes: Uint8Array): { message: Iso8583Message; bytes: Uint8Array } | undefined {
    const message = decode(bytes);
    const late = message.fields[11] !== undefined && message.fields[11] !== request[11];
    // A late answer of another kind may bear the same trace: a sale's, while its reversal is under way.
    const other = mti === '0410' && message.mti === '0210';
    return late || other ? undefined : { message, bytes };
  }

  async #macFits(message: Iso8583Message, bytes: Uint8Array): Promise<boolean> {
    const mac = message.fields[64];
    if (mac === undefined) return false;
    try {
      return equalBytes(await this.#mac(bytes), fromHex(mac));
    } catch {
      return false;
    }
  }

  #mac(encoded: Uint8Array): Promise<Uint8Array> {
    return this.#pad(() => this.pinPad.mac(macInput(encoded), this.settings.macAlgorithm));
  }

  /** A pad that does not answer must not hold the line for whoever comes next. @throws ActionError Device.Unavailable; what the pad throws */
  async #pad<T>(call: () => Promise<T>): Promise<T> {
    const answered = new AbortController();
    const late = this.clock.until(this.clock.now() + PAD_ANSWERS_WITHIN_MS, answered.signal).then(
      () => Promise.reject(new ActionError('Device.Unavailable', 'the PIN pad does not answer')),
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([call(), late]);
    } finally {
      answered.abort();
    }
  }

  #addressed(fields: Fields): Fields {
    return { ...fields, 41: this.terminal.tid, 42: this.terminal.mid };
  }

  #message(mti: string, fields: Fields): Iso8583Message {
    return { tpdu: this.settings.acquirer.tpdu, header: this.settings.acquirer.header, mti, fields };
  }

  /** One after the other: an acquirer serves one message of a terminal at a time. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work, work);
    this.#busy = mine.catch(() => undefined);
    return mine;
  }
}

export const AcquirerLineToken = token<AcquirerLine>('plugin-card/AcquirerLine');

/** 0200 is answered by 0210. */
const answerType = (mti: string): string => `${mti.slice(0, 2)}${Number(mti.slice(2, 3)) + 1}${mti.slice(3)}`;

/** DE 39 = 10 approves a part. */
const PARTIAL = '10';

/** The first data element in which an answer is not about its request; its values are not repeated. */
const differenceOf = (request: Fields, answer: Fields): string | undefined => {
  for (const field of [3, 11, 41, 42]) if (answer[field] !== request[field]) return `DE ${field}`;
  for (const field of [2, 49]) if (answer[field] !== undefined && request[field] !== undefined && answer[field] !== request[field]) return `DE ${field}`;
  if (answer[39] === undefined) return 'DE 39';
  if (answer[60] !== undefined && answer[60].slice(2, 8) !== request[60]?.slice(2, 8)) return 'DE 60.2';
  const part = answer[39] === PARTIAL && answer[4] !== undefined && Number(answer[4]) > 0 && Number(answer[4]) <= Number(request[4]);
  return answer[4] === request[4] || part ? undefined : 'DE 4';
};

const whyOf = (error: unknown): string => {
  if (ActionError.is(error)) return `${error.error}: ${error.message}`;
  return error instanceof Error && error.name === 'Iso8583Error' ? error.message : 'an internal fault';
};
