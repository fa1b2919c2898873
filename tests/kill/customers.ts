/** Who comes to the counter, and what goes wrong at the hosts meanwhile. */
import type { Json } from '@tillwright/core';
import type { Fault, HostName } from '@tillwright/host-sim';

/** A stream of numbers in [0, 1) from a seed (mulberry32). */
export const numbersFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

export type Way = 'chip' | 'tap' | 'alipay' | 'wechat';
export const WAYS: readonly Way[] = ['chip', 'tap', 'alipay', 'wechat'];

const METHOD: { readonly [way in Way]: string } = { chip: 'card', tap: 'card', alipay: 'alipay', wechat: 'wechat' };
export const HOST: { readonly [way in Way]: HostName } = { chip: 'acquirer', tap: 'acquirer', alipay: 'alipay', wechat: 'wechat' };

const always = (when: Json, does: { readonly [key: string]: Json }): Json => ({ when, times: 'always', ...does });

let codes = 0;
/** Answers whatever a sale may still ask, in whatever state a till finds it; a payer shows a new code each time. */
export const scriptOf = (way: Way, amountMinor: number): string => {
  codes += 1;
  const code = `${way === 'alipay' ? '28' : '13'}${String(codes).padStart(6, '0')}7391052846`;
  return JSON.stringify({
    steps: [
      always({ prompt: 'amount' }, { answer: amountMinor }),
      always({ prompt: 'choose', shows: 'Choose how to pay' }, { answer: METHOD[way] }),
      always({ prompt: 'choose', shows: 'scan the customer' }, { answer: 'scan' }),
      always({ prompt: 'choose', shows: 'Not paid' }, { answer: 'end' }),
      always({ device: 'reader' }, way === 'tap' ? { card: 'contactless-ok', by: 'tap' } : { card: 'chip-ok', by: 'insert' }),
      always({ device: 'pinpad' }, { pin: '123456' }),
      always({ device: 'scanner' }, { code }),
      always({ prompt: 'confirm' }, { answer: true }),
      always({ prompt: 'notice' }, { answer: true }),
    ],
  });
};

const PAY: { readonly [host in HostName]: string } = { acquirer: 'sale', alipay: 'pay', wechat: 'codepay' };
const UNDO: { readonly [host in HostName]: string } = { acquirer: 'reversal', alipay: 'cancel', wechat: 'reverse' };

/** Faults that pass: none of them leaves anything for a person. */
export const faultsOf = (host: HostName): readonly Fault[] => [
  { do: 'drop-answer', match: { operation: PAY[host] } },
  { do: 'drop-request', match: { operation: PAY[host] } },
  { do: 'delay', ms: 300, match: { operation: PAY[host] } },
  { do: 'answer-twice', match: { operation: PAY[host] } },
  { do: 'bad-signature', match: { operation: PAY[host] } },
  { do: 'drop-answer', match: { operation: UNDO[host] } },
];

interface Moment {
  readonly event: string;
  /** How many of them a sale writes, about. */
  readonly times: number;
}
const often = (count: number, event: string, times = 1): Moment[] => Array.from({ length: count }, () => ({ event, times }));

/** What a till writes around a payment, as often as a kill is to fall there. */
export const momentsOf = (way: Way, lives: number, faulty: boolean): readonly Moment[] => [
  ...(lives === 1 ? [...often(1, 'executionStarted'), ...often(2, 'taskStarted', 9), ...often(2, 'stepLeft', 9)] : often(2, 'engineOpened')),
  ...often(4, 'paymentPrepared'),
  ...often(3, 'paymentAnswered'),
  ...often(way === 'chip' ? 3 : 0, 'paymentCompleted'),
  ...often(faulty || lives > 1 ? 3 : 0, 'paymentCondemned'),
  ...often(faulty || lives > 1 ? 2 : 0, 'paymentUndoAnswered'),
  ...often(1, 'paymentCommitted'),
  ...often(1, 'receiptOwed'),
  ...often(1, 'receiptPrinted', 2),
  ...often(1, 'executionEnded'),
];
