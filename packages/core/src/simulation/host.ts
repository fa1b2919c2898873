/**
 * A host with a ledger, and a network before it that loses, delays, doubles and garbles. What it knows is the truth. What it was told
 * to reverse before it came, it forgets, and takes when it comes, unless it is one that remembers.
 */
import type { AdviceResult, Answer, Clock, Declined, Finding, Money, ReverseAnswer } from '../contract.js';

/** What may go wrong with one message. `honest` is the absence of it; what does not fit a message's kind is taken for honest. */
export type Fault =
  | 'honest'
  /** The connection is refused before a byte leaves. */
  | 'refused-connection'
  | 'request-lost'
  | 'answer-lost'
  /** The host acts, and answers after the till has stopped waiting. */
  | 'answer-late'
  /** The request wanders about and reaches the host much later; nobody hears the answer. Every other payer is asked then, and takes time to pay. */
  | 'request-late'
  | 'request-doubled'
  | 'thrown'
  | 'declined'
  | 'paid-later'
  | 'never-paid'
  | 'garbled'
  /** The host acts, and somebody in between tells the opposite. */
  | 'unverified'
  /** "I have that already": the first copy was approved. */
  | 'duplicate'
  | 'too-much'
  | 'partial'
  /** The host has it and says that it has not. */
  | 'absent'
  /** What it has approved it takes back, and tells as declined; its approval may be on its way. */
  | 'recanted'
  | 'not-now'
  | 'refused'
  | 'refused-by-card'
  | 'card-gone';

export type MessageKind = 'sale' | 'void' | 'refund' | 'inquire' | 'reverse' | 'complete' | 'advise';

export interface Message {
  readonly kind: MessageKind;
  readonly reference: string;
  readonly paymentId: string;
  /** How many of this kind came for this payment, this one included. */
  readonly nth: number;
}

export interface Entry {
  readonly reference: string;
  readonly paymentId: string;
  readonly operation: 'sale' | 'void' | 'refund';
  readonly amountMinor: number;
  /** What a void or refund undoes. */
  readonly of?: string;
  status: 'pending' | 'approved' | 'declined' | 'closed' | 'undone';
  /** `pending`: when the payer pays. */
  paysAt?: number;
  /** After that nobody pays it any more. */
  readonly payableUntil: number;
}

export interface SimulatedHostOptions {
  readonly clock: Clock;
  readonly fault: (message: Message) => Fault;
  readonly latencyMs: () => number;
  /** A late answer comes so long after its request. */
  readonly lateMs: number;
  /** What it was told to reverse before it came, it does not take. */
  readonly remembers: boolean;
}

/** Longer than what was undone without proof is looked for, shorter than a run waits for what is still to come. */
const PAYS_LATE_MS = 400_000;
/** How long an inquiry may say of a sale that it never came. */
const DENIED_MS = 40_000;

export class SimulatedHost {
  readonly ledger = new Map<string, Entry>();
  /** Every call of `submit`, by reference: more than one is a fault of the till. */
  readonly submits = new Map<string, number>();
  /** References that the card said no to. */
  readonly refusedByCard = new Set<string>();
  /** References of sales that it has taken back. */
  readonly recanted = new Set<string>();
  /** References whose advice has come. */
  readonly advices = new Set<string>();
  readonly faults = new Map<Fault, number>();
  /** Messages that were sent to it, whether they came or not. */
  messages = 0;
  /** References given out over all lives of the till; they are never given out twice. */
  issued = 0;
  readonly #options: SimulatedHostOptions;
  readonly #heard = new Map<string, number>();
  /** When a sale first came in. */
  readonly #cameAt = new Map<string, number>();

  constructor(options: SimulatedHostOptions) {
    this.#options = options;
  }

  /** What stands as taken for a payment, and by how many approvals. */
  standing(paymentId: string): readonly Entry[] {
    this.#payersPay();
    return [...this.ledger.values()].filter((entry) => entry.paymentId === paymentId && entry.operation === 'sale' && entry.status === 'approved');
  }

  async submit(order: { reference: string; paymentId: string; amount: Money; payableUntil: number; completion: 'due' | 'none'; advice: boolean }): Promise<Answer> {
    const { reference, paymentId, amount, payableUntil, completion } = order;
    const { clock, lateMs } = this.#options;
    this.submits.set(reference, (this.submits.get(reference) ?? 0) + 1);
    const approved = (minor: number): Answer => ({ ...approval(reference, { ...amount, amountMinor: minor }, completion), ...(order.advice ? { owed: { advice: reference } } : {}) });
    const fault = this.#faultOf('sale', reference, paymentId);
    const barred = (): boolean => clock.now() >= payableUntil || (this.ledger.has(reference) && !this.#cameAt.has(reference));
    const open = (status: Entry['status'], { minor = amount.amountMinor, paysAt }: { minor?: number; paysAt?: number } = {}): void => {
      if (this.ledger.has(reference) || barred()) return;
      this.#cameAt.set(reference, clock.now());
      this.ledger.set(reference, { reference, paymentId, operation: 'sale', amountMinor: minor, status, payableUntil, ...(paysAt === undefined ? {} : { paysAt }) });
    };
    const take = (minor?: number): void => open('approved', minor === undefined ? {} : { minor });
    const arrive = (): void => {
      if (fault === 'request-late' && completion === 'none' && this.messages % 2 === 0) open('pending', { paysAt: clock.now() + PAYS_LATE_MS });
      else take();
    };
    // Of what is late some come as late as somebody may still pay.
    const lastMs = payableUntil - DENIED_MS - 5_000;
    const comesAt = clock.now() + lateMs < lastMs && lastMs < Infinity && this.messages % 3 > 0 ? lastMs : undefined;
    const other = async (): Promise<Answer | undefined> => {
      if (barred()) return declined;
      switch (fault) {
        case 'declined':
          open('declined');
          return { ...declined, again: AGAIN[this.messages % AGAIN.length] ?? 'never' };
        case 'paid-later':
          open('pending', { paysAt: clock.now() + 12_000 });
          return { outcome: 'pending', waitingFor: 'payer' };
        case 'never-paid':
          open('pending');
          return { outcome: 'pending', waitingFor: 'payer' };
        case 'unverified':
          take();
          return { ...declined, verified: false } as unknown as Answer;
        case 'duplicate':
          take();
          return { outcome: 'unknown', reason: 'duplicate', why: 'the host has it already' };
        case 'too-much':
          take();
          return approved(amount.amountMinor + 1);
        case 'partial': {
          const part = Math.max(1, Math.floor(amount.amountMinor / 2));
          take(part);
          return approved(part);
        }
        default:
          return undefined;
      }
    };
    return await this.#exchange<Answer>(fault, arrive, () => approved(amount.amountMinor), other, comesAt);
  }

  /** A void or refund of a sale. */
  async undoBy(order: { operation: 'void' | 'refund'; reference: string; paymentId: string; of: string; amount: Money }): Promise<Answer> {
    const { operation, reference, paymentId, of, amount } = order;
    this.submits.set(reference, (this.submits.get(reference) ?? 0) + 1);
    const fault = this.#faultOf(operation, reference, paymentId);
    let found = false;
    const take = (): void => {
      const original = this.ledger.get(of);
      found = original?.status === 'approved' || this.ledger.get(reference)?.status === 'approved';
      if (original?.status === 'approved') {
        original.status = 'undone';
        this.ledger.set(reference, { reference, paymentId, operation, amountMinor: amount.amountMinor, of, status: 'approved', payableUntil: Infinity });
      }
    };
    const answer = (): Answer => (found ? approval(reference, amount, 'none') : declined);
    return await this.#exchange<Answer>(fault, take, answer, async () => {
      if (fault === 'declined') return declined;
      if (fault !== 'unverified') return undefined;
      take();
      return { ...declined, verified: false } as unknown as Answer;
    });
  }

  async inquire(order: { reference: string; paymentId: string; amount: Money }): Promise<Finding> {
    const { reference, paymentId, amount } = order;
    const fault = this.#faultOf('inquire', reference, paymentId);
    const find = (): Finding => {
      this.#payersPay();
      const entry = this.ledger.get(reference);
      switch (entry?.status) {
        case undefined:
          return { outcome: 'absent' };
        case 'pending':
          return { outcome: 'pending', waitingFor: 'payer' };
        case 'approved':
          return approval(reference, { ...amount, amountMinor: entry.amountMinor }, 'none') as Finding;
        case 'declined':
          return declined;
        default:
          return { outcome: 'undone', verified: true, proof: 'closed' };
      }
    };
    return await this.#exchange<Finding>(fault, () => {}, find, async () => {
      // Some hosts call undone what they do not know.
      if (fault === 'absent' && this.#isNew(reference)) return this.messages % 2 === 0 ? { outcome: 'absent' } : { outcome: 'undone', verified: true, proof: 'no-original' };
      const entry = this.ledger.get(reference);
      if (fault === 'recanted' && entry?.operation === 'sale' && entry.status === 'approved') {
        entry.status = 'declined';
        this.recanted.add(reference);
      }
      return fault === 'unverified' ? ({ ...declined, verified: false } as unknown as Finding) : undefined;
    });
  }

  async reverse(order: { reference: string; paymentId: string; amount: Money; operation: Entry['operation'] }): Promise<ReverseAnswer> {
    const { reference, paymentId, amount, operation } = order;
    const fault = this.#faultOf('reverse', reference, paymentId);
    let proof: 'acknowledged' | 'no-original' | 'closed' = 'acknowledged';
    const take = (): void => {
      this.#payersPay();
      const entry = this.ledger.get(reference);
      if (!entry) {
        proof = 'no-original';
        if (this.#options.remembers && operation === 'sale') this.ledger.set(reference, { reference, paymentId, operation, amountMinor: amount.amountMinor, status: 'undone', payableUntil: Infinity });
        return;
      }
      proof = entry.status === 'pending' ? 'closed' : 'acknowledged';
      if (entry.status !== 'approved') {
        if (entry.status === 'pending') entry.status = 'closed';
        return;
      }
      entry.status = 'undone';
      // A void that is reversed leaves its sale standing.
      const original = entry.of === undefined ? undefined : this.ledger.get(entry.of);
      if (original) original.status = 'approved';
    };
    return await this.#exchange<ReverseAnswer>(fault, take, () => ({ outcome: 'undone', verified: true, proof }), async () => {
      if (fault === 'not-now') return { outcome: 'not-now', retryAt: this.#options.clock.now() + 5_000, why: 'the payer is paying' };
      if (fault === 'refused') return { outcome: 'refused', code: '57' };
      return fault === 'unverified' ? ({ outcome: 'undone', verified: false, proof: 'acknowledged' } as unknown as ReverseAnswer) : undefined;
    });
  }

  /** What an approval has left owed is brought; the network alone is in its way. */
  async advise(order: { reference: string; paymentId: string }): Promise<AdviceResult> {
    const { reference, paymentId } = order;
    const fault = this.#faultOf('advise', reference, paymentId);
    if (fault === 'refused-connection') return 'again';
    return await this.#exchange<AdviceResult>(fault, () => void this.advices.add(reference), () => 'delivered', async () => (fault === 'refused' ? 'ask-person' : undefined));
  }

  /** What the card says to an approval; it meets no host. */
  async complete(order: { reference: string; paymentId: string }): Promise<'completed' | 'refused' | 'gone'> {
    const fault = this.#faultOf('complete', order.reference, order.paymentId);
    await this.#wait(this.#options.latencyMs());
    if (fault === 'refused-by-card') {
      this.refusedByCard.add(order.reference);
      return 'refused';
    }
    return fault === 'card-gone' ? 'gone' : 'completed';
  }

  /** What has just come in may be not found yet. A host that denies it for ever is one that nobody can settle with. */
  #isNew(reference: string): boolean {
    return this.#options.clock.now() - (this.#cameAt.get(reference) ?? Infinity) < DENIED_MS;
  }

  /** Payers whose time has come have paid; what can't be paid any more is closed. */
  #payersPay(): void {
    const now = this.#options.clock.now();
    for (const entry of this.ledger.values()) {
      if (entry.status !== 'pending') continue;
      const { paysAt = Infinity, payableUntil } = entry;
      if (paysAt <= now && paysAt < payableUntil) entry.status = 'approved';
      else if (payableUntil <= now) entry.status = 'closed';
    }
  }

  #faultOf(kind: MessageKind, reference: string, paymentId: string): Fault {
    this.messages += 1;
    const key = `${kind} ${paymentId}`;
    const nth = (this.#heard.get(key) ?? 0) + 1;
    this.#heard.set(key, nth);
    const fault = this.#options.fault({ kind, reference, paymentId, nth });
    if (fault !== 'honest') this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    return fault;
  }

  /** The way there and back. The request goes on its way even when the till is gone meanwhile. */
  /** @param comesAt what is late on its way; `lateMs` after it was sent unless told */
  async #exchange<A>(fault: Fault, take: () => void, honest: () => A, other: () => Promise<A | undefined>, comesAt?: number): Promise<A> {
    const { latencyMs, lateMs } = this.#options;
    if (fault === 'refused-connection') return { outcome: 'not-sent', why: 'no connection' } as A;
    await this.#wait(latencyMs());
    if (fault === 'request-lost') return await new Promise<A>(() => {});
    if (fault === 'request-late') {
      await (comesAt === undefined ? this.#wait(lateMs) : this.#options.clock.until(comesAt));
      take();
      return await new Promise<A>(() => {});
    }
    const answer = await other();
    if (answer === undefined) take();
    if (fault === 'request-doubled') take();
    if (fault === 'answer-lost') return await new Promise<A>(() => {});
    await this.#wait(fault === 'answer-late' ? lateMs : latencyMs());
    if (fault === 'thrown') throw new Error('socket hang up');
    if (fault === 'garbled') return { outcome: 'unknown', reason: 'garbled', why: 'not a message' } as A;
    return answer ?? honest();
  }

  #wait(ms: number): Promise<void> {
    const { clock } = this.#options;
    return clock.until(clock.now() + ms);
  }
}

const declined = { outcome: 'declined', verified: true, code: '51', hint: { zh: '余额不足', en: 'Insufficient funds' }, again: 'never' } as const;

/** What may follow a decline. */
const AGAIN: readonly Declined['again'][] = ['never', 'new-input', 'later', 'sign-on-first'];

const approval = (reference: string, amount: Money, completion: 'due' | 'none'): Answer => ({
  outcome: 'approved',
  verified: true,
  amount,
  completion,
  facts: { receipt: [{ key: 'reference', label: { zh: '参考号', en: 'Reference' }, value: reference }] },
});
