/** What must be true of a till and its hosts: of each message as it leaves, and of everything once all is quiet. They know the log and the hosts' ledgers. */
import { Journal } from '../engine/journal.js';
import { type AttemptState, evolvePayment, isSettled, isUndecided, isResolved, openCase, owesReceipt, paidMinor, type PaymentState } from '../engine/payment.js';
import type { Clock } from '../contract.js';
import type { EventRecord } from '../events.js';
import { canonicalJson, type Json } from '../json.js';
import type { ExecutionResult } from '../till.js';
import type { SimulatedHost } from './host.js';
import type { SimulatedLog } from './storage.js';

export interface Evidence {
  readonly log: SimulatedLog;
  /** What the log holds, from its beginning. */
  readonly records: readonly EventRecord[];
  readonly clock: Clock;
  readonly host: SimulatedHost;
  readonly sealedKeys: readonly string[];
  /** Results that were told, in any life. */
  readonly told: readonly ExecutionResult[];
  /** Key -> the transaction that its start first promised, in any life. */
  readonly promised: ReadonlyMap<string, string>;
  /** Records that subscribers saw, in any life. */
  readonly seen: readonly EventRecord[];
  /** What the last life holds. */
  readonly live: Pick<Journal, 'executions' | 'payments' | 'keys'>;
  /** What must not stand in the log. */
  readonly secrets: readonly string[];
}

/** @returns what is wrong, in words; empty when all is well */
export const check = async (evidence: Evidence): Promise<readonly string[]> => {
  const { host, records } = evidence;
  const replayed = await foldAll(evidence);
  const payments = [...replayed.payments.values()];
  return [
    ...payments.flatMap((payment) => atRest(payment)),
    ...payments.flatMap((payment) => againstHost(payment, host)),
    ...strangers(replayed, host),
    ...overcharged(payments, host),
    ...unheeded(records),
    ...[...evidence.promised].filter(([key, id]) => replayed.keys.get(key)?.execution !== id).map(([key, id]) => `${key} was promised as ${id}, and is ${replayed.keys.get(key)?.execution ?? 'unknown to the log'}`),
    ...[...host.submits].filter(([, times]) => times > 1).map(([reference, times]) => `${reference} was submitted ${times} times`),
    ...[...replayed.executions.values()].filter(({ state }) => state.status === 'running').map(({ id }) => `${id} never ended`),
    ...sameState(replayed, evidence.live),
    ...toldTruth(evidence.told, replayed),
    ...evidence.seen.filter((record) => JSON.stringify(records[record.seq - 1]) !== JSON.stringify(record)).map(({ seq, event }) => `record ${seq} (${event.type}) was shown, and is not what the log holds`),
    ...evidence.sealedKeys.filter((key) => !mayStaySealed(key, replayed)).map((key) => `${key} is still sealed`),
    ...leaks(records, evidence.secrets),
  ];
};

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

const againstHost = (payment: PaymentState, host: SimulatedHost): string[] => {
  const atIssue = openCase(payment) !== undefined || isResolved(payment);
  const known = (reference: string): boolean => payment.attempts.some((a) => a.prepared.reference === reference && a.fate === 'completed');
  // What a case is about may stand beside what is known to.
  const standing = host.standing(payment.paymentId).filter(({ reference }) => !atIssue || known(reference));
  const problems = standing.length > 1 ? [`${payment.paymentId}: ${standing.length} approvals stand at the host (${standing.map(({ reference }) => reference).join(', ')})`] : [];
  if (atIssue) return problems;
  problems.push(...standing.filter(({ reference }) => host.refusedByCard.has(reference)).map(({ reference }) => `${reference} stands, and its card refused it`));
  const hostMinor = standing.reduce((sum, entry) => sum + entry.amountMinor, 0);
  const logMinor = payment.committed ? paidMinor(payment) : 0;
  return hostMinor === logMinor ? problems : [...problems, `${payment.paymentId}: ${hostMinor} stands at the host, ${logMinor} in the log`];
};

/** Nobody pays more for a sale than is due (15). */
const overcharged = (payments: readonly PaymentState[], host: SimulatedHost): string[] => {
  const sales = new Map<string, PaymentState[]>();
  for (const payment of payments) sales.set(payment.saleReference, [...(sales.get(payment.saleReference) ?? []), payment]);
  return [...sales].flatMap(([sale, parts]) => {
    if (parts.some((part) => openCase(part) || isResolved(part))) return [];
    const stands = parts.flatMap(({ paymentId }) => host.standing(paymentId)).reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    const due = Math.max(...parts.map(({ dueMinor }) => dueMinor));
    return stands > due ? [`${stands} stands at the host for ${sale}, of which ${due} is due`] : [];
  });
};

/** What somebody asked to give up before it was decided is not committed (14). */
const unheeded = (records: readonly EventRecord[]): string[] => {
  const asked = new Map<string, number>();
  /** By payment: its execution, where its last intent stands, and where the approval of that. */
  const payments = new Map<string, { readonly execution: string; readonly intent: number; approved: number }>();
  const problems: string[] = [];
  for (const { seq, stream, event } of records) {
    const payment = payments.get(stream);
    if (event.type === 'cancelRequested') asked.set(stream.slice(2), seq);
    else if (event.type === 'paymentPrepared' && event.undoes === undefined) payments.set(stream, { execution: event.execution, intent: seq, approved: Infinity });
    else if (payment && event.type === 'paymentAnswered' && event.answer.outcome === 'approved') payment.approved = seq;
    else if (payment && event.type === 'paymentCommitted') {
      const at = asked.get(payment.execution) ?? 0;
      if (at > payment.intent && at < payment.approved) problems.push(`${stream.slice(2)} was committed, though it was cancelled before it was decided`);
    }
  }
  return problems;
};

const strangers = ({ payments }: Journal, host: SimulatedHost): string[] =>
  [...host.ledger.values()]
    .filter(({ reference, paymentId }) => !payments.get(paymentId)?.attempts.some((a) => a.prepared.reference === reference))
    .map(({ reference, paymentId }) => `the host has ${reference}, of which the log of ${paymentId} knows nothing`);

/** Memory holds nothing but what the log says, and everything that is not closed. */
const sameState = (replayed: Journal, live: Evidence['live']): string[] => [
  ...(['executions', 'payments', 'keys'] as const).flatMap((what) =>
    [...live[what]].filter(([id, held]) => textOf(replayed[what].get(id)) !== textOf(held)).map(([id]) => `${what}: replaying the log gives another ${id} than the engine holds`),
  ),
  ...[...replayed.executions.values()].filter(({ id, state }) => state.status === 'running' && !live.executions.has(id)).map(({ id }) => `the engine has forgotten ${id}, which runs`),
  ...[...replayed.payments.values()]
    .filter((payment) => (!isSettled(payment) || owesReceipt(payment) || openCase(payment)) && !live.payments.has(payment.paymentId))
    .map(({ paymentId }) => `the engine has forgotten ${paymentId}, which is not closed`),
];

const textOf = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value ?? null)) as Json);

/** What was told once stays true: the end of a transaction, and every payment that was then committed. */
const toldTruth = (told: readonly ExecutionResult[], { executions }: Journal): string[] =>
  told.flatMap((result) => {
    const state = executions.get(result.executionId)?.state;
    const now = state && (state.status === 'succeeded' ? { status: 'succeeded', output: state.output ?? null } : { status: state.status, error: state.failure?.error, cause: state.failure?.cause });
    const then = result.status === 'succeeded' ? { status: 'succeeded', output: result.output } : { status: 'failed', error: result.error, cause: result.cause };
    return now && canonicalJson(now as Json) === canonicalJson(then as Json) ? [] : [`${result.executionId} was told as ${result.status}, and is now ${state?.status ?? 'unknown to the log'}`];
  });

const mayStaySealed = (key: string, { payments }: Journal): boolean => {
  const at = key.lastIndexOf('@');
  const payment = payments.get(key.slice(0, at));
  const attempt = payment?.attempts.find((a) => a.attempt === Number(key.slice(at + 1)));
  return payment !== undefined && openCase(payment) !== undefined && attempt !== undefined && isOpen(attempt);
};

const isOpen = ({ fate }: AttemptState): boolean => fate === 'submitted' || fate === 'undecided' || fate === 'approved' || fate === 'condemned';

const leaks = (records: readonly EventRecord[], secrets: readonly string[]): string[] => {
  const text = JSON.stringify(records);
  return secrets.filter((secret) => text.includes(secret)).map(() => 'a secret stands in the log');
};

/** The whole log folded anew, with nothing left out. */
export const foldAll = async ({ log, records, clock }: Pick<Evidence, 'log' | 'records' | 'clock'>): Promise<Journal> => {
  const replayed = new Journal({ log, clock }, { keepClosed: Infinity });
  for (const record of records) replayed.replay(record);
  await replayed.replayed();
  return replayed;
};

/** A message of a till, just before it leaves. */
export interface Sent {
  readonly kind: 'sale' | 'void' | 'refund' | 'reverse' | 'complete';
  readonly paymentId: string;
  readonly reference: string;
  readonly lane: string;
  /** What a reversal needs beside the log is at hand. */
  readonly sealed: boolean;
}

type Watched = Pick<SimulatedLog, 'records' | 'durableTo'>;

/** Reads along in the log, and says of each message whether it may leave now. */
export class Witness {
  #log: Watched | undefined;
  #read = 0;
  readonly #payments = new Map<string, PaymentState>();
  /** Where the last intent, order to undo, and approval of an attempt stand: `condemned p1@2`. */
  readonly #seqs = new Map<string, number>();
  /** The last record of a payment. */
  readonly #heard = new Map<string, number>();

  /** @returns what is wrong with sending it, in words */
  sending(log: Watched, sent: Sent): string[] {
    this.#catchUp(log);
    const { kind, paymentId, reference } = sent;
    const payment = this.#payments.get(paymentId);
    const attempt = payment?.attempts.find((a) => a.prepared.reference === reference);
    if (!payment || !attempt) return [`${reference} (${kind}) left without an intent in the log`];
    const onDisk = (what: string, number: number | undefined): boolean => (this.#seqs.get(`${what} ${paymentId}@${number}`) ?? Infinity) <= log.durableTo;
    const needed = {
      sale: () => onDisk('intent', attempt.attempt),
      void: () => onDisk('intent', attempt.attempt) && onDisk('condemned', attempt.undoes),
      refund: () => onDisk('intent', attempt.attempt) && onDisk('condemned', attempt.undoes),
      reverse: () => onDisk('condemned', attempt.attempt),
      complete: () => onDisk('approved', attempt.attempt),
    };
    return [
      ...(needed[kind]() ? [] : [`${reference} (${kind}) left before what it follows from was on disk`]),
      ...(sent.sealed ? [] : [`${reference} was reversed without what was sealed for it`]),
      ...(kind === 'sale' ? [...this.#inTurn(sent, attempt), ...this.#alone(payment, attempt)] : []),
      ...(kind === 'refund' && payment.attempts.some((a) => a !== attempt && a.undoes === attempt.undoes && a.fate !== 'not-sent') ? [`${reference} repeats a refund`] : []),
    ];
  }

  /** One message at a time on a lane, and an undo before the next sale on it, unless a person has been told (12). */
  #inTurn({ paymentId, reference, lane }: Sent, { attempt: number }: AttemptState): string[] {
    const problems: string[] = [];
    for (const payment of this.#payments.values()) {
      if (openCase(payment)) continue;
      const before = payment.attempts.find((a) => a.prepared.reference !== reference && a.prepared.lane === lane && a.undoes === undefined && (a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'condemned'));
      const intent = this.#seqs.get(`intent ${paymentId}@${number}`) ?? 0;
      if (before && (this.#heard.get(payment.paymentId) ?? 0) < intent) problems.push(`${reference} was sent while ${before.prepared.reference} on the same lane was ${before.fate}`);
    }
    return problems;
  }

  /** Nothing else of the payment may stand (13), and nothing else of the sale may be undecided (15). */
  #alone(payment: PaymentState, attempt: AttemptState): string[] {
    const former = payment.attempts.filter((a) => a !== attempt && a.undoes === undefined && !(a.fate === 'not-sent' || a.fate === 'declined' || a.fate === 'undone'));
    const others = [...this.#payments.values()].filter((other) => other !== payment && other.saleReference === payment.saleReference && isUndecided(other));
    return [
      ...former.map((a) => `${attempt.prepared.reference} was sent while ${a.prepared.reference} of the same payment was ${a.fate}`),
      ...others.map(({ paymentId }) => `${attempt.prepared.reference} was sent while ${paymentId} of the same sale was undecided`),
    ];
  }

  #catchUp(log: Watched): void {
    if (log !== this.#log) {
      this.#log = log;
      this.#read = 0;
      this.#payments.clear();
      this.#seqs.clear();
      this.#heard.clear();
    }
    for (; this.#read < log.records.length; this.#read += 1) {
      const record = log.records[this.#read];
      if (!record?.stream.startsWith('p/')) continue;
      const id = record.stream.slice(2);
      this.#payments.set(id, evolvePayment(this.#payments.get(id), record));
      this.#heard.set(id, record.seq);
      const { event } = record;
      if (event.type === 'paymentPrepared') this.#seqs.set(`intent ${id}@${event.attempt}`, record.seq);
      if (event.type === 'paymentCondemned') this.#seqs.set(`condemned ${id}@${event.attempt}`, record.seq);
      if (event.type === 'paymentAnswered' && event.answer.outcome === 'approved') this.#seqs.set(`approved ${id}@${event.attempt}`, record.seq);
    }
  }
}
