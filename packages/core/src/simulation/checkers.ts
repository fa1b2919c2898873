/** What must be true of a till and its hosts: of each message as it leaves, and of everything once all is quiet. They know the log and the hosts' ledgers. */
import { Journal } from '../engine/journal.js';
import { type AttemptState, decidedAs, evolvePayment, isHandsOff, isOpen, isSettled, isUndecided, isResolved, isUnproven, openCase, owesAdvice, owesReceipt, paidMinor, type PaymentState, undoneSince } from '../engine/payment.js';
import type { Clock, SettlingPolicy } from '../contract.js';
import type { EventRecord, TillEvent } from '../events.js';
import { canonicalJson, type Json } from '../json.js';
import type { ExecutionResult } from '../till.js';
import type { MessageKind, SimulatedHost } from './host.js';
import { checkLog } from './log-checkers.js';
import type { Terms } from './policy.js';
import type { SimulatedLog } from './storage.js';

export interface Evidence {
  readonly log: SimulatedLog;
  /** What the log holds, from its beginning. */
  readonly records: readonly EventRecord[];
  readonly clock: Clock;
  readonly host: SimulatedHost;
  readonly sealedKeys: readonly string[];
  /** Results that were told, in any life, with the payments that stood as paid for good then. */
  readonly told: readonly Told[];
  /** Key -> the transaction that its start first promised, in any life. */
  readonly promised: ReadonlyMap<string, string>;
  /** Records that subscribers saw, in any life. */
  readonly seen: readonly EventRecord[];
  /** What the last life holds. */
  readonly live: Pick<Journal, 'executions' | 'payments' | 'keys'>;
  /** What must not stand in the log. */
  readonly secrets: readonly string[];
}

export type Told = ExecutionResult & { readonly stood: readonly string[] };

/** @returns what is wrong, in words; empty when all is well */
export const check = async (evidence: Evidence): Promise<readonly string[]> => {
  const { host, records } = evidence;
  const replayed = await foldAll(evidence);
  const payments = [...replayed.payments.values()];
  return [
    ...checkLog({ ...evidence, payments: replayed.payments }),
    ...payments.flatMap((payment) => againstHost(payment, host, records)),
    ...payments.flatMap((payment) => unadvised(payment, host)),
    ...payments.filter(owesReceipt).map(({ paymentId }) => `a receipt of ${paymentId} was never printed, and there is paper`),
    ...strangers(replayed, host),
    ...overcharged(payments, host),
    ...[...evidence.promised].filter(([key, id]) => replayed.keys.get(key)?.execution !== id).map(([key, id]) => `${key} was promised as ${id}, and is ${replayed.keys.get(key)?.execution ?? 'unknown to the log'}`),
    ...[...host.submits].filter(([, times]) => times > 1).map(([reference, times]) => `${reference} was submitted ${times} times`),
    ...[...replayed.executions.values()].filter(({ state }) => state.status === 'running').map(({ id }) => `${id} never ended`),
    ...sameState(replayed, evidence.live),
    ...toldTruth(evidence.told, replayed),
    ...evidence.seen.filter((record) => JSON.stringify(records[record.seq - 1]) !== JSON.stringify(record)).map(({ seq, event }) => `record ${seq} (${event.type}) was shown, and is not what the log holds`),
    ...leaks(records, evidence.secrets),
  ];
};

const againstHost = (payment: PaymentState, host: SimulatedHost, records: readonly EventRecord[]): string[] => {
  const atIssue = openCase(payment) !== undefined || isResolved(payment);
  const known = (reference: string): boolean => payment.attempts.some((a) => a.prepared.reference === reference && a.fate === 'completed');
  // What a case is about may stand beside what is known to.
  const standing = host.standing(payment.paymentId).filter(({ reference }) => !atIssue || known(reference));
  const problems = standing.length > 1 ? [`${payment.paymentId}: ${standing.length} approvals stand at the host (${standing.map(({ reference }) => reference).join(', ')})`] : [];
  const told = payment.cases.find((each) => !each.resolved && undoneSince(payment, each));
  // Nobody pays it back by hand then. A case about one attempt says nothing of another that is paid.
  const meant = (reference: string): boolean => told?.attempt === undefined || !payment.committed || !known(reference) || payment.attempts.some((a) => a.attempt === told.attempt && a.prepared.reference === reference);
  if (told) problems.push(...host.standing(payment.paymentId).filter(({ reference }) => meant(reference)).map(({ reference }) => `${reference} stands at the host, and its case says that it is undone`));
  if (atIssue) return problems;
  problems.push(...standing.filter(({ reference }) => host.refusedByCard.has(reference)).map(({ reference }) => `${reference} stands, and its card refused it`));
  // Nobody can know that of a host which has taken back what it had told, unless it says so.
  const heardDeclined = (attempt: number): boolean => records.some(({ stream, event }) => stream === `p/${payment.paymentId}` && event.type === 'paymentAnswered' && event.attempt === attempt && event.answer.outcome === 'declined');
  const recanted = payment.attempts.filter((a) => a.fate === 'completed' && host.recanted.has(a.prepared.reference) && !heardDeclined(a.attempt));
  const hostMinor = [...standing.map(({ amountMinor }) => amountMinor), ...recanted.map(({ approved }) => approved?.amount.amountMinor ?? 0)].reduce((sum, minor) => sum + minor, 0);
  const logMinor = payment.committed ? paidMinor(payment) : 0;
  return hostMinor === logMinor ? problems : [...problems, `${payment.paymentId}: ${hostMinor} stands at the host, ${logMinor} in the log`];
};

/** The host has been brought what its approvals left owed, or a person knows; and nothing of the kind for what was not committed (9). */
const unadvised = ({ attempts, cases, committed }: PaymentState, host: SimulatedHost): string[] => {
  const owing = committed ? attempts.filter((a) => a.fate === 'completed' && a.undoes === undefined && a.approved?.owed !== undefined) : [];
  return [
    ...owing.filter((a) => !host.advices.has(a.prepared.reference) && cases.length === 0).map((a) => `the advice of ${a.prepared.reference} was never brought, and there is no case`),
    ...attempts.filter((a) => host.advices.has(a.prepared.reference) && !owing.includes(a)).map((a) => `the advice of ${a.prepared.reference} was brought, which was not committed`),
  ];
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
const toldTruth = (told: readonly Told[], { executions, payments }: Journal): string[] =>
  told.flatMap((result) => {
    const state = executions.get(result.executionId)?.state;
    const now = state && (state.status === 'succeeded' ? { status: 'succeeded', output: state.output ?? null } : { status: state.status, error: state.failure?.error, cause: state.failure?.cause });
    const then = result.status === 'succeeded' ? { status: 'succeeded', output: result.output } : { status: 'failed', error: result.error, cause: result.cause };
    return [
      ...(now && canonicalJson(now as Json) === canonicalJson(then as Json) ? [] : [`${result.executionId} was told as ${result.status}, and is now ${state?.status ?? 'unknown to the log'}`]),
      ...result.stood.filter((id) => !staysPaid(payments.get(id))).map((id) => `${id} was told as paid for good, and is not`),
    ];
  });

const staysPaid = (payment: PaymentState | undefined): boolean =>
  payment !== undefined && (openCase(payment) !== undefined || isResolved(payment) || (payment.committed && paidMinor(payment) > 0));

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
  readonly kind: MessageKind;
  readonly paymentId: string;
  readonly reference: string;
  readonly lane: string;
  /** What a reversal needs beside the log is at hand. */
  readonly sealed: boolean;
  /** Versions of stored data that the method reads in this life. */
  readonly reads: readonly number[];
  /** When: ms since 1970. */
  readonly at: number;
}

/** What one life has: the versions of stored data that a method reads, and the cases that a person was told of. */
export interface Attendance {
  readonly reads: (method: string) => readonly number[];
  readonly alarmed: ReadonlySet<string>;
}

/** Where a transaction's end stands, and what was unsettled then, and what paid for good. */
interface End {
  readonly seq: number;
  readonly unsettled: ReadonlySet<string>;
  readonly paid: ReadonlySet<string>;
}

type Watched = Pick<SimulatedLog, 'records' | 'durableTo' | 'head'>;

/** A Task that has paid ends with it. */
const concludes = (event: TillEvent): boolean =>
  event.type === 'paymentCompleted' || (event.type === 'paymentAnswered' && event.answer.outcome === 'approved' && event.answer.completion === 'none');

/** Reads along in the log, and says of each message whether it may leave now, and of all that is told whether it is on disk. */
export class Witness {
  #log: Watched | undefined;
  #read = 0;
  readonly #payments = new Map<string, PaymentState>();
  /** Where the last intent, order to undo, and approval of an attempt stand, and the commitment of a payment: `condemned p1@2`, `committed p1`. */
  readonly #seqs = new Map<string, number>();
  /** The last record of a payment. */
  readonly #heard = new Map<string, number>();
  /** Case -> where it was opened. */
  readonly #cases = new Map<string, number>();
  /** Payment -> where a person decided about it. */
  readonly #decided = new Map<string, number>();
  #openedAt = 0;
  /** Execution -> steps whose Task has not ended. */
  readonly #tasks = new Map<string, Set<string>>();
  /** Payments whose Task was cancelled, and has not ended since. */
  readonly #cancelled = new Set<string>();
  readonly #started = new Map<string, number>();
  readonly #ended = new Map<string, End>();
  readonly #policies: { readonly [method: string]: SettlingPolicy };

  constructor(policies: Terms['policies']) {
    this.#policies = policies;
  }

  /** @returns what is wrong with sending it, in words */
  sending(log: Watched, sent: Sent): string[] {
    this.#catchUp(log);
    const { kind, paymentId, reference } = sent;
    const payment = this.#payments.get(paymentId);
    const attempt = payment?.attempts.find((a) => a.prepared.reference === reference);
    if (!payment || !attempt) return [`${reference} (${kind}) left without an intent in the log`];
    const onDisk = (what: string, number: number | undefined): boolean => (this.#seqs.get(`${what} ${paymentId}@${number}`) ?? Infinity) <= log.durableTo;
    const intent = this.#seqs.get(`intent ${paymentId}@${attempt.attempt}`) ?? 0;
    const decided = this.#decided.get(paymentId);
    const needed = {
      inquire: () => onDisk('intent', attempt.attempt),
      sale: () => onDisk('intent', attempt.attempt),
      void: () => onDisk('intent', attempt.attempt) && onDisk('condemned', attempt.undoes),
      refund: () => onDisk('intent', attempt.attempt) && onDisk('condemned', attempt.undoes),
      reverse: () => onDisk('condemned', attempt.attempt),
      complete: () => onDisk('approved', attempt.attempt),
      advise: () => (this.#seqs.get(`committed ${paymentId}`) ?? Infinity) <= log.durableTo,
    };
    return [
      ...(needed[kind]() ? [] : [`${reference} (${kind}) left before what it follows from was on disk`]),
      ...(isHandsOff(payment) && !isResolved(payment) ? [`${reference} (${kind}) was sent though only a person may go on with it`] : []),
      ...this.#inTime(payment, attempt, sent),
      ...(sent.sealed ? [] : [`${reference} was reversed without what was sealed for it`]),
      ...(this.#unread(payment, sent.reads) ? [`${reference} (${kind}) was sent by a plugin that does not read what was stored for it`] : []),
      // What had its intent before that is on its way; an advice is owed as long as its attempt stands as paid.
      ...(decided !== undefined && (kind === 'advise' ? decidedAs(payment) !== undefined : isResolved(payment) && (kind === 'reverse' || decided < intent)) ? [`${reference} (${kind}) was sent after a person had decided about it`] : []),
      ...(kind === 'sale' ? [...this.#inTurn(sent, attempt), ...this.#alone(payment, attempt), ...(payment.givenUp === undefined ? [] : [`${reference} was sent after it was given up`]), ...(this.#cancelled.has(paymentId) ? [`${reference} was sent after it was cancelled`] : [])] : []),
      ...(kind === 'refund' && payment.attempts.some((a) => a !== attempt && a.undoes === attempt.undoes && a.fate !== 'not-sent') ? [`${reference} repeats a refund`] : []),
    ];
  }

  /** A start under a key gives its transaction. @returns what is wrong with that (15) */
  promising(log: Watched, executionId: string): string[] {
    this.#catchUp(log);
    return (this.#started.get(executionId) ?? Infinity) <= log.durableTo ? [] : [`${executionId} was promised before it was on disk`];
  }

  /**
   * Something is done outside for a transaction, or for a payment of its own: goods, a slip, a question to a person.
   * @returns what is wrong with that: what its payments came to is on disk (8, 9)
   */
  acting(log: Watched, what: string, of: { readonly executionId: string } | { readonly paymentId: string }): string[] {
    const isOf = (stream: string): boolean => ('paymentId' in of ? stream === `p/${of.paymentId}` : stream.startsWith(`p/${of.executionId}/`));
    const early = log.records.slice(log.durableTo).find((record) => record && isOf(record.stream) && concludes(record.event));
    return early ? [`${what} came before record ${early.seq} (${early.event.type}) was on disk`] : [];
  }

  /** A subscriber is shown a record. @returns what is wrong with that */
  showing(log: Watched, { seq, event }: EventRecord): string[] {
    return seq <= log.durableTo ? [] : [`record ${seq} (${event.type}) was shown before it was on disk`];
  }

  /** A transaction's result is told. @returns what is wrong with that: it is on disk, and names what is unsettled and what stays paid (11) */
  telling(log: Watched, result: ExecutionResult): string[] {
    this.#catchUp(log);
    const { executionId } = result;
    const end = this.#ended.get(executionId);
    if (!end || end.seq > log.durableTo) return [`${executionId} was told as ${result.status} before its end was on disk`];
    if (result.status === 'succeeded') return [];
    const named = new Set(result.unsettled.map(({ paymentId }) => paymentId));
    // It may have been settled between its end and the telling.
    const now = this.#unsettled(executionId);
    const namedPaid = new Set(result.paid.map(({ paymentId }) => paymentId));
    const nowPaid = this.#paid(executionId);
    return [
      ...[...namedPaid].filter((id) => !end.paid.has(id) && !nowPaid.has(id) && !this.#decided.has(id)).map((id) => `${id} was told as paid with the end of ${executionId}, and is not`),
      ...[...nowPaid].filter((id) => end.paid.has(id) && !namedPaid.has(id)).map((id) => `${id} is paid, and was not told with the end of ${executionId}`),
      ...[...named].filter((id) => !end.unsettled.has(id) && !now.has(id)).map((id) => `${id} was told as unsettled, and is settled`),
      ...[...now].filter((id) => end.unsettled.has(id) && !named.has(id)).map((id) => `${id} is unsettled, and was not told with the end of ${executionId}`),
    ];
  }

  /** A life has had time for what it begins with. @returns what is wrong: who is settled by no plugin is a case, and of each case somebody was told (18) */
  attended(log: Watched, { reads, alarmed }: Attendance): string[] {
    this.#catchUp(log);
    const unknown = [...this.#payments.values()].filter((payment) => this.#isUnfinished(payment) && !openCase(payment) && !isResolved(payment) && this.#unread(payment, reads(payment.method)));
    const untold = [...this.#cases].filter(([caseId, seq]) => seq > this.#openedAt && seq <= log.durableTo && !alarmed.has(caseId));
    return [...unknown.map(({ paymentId }) => `${paymentId} has no plugin that reads it, and no case`), ...untold.map(([caseId]) => `nobody was told of ${caseId}`)];
  }

  /** Methods of payments of which something is still open: where it makes a difference that a plugin is not there (18). */
  unfinished(log: Watched): string[] {
    this.#catchUp(log);
    return [...this.#payments.values()].filter((payment) => this.#isUnfinished(payment) || !this.#ended.has(payment.execution)).map(({ method }) => method);
  }

  /** It is not known for good that nothing of this stands at the host, or that it may: what was undone without proof is looked for again so often (5), and until it can't be paid any more. */
  #mayStand(a: AttemptState, method: string): boolean {
    if (isOpen(a)) return true;
    const { undone, prepared } = a;
    return a.undoes === undefined && isUnproven(a) && undone !== undefined && (undone.watches < (this.#policies[method]?.watchAtMs.length ?? 0) || undone.askedAt < (prepared.hostExpiryMs ?? 0));
  }

  /** A plugin has still to do with it: money, or an advice. */
  #isUnfinished(payment: PaymentState): boolean {
    return !isSettled(payment) || payment.attempts.some((a) => this.#mayStand(a, payment.method) || owesAdvice(a));
  }

  /** Something of it that still matters was stored in a version that is not read. */
  #unread(payment: PaymentState, reads: readonly number[]): boolean {
    return payment.attempts.some((a) => (this.#mayStand(a, payment.method) || a.fate === 'completed') && !reads.includes(a.prepared.dataVersion));
  }

  #unsettled(executionId: string): ReadonlySet<string> {
    return new Set([...this.#payments.values()].filter((payment) => payment.execution === executionId && !isSettled(payment)).map(({ paymentId }) => paymentId));
  }

  #paid(executionId: string): ReadonlySet<string> {
    return new Set([...this.#payments.values()].filter((payment) => payment.execution === executionId && payment.committed && isSettled(payment) && !isResolved(payment) && paidMinor(payment) > 0).map(({ paymentId }) => paymentId));
  }

  /** One message at a time on a lane, and an undo before the next sale on it, unless a person has been told (12). */
  #inTurn({ paymentId, reference, lane, reads }: Sent, { attempt: number }: AttemptState): string[] {
    const problems: string[] = [];
    for (const payment of this.#payments.values()) {
      // Where nobody goes on with it, only the person's word opens its lane (18).
      if (isResolved(payment) || (openCase(payment) && !this.#unread(payment, reads))) continue;
      const before = payment.attempts.find((a) => a.prepared.reference !== reference && a.prepared.lane === lane && a.undoes === undefined && (a.fate === 'submitted' || a.fate === 'undecided' || a.fate === 'condemned'));
      const intent = this.#seqs.get(`intent ${paymentId}@${number}`) ?? 0;
      if (before && (this.#heard.get(payment.paymentId) ?? 0) < intent) problems.push(`${reference} was sent while ${before.prepared.reference} on the same lane was ${before.fate}`);
    }
    return problems;
  }

  /** A host takes a reversal only from then on, and only for so long, and an advice for as long; a first one is tried however late it is. */
  #inTime({ method }: PaymentState, { submittedAt, advice }: AttemptState, { kind, reference, at }: Sent): string[] {
    const { notBeforeMs = 0, withinMs = Infinity } = this.#policies[method]?.reverse ?? {};
    const bounded = kind === 'reverse' || (kind === 'advise' && advice.tries > 0);
    return [
      ...(kind === 'reverse' && at < submittedAt + notBeforeMs ? [`${reference} was reversed before its host takes that`] : []),
      ...(bounded && at > submittedAt + withinMs ? [`${reference} (${kind}) left ${at - submittedAt - withinMs} ms after its host's time for that was over`] : []),
    ];
  }

  /** Nothing else of the payment may stand, nor be declined for good (13), and nothing else of the sale may be undecided (15). */
  #alone(payment: PaymentState, attempt: AttemptState): string[] {
    const former = payment.attempts.filter((a) => a !== attempt && a.undoes === undefined && !(a.fate === 'not-sent' || a.fate === 'declined' || a.fate === 'undone'));
    const others = [...this.#payments.values()].filter((other) => other !== payment && other.saleReference === payment.saleReference && isUndecided(other));
    const inputOf = ({ request }: AttemptState): string => textOf([request.arguments, request.amount]);
    const forGood = (a: AttemptState): boolean => a.answer?.outcome === 'declined' && (a.answer.again === 'never' || (a.answer.again === 'new-input' && inputOf(a) === inputOf(attempt)));
    const declined = payment.attempts.filter((a) => a !== attempt && a.undoes === undefined && a.fate === 'declined' && forGood(a));
    return [
      ...declined.map((a) => `${attempt.prepared.reference} was sent though the host had declined ${a.prepared.reference} for good`),
      ...former.map((a) => `${attempt.prepared.reference} was sent while ${a.prepared.reference} of the same payment was ${a.fate}`),
      ...others.map(({ paymentId }) => `${attempt.prepared.reference} was sent while ${paymentId} of the same sale was undecided`),
    ];
  }

  #cancels(event: TillEvent, executionId: string): void {
    const open = this.#tasks.get(executionId) ?? new Set();
    if (event.type === 'taskStarted') this.#tasks.set(executionId, open.add(event.step));
    else if (event.type === 'stepLeft') {
      open.delete(event.step);
      this.#cancelled.delete(`${executionId}/${event.step}`);
    } else if (event.type === 'cancelRequested') for (const step of open) this.#cancelled.add(`${executionId}/${step}`);
  }

  #catchUp(log: Watched): void {
    if (log !== this.#log) {
      this.#log = log;
      this.#read = 0;
      this.#payments.clear();
      this.#seqs.clear();
      this.#heard.clear();
      this.#cases.clear();
      this.#decided.clear();
      this.#tasks.clear();
      this.#cancelled.clear();
      this.#started.clear();
      this.#ended.clear();
    }
    for (; this.#read < log.records.length; this.#read += 1) {
      const record = log.records[this.#read];
      if (!record) continue;
      const id = record.stream.slice(2);
      if (record.event.type === 'engineOpened') this.#openedAt = record.seq;
      if (record.event.type === 'executionStarted') this.#started.set(id, record.seq);
      if (record.event.type === 'executionEnded') this.#ended.set(id, { seq: record.seq, unsettled: this.#unsettled(id), paid: this.#paid(id) });
      this.#cancels(record.event, id);
      if (!record.stream.startsWith('p/')) continue;
      this.#payments.set(id, evolvePayment(this.#payments.get(id), record));
      this.#heard.set(id, record.seq);
      const { event } = record;
      if (event.type === 'paymentPrepared') this.#seqs.set(`intent ${id}@${event.attempt}`, record.seq);
      if (event.type === 'paymentCommitted') this.#seqs.set(`committed ${id}`, record.seq);
      if (event.type === 'caseOpened') this.#cases.set(event.caseId, record.seq);
      if (event.type === 'caseResolved') this.#decided.set(id, record.seq);
      if (event.type === 'paymentCondemned') this.#seqs.set(`condemned ${id}@${event.attempt}`, record.seq);
      if (event.type === 'paymentAnswered' && event.answer.outcome === 'approved') this.#seqs.set(`approved ${id}@${event.attempt}`, record.seq);
    }
  }
}
