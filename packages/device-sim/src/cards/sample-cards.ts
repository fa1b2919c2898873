import type { CardEntry, Text } from '@tillwright/core/contract';

/** A card that exists nowhere: its number has a real bank's length and check digit, its keys and PIN are printed here. */
export interface SampleCard {
  readonly id: string;
  readonly description: Text;
  /** How it can be presented; what is missing is not on the card, or does not work. */
  readonly works: readonly CardEntry[];
  /** PAN, 19 digits, Luhn-valid. */
  readonly pan: string;
  /** Card sequence number (5F34), 2 digits. */
  readonly sequence: string;
  /** YYMM. */
  readonly expiry: string;
  /** 2xx: it has a chip, so a swipe must be refused. */
  readonly serviceCode: string;
  /** Track 2 without sentinels. */
  readonly track2: string;
  /** Application (84), hex. */
  readonly aid: string;
  /** Application label (50). */
  readonly label: string;
  /** What the chip answers: ARQC then TC, or AAC at one of the two GENERATE AC. */
  readonly chip: 'accepts' | 'declines-first' | 'declines-second';
  /** Its chip holds another key than its issuer's: the cryptogram is false. */
  readonly counterfeit: boolean;
  readonly issuer: string;
  readonly pin: string;
  readonly balanceMinor: number;
  /** Issuer's master key for cryptograms, 16 bytes as hex. */
  readonly issuerMasterKey: string;
  /** Response code (DE 39) with which the issuer refuses it. */
  readonly blocked?: '38' | '41' | '43';
}

/** An issuer's side of a card, as the simulated acquirer takes it. */
export interface Account {
  readonly pan: string;
  readonly sequence: string;
  readonly expiry: string;
  readonly pin: string;
  readonly balanceMinor: number;
  readonly issuerMasterKey: string;
  readonly blocked?: string;
  readonly serviceCode: string;
  readonly issuer: string;
}

const ISSUERS = {
  first: { bin: '622848', issuer: '测试银行甲', issuerMasterKey: 'A1B2C3D4E5F60718293A4B5C6D7E8F90' },
  second: { bin: '621226', issuer: '测试银行乙', issuerMasterKey: '102938475665748392A1B0CFDEEDFC0B' },
  third: { bin: '621700', issuer: '测试银行丙', issuerMasterKey: '5A6B7C8D9EAFB0C1D2E3F40516273849' },
} as const;

type Wanted = { id: string; zh: string; en: string; bank: keyof typeof ISSUERS; number: number } & Partial<
  Pick<SampleCard, 'works' | 'expiry' | 'serviceCode' | 'chip' | 'counterfeit' | 'pin' | 'balanceMinor' | 'blocked'>
>;

const EVERY_WAY: readonly CardEntry[] = ['insert', 'tap', 'swipe'];
const PBOC_DEBIT = { aid: 'A000000333010101', label: 'PBOC DEBIT' } as const;

const card = ({ id, zh, en, bank, number, ...rest }: Wanted): SampleCard => {
  const { bin, issuer, issuerMasterKey } = ISSUERS[bank];
  const pan = withCheckDigit(bin + String(number).padStart(12, '0'));
  const expiry = rest.expiry ?? '4912';
  const serviceCode = rest.serviceCode ?? '201';
  return {
    works: EVERY_WAY,
    chip: 'accepts',
    counterfeit: false,
    pin: '123456',
    balanceMinor: 1_000_000_00,
    ...rest,
    ...PBOC_DEBIT,
    id,
    description: { zh, en },
    pan,
    sequence: '01',
    expiry,
    serviceCode,
    track2: `${pan}=${expiry}${serviceCode}${String(number).padStart(10, '0')}`,
    issuer,
    issuerMasterKey,
  };
};

const withCheckDigit = (digits: string): string => {
  const sum = [...digits].toReversed().reduce((total, character, index) => {
    const doubled = index % 2 === 0 ? Number(character) * 2 : Number(character);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return digits + String((10 - (sum % 10)) % 10);
};

/** The cards of the simulation, by what they are good for. */
export const sampleCards: readonly SampleCard[] = [
  card({ id: 'chip-ok', zh: '芯片卡', en: 'Chip card', bank: 'first', number: 101, works: ['insert', 'swipe'] }),
  card({ id: 'contactless-ok', zh: '可挥卡的芯片卡', en: 'Chip card with contactless', bank: 'second', number: 102 }),
  card({ id: 'stripe-only', zh: '磁条卡', en: 'Stripe card without a chip', bank: 'third', number: 103, works: ['swipe'], serviceCode: '101' }),
  card({ id: 'chip-and-stripe', zh: '复合卡（须插卡）', en: 'Chip and stripe: a swipe must be refused', bank: 'third', number: 104, works: ['insert', 'swipe'], serviceCode: '206' }),
  card({ id: 'chip-broken', zh: '芯片损坏的复合卡', en: 'Its chip never answers, its stripe works: fallback', bank: 'first', number: 105, works: ['swipe'] }),
  card({ id: 'chip-declines', zh: '联机后芯片拒绝', en: 'Answers AAC to the second GENERATE AC', bank: 'second', number: 106, chip: 'declines-second' }),
  card({ id: 'chip-refuses', zh: '芯片脱机拒绝', en: 'Answers AAC to the first GENERATE AC', bank: 'second', number: 107, chip: 'declines-first' }),
  card({ id: 'counterfeit', zh: '伪卡（密文错误）', en: 'A false chip: its cryptogram does not verify', bank: 'second', number: 108, counterfeit: true }),
  card({ id: 'expired', zh: '已过期', en: 'Expired', bank: 'third', number: 109, expiry: '2001' }),
  card({ id: 'blocked', zh: '已挂失', en: 'Reported lost', bank: 'first', number: 110, blocked: '41' }),
  card({ id: 'stolen', zh: '被窃卡', en: 'Reported stolen', bank: 'first', number: 111, blocked: '43' }),
  card({ id: 'pin-locked', zh: '密码已锁', en: 'Too many wrong PINs', bank: 'first', number: 112, blocked: '38' }),
  card({ id: 'low-balance', zh: '余额不足', en: 'Holds 1 yuan', bank: 'third', number: 113, balanceMinor: 100 }),
  card({ id: 'unreadable', zh: '无法读取', en: 'Neither chip nor stripe can be read', bank: 'third', number: 114, works: [] }),
];

/** The issuers' side of the cards, for the simulated acquirer. */
export const sampleAccounts = (cards: readonly SampleCard[] = sampleCards): Account[] =>
  cards.map(({ pan, sequence, expiry, pin, balanceMinor, issuerMasterKey, serviceCode, issuer, blocked }) => ({
    pan,
    sequence,
    expiry,
    pin,
    balanceMinor,
    issuerMasterKey,
    serviceCode,
    issuer,
    ...(blocked === undefined ? {} : { blocked }),
  }));
