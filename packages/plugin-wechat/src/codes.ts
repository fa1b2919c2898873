import type { Declined, Text } from '@tillwright/core/contract';

/** What an error code means at the counter. A code that is not listed decides nothing. */
export interface CodeEntry {
  readonly hint: Text;
  readonly again: Declined['again'];
}

const entry = (zh: string, en: string, again: Declined['again']): CodeEntry => ({ hint: { zh, en }, again });

const SETUP = ['请核对微信支付的商户号、应用与密钥设置，或联系微信支付', "Check merchant id, appid and keys in the till's settings, or call WeChat Pay"] as const;

/** Codes are written with and without underscores (`AUTHCODEEXPIRE`, `AUTH_CODE_EXPIRE`): compared without. */
export const codeKey = (code: string): string => code.replaceAll('_', '').toUpperCase();

/** Refusals of codepay and native. `INVALID_REQUEST` is left out: it is said of a number used before, too. */
export const PAY_CODES: { readonly [code: string]: CodeEntry } = {
  AUTHCODEEXPIRE: entry('付款码已过期，请顾客刷新后重新扫码', 'The payment code has expired: ask the customer to refresh it, and scan again', 'new-input'),
  AUTHCODEEXPIRED: entry('付款码已过期，请顾客刷新后重新扫码', 'The payment code has expired: ask the customer to refresh it, and scan again', 'new-input'),
  AUTHCODEERROR: entry('付款码有误，请顾客刷新后重新扫码', 'The payment code is wrong: ask the customer to refresh it, and scan again', 'new-input'),
  AUTHCODEINVALID: entry('付款码无效或已使用，请顾客刷新后重新扫码', 'The payment code is not valid or was used: refresh it, and scan again', 'new-input'),
  NOTENOUGH: entry('顾客余额不足，请更换付款方式', 'The balance is too low: ask for another way to pay', 'new-input'),
  NOTSUPORTCARD: entry('不支持该卡类型，请更换付款方式', 'This kind of card is not taken: ask for another way to pay', 'new-input'),
  TRADEERROR: entry('交易失败，请顾客刷新付款码后重试，或更换付款方式', 'The payment failed: refresh the code and try again, or pay another way', 'new-input'),
  ORDERCLOSED: entry('该订单已关闭，请重新扫码', 'This order is closed: begin again with a new scan', 'new-input'),
  ORDERREVERSED: entry('该订单已撤销，请重新扫码', 'This order was reversed: begin again with a new scan', 'new-input'),
  ACCOUNTERROR: entry('顾客账户异常，请更换付款方式', "The customer's account is restricted: pay another way", 'never'),
  RULELIMIT: entry('交易受限，请更换付款方式', 'The payment is over a limit: pay another way', 'never'),
  NOAUTH: entry(`商户没有该权限，${SETUP[0]}`, `This shop may not use the service. ${SETUP[1]}`, 'never'),
  PARAMERROR: entry(`请求参数有误，${SETUP[0]}`, `A parameter was refused. ${SETUP[1]}`, 'never'),
  SIGNERROR: entry(`签名未通过，${SETUP[0]}`, `The signature was refused. ${SETUP[1]}`, 'never'),
  APPIDMCHIDNOTMATCH: entry(`应用与商户号不匹配，${SETUP[0]}`, `The appid does not belong to the merchant. ${SETUP[1]}`, 'never'),
  APPIDNOTEXIST: entry(`应用不存在，${SETUP[0]}`, `There is no such appid. ${SETUP[1]}`, 'never'),
  MCHNOTEXISTS: entry(`商户号不存在，${SETUP[0]}`, `There is no such merchant. ${SETUP[1]}`, 'never'),
  FREQUENCYLIMITED: entry('请求过于频繁，请稍后重试', 'Called too often: try again in a moment', 'later'),
  RATELIMITEXCEEDED: entry('请求过于频繁，请稍后重试', 'Called too often: try again in a moment', 'later'),
};

/** The number was used before: what the first request came to is not known (rule 4). */
export const DUPLICATE_CODES: ReadonlySet<string> = new Set(['ORDERPAID', 'OUTTRADENOUSED', 'BUYERMISMATCH']);

/** Refusals of a refund. */
export const REFUND_CODES: { readonly [code: string]: CodeEntry } = {
  NOTENOUGH: entry('商户余额不足，充值后再退款', "The merchant's balance is too low: top it up, then refund", 'later'),
  USERACCOUNTABNORMAL: entry('顾客账户异常，无法退款，请改用其他方式', "The customer's account takes no refund: give the money back another way", 'never'),
  RESOURCENOTEXISTS: entry('没有找到原交易', 'There is no such payment', 'never'),
  MCHNOTEXISTS: entry(`商户号不存在，${SETUP[0]}`, `There is no such merchant. ${SETUP[1]}`, 'never'),
  NOAUTH: entry(`没有退款权限，${SETUP[0]}`, `This shop may not refund. ${SETUP[1]}`, 'never'),
  PARAMERROR: entry(`请求参数有误，${SETUP[0]}`, `A parameter was refused. ${SETUP[1]}`, 'never'),
  SIGNERROR: entry(`签名未通过，${SETUP[0]}`, `The signature was refused. ${SETUP[1]}`, 'never'),
  FREQUENCYLIMITED: entry('请求过于频繁，请稍后重试', 'Called too often: try again in a moment', 'later'),
  RATELIMITEXCEEDED: entry('请求过于频繁，请稍后重试', 'Called too often: try again in a moment', 'later'),
};

/** A reversal is refused for good: a refund or a person must end it. */
export const REVERSE_REFUSALS: ReadonlySet<string> = new Set(['REVERSEEXPIRE', 'NOAUTH', 'MCHNOTEXISTS', 'APPIDMCHIDNOTMATCH']);

/** Not as things stand now: asking for the order tells how they stand. */
export const REVERSE_LOOKS: ReadonlySet<string> = new Set(['INVALIDREQUEST', 'ORDERPAID', 'ORDERCLOSED', 'ORDERREVERSED', 'ORDERNOTEXIST', 'TRADEERROR', 'TRADESTATEERROR']);
