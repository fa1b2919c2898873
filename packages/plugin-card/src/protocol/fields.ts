/**
 * How each data element stands on the wire (UnionPay POS dialect of ISO 8583:1987).
 * `n` packed BCD, `z` packed BCD with `=` as nibble D (track data), `text` GBK, `b` raw bytes written as hex.
 * `size` and `max` count digits for n and z, bytes for text and b. `prefix` is the length's own size in bytes, BCD.
 */
export interface FieldFormat {
  readonly name: string;
  readonly kind: 'n' | 'z' | 'text' | 'b';
  readonly length: { readonly size: number } | { readonly prefix: 1 | 2; readonly max: number };
  /** Where the spare nibble of an odd number of digits stands: DE 23 has it in front, all others behind. */
  readonly pad?: 'front';
}

const fixed = (name: string, kind: FieldFormat['kind'], size: number): FieldFormat => ({ name, kind, length: { size } });
const ll = (name: string, kind: FieldFormat['kind'], max: number): FieldFormat => ({ name, kind, length: { prefix: 1, max } });
const lll = (name: string, kind: FieldFormat['kind'], max = 999): FieldFormat => ({ name, kind, length: { prefix: 2, max } });

/** A data element that is not listed is refused: its length can't be known. */
export const FIELDS: { readonly [dataElement: number]: FieldFormat } = {
  2: ll('primary account number', 'n', 19),
  3: fixed('processing code', 'n', 6),
  4: fixed('amount', 'n', 12),
  11: fixed('trace number', 'n', 6),
  12: fixed('local time', 'n', 6),
  13: fixed('local date', 'n', 4),
  14: fixed('expiry', 'n', 4),
  15: fixed('settlement date', 'n', 4),
  22: fixed('entry mode', 'n', 3),
  23: { ...fixed('card sequence number', 'n', 3), pad: 'front' },
  25: fixed('condition code', 'n', 2),
  26: fixed('longest PIN', 'n', 2),
  32: ll('acquirer', 'n', 11),
  33: ll('forwarding institution', 'n', 11),
  35: ll('track 2', 'z', 37),
  36: lll('track 3', 'z', 104),
  37: fixed('reference number', 'text', 12),
  38: fixed('authorization code', 'text', 6),
  39: fixed('response code', 'text', 2),
  41: fixed('terminal id', 'text', 8),
  42: fixed('merchant id', 'text', 15),
  43: fixed('merchant name and place', 'text', 40),
  44: ll('institutions', 'text', 25),
  46: lll('additional data', 'text'),
  47: lll('additional data, national', 'text'),
  48: lll('additional data, private', 'n', 322),
  49: fixed('currency', 'text', 3),
  52: fixed('PIN block', 'b', 8),
  53: fixed('security control', 'n', 16),
  54: lll('additional amounts', 'text', 20),
  55: lll('chip data', 'b'),
  57: lll('additional data', 'text'),
  58: lll('wallet data', 'text'),
  59: lll('detail', 'text'),
  60: lll('message type and batch', 'n', 17),
  61: lll('original message', 'n', 29),
  62: lll('private data', 'b'),
  63: lll('private data', 'b'),
  64: fixed('message authentication code', 'b', 8),
};
