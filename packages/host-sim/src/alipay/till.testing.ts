import { createSign } from 'node:crypto';
import { AlipaySdk } from 'alipay-sdk';
import type { LedgerEntry } from '../control.js';
import type { AlipayEndpoints } from '../endpoints.js';
import type { Fault } from '../faults.js';
import { alipayTime } from '../wallet/china-time.js';
import { startAlipay, type AlipayOptions } from './server.js';

export interface Answer {
  readonly code: string;
  readonly msg: string;
  readonly sub_code?: string;
  readonly [field: string]: unknown;
}

/** A merchant with the vendor's own SDK in front of a running gateway, and a clock that only moves when told. */
export interface TestTill {
  readonly endpoints: AlipayEndpoints;
  readonly clock: { now: number };
  /** One call of the SDK, answers verified. */
  call(method: string, bizContent: Record<string, unknown>): Promise<Answer>;
  /** As the SDK would send it, with any part replaced; the signature is made after `params` are. */
  raw(params: Readonly<Record<string, string>>, after?: Readonly<Record<string, string>>): Promise<Response>;
  fault(fault: Fault | readonly Fault[]): Promise<void>;
  ledger(): Promise<readonly LedgerEntry[]>;
  control(path: string, body: unknown): Promise<number>;
  close(): Promise<void>;
}

export async function openTill(options: AlipayOptions & { readonly dataDir?: string; readonly now?: number } = {}): Promise<TestTill> {
  const { now, ...rest } = options;
  const clock = { now: now ?? Date.parse('2026-03-01T02:00:00Z') };
  const host = await startAlipay({ ...rest, clock: () => clock.now });
  const { endpoints } = host;
  const sdk = new AlipaySdk({
    appId: endpoints.appId,
    privateKey: endpoints.appPrivateKey,
    keyType: 'PKCS8',
    alipayPublicKey: endpoints.alipayPublicKey,
    gateway: endpoints.gateway,
    camelcase: false,
    timeout: 5000,
  });
  const send = async (method: string, path: string, body: unknown): Promise<Response> =>
    fetch(`${endpoints.control}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  return {
    endpoints,
    clock,
    call: async (method, bizContent) => (await sdk.exec(`alipay.trade.${method}`, { bizContent }, { validateSign: true })) as unknown as Answer,
    raw: async (params, after = {}) => {
      const all: Record<string, string> = {
        app_id: endpoints.appId, charset: 'utf-8', sign_type: 'RSA2', timestamp: alipayTime(Date.now()), version: '1.0', ...params,
      };
      const text = Object.keys(all).sort().map((name) => `${name}=${all[name]}`).join('&');
      const key = `-----BEGIN PRIVATE KEY-----\n${endpoints.appPrivateKey}\n-----END PRIVATE KEY-----`;
      const sign = createSign('RSA-SHA256').update(text, 'utf8').sign(key, 'base64');
      return fetch(endpoints.gateway, { method: 'POST', body: new URLSearchParams({ ...all, sign, ...after }) });
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
export function freshCode(prefix = '28'): string {
  codes += 1;
  return `${prefix}${String(codes).padStart(18 - prefix.length, '0')}`;
}

export function sale(reference: string, yuan = '88.88', code = freshCode()): Record<string, unknown> {
  return { out_trade_no: reference, total_amount: yuan, subject: 'Counter sale', scene: 'bar_code', auth_code: code };
}
