/**
 * Carries out what payments owe: submits once, asks, condemns, undoes, forgets. The table in payment.ts says what;
 * this says how, the same way in live running and after a restart.
 */
import {
  type Answer,
  type Completion,
  type Finding,
  type Live,
  type PaymentMethod,
  type PaymentRequest,
  type Prepared,
  type Recorded,
  type ReverseAnswer,
  type UndoReason,
} from '../contract.js';
import type { PaymentEvent, StepId } from '../events.js';
import type { JsonObject } from '../json.js';
import type { Money } from '../money.js';
import { Journal, stream } from './journal.js';
import { Lanes } from './lanes.js';
import { type AttemptState, type Duty, type DutyContext, isResolved, isSettled, isUndecided, judge, nextDuty, openCase, paidMinor, partialUnasked, type PaymentState } from './payment.js';
import type { Ports } from './ports.js';
import { OVER, Stops } from './stops.js';

export interface Alarm {
  readonly kind: 'case-opened' | 'contradiction' | 'log-failed' | 'plugin-missing';
  readonly paymentId?: string;
  readonly caseId?: string;
  readonly why: string;
}

export interface SettlerOptions {
  readonly ports: Ports;
  readonly journal: Journal;
  /** The method as loaded for a terminal, and the plugin it came with. */
  readonly methodOf: (terminalId: string, method: string) => { method: PaymentMethod; plugin: string } | undefined;
  readonly alarm: (alarm: Alarm) => void;
  /** How long a sale waits for its lane before it is given up unsent (12). */
  readonly laneWaitMs: number;
  /** The engine stops: no new work begins. */
  readonly closing: AbortSignal;
  /** A write failed: memory is ahead of the disk, nothing more may be done. */
  readonly failed: (error: unknown) => void;
}

export interface ChargeOrder {
  readonly paymentId: string;
  readonly execution: string;
  readonly step: StepId;
  readonly taskAttempt: number;
  readonly method: string;
  readonly amount: Money;
  readonly dueMinor: number;
  readonly saleReference: string;
  readonly terminalId: string;
  readonly operatorId: string;
  readonly allowPartial: boolean;
  readonly arguments: JsonObject;
}

/** How a charge ended, for the Task that asked. */
export type ChargeResult =
  | { readonly is: 'paid'; readonly attempt: AttemptState; readonly payment: PaymentState }
  | { readonly is: 'declined'; readonly answer: Extract<Answer, { outcome: 'declined' }> }
  | { readonly is: 'not-sent'; readonly why: string }
  | { readonly is: 'undone' | 'unsettled'; readonly why: UndoReason | 'open'; readonly caseId?: string };

export class Settler {
  readonly #options: SettlerOptions;
  readonly #lanes = new Lanes();
  /** Payments whose loop runs. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #wake = new Map<string, AbortController>();
  /** Payments that changed since their loop last read the table. */
  readonly #stale = new Set<string>();
  readonly #inFlight = new Map<string, Set<number>>();
  readonly #giveUp = new Map<string, UndoReason>();
  /** What dies with the process, by payment: while it is here the card can still complete. */
  readonly #live = new Map<string, Live>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #stops: Stops;

  constructor(options: SettlerOptions) {
    this.#options = options;
    this.#stops = new Stops(options.closing);
  }

  /** Takes up every payment that the log leaves open. */
  recover(): void {
    const { journal } = this.#options;
    for (const payment of journal.payments.values()) {
      if (isSettled(payment)) {
        // Settled, and yet something is owed: a look again (5), an advice (9), what is sealed.
        const found = this.#options.methodOf(payment.terminalId, payment.method);
        if (found && nextDuty(payment, this.#dutyContext(payment, found.method))) this.settle(payment.paymentId);
        continue;
      }
      this.#shutLane(payment);
      this.settle(payment.paymentId);
    }
  }

  /**
   * Takes a payment: prepares, writes the intent, submits once, and settles until the Task's answer is known.
   * @throws ActionError from `prepare`: nothing is owed then
   */
  async charge(order: ChargeOrder, live: Live): Promise<ChargeResult> {
    const { journal } = this.#options;
    const known = journal.payments.get(order.paymentId)?.attempts.find((a) => a.taskAttempt === order.taskAttempt && a.undoes === undefined);
    if (!known) {
      const refusal = await this.#firstSubmit(order, live);
      if (refusal) {
        // Nothing was sent, so nothing is given up any more: a Retry begins anew.
        const payment = journal.payments.get(order.paymentId);
        if (!payment || isSettled(payment)) this.#giveUp.delete(order.paymentId);
        return refusal;
      }
    } else if (this.#wasGivenUp(order.paymentId)) this.giveUp(order.paymentId, 'cancelled');
    this.settle(order.paymentId);
    return await this.#result(order.paymentId, order.taskAttempt);
  }

  /** Approved in full without the commitment that belongs to the same write: a former life had been asked to give it up (14). */
  #wasGivenUp(paymentId: string): boolean {
    const payment = this.#options.journal.payments.get(paymentId);
    return payment !== undefined && !payment.committed && !this.#giveUp.has(paymentId) && paidMinor(payment) >= payment.dueMinor;
  }

  /** Asks to give a payment up: before commitment it is condemned, after it nothing happens (14). */
  giveUp(paymentId: string, why: UndoReason): void {
    const payment = this.#options.journal.payments.get(paymentId);
    if (payment?.committed) return;
    if (!this.#giveUp.has(paymentId)) this.#giveUp.set(paymentId, why);
    this.settle(paymentId);
  }

  /**
   * The undo orders for uncommitted payments of a flow or scope that ended badly (10), to be written together with its end.
   * What is still in flight is waited for and condemned when it answers.
   */
  condemnAll(paymentIds: readonly string[], why: UndoReason): { inputs: { stream: string; event: PaymentEvent }[]; done: () => void } {
    const { journal } = this.#options;
    const inputs: { stream: string; event: PaymentEvent }[] = [];
    const touched: PaymentState[] = [];
    for (const id of paymentIds.toReversed()) {
      const payment = journal.payments.get(id);
      if (!payment || payment.committed || isSettled(payment)) continue;
      if (!this.#giveUp.has(id)) this.#giveUp.set(id, why);
      touched.push(payment);
      const attempt = payment.attempts.find((a) => a.undoes === undefined && (a.fate === 'approved' || a.fate === 'completed' || a.fate === 'undecided'));
      if (attempt && !this.#flying(id).has(attempt.attempt)) inputs.push({ stream: stream.payment(id), event: this.#condemnation(payment, attempt, why) });
    }
    return {
      inputs,
      done: () => {
        for (const { paymentId } of touched) {
          const payment = journal.payments.get(paymentId);
          if (payment) this.#shutLane(payment);
          this.settle(paymentId);
        }
      },
    };
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
        this.#notify(paymentId);
        // It may have been asked for between the loop's last look and this line.
        if (this.#stale.has(paymentId)) this.settle(paymentId);
      });
    this.#running.set(paymentId, loop);
  }

  /** Resolves when every loop has come to rest. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  // -------------------------------------------------------------------------------------------------------------------

  async #firstSubmit(order: ChargeOrder, live: Live): Promise<ChargeResult | undefined> {
    const { journal } = this.#options;
    const found = this.#options.methodOf(order.terminalId, order.method);
    if (!found) return { is: 'not-sent', why: `no payment method ${order.method}` };
    const former = journal.payments.get(order.paymentId);
    // A new attempt only when every former one is not-sent, declined or undone (13).
    if (former && (isUndecided(former) || paidMinor(former) > 0 || isResolved(former))) return { is: 'not-sent', why: 'an earlier attempt of this payment is not decided' };
    for (const other of journal.paymentsOfSale(order.saleReference)) {
      if (other.paymentId !== order.paymentId && (isUndecided(other) || openCase(other))) {
        return { is: 'not-sent', why: `payment ${other.paymentId} of the same sale is not decided` };
      }
    }
    const request: PaymentRequest = {
      paymentId: order.paymentId,
      attempt: (former?.attempts.length ?? 0) + 1,
      operation: 'sale',
      amount: order.amount,
      terminalId: order.terminalId,
      operatorId: order.operatorId,
      allowPartial: order.allowPartial,
      arguments: order.arguments,
    };
    const { prepared, sealed } = await found.method.prepare(request, live);
    const waiting = this.#waiting(live.signal);
    this.#live.set(order.paymentId, live);
    const submitted = await this.#lanes.run(prepared.lane, { undo: false, signal: waiting.signal }, async () => {
      waiting.over();
      // Two tills may have waited for the same sale: look again, now that it is this one's turn.
      if (live.signal.aborted) return { is: 'not-sent', why: 'cancelled before it was sent' } as const;
      await this.#submit({ request, prepared, sealed, found, order });
      if (journal.payments.get(order.paymentId)?.attempts.at(-1)?.fate === 'approved') await this.#complete(order.paymentId, request.attempt);
      const after = journal.payments.get(order.paymentId);
      // What is about to be undone keeps the lane: nobody else's sale slips in between (12).
      if (after && nextDuty(after, this.#dutyContext(after, found.method))?.do === 'condemn') this.#lanes.shut(prepared.lane, order.paymentId);
      return undefined;
    });
    waiting.over();
    if (!submitted) {
      this.#live.delete(order.paymentId);
      return { is: 'not-sent', why: live.signal.aborted ? 'cancelled before it was sent' : 'an earlier payment on this line is being undone, and its host can not be reached' };
    }
    return submitted.value;
  }

  /** Sealed, intent, submit (card data), answer: in this order on disk (1). */
  async #submit(work: {
    request: PaymentRequest;
    prepared: Prepared;
    sealed: Uint8Array | undefined;
    found: { method: PaymentMethod; plugin: string };
    order: Pick<ChargeOrder, 'execution' | 'step' | 'taskAttempt' | 'dueMinor' | 'saleReference'>;
    undoes?: number;
  }): Promise<void> {
    const { ports, journal } = this.#options;
    const { request, prepared, found, order } = work;
    const { paymentId, attempt } = request;
    if (work.sealed) await ports.sealed.put(sealedKey(paymentId, attempt), work.sealed);
    const { original: _original, ...logged } = request;
    const intent: PaymentEvent = {
      type: 'paymentPrepared',
      attempt,
      execution: order.execution,
      step: order.step,
      taskAttempt: order.taskAttempt,
      method: found.method.id,
      plugin: found.plugin,
      dueMinor: order.dueMinor,
      saleReference: order.saleReference,
      request: logged,
      prepared,
      sealed: work.sealed !== undefined,
      ...(work.undoes === undefined ? {} : { undoes: work.undoes }),
    };
    this.#takeOff(paymentId, attempt);
    try {
      await journal.appendDurably([{ stream: stream.payment(paymentId), event: intent }]);
      const live = this.#live.get(paymentId) ?? noLive(this.#options.closing);
      const answer = await this.#ask(
        () => found.method.submit(request, prepared, live),
        found.method.policy.answerWithinMs,
        (late) => this.#late(paymentId, attempt, judge(late, request)),
      );
      await this.#record(paymentId, attempt, 'submit', 1, judge(answer, request));
    } finally {
      this.#land(paymentId, attempt);
    }
  }

  /** Writes an answer down, with the commitment that it may bring about, and waits for the disk when it decides. */
  async #record(paymentId: string, attempt: number, to: 'submit' | 'inquire' | 'watch' | 'late', tryNumber: number, answer: Answer | Finding): Promise<void> {
    const { journal } = this.#options;
    const inputs = [{ stream: stream.payment(paymentId), event: { type: 'paymentAnswered', attempt, to, try: tryNumber, answer } as PaymentEvent }];
    const payment = journal.payments.get(paymentId);
    const before = payment?.attempts.find((a) => a.attempt === attempt);
    if (payment && before && before.undoes === undefined && answer.outcome === 'approved' && answer.completion === 'none' && !before.condemned) {
      inputs.push(...this.#commitment(payment, before, answer.amount.amountMinor));
    }
    const seq = journal.append(inputs);
    const after = journal.payments.get(paymentId);
    if (after) this.#shutLane(after);
    if (answer.outcome === 'approved') await journal.ports.log.durable(seq);
    this.#wakeCommitted(inputs, paymentId);
    const live = this.#live.get(paymentId);
    // Later inquiries that bring nothing to show leave a QR where it stands.
    if (answer.outcome === 'pending' && (answer.show || before?.answer?.outcome !== 'pending')) live?.show('customer', payingTexts[answer.waitingFor], answer.show ?? {});
    this.#notify(paymentId);
  }

  /** Committed once approved amounts cover what is due (9): all payments of the sale together, unless somebody gave up before. */
  #commitment(payment: PaymentState, attempt: AttemptState, amountMinor: number): { stream: string; event: PaymentEvent }[] {
    const { journal } = this.#options;
    if (this.#giveUp.has(payment.paymentId) || payment.committed) return [];
    if (amountMinor < attempt.request.amount.amountMinor && !attempt.request.allowPartial) return [];
    const others = journal
      .paymentsOfSale(payment.saleReference)
      .filter((other) => other.execution === payment.execution && other.paymentId !== payment.paymentId && !other.committed)
      .filter((other) => paidMinor(other) > 0 && !this.#giveUp.has(other.paymentId));
    const paid = amountMinor + paidMinor(payment) + others.reduce((sum, other) => sum + paidMinor(other), 0);
    if (paid < payment.dueMinor) return [];
    return [payment, ...others].map((p) => ({ stream: stream.payment(p.paymentId), event: { type: 'paymentCommitted' } }));
  }

  /** `payment:commit`: what is approved so far stays, whatever the flow does later. */
  async commit(paymentIds: readonly string[]): Promise<void> {
    const { journal } = this.#options;
    const inputs = paymentIds
      .map((id) => journal.payments.get(id))
      .filter((p): p is PaymentState => p !== undefined && !p.committed && paidMinor(p) > 0 && !this.#giveUp.has(p.paymentId) && !isUndecided(p))
      .map((p) => ({ stream: stream.payment(p.paymentId), event: { type: 'paymentCommitted' } as const }));
    if (inputs.length > 0) await journal.appendDurably(inputs);
    this.#wakeCommitted(inputs);
  }

  /** Payments that were committed together with another one owe something now: an advice, the forgetting of what is sealed. */
  #wakeCommitted(inputs: readonly { stream: string; event: PaymentEvent }[], except?: string): void {
    for (const { stream: name, event } of inputs) {
      const paymentId = name.slice(2);
      if (event.type === 'paymentCommitted' && paymentId !== except) this.settle(paymentId);
    }
  }

  async #loop(paymentId: string): Promise<void> {
    const { journal, ports, closing } = this.#options;
    while (!closing.aborted) {
      this.#stale.delete(paymentId);
      const payment = journal.payments.get(paymentId);
      if (!payment) return;
      const found = this.#options.methodOf(payment.terminalId, payment.method);
      if (!found) return void (await this.#pluginMissing(payment));
      const duty = nextDuty(payment, this.#dutyContext(payment, found.method));
      if (!duty) {
        if (isSettled(payment)) {
          this.#live.delete(paymentId);
          this.#giveUp.delete(paymentId);
          this.#reopenLanes(payment);
        }
        return;
      }
      if ('at' in duty && duty.at > ports.clock.now()) {
        await this.#sleep(paymentId, duty.at);
        continue;
      }
      await this.#perform(payment, duty, found);
      this.#notify(paymentId);
    }
  }

  #dutyContext({ paymentId }: PaymentState, method: PaymentMethod): DutyContext {
    const giveUp = this.#giveUp.get(paymentId);
    return {
      now: this.#options.ports.clock.now(),
      inFlight: this.#flying(paymentId),
      ...(giveUp ? { giveUp } : {}),
      mayComplete: this.#live.has(paymentId),
      method: {
        policy: method.policy,
        inquiry: method.capabilities.inquiry,
        reversal: method.capabilities.reversal,
        deliver: method.deliver !== undefined,
      },
    };
  }

  async #perform(payment: PaymentState, duty: Duty, found: { method: PaymentMethod; plugin: string }): Promise<void> {
    const { journal, ports } = this.#options;
    const { method } = found;
    const { paymentId } = payment;
    if (duty.do === 'open-case') {
      const caseId = ports.ids.next('case');
      await journal.appendDurably([{ stream: stream.payment(paymentId), event: { type: 'caseOpened', caseId, why: duty.why } }]);
      this.#reopenLanes(payment);
      this.#options.alarm({ kind: 'case-opened', paymentId, caseId, why: duty.why });
      return;
    }
    const attempt = payment.attempts.find((a) => a.attempt === duty.attempt);
    if (!attempt) return;
    switch (duty.do) {
      case 'inquire': {
        const recorded = await this.#recorded(payment, attempt);
        const finding = await this.#ask<Finding | Answer>(() => method.inquire?.(recorded) ?? Promise.resolve(unable('inquiry')), method.policy.answerWithinMs);
        await this.#record(paymentId, attempt.attempt, duty.to, duty.try, judge(finding, attempt.request));
        return;
      }
      case 'complete': {
        await this.#lanes.run(attempt.prepared.lane, { undo: false, signal: this.#options.closing }, () => this.#complete(paymentId, attempt.attempt));
        return;
      }
      case 'condemn': {
        const seq = journal.append([{ stream: stream.payment(paymentId), event: this.#condemnation(payment, attempt, duty.why) }]);
        const after = journal.payments.get(paymentId);
        if (after) this.#shutLane(after);
        await ports.log.durable(seq);
        return;
      }
      case 'reverse': {
        // Orders from a flow's bad end are written without a wait; no byte of the undo leaves before they are on disk (6).
        await ports.log.durable(ports.log.head);
        const recorded = await this.#recorded(payment, attempt);
        await this.#lanes.run(attempt.prepared.lane, { undo: true, signal: this.#options.closing }, async () => {
          const answer = await this.#ask<ReverseAnswer | Answer>(
            () => method.reverse?.(recorded, attempt.condemned?.why ?? 'no-answer', duty.try) ?? Promise.resolve(unable('reversal')),
            method.policy.answerWithinMs,
          );
          const verified: ReverseAnswer = answer.outcome === 'undone' && answer.verified !== true ? { outcome: 'unknown', reason: 'unverified', why: 'undone without verification' } : (answer as ReverseAnswer);
          journal.append([{ stream: stream.payment(paymentId), event: { type: 'paymentUndoAnswered', attempt: attempt.attempt, try: duty.try, answer: verified } }]);
          this.#reopenWhenUndone(paymentId);
        });
        return;
      }
      case 'undo-by': {
        const original = await this.#recorded(payment, attempt);
        const remedy = attempt.condemned?.remedy;
        const request: PaymentRequest = {
          ...attempt.request,
          attempt: payment.attempts.length + 1,
          operation: duty.operation,
          amount: remedy && 'amount' in remedy ? remedy.amount : attempt.request.amount,
          original,
          arguments: {},
        };
        await this.#lanes.run(attempt.prepared.lane, { undo: true, signal: this.#options.closing }, async () => {
          const { prepared, sealed } = await method.prepare(request, noLive(this.#options.closing));
          await this.#submit({ request, prepared, sealed, found, order: { ...payment, taskAttempt: attempt.taskAttempt }, undoes: attempt.attempt });
        });
        this.#reopenWhenUndone(paymentId);
        return;
      }
      case 'forget': {
        // The outcome is on disk before what a reversal would have needed is gone.
        await ports.log.durable(ports.log.head);
        await ports.sealed.forget(sealedKey(paymentId, attempt.attempt));
        journal.append([{ stream: stream.payment(paymentId), event: { type: 'sealedForgotten', attempt: attempt.attempt } }]);
        return;
      }
      case 'deliver': {
        const owed = attempt.approved?.owed ?? {};
        const recorded = await this.#recorded(payment, attempt);
        const result = (await method.deliver?.(recorded, owed).catch(() => 'again' as const)) ?? 'ask-person';
        if (result === 'again') await this.#sleep(paymentId, ports.clock.now() + (method.policy.reverse.backoffMs.at(-1) ?? 60_000));
        else journal.append([{ stream: stream.payment(paymentId), event: { type: 'adviceDelivered', attempt: attempt.attempt, result } }]);
      }
    }
  }

  /** The card's last word on an approval that is already on disk (8). */
  async #complete(paymentId: string, attemptNumber: number): Promise<void> {
    const { journal } = this.#options;
    const payment = journal.payments.get(paymentId);
    const attempt = payment?.attempts.find((a) => a.attempt === attemptNumber);
    const live = this.#live.get(paymentId);
    const method = payment && this.#options.methodOf(payment.terminalId, payment.method)?.method;
    if (!payment || !attempt || !live || !method || attempt.fate !== 'approved' || attempt.refusedByCard || this.#giveUp.has(paymentId)) return;
    this.#takeOff(paymentId, attemptNumber);
    try {
      const recorded = await this.#recorded(payment, attempt);
      const completion = await this.#ask<Completion>(
        () => method.complete?.(recorded, live) ?? Promise.resolve({ outcome: 'completed' }),
        method.policy.answerWithinMs,
        undefined,
        { outcome: 'refused-by-card', why: 'the card did not answer' },
      );
      const facts = completion.outcome === 'completed' ? completion.facts : undefined;
      const inputs: { stream: string; event: PaymentEvent }[] = [
        { stream: stream.payment(paymentId), event: { type: 'paymentCompleted', attempt: attemptNumber, completion, ...(facts ? { facts } : {}) } },
      ];
      if (completion.outcome === 'completed') inputs.push(...this.#commitment(payment, attempt, attempt.approved?.amount.amountMinor ?? 0));
      await journal.appendDurably(inputs);
      this.#wakeCommitted(inputs, paymentId);
    } finally {
      this.#land(paymentId, attemptNumber);
    }
    this.#notify(paymentId);
  }

  /** An answer that came after its time: it changes nothing that is final, and restarts the undo of what was condemned (5). */
  #late(paymentId: string, attempt: number, answer: Answer | Finding): void {
    const { journal, closing } = this.#options;
    const payment = journal.payments.get(paymentId);
    const known = payment?.attempts.find((a) => a.attempt === attempt);
    if (!payment || !known || closing.aborted || answer.outcome === 'unknown' || answer.outcome === 'not-sent') return;
    if (isResolved(payment) || (known.fate === 'declined' && answer.outcome === 'approved')) {
      journal.append([{ stream: stream.payment(paymentId), event: { type: 'paymentContradicted', known: known.fate, heard: answer as Finding } }]);
      this.#options.alarm({ kind: 'contradiction', paymentId, why: `known as ${known.fate}, then heard ${answer.outcome}` });
      return;
    }
    void this.#record(paymentId, attempt, 'late', 1, answer).then(
      () => this.settle(paymentId),
      (error: unknown) => this.#options.failed(error),
    );
  }

  async #pluginMissing(payment: PaymentState): Promise<void> {
    if (isSettled(payment) || payment.cases.length > 0) return;
    const { journal, ports } = this.#options;
    const caseId = ports.ids.next('case');
    const why = `the plugin of payment method ${payment.method} is not there`;
    await journal.appendDurably([{ stream: stream.payment(payment.paymentId), event: { type: 'caseOpened', caseId, why } }]);
    this.#options.alarm({ kind: 'plugin-missing', paymentId: payment.paymentId, caseId, why });
  }

  async #result(paymentId: string, taskAttempt: number): Promise<ChargeResult> {
    for (;;) {
      const payment = this.#options.journal.payments.get(paymentId);
      const result = payment && chargeResult(payment, taskAttempt, this.#flying(paymentId), this.#giveUp.has(paymentId));
      if (result) return result;
      await this.#changed(paymentId);
    }
  }

  #condemnation(payment: PaymentState, attempt: AttemptState, why: UndoReason): PaymentEvent {
    const method = this.#options.methodOf(payment.terminalId, payment.method)?.method;
    const remedy = method?.remedy(recordedOf(attempt, undefined, this.#options.ports.clock.now())) ?? { do: 'ask-person', why: 'its plugin is not there' };
    return { type: 'paymentCondemned', attempt: attempt.attempt, why, remedy };
  }

  async #recorded(payment: PaymentState, attempt: AttemptState): Promise<Recorded> {
    const { ports } = this.#options;
    const sealed = attempt.sealed ? await ports.sealed.get(sealedKey(payment.paymentId, attempt.attempt)) : undefined;
    const original = payment.attempts.find((a) => a.attempt === attempt.undoes);
    return recordedOf(attempt, sealed, ports.clock.now(), original && recordedOf(original, undefined, ports.clock.now()));
  }

  /** Calls a plugin; silence past the time is the fallback, a throw is unknown. */
  async #ask<T>(call: () => Promise<T>, withinMs: number, late?: (answer: T) => void, silent: T = unanswered as T): Promise<T> {
    const { clock } = this.#options.ports;
    let over = false;
    const stop = new AbortController();
    const answer = (async () => call())().then(
      (value) => {
        if (over) late?.(value);
        return value;
      },
      (error: unknown) => (silent === (unanswered as T) ? (thrown(error) as T) : silent),
    );
    const timeout = clock.until(clock.now() + withinMs, stop.signal).then(
      () => {
        over = true;
        return silent;
      },
      () => new Promise<T>(() => {}),
    );
    const first = await Promise.race([answer, timeout]);
    stop.abort(OVER);
    return first;
  }

  #shutLane(payment: PaymentState): void {
    if (openCase(payment)) return;
    for (const a of payment.attempts) {
      if (a.undoes !== undefined || a.fate === 'undone') continue;
      const undecidedAfterRestart = (a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'approved') && !this.#live.has(payment.paymentId);
      if (undecidedAfterRestart || (a.fate === 'condemned' && a.condemned?.remedy.do !== 'ask-person')) this.#lanes.shut(a.prepared.lane, payment.paymentId);
    }
  }

  /** A void that is undone itself leaves its sale to be undone: the lane stays shut until nothing is (12). */
  #reopenWhenUndone(paymentId: string): void {
    const payment = this.#options.journal.payments.get(paymentId);
    if (payment && !payment.attempts.some((a) => a.fate === 'condemned')) this.#reopenLanes(payment);
  }

  #reopenLanes(payment: PaymentState): void {
    for (const a of payment.attempts) this.#lanes.reopen(a.prepared.lane, payment.paymentId);
  }

  async #sleep(paymentId: string, at: number): Promise<void> {
    const wake = this.#stops.open();
    this.#wake.set(paymentId, wake);
    try {
      await this.#options.ports.clock.until(at, wake.signal);
    } catch {
      // Woken: the table is read again.
    } finally {
      this.#stops.release(wake);
      this.#wake.delete(paymentId);
    }
  }

  /** A wait for the lane: it ends when nobody wants the payment any more, after its time, or with the engine. `over` takes its timer away. */
  #waiting(wanted: AbortSignal): { signal: AbortSignal; over: () => void } {
    const { clock } = this.#options.ports;
    const stop = this.#stops.open();
    const timer = this.#stops.open();
    const giveUp = (): void => this.#stops.end(stop);
    if (wanted.aborted) giveUp();
    wanted.addEventListener('abort', giveUp, { once: true });
    clock.until(clock.now() + this.#options.laneWaitMs, timer.signal).then(giveUp, () => {});
    return {
      signal: stop.signal,
      over: () => {
        wanted.removeEventListener('abort', giveUp);
        this.#stops.end(timer);
        this.#stops.release(stop);
      },
    };
  }

  #flying(paymentId: string): ReadonlySet<number> {
    return this.#inFlight.get(paymentId) ?? NONE;
  }

  #takeOff(paymentId: string, attempt: number): void {
    const flying = this.#inFlight.get(paymentId);
    if (flying) flying.add(attempt);
    else this.#inFlight.set(paymentId, new Set([attempt]));
  }

  #land(paymentId: string, attempt: number): void {
    const flying = this.#inFlight.get(paymentId);
    if (flying?.delete(attempt) && flying.size === 0) this.#inFlight.delete(paymentId);
  }

  #changed(paymentId: string): Promise<void> {
    return new Promise((resolve) => {
      const watchers = this.#watchers.get(paymentId) ?? new Set();
      watchers.add(resolve);
      this.#watchers.set(paymentId, watchers);
    });
  }

  #notify(paymentId: string): void {
    const watchers = this.#watchers.get(paymentId);
    this.#watchers.delete(paymentId);
    for (const watcher of watchers ?? []) watcher();
  }
}

/** What the Task hears, once it is decided: paid, declined, not sent, undone, or still to be undone. */
const chargeResult = (payment: PaymentState, taskAttempt: number, inFlight: ReadonlySet<number>, givenUp: boolean): ChargeResult | undefined => {
  const attempt = payment.attempts.findLast((a) => a.taskAttempt === taskAttempt && a.undoes === undefined);
  if (!attempt || inFlight.has(attempt.attempt)) return undefined;
  const open = openCase(payment);
  switch (attempt.fate) {
    case 'completed':
      // What nobody asked for, and what somebody gave up, is about to be condemned.
      if (payment.committed) return { is: 'paid', attempt, payment };
      return !givenUp && !partialUnasked(attempt) && paidMinor(payment) < payment.dueMinor ? { is: 'paid', attempt, payment } : undefined;
    case 'declined':
      return attempt.answer?.outcome === 'declined' ? { is: 'declined', answer: attempt.answer } : undefined;
    case 'not-sent':
      return { is: 'not-sent', why: attempt.answer?.outcome === 'not-sent' ? attempt.answer.why : 'not sent' };
    case 'undone':
      return { is: 'undone', why: attempt.condemned?.why ?? 'no-answer' };
    case 'condemned': {
      const tried = attempt.undo.tries > 0 || payment.attempts.some((a) => a.undoes === attempt.attempt && a.fate !== 'submitted');
      return tried || open ? { is: 'unsettled', why: attempt.condemned?.why ?? 'no-answer', ...(open ? { caseId: open.caseId } : {}) } : undefined;
    }
    default:
      return open ? { is: 'unsettled', why: 'open', caseId: open.caseId } : undefined;
  }
};

const recordedOf = (attempt: AttemptState, sealed: Uint8Array | undefined, now: number, original?: Recorded): Recorded => ({
  request: original ? { ...attempt.request, original } : attempt.request,
  prepared: attempt.prepared,
  ...(sealed ? { sealed } : {}),
  submittedAt: attempt.submittedAt,
  ...(attempt.approved ? { approved: attempt.approved } : {}),
  completed: attempt.completedOnce,
  now,
});

const NONE: ReadonlySet<number> = new Set();

/** Under what the sealed store keeps an attempt's data. */
export const sealedKey = (paymentId: string, attempt: number): string => `${paymentId}@${attempt}`;

const noLive = (signal: AbortSignal): Live => ({
  vault: {
    put: () => {
      throw new Error('an undo keeps no secrets');
    },
    take: () => {
      throw new Error('an undo needs no secrets');
    },
    forget: () => {},
  },
  signal,
  show: () => {},
});

const unanswered = { outcome: 'unknown', reason: 'no-answer', why: 'no answer in time' } as const;
const unable = (what: string) => ({ outcome: 'unknown', reason: 'host-error', why: `the method offers no ${what}` }) as const;
const thrown = (error: unknown) => ({ outcome: 'unknown', reason: 'no-answer', why: error instanceof Error ? error.name : 'error' }) as const;

const payingTexts = {
  scan: { zh: '请扫描二维码付款', en: 'Please scan the QR code to pay' },
  payer: { zh: '请在手机上完成支付', en: 'Please finish the payment on your phone' },
  host: { zh: '正在等待支付结果', en: 'Waiting for the result of the payment' },
} as const;
