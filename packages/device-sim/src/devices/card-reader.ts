import { ActionError, type CardEntry, type CardRead, type CardReader, type ReadRequest, Sensitive } from '@tillwright/core/contract';
import { Chip, toBytes } from '../cards/chip.js';
import type { SampleCard } from '../cards/sample-cards.js';
import type { Stage } from '../stage.js';
import { Wait } from './wait.js';

/** What goes wrong with one presentation of a card. */
export type CardFault = 'unreadable' | 'chip-failure' | 'pulled-before-cryptogram' | 'pulled-after-cryptogram';

/** What the reader needs of its surroundings: the next value of a card's own counter. */
export type NextAtc = (cardId: string) => number;

interface Slot {
  readonly chip: Chip;
  readonly fault: CardFault | undefined;
}

export class SimulatedCardReader implements CardReader {
  readonly #stage: Stage;
  readonly #nextAtc: NextAtc;
  readonly #removesItself: boolean;
  readonly #card = new Wait<CardRead>();
  readonly #removal = new Wait<void>();
  #request: ReadRequest | undefined;
  #slot: Slot | undefined;
  #removing: Promise<void> | undefined;

  /** @param removesItself the card is taken out as soon as `remove` asks: a script's customer does what is asked */
  constructor(stage: Stage, nextAtc: NextAtc, removesItself: boolean) {
    this.#stage = stage;
    this.#nextAtc = nextAtc;
    this.#removesItself = removesItself;
  }

  async read(request: ReadRequest): Promise<CardRead> {
    if (this.#stage.broken('reader')) throw new ActionError('Device.Unavailable', 'the card reader does not answer');
    try {
      return await this.#card.start(request.signal, () => {
        this.#request = request;
        this.#stage.waiting({ device: 'reader', for: 'card', accept: request.accept, amount: request.amount });
      });
    } finally {
      if (!this.#card.isOpen) this.#stage.idle('reader');
    }
  }

  async remove(): Promise<void> {
    if (!this.#slot) return;
    if (this.#removesItself) {
      this.take();
      return;
    }
    // Who asked first may have given up waiting: whoever asks again waits for the same hand.
    this.#removing ??= this.#removal
      .start(undefined, () => this.#stage.waiting({ device: 'reader', for: 'removal' }))
      .finally(() => {
        this.#removing = undefined;
        this.#stage.idle('reader');
      });
    await this.#removing;
  }

  /**
   * A customer presents a card.
   * @returns false where the reader did not take notice: it waits for nothing, or for another way of reading
   */
  present(card: SampleCard, by: CardEntry, fault?: CardFault): boolean {
    const request = this.#request;
    if (!request || !this.#card.isOpen) return false;
    if (!request.accept.includes(by)) {
      this.#stage.ignored('reader', `it does not accept ${by} now`);
      return false;
    }
    if (by === 'tap' && !card.works.includes('tap')) {
      this.#stage.ignored('reader', 'the card has no contactless');
      return false;
    }
    this.#stage.happened('card');
    try {
      return this.#card.resolve(this.#readOut(card, by, fault, request));
    } catch (error) {
      return this.#card.reject(error);
    }
  }

  /** The till that asked is gone; the customer takes the card along. */
  abandon(): void {
    this.#card.abandon();
    this.#removal.abandon();
    this.#removing = undefined;
    this.#slot = undefined;
  }

  /** Ends the wait as a broken device would. */
  fail(why: string): boolean {
    return this.#card.reject(new ActionError('Device.Unavailable', why));
  }

  /** The card leaves the slot. @returns false when none was in */
  take(): boolean {
    if (!this.#slot) return false;
    this.#slot = undefined;
    this.#removal.resolve();
    return true;
  }

  #readOut(card: SampleCard, by: CardEntry, fault: CardFault | undefined, request: ReadRequest): CardRead {
    if (by === 'swipe') {
      if (fault || !card.works.includes('swipe')) throw new ActionError('Card.Unreadable', 'the stripe could not be read');
      return { entry: 'swipe', track2: new Sensitive(card.track2) };
    }
    if (fault === 'unreadable' || fault === 'chip-failure' || !card.works.includes(by)) throw new ActionError('Card.ChipFailed', 'the chip does not answer');
    const chip = new Chip(card, this.#nextAtc(card.id));
    if (by === 'insert') return this.#insert({ chip, fault });
    if (fault) throw new ActionError('Card.Removed', 'the card left the field too early');
    const records = chip.records().filter(([tag]) => tag !== '9F36');
    const answer = chip.first(request.terminalData).filter(([tag]) => tag !== '95');
    const cvm = request.amount.amountMinor > request.noPinLimitMinor ? 'online-pin' : 'none';
    return { entry: 'tap', data: new Sensitive(toBytes([...records, ...answer])), cvm };
  }

  #insert(slot: Slot): CardRead {
    this.#slot = slot;
    const present = () => {
      if (this.#slot !== slot) throw new ActionError('Card.Removed', 'the card was taken out');
      return slot.chip;
    };
    const pulled = (when: CardFault) => {
      if (slot.fault === when && this.#slot === slot) this.take();
    };
    return {
      entry: 'insert',
      data: new Sensitive(toBytes(slot.chip.records())),
      cvm: 'online-pin',
      chip: {
        firstGenerateAc: async (terminalData) => {
          pulled('pulled-before-cryptogram');
          const answer = toBytes(present().first(terminalData));
          pulled('pulled-after-cryptogram');
          return answer;
        },
        secondGenerateAc: async (responseCode, issuerData) => toBytes(present().second(responseCode, issuerData)),
      },
    };
  }
}
