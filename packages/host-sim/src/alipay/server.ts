import { createPrivateKey, createPublicKey } from 'node:crypto';
import { clockOf } from '../clock.js';
import type { AlipayEndpoints } from '../endpoints.js';
import { Faults } from '../faults.js';
import { keep, pemBody, rsaKeyPair } from '../keys.js';
import { Ledger } from '../ledger.js';
import { PayerBook, type Payer } from '../wallet/payers.js';
import { secretOf, startWallet, type Wallet, type WalletSetUp } from '../wallet/wallet.js';
import { type Gateway, type Twist, WalletWire, type WireRequest } from '../wallet/wire.js';
import { cancel, close, query, refund, refundQuery } from './after.js';
import { BusinessFailure, type Fields } from './business.js';
import { paramsOf, refusalOf, refused, sealed, type ResponseNode } from './envelope.js';
import { failureOf, pay, precreate } from './pay.js';
import { scan } from './scan.js';
import { Trades, type Trade } from './trades.js';

export interface AlipayOptions {
  /** 0 or left out: any free port. */
  readonly port?: number;
  readonly payers?: readonly Payer[];
  readonly appId?: string;
  /**
   * How far a request's `timestamp` may be off; a day when left out, because the vendor's SDK writes the machine's
   * local time and names no zone.
   */
  readonly timestampSkewMs?: number;
  /**
   * A pay that arrives after a cancel of its number, which was unknown then: `refuse` it, for the number is closed (the default),
   * or `approve` it, as hosts would that forget such cancels: the harder one for a till.
   */
  readonly latePay?: 'approve' | 'refuse';
  /** The time of day on the wire; the machine's when left out. `clock` is what the business goes by. */
  readonly wireClock?: () => number;
}

interface AlipayKeys {
  readonly app: { readonly privateKey: string; readonly publicKey: string };
  readonly alipay: { readonly privateKey: string; readonly publicKey: string };
}

type Method = (trades: Trades, content: Fields, twist: Twist) => Promise<ResponseNode>;

/** Methods by name, and the operation a fault may name. */
const METHODS: ReadonlyMap<string, { readonly operation: string; readonly run: Method }> = new Map([
  ['alipay.trade.pay', { operation: 'pay', run: pay }],
  ['alipay.trade.query', { operation: 'query', run: query }],
  ['alipay.trade.cancel', { operation: 'cancel', run: cancel }],
  ['alipay.trade.refund', { operation: 'refund', run: refund }],
  ['alipay.trade.fastpay.refund.query', { operation: 'refund-query', run: refundQuery }],
  ['alipay.trade.precreate', { operation: 'precreate', run: precreate }],
  ['alipay.trade.close', { operation: 'close', run: close }],
]);

const NAMES: ReadonlySet<string> = new Set(METHODS.keys());
const UNDOES: ReadonlySet<string> = new Set(['cancel', 'close']);

/** A payer's code: 16 to 24 digits, the first two 25 to 30. */
const CODE_SHAPE = /^(2[5-9]|30)\d{14,22}$/;

/** Alipay without sockets: what a merchant is given, the gateway, and what payers do. */
export interface Alipay extends Wallet {
  readonly merchant: Pick<AlipayEndpoints, 'appId' | 'appPrivateKey' | 'alipayPublicKey'>;
}

/** Opens the Alipay gateway in this process. @throws HOST_OPTIONS_INVALID, HOST_DATA_DAMAGED */
export async function openAlipay(options: AlipayOptions & WalletSetUp): Promise<Alipay> {
  const { dataDir: dir, keyPair = rsaKeyPair } = options;
  const clock = clockOf(options.clock);
  const keys = await keep<AlipayKeys>({ dir, name: 'alipay-keys' }, async () => ({ app: await keyPair(), alipay: await keyPair() }));
  const secret = secretOf(options.random, keys.alipay.privateKey);
  const payers = new PayerBook({ secret, codeShape: CODE_SHAPE, payers: options.payers ?? [] });
  const ledger = await Ledger.open<Trade>({ dir, name: 'alipay-ledger' });
  const trades = new Trades(ledger, payers, () => clock.now(), options.latePay ?? 'refuse');
  const faults = new Faults();
  const appId = options.appId ?? '2021000000000001';
  const wire = new WalletWire(alipayGateway({ trades, keys, appId, options }), { faults, clock });
  return {
    merchant: { appId, appPrivateKey: pemBody(keys.app.privateKey), alipayPublicKey: pemBody(keys.alipay.publicKey) },
    faults,
    serve: (request) => wire.serve(request),
    ledger: () => trades.view(),
    register: (body) => payers.register(body),
    scan: (body) => wire.inTurn(() => scan(trades, body)),
    restart: () => wire.restart(),
    async close() {
      await wire.close();
      await ledger.close();
    },
  };
}

/**
 * Starts a simulated Alipay gateway on loopback: `POST /gateway.do`, signed with RSA2 both ways, with a ledger, a
 * control API (`POST /scan { reference, outcome, afterQueries? }` besides the common ones) and faults.
 * Source: Alipay Open Platform, face-to-face payment.
 * @param options.dataDir  keeps ledger and keys over a restart; without it they live in memory
 * @param options.clock    milliseconds since 1970, for all that depends on time
 */
export async function startAlipay(options: AlipayOptions & WalletSetUp): Promise<{ readonly endpoints: AlipayEndpoints; close(): Promise<void> }> {
  const alipay = await openAlipay(options);
  const { url, control, close: closeAll } = await startWallet('alipay', alipay, options.port ?? 0);
  return { endpoints: { gateway: `${url}/gateway.do`, control, ...alipay.merchant }, close: closeAll };
}

function alipayGateway(parts: { readonly trades: Trades; readonly keys: AlipayKeys; readonly appId: string; readonly options: AlipayOptions }): Gateway {
  const { trades, appId, options } = parts;
  const appPublicKey = createPublicKey(parts.keys.app.publicKey);
  const privateKey = createPrivateKey(parts.keys.alipay.privateKey);
  const { timestampSkewMs = 86_400_000, wireClock = Date.now } = options;
  return {
    operationOf(request) {
      return isGateway(request) ? METHODS.get(paramsOf(request)['method'] ?? '')?.operation : undefined;
    },
    undoes: UNDOES,
    async handle(request, twist) {
      if (!isGateway(request)) {
        const answer = { status: 404, headers: {}, body: '' };
        return { answer, forged: answer };
      }
      const params = paramsOf(request);
      const refusal = refusalOf(params, { appId, appPublicKey, methods: NAMES, nowMs: wireClock(), timestampSkewMs });
      if (refusal !== undefined) return sealed(params['method'], refusal.node, refusal.signed ? privateKey : undefined);
      const node = await businessOf(trades, params['method'] ?? '', params['biz_content'], twist);
      return sealed(params['method'], misstated(node, twist), privateKey);
    },
  };
}

function misstated(node: ResponseNode, twist: Twist): ResponseNode {
  if (twist?.do !== 'misstate') return node;
  const { total_amount: amount, out_trade_no: reference } = node;
  if (twist.what === 'amount' && typeof amount === 'string') return { ...node, total_amount: (Number(amount) + 0.01).toFixed(2) };
  return twist.what === 'reference' && typeof reference === 'string' ? { ...node, out_trade_no: `X${reference.slice(1)}` } : node;
}

function isGateway(request: WireRequest): boolean {
  return request.method === 'POST' && request.target.split('?')[0] === '/gateway.do';
}

async function businessOf(trades: Trades, name: string, bizContent: string | undefined, twist: Twist): Promise<ResponseNode> {
  const method = METHODS.get(name);
  const content = contentOf(bizContent);
  if (method === undefined) return refused('40002', 'isv.invalid-method');
  if (content === undefined) return refused('40004', 'ACQ.INVALID_PARAMETER');
  const makesTrade = method.operation === 'pay' || method.operation === 'precreate';
  if (twist?.do === 'decline' && !makesTrade) {
    const node = failureOf(twist.code);
    if (method.operation !== 'cancel') return node;
    // Only a fault of the system is worth sending the cancel again.
    return { ...node, retry_flag: node.code === '20000' || twist.code === 'ACQ.SYSTEM_ERROR' ? 'Y' : 'N' };
  }
  try {
    return await method.run(trades, content, twist);
  } catch (error) {
    if (error instanceof BusinessFailure) return error.node;
    throw error;
  }
}

function contentOf(bizContent: string | undefined): Fields | undefined {
  try {
    const value: unknown = JSON.parse(bizContent ?? '');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
