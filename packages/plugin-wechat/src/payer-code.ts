import { ActionError } from '@tillwright/core/contract';
import type { Json, Vault } from '@tillwright/core/contract';

/** Source: WeChat Pay, payer's code: 18 digits, prefix 10-15, each used once. */
export const PAYER_CODE = { prefixes: ['10', '11', '12', '13', '14', '15'], minLength: 18, maxLength: 18 } as const;

/** Alipay's: 16-24 digits, prefix 25-30. Known here only to tell the cashier. */
const OTHER_WALLET = /^(?:2[5-9]|30)\d{14,22}$/;

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
  if (/^\d{18}$/.test(text) && PAYER_CODE.prefixes.some((prefix) => text.startsWith(prefix))) return text;
  if (OTHER_WALLET.test(text)) {
    throw new ActionError('Payer.CodeInvalid', "the code is Alipay's, not WeChat Pay's", {
      wallet: 'alipay',
      hint: { zh: '这是支付宝付款码，请改用支付宝，或扫微信付款码', en: 'This is an Alipay code: switch to Alipay, or scan a WeChat Pay code' },
    });
  }
  throw new ActionError('Payer.CodeInvalid', "the code is not shaped like a WeChat Pay payer's code", {
    hint: { zh: '付款码无法识别，请扫描微信付款码', en: 'The code is not readable as a payment code: scan the WeChat Pay payment code' },
  });
};
