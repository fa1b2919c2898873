/** What has left memory, read back from the log: nothing of it changes any more. */
import type { ExecutionEvent } from '../events.js';
import { evolvePayment, type PaymentState } from './payment.js';
import type { EventLog } from './ports.js';

export interface ArchivedExecution {
  readonly start: Extract<ExecutionEvent, { type: 'executionStarted' }>;
  readonly end: Extract<ExecutionEvent, { type: 'executionEnded' }>;
  /** Number of the record of its end. */
  readonly seq: number;
}

export class Archive {
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** @returns undefined for an execution that never ended or never was */
  async execution(executionId: string): Promise<ArchivedExecution | undefined> {
    let start: ArchivedExecution['start'] | undefined;
    for await (const { seq, event } of this.#log.read(`x/${executionId}`)) {
      if (event.type === 'executionStarted') start = event;
      else if (event.type === 'executionEnded' && start) return { start, end: event, seq };
    }
    return undefined;
  }

  /** Whether an execution of this id was ever begun. */
  async knows(executionId: string): Promise<boolean> {
    for await (const _ of this.#log.read(`x/${executionId}`)) return true;
    return false;
  }

  async startOf(key: string): Promise<{ readonly execution: string; readonly event: ArchivedExecution['start'] } | undefined> {
    for (const stream of await this.#log.find('key', key)) {
      for await (const { event } of this.#log.read(stream)) if (event.type === 'executionStarted') return { execution: stream.slice(2), event };
    }
    return undefined;
  }

  async payment(paymentId: string): Promise<PaymentState | undefined> {
    let state: PaymentState | undefined;
    for await (const record of this.#log.read(`p/${paymentId}`)) state = evolvePayment(state, record);
    return state;
  }

  /** Ids of an execution's payments, in the order of their first intents. */
  async paymentsOf(executionId: string): Promise<readonly string[]> {
    return (await this.#log.find('execution', executionId)).map((stream) => stream.slice(2));
  }

  /** Ids of the payments that may be of a sale: its reference is a name of its own, or the id of an execution. */
  async maybeOfSale(saleReference: string): Promise<readonly string[]> {
    const [named, own] = await Promise.all([this.#log.find('sale', saleReference), this.#log.find('execution', saleReference)]);
    return [...own, ...named].map((stream) => stream.slice(2));
  }

  /** Ids of the payments with an attempt of this reference, oldest first. */
  async paymentsBy(reference: string): Promise<readonly string[]> {
    return (await this.#log.find('reference', reference)).map((stream) => stream.slice(2));
  }
}
