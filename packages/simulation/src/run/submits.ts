import type { EventRecord } from '@tillwright/core';
import type { WireRequest } from '@tillwright/host-sim';
import { decode } from '@tillwright/plugin-card/protocol';
import type { OnSend } from '../network.js';

export interface Submits {
  readonly onSend: OnSend;
  /** How often a request to take money, or to give it back under an intent of its own, left, by the reference that its host knows it under. */
  readonly sent: ReadonlyMap<string, number>;
  /** How many messages about payments left: all but what a till sends to be ready, a sign-on before a PIN is entered and questions for an order that never was. */
  readonly messages: number;
  /** Requests that should not have left, in words. */
  readonly violations: readonly string[];
}

/**
 * Sees each request to take money, and each void and refund, as it leaves, reading the very bytes.
 * @param records what the log holds at that moment
 */
export const watchSubmits = (records: () => readonly EventRecord[]): Submits => {
  const sent = new Map<string, number>();
  const violations: string[] = [];
  let messages = 0;
  return {
    sent,
    get messages() {
      return messages;
    },
    violations,
    onSend: (...message) => {
      const { toBeReady, reference } = message[0] === 'acquirer' ? ofCard(message[1]) : ofWallet(message[1]);
      if (!toBeReady) messages += 1;
      if (reference === undefined) return;
      sent.set(reference, (sent.get(reference) ?? 0) + 1);
      violations.push(...undecidedBeside(reference, records()).map((other) => `${reference} was sent while ${other} of the same sale was undecided`));
    },
  };
};

interface Attempt {
  readonly reference: string;
  readonly sale: string;
  /** It may still take money, or has to give it back. */
  undecided: boolean;
  /** The record that says so. */
  since: number;
  /** That of its intent. */
  readonly intent: number;
}

/** References of other attempts of the same sale that were undecided before this one had its intent, and still are (15): what is condemned while its connection is made changes nothing. */
const undecidedBeside = (reference: string, records: readonly EventRecord[]): string[] => {
  const attempts = new Map<string, Attempt>();
  /** A void or refund -> what it undoes. */
  const undos = new Map<string, string>();
  for (const { seq, stream, event } of records) {
    if (event.type === 'paymentPrepared') {
      if (event.undoes === undefined) attempts.set(`${stream}@${event.attempt}`, { reference: event.prepared.reference, sale: event.saleReference, undecided: true, since: seq, intent: seq });
      else undos.set(`${stream}@${event.attempt}`, `${stream}@${event.undoes}`);
    }
    // It counts as decided then, whatever the host still says.
    if (event.type === 'caseResolved') for (const [key, attempt] of attempts) if (key.startsWith(`${stream}@`)) attempt.undecided = false;
    if (!('attempt' in event)) continue;
    const key = `${stream}@${event.attempt}`;
    const undone = attempts.get(undos.get(key) ?? '');
    const attempt = attempts.get(key);
    if (undone && event.type === 'paymentAnswered' && event.answer.outcome === 'approved') undone.undecided = false;
    if (!attempt) continue;
    if (event.type === 'paymentCondemned') Object.assign(attempt, { undecided: true, since: seq });
    else if (event.type === 'paymentAnswered' || event.type === 'paymentUndoAnswered') attempt.undecided &&= !DECIDING.has(event.answer.outcome);
  }
  const mine = [...attempts.values()].find((attempt) => attempt.reference === reference);
  return [...attempts.values()].flatMap((each) => (each.undecided && mine && each.sale === mine.sale && each.since < mine.intent ? [each.reference] : []));
};

const DECIDING: ReadonlySet<string> = new Set(['approved', 'declined', 'not-sent', 'undone']);

/** What a message is about. */
interface Subject {
  readonly toBeReady: boolean;
  /** Of a request to take money, or to give it back. */
  readonly reference: string | undefined;
}

const ofCard = (bytes: Uint8Array): Subject => {
  const { mti, fields } = decode(bytes);
  // A sale or a void.
  return { toBeReady: mti === '0800', reference: mti === '0200' ? `${fields[41]}-${fields[60]?.slice(2, 8)}-${fields[11]}` : undefined };
};

const ofWallet = ({ target, body }: WireRequest): Subject => ({ toBeReady: `${target}${body}`.includes('HEALTHCHECK0'), reference: walletMoney(target, body) });

/** By Alipay's method, and by the end of WeChat Pay's path: the number that a request is submitted under. */
const NUMBERS: readonly (readonly [method: string, path: string, number: string])[] = [
  ['alipay.trade.pay', '/transactions/codepay', 'out_trade_no'],
  ['alipay.trade.precreate', '/transactions/native', 'out_trade_no'],
  ['alipay.trade.refund', '/domestic/refunds', 'out_request_no'],
];
/** The one refund number that WeChat Pay's undo of an order keeps: it goes out as often as the undo is tried. */
const KEPT = /^WU/;

const walletMoney = (target: string, body: string): string | undefined => {
  const parameters = new URLSearchParams(`${target.split('?')[1] ?? ''}&${body}`);
  const named = NUMBERS.find(([method, path]) => parameters.get('method') === method || target.endsWith(path));
  if (!named) return undefined;
  const content = JSON.parse(parameters.get('biz_content') ?? body) as { readonly [name: string]: string | undefined };
  const number = content[named[2]] ?? content['out_refund_no'];
  return number === undefined || KEPT.test(number) ? undefined : number;
};
