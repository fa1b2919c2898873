import type { ReceiptDocument, Text } from '@tillwright/core/contract';

/** What the slip itself says, beside the document's lines. */
export const WORDS = {
  reprint: { zh: '重打印', en: 'REPRINT' },
  merchantCopy: { zh: '商户存根', en: 'MERCHANT COPY' },
  cardholderCopy: { zh: '持卡人存根', en: 'CARDHOLDER COPY' },
  customerCopy: { zh: '客户存根', en: 'CUSTOMER COPY' },
  signHere: { zh: '持卡人签名', en: 'CARDHOLDER SIGNATURE' },
  noSignature: { zh: '本交易免密免签', en: 'NO PIN AND NO SIGNATURE REQUIRED' },
  statement: {
    zh: '本人确认以上交易，同意将其计入本卡账户',
    en: 'I confirm this transaction and agree to have it charged to the account of this card',
  },
} as const satisfies Record<string, Text>;

/** A text in the document's language: one piece, or the Chinese and the English one where they differ (`TVR` is `TVR` in both). */
export const inLanguage = (text: Text, language: ReceiptDocument['language']): string[] => {
  const parts = language === 'both' ? [text.zh, text.en] : [text[language]];
  return [...new Set(parts)].filter((part) => part !== '');
};
