import { decode, type Iso8583Message } from '@tillwright/plugin-card/protocol';

/** What a message asks for, as faults name it. */
export type Operation = 'sign-on' | 'sign-off' | 'echo' | 'sale' | 'void' | 'refund' | 'reversal' | 'other';

/** A message as it came in, with the parts every check reads. Amounts are integer fen. */
export interface Request {
  /** The bytes as received: MACs are checked over these, never over a message encoded anew. */
  readonly bytes: Uint8Array;
  readonly message: Iso8583Message;
  readonly fields: Iso8583Message['fields'];
  readonly operation: Operation;
  readonly tid: string;
  readonly mid: string;
  /** DE 11; of a reversal: the trace of what it reverses. */
  readonly trace: string;
  /** Field 60.2 */
  readonly batch: string;
  /** DE 4, or 0 when there is none. */
  readonly amountMinor: number;
  /** `${tid}-${batch}-${trace}` */
  readonly reference: string;
}

/** @throws Iso8583Error for bytes that are no message of this dialect */
export function readRequest(bytes: Uint8Array): Request {
  const message = decode(bytes);
  const { fields } = message;
  const tid = fields[41] ?? '';
  const batch = (fields[60] ?? '').slice(2, 8);
  const trace = fields[11] ?? '';
  return {
    bytes,
    message,
    fields,
    operation: operationOf(message),
    tid,
    mid: fields[42] ?? '',
    trace,
    batch,
    amountMinor: Number(fields[4] ?? '0'),
    reference: `${tid}-${batch}-${trace}`,
  };
}

function operationOf({ mti, fields }: Iso8583Message): Operation {
  const kind = (fields[60] ?? '').slice(0, 2);
  const network = (fields[60] ?? '').slice(8, 11);
  const processing = fields[3];
  if (mti === '0800') return network === '003' ? 'sign-on' : 'other';
  if (mti === '0820') return network === '301' ? 'echo' : network === '002' ? 'sign-off' : 'other';
  if (mti === '0200' && processing === '000000' && kind === '22') return 'sale';
  if (mti === '0200' && processing === '200000' && kind === '23') return 'void';
  if (mti === '0220' && processing === '200000' && kind === '25') return 'refund';
  if (mti === '0400') return 'reversal';
  return 'other';
}

/** True for messages that carry a MAC: authorizations, financial messages and reversals. */
export function carriesMac({ message }: Request): boolean {
  return ['0100', '0200', '0220', '0400'].includes(message.mti);
}

/** True when all these data elements are there. */
export function has({ fields }: Request, elements: readonly number[]): boolean {
  return elements.every((element) => (fields[element] ?? '') !== '');
}
