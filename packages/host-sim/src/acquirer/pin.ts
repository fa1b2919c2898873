import { desEcb, fromHex, pinFromBlock } from '@tillwright/plugin-card/protocol';
import { pinTriesUsedUp, type Account, type CardMemory } from './accounts.js';
import type { PresentedCard } from './card.js';
import { CODE } from './codes.js';
import type { Request } from './request.js';

/** Up to which amounts a payment passes without a PIN, in fen, both inclusive. */
export interface PinLimits {
  /** Contactless: no PIN, no signature. */
  readonly noPinLimitMinor: number;
  /** Inserted or swiped: the customer passed the PIN over and signs. */
  readonly bypassLimitMinor: number;
}

export type PinVerdict =
  | { readonly pin: 'right' | 'not-needed' }
  | { readonly pin: 'wrong'; readonly code: string }
  /** Nothing was tried: the counter stays. */
  | { readonly pin: 'refused'; readonly code: string };

/** DE 53: PIN block with the PAN (format 0), double-length key. */
const SECURITY_CONTROL = '2600000000000000';

/**
 * Checks the PIN of a request.
 * A card without a PIN needs none. A third wrong one in a row answers 38, as does every PIN after it.
 */
export function checkPin(options: {
  readonly request: Request;
  readonly card: PresentedCard;
  readonly account: Account;
  readonly memory: CardMemory;
  readonly pinKey: Uint8Array;
  readonly limits: PinLimits;
}): PinVerdict {
  const { request, card, account, memory, limits } = options;
  const block = request.fields[52];
  if (block === undefined) {
    if (card.pinEntered) return { pin: 'refused', code: CODE.pinFormatError };
    const limit = card.entry === 'contactless' ? limits.noPinLimitMinor : limits.bypassLimitMinor;
    const needed = account.pin !== '' && request.amountMinor > limit;
    return needed ? { pin: 'refused', code: CODE.pinIncorrect } : { pin: 'not-needed' };
  }
  if (!card.pinEntered || request.fields[26] === undefined || request.fields[53] !== SECURITY_CONTROL) return { pin: 'refused', code: CODE.pinFormatError };
  const pin = clearPin(options.pinKey, block, card.pan);
  if (pin === undefined) return { pin: 'refused', code: CODE.pinFormatError };
  if (account.pin === '') return { pin: 'not-needed' };
  if (pinTriesUsedUp(memory)) return { pin: 'refused', code: CODE.pinTriesExceeded };
  if (pin === account.pin) return { pin: 'right' };
  const used = pinTriesUsedUp({ ...memory, wrongPins: memory.wrongPins + 1 });
  return { pin: 'wrong', code: used ? CODE.pinTriesExceeded : CODE.pinIncorrect };
}

function clearPin(pinKey: Uint8Array, block: string, pan: string): string | undefined {
  try {
    return pinFromBlock(desEcb(pinKey, fromHex(block), 'decrypt'), pan);
  } catch {
    return undefined;
  }
}
