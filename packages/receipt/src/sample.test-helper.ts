import type { ReceiptDocument } from '@tillwright/core/contract';
import iconv from 'iconv-lite';

const text = (zh: string, en: string) => ({ zh, en });

/** A card slip as a till prints it; tests change what they look at. */
export const sampleDocument = (changes: Partial<ReceiptDocument>): ReceiptDocument => ({
  id: 'R1',
  copy: 'merchant',
  reprint: false,
  merchantName: '街角小店 Corner Shop',
  title: text('签购单', 'SALES SLIP'),
  language: 'both',
  signature: 'signature',
  lines: [
    { label: text('商户编号', 'MERCHANT NO.'), value: '898000000000001' },
    { label: text('卡号', 'CARD NO.'), value: '622848******0019 I' },
    { label: text('日期时间', 'DATE/TIME'), value: '2026-11-23 13:50:01' },
    { label: text('商户订单号', 'ORDER NO.'), value: '20261123135001000000010000000123456789' },
    { label: text('金额', 'AMOUNT'), value: 'RMB 50.00', large: true },
  ],
  notes: [text('谢谢惠顾', 'Thank you for shopping with us, and come again soon')],
  ...changes,
});

/** Lengths of the commands' parameters after their two letters; `GS V B n` and `GS r n` included. */
const PARAMETERS: { readonly [command: string]: number } = {
  '\u001B@': 0, '\u001Da': 1, '\u001BM': 1, '\u001B ': 1, '\u001CS': 2, '\u001B3': 1, '\u001B{': 1,
  '\u001DL': 2, '\u001DW': 2, '\u001Ba': 1, '\u001B$': 2, '\u001B\\': 2, '\u001B-': 1, '\u001C-': 1, '\u001BE': 1,
  '\u001DB': 1, '\u001D!': 1, '\u001Bt': 1, '\u001DV': 2, '\u001Dr': 1,
};

/** What a printer with a Chinese font would set: the bytes between the commands, read as GB18030. */
export const textOf = (escpos: Uint8Array): string => {
  const bytes = Buffer.from(escpos);
  const kept: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0x1b && byte !== 0x1c && byte !== 0x1d) {
      kept.push(byte);
      at += 1;
      continue;
    }
    const command = bytes.toString('latin1', at, at + 2);
    if (command === '\u001C(') at += 5 + bytes.readUInt16LE(at + 3);
    else if (command === '\u001C.' || command === '\u001C&' || command === '\u001B2') at += 2;
    else {
      const parameters = PARAMETERS[command];
      if (parameters === undefined) throw new Error(`no such printer command: ${JSON.stringify(command)} at ${at}`);
      at += 2 + parameters;
    }
  }
  return iconv.decode(Buffer.from(kept), 'gb18030');
};
