import { maskPan } from '@tillwright/plugin-card/protocol';
import { presentedCard } from './card.js';
import { CODE, isApproval, wishedCode } from './codes.js';
import { authorizationCode, refused, stamp, type HostParts, type Outcome, type Stamp } from './host-parts.js';
import { has, type Request } from './request.js';
import type { Transaction } from './transactions.js';

/**
 * A void (0200, 60.1 = 23) or a refund (0220, 60.1 = 25) whose MAC was right.
 *
 * The original is named by DE 61 (batch, trace, date), by DE 37, or by both, which must then agree; so must DE 38 when it
 * is there. A card that is shown must be the one that paid. A till that kept no card number shows none (DE 2 and 35 left
 * out): then DE 37 and 38 are what proves the sale. A void gives back all that was approved and only of a sale that nothing else was done to; refunds may be
 * partial, and never sum up to more than was approved.
 */
export async function voidOrRefund(host: HostParts, request: Request, kind: 'void' | 'refund', wish?: string): Promise<Outcome> {
  const card = isCardless(request) ? undefined : presentedCard(request);
  const complete = has(request, [3, 4, 11, 22, 25, 41, 42, 49, 60]) && (card !== undefined || isCardless(request));
  if (!complete) return refused(host, CODE.formatError);
  if (request.fields[49] !== '156') return refused(host, CODE.invalidTransaction);
  if (request.batch !== host.terminals.batch(request.tid)) return refused(host, CODE.batchMismatch);
  const before = host.book.get(request.reference);
  if (before !== undefined && before.kind !== 'no-original') return refused(host, CODE.duplicate);

  const original = originalOf(host, request);
  const account = card === undefined ? (original?.account ?? '') : host.accounts.id(card.pan);
  const fitting = original?.account === account ? original : undefined;
  const late = before !== undefined && host.lateSale === 'refuse';
  const code = late ? CODE.duplicate : judge(host, { request, kind, original: fitting, wish });
  const given = stamp(host);
  const approval = isApproval(code) ? { authorizationCode: authorizationCode(request, given) } : {};
  await host.book.put({
    reference: request.reference,
    kind,
    status: isApproval(code) ? 'approved' : 'declined',
    tid: request.tid,
    trace: request.trace,
    batch: request.batch,
    amountMinor: request.amountMinor,
    approvedMinor: isApproval(code) ? request.amountMinor : 0,
    account,
    payer: card === undefined ? (fitting?.payer ?? '') : maskPan(card.pan),
    processingCode: request.fields[3] ?? '',
    code,
    rrn: given.rrn,
    ...approval,
    ...(fitting === undefined ? {} : { original: fitting.reference }),
    serial: given.serial,
    date: given.time.date,
    at: given.time.at,
  });
  const shown = approval.authorizationCode === undefined ? {} : { 38: approval.authorizationCode };
  return { code, time: given.time, fields: { ...(card === undefined ? {} : { 2: card.pan }), 4: request.fields[4] ?? '', 37: given.rrn, ...shown } };
}

function isCardless({ fields }: Request): boolean {
  return fields[2] === undefined && fields[35] === undefined;
}

interface UndoInput {
  readonly request: Request;
  readonly kind: 'void' | 'refund';
  readonly original: Transaction | undefined;
  readonly wish: string | undefined;
}

function judge(host: HostParts, { request, kind, original, wish }: UndoInput): string {
  if (request.amountMinor === 0) return CODE.invalidAmount;
  if (original === undefined || original.kind !== 'sale') return CODE.noOriginal;
  const { status, refundedMinor, heldMinor } = host.book.standing(original);
  if (status === 'declined' || status === 'reversed') return CODE.noOriginal;
  if (status !== 'approved' || (kind === 'void' && refundedMinor > 0)) return CODE.wrongOperation;
  // What is settled can only be refunded.
  if (kind === 'void' && original.batch !== request.batch) return CODE.wrongOperation;
  if (kind === 'void' ? request.amountMinor !== heldMinor : request.amountMinor > heldMinor) return CODE.amountMismatch;
  return wish === undefined ? CODE.approved : wishedCode(wish);
}

function originalOf(host: HostParts, request: Request): Transaction | undefined {
  const named = request.fields[61] ?? '';
  const rrn = request.fields[37];
  const byTrace = named.length < 12 ? undefined : host.book.get(`${request.tid}-${named.slice(0, 6)}-${named.slice(6, 12)}`);
  const byRrn = rrn === undefined ? undefined : host.book.byRrn(rrn);
  const found = byTrace ?? byRrn;
  if (found === undefined || found.tid !== request.tid) return undefined;
  if (named.length >= 12 && byTrace !== found) return undefined;
  if (rrn !== undefined && byRrn !== found) return undefined;
  const date = named.slice(12, 16);
  if (date !== '' && date !== '0000' && date !== found.date) return undefined;
  const authorization = request.fields[38];
  if (isCardless(request) && (rrn === undefined || authorization === undefined)) return undefined;
  return authorization === undefined || authorization === found.authorizationCode ? found : undefined;
}

/**
 * A reversal (0400) whose MAC was right: finds the original by terminal, batch and trace.
 *
 * Approved, declined or reversed before: 00. Never seen: 25, and noted, for the original may still come. Voided or
 * refunded meanwhile: 22. Another amount: 64. Another card or processing code: 25.
 */
export async function reversal(host: HostParts, request: Request, wish?: string): Promise<Outcome> {
  if (!has(request, [3, 4, 11, 22, 25, 39, 41, 42, 49, 60]) || !REVERSAL_REASONS.has(request.fields[39] ?? '')) return refused(host, CODE.formatError);
  // Track and PIN are kept by no till until a reversal is due: one that sends them has kept them.
  if ([35, 36, 52].some((element) => request.fields[element] !== undefined)) return refused(host, CODE.formatError);
  const code = wish === undefined ? CODE.approved : wishedCode(wish);
  if (!isApproval(code)) return refused(host, code);
  const original = host.book.get(request.reference);
  if (original === undefined || original.kind === 'no-original') return noOriginal(host, request, original);

  const pan = request.fields[2];
  if (original.processingCode !== request.fields[3] || (pan !== undefined && host.accounts.id(pan) !== original.account)) return refused(host, CODE.noOriginal);
  if (original.amountMinor !== request.amountMinor) return refused(host, CODE.amountMismatch);
  if (original.kind === 'refund') return refused(host, CODE.invalidTransaction);
  if (original.kind === 'sale' && original.status === 'approved') {
    const { status, refundedMinor } = host.book.standing(original);
    if (status !== 'approved' || refundedMinor > 0) return refused(host, CODE.wrongOperation);
  }
  if (original.status !== 'reversed') await host.book.put({ ...original, status: 'reversed' });
  const { time } = refused(host, code);
  return { code, time, fields: { ...(pan === undefined ? {} : { 2: pan }), 4: request.fields[4] ?? '', 37: original.rrn } };
}

/** DE 39 of a reversal: no answer, the answer's MAC was wrong, the card refused. */
const REVERSAL_REASONS: ReadonlySet<string> = new Set(['98', 'A0', '06']);

async function noOriginal(host: HostParts, request: Request, before: Transaction | undefined): Promise<Outcome> {
  const given: Stamp = stamp(host);
  const pan = request.fields[2] ?? '';
  if (before === undefined) {
    await host.book.put({
      reference: request.reference,
      kind: 'no-original',
      status: 'declined',
      tid: request.tid,
      trace: request.trace,
      batch: request.batch,
      amountMinor: request.amountMinor,
      approvedMinor: 0,
      account: host.accounts.id(pan),
      payer: maskPan(pan),
      processingCode: request.fields[3] ?? '',
      code: CODE.noOriginal,
      rrn: '',
      serial: given.serial,
      date: given.time.date,
      at: given.time.at,
    });
  }
  return { code: CODE.noOriginal, time: given.time, fields: { ...(pan === '' ? {} : { 2: pan }), 4: request.fields[4] ?? '', 37: given.rrn } };
}
