import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JsonObject, Sensitive } from '@tillwright/core/contract';
import { Decorator } from 'wechatpay-axios-plugin';
import type { WechatCall, WechatGateway, WechatHeard } from './gateway.js';
import { carriedBy, type WechatCarrier } from './carrier.js';
import { oneConnection } from './one-connection.js';
import { refused } from './options.js';

const ANSWER_BYTES_MAX = 1_000_000;

/**
 * The gateway on the SDK: one signed request, and an answer of any HTTP status verified.
 *
 * The SDK leaves bodies unverified whose status its client calls an error. So no status is called one here: then it
 * verifies every answer, and raises what does not verify.
 * @param options.privateKey the merchant's API key, PEM
 * @param options.platformKeys serial or `PUB_KEY_ID_...` -> WeChat Pay's public key or platform certificate, PEM
 * @throws PLUGIN_OPTIONS_INVALID for a key that is none; its text never shows the key
 */
export const sdkGateway = (options: {
  readonly mchid: string;
  readonly serial: string;
  readonly privateKey: string | Sensitive<string>;
  readonly platformKeys: { readonly [serial: string]: string };
  readonly baseUrl?: string;
  /** In place of the network. */
  readonly carrier?: WechatCarrier;
}): WechatGateway => {
  const client = new Decorator({
    mchid: options.mchid,
    serial: options.serial,
    privateKey: privateKeyOf(options.privateKey),
    certs: platformKeysOf(options.platformKeys, options.serial),
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl }),
    validateStatus: () => true,
    maxRedirects: 0,
    maxContentLength: ANSWER_BYTES_MAX,
    // What stands in the environment must not decide through whom a payer's code passes.
    proxy: false,
  });
  const { carrier } = options;
  return (call) => (carrier === undefined ? once(client, call) : carried(client, call, carrier));
};

const once = async (client: Decorator, { method, path, query, body, timeoutMs }: WechatCall): Promise<WechatHeard> => {
  const { httpAgent, httpsAgent, sent } = oneConnection();
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await client.request(path, method.toLowerCase(), body, { httpAgent, httpsAgent, signal, ...(query === undefined ? {} : { params: query }) });
    return answer(response.status, response.data);
  } catch (error) {
    return failed(error, { sent: sent(), timedOut: signal.aborted });
  } finally {
    httpAgent.destroy();
    httpsAgent.destroy();
  }
};

const carried = async (client: Decorator, { method, path, query, body, timeoutMs }: WechatCall, carrier: WechatCarrier): Promise<WechatHeard> => {
  const { clock } = carrier;
  const late = new AbortController();
  const answered = new AbortController();
  let sent = false;
  clock.until(clock.now() + timeoutMs, answered.signal).then(() => late.abort(), () => {});
  const adapter = carriedBy(carrier, () => (sent = true), late.signal);
  try {
    const response = await client.request(path, method.toLowerCase(), body, { adapter, signal: late.signal, ...(query === undefined ? {} : { params: query }) });
    return answer(response.status, response.data);
  } catch (error) {
    return failed(error, { sent, timedOut: late.signal.aborted });
  } finally {
    answered.abort();
  }
};

const answer = (status: number, body: unknown): WechatHeard => {
  if (status === 204 || body === '') return { heard: 'answer', status, body: {} };
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { heard: 'silence', sent: true, reason: 'garbled', why: 'the answer holds no object', status };
  }
  return { heard: 'answer', status, body: body as JsonObject };
};

/** The SDK's errors carry the request, payer's code included: only their kind is told on. */
const failed = (error: unknown, how: { readonly sent: boolean; readonly timedOut: boolean }): WechatHeard => {
  const { code, response } = (typeof error === 'object' && error !== null ? error : {}) as { readonly code?: unknown; readonly response?: { readonly status?: unknown } };
  const status = typeof response?.status === 'number' ? response.status : undefined;
  if (status !== undefined) {
    return status >= 500
      ? { heard: 'silence', sent: true, reason: 'host-error', why: `HTTP status ${status}, not verified`, status }
      : { heard: 'silence', sent: true, reason: 'unverified', why: `an answer with HTTP status ${status} does not verify (${plain(code)})`, status };
  }
  if (!how.sent) return { heard: 'silence', sent: false, reason: 'no-answer', why: `WeChat Pay could not be reached (${plain(code)})` };
  if (how.timedOut) return { heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' };
  return { heard: 'silence', sent: true, reason: 'no-answer', why: `the connection broke (${plain(code)})` };
};

const plain = (code: unknown): string => (typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code) ? code : 'no code');

const privateKeyOf = (given: string | Sensitive<string>): string => {
  try {
    const key = createPrivateKey(typeof given === 'string' ? given : given.reveal());
    if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'pem', type: 'pkcs8' }).toString();
  } catch {
    // Told below, without the text.
  }
  throw refused("options/privateKey is no RSA private key: give the merchant's API key (apiclient_key.pem) as PEM");
};

const platformKeysOf = (keys: { readonly [serial: string]: string }, merchantSerial: string): { [serial: string]: KeyObject } => {
  const entries = Object.entries(keys);
  if (entries.length === 0) throw refused("options/platformKeys is empty: without WeChat Pay's public key no answer could be believed");
  if (Object.hasOwn(keys, merchantSerial)) throw refused("options/platformKeys holds the merchant's own certificate: give WeChat Pay's public key or platform certificate");
  return Object.fromEntries(entries.map(([serial, pem]) => [serial, publicKeyOf(serial, pem)]));
};

const publicKeyOf = (serial: string, pem: string): KeyObject => {
  try {
    // A certificate is taken too, as its key.
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // Told below, without the text.
  }
  throw refused(`options/platformKeys/${serial} is no RSA public key or certificate (PEM)`);
};
