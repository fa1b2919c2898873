import { Sensitive } from '@tillwright/core/contract';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { AlipaySdk } from 'alipay-sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlipayCarrier } from './carrier.js';
import type { AlipayHeard } from './gateway.js';
import { sdkGateway } from './sdk-gateway.js';
import { alipayKeys, answering, appKeys, nodeName, sign, signedBody, startTestGateway, strangerKeys } from './test-gateway.js';
import type { Respond, TestGateway } from './test-gateway.js';

const PAY = 'alipay.trade.pay';
const CODE = '280012345678901234';
const GENUINE = { code: '10000', msg: 'Success', out_trade_no: 'AS1', total_amount: '88.88', trade_no: '2014112611001004680073956707' };

let host: TestGateway;
beforeEach(async () => {
  host = await startTestGateway();
});
afterEach(() => host.close());

const open = (gatewayUrl = host.url) =>
  sdkGateway({ appId: '2021000000000001', privateKey: appKeys.privateKey, alipayPublicKey: alipayKeys.publicKey, gatewayUrl, now: Date.now });

const pay = (respond: Respond, timeoutMs = 5_000): Promise<AlipayHeard> => {
  host.respond = respond;
  return open()({ method: PAY, content: { out_trade_no: 'AS1', auth_code: CODE, total_amount: '88.88' }, timeoutMs });
};
const body = (text: string): Respond => (_seen, response) => void response.end(text);
const bare = (pem: string): string => pem.replace(/-----[^-]+-----|\s/g, '');
const distrusted = { heard: 'silence', sent: true, reason: 'unverified' };

describe('what is sent', () => {
  it('is one POST, signed RSA2 over all parameters, stamped in GMT+8 wherever the till stands', async () => {
    const heard = await pay(answering(GENUINE));
    expect(heard).toEqual({ heard: 'answer', body: GENUINE });
    expect(host.seen).toHaveLength(1);
    const [seen] = host.seen;
    expect(seen).toMatchObject({ method: PAY, signatureFits: true, content: { out_trade_no: 'AS1', auth_code: CODE, total_amount: '88.88' } });
    const sentAt = Date.parse(`${seen?.timestamp.replace(' ', 'T')}+08:00`);
    expect(Math.abs(Date.now() - sentAt)).toBeLessThan(60_000);
  });

  it('is a form, and asks for an answer that is not packed: a packed one is not read', async () => {
    const headers: IncomingHttpHeaders[] = [];
    const heard = await pay((seen, response, request) => {
      headers.push(request.headers);
      answering(GENUINE)(seen, response, request);
    });
    expect(heard).toMatchObject({ heard: 'answer' });
    expect(headers).toMatchObject([{ 'accept-encoding': 'identity', 'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/) }]);
  });

  it('is not repeated when the connection breaks after it: the HTTP client would', async () => {
    const heard = await pay((_seen, _response, request) => void request.socket.destroy());
    expect(heard).toMatchObject({ heard: 'silence', sent: true, reason: 'no-answer' });
    expect(host.seen).toHaveLength(1);
  });

  it.each([302, 307, 308])('does not follow a redirect (%i), which would hand the code to another place', async (status) => {
    const other = await startTestGateway();
    try {
      const heard = await pay((_seen, response) => void response.writeHead(status, { location: other.url }).end());
      expect(heard).toMatchObject({ heard: 'silence', sent: true });
      expect([host.seen.length, other.seen.length]).toEqual([1, 0]);
    } finally {
      await other.close();
    }
  });

  it('was not sent when nobody listens, or when the name is unknown', async () => {
    const nobody = await startTestGateway();
    await nobody.close();
    const call = { method: PAY, content: { auth_code: CODE }, timeoutMs: 5_000 } as const;
    expect(await open(nobody.url)(call)).toEqual({ heard: 'silence', sent: false, reason: 'no-answer', why: 'Alipay could not be reached (ECONNREFUSED)' });
    expect(await open('http://gateway.invalid/gateway.do')(call)).toMatchObject({ heard: 'silence', sent: false, reason: 'no-answer' });
  });
});

describe('an answer is believed only when its signature covers the raw text that is read', () => {
  it('with unusual white space, escapes and member order', async () => {
    const node = '{ "msg" : "\\u6210\\u529f \\/ ok",\n\t"code":"10000" , "out_trade_no":"AS1","note":"a \\"sign\\" }{ in text","total_amount":"88.88"}';
    const heard = await pay((_seen, response) => void response.end(` { "${nodeName(PAY)}" : ${node} , "sign" : "${sign(node)}" } `));
    expect(heard).toEqual({ heard: 'answer', body: { msg: '成功 / ok', code: '10000', out_trade_no: 'AS1', note: 'a "sign" }{ in text', total_amount: '88.88' } });
  });

  it('not when it was signed over a text written anew', async () => {
    const node = '{"code":"10000","qr_code":"https:\\/\\/qr"}';
    const heard = await pay(body(`{"${nodeName(PAY)}":${node},"sign":"${sign(JSON.stringify(JSON.parse(node)))}"}`));
    expect(heard).toMatchObject(distrusted);
  });

  it('not when it is forged: changed after signing, signed by a stranger, not signed, or signed with something else', async () => {
    const genuine = JSON.stringify(GENUINE);
    expect(await pay(body(signedBody(PAY, genuine).replace('88.88', '8.88')))).toMatchObject(distrusted);
    expect(await pay(body(signedBody(PAY, genuine, strangerKeys.privateKey)))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${genuine}}`))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${genuine},"sign":null}`))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${genuine},"sign":""}`))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${genuine},"sign":17}`))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${genuine},"sign":"bm90IGEgc2lnbmF0dXJl"}`))).toMatchObject(distrusted);
  });

  it('not in an error_response, which the gateway leaves unsigned', async () => {
    expect(await pay(body('{"error_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}}'))).toMatchObject(distrusted);
  });

  it('not when a genuine answer is carried beside the forged one that would be read', async () => {
    const genuine = JSON.stringify({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    const forged = JSON.stringify(GENUINE);
    const carrier = `{"x_${nodeName(PAY)}":${genuine},"sign":"${sign(genuine)}","${nodeName(PAY)}":${forged}}`;
    // The SDK alone cuts out the first, and reads the second.
    host.respond = body(carrier);
    const alone = new AlipaySdk({ appId: '2021000000000001', privateKey: appKeys.privateKey, keyType: 'PKCS8', alipayPublicKey: alipayKeys.publicKey, gateway: host.url, camelcase: false });
    expect(await alone.exec(PAY, { bizContent: {} }, { validateSign: true })).toMatchObject(GENUINE);
    expect(await pay(body(carrier))).toMatchObject(distrusted);
    expect(await pay(body(`{"${nodeName(PAY)}":${forged},"${nodeName(PAY)}":${genuine},"sign":"${sign(genuine)}"}`))).toMatchObject(distrusted);
  });

  it('and the SDK without being told verifies nothing: why it is always told', async () => {
    host.respond = body(`{"${nodeName(PAY)}":${JSON.stringify(GENUINE)},"sign":"bm90IGEgc2lnbmF0dXJl"}`);
    const untold = new AlipaySdk({ appId: '1', privateKey: appKeys.privateKey, keyType: 'PKCS8', alipayPublicKey: alipayKeys.publicKey, gateway: host.url, camelcase: false });
    expect(await untold.exec(PAY, { bizContent: {} })).toMatchObject(GENUINE);
  });
});

describe('silence after sending', () => {
  it('no answer in time', async () => {
    // Time enough to sign and send, however busy the machine is.
    expect(await pay(() => undefined, 2_000)).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
    expect(host.seen).toHaveLength(1);
  });

  it('an answer that begins and never ends', async () => {
    const heard = await pay((_seen, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    }, 300);
    expect(heard).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
  });

  it('an answer longer than any: the till does not take it all in', async () => {
    const heard = await pay((_seen, response) => void response.end(' '.repeat(5_000_000)), 60_000);
    expect(heard).toEqual({ heard: 'silence', sent: true, reason: 'garbled', why: 'the answer is longer than any answer' });
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ] as const)('an answer that is packed with %s is not unpacked: a few bytes may hold more than the till has room for', async (encoding, pack) => {
    const heard = await pay((seen, response) => void response.writeHead(200, { 'Content-Encoding': encoding }).end(pack(signedBody(seen.method, JSON.stringify(GENUINE)))), 60_000);
    expect(heard).toEqual({ heard: 'silence', sent: true, reason: 'garbled', why: 'the answer is packed, which nobody asked for' });
  });

  it('an answer that says it is not packed is read', async () => {
    const heard = await pay((seen, response) => void response.writeHead(200, { Vary: 'Content-Encoding', 'Content-Encoding': 'identity' }).end(signedBody(seen.method, JSON.stringify(GENUINE))));
    expect(heard).toEqual({ heard: 'answer', body: GENUINE });
  });

  it.each([400, 404, 500, 502, 503])('HTTP %i, even with a genuine answer inside', async (status) => {
    const heard = await pay((seen, response) => void response.writeHead(status).end(signedBody(seen.method, JSON.stringify(GENUINE))));
    expect(heard).toEqual({ heard: 'silence', sent: true, reason: 'host-error', why: `HTTP status ${status}` });
  });

  it.each(['', '<html>', '{', 'null', '[]', '{}', '17', '{"alipay_trade_pay_response":', `{"${nodeName(PAY)}":null,"sign":"x"}`])('a body that is no answer: %j', async (text) => {
    expect(await pay(body(text))).toMatchObject({ heard: 'silence', sent: true, reason: expect.stringMatching(/^(?:garbled|unverified)$/) });
  });

  it.each(['"10000"', '["10000"]', '7', 'true'])('a signed answer that is no object: %s', async (node) => {
    expect(await pay(body(signedBody(PAY, node)))).toMatchObject({ heard: 'silence', sent: true });
  });

  it('is told without the code and without what the answer said', async () => {
    const secret = `13800138000 ${CODE}`;
    for (const text of [secret, `{"${nodeName(PAY)}":{"code":"10000","buyer":"${secret}"},"sign":"eA=="}`, `{"error_response":{"sub_msg":"${secret}"}}`]) {
      expect(JSON.stringify(await pay(body(text)))).not.toContain('138001');
    }
  });
});

describe('another carrier than the network', () => {
  const answered = JSON.stringify(GENUINE);
  /** Time passes when the test says so. */
  const carriedOver = (exchange: (...args: [...Parameters<AlipayCarrier['exchange']>, over: () => void]) => ReturnType<AlipayCarrier['exchange']>) => {
    let over = (): void => undefined;
    const ended = { waits: 0 };
    const clock: AlipayCarrier['clock'] = {
      now: () => 1_000,
      until: (atMs, signal) =>
        new Promise((resolve, reject) => {
          expect(atMs).toBe(1_200);
          ended.waits += 1;
          over = resolve;
          signal?.addEventListener('abort', () => {
            ended.waits -= 1;
            reject(new Error('no longer waited for'));
          });
        }),
    };
    const carrier: AlipayCarrier = { clock, exchange: (request, sent, signal) => exchange(request, sent, signal, () => over()) };
    const gateway = sdkGateway({ appId: '2021000000000001', privateKey: appKeys.privateKey, alipayPublicKey: alipayKeys.publicKey, gatewayUrl: 'http://gateway.example/gateway.do', now: Date.now, carrier });
    return { ended, heard: gateway({ method: PAY, content: { out_trade_no: 'AS1', auth_code: CODE }, timeoutMs: 200 }) };
  };
  const genuine = { status: 200, headers: {}, body: `{"${nodeName(PAY)}":${answered},"sign":"${sign(answered)}"}` };

  it('takes one signed request there and its answer back', async () => {
    const carried: Parameters<AlipayCarrier['exchange']>[0][] = [];
    const { ended, heard } = carriedOver((request, sent) => {
      carried.push(request);
      sent();
      return Promise.resolve(genuine);
    });
    expect(await heard).toEqual({ heard: 'answer', body: GENUINE });
    expect(carried).toMatchObject([{ method: 'POST', target: expect.stringMatching(/^\/gateway\.do\?/), headers: { 'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/) } }]);
    expect(Object.fromEntries(new URLSearchParams(carried[0]?.body))).toMatchObject({ biz_content: JSON.stringify({ out_trade_no: 'AS1', auth_code: CODE }) });
    // Nothing waits on for an answer that has come.
    expect(ended.waits).toBe(0);
  });

  it('knows what was sent when no connection came about, when it broke, and when no answer came', async () => {
    const unreached = carriedOver(() => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
    expect(await unreached.heard).toMatchObject({ heard: 'silence', sent: false, reason: 'no-answer' });
    const broken = carriedOver((_request, sent) => {
      sent();
      return Promise.reject(new Error('broken'));
    });
    expect(await broken.heard).toMatchObject({ heard: 'silence', sent: true });
    const late = carriedOver((_request, sent, signal, over) => {
      sent();
      over();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))));
    });
    expect(await late.heard).toEqual({ heard: 'silence', sent: true, reason: 'no-answer', why: 'no answer in time' });
    const forged = carriedOver((_request, sent) => {
      sent();
      return Promise.resolve({ ...genuine, body: genuine.body.replace('88.88', '8.88') });
    });
    expect(await forged.heard).toMatchObject(distrusted);
  });

  it('begins no request whose time ran out before the connection stood', async () => {
    const begun: boolean[] = [];
    const { heard } = carriedOver(async (_request, sent, signal, over) => {
      over();
      await new Promise((resolve) => setImmediate(resolve));
      sent();
      begun.push(!signal.aborted);
      signal.throwIfAborted();
      return genuine;
    });
    expect(await heard).toMatchObject({ heard: 'silence', sent: false, reason: 'no-answer' });
    expect(begun).toEqual([false]);
  });
});

describe('keys', () => {
  const options = { appId: '1', alipayPublicKey: alipayKeys.publicKey, privateKey: appKeys.privateKey, now: Date.now };

  it('are taken as PEM or base64, PKCS#1 or PKCS#8', async () => {
    const pkcs1 = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } });
    for (const privateKey of [appKeys.privateKey, bare(appKeys.privateKey), pkcs1.privateKey, new Sensitive(bare(pkcs1.privateKey))]) {
      host.respond = answering(GENUINE);
      const gateway = sdkGateway({ ...options, privateKey, alipayPublicKey: bare(alipayKeys.publicKey), gatewayUrl: host.url });
      expect(await gateway({ method: PAY, content: {}, timeoutMs: 5_000 })).toMatchObject({ heard: 'answer' });
    }
    expect(host.seen.map((each) => each.signatureFits)).toEqual([true, true, false, false]);
  });

  it('that are none are refused at once, without being shown', () => {
    for (const wrong of ['', 'SECRETSECRET', alipayKeys.publicKey]) {
      expect(() => sdkGateway({ ...options, privateKey: wrong })).toThrow(/options\/privateKey is no RSA private key/);
    }
    for (const wrong of ['', 'SECRETSECRET']) {
      expect(() => sdkGateway({ ...options, alipayPublicKey: wrong })).toThrow(/options\/alipayPublicKey is no RSA public key/);
    }
    // Keys of another kind sign nothing here.
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });
    expect(() => sdkGateway({ ...options, privateKey: ec.privateKey })).toThrow(/options\/privateKey is no RSA private key/);
    expect(() => sdkGateway({ ...options, alipayPublicKey: ec.publicKey })).toThrow(/options\/alipayPublicKey is no RSA public key/);
    expect(() => sdkGateway({ ...options, privateKey: 'SECRETSECRET' })).toThrow(/^((?!SECRET).)*$/s);
  });
});

const vectorsFile = new URL('../../../../shared/vectors/payment-vectors.json', import.meta.url);
describe.skipIf(!existsSync(vectorsFile))('published vector (skipped where ../shared is absent)', () => {
  it('RSA2 over the parameters without sign and sign_type', () => {
    const vector = (JSON.parse(readFileSync(vectorsFile, 'utf8')) as { alipay_rsa2_notify: { publicKeySpkiBase64: string; sign: string; params: { [name: string]: string } } }).alipay_rsa2_notify;
    const sdk = new AlipaySdk({ appId: '1', privateKey: appKeys.privateKey, keyType: 'PKCS8', alipayPublicKey: vector.publicKeySpkiBase64 });
    const text = (leftOut: readonly string[]) =>
      Object.keys(vector.params)
        .filter((name) => !leftOut.includes(name))
        .sort()
        .map((name) => `${name}=${vector.params[name]}`)
        .join('&');
    expect(sdk.rsaCheck(text(['sign', 'sign_type']), vector.sign, 'RSA2')).toBe(true);
    expect(sdk.rsaCheck(text(['sign']), vector.sign, 'RSA2')).toBe(false);
  });
});
