import { ActionError } from '@tillwright/core/contract';
import type { Json, Vault } from '@tillwright/core/contract';

/** Source: Alipay face to face, `auth_code`: 16-24 digits, prefix 25-30, each used once. */
export const PAYER_CODE = { prefixes: ['25', '26', '27', '28', '29', '30'], minLength: 16, maxLength: 24 } as const;

/** WeChat Pay's: 18 digits, prefix 10-15. Known here only to tell the cashier. */
const OTHER_WALLET = /^1[0-5]\d{16}$/;

/**
 * The code behind a scanned reference. Nothing of it stands in any message.
 * @throws ActionError `Payer.CodeInvalid`; `Sensitive.Lost` from the vault
 */
export const payerCodeOf = (reference: Json | undefined, vault: Vault): string => {
  if (reference === undefined || reference === null) {
    throw new ActionError('Payer.CodeInvalid', "there is no payer's code: scan it first, or ask for mode merchant-qr");
  }
  const code = vault.take<unknown>(reference, 'payer-code').reveal();
  const text = typeof code === 'string' ? code.trim() : '';
  if (/^\d{16,24}$/.test(text) && PAYER_CODE.prefixes.some((prefix) => text.startsWith(prefix))) return text;
  if (OTHER_WALLET.test(text)) {
    throw new ActionError('Payer.CodeInvalid', "the code is WeChat Pay's, not Alipay's", {
      wallet: 'wechat',
      hint: { zh: '这是微信付款码，请改用微信支付，或扫支付宝付款码', en: 'This is a WeChat Pay code: switch to WeChat Pay, or scan an Alipay code' },
    });
  }
  throw new ActionError('Payer.CodeInvalid', "the code is not shaped like an Alipay payer's code", {
    hint: { zh: '付款码无法识别，请扫描支付宝付款码', en: 'The code is not readable as a payment code: scan the Alipay payment code' },
  });
};
