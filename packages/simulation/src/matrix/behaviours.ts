/** Ways in which a host, or the network before it, may treat one sale. */
import type { Fault, HostName } from '@tillwright/host-sim';

/** What a message is for: to take money, to ask what became of it, to undo it, or to make ready. */
type Purpose = 'take' | 'ask' | 'undo' | 'ready';

const purposes: { readonly [operation: string]: Purpose } = {
  sale: 'take', pay: 'take', precreate: 'take', codepay: 'take', native: 'take',
  query: 'ask', 'refund-query': 'ask',
  reversal: 'undo', void: 'undo', cancel: 'undo', reverse: 'undo', close: 'undo', refund: 'undo',
};

export interface Message {
  readonly host: HostName;
  readonly purpose: Purpose;
  /** The how manieth of its purpose, from 1. */
  readonly nth: number;
}

export interface Behaviour {
  readonly name: string;
  /** Those who may behave so; all of them unless told. */
  readonly hosts?: readonly HostName[];
  readonly fault?: (message: Message) => Fault | undefined;
  /** So many connections are refused at first. */
  readonly refused?: number;
  /** The merchant cancels when the request to take money is at the host. */
  readonly cancelled?: boolean;
}

const WALLETS = ['alipay', 'wechat'] as const;
const onTake = (fault: Fault | ((host: HostName) => Fault)) => ({ host, purpose, nth }: Message): Fault | undefined => {
  if (purpose !== 'take' || nth > 1) return undefined;
  return typeof fault === 'function' ? fault(host) : fault;
};
const decline = (codes: { readonly [host in HostName]?: string }) => (host: HostName): Fault => ({ do: 'decline', code: codes[host] ?? '' });
const LOST = { do: 'drop-answer' } as const;
/** To all inquiries of a payment, and to some more. A host that never answers again is tried for days, which shows nothing new at each of a thousand writes. */
const SILENT = 16;

export const behaviours: readonly Behaviour[] = [
  { name: 'approves' },
  { name: 'declines', fault: onTake(decline({ acquirer: '51', alipay: 'ACQ.BUYER_BALANCE_NOT_ENOUGH', wechat: 'NOTENOUGH' })) },
  { name: 'never hears of it', fault: onTake({ do: 'drop-request' }) },
  { name: 'approves, then is silent', fault: onTake(LOST) },
  { name: 'approves, then is silent to the first of everything', fault: ({ purpose, nth }) => (purpose !== 'ready' && nth === 1 ? LOST : undefined) },
  { name: 'approves, then is silent for long', fault: ({ purpose, nth }) => (purpose !== 'ready' && nth <= (purpose === 'take' ? 1 : 6) ? LOST : undefined) },
  { name: 'approves, is silent, and refuses to undo', fault: (message) => onTake(LOST)(message) ?? (message.purpose === 'ask' && message.nth <= SILENT ? LOST : message.purpose === 'undo' && message.nth <= 3 ? decline({ acquirer: '96', alipay: 'ACQ.SYSTEM_ERROR', wechat: 'SYSTEM_ERROR' })(message.host) : undefined) },
  { name: 'answers late', fault: onTake({ do: 'delay', ms: 95_000 }) },
  { name: 'answers twice', fault: onTake({ do: 'answer-twice' }) },
  { name: 'answers with garbage', fault: onTake({ do: 'garble' }) },
  { name: 'answers with a wrong MAC or signature', fault: onTake({ do: 'bad-signature' }) },
  { name: 'answers for another amount', fault: onTake({ do: 'misstate', what: 'amount' }) },
  { name: 'answers for another payment', fault: onTake({ do: 'misstate', what: 'reference' }) },
  { name: 'answers for another terminal', hosts: ['acquirer', 'wechat'], fault: onTake({ do: 'misstate', what: 'terminal' }) },
  { name: 'calls it a duplicate', fault: onTake(decline({ acquirer: '94', alipay: 'ACQ.TRADE_HAS_SUCCESS', wechat: 'ORDERPAID' })) },
  { name: 'has a fault of its own', fault: onTake(decline({ acquirer: '96', alipay: 'ACQ.SYSTEM_ERROR', wechat: 'SYSTEM_ERROR' })) },
  { name: 'hears of it minutes later', fault: onTake({ do: 'delay-request', ms: 200_000 }) },
  { name: 'hears of it after its reversal', fault: onTake({ do: 'overtaken' }) },
  { name: 'loses the first sign-on', hosts: ['acquirer'], fault: ({ purpose, nth }) => (purpose === 'ready' && nth === 1 ? LOST : undefined) },
  { name: 'asks the payer for a password', hosts: WALLETS, fault: onTake({ do: 'user-paying' }) },
  { name: 'answers 502', hosts: WALLETS, fault: onTake({ do: 'http-status', status: 502 }) },
  { name: 'refuses the first connection', refused: 1 },
  { name: 'approves what the merchant cancels meanwhile', cancelled: true },
];

/** Reads what a message is for, and counts. */
export const messages = (): ((host: HostName, operation: string) => Message) => {
  const counts = new Map<string, number>();
  return (host, operation) => {
    const named = purposes[operation] ?? 'ready';
    // Before anything is taken, an inquiry only looks whether the host is there.
    const purpose = named === 'ask' && !counts.has(`${host} take`) ? 'ready' : named;
    const nth = (counts.get(`${host} ${purpose}`) ?? 0) + 1;
    counts.set(`${host} ${purpose}`, nth);
    return { host, purpose, nth };
  };
};
