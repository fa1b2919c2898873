/** What goes wrong in one run, and how often: some faults off, some up high, mixed anew for every run. */
import type { Random } from '@tillwright/core/testing';
import type { Fault, HostName } from '@tillwright/host-sim';

export type FaultMix = 'all' | 'none' | 'network' | 'crashes';

/** What goes wrong beside messages, with the chance per occasion of a run in which it is up. */
const mishaps = {
  crash: 0.01,
  'disk-error': 0.1,
  close: 0.1,
  'clock-jump': 0.1,
  'host-restart': 0.25,
  'host-gone': 0.12,
  'batch-settled': 0.12,
  'paper-out': 0.3,
  cancel: 0.12,
  'walk-away': 0.04,
  'card-pulled': 0.1,
  'card-fault': 0.15,
  'wrong-pin': 0.25,
  'garbage-code': 0.1,
  'payer-strange': 0.3,
} as const;
export type Mishap = keyof typeof mishaps;

const ALIPAY_DECLINES = ['ACQ.SYSTEM_ERROR', 'ACQ.BUYER_BALANCE_NOT_ENOUGH', 'ACQ.PAYMENT_AUTH_CODE_INVALID', 'ACQ.TRADE_HAS_SUCCESS', 'ACQ.CONTEXT_INCONSISTENT', 'ACQ.NEVER_HEARD_OF'];
const WECHAT_DECLINES = ['SYSTEM_ERROR', 'BANK_ERROR', 'NOTENOUGH', 'AUTHCODEEXPIRE', 'ORDERPAID', 'FREQUENCY_LIMITED', 'NEVER_HEARD_OF'];
const CARD_DECLINES = ['51', '05', '55', '91', '68', '94', '10', '11', 'A4', '99', 'A0', 'ZZ'];

// A host that is overloaded answers what it did not do, and one that looks in the wrong place knows nothing of what it holds.
const CARD_UNDO_REFUSALS = ['96', '96', '68', '91', '25', 'A0', '77'];
const CARD_VOID_REFUSALS = ['96', '96', '25', '22', '77'];
const ALIPAY_CANCEL_REFUSALS = ['ACQ.SYSTEM_ERROR', '20000', 'ACQ.SELLER_BALANCE_NOT_ENOUGH', 'ACQ.NEVER_HEARD_OF'];
const ALIPAY_REFUND_REFUSALS = ['ACQ.SYSTEM_ERROR', '20000', 'ACQ.SELLER_BALANCE_NOT_ENOUGH'];
const ALIPAY_QUERY_REFUSALS = ['ACQ.SYSTEM_ERROR', '20000', 'ACQ.TRADE_NOT_EXIST'];
const WECHAT_REVERSE_REFUSALS = ['SYSTEM_ERROR', 'USERPAYING', 'INVALID_REQUEST', 'FREQUENCY_LIMITED'];
const WECHAT_REFUND_REFUSALS = ['SYSTEM_ERROR', 'NOTENOUGH', 'FREQUENCY_LIMITED'];
const WECHAT_QUERY_REFUSALS = ['SYSTEM_ERROR', 'ORDER_NOT_EXIST', 'FREQUENCY_LIMITED'];

type Maker = (random: Random) => Fault;
const of = (list: readonly string[], random: Random): string => list[Math.floor(random.next() * list.length)] ?? '';

const common: { readonly [name: string]: Maker } = {
  'request-lost': () => ({ do: 'drop-request' }),
  'answer-lost': () => ({ do: 'drop-answer' }),
  // Short, about as long as a till waits, and long after it gave up.
  'answer-late': (random) => ({ do: 'delay', ms: 500 + Math.floor(random.next() ** 2 * 90_000) }),
  // Within the time in which it is looked for again.
  'request-late': (random) => ({ do: 'delay-request', ms: 500 + Math.floor(random.next() ** 2 * 500_000) }),
  doubled: () => ({ do: 'answer-twice' }),
  garbled: () => ({ do: 'garble' }),
  'wrong-signature': () => ({ do: 'bad-signature' }),
  'wrong-amount': () => ({ do: 'misstate', what: 'amount' }),
  'wrong-reference': () => ({ do: 'misstate', what: 'reference' }),
  'wrong-terminal': () => ({ do: 'misstate', what: 'terminal' }),
};
const http: { readonly [name: string]: Maker } = {
  'http-status': (random) => ({ do: 'http-status', status: [500, 502, 503, 429, 403][Math.floor(random.next() * 5)] ?? 500 }),
};

const declining = (codes: readonly string[]): Maker => (random) => ({ do: 'decline', code: of(codes, random) });

/** Faults that an operation of a host may meet beside the common ones. */
const special: { readonly [host in HostName]: { readonly [operation: string]: { readonly [name: string]: Maker } } } = {
  acquirer: {
    sale: { declined: declining(CARD_DECLINES), reordered: () => ({ do: 'overtaken' }) },
    void: { declined: declining(CARD_VOID_REFUSALS) },
    reversal: { declined: declining(CARD_UNDO_REFUSALS) },
    'sign-on': { declined: () => ({ do: 'decline', code: '91' }) },
  },
  alipay: {
    pay: { ...http, reordered: () => ({ do: 'overtaken' }), declined: declining(ALIPAY_DECLINES), 'payer-asked': () => ({ do: 'user-paying' }) },
    precreate: { ...http, reordered: () => ({ do: 'overtaken' }) },
    query: { ...http, declined: declining(ALIPAY_QUERY_REFUSALS), 'payer-asked': () => ({ do: 'user-paying' }) },
    cancel: { ...http, declined: declining(ALIPAY_CANCEL_REFUSALS) },
    refund: { ...http, declined: declining(ALIPAY_REFUND_REFUSALS) },
    'refund-query': { ...http, declined: () => ({ do: 'decline', code: 'ACQ.SYSTEM_ERROR' }) },
  },
  wechat: {
    codepay: { ...http, reordered: () => ({ do: 'overtaken' }), declined: declining(WECHAT_DECLINES), 'payer-asked': () => ({ do: 'user-paying' }) },
    native: { ...http, reordered: () => ({ do: 'overtaken' }) },
    query: { ...http, declined: declining(WECHAT_QUERY_REFUSALS), 'payer-asked': () => ({ do: 'user-paying' }) },
    reverse: { ...http, declined: declining(WECHAT_REVERSE_REFUSALS) },
    refund: { ...http, declined: declining(WECHAT_REFUND_REFUSALS) },
    'refund-query': { ...http, declined: () => ({ do: 'decline', code: 'SYSTEM_ERROR' }) },
    close: http,
  },
};

export class Swarm {
  /** What happened, by name. */
  readonly injected = new Map<string, number>();
  readonly #random: Random;
  readonly #mix: FaultMix;
  readonly #levels = new Map<string, { readonly level: number; readonly on: readonly (readonly [string, Maker])[] }>();
  readonly #chances = new Map<Mishap, number>();
  #calm: boolean;

  constructor(random: Random, mix: FaultMix) {
    this.#random = random;
    this.#mix = mix;
    this.#calm = mix === 'none';
    for (const host of Object.keys(special) as HostName[]) {
      for (const [operation, own] of Object.entries(special[host])) {
        const level = [0, 0, 0.1, 0.3, 0.6][Math.floor(random.next() * 5)] ?? 0;
        const on = Object.entries({ ...common, ...own }).filter(() => random.next() < 0.4);
        this.#levels.set(`${host}/${operation}`, { level, on });
      }
    }
    for (const [mishap, chance] of Object.entries(mishaps)) this.#chances.set(mishap as Mishap, random.next() < 0.4 ? 0 : chance * random.next() * 2);
  }

  fault(host: HostName, operation: string): Fault | undefined {
    if (this.#calm || this.#mix === 'crashes') return undefined;
    const { level, on } = this.#levels.get(`${host}/${operation}`) ?? { level: 0, on: [] };
    if (on.length === 0 || this.#random.next() >= level) return undefined;
    const [name, make] = on[Math.floor(this.#random.next() * on.length)] ?? [];
    if (name === undefined || make === undefined) return undefined;
    this.#count(name);
    return make(this.#random);
  }

  strikes(mishap: Mishap): boolean {
    if (this.#calm || this.#mix === 'network') return false;
    const strikes = this.#random.next() < (this.#chances.get(mishap) ?? 0);
    if (strikes) this.#count(mishap);
    return strikes;
  }

  /** From now on all goes well. */
  calm(): void {
    this.#calm = true;
  }

  #count(name: string): void {
    this.injected.set(name, (this.injected.get(name) ?? 0) + 1);
  }
}
