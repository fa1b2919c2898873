/** What a log must say of itself once all is quiet, whoever the hosts were. */
import { evolvePayment, isOpen, isResolved, isUndecided, isUnowned, isUnproven, openCase, paidMinor, type PaymentState } from '../engine/payment.js';
import type { EventRecord } from '../events.js';

export interface Books {
  /** What the log holds, from its beginning. */
  readonly records: readonly EventRecord[];
  /** The same folded, with nothing left out. */
  readonly payments: Pick<ReadonlyMap<string, PaymentState>, 'get' | 'values'>;
  /** Of what is sealed beside it. */
  readonly sealedKeys: readonly string[];
}

/** @returns what is wrong, in words; empty when all is well */
export const checkLog = ({ records, payments, sealedKeys }: Books): readonly string[] => [
  ...[...payments.values()].flatMap((payment) => atRest(payment)),
  ...unheeded(records),
  ...paidAndFailed(records),
  ...toldAndCondemned(records),
  ...uncontradicted(records, payments),
  ...unordered(records),
  ...sealedKeys.filter((key) => !mayStaySealed(key, payments)).map((key) => `${key} is still sealed`),
];

/** Undone or open case, nothing in between; at most what is committed stays paid (2, 6, 9). */
const atRest = (payment: PaymentState): string[] => {
  const { paymentId } = payment;
  if (openCase(payment) || isResolved(payment)) return [];
  const stuck = payment.attempts.find((a) => a.fate === 'condemned');
  if (stuck) return [`${paymentId}: attempt ${stuck.attempt} is condemned, not undone, and no case is open`];
  if (isUndecided(payment)) return [`${paymentId} is undecided, and no case is open`];
  if (payment.committed && paidMinor(payment) === 0) return [`${paymentId} was committed, and is not paid any more`];
  if (!payment.committed && paidMinor(payment) > 0) return [`${paymentId} is paid, and nobody committed it`];
  return [];
};

/** What somebody asked to give up before it was decided is not committed (14). */
const unheeded = (records: readonly EventRecord[]): string[] => {
  /** By execution: where each request to give it up stands. */
  const asked = new Map<string, number[]>();
  /** By payment: its execution, where its last intent stands, and where the approval of that. */
  const payments = new Map<string, { readonly execution: string; readonly intent: number; approved: number }>();
  const problems: string[] = [];
  for (const { seq, stream, event } of records) {
    const payment = payments.get(stream);
    if (event.type === 'cancelRequested') asked.set(stream.slice(2), [...(asked.get(stream.slice(2)) ?? []), seq]);
    else if (event.type === 'paymentPrepared' && event.undoes === undefined) payments.set(stream, { execution: event.execution, intent: seq, approved: Infinity });
    else if (payment && event.type === 'paymentAnswered' && event.answer.outcome === 'approved') payment.approved = seq;
    else if (payment && event.type === 'paymentCommitted') {
      const unheard = asked.get(payment.execution)?.some((at) => at > payment.intent && at < payment.approved);
      if (unheard) problems.push(`${stream.slice(2)} was committed, though it was cancelled before it was decided`);
    }
  }
  return problems;
};

/** A Task whose payment is committed succeeds, whatever became of its flow, or of its plugin (9, 18). */
const paidAndFailed = (records: readonly EventRecord[]): string[] => {
  const committed = new Set<string>();
  /** Payments whose Task has failed for good. */
  const lost = new Set<string>();
  /** By execution: steps whose Task has not ended. */
  const open = new Map<string, Set<string>>();
  const problems: string[] = [];
  for (const { stream, event } of records) {
    const id = stream.slice(2);
    const steps = open.get(id) ?? new Set();
    const failed = (step: string): void => {
      if (committed.has(`${id}/${step}`)) problems.push(`${id}/${step} is committed, and its Task failed`);
    };
    const ended = (step: string): void => {
      failed(step);
      lost.add(`${id}/${step}`);
    };
    if (event.type === 'paymentCommitted') {
      committed.add(id);
      if (lost.has(id)) problems.push(`${id} is committed, and its Task has failed before`);
    } else if (event.type === 'taskStarted') {
      open.set(id, steps.add(event.step));
      lost.delete(`${id}/${event.step}`);
    } else if (event.type === 'taskFailed') failed(event.step);
    else if (event.type === 'stepLeft') {
      if (event.caught && steps.has(event.step)) ended(event.step);
      steps.delete(event.step);
    } else if (event.type === 'executionEnded' && event.status === 'failed') steps.forEach(ended);
    // A branch that fails ends the others: whether their Tasks were told is all the same then.
    const around = event.type === 'executionEnded' ? undefined : endOf(event);
    if (around !== undefined) for (const step of steps) if (step.startsWith(around.slice(0, around.lastIndexOf('[') + 1))) steps.delete(step);
  }
  return problems;
};

/** What its Task was asked to give up is not told as paid once it is condemned for that; the orders of a flow that fails stand before what it was told (10, 14). */
const toldAndCondemned = (records: readonly EventRecord[]): string[] => {
  /** By payment: its last attempt that is no undo, and whether that is condemned. */
  const last = new Map<string, { readonly attempt: number; condemned: boolean }>();
  const problems: string[] = [];
  for (const { stream, event } of records) {
    const id = stream.slice(2);
    if (event.type === 'paymentPrepared' && event.undoes === undefined) last.set(id, { attempt: event.attempt, condemned: false });
    else if (event.type === 'paymentCondemned' && event.why !== 'flow-failed') {
      const attempt = last.get(id);
      if (attempt?.attempt === event.attempt) attempt.condemned = true;
    } else if (event.type === 'stepLeft' && !event.caught && last.get(`${id}/${event.step}`)?.condemned) problems.push(`${id}/${event.step} is condemned, and its Task was told that it is paid`);
  }
  return problems;
};

/** An approval of what was declined is no answer like others: it is told apart, and a person knows (5). */
const uncontradicted = (records: readonly EventRecord[], payments: Books['payments']): string[] => {
  const soFar = new Map<string, PaymentState>();
  return records.flatMap((record) => {
    const { stream, event } = record;
    if (!stream.startsWith('p/')) return [];
    const id = stream.slice(2);
    const before = soFar.get(id);
    soFar.set(id, evolvePayment(before, record));
    if (event.type === 'paymentContradicted' && payments.get(id)?.cases.length === 0) return [`${id} was contradicted, and there is no case`];
    const isUntold = event.type === 'paymentAnswered' && event.answer.outcome === 'approved' && before?.attempts.some(({ attempt, fate }) => attempt === event.attempt && fate === 'declined');
    return isUntold ? [`${id} was approved after its decline, and nobody was told`] : [];
  });
};

/** What ends badly has the orders to undo its payments before it in the same write, also for those that are on their way (10). */
const unordered = (records: readonly EventRecord[]): string[] => {
  const payments = new Map<string, PaymentState>();
  /** Where a scope around it has succeeded: the step that has it since, which another visit of that step is not. */
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const record of records) {
    const id = record.stream.slice(2);
    if (record.stream.startsWith('p/')) payments.set(id, evolvePayment(payments.get(id), record));
    const { event } = record;
    const of = ({ paymentId, step }: PaymentState): string => owners.get(paymentId) ?? step;
    if (event.type === 'stepLeft' && !event.caught) {
      for (const payment of payments.values()) if (payment.execution === id && of(payment).startsWith(inside(event.step))) owners.set(payment.paymentId, event.step);
    }
    const around = endOf(event);
    if (around === undefined) continue;
    const left = [...payments.values()].filter((payment) => payment.execution === id && of(payment).startsWith(around)).filter(({ committed, givenUp, attempts }) => !committed && givenUp === undefined && attempts.some(isUnowned));
    problems.push(...left.filter((payment) => !isResolved(payment)).map(({ paymentId }) => `${paymentId} was left when ${record.event.type} stood around it, without the order to undo it`));
  }
  return problems;
};

const inside = (step: string): string => `${step.slice(0, step.lastIndexOf('#'))}[`;

/** Where the steps begin that an event ends badly, if it does. */
const endOf = (event: EventRecord['event']): string | undefined => {
  if (event.type === 'executionEnded') return event.status === 'failed' ? '' : undefined;
  if (event.type === 'scopeEnded') return event.status === 'failed' ? `${inside(event.step)}${event.index}]` : undefined;
  return event.type === 'stepLeft' && event.caught ? inside(event.step) : undefined;
};

const mayStaySealed = (key: string, payments: Books['payments']): boolean => {
  const at = key.lastIndexOf('@');
  const payment = payments.get(key.slice(0, at));
  const attempt = payment?.attempts.find((a) => a.attempt === Number(key.slice(at + 1)));
  // How often it is looked for, only its plugin knows, which may be gone.
  return payment !== undefined && openCase(payment) !== undefined && attempt !== undefined && (isOpen(attempt) || isUnproven(attempt));
};
