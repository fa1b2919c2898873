import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { clockOf } from '../clock.js';
import type { WechatEndpoints } from '../endpoints.js';
import { Faults } from '../faults.js';
import { keep, rsaKeyPair } from '../keys.js';
import { Ledger } from '../ledger.js';
import { PayerBook, type Payer } from '../wallet/payers.js';
import { secretOf, startWallet, type Wallet, type WalletSetUp } from '../wallet/wallet.js';
import { type Gateway, type Twist, WalletWire } from '../wallet/wire.js';
import { close, query, reverse, type ReversePolicy } from './after.js';
import { refusal, Refused, type Reply } from './answers.js';
import { codepay, native } from './codepay.js';
import { Orders, type Order } from './orders.js';
import { refund, refundQuery } from './refunds.js';
import { routeOf, type Route } from './routes.js';
import { scan } from './scan.js';
import { checkedOrderNumber, fieldsOf } from './params.js';
import { isSigned, signed, type Merchant, type Signer } from './signing.js';

export interface WechatOptions {
  /** 0 or left out: any free port. */
  readonly port?: number;
  readonly payers?: readonly Payer[];
  readonly appid?: string;
  readonly mchid?: string;
  /** When a reversal is taken; 15 s, 7 days and `refuse` when left out. */
  readonly reverse?: Partial<ReversePolicy>;
  /** How long a refund is on its way; 0 when left out, so that the first inquiry finds it through. */
  readonly refundTakesMs?: number;
  /**
   * A codepay that arrives after a reversal of its number, which was unknown then: `refuse` it, for the number is closed (the
   * default), or `approve` it, as hosts would that forget such reversals: the harder one for a till.
   */
  readonly latePay?: 'approve' | 'refuse';
  /** False: errors leave without a signature. */
  readonly signErrors?: boolean;
  /** How far a request's timestamp may be off; 300 s when left out. */
  readonly timestampSkewMs?: number;
  /** The time of day in signatures, both ways; the machine's when left out. `clock` is what the business goes by. */
  readonly wireClock?: () => number;
}

interface WechatKeys {
  readonly merchant: { readonly privateKey: string; readonly publicKey: string };
  readonly platform: { readonly privateKey: string; readonly publicKey: string };
  readonly serial: string;
  readonly platformSerial: string;
  readonly apiV3Key: string;
}

const DAY_MS = 86_400_000;
const UNDOES: ReadonlySet<string> = new Set<Route['operation']>(['reverse', 'close']);

/** A payer's code: 18 digits, the first two 10 to 15. */
const CODE_SHAPE = /^1[0-5]\d{16}$/;

/** WeChat Pay without sockets: what a merchant is given, the gateway, and what payers do. */
export interface Wechat extends Wallet {
  readonly merchant: Omit<WechatEndpoints, 'baseURL' | 'control'>;
}

/** Opens the WeChat Pay host in this process. @throws HOST_OPTIONS_INVALID, HOST_DATA_DAMAGED */
export async function openWechat(options: WechatOptions & WalletSetUp): Promise<Wechat> {
  const { dataDir: dir } = options;
  const clock = clockOf(options.clock);
  const keys = await keep<WechatKeys>({ dir, name: 'wechat-keys' }, () => makeKeys(options));
  const secret = secretOf(options.random, keys.platform.privateKey);
  const payers = new PayerBook({ secret, codeShape: CODE_SHAPE, payers: options.payers ?? [] });
  const ledger = await Ledger.open<Order>({ dir, name: 'wechat-ledger' });
  const merchant = { appid: options.appid ?? 'wx0000000000000001', mchid: options.mchid ?? '1900000001' };
  const orders = new Orders(ledger, payers, () => clock.now(), merchant, options.latePay ?? 'refuse');
  const faults = new Faults();
  const wire = new WalletWire(wechatGateway({ orders, keys, options }), { faults, clock });
  return {
    merchant: {
      ...merchant,
      serial: keys.serial,
      privateKey: keys.merchant.privateKey,
      platformSerial: keys.platformSerial,
      platformPublicKey: keys.platform.publicKey,
      apiV3Key: keys.apiV3Key,
    },
    faults,
    serve: (request) => wire.serve(request),
    ledger: () => orders.view(),
    register: (body) => payers.register(body),
    scan: (body) => wire.inTurn(() => scan(orders, body)),
    restart: () => wire.restart(),
    async close() {
      await wire.close();
      await ledger.close();
    },
  };
}

/**
 * Starts a simulated WeChat Pay host (API v3) on loopback, signed both ways, with a ledger, a control API
 * (`POST /scan { reference, outcome, afterQueries? }` besides the common ones) and faults.
 * Source: WeChat Pay API v3, payer's code and Native.
 * @param options.dataDir  keeps ledger and keys over a restart; without it they live in memory
 * @param options.clock    milliseconds since 1970, for all that depends on time
 */
export async function startWechat(options: WechatOptions & WalletSetUp): Promise<{ readonly endpoints: WechatEndpoints; close(): Promise<void> }> {
  const wechat = await openWechat(options);
  const { url, control, close: closeAll } = await startWallet('wechat', wechat, options.port ?? 0);
  return { endpoints: { baseURL: url, control, ...wechat.merchant }, close: closeAll };
}

async function makeKeys({ keyPair = rsaKeyPair, random = randomBytes }: WalletSetUp): Promise<WechatKeys> {
  const hex = (length: number): string => Buffer.from(random(length)).toString('hex');
  return {
    merchant: await keyPair(),
    platform: await keyPair(),
    serial: hex(20).toUpperCase(),
    platformSerial: `PUB_KEY_ID_01${hex(14)}`,
    apiV3Key: hex(16),
  };
}

function wechatGateway(parts: { readonly orders: Orders; readonly keys: WechatKeys; readonly options: WechatOptions }): Gateway {
  const { orders, keys, options } = parts;
  const { signErrors = true, timestampSkewMs: skewMs = 300_000, refundTakesMs = 0, wireClock = Date.now } = options;
  const merchant: Merchant = { mchid: orders.merchant.mchid, serial: keys.serial, publicKey: createPublicKey(keys.merchant.publicKey) };
  const signer: Signer = { platformSerial: keys.platformSerial, privateKey: createPrivateKey(keys.platform.privateKey), nowMs: wireClock };
  const policy: ReversePolicy = { notBeforeMs: 15_000, withinMs: 7 * DAY_MS, whilePaying: 'refuse', ...options.reverse };

  return {
    operationOf: (request) => routeOf(request)?.operation,
    undoes: UNDOES,
    async handle(request, twist) {
      const route = routeOf(request);
      const reply = !isSigned(request, merchant, { nowMs: wireClock(), skewMs })
        ? refusal('SIGN_ERROR')
        : route === undefined
          ? refusal('NOT_FOUND')
          : await replyOf({ orders, policy, refundTakesMs, route, body: request.body, twist });
      const body = reply.body === undefined ? '' : JSON.stringify(misstated(reply.body, twist));
      return signed({ status: reply.status, body }, reply.status < 300 || signErrors ? signer : undefined);
    },
  };
}

function misstated(body: Readonly<Record<string, unknown>>, twist: Twist): Readonly<Record<string, unknown>> {
  if (twist?.do !== 'misstate') return body;
  const { amount, out_trade_no: reference, mchid } = body;
  if (twist.what === 'amount' && typeof amount === 'object' && amount !== null) return { ...body, amount: { ...amount, total: Number((amount as { total?: unknown }).total) + 1 } };
  if (twist.what === 'reference' && typeof reference === 'string') return { ...body, out_trade_no: `X${reference.slice(1)}` };
  return twist.what === 'terminal' && mchid !== undefined ? { ...body, mchid: '1999999999' } : body;
}

interface Business {
  readonly orders: Orders;
  readonly policy: ReversePolicy;
  readonly refundTakesMs: number;
  readonly route: Route;
  readonly body: string;
  readonly twist: Twist;
}

async function replyOf(parts: Business): Promise<Reply> {
  try {
    return await run(parts);
  } catch (error) {
    if (error instanceof Refused) return error.reply;
    throw error;
  }
}

async function run(parts: Business): Promise<Reply> {
  const { orders, policy, route, body, twist } = parts;
  const makesOrder = route.operation === 'codepay' || route.operation === 'native';
  if (twist?.do === 'decline' && !makesOrder) return refusal(twist.code);
  const reference = (): string => checkedOrderNumber(route.number, 'out_trade_no', 'url');
  switch (route.operation) {
    case 'codepay':
      return codepay(orders, fieldsOf(body), twist);
    case 'native':
      return native(orders, fieldsOf(body), twist);
    case 'query':
      if (route.query.get('mchid') !== orders.merchant.mchid) return refusal('PARAM_ERROR', undefined, { field: 'mchid', issue: 'the mchid that signs', location: 'url' });
      return query(orders, reference(), twist);
    case 'reverse':
      return reverse(orders, reference(), fieldsOf(body), policy);
    case 'close':
      return close(orders, reference(), fieldsOf(body));
    case 'refund':
      return refund(orders, fieldsOf(body));
    case 'refund-query':
      return refundQuery(orders, route.number, parts.refundTakesMs);
  }
}
