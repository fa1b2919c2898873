import { Sensitive } from '@tillwright/core/contract';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Decorator, Rsa } from 'wechatpay-axios-plugin';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WechatCarrier } from './carrier.js';
import type { WechatCall, WechatHeard } from './gateway.js';
import { sdkGateway } from './sdk-gateway.js';
import { answering, MERCHANT_SERIAL, merchantKeys, PLATFORM_SERIAL, platformKeys, selfSigned, signedHeaders, startTestGateway, strangerKeys } from './test-gateway.js';
import type { Respond, TestGateway } from './test-gateway.js';

const CODE = '130012345678901234';
const GENUINE = { trade_state: 'SUCCESS', out_trade_no: 'WS1', amount: { total: 8888 } };
const DECLINE = { code: 'NOTENOUGH', message: '余额不足' };
const setup = { mchid: '1900000001', serial: MERCHANT_SERIAL, privateKey: merchantKeys.privateKey, platformKeys: { [PLATFORM_SERIAL]: platformKeys.publicKey } };
const codepay = { method: 'POST', path: 'v3/pay/transactions/codepay', body: { out_trade_no: 'WS1', payer: { auth_code: CODE } }, timeoutMs: 5_000 } as const;

let host: TestGateway;
beforeEach(async () => {
  host = await startTestGateway();
});
afterEach(() => host.close());

const pay = (respond: Respond, timeoutMs = 5_000): Promise<WechatHeard> => {
  host.respond = respond;
  return sdkGateway({ ...setup, baseUrl: host.url })({ ...codepay, timeoutMs });
};
const distrusted = { heard: 'silence', sent: true, reason: 'unverified' };

describe('what is sent', () => {
  it('is one signed POST, or one signed GET with its query', async () => {
    expect(await pay(answering(200, GENUINE))).toEqual({ heard: 'answer', status: 200, body: GENUINE });
    const gateway = sdkGateway({ ...setup, baseUrl: host.url });
    expect(await gateway({ method: 'GET', path: 'v3/pay/transactions/out-trade-no/WS1', query: { mchid: '1900000001' }, timeoutMs: 5_000 })).toMatchObject({ heard: 'answer' });
    expect(host.seen).toEqual([
      { method: 'POST', target: '/v3/pay/transactions/codepay', body: codepay.body, signatureFits: true },
      { method: 'GET', target: '/v3/pay/transactions/out-trade-no/WS1?mchid=1900000001', body: {}, signatureFits: true },
    ]);
  });

  it('is not repeated when the connection breaks after it', async () => {
    expect(await pay((_seen, _response, request) => void request.socket.destroy())).toMatchObject({ heard: 'silence', sent: true, reason: 'no-answer' });
    expect(host.seen).toHaveLength(1);
  });

  it.each([302, 307, 308])('does not follow a redirect (%i), which would hand the code to another place', async (status) => {
    const other = await startTestGateway();
    try {
      expect(await pay((_seen, response) => void response.writeHead(status, { location: other.url }).end())).toMatchObject({ heard: 'silence', sent: true });
      expect([host.seen.length, other.seen.length]).toEqual([1, 0]);
    } finally {
      await other.close();
    }
  });

  it('does not pass through a proxy that the environment names', async () => {
    const other = await startTestGateway();
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = other.url;
    try {
      await pay(answering(200, GENUINE));
      expect([host.seen.length, other.seen.length]).toEqual([1, 0]);
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
      await other.close();
    }
  });

  it('was not sent when nobody listens, when the name is unknown, or when TLS does not come about', async () => {
    const nobody = await startTestGateway();
    await nobody.close();
    const refused = await sdkGateway({ ...setup, baseUrl: nobody.url })(codepay);
    expect(refused).toEqual({ heard: 'silence', sent: false, reason: 'no-answer', why: 'WeChat Pay could not be reached (ECONNREFUSED)' });
    expect(await sdkGateway({ ...setup, baseUrl: 'http://gateway.invalid/' })(codepay)).toMatchObject({ heard: 'silence', sent: false });
    expect(await sdkGateway({ ...setup, baseUrl: host.url.replace('http:', 'https:') })(codepay)).toMatchObject({ heard: 'silence', sent: false });
    expect(host.seen).toEqual([]);
  });
});

describe('over TLS', () => {
  let lost: Server;
  let heard = 0;
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  beforeEach(async () => {
    heard = 0;
    // The certificate is nobody's: what is looked at here is the connection.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    lost = createServer({ key: strangerKeys.privateKey, cert: selfSigned(strangerKeys) }, (request) => {
      heard += 1;
      request.socket.destroy();
    });
    await new Promise<void>((resolve) => lost.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    await new Promise((resolve) => lost.close(resolve));
  });

  it('a request whose answer was lost has been sent', async () => {
    const gateway = sdkGateway({ ...setup, baseUrl: `https://127.0.0.1:${(lost.address() as AddressInfo).port}/` });
    expect(await gateway(codepay)).toMatchObject({ heard: 'silence', sent: true, reason: 'no-answer' });
    expect(heard).toBe(1);
  });

  it('with a certificate that is not trusted nothing leaves', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '1';
    const gateway = sdkGateway({ ...setup, baseUrl: `https://127.0.0.1:${(lost.address() as AddressInfo).port}/` });
    expect(await gateway(codepay)).toMatchObject({ heard: 'silence', sent: false, reason: 'no-answer' });
    expect(heard).toBe(0);
  });
});

describe('an answer of any HTTP status is believed only when its signature covers the raw body', () => {
  it('with unusual white space, escapes and member order', async () => {
    const text = ' {\n"trade_state_desc" : "\\u652f\\u4ed8\\/ok" ,\t"trade_state":"SUCCESS" } ';
    expect(await pay(answering(200, text))).toEqual({ heard: 'answer', status: 200, body: { trade_state_desc: '支付/ok', trade_state: 'SUCCESS' } });
    expect(await pay(answering(200, text, { signedBody: JSON.stringify(JSON.parse(text)) }))).toMatchObject(distrusted);
  });

  it.each([200, 400, 403, 404])('HTTP %i: signed is an answer', async (status) => {
    expect(await pay(answering(status, DECLINE))).toEqual({ heard: 'answer', status, body: DECLINE });
  });

  it.each([200, 400, 401, 403, 404, 429])('HTTP %i: forged, or not signed, is none', async (status) => {
    const forged = [{ key: strangerKeys.privateKey }, { signedBody: '{}' }, { prefix: 'WECHATPAY/SIGNTEST/' }, { serial: 'ANOTHER' }, { serial: '__proto__' }, { atSeconds: Math.floor(Date.now() / 1000) - 301 }];
    for (const different of forged) expect(await pay(answering(status, DECLINE, different))).toMatchObject({ ...distrusted, status });
    for (const without of Object.keys(signedHeaders('')).slice(1)) expect(await pay(answering(status, DECLINE, { without }))).toMatchObject({ ...distrusted, status });
    expect(await pay((_seen, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(DECLINE)))).toMatchObject({ ...distrusted, status });
  });

  it('and the SDK by itself hands on an unverified refusal: why it is told that no status is an error', async () => {
    host.respond = (_seen, response) => void response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(DECLINE));
    const alone = new Decorator({ mchid: setup.mchid, serial: setup.serial, privateKey: setup.privateKey, certs: setup.platformKeys, baseURL: host.url });
    await expect(Promise.resolve(alone.request(codepay.path, 'post', {}))).rejects.toMatchObject({ response: { status: 403, data: DECLINE } });
  });

  it('204 has no body and is signed all the same', async () => {
    const gateway = sdkGateway({ ...setup, baseUrl: host.url });
    const close = { method: 'POST', path: 'v3/pay/transactions/out-trade-no/WS1/close', body: {}, timeoutMs: 5_000 } as const;
    host.respond = (_seen, response) => void response.writeHead(204, signedHeaders('')).end();
    expect(await gateway(close)).toEqual({ heard: 'answer', status: 204, body: {} });
    host.respond = (_seen, response) => void response.writeHead(204).end();
    expect(await gateway(close)).toMatchObject(distrusted);
  });
});

describe('silence after sending', () => {
  it('no answer in time', async () => {
    expect(await pay(() => undefined, 200)).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
    expect(host.seen).toHaveLength(1);
  });

  it('an answer that begins and never ends', async () => {
    const heard = await pay((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    }, 300);
    expect(heard).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
  });

  it.each([
    ['as it is', {}, (text: string) => text],
    ['packed', { 'Content-Encoding': 'gzip' }, (text: string) => gzipSync(text)],
  ])('an answer longer than any, %s: the till does not take it all in', async (_how, headers, written) => {
    const text = JSON.stringify({ ...GENUINE, note: ' '.repeat(5_000_000) });
    expect(await pay((_seen, response) => void response.writeHead(200, { ...signedHeaders(text), ...headers }).end(written(text)))).toMatchObject({ heard: 'silence', sent: true });
  });

  it.each([500, 502, 503])('HTTP %i without a signature', async (status) => {
    expect(await pay((_seen, response) => void response.writeHead(status).end('<html>'))).toEqual({ heard: 'silence', sent: true, reason: 'host-error', why: `HTTP status ${status}, not verified`, status });
  });

  it.each(['', '<html>', '{', 'null', '[]', '17'])('signed, and no object: %j', async (text) => {
    const heard = await pay(answering(200, text));
    // An empty 200 is an answer that says nothing.
    if (text === '') expect(heard).toEqual({ heard: 'answer', status: 200, body: {} });
    else expect(heard).toMatchObject({ heard: 'silence', sent: true, reason: 'garbled' });
  });

  it('is told without the code and without what the answer said', async () => {
    const told = [await pay(answering(400, { message: CODE }, { signedBody: 'x' })), await pay((_seen, response) => void response.writeHead(500).end(CODE)), await pay((_seen, response, request) => void (response.write(CODE), request.socket.destroy()))];
    expect(JSON.stringify(told)).not.toContain(CODE.slice(0, 8));
  });
});

describe('another carrier than the network', () => {
  /** Time passes when the test says so. */
  const carriedOver = (call: WechatCall, exchange: (...args: [...Parameters<WechatCarrier['exchange']>, over: () => void]) => ReturnType<WechatCarrier['exchange']>) => {
    let over = (): void => undefined;
    const ended = { waits: 0 };
    const clock: WechatCarrier['clock'] = {
      now: () => 1_000,
      until: (atMs, signal) =>
        new Promise((resolve, reject) => {
          expect(atMs).toBe(6_000);
          ended.waits += 1;
          over = resolve;
          signal?.addEventListener('abort', () => {
            ended.waits -= 1;
            reject(new Error('no longer waited for'));
          });
        }),
    };
    const carrier: WechatCarrier = { clock, exchange: (request, sent, signal) => exchange(request, sent, signal, () => over()) };
    return { ended, heard: sdkGateway({ ...setup, baseUrl: 'http://host.example/', carrier })(call) };
  };
  const text = JSON.stringify(GENUINE);
  // As headers come from the network: in small letters.
  const headers = Object.fromEntries(Object.entries(signedHeaders(text)).map(([name, value]) => [name.toLowerCase(), value]));

  it('takes one signed request there and its answer back', async () => {
    const carried: Parameters<WechatCarrier['exchange']>[0][] = [];
    const back = (request: Parameters<WechatCarrier['exchange']>[0], sent: () => void) => {
      carried.push(request);
      sent();
      return Promise.resolve({ status: 200, headers, body: text });
    };
    const first = carriedOver(codepay, back);
    expect(await first.heard).toEqual({ heard: 'answer', status: 200, body: GENUINE });
    await carriedOver({ method: 'GET', path: 'v3/pay/transactions/out-trade-no/WS1', query: { mchid: '1900000001' }, timeoutMs: 5_000 }, back).heard;
    const signature = { authorization: expect.stringMatching(/^WECHATPAY2-SHA256-RSA2048 /) };
    expect(carried).toMatchObject([
      { method: 'POST', target: '/v3/pay/transactions/codepay', headers: signature, body: JSON.stringify(codepay.body) },
      { method: 'GET', target: '/v3/pay/transactions/out-trade-no/WS1?mchid=1900000001', headers: signature, body: '' },
    ]);
    // Nothing waits on for an answer that has come.
    expect(first.ended.waits).toBe(0);
  });

  it('knows what was sent when no connection came about, when it broke, and when no answer came', async () => {
    const unreached = carriedOver(codepay, () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
    expect(await unreached.heard).toMatchObject({ heard: 'silence', sent: false, reason: 'no-answer' });
    const broken = carriedOver(codepay, (_request, sent) => {
      sent();
      return Promise.reject(new Error('broken'));
    });
    expect(await broken.heard).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'the connection broke (no code)' });
    const late = carriedOver(codepay, (_request, sent, signal, over) => {
      sent();
      over();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    });
    expect(await late.heard).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
    const forged = carriedOver(codepay, (_request, sent) => {
      sent();
      return Promise.resolve({ status: 200, headers, body: text.replace('8888', '888') });
    });
    expect(await forged.heard).toMatchObject(distrusted);
  });
});

describe('keys', () => {
  it('are taken as text, or as what nobody may see', async () => {
    host.respond = answering(200, GENUINE);
    const gateway = sdkGateway({ ...setup, privateKey: new Sensitive(setup.privateKey), baseUrl: host.url });
    expect(await gateway(codepay)).toMatchObject({ heard: 'answer' });
    expect(host.seen).toMatchObject([{ signatureFits: true }]);
  });

  it('that are none are refused at once, without being shown', () => {
    const wrong = (more: object): string => {
      try {
        sdkGateway({ ...setup, ...more });
        return 'taken';
      } catch (error) {
        return String(error);
      }
    };
    expect(wrong({})).toBe('taken');
    expect(wrong({ privateKey: 'SECRETSECRET' })).toMatch(/^TillwrightError: PLUGIN_OPTIONS_INVALID: .*options\/privateKey is no RSA private key((?!SECRET).)*$/);
    expect(wrong({ privateKey: 5 })).toMatch(/options\/privateKey is no RSA private key/);
    // Keys of another kind sign nothing here.
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    expect(wrong({ privateKey: ec.privateKey })).toMatch(/options\/privateKey is no RSA private key/);
    expect(wrong({ platformKeys: { X: ec.publicKey } })).toMatch(/options\/platformKeys\/X is no RSA public key/);
    expect(wrong({ platformKeys: {} })).toMatch(/options\/platformKeys is empty/);
    expect(wrong({ platformKeys: { X: 'SECRETSECRET' } })).toMatch(/options\/platformKeys\/X is no RSA public key((?!SECRET).)*$/);
    expect(wrong({ platformKeys: { [MERCHANT_SERIAL]: platformKeys.publicKey } })).toMatch(/merchant's own certificate/);
  });
});

const vectorsFile = new URL('../../../../shared/vectors/payment-vectors.json', import.meta.url);
describe.skipIf(!existsSync(vectorsFile))('published vectors (skipped where ../shared is absent)', () => {
  interface Vectors {
    readonly wechat_v3: {
      readonly rsa: { readonly message: string; readonly certificatePem: string; readonly signatureBase64: string };
    };
  }
  const vectors = () => (JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors).wechat_v3;

  it('a platform certificate verifies, and is taken as a key', () => {
    const { rsa } = vectors();
    expect(Rsa.verify(rsa.message, rsa.signatureBase64, rsa.certificatePem)).toBe(true);
    expect(Rsa.verify(`${rsa.message} `, rsa.signatureBase64, rsa.certificatePem)).toBe(false);
    expect(() => sdkGateway({ ...setup, platformKeys: { A1: rsa.certificatePem } })).not.toThrow();
  });

});
