import { createPrivateKey, createPublicKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, Sensitive } from '@tillwright/core/contract';
import { AlipaySdk } from 'alipay-sdk';
import type { AlipaySdkConfig } from 'alipay-sdk';
import type { AlipayCarrier } from './carrier.js';
import type { AlipayGateway, AlipayHeard } from './gateway.js';
import { OneRequestDispatcher } from './one-request.js';
import type { OneRequest, Transport } from './one-request.js';
import { refused } from './options.js';
import { toGmt8 } from './time.js';

const CONNECT_WITHIN_MS = 5_000;
/** Longer than any call may take: the call's own limit decides, not the SDK's. */
const SDK_TIMEOUT_MS = 10 * 60_000;

/** Raised where an answer came that can't be believed; its text holds nothing of the answer. */
class UnverifiedAnswer extends Error {}

/**
 * The SDK cuts the signed text out of the answer by searching, and reads the members by parsing the whole: with a
 * doubled or a look-alike member the two can differ. An answer counts only when what was signed is what was read.
 */
class VerifyingSdk extends AlipaySdk {
  override checkResponseSign(raw: string, responseKey: string, sign: string, traceId: string): void {
    if (typeof sign !== 'string' || sign === '') throw new UnverifiedAnswer('the answer is not signed');
    const whole: unknown = JSON.parse(raw);
    const read = typeof whole === 'object' && whole !== null ? (whole as { readonly [key: string]: unknown })[responseKey] : undefined;
    try {
      super.checkResponseSign(raw, responseKey, sign, traceId);
      if (!isDeepStrictEqual(JSON.parse(this.getSignStr(raw, responseKey)), read)) throw new Error('differs');
    } catch {
      throw new UnverifiedAnswer("the answer's signature does not verify");
    }
  }
}

/**
 * The gateway on the official SDK: one POST to `gateway.do`, signed RSA2, the answer always verified.
 * @param options.privateKey the application's key, PKCS#1 or PKCS#8, as PEM or its base64 body
 * @param options.alipayPublicKey Alipay's key (not the application's), as PEM or its base64 body
 * @throws PLUGIN_OPTIONS_INVALID for a key that is none; its text never shows the key
 */
export const sdkGateway = (options: {
  readonly appId: string;
  readonly privateKey: string | Sensitive<string>;
  readonly alipayPublicKey: string;
  readonly gatewayUrl?: string;
  readonly now: () => number;
  /** In place of the network. */
  readonly carrier?: AlipayCarrier;
}): AlipayGateway => {
  const dispatcher = new OneRequestDispatcher({ connectWithinMs: CONNECT_WITHIN_MS, carrier: options.carrier });
  const config: AlipaySdkConfig = {
    appId: options.appId,
    privateKey: privateKeyBody(options.privateKey),
    keyType: 'PKCS8',
    alipayPublicKey: publicKeyBody(options.alipayPublicKey),
    signType: 'RSA2',
    camelcase: false,
    timeout: SDK_TIMEOUT_MS,
    ...(options.gatewayUrl === undefined ? {} : { gateway: options.gatewayUrl }),
  };
  // An SDK for each call, for its transport knows which call it sends for. To tell that apart by AsyncLocalStorage would be felt by every promise of the process.
  const sdkOver = (transport: Transport): AlipaySdk => new VerifyingSdk({ ...config, proxyAgent: transport as unknown as NonNullable<AlipaySdkConfig['proxyAgent']> });
  return async ({ method, content, timeoutMs }) => {
    // The SDK would stamp the request with the machine's own time zone; the protocol wants GMT+8.
    const params = { timestamp: toGmt8(options.now()), bizContent: content };
    const { request, result } = await dispatcher.run(timeoutMs, (transport) => sdkOver(transport).exec(method, params, { validateSign: true }));
    if (result.status === 'fulfilled') return answer(result.value);
    return failed(request, result.reason);
  };
};

const answer = (body: unknown): AlipayHeard => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { heard: 'silence', sent: true, reason: 'garbled', why: 'the answer holds no object' };
  }
  const { traceId: _traceId, ...members } = body as JsonObject;
  return { heard: 'answer', body: members };
};

/**
 * One class of error without a code stands for time-out, HTTP status, garbage and bad signature, and its text repeats
 * the answer: only what kind it was is told on.
 */
const failed = (request: OneRequest, error: unknown): AlipayHeard => {
  const sent = request.sent;
  if (error instanceof UnverifiedAnswer) return { heard: 'silence', sent, reason: 'unverified', why: error.message };
  if (!sent) return { heard: 'silence', sent, reason: 'no-answer', why: `Alipay could not be reached (${networkCode(error) ?? 'nothing was sent'})` };
  if (request.unreadable !== undefined) return { heard: 'silence', sent, reason: 'garbled', why: request.unreadable };
  if (request.timedOut) return { heard: 'silence', sent, reason: 'no-answer', why: 'no answer in time' };
  if (request.again) return { heard: 'silence', sent, reason: 'no-answer', why: 'the connection broke, or the host pointed elsewhere' };
  const code = networkCode(error);
  if (code !== undefined) return { heard: 'silence', sent, reason: 'no-answer', why: `the connection broke (${code})` };
  const status = /status: (\d{3})\b/.exec(error instanceof Error ? error.message : '')?.[1];
  if (status !== undefined) return { heard: 'silence', sent, reason: 'host-error', why: `HTTP status ${status}` };
  return { heard: 'silence', sent, reason: 'garbled', why: 'the answer could not be read' };
};

const networkCode = (error: unknown): string | undefined => {
  for (let at: unknown = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth += 1) {
    const { code, cause } = at as { readonly code?: unknown; readonly cause?: unknown };
    if (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code)) return code;
    at = cause;
  }
  return undefined;
};

const privateKeyBody = (given: string | Sensitive<string>): string => {
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    try {
      const body = pemBody(typeof given === 'string' ? given : given.reveal());
      const key = createPrivateKey({ key: Buffer.from(body, 'base64'), format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    } catch {
      // Not of this type: the other one is tried, and then it is told.
    }
  }
  throw refused('options/privateKey is no RSA private key: give the application key as PEM (PKCS#1 or PKCS#8) or its base64 body');
};

const publicKeyBody = (text: string): string => {
  try {
    const key = createPublicKey({ key: Buffer.from(pemBody(text), 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'der', type: 'spki' }).toString('base64');
  } catch {
    // Told below, without the text.
  }
  throw refused("options/alipayPublicKey is no RSA public key: give Alipay's own public key (not the application's) as PEM or its base64 body");
};

const pemBody = (text: string): string => text.replace(/-----[^-]+-----/g, '').replace(/\s+/g, '');
