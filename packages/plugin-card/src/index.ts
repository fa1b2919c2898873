/** Bank cards at a till: reading, PIN, and payments over ISO 8583 (UnionPay dialect). */
import { Actions, bind, CardReader, Clock, Counters, definePlugin, HealthCheck, PaymentMethod, PinPad, type Plugin, RandomSource, Terminal, Vault } from '@tillwright/core/contract';
import { AcquirerLine, AcquirerLineToken } from './acquirer-line.js';
import { CardPayment } from './card-payment.js';
import { acquirerCheck, workingKeysCheck } from './health.js';
import { type CardOptions, settings } from './options.js';
import { pinPadActions } from './pinpad-actions.js';
import { readerActions } from './reader-actions.js';

export type { Connect, Connection } from './connection.js';
export type { CardOptions } from './options.js';
export { RESPONSE_CODES, responseCode, type ResponseClass, type ResponseCode } from './response-codes.js';

/**
 * Payment method `card`, actions `reader:readCard`, `reader:removeCard` and `pinpad:enterPin`, and two lines of the self-check.
 * Needs a card reader and a PIN pad from another plugin.
 * @param options the acquirer's address and what was agreed with it
 * @throws PLUGIN_OPTIONS_INVALID
 */
export const card = (options: CardOptions): Plugin => {
  const chosen = settings(options);
  return definePlugin({
    name: '@tillwright/plugin-card',
    version: '0.1.0',
    provides: [
      bind(AcquirerLineToken).from([Clock, Terminal, Counters, PinPad], (clock, terminal, counters, pinPad) => new AcquirerLine(chosen, clock, terminal, counters, pinPad)),
      bind(PaymentMethod).from(
        [AcquirerLineToken, Clock, RandomSource, Terminal, Counters, PinPad],
        (line, clock, random, terminal, counters, pinPad) => new CardPayment({ settings: chosen, line, clock, random, terminal, counters, pinPad }),
      ),
      bind(Actions).from([CardReader, PinPad, Vault, Clock, RandomSource, Counters], (reader, pinPad, vault, clock, random, counters) =>
        readerActions({ settings: chosen, reader, pinPad, vault, clock, random, counters }),
      ),
      bind(Actions).from([AcquirerLineToken, PinPad, Vault], (line, pinPad, vault) => pinPadActions({ settings: chosen, line, pinPad, vault })),
      bind(HealthCheck).from([AcquirerLineToken], acquirerCheck),
      bind(HealthCheck).from([AcquirerLineToken], workingKeysCheck),
    ],
  });
};
