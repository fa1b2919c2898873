/** Submits once, writes down what is heard, lets the card complete, and commits what covers the amount due. */
import { ActionError, type Answer, type Completion, type Finding, type NotSent, type PaymentRequest, type Prepared } from '../contract.js';
import { TillwrightError } from '../errors.js';
import type { PaymentEvent } from '../events.js';
import { deepFreeze } from '../json.js';
import { completionOf, preparedOf, submitAnswer } from './answers.js';
import { ask, whileWanted } from './ask.js';
import { type Asking, type ChargeOrder, type ChargeResult, declinedBefore, exceedsDue, isAnother } from './charge.js';
import { nextDuty } from './duties.js';
import { type FoundMethod, type InHand, noLive, type PaymentInput, readsVersion, sealedKey } from './in-hand.js';
import { stream } from './journal.js';
import { type AttemptState, contradiction, isHandsOff, isOpen, isResolved, isUndecided, judge, openCase, paidMinor, partialUnasked, type PaymentState, saleOf, standingMinor, turnedUp, whyContradicted } from './payment.js';
import { References } from './references.js';
import { schemas } from './schemas.js';
import type { Stop } from './stops.js';

interface Work {
  readonly request: PaymentRequest;
  readonly prepared: Prepared;
  /** Something is sealed for it. */
  readonly sealed: boolean;
  readonly found: FoundMethod;
  readonly order: Pick<ChargeOrder, 'execution' | 'step' | 'taskAttempt' | 'dueMinor' | 'saleReference'>;
  /** What stands for good of the sale in other transactions. */
  readonly paidElsewhereMinor?: number;
  readonly undoes?: number;
}

export class Submitting {
  readonly #hand: InHand;
  /** Reads a payment's table anew. */
  readonly #settle: (paymentId: string) => void;
  /** Sale reference -> its payment that is on its way to an intent: another one of the sale must not slip in beside it (15). */
  readonly #begun = new Map<string, string>();
  readonly references: References;

  constructor(hand: InHand, settle: (paymentId: string) => void) {
    this.#hand = hand;
    this.#settle = settle;
    const { journal, ports: { clock } } = hand.options;
    this.references = new References({ journal, clock });
  }

  /** A new attempt of a sale, from `prepare` to its first answer. @returns why nothing was sent, where nothing was */
  async first(order: ChargeOrder, asking: Asking): Promise<ChargeResult | undefined> {
    const { marks } = this.#hand.options;
    const checking = marks.check(order.terminalId);
    if (checking) await checking;
    if (marks.isHeld(order.terminalId)) return { is: 'not-sent', why: new TillwrightError('LOG_RESTORED', { terminal: order.terminalId }).message };
    const found = this.#hand.options.methodOf(order.terminalId, order.method);
    const why = !found ? `no payment method ${order.method}` : found.method.capabilities.operations.includes('sale') ? this.#undecided(order) : `${order.method} offers no sale`;
    if (!found || why !== undefined) return { is: 'not-sent', why: why ?? '' };
    const declined = declinedBefore(this.#hand.payment(order.paymentId), order);
    if (declined) return { is: 'declined', answer: declined };
    this.#begun.set(order.saleReference, order.paymentId);
    try {
      // All of them are decided, and nobody begins another one meanwhile.
      const ofSale = this.#ofSale(order);
      const others = (ofSale instanceof Promise ? await ofSale : ofSale).filter(({ paymentId }) => paymentId !== order.paymentId);
      const tooMuch = exceedsDue(others, order);
      if (tooMuch !== undefined) return { is: 'exceeds-due', why: tooMuch };
      return await this.#attempt(order, asking, found, paidElsewhere(others, order));
    } finally {
      this.#begun.delete(order.saleReference);
      this.#hand.begun.delete(order.paymentId);
    }
  }

  /** Why there is no new attempt: something of this payment (13) or of this sale (15) is not decided, or it would be another payment. */
  #undecided(order: ChargeOrder): string | undefined {
    const { paymentId, saleReference } = order;
    const former = this.#hand.payment(paymentId);
    // A new attempt only when every former one is not-sent, declined or undone, and can still be looked for (18).
    if (former && isResolved(former)) return DECIDED;
    if (former && (isUndecided(former) || paidMinor(former) > 0 || !this.#hand.methodOf(former))) return 'an earlier attempt of this payment is not decided';
    // What a person decides about it counts for the whole payment: nothing is added to that meanwhile.
    if (former && openCase(former)) return 'a person has not decided yet about this payment';
    const another = former && isAnother(former, order);
    if (another !== undefined) return another;
    const other =
      this.#begun.get(saleReference) ??
      this.#hand.options.journal.paymentsOfSale(saleReference).find((each) => each.paymentId !== paymentId && (isUndecided(each) || openCase(each) || this.#isLeft(each)))?.paymentId;
    return other === undefined ? undefined : `payment ${other} of the same sale is not decided`;
  }

  /** What is paid under the id of an execution stays in memory while that runs. */
  #ofSale({ saleReference, execution }: ChargeOrder): readonly PaymentState[] | Promise<readonly PaymentState[]> {
    const { journal } = this.#hand.options;
    return saleReference === execution ? journal.paymentsOfSale(saleReference) : journal.everyPaymentOfSale(saleReference);
  }

  /** Paid, given up, and not condemned yet. */
  #isLeft(payment: PaymentState): boolean {
    return !payment.committed && paidMinor(payment) > 0 && this.#hand.whyGivenUp(payment.paymentId) !== undefined;
  }

  async #attempt(order: ChargeOrder, asking: Asking, found: FoundMethod, paidElsewhereMinor: number): Promise<ChargeResult | undefined> {
    const attempt = this.#hand.nextAttempt(order.paymentId);
    this.#hand.begun.set(order.paymentId, attempt);
    const request: PaymentRequest = {
      paymentId: order.paymentId,
      attempt,
      operation: 'sale',
      amount: order.amount,
      terminalId: order.terminalId,
      operatorId: order.operatorId,
      allowPartial: order.allowPartial,
      arguments: order.arguments,
    };
    const unfit = schemas.problem(found.method.arguments, order.arguments, 'with');
    if (unfit) throw new ActionError('Task.ArgumentsInvalid', `payment:sale ${found.method.id}: ${unfit}`, { hint: NOT_TAKEN });
    // A device may never answer it: nothing has been sent, so whoever gives the payment up need not wait.
    const said = await whileWanted(() => found.method.prepare(request, asking.live), asking.stop);
    if (!said) return { is: 'not-sent', why: UNWANTED };
    const ready = preparedOf(said.value);
    if ('problem' in ready) return { is: 'not-sent', why: ready.problem };
    const { prepared, sealed } = ready;
    const work: Work = { request, prepared, sealed: sealed !== undefined, found, order, paidElsewhereMinor };
    const sent = await this.references.alone(found, prepared.reference, () => this.#send(work, sealed, asking));
    return sent ? sent.value : { is: 'not-sent', why: `${found.method.id} gave the reference of another attempt` };
  }

  async #send(work: Work, sealed: Uint8Array | undefined, asking: Asking): Promise<ChargeResult | undefined> {
    const { request, prepared, found } = work;
    // What could not be settled after a restart is not begun (18).
    if (!readsVersion(found.method, prepared.dataVersion)) return { is: 'not-sent', why: `${found.method.id} stores data version ${prepared.dataVersion}, which is not among its dataVersions` };
    // Before the lane is taken: from there to the intent nothing is waited for, so that no undo that is owed meanwhile comes too late (12).
    const refused = sealed && (await this.seal(request, sealed));
    const sent = refused ? ({ is: 'not-sent', why: refused.message } as const) : await this.#inTurn(work, asking);
    if (sent && sealed && !refused) await this.#hand.options.ports.sealed.forget(sealedKey(request.paymentId, request.attempt));
    return sent;
  }

  /** Waits for the lane, sends, and lets the card complete. @returns why nothing was sent, where nothing was */
  async #inTurn(work: Work, { live, stop }: Asking): Promise<ChargeResult | undefined> {
    const { lanes } = this.#hand;
    const { request, prepared, found } = work;
    const { paymentId } = request;
    // Most lanes are free: then there is nothing to wait for, nor to give up.
    const waiting = lanes.isFree(prepared.lane) ? undefined : this.#waiting(stop);
    const submitted = await lanes.run(prepared.lane, { undo: false, ...(waiting ? { signal: waiting.signal } : {}) }, async () => {
      waiting?.over();
      if (stop.aborted) return { is: 'not-sent', why: UNWANTED } as const;
      const overtaken = this.#overtaken(work);
      if (overtaken) return { is: 'not-sent', why: overtaken.why } as const;
      // In one go with the intent: before that a former attempt may come to rest, and lets go of all that its payment has.
      this.#hand.live.set(paymentId, live);
      await this.submit(work);
      if (this.#hand.payment(paymentId)?.attempts.at(-1)?.fate === 'approved') await this.complete(paymentId, request.attempt);
      const after = this.#hand.payment(paymentId);
      // What is about to be undone keeps the lane: nobody else's sale slips in between, unless a person knows of it already (12).
      if (after && !openCase(after) && nextDuty(after, this.#hand.dutyContext(after, found.method))?.do === 'condemn') lanes.shut(prepared.lane, paymentId);
      return undefined;
    });
    waiting?.over();
    if (submitted) return submitted.value;
    return { is: 'not-sent', why: stop.aborted ? UNWANTED : 'an earlier payment on this line is being undone, and its host can not be reached' };
  }

  /** Intent, submit (card data), answer: in this order on disk, after what is sealed (1). */
  async submit(work: Work): Promise<void> {
    const { ports, journal, closing } = this.#hand.options;
    const { request, prepared, found, order } = work;
    const { paymentId, attempt } = request;
    const { original: _original, ...logged } = request;
    const intent: PaymentEvent = deepFreeze({
      type: 'paymentPrepared',
      attempt,
      execution: order.execution,
      step: order.step,
      taskAttempt: order.taskAttempt,
      method: found.method.id,
      plugin: found.plugin,
      dueMinor: order.dueMinor,
      ...(work.paidElsewhereMinor ? { paidElsewhereMinor: work.paidElsewhereMinor } : {}),
      saleReference: order.saleReference,
      // Its method holds the other one.
      request: { ...logged, amount: { ...logged.amount } },
      prepared,
      sealed: work.sealed,
      ...(work.undoes === undefined ? {} : { undoes: work.undoes }),
    });
    this.#hand.takeOff(paymentId, attempt);
    try {
      const seq = await journal.appendDurably([{ stream: stream.payment(paymentId), event: intent }]);
      // An undo goes on though its sale was cancelled.
      const live = (work.undoes === undefined && this.#hand.live.get(paymentId)) || noLive(closing);
      const unsent = (await this.#unmarked(found, request, seq)) ?? this.#overtaken(work);
      const answer =
        unsent ??
        submitAnswer(
          await ask(() => found.method.submit(request, prepared, live), {
            clock: ports.clock,
            withinMs: found.method.policy.answerWithinMs,
            late: (late) => this.late(paymentId, attempt, judge(submitAnswer(late), request)),
          }),
        );
      await this.record({ paymentId, attempt, to: 'submit', try: 1 }, judge(answer, request));
    } finally {
      this.#hand.land(paymentId, attempt);
    }
  }

  /** The terminal's PIN pad knows of an attempt before the host does (17); what needs no pad goes on without one. @returns why it is not sent */
  async #unmarked({ method }: FoundMethod, { terminalId }: PaymentRequest, seq: number): Promise<NotSent | undefined> {
    const { marks } = this.#hand.options;
    if ((await marks.keep(terminalId, seq)) || (method.needs !== 'card' && !marks.isHeld(terminalId))) return undefined;
    return { outcome: 'not-sent', why: 'the PIN pad does not answer' };
  }

  /**
   * What was decided when it was begun may not be so any more, when its turn comes or its intent is on disk: an approval turned up for
   * what had been undone without proof, or declined (13, 15). A person has decided, about its sale or about what was to be undone. Or
   * nobody wants it any more (14).
   */
  #overtaken({ request, order, undoes }: Work): NotSent | undefined {
    const { paymentId } = request;
    const own = this.#hand.payment(paymentId);
    if (own && isResolved(own)) return { outcome: 'not-sent', why: DECIDED };
    if (undoes !== undefined) return undefined;
    if (this.#hand.whyGivenUp(paymentId)) return { outcome: 'not-sent', why: UNWANTED };
    const ofSale = this.#hand.options.journal.paymentsOfSale(order.saleReference);
    const isOwn = (each: PaymentState, attempt: number): boolean => each === own && attempt === request.attempt;
    const open = ofSale.find((each) => !isResolved(each) && (openCase(each) || each.attempts.some((a) => isOpen(a) && !isOwn(each, a.attempt))));
    if (open) return { outcome: 'not-sent', why: `payment ${open.paymentId} of the same sale is not decided any more` };
    const tooMuch = exceedsDue(ofSale.filter((each) => each !== own), { ...order, amount: request.amount });
    return tooMuch === undefined ? undefined : { outcome: 'not-sent', why: tooMuch };
  }

  /** @returns why it is not on disk: without what a reversal needs nothing may be sent */
  async seal({ paymentId, attempt }: PaymentRequest, sealed: Uint8Array): Promise<TillwrightError | undefined> {
    const { ports, alarm } = this.#hand.options;
    try {
      await ports.sealed.put(sealedKey(paymentId, attempt), sealed);
      return undefined;
    } catch (error) {
      if (!TillwrightError.is(error)) throw error;
      alarm({ kind: 'sealed-failed', paymentId, why: error.message });
      return error;
    }
  }

  /** Writes an answer down, with the commitment that it may bring about, and waits for the disk when it decides. */
  async record(asked: { paymentId: string; attempt: number; to: 'submit' | 'inquire' | 'watch' | 'late'; try: number }, answer: Answer | Finding): Promise<void> {
    const { journal } = this.#hand.options;
    const { paymentId, ...question } = asked;
    // Whatever a method said has come in as plain data of ours: frozen, the log need not copy it once more.
    const inputs: PaymentInput[] = [{ stream: stream.payment(paymentId), event: deepFreeze({ type: 'paymentAnswered', ...question, answer }) }];
    const payment = this.#hand.payment(paymentId);
    const before = payment?.attempts.find((a) => a.attempt === asked.attempt);
    const contradicted = payment && before && contradiction(payment, before, answer);
    if (contradicted) return await this.contradict(payment, before, contradicted);
    if (payment && before && before.undoes === undefined && answer.outcome === 'approved' && answer.completion === 'none' && (before.fate === 'submitted' || before.fate === 'undecided') && !turnedUp(before)) {
      inputs.push(...this.#commitment(payment, before, answer.amount.amountMinor));
    }
    const seq = journal.append(inputs);
    const after = this.#hand.payment(paymentId);
    if (after) this.#hand.shutLane(after);
    if (answer.outcome === 'approved') {
      // The card is not asked before (8); where nothing is asked any more, its flow goes on meanwhile, and waits before it does anything outside.
      if (answer.completion === 'due') await journal.ports.log.durable(seq);
      else if (after) journal.goOnBefore(after.execution, seq);
    }
    this.#wakeCommitted(inputs, paymentId);
    // Nobody is to pay what is decided by now, or turned up.
    const isAwaited = before?.fate === 'submitted' || before?.fate === 'undecided';
    if (answer.outcome === 'pending' && isAwaited) this.#hand.screens.get(paymentId)?.screen.pending(answer, before.answer?.outcome !== 'pending');
    this.#hand.notify(paymentId);
  }

  /** Against what is known for good (5): nothing is changed by it, a person is told. Nobody knows yet of a decline that was none: a case. */
  async contradict(payment: PaymentState, attempt: AttemptState, event: NonNullable<ReturnType<typeof contradiction>>): Promise<void> {
    const { journal, ports, alarm } = this.#hand.options;
    const { paymentId } = payment;
    const caseId = openCase(payment) || isResolved(payment) ? undefined : ports.ids.next('case');
    const why = whyContradicted(event);
    const inputs: PaymentInput[] = [{ stream: stream.payment(paymentId), event }];
    // First: a payment that was closed long ago is held in memory by its open case only.
    if (caseId !== undefined) inputs.unshift({ stream: stream.payment(paymentId), event: { type: 'caseOpened', caseId, attempt: saleOf(attempt), why } });
    await journal.appendDurably(inputs);
    alarm({ kind: 'contradiction', paymentId, ...(caseId === undefined ? {} : { caseId }), why });
  }

  /** The card's last word on an approval that is already on disk (8). */
  async complete(paymentId: string, attemptNumber: number): Promise<void> {
    const { journal, ports } = this.#hand.options;
    const payment = this.#hand.payment(paymentId);
    const attempt = payment?.attempts.find((a) => a.attempt === attemptNumber);
    const live = this.#hand.live.get(paymentId);
    const method = payment && this.#hand.methodOf(payment)?.method;
    if (!payment || !attempt || !live || !method || attempt.fate !== 'approved' || attempt.refusedByCard || partialUnasked(attempt) || this.#hand.whyGivenUp(paymentId)) return;
    this.#hand.takeOff(paymentId, attemptNumber);
    try {
      const recorded = await this.#hand.recorded(payment, attempt);
      const completion = completionOf(
        await ask<Completion>(() => method.complete?.(recorded, live) ?? Promise.resolve({ outcome: 'completed' }), {
          clock: ports.clock,
          withinMs: method.policy.answerWithinMs,
          silent: { outcome: 'refused-by-card', why: 'the card did not answer' },
        }),
      );
      const facts = completion.outcome === 'completed' ? completion.facts : undefined;
      const inputs: PaymentInput[] = [
        { stream: stream.payment(paymentId), event: deepFreeze({ type: 'paymentCompleted', attempt: attemptNumber, completion, ...(facts ? { facts } : {}) }) },
      ];
      if (completion.outcome === 'completed') inputs.push(...this.#commitment(payment, attempt, attempt.approved?.amount.amountMinor ?? 0));
      journal.goOnBefore(payment.execution, journal.append(inputs));
      this.#wakeCommitted(inputs, paymentId);
    } finally {
      this.#hand.land(paymentId, attemptNumber);
    }
    this.#hand.notify(paymentId);
  }

  /** `payment:commit`: what is approved so far stays, whatever the flow does later. */
  async commit(paymentIds: readonly string[]): Promise<void> {
    const { journal } = this.#hand.options;
    const inputs = paymentIds
      .map((id) => this.#hand.payment(id))
      .filter((p): p is PaymentState => p !== undefined && !p.committed && paidMinor(p) > 0 && !this.#hand.whyGivenUp(p.paymentId) && !isUndecided(p) && !isHandsOff(p))
      // About to be condemned: its answer is on its way to the disk (3).
      .filter((p) => !p.attempts.some((a) => a.fate === 'completed' && partialUnasked(a)))
      .map((p) => ({ stream: stream.payment(p.paymentId), event: COMMITTED }));
    if (inputs.length > 0) await journal.appendDurably(inputs);
    this.#wakeCommitted(inputs);
  }

  /** Committed once approved amounts cover what is due (9): all payments of the sale together, unless somebody gave up before. */
  #commitment(payment: PaymentState, attempt: AttemptState, amountMinor: number): PaymentInput[] {
    const { journal } = this.#hand.options;
    if (this.#hand.whyGivenUp(payment.paymentId) || payment.committed) return [];
    if (amountMinor < attempt.request.amount.amountMinor && !attempt.request.allowPartial) return [];
    const others = journal
      .paymentsOfSale(payment.saleReference)
      .filter((other) => other.execution === payment.execution && other.paymentId !== payment.paymentId)
      .filter((other) => standsForGood(other) || (paidMinor(other) > 0 && !this.#hand.whyGivenUp(other.paymentId)));
    const paid = amountMinor + paidMinor(payment) + payment.paidElsewhereMinor + others.reduce((sum, other) => sum + standingMinor(other), 0);
    if (paid < payment.dueMinor) return [];
    return [payment, ...others.filter((other) => !standsForGood(other))].map((p) => ({ stream: stream.payment(p.paymentId), event: COMMITTED }));
  }

  /** Payments that were committed together with another one owe something now: an advice, the forgetting of what is sealed. */
  #wakeCommitted(inputs: readonly PaymentInput[], except?: string): void {
    for (const { stream: name, event } of inputs) {
      if (event.type !== 'paymentCommitted') continue;
      const paymentId = name.slice(2);
      if (paymentId !== except) this.#settle(paymentId);
    }
  }

  /** An answer that came after its time: it restarts the undo of what was condemned (5). */
  late(paymentId: string, attempt: number, answer: Answer | Finding): void {
    const { journal, closing, failed } = this.#hand.options;
    if (closing.aborted || answer.outcome === 'unknown' || answer.outcome === 'not-sent') return;
    const payment = this.#hand.payment(paymentId);
    // So late that its transaction is closed and has left memory.
    if (!payment) return void journal.recall(paymentId).then((found) => found && this.late(paymentId, attempt, answer), failed);
    void this.record({ paymentId, attempt, to: 'late', try: 1 }, answer).then(() => this.#settle(paymentId), failed);
  }

  /** A wait for the lane: it ends when nobody wants the payment any more, after its time, or with the engine. `over` takes its timer away. */
  #waiting(wanted: Stop): { signal: AbortSignal; over: () => void } {
    const { ports, laneWaitMs } = this.#hand.options;
    const { stops } = this.#hand;
    const stop = stops.open();
    const timer = stops.open();
    const giveUp = (): void => stops.end(stop);
    if (wanted.aborted) giveUp();
    const deaf = wanted.onAbort(giveUp);
    ports.clock.until(ports.clock.now() + laneWaitMs, timer.signal).then(giveUp, () => {});
    return {
      signal: stop.signal,
      over: () => {
        deaf();
        stops.end(timer);
        stops.release(stop);
      },
    };
  }
}

const UNWANTED = 'cancelled before it was sent';
const COMMITTED: PaymentEvent = Object.freeze({ type: 'paymentCommitted' });
const DECIDED = 'a person has decided about this payment';
const NOT_TAKEN = { zh: '此流程不能用该方式收款，未扣款，请换一种方式', en: 'This flow can not take that way of paying; nothing was charged: pay another way' };

const standsForGood = (payment: PaymentState): boolean => payment.committed || isResolved(payment);

const paidElsewhere = (others: readonly PaymentState[], { execution }: ChargeOrder): number =>
  others.filter((other) => standsForGood(other) && other.execution !== execution).reduce((sum, other) => sum + standingMinor(other), 0);
