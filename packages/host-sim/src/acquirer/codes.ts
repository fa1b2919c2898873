/**
 * Response codes (DE 39) this host answers with, by the reason it has.
 * Source: the list of codes with the cashier's texts, Q/CUP 006.6. Where several would do, the comment says which was taken.
 */
export const CODE = {
  approved: '00',
  merchantUnknown: '03',
  /** A wrong ARQC, an ATC used before, or an AAC sent online. */
  cryptogramRefused: '05',
  partial: '10',
  /** Not offered by this host, or not in renminbi. */
  invalidTransaction: '12',
  invalidAmount: '13',
  cardUnknown: '14',
  /** The original was voided or refunded already. */
  wrongOperation: '22',
  noOriginal: '25',
  formatError: '30',
  pinTriesExceeded: '38',
  useChip: '45',
  insufficientFunds: '51',
  expired: '54',
  /** A wrong PIN; also no PIN where one is needed, so that the till asks for it. */
  pinIncorrect: '55',
  /** A card number that was keyed in. */
  cardNotPermitted: '57',
  amountMismatch: '64',
  batchMismatch: '77',
  duplicate: '94',
  systemFault: '96',
  terminalUnknown: '97',
  pinFormatError: '99',
  macIncorrect: 'A0',
} as const;

const APPROVALS: ReadonlySet<string> = new Set(['00', '10', '11', '16', 'A2', 'A4', 'A5', 'A6']);

export function isApproval(code: string): boolean {
  return APPROVALS.has(code);
}

/** A code wished for by a fault, or 96 when it is none. */
export function wishedCode(code: string): string {
  return /^[0-9A-Z]{2}$/.test(code) ? code : CODE.systemFault;
}
