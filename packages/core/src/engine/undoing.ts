/** Undoes what must not stand: the order to do so first, on disk, then the remedy that the plugin names, until it is through. */
import { ActionError, type Live, type PaymentMethod, type PaymentRequest, type Remedy, type ReverseAnswer, type UndoReason } from '../contract.js';
import type { PaymentEvent } from '../events.js';
import { kindOf } from '../fault.js';
import { preparedOf, remedyOf, reverseAnswer } from './answers.js';
import { ask, unable } from './ask.js';
import { type DutyTo, limit } from './duties.js';
import { type FoundMethod, type InHand, noLive, type PaymentInput, recordedOf } from './in-hand.js';
import { stream } from './journal.js';
import { type AttemptState, contradiction, isHandsOff, isResolved, isSettled, isUnowned, judge, type PaymentState, wholly } from './payment.js';
import type { Submitting } from './submitting.js';

export class Undoing {
  readonly #hand: InHand;
  readonly #submitting: Submitting;

  constructor(hand: InHand, submitting: Submitting) {
    this.#hand = hand;
    this.#submitting = submitting;
  }

  /**
   * The orders for uncommitted payments of a flow or scope that ended badly (10), newest first, and the payments they are about.
   * What is still in flight is only given up, in writing: it is condemned when it answers, in another life too.
   */
  orders(paymentIds: readonly string[], why: UndoReason): { inputs: PaymentInput[]; touched: PaymentState[] } {
    const inputs: PaymentInput[] = [];
    const touched: PaymentState[] = [];
    for (const id of paymentIds.toReversed()) {
      const payment = this.#hand.payment(id);
      if (!payment || payment.committed || isSettled(payment)) continue;
      if (!this.#hand.givenUp.has(id)) this.#hand.givenUp.set(id, why);
      touched.push(payment);
      const attempt = payment.attempts.find(isUnowned);
      if (!attempt) continue;
      const event: PaymentEvent = this.#hand.flying(id).has(attempt.attempt) ? { type: 'paymentGivenUp', why } : this.#condemnation(payment, attempt, why);
      inputs.push({ stream: stream.payment(id), event });
    }
    return { inputs, touched };
  }

  async condemn(payment: PaymentState, attempt: AttemptState, { why }: DutyTo<'condemn'>): Promise<void> {
    const { journal, ports } = this.#hand.options;
    const seq = journal.append([{ stream: stream.payment(payment.paymentId), event: this.#condemnation(payment, attempt, why) }]);
    const after = this.#hand.payment(payment.paymentId);
    if (after) this.#hand.shutLane(after);
    const shown = this.#hand.screens.get(payment.paymentId);
    // Not where a former attempt has turned up (5).
    if (shown?.taskAttempt === attempt.taskAttempt) shown.screen.withdraw();
    await ports.log.durable(seq);
  }

  /** Also a look again, by the reversal repeated (5): it takes its turn on the lane, and shuts it for nobody. */
  async reverse(payment: PaymentState, attempt: AttemptState, duty: DutyTo<'reverse'>, { method }: FoundMethod): Promise<void> {
    const { journal, ports, closing } = this.#hand.options;
    const { paymentId } = payment;
    // Orders from a flow's bad end are written without a wait; no byte of the undo leaves before they are on disk (6).
    await ports.log.durable(ports.log.head);
    const recorded = await this.#hand.recorded(payment, attempt);
    await this.#hand.lanes.run(attempt.prepared.lane, { undo: true, signal: closing }, async () => {
      // Nor when it has waited for so long that its host takes it no more: what is owed then the table says.
      if (this.#isOfPerson(paymentId) || ports.clock.now() > limit(attempt, method)) return;
      const said = await ask<ReverseAnswer>(() => method.reverse?.(recorded, attempt.condemned?.why ?? 'no-answer', duty.try) ?? Promise.resolve(unable('reversal')), {
        clock: ports.clock,
        withinMs: method.policy.answerWithinMs,
      });
      const answer = judge(reverseAnswer(said), attempt.request);
      const then = this.#hand.payment(paymentId);
      const contradicted = then && contradiction(then, attempt, answer);
      if (contradicted) return await this.#submitting.contradict(then, attempt, contradicted);
      journal.append([{ stream: stream.payment(paymentId), event: { type: 'paymentUndoAnswered', attempt: attempt.attempt, try: duty.try, answer } }]);
      this.#reopenWhenUndone(paymentId);
    });
  }

  /** A void or a refund: an attempt with an intent of its own (7). */
  async undoBy(payment: PaymentState, attempt: AttemptState, duty: DutyTo<'undo-by'>, found: FoundMethod): Promise<void> {
    const { closing, journal, ports } = this.#hand.options;
    const original = await this.#hand.recorded(payment, attempt);
    const remedy = attempt.condemned?.remedy;
    const request: PaymentRequest = {
      ...attempt.request,
      attempt: this.#hand.nextAttempt(payment.paymentId),
      operation: duty.operation,
      amount: remedy && 'amount' in remedy ? remedy.amount : attempt.request.amount,
      original,
      arguments: {},
    };
    await this.#hand.lanes.run(attempt.prepared.lane, { undo: true, signal: closing }, async () => {
      if (this.#isOfPerson(payment.paymentId)) return;
      const ready = await ask(() => prepareUndo(found.method, request, noLive(closing)), { clock: ports.clock, withinMs: found.method.policy.answerWithinMs, silent: { problem: 'no answer in time' } });
      const send = async ({ prepared, sealed }: Exclude<typeof ready, { problem: string }>): Promise<void> => {
        const refused = sealed && (await this.#submitting.seal(request, sealed));
        // An undo can't be given up: the engine stops, and goes on with it when it is opened again.
        if (refused) throw refused;
        await this.#submitting.submit({ request, prepared, sealed: sealed !== undefined, found, order: { ...payment, taskAttempt: attempt.taskAttempt }, undoes: attempt.attempt });
      };
      const problem = 'problem' in ready ? ready.problem : (await this.#submitting.references.alone(found, ready.prepared.reference, () => send(ready))) ? undefined : 'it was given the reference of another attempt';
      if (problem === undefined) return;
      // As a try that nobody answered: it is made again, with back-off, and after some of them a person is told (12).
      const why = `the ${duty.operation} can not be prepared: ${problem}`;
      journal.append([{ stream: stream.payment(payment.paymentId), event: { type: 'paymentUndoAnswered', attempt: attempt.attempt, try: attempt.undo.tries + 1, answer: { outcome: 'unknown', reason: 'host-error', why } } }]);
    });
    this.#reopenWhenUndone(payment.paymentId);
  }

  /** While an undo waited for its lane, a person has decided, or is to decide first. */
  #isOfPerson(paymentId: string): boolean {
    const payment = this.#hand.payment(paymentId);
    return !payment || isResolved(payment) || isHandsOff(payment);
  }

  /** A void that is undone itself leaves its sale to be undone: the lane stays shut until nothing is (12). */
  #reopenWhenUndone(paymentId: string): void {
    const payment = this.#hand.payment(paymentId);
    if (payment && !payment.attempts.some((a) => a.fate === 'condemned')) this.#hand.reopenLanes(payment);
  }

  #condemnation(payment: PaymentState, attempt: AttemptState, why: UndoReason): PaymentEvent {
    const method = this.#hand.methodOf(payment)?.method;
    const remedy: Remedy = method ? offered(remedyOf(() => method.remedy(recordedOf(attempt, undefined, this.#hand.options.ports.clock.now()))), method) : { do: 'ask-person', why: 'its plugin is not there' };
    return { type: 'paymentCondemned', attempt: attempt.attempt, why, remedy: wholly(remedy, attempt) };
  }
}

/** A method is asked for nothing that it does not offer: what knows of sales only would take a refund for one more. */
const offered = (remedy: Remedy, { capabilities }: PaymentMethod): Remedy =>
  (remedy.do === 'void' || remedy.do === 'refund') && !capabilities.operations.includes(remedy.do) ? { do: 'ask-person', why: `the method offers no ${remedy.do}` } : remedy;

/** Nobody else can give up an undo: what `prepare` throws is a reason, too. */
const prepareUndo = async (method: PaymentMethod, request: PaymentRequest, live: Live): Promise<ReturnType<typeof preparedOf>> => {
  try {
    return preparedOf(await method.prepare(request, live));
  } catch (error) {
    return { problem: ActionError.is(error) ? error.error : kindOf(error) };
  }
};
