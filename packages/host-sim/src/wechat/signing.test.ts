import { createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { assert as assertProperty, asyncProperty, constantFrom, dictionary, jsonValue } from 'fast-check';
import { Rsa } from 'wechatpay-axios-plugin';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyText } from '../wallet/rsa.js';
import { answerText, requestText } from './signing.js';
import { openTill, sale, type TestTill, type Wrong } from './till.testing.js';

const VECTORS = new URL('../../../../../shared/vectors/payment-vectors.json', import.meta.url);
const CODEPAY = '/v3/pay/transactions/codepay';

let till: TestTill;
let wireNow = Date.now();
beforeAll(async () => {
  till = await openTill({ wireClock: () => wireNow });
});
afterAll(() => till.close());

const isVerified = async (response: Response): Promise<boolean> => {
  const [timestamp, nonce, signature, serial] = ['timestamp', 'nonce', 'signature', 'serial'].map((name) => response.headers.get(`wechatpay-${name}`) ?? '');
  return serial === till.endpoints.platformSerial && verifyText(answerText({ timestamp: timestamp ?? '', nonce: nonce ?? '', body: await response.text() }), signature ?? '', createPublicKey(till.endpoints.platformPublicKey));
};

describe('a request\'s signature', () => {
  const body = (): string => JSON.stringify(sale(till, 'SIGN_01', 1));

  it.each<[string, () => Wrong]>([
    ['another merchant', () => ({ mchid: '1900000002' })],
    ['another certificate', () => ({ serial: '0'.repeat(40) })],
    ['another schema', () => ({ schema: 'WECHATPAY2-SM2-WITH-SM3' })],
    ['no signature', () => ({ signature: '' })],
    ['a signature that is none', () => ({ signature: 'AAAA' })],
    ['another body', () => ({ body: body().replace('"total":1', '"total":2') })],
    ['another path', () => ({ target: '/v3/pay/transactions/native' })],
    ['no nonce', () => ({ nonce: '' })],
    ['a time that is none', () => ({ timestamp: 'now' })],
  ])('%s: 401 SIGN_ERROR, and nothing is paid', async (_what, wrong) => {
    wireNow = Date.now();
    const response = await till.raw('POST', CODEPAY, body(), wrong());
    expect(response.status).toBe(401);
    expect(await response.clone().json()).toMatchObject({ code: 'SIGN_ERROR' });
    expect(await isVerified(response)).toBe(true);
    expect(await till.ledger()).toEqual([]);
  });

  it('covers the query', async () => {
    wireNow = Date.now();
    const target = `/v3/pay/transactions/out-trade-no/SIGN_02?mchid=${till.endpoints.mchid}`;
    expect((await till.raw('GET', target, '')).status).toBe(404);
    expect((await till.raw('GET', target, '', { target: `${target}&x=1` })).status).toBe(401);
  });

  it('is missing: 401', async () => {
    expect((await fetch(`${till.endpoints.baseURL}${CODEPAY}`, { method: 'POST', body: '{}' })).status).toBe(401);
  });

  it.each([[-300, 404], [300, 404], [-301, 401], [301, 401]])('%i s off the host\'s time: %i', async (seconds, status) => {
    wireNow = 1_772_330_400_000;
    const timestamp = String(1_772_330_400 + seconds);
    expect((await till.raw('GET', `/v3/pay/transactions/out-trade-no/SIGN_03?mchid=${till.endpoints.mchid}`, '', { timestamp })).status).toBe(status);
  });
});

describe('an answer\'s signature', () => {
  it('covers the raw body, with the host\'s time, also of 204 and of errors', async () => {
    wireNow = Date.now();
    const { appid, mchid } = till.endpoints;
    const native = await till.raw('POST', '/v3/pay/transactions/native', JSON.stringify({ appid, mchid, description: 'Tea', out_trade_no: 'SIGN_04', notify_url: 'https://merchant.example/n', amount: { total: 1 } }));
    expect(native.headers.get('wechatpay-timestamp')).toBe(String(Math.floor(wireNow / 1000)));
    expect(await isVerified(native)).toBe(true);
    const closed = await till.raw('POST', '/v3/pay/transactions/out-trade-no/SIGN_04/close', JSON.stringify({ mchid }));
    expect(closed.status).toBe(204);
    expect(await isVerified(closed)).toBe(true);
    const unknown = await till.raw('POST', '/v3/pay/transactions/fly', '{}');
    expect([unknown.status, await isVerified(unknown)]).toEqual([404, true]);
  });

  it('is left off errors when the host is told so', async () => {
    const bare = await openTill({ signErrors: false });
    const error = await fetch(`${bare.endpoints.baseURL}${CODEPAY}`, { method: 'POST', body: '{}' });
    expect([error.status, error.headers.get('wechatpay-signature')]).toEqual([401, null]);
    expect((await bare.post(CODEPAY.slice(1), sale(bare, 'SIGN_05', 1))).status).toBe(200);
    await bare.close();
  });
});

describe('what is no request', () => {
  it.each(['', '{', '[]', 'null', '"x"', '{"out_trade_no":{}}'])('the body %j is a wrong parameter', async (body) => {
    wireNow = Date.now();
    for (const path of [CODEPAY, '/v3/pay/transactions/native', '/v3/pay/transactions/out-trade-no/SIGN_06/reverse', '/v3/pay/transactions/out-trade-no/SIGN_06/close', '/v3/refund/domestic/refunds']) {
      const response = await till.raw('POST', path, body);
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'PARAM_ERROR']);
    }
  });

  it('never ends the host', async () => {
    wireNow = Date.now();
    const { port } = new URL(till.endpoints.baseURL);
    for (const bytes of ['\u0000\u0001', `POST ${CODEPAY} HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort`, 'GET\r\n\r\n']) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => undefined).on('data', () => undefined).once('close', () => resolve());
      });
    }
    expect((await till.raw('GET', '/v3/pay/transactions/out-trade-no/%E0%A4%A?mchid=1', '')).status).toBe(400);
    expect((await till.query('SIGN_07')).status).toBe(404);
  });

  it('whatever it is, it is answered and changes nothing', async () => {
    wireNow = Date.now();
    const before = await till.ledger();
    await assertProperty(
      asyncProperty(dictionary(constantFrom('appid', 'mchid', 'out_trade_no', 'amount', 'payer', 'description', 'scene_info'), jsonValue({ maxDepth: 2 })), async (content) => {
        const response = await till.raw('POST', CODEPAY, JSON.stringify(content));
        expect([400, 403]).toContain(response.status);
      }),
      { numRuns: 40 },
    );
    expect(await till.ledger()).toEqual(before);
  });
});

describe('the texts that are signed', () => {
  it('end every line', () => {
    expect(requestText({ method: 'GET', target: '/a?b=c', timestamp: '1', nonce: 'n', body: '' })).toBe('GET\n/a?b=c\n1\nn\n\n');
    expect(answerText({ timestamp: '1', nonce: 'n', body: '{}' })).toBe('1\nn\n{}\n');
  });

  // Published vectors lie beside the repository, not in it: without them this is skipped.
  describe.skipIf(!existsSync(VECTORS))('a published signature', () => {
    it('verifies here as in the SDK', () => {
      const { wechat_v3: vectors } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { wechat_v3: { rsa: { message: string; certificatePem: string; signatureBase64: string } } };
      const { message, certificatePem, signatureBase64 } = vectors.rsa;
      const key = new X509Certificate(certificatePem).publicKey;
      expect(verifyText(message, signatureBase64, key)).toBe(true);
      expect(verifyText(`${message} `, signatureBase64, key)).toBe(false);
      expect(Rsa.verify(message, signatureBase64, key)).toBe(true);
    });
  });
});
