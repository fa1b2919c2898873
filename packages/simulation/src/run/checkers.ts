/** What must be true of a shop once all is quiet. They know the log, the hosts' ledgers and what was said and shown; nothing of the engine's code. */
import type { EventRecord, ExecutionResult } from '@tillwright/core';
import type { Json } from '@tillwright/core/contract';
import { canonicalJson, checkLog, isSettled, Journal, journalOf, leakScanner, memoryLog, openCase, type PaymentState } from '@tillwright/core/testing';
import { sampleCards } from '@tillwright/device-sim';
import type { HostLedger } from '../reconcile.js';
import type { Shop } from '../shop.js';

export interface Evidence {
  readonly shop: Shop;
  /** Results that were told, in any life. */
  readonly told: readonly ExecutionResult[];
  /** Records that subscribers saw, in any life. */
  readonly seen: readonly EventRecord[];
  /** Texts that anybody could read. */
  readonly shown: readonly string[];
  /** Payers' codes and PIN blocks of this run. */
  readonly secrets: readonly (string | Uint8Array)[];
  /** How often a request to take money left the till, by its reference at the host. */
  readonly sent: ReadonlyMap<string, number>;
}

/** @returns what is wrong, in words; empty when all is well */
export const check = async (evidence: Evidence): Promise<readonly string[]> => [...(await checkBooks(evidence)), ...leaks(evidence)];

/** All but whether something leaked. */
export const checkBooks = async (evidence: Omit<Evidence, 'shown' | 'secrets'>): Promise<readonly string[]> => {
  const { shop } = evidence;
  const records = await shop.records();
  const replayed = new Journal({ log: memoryLog({ records }), clock: shop.clock });
  for (const record of records) replayed.replay(record);
  await replayed.replayed();
  const payments = [...replayed.payments.values()];
  const byReference = new Map(payments.flatMap((payment) => payment.attempts.map((a) => [a.prepared.reference, payment] as const)));
  const open = (payment: PaymentState | undefined): boolean => payment !== undefined && (openCase(payment) !== undefined || payment.cases.some((c) => c.resolved));
  const ledgers = shop.hosts.ledgers();
  const rows = (await shop.reconcile()).filter(({ agrees, reference }) => !agrees && !open(byReference.get(reference)));
  const approved = new Set(ledgers.flatMap(({ entries }) => entries.filter(({ status }) => status === 'approved').map(({ reference }) => reference)));
  return [
    ...rows.map(({ host, reference, ledger, log, amountMinor }) => `${host} ${reference} (${amountMinor}): ${ledger} in the ledger, ${log} in the log, and no case is open`),
    ...payments.flatMap((payment) => {
      const standing = payment.attempts.filter((a) => a.undoes === undefined && approved.has(a.prepared.reference));
      return standing.length > 1 ? [`${payment.paymentId}: ${standing.length} approvals stand at the host`] : [];
    }),
    // Nobody pays it back by hand then.
    ...shop.till.cases().flatMap(({ undone, payment }) => payment.references.filter((reference) => undone && approved.has(reference)).map((reference) => `${reference} stands at the host, and its case says that it is undone`)),
    ...givenBack(payments, ledgers),
    ...overcharged(payments.filter((payment) => !open(payment)), approved),
    ...checkLog({ records, payments: replayed.payments, sealedKeys: await shop.sealedKeys() }),
    ...payments.filter((payment) => !isSettled(payment) && !open(payment)).map(({ paymentId, attempts }) => `${paymentId} is not settled (${attempts.map(({ fate }) => fate).join(', ')}), and no case is open`),
    ...[...evidence.sent].filter(([, times]) => times > 1).map(([reference, times]) => `${reference} was submitted ${times} times`),
    ...[...replayed.executions.values()].filter(({ state }) => state.status === 'running').map(({ id }) => `${id} never ended`),
    ...sameState(replayed, journalOf(shop.till)),
    ...toldTruth(evidence.told, replayed),
    ...evidence.seen.filter((record) => JSON.stringify(records[record.seq - 1]) !== JSON.stringify(record)).map(({ seq, event }) => `record ${seq} (${event.type}) was shown, and is not what the log holds`),
  ];
};

/** What is committed is not given back, in whole or in part: no flow of a shop asks for that (9). */
const givenBack = (payments: readonly PaymentState[], ledgers: readonly HostLedger[]): string[] => {
  const back = new Map(ledgers.flatMap(({ entries }) => entries.flatMap(({ reference, refundedMinor = 0 }) => (refundedMinor > 0 ? [[reference, refundedMinor] as const] : []))));
  const paid = payments.filter(({ committed }) => committed).flatMap(({ attempts }) => attempts.filter(({ fate, undoes }) => fate === 'completed' && undoes === undefined));
  return paid.flatMap(({ prepared: { reference } }) => (back.has(reference) ? [`${reference} is paid for good, and its host gave back ${back.get(reference)}`] : []));
};

/** For no sale more stands at the hosts than is due (15). */
const overcharged = (payments: readonly PaymentState[], approved: ReadonlySet<string>): string[] => {
  const sales = new Map<string, { due: number; stands: number }>();
  for (const { saleReference, dueMinor, attempts } of payments) {
    const sale = sales.get(saleReference) ?? { due: 0, stands: 0 };
    const standing = attempts.filter((a) => a.undoes === undefined && approved.has(a.prepared.reference));
    sales.set(saleReference, { due: Math.max(sale.due, dueMinor), stands: standing.reduce((sum, a) => sum + (a.approved?.amount.amountMinor ?? 0), sale.stands) });
  }
  return [...sales].filter(([, { due, stands }]) => stands > due).map(([sale, { due, stands }]) => `${stands} stands at the hosts for ${sale}, of which ${due} is due`);
};

const sameState = (replayed: Journal, live: Pick<Journal, 'executions' | 'payments' | 'keys'>): string[] =>
  (['executions', 'payments', 'keys'] as const).filter((what) => canonical([...replayed[what]]) !== canonical([...live[what]])).map((what) => `replaying the log gives other ${what} than the engine holds`);

const canonical = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify(value)) as Json);

/** What was told once stays true. */
const toldTruth = (told: readonly ExecutionResult[], { executions }: Journal): string[] =>
  told.flatMap((result) => {
    const state = executions.get(result.executionId)?.state;
    const now = state && (state.status === 'succeeded' ? { status: 'succeeded', output: state.output ?? null } : { status: state.status, error: state.failure?.error, cause: state.failure?.cause });
    const then = result.status === 'succeeded' ? { status: 'succeeded', output: result.output } : { status: 'failed', error: result.error, cause: result.cause };
    return now && canonical(now) === canonical(then) ? [] : [`${result.executionId} was told as ${result.status}, and is now ${state?.status ?? 'unknown to the log'}`];
  });

const leaks = ({ shop, shown, secrets }: Evidence): string[] => {
  const cards = sampleCards.flatMap(({ id, pan, track2 }) => [
    { name: `the number of ${id}`, value: pan },
    { name: `track 2 of ${id}`, value: track2 },
  ]);
  const scanner = leakScanner({ secrets: [...cards, ...secrets.map((value, index) => ({ name: `code or PIN block ${index + 1}`, value }))] });
  const receipts = shop.terminals.flatMap((terminal) => shop.worldOf(terminal).receipts.flatMap(({ text, escpos, svg }) => [text, escpos, svg]));
  // Unknown card numbers can't be: every card of the shop is known. What looks like one is a trade number.
  const found = [['the log', shop.text()] as const, ['what was shown', shown.join('\n')] as const, ...receipts.map((receipt) => ['a receipt', receipt] as const)].flatMap(([source, written]) => scanner.scan(source, written));
  return [...new Set(found.filter(({ encoding }) => encoding !== 'card-number').map(({ source, secret, encoding }) => `${secret} stands in ${source} (${encoding})`))];
};
