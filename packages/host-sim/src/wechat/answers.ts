/** A JSON answer, or 204 without a body. */
export interface Reply {
  readonly status: number;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** HTTP statuses of the error codes; an unlisted code is 400. */
const STATUSES: Readonly<Record<string, number>> = {
  SIGN_ERROR: 401,
  NO_AUTH: 403,
  NOTENOUGH: 403,
  OUT_TRADE_NO_USED: 403,
  RULE_LIMIT: 403,
  TRADE_ERROR: 403,
  ACCOUNT_ERROR: 403,
  NOT_FOUND: 404,
  ORDER_NOT_EXIST: 404,
  RESOURCE_NOT_EXISTS: 404,
  FREQUENCY_LIMITED: 429,
  BANK_ERROR: 500,
  SYSTEM_ERROR: 500,
};

const MESSAGES: Readonly<Record<string, string>> = {
  AUTHCODEEXPIRE: '二维码已过期，请用户在微信上刷新后再试',
  AUTH_CODE_INVALID: '付款码无效，请重新扫码',
  INVALID_REQUEST: '无效请求',
  NOTENOUGH: '用户余额不足',
  NOT_FOUND: '请求的资源不存在',
  NO_AUTH: '商户无权限',
  ORDERPAID: '该订单已支付',
  ORDER_CLOSED: '该订单已关闭或已撤销',
  ORDER_NOT_EXIST: '订单不存在',
  OUT_TRADE_NO_USED: '商户订单号重复',
  PARAM_ERROR: '参数错误',
  RESOURCE_NOT_EXISTS: '查询的资源不存在',
  REVERSE_EXPIRE: '订单已超过可撤销的期限',
  SIGN_ERROR: '签名错误',
  SYSTEM_ERROR: '系统异常，请稍后重试',
  TRADE_ERROR: '交易错误',
  USERPAYING: '用户支付中，暂不可撤销',
};

/** Ends an operation with an error answer. */
export class Refused extends Error {
  constructor(readonly reply: Reply) {
    super(String(reply.body?.['code']));
  }
}

export function refusal(code: string, message?: string, detail?: Readonly<Record<string, unknown>>): Reply {
  return {
    status: STATUSES[code] ?? 400,
    body: { code, message: message ?? MESSAGES[code] ?? code, ...(detail === undefined ? {} : { detail }) },
  };
}

export function refuse(code: string, message?: string): never {
  throw new Refused(refusal(code, message));
}

/** A parameter is wrong: `field` is its JSON Pointer, or its name in the path or query. */
export function wrongParam(field: string, issue: string, location: 'body' | 'url' = 'body'): never {
  throw new Refused(refusal('PARAM_ERROR', undefined, { field, issue, location }));
}
