import type { Declined, Text } from '@tillwright/core/contract';

/** What a response code asks of the till. */
export type ResponseClass = 'approved' | 'try-again' | 'do-not' | 'operator-acts' | 'system-fault';

export interface ResponseCode {
  /** The cashier's text; the Chinese one as the standard words it (Q/CUP 006.6). */
  readonly text: Text;
  readonly class: ResponseClass;
  /** Absent for approvals. */
  readonly again?: Declined['again'];
  /** A finer States error than `Payment.Declined`. */
  readonly error?: string;
}

const approved = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'approved' });
const doNot = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'do-not', again: 'never' });
const operator = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'operator-acts', again: 'never' });
const tryAgain = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'try-again', again: 'later' });
const system = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'system-fault', again: 'later' });
const signOn = (zh: string, en: string): ResponseCode => ({ text: { zh, en }, class: 'operator-acts', again: 'sign-on-first' });
const newInput = (zh: string, en: string, error: string): ResponseCode => ({ text: { zh, en }, class: 'try-again', again: 'new-input', error });

/**
 * DE 39. 94 stands here for its text only: a duplicate says that an earlier copy may have been approved, which is unknown, never declined.
 */
export const RESPONSE_CODES: { readonly [code: string]: ResponseCode } = {
  '00': approved('交易成功', 'Approved'),
  '01': operator('请持卡人与发卡银行联系', 'The cardholder should contact the issuing bank'),
  '03': operator('无效商户', 'Invalid merchant'),
  '04': doNot('此卡为无效卡', 'This card is invalid'),
  '05': doNot('持卡人认证失败', 'The cardholder could not be verified'),
  '10': approved('显示部分批准金额,提示操作员', 'Approved for a part of the amount: tell the operator'),
  '11': approved('此为VIP客户', 'Approved, VIP customer'),
  '12': doNot('无效交易', 'Invalid transaction'),
  '13': doNot('无效金额', 'Invalid amount'),
  '14': doNot('无效卡号', 'Invalid card number'),
  '15': doNot('此卡无对应发卡方', 'No issuer for this card'),
  '16': approved('交易成功', 'Approved'),
  '21': doNot('该卡未初始化或睡眠卡', 'The card is not activated or dormant'),
  '22': operator('操作有误,或超出交易允许天数', 'Wrong operation, or too many days have passed'),
  '25': operator('没有原始交易,请联系发卡方', 'No original transaction: contact the issuer'),
  '30': tryAgain('请重试', 'Please try again'),
  '34': doNot('作弊卡,吞卡', 'Fraudulent card: keep it'),
  '38': doNot('密码错误次数超限,请与发卡方联系', 'Wrong PIN too often: contact the issuer'),
  '40': doNot('发卡方不支持的交易', 'The issuer does not support this transaction'),
  '41': doNot('挂失卡', 'The card was reported lost'),
  '43': doNot('被窃卡', 'The card was reported stolen'),
  '45': newInput('请使用芯片', 'Use the chip', 'Card.UseChip'),
  '51': doNot('可用余额不足', 'Not enough money in the account'),
  '54': doNot('该卡已过期', 'The card has expired'),
  '55': newInput('密码错', 'Wrong PIN', 'Pin.Incorrect'),
  '57': doNot('不允许此卡交易', 'This card may not be used for this'),
  '58': doNot('发卡方不允许该卡在本终端进行此交易', 'The issuer does not allow this at this terminal'),
  '59': doNot('卡片校验错', 'The card failed its check'),
  '61': doNot('交易金额超限', 'The amount is over the limit'),
  '62': doNot('受限制的卡', 'The card is restricted'),
  '64': operator('交易金额与原交易不匹配', 'The amount differs from the original one'),
  '65': doNot('超出取款次数限制', 'The card was used too often'),
  '68': tryAgain('交易超时,请重试', 'The host timed out: try again'),
  '75': doNot('密码错误次数超限', 'Wrong PIN too often'),
  '77': signOn('批次不一致,请重新签到', 'Batch numbers differ: sign on again'),
  '90': system('系统日切,请稍后重试', 'The host changes its business day: try again later'),
  '91': system('发卡方状态不正常,请稍后重试', 'The issuer is not available: try again later'),
  '92': system('发卡方线路异常,请稍后重试', 'The line to the issuer is down: try again later'),
  '94': system('拒绝,重复交易,请稍后重试', 'Refused as a duplicate'),
  '96': system('拒绝,交换中心异常,请稍后重试', 'The switch is out of order: try again later'),
  '97': operator('终端号未登记', 'The terminal id is not registered'),
  '98': system('发卡方超时', 'The issuer timed out'),
  '99': signOn('PIN格式错,请重新签到', 'Wrong PIN format: sign on again'),
  A0: signOn('MAC校验错,请重新签到', 'Wrong MAC: sign on again'),
  A2: approved('交易成功', 'Approved'),
  A4: approved('交易成功', 'Approved'),
  A5: approved('交易成功', 'Approved'),
  A6: approved('交易成功', 'Approved'),
  A7: system('安全处理失败', 'The security processing failed'),
};

const UNLISTED: ResponseCode = doNot('交易失败', 'The transaction failed');

/** The meaning of a response code; one that is not listed is a failure for good. */
export const responseCode = (code: string): ResponseCode => (Object.hasOwn(RESPONSE_CODES, code) ? (RESPONSE_CODES[code] ?? UNLISTED) : UNLISTED);
