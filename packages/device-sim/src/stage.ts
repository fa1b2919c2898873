import type { CardEntry, Money, ReceiptDocument } from '@tillwright/core/contract';

export type DeviceName = 'reader' | 'pinpad' | 'scanner' | 'printer';

/** What a device waits for. No card data: the card is not known yet, or stays unnamed. */
export type Waiting =
  | { readonly device: 'reader'; readonly for: 'card'; readonly accept: readonly CardEntry[]; readonly amount: Money }
  | { readonly device: 'reader'; readonly for: 'removal' }
  | { readonly device: 'pinpad'; readonly for: 'pin'; readonly amount: Money; readonly minLength: number; readonly maxLength: number; readonly allowBypass: boolean }
  | { readonly device: 'scanner'; readonly for: 'code' };

export interface PrintedReceipt {
  readonly id: string;
  readonly copy: ReceiptDocument['copy'];
  readonly reprint: boolean;
  /** False where the paper ended within it. */
  readonly complete: boolean;
  readonly text: string;
  readonly escpos: Uint8Array;
  readonly svg: string;
  /** Where it was written, without the ending; absent without an output directory. */
  readonly file?: string;
}

/** What may happen on the counter; a script's `after` names one. `receipt`: one was to be printed, whether or not there was paper. */
export type Happening = 'amount' | 'choose' | 'confirm' | 'notice' | 'card' | 'pin' | 'code' | 'receipt' | 'no-paper';

/** What a simulated device sees of the simulation it stands in. */
export interface Stage {
  /** Asks what goes wrong with the next receipt. */
  printing(): 'paper-out' | 'paper-out-midway' | 'unavailable' | undefined;
  /** Tells that a device waits; whoever plays the customer reacts. */
  waiting(what: Waiting): void;
  idle(device: DeviceName): void;
  digits(count: number): void;
  ignored(device: DeviceName, why: string): void;
  printed(receipt: PrintedReceipt): void;
  happened(what: Happening): void;
  broken(device: DeviceName): boolean;
}
