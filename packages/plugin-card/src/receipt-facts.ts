import type { PaymentFacts, ReceiptField, Terminal, Text } from '@tillwright/core/contract';
import { hostDateTime } from './china-time.js';
import type { TlvMap } from './protocol.js';

/** What `prepare` writes down of a card: all of it may stand in a log. */
export interface CardLine {
  readonly maskedPan: string;
  readonly entry: 'swipe' | 'insert' | 'tap' | 'void';
  readonly aid?: string;
  readonly label?: string;
}

export interface FactsInput {
  readonly card: CardLine;
  readonly operation: 'sale' | 'void';
  readonly batch: string;
  readonly trace: string;
  readonly code: string;
  /** DE 12, 13, 15, 37, 38, 44, 32 of the answer. */
  readonly answer: { readonly [dataElement: number]: string };
  readonly signature: 'none' | 'signature';
  readonly terminal: Terminal;
  readonly operatorId: string;
  readonly nowMs: number;
  /** Chip data objects so far. */
  readonly chip?: TlvMap;
}

/** Letters behind the card number (PAN) that tell how it was read: swiped, inserted, contactless. */
const ENTRY_LETTER = { swipe: 'S', insert: 'I', tap: 'C', void: 'M' } as const;
const TYPE: { readonly [operation: string]: Text } = { sale: { zh: '消费', en: 'SALE' }, void: { zh: '消费撤销', en: 'VOID' } };

/** Receipt lines in their order on a sales slip, and what a void or refund months later needs. No card number beyond first 6 / last 4. */
export const facts = (input: FactsInput): PaymentFacts => {
  const { card, answer, terminal, chip } = input;
  const { issuer, acquirer } = institutions(answer[44], answer[32]);
  const type = TYPE[input.operation] ?? { zh: '', en: '' };
  const cryptogram = chip?.get('9F26');
  const kind = (Number.parseInt(chip?.get('9F27') ?? '0', 16) >> 6) === 1 ? 'TC' : 'ARQC';
  const kept = {
    tid: terminal.tid,
    mid: terminal.mid,
    operatorId: input.operatorId,
    batch: input.batch,
    trace: input.trace,
    responseCode: input.code,
    maskedPan: card.maskedPan,
    entry: card.entry,
    hostTime: answer[12],
    hostDate: answer[13],
    settlementDate: answer[15],
    referenceNumber: answer[37],
    authorizationCode: answer[38],
    issuer,
    acquirer,
    aid: card.aid,
    tvr: chip?.get('95'),
    cryptogram,
  };
  const receipt = [
    line('acquirer', '收单机构', 'ACQUIRER', acquirer),
    line('issuer', '发卡机构', 'ISSUER', issuer),
    line('cardNumber', '卡号', 'CARD NO', `${card.maskedPan} ${ENTRY_LETTER[card.entry]}`),
    line('transactionType', '交易类型', 'TRANS TYPE', `${type.zh} ${type.en}`),
    line('batch', '批次号', 'BATCH NO', input.batch),
    line('voucher', '凭证号', 'VOUCHER NO', input.trace),
    line('authorizationCode', '授权码', 'AUTH NO', answer[38]?.trim()),
    line('referenceNumber', '参考号', 'REF NO', answer[37]?.trim()),
    line('dateTime', '日期时间', 'DATE/TIME', hostDateTime(answer[13], answer[12], input.nowMs)),
    line('aid', '应用标识', 'AID', card.aid),
    line('applicationLabel', '应用标签', 'APP LABEL', card.label),
    line('cryptogram', kind, kind, cryptogram),
    line('tvr', 'TVR', 'TVR', chip?.get('95')),
    line('tsi', 'TSI', 'TSI', chip?.get('9B')),
    line('atc', 'ATC', 'ATC', chip?.get('9F36')),
  ].flat();
  return { ...defined(kept), signature: input.signature, receipt };
};

type Line = PaymentFacts['receipt'][number];

const line = (key: string, zh: string, en: string, value: string | undefined): Line[] => {
  if (value === undefined || value === '') return [];
  const field: ReceiptField = { key, label: { zh, en }, value };
  return [{ ...field, label: { ...field.label } }];
};

const defined = (values: { readonly [key: string]: string | undefined }): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

/** DE 44: issuer in the first 11 bytes, acquirer in the next 11; a Chinese character takes two. DE 32 names the acquirer too. */
const institutions = (field44: string | undefined, field32: string | undefined): { issuer?: string; acquirer?: string } => {
  let bytes = 0;
  let [issuer, acquirer] = ['', ''];
  for (const character of field44 ?? '') {
    if (bytes < 11) issuer += character;
    else acquirer += character;
    bytes += character > '\u007F' ? 2 : 1;
  }
  const named = acquirer.trim() === '' ? field32 : acquirer.trim();
  return { ...(issuer.trim() === '' ? {} : { issuer: issuer.trim() }), ...(named === undefined ? {} : { acquirer: named }) };
};
