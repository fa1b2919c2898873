import type { Live, Pending } from '../contract.js';
import type { JsonObject, Text } from '../json.js';

const texts = {
  scan: { zh: '请扫描二维码付款', en: 'Please scan the QR code to pay' },
  payer: { zh: '请在手机上完成支付', en: 'Please finish the payment on your phone' },
  host: { zh: '正在等待支付结果', en: 'Waiting for the result of the payment' },
  undoing: { zh: '本次付款正在撤销，请勿再付款', en: 'The payment is being undone: please do not pay' },
} as const satisfies { readonly [of: string]: Text };

/** What stands beside a payment while it is taken, from its method and of its answers: a QR stays until something else is to be shown, or nobody wants it to be paid any more. */
export class PayingScreen {
  readonly #show: Live['show'];
  #hasQr = false;
  #isWithdrawn = false;

  constructor(show: Live['show']) {
    this.#show = show;
  }

  readonly show: Live['show'] = (audience, text, details) => {
    if (this.#isWithdrawn) return;
    if (audience === 'customer') this.#hasQr = details?.['qr'] !== undefined;
    this.#show(audience, text, details);
  };

  /** @param isNew it was not known to be pending before */
  pending({ waitingFor, show }: Pending, isNew: boolean): void {
    if (show || (isNew && !this.#hasQr)) this.waiting(waitingFor, show);
  }

  /** Nobody is to pay what is about to be undone, however long that takes. */
  withdraw(): void {
    if (this.#hasQr) this.show('customer', texts.undoing);
    this.#isWithdrawn = true;
  }

  waiting(waitingFor: Pending['waitingFor'], show: JsonObject = {}): void {
    this.show('customer', texts[show['qr'] === undefined ? waitingFor : 'scan'], show);
  }
}
