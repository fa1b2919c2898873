import type { Twist } from '../wallet/wire.js';
import { asked } from '../wallet/payers.js';
import { refusal, refuse, wrongParam, type Reply } from './answers.js';
import type { Order, Orders } from './orders.js';
import { checkedOrderNumber, fen, object, onlyCny, optionalText, text, type Fields } from './params.js';

/** All that `USERPAYING` says: no order, no number. */
const USER_PAYING: Reply = { status: 200, body: { trade_state: 'USERPAYING' } };

/**
 * `POST /v3/pay/transactions/codepay`: takes the money of the payer whose code was scanned. Order number and code are
 * used once each, whatever came of it; the same request again is told what became of the first.
 */
export async function codepay(orders: Orders, content: Fields, twist: Twist): Promise<Reply> {
  const wanted = orderOf(orders, content, 'codepay');
  const code = text(content, '/payer/auth_code', 32);
  object(content, '/scene_info');
  optionalText(content, '/scene_info/store_info/id', 32);
  const deviceId = optionalText(content, '/scene_info/device_id', 32);
  const attach = optionalText(content, '/attach', 128);

  const known = await orders.current(wanted.reference);
  if (known !== undefined && !orders.isForgotten(known)) return repeated(known, wanted, orders.codeDigest(code));

  const order: Order = {
    ...wanted,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(attach === undefined ? {} : { attach }),
    codeDigest: orders.codeDigest(code),
  };
  const failed = async (errorCode: string, message?: string): Promise<Reply> => {
    await orders.put({ ...order, stage: 'failed', code: errorCode });
    return refusal(errorCode, message);
  };
  if (!orders.payers.isCode(code)) return failed('AUTH_CODE_INVALID');
  if (orders.isCodeUsed(code)) return failed('AUTH_CODE_INVALID', '每个付款码仅限使用一次，请刷新再试');
  if (twist?.do === 'decline') return failed(twist.code);
  const person = orders.payers.find(code);
  if (!orders.canPay(person.id, order.amountMinor)) return failed('NOTENOUGH');

  const waiting =
    asked(person, order.amountMinor) ??
    (twist?.do === 'user-paying' ? { queriesLeft: person.paysAfterQueries ?? 0, outcome: person.outcome } : undefined);
  const begun: Order = { ...order, payerId: person.id };
  if (waiting !== undefined) {
    await orders.put({ ...begun, stage: 'waiting', waiting });
    return USER_PAYING;
  }
  return { status: 200, body: orders.fields(await orders.put(orders.paid(begun))) };
}

/** `POST /v3/pay/transactions/native`: a QR for the payer to scan. */
export async function native(orders: Orders, content: Fields, twist: Twist): Promise<Reply> {
  const wanted = orderOf(orders, content, 'native');
  const notifyUrl = text(content, '/notify_url', 255);
  if (!URL.canParse(notifyUrl) || notifyUrl.includes('?')) wrongParam('/notify_url', 'a URL without a query');
  const expiresAt = expiryOf(orders, optionalText(content, '/time_expire', 64));
  const attach = optionalText(content, '/attach', 128);
  if (twist?.do === 'decline') return refusal(twist.code);
  const known = await orders.current(wanted.reference);
  if (known !== undefined) {
    if (known.kind !== 'native' || known.amountMinor !== wanted.amountMinor || known.description !== wanted.description) refuse('OUT_TRADE_NO_USED');
    if (known.stage === 'paid') refuse('ORDERPAID');
    if (known.stage !== 'open' && known.stage !== 'waiting') refuse('ORDER_CLOSED');
    return { status: 200, body: { code_url: known.codeUrl } };
  }
  const codeUrl = `weixin://wxpay/bizpayurl?pr=${orders.payers.digest(`qr:${wanted.reference}`).replace(/[^0-9A-Za-z]/g, '0').slice(0, 11)}`;
  await orders.put({ ...wanted, expiresAt, codeUrl, ...(attach === undefined ? {} : { attach }) });
  return { status: 200, body: { code_url: codeUrl } };
}

/** How long a merchant's QR may be scanned when the merchant names no time: two hours. */
const QR_LIFE_MS = 7_200_000;

function expiryOf(orders: Orders, timeExpire: string | undefined): number {
  if (timeExpire === undefined) return orders.now() + QR_LIFE_MS;
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(timeExpire) ? Date.parse(timeExpire) : Number.NaN;
  return Number.isNaN(at) ? wrongParam('/time_expire', 'a time as in RFC 3339') : at;
}

function orderOf(orders: Orders, content: Fields, kind: Order['kind']): Order {
  const { appid, mchid } = orders.merchant;
  if (text(content, '/mchid', 32) !== mchid) refuse('NO_AUTH', 'mchid 与签名的商户不一致');
  if (text(content, '/appid', 32) !== appid) refuse('APPID_MCHID_NOT_MATCH', 'appid 与 mchid 不匹配');
  const description = text(content, '/description', 127);
  const reference = checkedOrderNumber(text(content, '/out_trade_no', 32), '/out_trade_no', 'body');
  const amountMinor = fen(content, '/amount/total');
  onlyCny(content, '/amount/currency');
  return { reference, kind, stage: 'open', amountMinor, description, at: orders.now(), refunds: [] };
}

/** The answer to a codepay under a number that was used before. */
function repeated(known: Order, wanted: Order, codeDigest: string): Reply {
  if (known.stage === 'barred' || known.stage === 'revoked' || known.stage === 'closed') return refusal('ORDER_CLOSED');
  const same =
    known.kind === 'codepay' && known.amountMinor === wanted.amountMinor && known.description === wanted.description && known.codeDigest === codeDigest;
  if (!same || known.stage === 'failed') return refusal('OUT_TRADE_NO_USED');
  return known.stage === 'paid' ? refusal('ORDERPAID') : USER_PAYING;
}
