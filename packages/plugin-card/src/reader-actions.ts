import { type Action, action, ActionError, type ActionContext, type Actions, type CardEntry, type CardRead, type CardReader, type Clock, type Counters, type JsonObject, money, type PinPad, type RandomSource, Sensitive, type Text, type Vault } from '@tillwright/core/contract';
import { until } from './cancellable.js';
import { CARD_KIND, cardSecret, hasChip } from './card-secret.js';
import { chinaTime } from './china-time.js';
import { terminalData } from './emv.js';
import type { CardSettings } from './options.js';
import { encodeTlv, maskPan } from './protocol.js';
import { CARD_REFERENCE, READ_ERRORS, REMOVE_ERRORS, SHOWN } from './texts.js';

interface ReaderParts {
  readonly settings: CardSettings;
  readonly reader: CardReader;
  readonly pinPad: PinPad;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly counters: Counters;
}

interface ReadArguments {
  readonly amountMinor: number;
  readonly currency?: string;
  readonly accept?: readonly CardEntry[];
}

const EVERY_WAY: readonly CardEntry[] = ['insert', 'tap', 'swipe'];
/** Of each: chip failures before the stripe is let in, other misreadings before the card is given up. */
const TRIES = 3;

/** `reader:readCard` and `reader:removeCard`. */
export const readerActions = (parts: ReaderParts): Actions => ({ namespace: 'reader', actions: { readCard: readCard(parts), removeCard: removeCard(parts) } });

const readCard = (parts: ReaderParts): Action =>
  action<ReadArguments>({
    description: {
      zh: '读银行卡：插卡、挥卡或刷卡；芯片卡刷卡时提示改为插卡，芯片三次读取失败后允许刷磁条',
      en: 'Reads a bank card by chip, contactless or stripe; a swiped chip card is asked to be inserted, and after three chip failures its stripe is accepted',
    },
    arguments: {
      type: 'object',
      properties: {
        amountMinor: { type: 'integer', minimum: 1 },
        currency: { const: 'CNY' },
        accept: { type: 'array', items: { enum: [...EVERY_WAY] }, minItems: 1, uniqueItems: true },
      },
      required: ['amountMinor'],
      additionalProperties: false,
    },
    result: CARD_REFERENCE,
    errors: READ_ERRORS,
    redo: 'again',
    actor: 'customer',
    run: async (args, context) => {
      const reading = new Reading(parts, args, context);
      const card = await reading.card();
      const expired = card.expiry < chinaTime(parts.clock.now()).month;
      if (expired) throw new ActionError('Card.Expired', `the card ${maskPan(card.pan)} has expired`);
      const maskedPan = maskPan(card.pan);
      const view: JsonObject = {
        maskedPan,
        entry: card.entry,
        cvm: card.cvm,
        expired: false,
        ...(card.label === undefined ? {} : { label: card.label }),
      };
      return parts.vault.put(CARD_KIND, new Sensitive(card, maskedPan), view);
    },
  });

const removeCard = ({ reader }: ReaderParts): Action =>
  action({
    description: { zh: '提示取卡，直到卡片取出', en: 'Asks for the card to be taken and waits until it is' },
    arguments: { type: 'object', properties: {}, additionalProperties: false },
    result: { type: 'object' },
    errors: REMOVE_ERRORS,
    redo: 'again',
    actor: 'customer',
    run: async (_args, context) => {
      context.show('customer', SHOWN.takeCard);
      context.show('merchant', SHOWN.takeCard);
      await until(reader.remove(), context.signal);
      return {};
    },
  });

/** One customer trying to have one card read. */
class Reading {
  #accept: readonly CardEntry[];
  #chipFailures = 0;
  #misreadings = 0;
  #chipSwiped = 0;
  #fallback = false;

  constructor(
    private readonly parts: ReaderParts,
    private readonly args: ReadArguments,
    private readonly context: ActionContext,
  ) {
    this.#accept = args.accept ?? EVERY_WAY;
  }

  async card(): Promise<ReturnType<typeof cardSecret>> {
    this.#show(SHOWN.present(this.#accept));
    for (;;) {
      const card = await this.#once();
      if (card !== undefined) return card;
    }
  }

  /** One presentation; undefined when the customer has been told to try again. */
  async #once(): Promise<ReturnType<typeof cardSecret> | undefined> {
    const { settings, reader, pinPad, clock, random, counters } = this.parts;
    const amount = money(this.args.amountMinor, this.args.currency ?? 'CNY');
    const terminal = terminalData({
      amount,
      atMs: clock.now(),
      pinPad,
      unpredictable: random.bytes(4),
      sequence: counters.next('chipSequence', { min: 1, max: 99_999_999 }),
    });
    const { signal } = this.context;
    try {
      const read = await until(
        reader.read({ accept: this.#accept, amount, noPinLimitMinor: settings.noPinLimitMinor, terminalData: encodeTlv(terminal), signal }),
        signal,
      );
      const card = cardSecret(this.#limited(read), terminal, this.#fallback);
      return card.entry === 'swipe' && hasChip(card.serviceCode) && !this.#fallback ? this.#useChip() : card;
    } catch (error) {
      if (!ActionError.is(error)) throw error;
      if (error.error === 'Card.ChipFailed') return this.#chipFailed(error);
      if (error.error === 'Card.Unreadable' || error.error === 'Card.Removed') return this.#misread(error);
      throw error;
    }
  }

  /** Whatever the kernel says: above the limit a tap needs its PIN. */
  #limited(read: CardRead): CardRead {
    return read.entry === 'tap' && this.args.amountMinor > this.parts.settings.noPinLimitMinor ? { ...read, cvm: 'online-pin' } : read;
  }

  #useChip(): undefined {
    this.#chipSwiped += 1;
    if (!this.#accept.includes('insert') || this.#chipSwiped > TRIES) throw new ActionError('Card.UseChip', 'a chip card was swiped');
    this.#show(SHOWN.insertInstead);
    return undefined;
  }

  #chipFailed(error: ActionError): undefined {
    this.#chipFailures += 1;
    if (this.#fallback) return this.#misread(error);
    if (this.#chipFailures < TRIES) this.#show(SHOWN.again(this.#accept));
    else if ((this.args.accept ?? EVERY_WAY).includes('swipe')) {
      this.#fallback = true;
      this.#accept = ['swipe'];
      this.#show(SHOWN.stripeInstead);
    } else throw new ActionError('Card.Unreadable', 'the chip failed three times');
    return undefined;
  }

  #misread(error: ActionError): undefined {
    this.#misreadings += 1;
    if (this.#misreadings >= TRIES) throw new ActionError('Card.Unreadable', `not read in ${TRIES} tries: ${error.message}`);
    this.#show(SHOWN.again(this.#accept));
    return undefined;
  }

  #show(text: Text): void {
    this.context.show('customer', text, { amountMinor: this.args.amountMinor, currency: this.args.currency ?? 'CNY', accept: [...this.#accept] });
    this.context.show('merchant', SHOWN.waitForCard);
  }
}
