import { luhnValid, maskPan } from '@tillwright/plugin-card/protocol';
import type { Account, CardMemory } from './accounts.js';
import { presentedCard, type PresentedCard } from './card.js';
import { verifyChip, type VerifiedChip } from './chip.js';
import { CODE, isApproval, wishedCode } from './codes.js';
import { ACQUIRER_ID, authorizationCode, refused, stamp, type HostParts, type Outcome } from './host-parts.js';
import { hostTime } from './host-time.js';
import { checkPin } from './pin.js';
import { has, type Request } from './request.js';
import type { WorkingKeys } from './terminals.js';

/** What the issuer decided, and what it will remember of the card. */
interface Verdict {
  readonly code: string;
  readonly memory?: CardMemory;
  readonly chip?: VerifiedChip;
}

interface SaleInput {
  readonly request: Request;
  readonly keys: WorkingKeys;
  /** Answer this code though nothing is wrong: an approval's code approves with it, 10 approves half. */
  readonly wish?: string | undefined;
}

/** A sale (0200, 60.1 = 22) whose MAC was right. */
export async function sale(host: HostParts, input: SaleInput): Promise<Outcome> {
  const { request } = input;
  const card = presentedCard(request);
  if (!has(request, [3, 4, 11, 22, 25, 41, 42, 49, 60]) || card === undefined) return refused(host, CODE.formatError);
  if (request.fields[25] !== '00' || !/^22\d{6}000[56][0-2]/.test(request.fields[60] ?? '')) return refused(host, CODE.formatError);
  if (request.fields[49] !== '156') return refused(host, CODE.invalidTransaction);
  if (request.batch !== host.terminals.batch(request.tid)) return refused(host, CODE.batchMismatch);
  const before = host.book.get(request.reference);
  if (before !== undefined && before.kind !== 'no-original') return refused(host, CODE.duplicate);

  // From here to the writes nothing is awaited: no other sale can take the same balance or the same counter.
  const account = host.accounts.find(card.pan);
  const verdict: Verdict = before !== undefined && host.lateSale === 'refuse' ? { code: CODE.duplicate } : judge(host, { ...input, card, account });
  const { code } = verdict;
  const approvedMinor = isApproval(code) ? (code === CODE.partial ? Math.floor(request.amountMinor / 2) : request.amountMinor) : 0;
  const { serial, time, rrn } = stamp(host);
  const approval = isApproval(code) ? { authorizationCode: authorizationCode(request, { serial, time, rrn }) } : {};
  await Promise.all([
    host.book.put({
      reference: request.reference,
      kind: 'sale',
      status: isApproval(code) ? 'approved' : 'declined',
      tid: request.tid,
      trace: request.trace,
      batch: request.batch,
      amountMinor: request.amountMinor,
      approvedMinor,
      account: host.accounts.id(card.pan),
      payer: maskPan(card.pan),
      processingCode: request.fields[3] ?? '',
      code,
      rrn,
      ...approval,
      serial,
      date: time.date,
      at: time.at,
    }),
    verdict.memory === undefined ? undefined : host.accounts.remember(verdict.memory),
  ]);
  return {
    code,
    time,
    fields: {
      2: card.pan,
      4: String(isApproval(code) ? approvedMinor : request.amountMinor).padStart(12, '0'),
      37: rrn,
      ...(approval.authorizationCode === undefined ? {} : { 38: approval.authorizationCode }),
      44: institutions(account),
      // A contactless card has left before the answer comes: only an inserted one is given the issuer's proof.
      ...(verdict.chip === undefined || card.entry !== 'chip' ? {} : { 55: verdict.chip.issuerData(code) }),
    },
  };
}

function judge(host: HostParts, input: SaleInput & { readonly card: PresentedCard; readonly account: Account | undefined }): Verdict {
  const { request, card, account } = input;
  if (request.amountMinor === 0) return { code: CODE.invalidAmount };
  if (!luhnValid(card.pan) || account === undefined) return { code: CODE.cardUnknown };
  if (account.blocked !== undefined) return { code: account.blocked };
  // Months compare as text within the century that both YYMM mean.
  if (account.expiry < hostTime(host.clock()).month || (card.expiry !== undefined && card.expiry !== account.expiry)) return { code: CODE.expired };
  if (card.entry === 'keyed') return { code: CODE.cardNotPermitted };
  if (card.entry === 'swiped' && /^[26]/.test(account.serviceCode) && !card.chipFailedBefore) return { code: CODE.useChip };

  const memory = host.accounts.memory(card.pan);
  const chip = card.entry === 'swiped' ? undefined : verifyChip({ request, account, sequence: card.sequence ?? '', lastAtc: memory.lastAtc });
  if (typeof chip === 'string') return { code: chip };
  const shown = chip === undefined ? {} : { chip };

  const pin = checkPin({ request, card, account, memory, pinKey: input.keys.pinKey, limits: host.limits });
  // A refused PIN does not use up the chip's counter: the PIN may be entered again without a new cryptogram.
  if (pin.pin === 'refused') return { code: pin.code, ...shown };
  if (pin.pin === 'wrong') return { code: pin.code, memory: { ...memory, wrongPins: memory.wrongPins + 1 }, ...shown };

  const after = { ...memory, wrongPins: pin.pin === 'right' ? 0 : memory.wrongPins, lastAtc: chip?.atc ?? memory.lastAtc };
  const changed = after.wrongPins === memory.wrongPins && after.lastAtc === memory.lastAtc ? {} : { memory: after };
  const code = input.wish === undefined ? CODE.approved : wishedCode(input.wish);
  const balanceMinor = account.balanceMinor - host.book.heldMinor(host.accounts.id(card.pan));
  if (isApproval(code) && balanceMinor < request.amountMinor) return { code: CODE.insufficientFunds, ...changed, ...shown };
  return { code, ...changed, ...shown };
}

/** DE 44: issuer and acquirer, 11 bytes each. */
function institutions(account: Account | undefined): string {
  return `${elevenBytes(account?.issuer ?? '')}${elevenBytes(ACQUIRER_ID)}`;
}

function elevenBytes(text: string): string {
  let kept = '';
  let bytes = 0;
  for (const character of text) {
    const size = character > '\u007F' ? 2 : 1;
    if (bytes + size > 11) break;
    kept += character;
    bytes += size;
  }
  return kept + ' '.repeat(11 - bytes);
}
