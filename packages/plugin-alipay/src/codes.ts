import type { Declined, Text } from '@tillwright/core/contract';

/** What a `sub_code` means at the counter. A code that is not listed decides nothing. */
export interface CodeEntry {
  readonly hint: Text;
  readonly again: Declined['again'];
}

const entry = (zh: string, en: string, again: Declined['again']): CodeEntry => ({ hint: { zh, en }, again });

const SETUP = ['请核对支付宝的签约与密钥设置，或联系支付宝', "Check the Alipay contract and keys in the till's settings, or call Alipay"] as const;

/** Refusals of `alipay.trade.pay` and `alipay.trade.precreate` (code 40004). Source: Alipay open platform, public and business codes. */
export const PAY_CODES: { readonly [subCode: string]: CodeEntry } = {
  'ACQ.PAYMENT_AUTH_CODE_INVALID': entry('付款码无效或已过期，请顾客刷新后重新扫码', 'The payment code is not valid any more: ask the customer to refresh it, and scan again', 'new-input'),
  'ACQ.BUYER_BALANCE_NOT_ENOUGH': entry('顾客余额不足，请更换付款方式', 'The balance is too low: ask for another way to pay', 'new-input'),
  'ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH': entry('顾客银行卡余额不足，请更换付款方式', 'The bank card has too little money: ask for another way to pay', 'new-input'),
  'ACQ.ERROR_BALANCE_PAYMENT_DISABLE': entry('顾客关闭了余额支付，请顾客打开或更换付款方式', 'The customer has switched balance payment off: switch it on, or pay another way', 'new-input'),
  'ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE': entry('顾客没有可用的付款方式，请更换', 'The customer has no usable way to pay here: ask for another', 'new-input'),
  'ACQ.TRADE_HAS_CLOSE': entry('该订单已关闭，请重新下单扫码', 'This order is closed: begin again with a new scan', 'new-input'),
  'ACQ.TOTAL_FEE_EXCEED': entry('金额超过支付宝限额，请更换付款方式', "The amount is over Alipay's limit: pay another way", 'never'),
  'ACQ.PAYMENT_FAIL': entry('支付失败，请顾客刷新付款码后重试，或更换付款方式', 'The payment failed: refresh the code and try once more, or pay another way', 'new-input'),
  'ACQ.PAYMENT_REQUEST_HAS_RISK': entry('支付有风险，已被拒绝，请更换付款方式', 'Refused because of a risk: pay another way', 'never'),
  'ACQ.PULL_MOBILE_CASHIER_FAIL': entry('未能唤起顾客手机收银台，请刷新付款码后重新扫码', "The customer's phone could not open the payment: refresh the code and scan again", 'new-input'),
  'ACQ.BUYER_ENABLE_STATUS_FORBID': entry('顾客账户状态异常，请顾客联系支付宝或更换付款方式', "The customer's account is restricted: call Alipay, or pay another way", 'never'),
  'ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR': entry('顾客今日付款已达限额，请更换付款方式', "The customer's limit for today is used up: pay another way", 'never'),
  'ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR': entry('顾客本月付款已达限额，请更换付款方式', "The customer's limit for this month is used up: pay another way", 'never'),
  'ACQ.BEYOND_PAY_RESTRICTION': entry('商户收款额度超限，请联系支付宝', "The merchant's limit is used up: call Alipay", 'never'),
  'ACQ.USER_FACE_PAYMENT_SWITCH_OFF': entry('顾客关闭了付款码付款，请在支付宝中打开后重新扫码', 'The customer has switched paying by code off: switch it on in Alipay and scan again', 'new-input'),
  'ACQ.INVALID_PARAMETER': entry(`请求参数有误，${SETUP[0]}`, `A parameter was refused. ${SETUP[1]}`, 'never'),
  'ACQ.ACCESS_FORBIDDEN': entry(`没有使用该接口的权限，${SETUP[0]}`, `This shop may not use the service. ${SETUP[1]}`, 'never'),
  'ACQ.SELLER_BEEN_BLOCKED': entry('商户账户被冻结，请联系支付宝', "The merchant's account is blocked: call Alipay", 'never'),
};

/** The number was used before: what the first request came to is not known (rule 4). */
export const DUPLICATE_CODES: ReadonlySet<string> = new Set(['ACQ.TRADE_HAS_SUCCESS', 'ACQ.CONTEXT_INCONSISTENT', 'ACQ.TRADE_BUYER_NOT_MATCH', 'ACQ.DISCORDANT_REPEAT_REQUEST']);

/** Refusals of `alipay.trade.refund`. */
export const REFUND_CODES: { readonly [subCode: string]: CodeEntry } = {
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': entry('商户余额不足，充值后再退款', "The merchant's balance is too low: top it up, then refund", 'later'),
  'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL': entry('退款金额超过可退金额', 'More than what is left to refund', 'never'),
  'ACQ.REASON_TRADE_BEEN_FREEZEN': entry('该笔交易已被冻结，请联系支付宝', 'The trade is frozen: call Alipay', 'never'),
  'ACQ.TRADE_NOT_EXIST': entry('没有找到原交易', 'There is no such trade', 'never'),
  'ACQ.TRADE_HAS_FINISHED': entry('交易已完结，不能再退款', 'The trade is finished: no refund is possible any more', 'never'),
  'ACQ.TRADE_STATUS_ERROR': entry('交易状态不允许退款', "The trade's state allows no refund", 'never'),
  'ACQ.TRADE_NOT_ALLOW_REFUND': entry('该笔交易不允许退款', 'This trade can not be refunded', 'never'),
  'ACQ.INVALID_PARAMETER': entry(`请求参数有误，${SETUP[0]}`, `A parameter was refused. ${SETUP[1]}`, 'never'),
};

/** `alipay.trade.cancel` refuses for good: a person or a refund must end it. */
export const CANCEL_REFUSALS: ReadonlySet<string> = new Set(['ACQ.CANCEL_NOT_ALLOWED', 'ACQ.TRADE_CANCEL_TIME_OUT', 'ACQ.REASON_TRADE_BEEN_FREEZEN', 'ACQ.TRADE_HAS_FINISHED', 'ACQ.ACCESS_FORBIDDEN']);

/**
 * The gateway itself refused the request, before any trade: 20001 no authorization, 40001 something missing, 40002 something
 * wrong (a bad signature of ours too), 40003 a condition, 40006 no permission; 40005 called too often.
 * One request leaves for a reference, ever, so a verified refusal of it means that nothing was taken.
 */
export const GATEWAY_CODES: { readonly [code: string]: CodeEntry } = {
  '20001': entry(`授权无效，${SETUP[0]}`, `The authorization is not valid. ${SETUP[1]}`, 'never'),
  '40001': entry(`请求缺少参数，${SETUP[0]}`, `The request lacks something. ${SETUP[1]}`, 'never'),
  '40002': entry(`请求参数或签名无效，${SETUP[0]}`, `The request or its signature was refused. ${SETUP[1]}`, 'never'),
  '40003': entry(`不满足业务条件，${SETUP[0]}`, `A condition is not met. ${SETUP[1]}`, 'never'),
  '40005': entry('请求过于频繁，请稍后重试', 'Called too often: try again in a moment', 'later'),
  '40006': entry(`没有调用权限，${SETUP[0]}`, `The service may not be used. ${SETUP[1]}`, 'never'),
};

