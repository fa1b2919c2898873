/** Answers about transactions, whether they run, have just ended, or ended so long ago that only the log knows them. */
import type { PaymentFacts } from '../contract.js';
import { TillwrightError } from '../errors.js';
import type { EventRecord, StatesError } from '../events.js';
import type { Json } from '../json.js';
import type { ArchivedExecution } from './archive.js';
import { type ExecutionEntry, type Journal, stream } from './journal.js';
import { isSettled, type PaymentState } from './payment.js';
import { type PaymentView, viewOf } from './payment-view.js';
import type { EventLog } from './ports.js';
import { Roster } from './roster.js';

/** A payment as `find` gives it: what a later refund or void refers to. */
export interface FoundPayment extends PaymentView {
  readonly executionId: string;
  readonly terminalId: string;
  readonly saleReference: string;
  /** What the host told of its approval, and what its receipt shows. */
  readonly facts?: PaymentFacts;
}

export type ExecutionResult = { readonly executionId: string } & (
  | { readonly status: 'succeeded'; readonly output: Json }
  /** `unsettled`: being undone, or open for a person; `paid`: what was kept before the flow failed, and stays paid. */
  | ({ readonly status: 'failed'; readonly unsettled: readonly PaymentView[]; readonly paid: readonly PaymentView[] } & StatesError)
);

export interface TransactionView {
  readonly executionId: string;
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly result: Promise<ExecutionResult>;
  readonly payments: readonly PaymentView[];
}

export class History {
  readonly #journal: Journal;
  readonly #log: EventLog;
  /** Of executions that have not ended on disk. */
  readonly #results = new Roster<string, { promise: Promise<ExecutionResult>; resolve: (result: ExecutionResult | Promise<ExecutionResult>) => void; reject: (error: unknown) => void }>();

  /** Nothing that runs comes to its end in this life. */
  #over: { readonly why: unknown } | undefined;

  constructor(journal: Journal, log: EventLog) {
    this.#journal = journal;
    this.#log = log;
  }

  /** A transaction, however long ago it was. @throws EXECUTION_UNKNOWN */
  async get(executionId: string): Promise<TransactionView> {
    const entry = this.#journal.executions.get(executionId);
    if (entry) return await this.#onDisk({ executionId, status: entry.state.status, result: this.resultIn(entry), payments: this.#journal.paymentsOf(executionId).map(viewOf) });
    const archived = await this.#archived(executionId);
    const payments = await this.#paymentsOf(executionId);
    return await this.#onDisk({ executionId, status: archived.end.status, result: this.#resultFrom(executionId, archived), payments: payments.map(viewOf) });
  }

  /** Payments with an attempt of this reference, newest first. */
  async find(reference: string): Promise<readonly FoundPayment[]> {
    const found = await Promise.all((await this.#journal.archive.paymentsBy(reference)).map((id) => this.#payment(id)));
    const told = found
      .filter((payment) => payment !== undefined)
      .map((payment) => {
        const facts = payment.attempts.findLast((a) => a.facts !== undefined && a.undoes === undefined)?.facts;
        const { execution, terminalId, saleReference } = payment;
        return { ...viewOf(payment), executionId: execution, terminalId, saleReference, ...(facts ? { facts } : {}) };
      })
      .toReversed();
    return await this.#onDisk(told);
  }

  /** Memory is ahead of the disk by moments: what is told as paid is still so when the power fails as it is told. */
  async #onDisk<T>(told: T): Promise<T> {
    const { head, durableTo } = this.#log;
    if (head > durableTo) await this.#log.durable(head);
    return told;
  }

  /** Every durable record of an execution and its payments, in order. @throws EXECUTION_UNKNOWN */
  async records(executionId: string): Promise<readonly EventRecord[]> {
    const { archive } = this.#journal;
    const records: EventRecord[] = [];
    const { durableTo } = this.#log;
    const streams = [stream.execution(executionId), ...(await archive.paymentsOf(executionId)).map((id) => stream.payment(id))];
    for (const name of streams) for await (const record of this.#log.read(name)) if (record.seq <= durableTo) records.push(record);
    if (records.length === 0 && !this.#journal.executions.has(executionId)) throw new TillwrightError('EXECUTION_UNKNOWN', { execution: executionId });
    return records.sort((a, b) => a.seq - b.seq);
  }

  #payment(paymentId: string): Promise<PaymentState | undefined> {
    const known = this.#journal.payments.get(paymentId);
    return known ? Promise.resolve(known) : this.#journal.archive.payment(paymentId);
  }

  async #paymentsOf(executionId: string): Promise<PaymentState[]> {
    const payments = await Promise.all((await this.#journal.archive.paymentsOf(executionId)).map((id) => this.#payment(id)));
    return payments.filter((payment) => payment !== undefined);
  }

  /** @throws EXECUTION_UNKNOWN */
  async #archived(executionId: string): Promise<ArchivedExecution> {
    const archived = await this.#journal.archive.execution(executionId);
    if (!archived) throw new TillwrightError('EXECUTION_UNKNOWN', { execution: executionId });
    return archived;
  }

  resultOf(executionId: string): Promise<ExecutionResult> {
    const entry = this.#journal.executions.get(executionId);
    return entry ? this.resultIn(entry) : this.#resultFrom(executionId);
  }

  #resultFrom(executionId: string, known?: ArchivedExecution): Promise<ExecutionResult> {
    const result = this.#readResult(executionId, known);
    // Nobody need wait for it.
    result.catch(() => {});
    return result;
  }

  async #readResult(executionId: string, known?: ArchivedExecution): Promise<ExecutionResult> {
    const { end, seq } = known ?? (await this.#archived(executionId));
    await this.#log.durable(seq);
    return end.status === 'succeeded' ? { executionId, status: 'succeeded', output: end.output } : { ...failed(executionId, end), ...leftBy(await this.#paymentsOf(executionId)) };
  }

  resultIn(entry: ExecutionEntry): Promise<ExecutionResult> {
    const known = this.#results.get(entry.id);
    if (known) return known.promise;
    let resolve: (result: ExecutionResult | Promise<ExecutionResult>) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    const promise = new Promise<ExecutionResult>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // Nobody need wait for it.
    promise.catch(() => {});
    this.#results.set(entry.id, { promise, resolve, reject });
    if (entry.state.status !== 'running') this.tell(entry);
    else if (this.#over) reject(this.#over.why);
    return promise;
  }

  /** A result is told once it is on disk. */
  tell(entry: ExecutionEntry): void {
    const waiting = this.#results.get(entry.id);
    if (!waiting) return;
    this.#log.durable(entry.seq).then(
      () => {
        waiting.resolve(this.#result(entry));
        // Who asks again is told from the journal: a till that runs for months keeps no promise for each sale.
        this.#results.delete(entry.id);
      },
      (error: unknown) => waiting.reject(error),
    );
  }

  #result({ id, state }: ExecutionEntry): ExecutionResult | Promise<ExecutionResult> {
    if (state.status === 'succeeded') return { executionId: id, status: 'succeeded', output: state.output ?? null };
    // Its payments leave memory with it.
    if (!this.#journal.executions.has(id)) return this.#readResult(id);
    return { ...failed(id, state.failure ?? { error: 'States.Runtime', cause: '' }), ...leftBy(this.#journal.paymentsOf(id)) };
  }

  /** Nobody hears of a result any more, nor who asks for it from now on. */
  reject(error: unknown): void {
    this.#over ??= { why: error };
    for (const { reject } of this.#results.values()) reject(error);
  }
}

const failed = (executionId: string, { error, cause }: StatesError) => ({ executionId, status: 'failed', error, cause }) as const;

/** What a flow that failed leaves behind of its payments. */
const leftBy = (payments: readonly PaymentState[]): { readonly unsettled: readonly PaymentView[]; readonly paid: readonly PaymentView[] } => ({
  unsettled: payments.filter((payment) => !isSettled(payment)).map(viewOf),
  paid: payments.filter(isSettled).map(viewOf).filter(({ state }) => state === 'paid'),
});
