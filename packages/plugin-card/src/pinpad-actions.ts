import { type Action, action, ActionError, type Actions, type Json, money, type PinPad, Sensitive, type Vault } from '@tillwright/core/contract';
import type { AcquirerLine } from './acquirer-line.js';
import { until } from './cancellable.js';
import { CARD_KIND, type CardSecret, PIN_KIND, type PinSecret } from './card-secret.js';
import type { CardSettings } from './options.js';
import { maskPan } from './protocol.js';
import { CARD_REFERENCE, PIN_ERRORS, PIN_REFERENCE, SHOWN } from './texts.js';

interface PinPadParts {
  readonly settings: CardSettings;
  readonly line: AcquirerLine;
  readonly pinPad: PinPad;
  readonly vault: Vault;
}

interface PinArguments {
  readonly card: Json;
  readonly amountMinor: number;
  readonly currency?: string;
  readonly reason?: 'first' | 'again';
}

/** `pinpad:enterPin`. */
export const pinPadActions = (parts: PinPadParts): Actions => ({ namespace: 'pinpad', actions: { enterPin: enterPin(parts) } });

type Entry = Awaited<ReturnType<PinPad['enterPin']>>;

/** Whatever else a pad gives is no PIN that was passed over: the sale would go by signature. */
const isEntry = (entered: Entry | undefined, { allowBypass }: CardSettings['pin']): entered is Entry => {
  if (entered?.status === 'entered') {
    const block: unknown = entered.pinBlock instanceof Sensitive ? entered.pinBlock.reveal() : undefined;
    return block instanceof Uint8Array && block.length === PIN_BLOCK_BYTES;
  }
  return entered?.status === 'cancelled' || (entered?.status === 'bypassed' && allowBypass);
};

const PIN_BLOCK_BYTES = 8;

const enterPin = ({ settings, line, pinPad, vault }: PinPadParts): Action =>
  action<PinArguments>({
    description: {
      zh: '持卡人在密码键盘上输入密码；允许时可跳过，可取消；不显示数字',
      en: 'The cardholder enters the PIN on the PIN pad, may pass it over where allowed, or cancels; digits are never shown',
    },
    arguments: {
      type: 'object',
      properties: { card: CARD_REFERENCE, amountMinor: { type: 'integer', minimum: 1 }, currency: { const: 'CNY' }, reason: { enum: ['first', 'again'] } },
      required: ['card', 'amountMinor'],
      additionalProperties: false,
    },
    result: PIN_REFERENCE,
    errors: PIN_ERRORS,
    redo: 'again',
    actor: 'customer',
    run: async (args, context) => {
      const card = vault.take<CardSecret>(args.card, CARD_KIND).reveal();
      // A PIN block can only be read by the host under the key of the last sign-on: keys come first.
      context.show('merchant', SHOWN.signingOn);
      const keys = await line.ensureKeys({ signal: context.signal });
      if (!keys.ok) throw new ActionError('PinPad.NoKeys', keys.why);
      const { keyGeneration } = line;
      const text = args.reason === 'again' ? SHOWN.enterPinAgain : SHOWN.enterPin;
      // A pad that tells digits where it should count them tells nobody.
      const show = (count: number): void => context.show('customer', text, { stars: Number.isInteger(count) ? Math.min(Math.max(count, 0), settings.pin.maxLength) : 0, amountMinor: args.amountMinor, currency: args.currency ?? 'CNY' });
      context.show('merchant', SHOWN.waitForPin);
      show(0);
      const entered: Entry | undefined = await until(
        pinPad.enterPin({ pan: new Sensitive(card.pan, maskPan(card.pan)), amount: money(args.amountMinor, args.currency ?? 'CNY'), ...settings.pin, signal: context.signal, onDigits: show }),
        context.signal,
      );
      if (!isEntry(entered, settings.pin)) throw new ActionError('Device.Unavailable', 'the PIN pad gave neither a PIN block nor a reason for none');
      if (entered.status === 'cancelled') throw new ActionError('Terminal.Cancelled', 'cancelled on the PIN pad');
      const secret: PinSecret = {
        status: entered.status,
        ...(entered.status === 'entered' ? { pinBlock: entered.pinBlock } : {}),
        card: String((args.card as { sensitive?: Json }).sensitive),
        keyGeneration,
        spent: false,
      };
      return vault.put(PIN_KIND, new Sensitive(secret), { status: entered.status });
    },
  });
