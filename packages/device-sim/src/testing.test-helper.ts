import { type CardRead, type Money, type PinPad, type ReceiptDocument, Sensitive } from '@tillwright/core/contract';
import { checkValue, desEcb, encodeTlv, fromHex } from '@tillwright/plugin-card/protocol';
import { sampleCards, type SampleCard } from './index.js';

export const MASTER_KEY = '0123456789ABCDEFFEDCBA9876543210';
export const PIN_KEY = fromHex('1122334455667788990011223344556A');
export const MAC_KEY = fromHex('C24A8FB57AA20123');
export const yuan = (amountMinor: number): Money => ({ amountMinor, currency: 'CNY' });
export const never = (): AbortSignal => new AbortController().signal;

export const cardOf = (id: string): SampleCard => {
  const card = sampleCards.find((each) => each.id === id);
  if (!card) throw new Error(`no sample card ${id}`);
  return card;
};

/** A working key as a sign-on sends it. */
export const underMaster = (key: Uint8Array, master = fromHex(MASTER_KEY)) => ({
  encrypted: desEcb(master, key, 'encrypt'),
  checkValue: checkValue(key),
});

export const signOn = async (pad: PinPad, mac = MAC_KEY): Promise<void> => pad.loadWorkingKeys({ pin: underMaster(PIN_KEY), mac: underMaster(mac) });

export const terminalData = (amountMinor = 8800): Uint8Array =>
  encodeTlv([
    ['9F02', String(amountMinor).padStart(12, '0')],
    ['9F03', '000000000000'],
    ['9F1A', '0156'],
    ['5F2A', '0156'],
    ['9A', '261123'],
    ['9C', '00'],
    ['9F37', '36C9B89F'],
    ['9F33', 'E0E9C8'],
    ['9F35', '22'],
    ['9F1E', '3132333435363738'],
    ['9F09', '0020'],
    ['9F41', '00000001'],
    ['95', '0000000800'],
  ]);

export const readRequest = (changes: Partial<{ accept: readonly CardRead['entry'][]; amountMinor: number; signal: AbortSignal }> = {}) => ({
  accept: changes.accept ?? (['insert', 'tap', 'swipe'] as const),
  amount: yuan(changes.amountMinor ?? 8800),
  noPinLimitMinor: 100_000,
  terminalData: terminalData(changes.amountMinor),
  signal: changes.signal ?? never(),
});

export const pinRequest = (pan: string, changes: Partial<Parameters<PinPad['enterPin']>[0]> = {}) => ({
  pan: new Sensitive(pan),
  amount: yuan(8800),
  minLength: 4,
  maxLength: 12,
  allowBypass: false,
  signal: never(),
  ...changes,
});

export const slip = (changes: Partial<ReceiptDocument> = {}): ReceiptDocument => ({
  id: 'P1:Print#1',
  copy: 'merchant',
  reprint: false,
  merchantName: '街角小店',
  title: { zh: '签购单', en: 'SALES SLIP' },
  language: 'both',
  lines: [{ label: { zh: '金额', en: 'AMOUNT' }, value: 'RMB 88.00', large: true }],
  signature: 'signature',
  notes: [],
  ...changes,
});
