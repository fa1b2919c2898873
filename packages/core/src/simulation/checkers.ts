/** What must be true of a till and its hosts once all is quiet. They know the log and the hosts' ledgers, nothing of the engine's code. */
import { Journal } from '../engine/journal.js';
import { type AttemptState, isUndecided, isResolved, openCase, paidMinor, type PaymentState } from '../engine/payment.js';
import type { Clock } from '../contract.js';
import type { EventRecord } from '../events.js';
import { canonicalJson, type Json } from '../json.js';
import type { MemoryLog } from '../log/memory-log.js';
import type { ExecutionResult } from '../till.js';
import type { SimulatedHost } from './host.js';

export interface Evidence {
  readonly log: MemoryLog;
  readonly clock: Clock;
  readonly host: SimulatedHost;
  readonly sealedKeys: readonly string[];
  /** Results that were told, in any life. */
  readonly told: readonly ExecutionResult[];
  /** Records that subscribers saw, in any life. */
  readonly seen: readonly EventRecord[];
  /** What the last life holds. */
  readonly live: Pick<Journal, 'executions' | 'payments' | 'keys'>;
  /** What must not stand in the log. */
  readonly secrets: readonly string[];
}

/** @returns what is wrong, in words; empty when all is well */
export const check = async (evidence: Evidence): Promise<readonly string[]> => {
  const { log, clock, host } = evidence;
  const replayed = new Journal({ log, clock });
  await replayed.load(each(log.records));
  const payments = [...replayed.payments.values()];
  return [
    ...payments.flatMap((payment) => atRest(payment)),
    ...payments.flatMap((payment) => againstHost(payment, host)),
    ...strangers(replayed, host),
    ...[...host.submits].filter(([, times]) => times > 1).map(([reference, times]) => `${reference} was submitted ${times} times`),
    ...[...replayed.executions.values()].filter(({ state }) => state.status === 'running').map(({ id }) => `${id} never ended`),
    ...sameState(replayed, evidence.live),
    ...toldTruth(evidence.told, replayed),
    ...evidence.seen.filter((record) => JSON.stringify(log.records[record.seq - 1]) !== JSON.stringify(record)).map(({ seq, event }) => `record ${seq} (${event.type}) was shown, and is not what the log holds`),
    ...evidence.sealedKeys.filter((key) => !mayStaySealed(key, replayed)).map((key) => `${key} is still sealed`),
    ...leaks(log, evidence.secrets),
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
  const standing = host.standing(payment.paymentId);
  const problems = standing.length > 1 ? [`${payment.paymentId}: ${standing.length} approvals stand at the host (${standing.map(({ reference }) => reference).join(', ')})`] : [];
  if (openCase(payment) || isResolved(payment)) return problems;
  const hostMinor = standing.reduce((sum, entry) => sum + entry.amountMinor, 0);
  const logMinor = payment.committed ? paidMinor(payment) : 0;
  return hostMinor === logMinor ? problems : [...problems, `${payment.paymentId}: ${hostMinor} stands at the host, ${logMinor} in the log`];
};

const strangers = ({ payments }: Journal, host: SimulatedHost): string[] =>
  [...host.ledger.values()]
    .filter(({ reference, paymentId }) => !payments.get(paymentId)?.attempts.some((a) => a.prepared.reference === reference))
    .map(({ reference, paymentId }) => `the host has ${reference}, of which the log of ${paymentId} knows nothing`);

const sameState = (replayed: Journal, live: Evidence['live']): string[] =>
  (['executions', 'payments', 'keys'] as const)
    .filter((what) => textOf(replayed[what]) !== textOf(live[what]))
    .map((what) => `replaying the log gives other ${what} than the engine holds`);

const textOf = (map: ReadonlyMap<string, unknown>): string => canonicalJson(JSON.parse(JSON.stringify([...map])) as Json);

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

const leaks = (log: MemoryLog, secrets: readonly string[]): string[] => {
  const text = JSON.stringify(log.records);
  return secrets.filter((secret) => text.includes(secret)).map(() => 'a secret stands in the log');
};

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
