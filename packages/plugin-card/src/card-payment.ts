import {
  ActionError,
  type Answer,
  type Clock,
  type Completion,
  type Counters,
  type Live,
  type PaymentMethod,
  type PaymentRequest,
  type PinPad,
  type Prepared,
  type RandomSource,
  type Recorded,
  type Remedy,
  type ReverseAnswer,
  Sensitive,
  type Terminal,
  type UndoReason,
} from '@tillwright/core/contract';
import type { AcquirerLine } from './acquirer-line.js';
import { type CardData, DATA_VERSION, originalField, referenceKey, reversalCode, reversalFields, saleData, saleFields, type SealedCard, voidData, voidFields } from './card-messages.js';
import { type Asked, paymentAnswer, undoAnswer } from './answers.js';
import { aidOf, CARD_KIND, type CardSecret, loggable, PIN_KIND, type PinSecret } from './card-secret.js';
import { cryptogramKind, merged, reversalChipData, saleChipData, terminalData, tlvOf } from './emv.js';
import type { CardSettings } from './options.js';
import { encodeTlv, maskPan, type TlvMap } from './protocol.js';
import { facts } from './receipt-facts.js';
import { ARGUMENTS, INSERT_AGAIN, METHOD_ERRORS, SHOWN } from './texts.js';

/** What a card payment works with, one of each for every terminal. */
interface CardPaymentParts {
  readonly settings: CardSettings;
  readonly line: AcquirerLine;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly terminal: Terminal;
  readonly counters: Counters;
  readonly pinPad: PinPad;
}

const AMOUNT_MAX = 999_999_999_999;

/** Bank card: sale and void as 0200, undone by 0400. The acquirer offers no inquiry, so silence is reversed. */
export class CardPayment implements PaymentMethod {
  readonly id = 'card';
  readonly label = { zh: '银行卡', en: 'Bank card' };
  readonly needs = 'card';
  readonly capabilities = {
    operations: ['sale', 'void'],
    inquiry: false,
    reversal: true,
    completion: true,
    partialApproval: true,
    movesMoney: true,
  } as const;
  readonly arguments = ARGUMENTS;
  readonly errors = METHOD_ERRORS;

  constructor(private readonly parts: CardPaymentParts) {}

  get policy(): CardSettings['policy'] {
    return this.parts.settings.policy;
  }

  async prepare(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared; sealed?: Uint8Array }> {
    const { amountMinor, currency } = request.amount;
    if (currency !== 'CNY' || amountMinor < 1 || amountMinor > AMOUNT_MAX) throw new ActionError('Card.AmountInvalid', 'cards are charged in CNY, from 1 fen to 12 digits');
    return request.operation === 'void' ? this.#prepareVoid(request) : this.#prepareSale(request, live);
  }

  async submit(request: PaymentRequest, prepared: Prepared, live: Live): Promise<Answer> {
    const { line } = this.parts;
    const data = prepared.data as CardData;
    const limits = { deadlineAt: this.#deadline(), signal: live.signal };
    const voided = this.#voidCard?.reference === prepared.reference ? this.#voidCard.card : undefined;
    this.#voidCard = undefined;
    const keys = await line.ensureKeys(limits);
    if (!keys.ok) {
      // What is not sent is tried again and not counted, which is right for a sale and for a line that is down. A host that is there and
      // gives no keys will not take a void by itself: as with a reversal, such tries count, and a person hears of it (12).
      return request.operation === 'void' && keys.reached ? { outcome: 'unknown', reason: 'host-error', why: keys.why } : { outcome: 'not-sent', why: keys.why };
    }
    // The sign-on just made may have opened a new batch: the attempt's reference is no longer what the host would know it by.
    if (data.batch !== line.batch) return { outcome: 'not-sent', why: 'the batch changed at sign-on' };
    if (request.operation === 'void') {
      const result = await line.exchange('0200', voidFields(data, voided?.reveal()), limits);
      return paymentAnswer(result, this.#asked(request, data));
    }
    return this.#submitSale(request, data, live, limits);
  }

  async complete(recorded: Recorded, live: Live): Promise<Completion> {
    const reference = recorded.request.arguments['card'];
    try {
      const card = live.vault.take<CardSecret>(reference ?? null, CARD_KIND).reveal();
      const attempt = card.attempts.get(referenceKey(recorded.prepared.data as CardData));
      if (card.chip === undefined || attempt?.answer === undefined) return { outcome: 'refused-by-card', why: 'the chip is no longer there' };
      const answer = tlvOf(await card.chip.secondGenerateAc(attempt.answer.code, attempt.answer.issuerData));
      const kind = cryptogramKind(answer);
      if (kind !== 'TC') return { outcome: 'refused-by-card', why: `the card answered ${kind}` };
      return { outcome: 'completed', facts: facts({ ...attempt.answer.facts, chip: merged(attempt.tlv, loggable(answer, card.pan)) }) };
    } catch (error) {
      return { outcome: 'refused-by-card', why: ActionError.is(error) ? error.error : 'the chip gave no usable answer' };
    } finally {
      forget(live, recorded.request, 'card');
    }
  }

  async reverse(recorded: Recorded, reason: UndoReason, _tryNumber: number): Promise<ReverseAnswer> {
    const { line } = this.parts;
    const data = recorded.prepared.data as CardData;
    let card: SealedCard | undefined;
    try {
      card = recorded.sealed === undefined ? undefined : await this.#unseal(recorded.sealed, recorded.request.paymentId, recorded.prepared.reference);
    } catch (error) {
      if (ActionError.is(error) && error.error === 'PinPad.Replaced') return { outcome: 'refused', code: 'PinPad.Replaced' };
      return { outcome: 'not-sent', why: 'the PIN pad does not answer' };
    }
    const hostDate = recorded.approved?.facts['hostDate'];
    const fields = reversalFields(data, card, {
      code: reversalCode(reason, recorded.approved !== undefined),
      hostDate: typeof hostDate === 'string' ? hostDate : undefined,
    });
    const limits = { deadlineAt: this.#deadline() };
    for (let turn = 0; ; turn += 1) {
      // Signs on only when the keys are missing or the host has refused them.
      const keys = await line.ensureKeys(limits);
      // A host that is there and gives no keys will not undo it by itself: such tries count, and a person hears of it (12).
      if (!keys.ok) return keys.reached ? { outcome: 'unknown', reason: 'host-error', why: keys.why } : { outcome: 'not-sent', why: keys.why };
      const result = await line.exchange('0400', fields, limits);
      const refused = (result.got === 'answer' || result.got === 'unverified') && line.keysRefused;
      if (!refused || turn > 0) return undoAnswer(result);
    }
  }

  remedy(recorded: Recorded): Remedy {
    const { operation } = recorded.request;
    if (operation === 'sale' && recorded.approved !== undefined && recorded.completed) return { do: 'void', amount: recorded.approved.amount };
    if (operation === 'refund') return { do: 'ask-person', why: 'a refund can not be reversed' };
    if (operation === 'void' && recorded.approved !== undefined) return { do: 'ask-person', why: 'a void can not be undone' };
    return { do: 'reverse' };
  }

  // -------------------------------------------------------------------------------------------------------------------

  /** Of the void under way, between prepare and submit; its lane has one at a time. Memory only. */
  #voidCard: { readonly reference: string; readonly card: Sensitive<SealedCard> } | undefined;

  async #prepareSale(request: PaymentRequest, live: Live): Promise<{ prepared: Prepared; sealed: Uint8Array }> {
    const { line, terminal } = this.parts;
    const card = live.vault.take<CardSecret>(request.arguments['card'] ?? null, CARD_KIND).reveal();
    const pin = this.#pinOf(request, live);
    const tlv = await this.#cryptogram(request, card, live);
    const verifiedBy = pin?.status === 'entered' ? 'online-pin' : card.entry === 'tap' && card.cvm === 'none' ? 'none' : 'signature';
    const field55 = card.entry === 'swipe' ? '' : saleChipData(tlv, verifiedBy);
    const shown = loggable(tlv, card.pan);
    const aid = aidOf(shown);
    const label = viewOf(request)['label'];
    const data = saleData({ trace: line.nextTrace(), batch: line.batch, amount: request.amount }, card, {
      verifiedBy,
      chip: card.entry === 'swipe' ? '' : reversalChipData(shown),
      card: { maskedPan: maskPan(card.pan), entry: card.entry, ...(aid === undefined ? {} : { aid }), ...(typeof label === 'string' ? { label } : {}) },
    });
    card.attempts.set(referenceKey(data), { field55, tlv: shown });
    const reference = `${terminal.tid}-${data.batch}-${data.trace}`;
    const sealed = await this.#seal({ pan: card.pan, expiry: card.expiry }, request.paymentId, reference);
    return { prepared: { reference, lane: this.#lane, data, dataVersion: DATA_VERSION }, sealed };
  }

  /** The PIN that belongs to this card and can still be sent. A PIN block never goes out twice, nor under a key that is gone. */
  #pinOf(request: PaymentRequest, live: Live): PinSecret | undefined {
    const reference = request.arguments['pin'] ?? null;
    if (reference === null) return undefined;
    const pin = live.vault.take<PinSecret>(reference, PIN_KIND).reveal();
    if (pin.card !== nameOf(request.arguments['card'])) throw lost('the PIN was entered for another card');
    if (pin.spent) throw lost('the PIN was sent already: it must be entered again');
    if (pin.status === 'entered' && (pin.keyGeneration !== this.parts.line.keyGeneration || this.parts.line.keysRefused)) throw lost('the PIN was entered under a former key');
    return pin;
  }

  /** The card's first cryptogram: made by an inserted chip, once, and brought along by a tap. */
  async #cryptogram(request: PaymentRequest, card: CardSecret, live: Live): Promise<TlvMap> {
    if (card.entry === 'swipe') return card.tlv;
    let tlv = card.cryptogram ?? card.tlv;
    if (card.chip !== undefined && card.cryptogram === undefined) {
      live.show('customer', SHOWN.keepCardIn);
      const asked = terminalData({
        amount: request.amount,
        atMs: this.parts.clock.now(),
        pinPad: this.parts.pinPad,
        unpredictable: this.parts.random.bytes(4),
        sequence: this.parts.counters.next('chipSequence', { min: 1, max: 99_999_999 }),
      });
      tlv = merged(card.tlv, asked, tlvOf(await card.chip.firstGenerateAc(encodeTlv(asked))));
      card.cryptogram = tlv;
    } else if (Number(tlv.get('9F02')) !== request.amount.amountMinor) {
      throw new ActionError('Card.AmountChanged', 'the card gave its cryptogram for another amount', card.chip === undefined ? {} : { hint: INSERT_AGAIN });
    }
    const kind = cryptogramKind(tlv);
    if (kind !== 'ARQC') throw new ActionError('Card.Declined', `the card answered ${kind}`);
    return tlv;
  }

  async #prepareVoid(request: PaymentRequest): Promise<{ prepared: Prepared; sealed?: Uint8Array }> {
    const { line, terminal } = this.parts;
    const original = request.original;
    if (original?.approved === undefined) throw new ActionError('Payment.OriginalMissing', 'a void names the sale that it undoes');
    const of = original.prepared.data as CardData;
    const { hostDate, referenceNumber, authorizationCode } = original.approved.facts;
    const data = voidData(
      { trace: line.nextTrace(), batch: line.batch, amount: request.amount },
      { field61: originalField(of, text(hostDate) === '' ? undefined : text(hostDate)), referenceNumber: text(referenceNumber), authorizationCode: text(authorizationCode) },
      { ...of.card, entry: 'void' },
    );
    const reference = `${terminal.tid}-${data.batch}-${data.trace}`;
    const prepared = { reference, lane: this.#lane, data, dataVersion: DATA_VERSION };
    const card = await this.#cardOf(original);
    // Without the card number the acquirer finds the sale by DE 61, 37 and 38, where it can.
    if (card === undefined) return { prepared };
    this.#voidCard = { reference, card: new Sensitive(card) };
    return { prepared, sealed: await this.#seal(card, request.paymentId, reference) };
  }

  /** What was sealed of an attempt's card; undefined once forgotten, or when the PIN pad was replaced. */
  async #cardOf(recorded: Recorded): Promise<SealedCard | undefined> {
    if (recorded.sealed === undefined) return undefined;
    try {
      return await this.#unseal(recorded.sealed, recorded.request.paymentId, recorded.prepared.reference);
    } catch (error) {
      if (ActionError.is(error) && error.error === 'PinPad.Replaced') return undefined;
      throw error;
    }
  }

  async #submitSale(request: PaymentRequest, data: CardData, live: Live, limits: { deadlineAt: number; signal: AbortSignal }): Promise<Answer> {
    const { line, settings } = this.parts;
    let card: CardSecret;
    let pin: PinSecret | undefined;
    try {
      card = live.vault.take<CardSecret>(request.arguments['card'] ?? null, CARD_KIND).reveal();
      pin = this.#pinOf(request, live);
    } catch (error) {
      return { outcome: 'not-sent', why: ActionError.is(error) ? `${error.error}: ${error.message}` : 'the card data are gone' };
    }
    live.show('customer', SHOWN.processing);
    live.show('merchant', SHOWN.processing);
    if (pin !== undefined) pin.spent = true;
    const result = await line.exchange('0200', saleFields(data, card, pin, settings), limits);
    // Not a byte left: the block may go with the next attempt.
    if (pin !== undefined && result.got === 'not-sent') pin.spent = false;
    const answer = paymentAnswer(result, this.#asked(request, data), { attempt: card.attempts.get(referenceKey(data)), chip: card.chip !== undefined });
    if (result.got !== 'not-sent') forget(live, request, 'pin');
    // Track data are not kept once an answer is there, and a cryptogram is good for one: only what follows at once still needs the card.
    const needed =
      answer.outcome === 'not-sent' ||
      (answer.outcome === 'approved' && answer.completion === 'due') ||
      (answer.outcome === 'declined' && (answer.error === 'Pin.Incorrect' || answer.again === 'sign-on-first'));
    if (!needed) forget(live, request, 'card');
    return answer;
  }

  #asked(request: PaymentRequest, data: CardData): Asked {
    return { request, data, terminal: this.parts.terminal, nowMs: this.parts.clock.now() };
  }

  get #lane(): string {
    return `acquirer/${this.parts.terminal.tid}`;
  }

  /** A little before the engine's own time is over, so that nothing is sent when it has given up waiting. */
  #deadline(): number {
    const { answerWithinMs } = this.policy;
    return this.parts.clock.now() + answerWithinMs - Math.min(1_000, answerWithinMs / 10);
  }

  async #seal(card: SealedCard, paymentId: string, reference: string): Promise<Uint8Array> {
    const sealed: unknown = await this.parts.pinPad.seal(new Sensitive(Uint8Array.from(Buffer.from(JSON.stringify(card), 'utf8'))), this.#context(paymentId, reference));
    // Without it no reversal would name the card: nothing is sent.
    if (!(sealed instanceof Uint8Array) || sealed.length === 0) throw new ActionError('Device.Unavailable', 'the PIN pad sealed nothing');
    return sealed;
  }

  async #unseal(sealed: Uint8Array, paymentId: string, reference: string): Promise<SealedCard> {
    const plain = await this.parts.pinPad.unseal(sealed, this.#context(paymentId, reference));
    return JSON.parse(Buffer.from(plain.reveal()).toString('utf8')) as SealedCard;
  }

  #context(paymentId: string, reference: string): string {
    return `${paymentId}|${this.parts.terminal.tid}|${reference}`;
  }
}

const lost = (why: string): ActionError => new ActionError('Sensitive.Lost', why);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const nameOf = (reference: unknown): string | undefined => {
  const name = typeof reference === 'object' && reference !== null && 'sensitive' in reference ? reference.sensitive : undefined;
  return typeof name === 'string' ? name : undefined;
};

const viewOf = (request: PaymentRequest): { readonly [key: string]: unknown } => {
  const reference = request.arguments['card'];
  const view = typeof reference === 'object' && reference !== null && 'view' in reference ? reference['view'] : undefined;
  return typeof view === 'object' && view !== null ? (view as { readonly [key: string]: unknown }) : {};
};

const forget = (live: Live, request: PaymentRequest, argument: 'card' | 'pin'): void => {
  const reference = request.arguments[argument];
  if (nameOf(reference) !== undefined) live.vault.forget(reference as Parameters<Live['vault']['forget']>[0]);
};
