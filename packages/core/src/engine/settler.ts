/**
 * Carries out what payments owe, the same way in live running and after a restart. The table in duties.ts says what is owed;
 * submitting.ts and undoing.ts do it, in-hand.ts holds what this life knows beside the log.
 */
import type { AdviceResult, Finding, PaymentMethod, UndoReason } from '../contract.js';
import type { CaseSubject } from '../events.js';
import { nextTurn } from '../next-turn.js';
import { findingOf } from './answers.js';
import { ask, unable } from './ask.js';
import { type Asking, type ChargeOrder, type ChargeResult, chargeResult, goesOn } from './charge.js';
import { type Duty, type DutyTo, limit, nextDuty } from './duties.js';
import { type FoundMethod, InHand, type PaymentInput, sealedKey, type SettlerOptions } from './in-hand.js';
import { stream } from './journal.js';
import { type AttemptState, decidedAs, isHandsOff, isResolved, isSettled, judge, mayTurnUp, openCase, owesAdvice, paidMinor, type PaymentState } from './payment.js';
import { Roster } from './roster.js';
import { Submitting } from './submitting.js';
import { Undoing } from './undoing.js';

export class Settler {
  readonly #options: SettlerOptions;
  readonly #hand: InHand;
  readonly #submitting: Submitting;
  readonly #undoing: Undoing;
  /** Payments whose loop runs. */
  readonly #running = new Roster<string, Promise<void>>();
  readonly #wake = new Roster<string, AbortController>();
  /** Payments that changed since their loop last read the table. */
  readonly #stale = new Set<string>();

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#hand = new InHand(options);
    this.#submitting = new Submitting(this.#hand, (paymentId) => this.settle(paymentId));
    this.#undoing = new Undoing(this.#hand, this.#submitting);
    options.journal.busy = (paymentId) => this.#running.has(paymentId);
  }

  /** Takes up every payment that the log leaves open, newest first (11). */
  recover(): void {
    const { journal } = this.#options;
    for (const payment of [...journal.payments.values()].toReversed()) {
      if (isSettled(payment)) {
        // Settled, and yet something is owed: a look again (5), an advice (9), what is sealed.
        const found = this.#hand.methodOf(payment);
        if (this.#isOrphan(payment, found) || nextDuty(payment, found && this.#hand.dutyContext(payment, found.method))) this.settle(payment.paymentId);
        else if (found) this.#atRest(payment.paymentId);
        continue;
      }
      // Its flow has ended without it.
      if (!payment.committed && journal.executions.get(payment.execution)?.state.status !== 'running') this.#hand.givenUp.set(payment.paymentId, 'flow-failed');
      this.#hand.shutLane(payment);
      this.settle(payment.paymentId);
    }
  }

  /**
   * Takes a payment: prepares, writes the intent, submits once, and settles until the Task's answer is known.
   * @throws ActionError from `prepare`: nothing is owed then
   */
  async charge(order: ChargeOrder, asking: Asking): Promise<ChargeResult> {
    const { paymentId } = order;
    const known = goesOn(this.#hand.payment(paymentId), order.taskAttempt);
    this.#hand.screens.set(paymentId, { screen: asking.screen, taskAttempt: known ?? order.taskAttempt });
    try {
      return await this.#charge(order, asking, known);
    } finally {
      this.#hand.screens.delete(paymentId);
    }
  }

  async #charge(order: ChargeOrder, asking: Asking, known: number | undefined): Promise<ChargeResult> {
    const { paymentId } = order;
    if (known === undefined) {
      // What was given up has ended, though it may still be looked for (5); who gives this one up has aborted its signal, or does so yet.
      this.#hand.givenUp.delete(paymentId);
      const refusal = await this.#submitting.first(order, asking);
      if (refusal) {
        // Nothing was sent, so nothing is given up any more: a Retry begins anew.
        const payment = this.#hand.payment(paymentId);
        if (!payment || isSettled(payment)) this.#hand.givenUp.delete(paymentId);
        return refusal;
      }
    } else if (this.#wasGivenUp(paymentId)) this.giveUp(paymentId, 'cancelled');
    else this.#showAgain(paymentId);
    this.settle(paymentId);
    return await this.#result(paymentId, known ?? order.taskAttempt);
  }

  /** Approved in full without the commitment that belongs to the same write: a former life had been asked to give it up (14). */
  #wasGivenUp(paymentId: string): boolean {
    const payment = this.#hand.payment(paymentId);
    return payment !== undefined && !payment.committed && !this.#hand.givenUp.has(paymentId) && paidMinor(payment) >= payment.dueMinor;
  }

  /** What a former life showed of a payment that is not decided yet. */
  #showAgain(paymentId: string): void {
    const payment = this.#hand.payment(paymentId);
    const open = payment?.attempts.findLast(({ fate, undoes }) => undoes === undefined && (fate === 'submitted' || fate === 'undecided'));
    if (!open || this.#hand.whyGivenUp(paymentId)) return;
    this.#hand.screens.get(paymentId)?.screen.waiting(open.answer?.outcome === 'pending' ? open.answer.waitingFor : 'host', open.show);
  }

  /** Asks to give a payment up: before commitment it is condemned, after it nothing happens (14). */
  giveUp(paymentId: string, why: UndoReason): void {
    // The engine's end is nobody's wish: what is approved meanwhile is kept, and the next life goes on with it.
    if (this.#options.closing.aborted || this.#hand.payment(paymentId)?.committed) return;
    if (!this.#hand.givenUp.has(paymentId)) this.#hand.givenUp.set(paymentId, why);
    this.#hand.screens.get(paymentId)?.screen.withdraw();
    this.settle(paymentId);
  }

  /**
   * The undo orders for uncommitted payments of a flow or scope that ended badly (10), to be written together with its end.
   * What is still in flight is waited for and condemned when it answers.
   */
  condemnAll(paymentIds: readonly string[], why: UndoReason): { inputs: PaymentInput[]; done: () => void } {
    const { inputs, touched } = this.#undoing.orders(paymentIds, why);
    return {
      inputs,
      done: () => {
        for (const { paymentId } of touched) {
          const payment = this.#hand.payment(paymentId);
          if (payment) this.#hand.shutLane(payment);
          this.settle(paymentId);
        }
      },
    };
  }

  /** Nothing of a terminal goes on by itself: each of its payments that is not settled is a person's (17). */
  async hold(terminalId: string): Promise<void> {
    const { journal, ports } = this.#options;
    const open = [...journal.payments.values()].filter((each) => each.terminalId === terminalId && !isSettled(each) && !isHandsOff(each));
    await journal.appendDurably(
      open.map(({ paymentId }) => ({ stream: stream.payment(paymentId), event: { type: 'caseOpened', caseId: ports.ids.next('case'), why: 'the log was restored from an older copy, or is another one', handsOff: true } })),
    );
    for (const each of open) {
      this.#hand.reopenLanes(each);
      this.#hand.notify(each.paymentId);
    }
  }

  /** What a terminal owes is taken up again; what became a person's stays so. */
  release(terminalId: string): void {
    for (const { paymentId, terminalId: at } of this.#options.journal.payments.values()) if (at === terminalId) this.settle(paymentId);
  }

  /** `payment:commit`: what is approved so far stays, whatever the flow does later. */
  async commit(paymentIds: readonly string[]): Promise<void> {
    await this.#submitting.commit(paymentIds);
  }

  /** Runs the payment's loop unless it runs already; wakes it when it sleeps. */
  settle(paymentId: string): void {
    this.#wake.get(paymentId)?.abort();
    if (this.#options.closing.aborted) return;
    if (this.#running.has(paymentId)) {
      this.#stale.add(paymentId);
      return;
    }
    const loop = this.#loop(paymentId)
      .catch((error: unknown) => {
        if (!this.#options.closing.aborted) this.#options.failed(error);
      })
      .finally(() => {
        this.#running.delete(paymentId);
        this.#hand.notify(paymentId);
        // It may have been asked for between the loop's last look and this line.
        if (this.#stale.has(paymentId)) this.settle(paymentId);
        else this.#options.journal.look(paymentId);
      });
    this.#running.set(paymentId, loop);
  }

  #atRest(paymentId: string): void {
    const { journal } = this.#options;
    journal.rest(paymentId);
    journal.look(paymentId);
  }

  /** Resolves when every loop has come to rest. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  async #loop(paymentId: string): Promise<void> {
    const { ports, closing } = this.#options;
    while (!closing.aborted) {
      this.#stale.delete(paymentId);
      const { marks } = this.#options;
      const terminalId = this.#hand.payment(paymentId)?.terminalId ?? '';
      const checking = marks.check(terminalId);
      if (checking) await checking;
      const payment = this.#hand.payment(paymentId);
      if (!payment || marks.isHeld(terminalId)) return;
      const found = this.#hand.methodOf(payment);
      if (this.#isOrphan(payment, found)) {
        const { kind, why } = this.#hand.whyNobody(payment);
        const lookedFor = isSettled(payment) ? payment.attempts.find(mayTurnUp) : undefined;
        await this.#openCase(payment, { ...(lookedFor ? { attempt: lookedFor.attempt } : {}), why }, { kind });
        // What is sealed may be of no use to anybody any more.
        continue;
      }
      const duty = nextDuty(payment, found && this.#hand.dutyContext(payment, found.method));
      if (!duty) {
        if (isSettled(payment)) {
          this.#hand.live.delete(paymentId);
          this.#hand.givenUp.delete(paymentId);
          this.#hand.reopenLanes(payment);
          this.#options.journal.rest(paymentId);
        }
        return;
      }
      if ('at' in duty && duty.at > ports.clock.now()) {
        await this.#sleep(paymentId, duty.at);
        continue;
      }
      await this.#perform(payment, duty, found);
      this.#hand.notify(paymentId);
    }
  }

  /**
   * Nobody settles it, looks again for a sale that was undone without proof, nor delivers what it left owed, and no person knows
   * yet (18). A void that comes after all does no harm.
   */
  #isOrphan(payment: PaymentState, found: FoundMethod | undefined): boolean {
    if (found || openCase(payment) || isResolved(payment)) return false;
    return !isSettled(payment) || (payment.attempts.some((a) => mayTurnUp(a) || owesAdvice(a)) && !this.#options.journal.isAtRest(payment.paymentId));
  }

  async #perform(payment: PaymentState, duty: Duty, found: FoundMethod | undefined): Promise<void> {
    if (duty.do === 'open-case') {
      const { do: _do, ...opened } = duty;
      return await this.#openCase(payment, opened);
    }
    const attempt = payment.attempts.find((a) => a.attempt === duty.attempt);
    if (!attempt) return;
    if (duty.do === 'forget') return await this.#forget(payment, attempt);
    if (!found) return;
    switch (duty.do) {
      case 'inquire':
        return await this.#inquire(payment, attempt, duty, found.method);
      case 'complete':
        // Also while the lane is shut for sales: it may be by this payment itself, of which a former attempt turned up (5).
        await this.#hand.lanes.run(attempt.prepared.lane, { undo: true, signal: this.#options.closing }, () => this.#submitting.complete(payment.paymentId, attempt.attempt));
        return;
      case 'condemn':
        return await this.#undoing.condemn(payment, attempt, duty);
      case 'reverse':
        return await this.#undoing.reverse(payment, attempt, duty, found);
      case 'undo-by':
        return await this.#undoing.undoBy(payment, attempt, duty, found);
      case 'deliver':
        return await this.#deliver(payment, attempt, duty, found.method);
    }
  }

  async #inquire(payment: PaymentState, attempt: AttemptState, duty: DutyTo<'inquire'>, method: PaymentMethod): Promise<void> {
    const recorded = await this.#hand.recorded(payment, attempt);
    const finding = findingOf(
      await ask<Finding>(() => method.inquire?.(recorded) ?? Promise.resolve(unable('inquiry')), {
        clock: this.#options.ports.clock,
        withinMs: method.policy.answerWithinMs,
        late: (heard) => {
          const late = findingOf(heard);
          // As the submit's own. What decides nothing is old by now, and what is looked at again is looked at later, too.
          if (duty.to === 'inquire' && (late.outcome === 'approved' || late.outcome === 'declined')) this.#submitting.late(payment.paymentId, attempt.attempt, judge(late, attempt.request));
        },
      }),
    );
    await this.#submitting.record({ paymentId: payment.paymentId, attempt: attempt.attempt, to: duty.to, try: duty.try }, judge(finding, attempt.request));
  }

  /** @param options.before what is written with it */
  async #openCase(payment: PaymentState, opened: CaseSubject & { readonly why: string }, { kind = 'case-opened', before = [] }: { kind?: 'case-opened' | 'plugin-missing' | 'data-version'; before?: readonly PaymentInput[] } = {}): Promise<void> {
    const { journal, ports, alarm } = this.#options;
    const { paymentId } = payment;
    const caseId = ports.ids.next('case');
    await journal.appendDurably([...before, { stream: stream.payment(paymentId), event: { type: 'caseOpened', caseId, ...opened } }]);
    if (kind === 'case-opened') this.#hand.reopenLanes(payment);
    alarm({ kind, paymentId, caseId, why: opened.why });
  }

  async #forget({ paymentId }: PaymentState, { attempt }: AttemptState): Promise<void> {
    const { journal, ports } = this.#options;
    const outcome = ports.log.head;
    // Its flow goes on first, and what that writes comes to the disk with the same sync.
    await new Promise<void>(nextTurn);
    // The outcome is on disk before what a reversal would have needed is gone.
    await ports.log.durable(outcome);
    await ports.sealed.forget(sealedKey(paymentId, attempt));
    journal.append([{ stream: stream.payment(paymentId), event: Object.freeze({ type: 'sealedForgotten', attempt }) }]);
  }

  /** One message at a time on its lane (12), also while that is shut for sales: it may be so until a person has decided about another payment. */
  async #deliver(payment: PaymentState, attempt: AttemptState, duty: DutyTo<'deliver'>, method: PaymentMethod): Promise<void> {
    const { journal, ports, closing } = this.#options;
    const { paymentId } = payment;
    // Before the commitment is on disk its payment may still be undone.
    await ports.log.durable(ports.log.head);
    const recorded = await this.#hand.recorded(payment, attempt);
    await this.#hand.lanes.run(attempt.prepared.lane, { undo: true, signal: closing }, async () => {
      const waiting = this.#hand.payment(paymentId);
      if (!waiting || decidedAs(waiting) !== undefined || isHandsOff(waiting)) return;
      // The table tells a person, unless it has never been tried.
      if (duty.try > 1 && ports.clock.now() > limit(attempt, method)) return;
      const said = await ask<AdviceResult>(() => method.deliver?.(recorded, attempt.approved?.owed ?? {}) ?? Promise.resolve('ask-person'), {
        clock: ports.clock,
        withinMs: method.policy.answerWithinMs,
        silent: 'again',
      });
      // Whatever else a plugin says.
      const result = said === 'delivered' || said === 'ask-person' ? said : 'again';
      const tried: PaymentInput = { stream: stream.payment(paymentId), event: { type: 'adviceAnswered', attempt: attempt.attempt, try: duty.try, result } };
      if (result === 'ask-person' && !openCase(waiting)) await this.#openCase(waiting, { attempt: attempt.attempt, about: 'advice', why: 'what its approval left owed to the host needs a person' }, { before: [tried] });
      else journal.append([tried]);
    });
  }

  async #result(paymentId: string, taskAttempt: number): Promise<ChargeResult> {
    for (;;) {
      const payment = this.#hand.payment(paymentId);
      const result = payment && chargeResult(payment, taskAttempt, this.#hand.flying(paymentId), this.#hand.whyGivenUp(paymentId) !== undefined);
      if (result) return result;
      await this.#hand.changed(paymentId);
    }
  }

  async #sleep(paymentId: string, at: number): Promise<void> {
    const { stops } = this.#hand;
    const wake = stops.open();
    this.#wake.set(paymentId, wake);
    try {
      await this.#options.ports.clock.until(at, wake.signal);
    } catch {
      // Woken: the table is read again.
    } finally {
      stops.release(wake);
      this.#wake.delete(paymentId);
    }
  }
}
