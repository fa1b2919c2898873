import { createSign, randomBytes } from 'node:crypto';
import { Wechatpay } from 'wechatpay-axios-plugin';
import type { LedgerEntry } from '../control.js';
import type { WechatEndpoints } from '../endpoints.js';
import type { Fault } from '../faults.js';
import { startWechat, type WechatOptions } from './server.js';

export interface Answer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a raw request may have wrong. */
export interface Wrong {
  readonly mchid?: string;
  readonly serial?: string;
  readonly timestamp?: string;
  readonly nonce?: string;
  /** Sent in place of what was signed. */
  readonly body?: string;
  readonly target?: string;
  readonly signature?: string;
  readonly schema?: string;
}

/** A merchant with the SDK in front of a running host, and a clock that only moves when told. */
export interface TestTill {
  readonly endpoints: WechatEndpoints;
  readonly clock: { now: number };
  /** One call of the SDK, successes verified. An HTTP error is an answer too. */
  post(path: string, body: Record<string, unknown>): Promise<Answer>;
  get(path: string, params?: Record<string, string>): Promise<Answer>;
  query(reference: string): Promise<Answer>;
  reverse(reference: string): Promise<Answer>;
  /** As the SDK would send it, with any part wrong. */
  raw(method: string, target: string, body: string, wrong?: Wrong): Promise<Response>;
  fault(fault: Fault | readonly Fault[]): Promise<void>;
  ledger(): Promise<readonly LedgerEntry[]>;
  control(path: string, body: unknown): Promise<number>;
  close(): Promise<void>;
}

export async function openTill(options: WechatOptions & { readonly dataDir?: string; readonly now?: number } = {}): Promise<TestTill> {
  const { now, ...rest } = options;
  const clock = { now: now ?? Date.parse('2026-03-01T02:00:00Z') };
  const host = await startWechat({ ...rest, clock: () => clock.now });
  const { endpoints } = host;
  const { mchid, appid } = endpoints;
  const sdk = new Wechatpay({
    baseURL: endpoints.baseURL,
    mchid,
    serial: endpoints.serial,
    privateKey: endpoints.privateKey,
    certs: { [endpoints.platformSerial]: endpoints.platformPublicKey },
  });
  const ask = async (path: string, method: 'get' | 'post', data: unknown, params?: Record<string, string>): Promise<Answer> => {
    try {
      const chain = sdk.chain(path);
      const answer = method === 'get' ? await chain.get(params === undefined ? {} : { params }) : await chain.post(data as object);
      return { status: answer.status, data: answer.data as Record<string, unknown> };
    } catch (error) {
      const response = (error as { code?: string; response?: { status: number; data: unknown } }).response;
      // Answers the SDK could not verify come with a code of its own; they are failures here.
      if (response === undefined || response.status < 300) throw error;
      return { status: response.status, data: response.data as Record<string, unknown> };
    }
  };
  const send = async (method: string, path: string, body: unknown): Promise<Response> =>
    fetch(`${endpoints.control}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  return {
    endpoints,
    clock,
    post: (path, body) => ask(path, 'post', body),
    get: (path, params) => ask(path, 'get', undefined, params),
    query: (reference) => ask(`v3/pay/transactions/out-trade-no/${reference}`, 'get', undefined, { mchid }),
    reverse: (reference) => ask(`v3/pay/transactions/out-trade-no/${reference}/reverse`, 'post', { appid, mchid }),
    raw: async (method, target, body, wrong = {}) => {
      const timestamp = wrong.timestamp ?? String(Math.floor(Date.now() / 1000));
      const nonce = wrong.nonce ?? randomBytes(16).toString('hex');
      const made = createSign('RSA-SHA256').update(`${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`).sign(endpoints.privateKey, 'base64');
      const authorization = `${wrong.schema ?? 'WECHATPAY2-SHA256-RSA2048'} mchid="${wrong.mchid ?? mchid}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${wrong.serial ?? endpoints.serial}",signature="${wrong.signature ?? made}"`;
      return fetch(`${endpoints.baseURL}${wrong.target ?? target}`, {
        method,
        headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body: wrong.body ?? body }),
      });
    },
    fault: async (fault) => {
      await send('POST', '/faults', fault);
    },
    ledger: async () => ((await (await send('GET', '/ledger', undefined)).json()) as { entries: LedgerEntry[] }).entries,
    control: async (path, body) => (await send('POST', path, body)).status,
    close: () => host.close(),
  };
}

let codes = 0;

/** A payer's code nobody used before: 18 digits. */
export function freshCode(prefix = '13'): string {
  codes += 1;
  return `${prefix}${String(codes).padStart(18 - prefix.length, '0')}`;
}

export function sale(till: TestTill, reference: string, total = 8888, code = freshCode()): Record<string, unknown> {
  const { appid, mchid } = till.endpoints;
  return {
    appid, mchid, description: 'Counter sale', out_trade_no: reference,
    payer: { auth_code: code }, amount: { total, currency: 'CNY' }, scene_info: { device_id: '00000001', device_ip: '127.0.0.1' },
  };
}
