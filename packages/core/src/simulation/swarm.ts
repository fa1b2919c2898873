/** What may go wrong in one run, and how often: some faults off, some up high, mixed anew for every run. */
import { type Random } from '../interpreter/random.js';
import type { Fault, Message, MessageKind } from './host.js';

/** Faults that a message of a kind may meet. */
const faultsOf: { readonly [kind in Exclude<MessageKind, 'advise'>]: readonly Fault[] } = {
  sale: ['refused-connection', 'request-lost', 'answer-lost', 'answer-late', 'request-late', 'request-doubled', 'thrown', 'declined', 'paid-later', 'never-paid', 'garbled', 'unverified', 'duplicate', 'too-much', 'partial'],
  void: ['refused-connection', 'request-lost', 'answer-lost', 'answer-late', 'request-doubled', 'thrown', 'declined', 'garbled', 'unverified'],
  refund: ['refused-connection', 'request-lost', 'answer-lost', 'answer-late', 'request-doubled', 'thrown', 'declined', 'garbled', 'unverified'],
  inquire: ['request-lost', 'answer-lost', 'answer-late', 'thrown', 'garbled', 'unverified', 'absent'],
  reverse: ['refused-connection', 'request-lost', 'answer-lost', 'answer-late', 'request-doubled', 'thrown', 'garbled', 'unverified', 'not-now', 'refused'],
  complete: ['refused-by-card', 'card-gone'],
};

const adviceFaults: readonly Fault[] = ['refused-connection', 'request-lost', 'answer-lost', 'answer-late', 'thrown', 'refused'];

/** What goes wrong beside messages, each with the chance per occasion of a run in which it is up. */
const mishaps = { crash: 0.02, 'crash-when-told': 0.2, 'disk-error': 0.3, close: 0.15, cancel: 0.3, 'walk-away': 0.3, 'paper-out': 0.4, 'plugin-change': 0.6, 'case-decided': 0.3 } as const;
export type Mishap = keyof typeof mishaps;

/** `none` for a calm world; `all` (as told by nothing) mixes anew for every run. */
export type FaultMix = 'all' | 'none' | 'network' | 'crashes';

export interface Swarm {
  fault(message: Message): Fault;
  /** Whether it happens on this occasion. */
  strikes(mishap: Mishap): boolean;
  /** From now on all goes well. */
  calm(): void;
}

/** Draws of their own, so that a run which owes no advice, or whose host neither declines much nor takes back what it approved, goes on as before. */
interface OwnDraws {
  readonly advice: Random;
  readonly declines: Random;
  readonly recants: Random;
}

export const swarmOf = (random: Random, mix: FaultMix, { advice, declines, recants }: OwnDraws): Swarm => {
  const chances = new Map<string, number>();
  for (const kind of Object.keys(faultsOf) as (keyof typeof faultsOf)[]) {
    // Each kind of message fails more or less often; which of its faults there are is drawn as well.
    const level = [0, 0, 0.1, 0.3, 0.7][Math.floor(random.next() * 5)] ?? 0;
    const on = faultsOf[kind].filter(() => random.next() < 0.4);
    for (const fault of on) chances.set(`${kind}/${fault}`, level / on.length);
  }
  for (const [mishap, chance] of Object.entries(mishaps)) chances.set(mishap, random.next() < 0.5 ? 0 : chance * random.next() * 2);
  // Half of the hosts take no advice before all is calm, the others every second one.
  const takes = advice.next() < 0.5 ? 1 : 2;
  // Some hosts decline every second sale.
  const declining = declines.next() < 0.15;
  // Others answer late, and take back what that answer approves.
  const recanting = recants.next() < 0.12;
  let calm = mix === 'none';
  const messages = mix === 'all' || mix === 'network';
  const rest = mix === 'all' || mix === 'crashes';
  return {
    fault: ({ kind }) => {
      if (kind === 'advise') return calm || !messages ? 'honest' : (adviceFaults[Math.floor(advice.next() * adviceFaults.length * takes)] ?? 'honest');
      const drawn = random.next();
      if (calm || !messages) return 'honest';
      let sum = 0;
      for (const fault of faultsOf[kind]) {
        sum += chances.get(`${kind}/${fault}`) ?? 0;
        if (drawn < sum) return fault;
      }
      if (kind === 'sale' && declining && declines.next() < 0.5) return 'declined';
      if (kind === 'sale' && recanting && recants.next() < 0.5) return 'answer-late';
      return kind === 'inquire' && recanting && recants.next() < 0.5 ? 'recanted' : 'honest';
    },
    strikes: (mishap) => {
      const drawn = random.next();
      return !calm && rest && drawn < (chances.get(mishap) ?? 0);
    },
    calm: () => {
      calm = true;
    },
  };
};
