import { type Answer, money, type PaymentRequest, type ReverseAnswer, type Terminal } from '@tillwright/core/contract';
import type { LineResult } from './acquirer-line.js';
import type { CardData } from './card-messages.js';
import type { AttemptSecret } from './card-secret.js';
import { issuerData } from './emv.js';
import { facts, type FactsInput } from './receipt-facts.js';
import { responseCode } from './response-codes.js';

const PARTIAL = '10';
const NO_ORIGINAL = '25';
const DUPLICATE = '94';

/** What an answer is the answer to. */
export interface Asked {
  readonly request: PaymentRequest;
  readonly data: CardData;
  readonly terminal: Terminal;
  readonly nowMs: number;
}

/**
 * What a 0210 means for the payment. Only an answer that the line has verified decides; all else is unknown.
 * @param card what the attempt holds in memory: is given the issuer's data for the card's second cryptogram
 */
export const paymentAnswer = (
  result: LineResult,
  { request, data, terminal, nowMs }: Asked,
  card?: { readonly attempt: AttemptSecret | undefined; readonly chip: boolean },
): Answer => {
  if (result.got === 'not-sent') return { outcome: 'not-sent', why: result.why };
  if (result.got !== 'answer') return { outcome: 'unknown', reason: result.got, why: result.why };
  const { code, fields } = result;
  // The first copy of a duplicate may have been approved.
  if (code === DUPLICATE) return { outcome: 'unknown', reason: 'duplicate', why: 'the host has seen this trace number before (94)' };
  const meaning = responseCode(code);
  if (meaning.class !== 'approved') {
    const { text: hint, again = 'never', error } = meaning;
    return { outcome: 'declined', verified: true, code, hint, again, ...(error === undefined ? {} : { error }) };
  }
  const approvedMinor = code === PARTIAL ? Number(fields[4]) : request.amount.amountMinor;
  if (request.operation === 'void' && approvedMinor !== request.amount.amountMinor) return { outcome: 'unknown', reason: 'mismatch', why: 'a void of a part' };
  const attempt = card?.attempt;
  const told: FactsInput = {
    card: data.card,
    operation: request.operation === 'void' ? 'void' : 'sale',
    batch: data.batch,
    trace: data.trace,
    code,
    answer: fields,
    signature: data.verifiedBy === 'none' ? 'none' : 'signature',
    terminal,
    operatorId: request.operatorId,
    nowMs,
    ...(attempt === undefined || attempt.field55 === '' ? {} : { chip: attempt.tlv }),
  };
  if (attempt !== undefined) attempt.answer = { code, issuerData: issuerDataOf(fields[55]), facts: told };
  return {
    outcome: 'approved',
    verified: true,
    amount: money(approvedMinor, request.amount.currency),
    completion: card?.chip === true ? 'due' : 'none',
    facts: facts(told),
  };
};

/** What a 0410 means for the undo. */
export const undoAnswer = (result: LineResult): ReverseAnswer => {
  if (result.got === 'not-sent') return { outcome: 'not-sent', why: result.why };
  if (result.got !== 'answer') return { outcome: 'unknown', reason: result.got, why: result.why };
  if (result.code === NO_ORIGINAL) return { outcome: 'undone', verified: true, proof: 'no-original' };
  const { class: meaning, again } = responseCode(result.code);
  if (result.code === PARTIAL) return { outcome: 'unknown', reason: 'mismatch', why: 'a reversal of a part' };
  // Not 00 alone: a host that undid it, and could not confirm that with the issuer yet, says so by a code of its own (A2, A4 to A6).
  if (meaning === 'approved') return { outcome: 'undone', verified: true, proof: 'acknowledged' };
  // A host that is out of order, or wants a sign-on first, has not decided: try again.
  if (again === 'later' || again === 'sign-on-first') return { outcome: 'unknown', reason: 'host-error', why: `the host answered ${result.code}` };
  return { outcome: 'refused', code: result.code };
};

/** Chip data of an answer that can't be read give the card nothing: it will not accept the approval, which is then undone. */
const issuerDataOf = (field55: string | undefined): Uint8Array => {
  try {
    return issuerData(field55 ?? '');
  } catch {
    return new Uint8Array(0);
  }
};
