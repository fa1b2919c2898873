import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { assert as assertProperty, asyncProperty, constantFrom, dictionary, integer, jsonValue, property } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alipayTime, alipayTimeMs } from '../wallet/china-time.js';
import { publicKeyFromBase64, verifyText } from '../wallet/rsa.js';
import { minorOf, yuan } from './business.js';
import { canonicalText, isNotifySigned } from './envelope.js';
import { openTill, sale, type TestTill } from './till.testing.js';

const VECTORS = new URL('../../../../../shared/vectors/payment-vectors.json', import.meta.url);

interface NotifyVector {
  readonly publicKeySpkiBase64: string;
  readonly sign: string;
  readonly params: Readonly<Record<string, string>>;
}

let till: TestTill;
beforeAll(async () => {
  till = await openTill();
});
afterAll(() => till.close());

const pay = (extra: Record<string, unknown> = {}): Record<string, string> => ({
  method: 'alipay.trade.pay', biz_content: JSON.stringify({ ...sale('E1', '1.00'), ...extra }),
});
const errorOf = async (response: Response): Promise<{ node: string; signed: boolean; code: string; subCode: string }> => {
  const parsed = JSON.parse(await response.text()) as Record<string, Record<string, string>>;
  const node = Object.keys(parsed)[0] ?? '';
  return { node, signed: 'sign' in parsed, code: parsed[node]?.['code'] ?? '', subCode: parsed[node]?.['sub_code'] ?? '' };
};

describe('the request\'s public parameters', () => {
  const node = 'alipay_trade_pay_response';

  it.each<[string, Record<string, string>, string, string]>([
    ['another charset', { charset: 'gbk' }, '40002', 'isv.invalid-charset'],
    ['RSA', { sign_type: 'RSA' }, '40002', 'isv.invalid-signature-type'],
    ['no time', { timestamp: '' }, '40001', 'isv.missing-timestamp'],
    ['no such time', { timestamp: '2026-02-30 10:00:00' }, '40002', 'isv.invalid-timestamp'],
    ['a time in another shape', { timestamp: '2026-02-03T10:00:00Z' }, '40002', 'isv.invalid-timestamp'],
    ['a time long ago', { timestamp: alipayTime(Date.now() - 2 * 86_400_000) }, '40002', 'isv.invalid-timestamp'],
    ['another version', { version: '2.0' }, '40002', 'isv.invalid-version'],
    ['no version', { version: '' }, '40001', 'isv.missing-version'],
    ['another format', { format: 'xml' }, '40002', 'isv.invalid-format'],
  ])('%s: refused, signed', async (_what, wrong, code, subCode) => {
    expect(await errorOf(await till.raw({ ...pay(), ...wrong }))).toEqual({ node, signed: true, code, subCode });
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['no method', { method: '' }, '40001', 'isv.missing-method'],
    ['an unknown method', { method: 'alipay.trade.fly' }, '40002', 'isv.invalid-method'],
    ['no app', { app_id: '' }, '40001', 'isv.missing-app-id'],
    ['another app', { app_id: '2021999999999999' }, '40002', 'isv.invalid-app-id'],
  ])('%s: refused in error_response, unsigned', async (_what, wrong, code, subCode) => {
    expect(await errorOf(await till.raw({ ...pay(), ...wrong }))).toEqual({ node: 'error_response', signed: false, code, subCode });
  });

  it('takes them from the query and the form alike', async () => {
    expect(await errorOf(await fetch(`${till.endpoints.gateway}?method=alipay.trade.pay&app_id=${till.endpoints.appId}`, { method: 'POST' }))).toMatchObject({ subCode: 'isv.missing-signature' });
  });
});

describe('the request\'s signature', () => {
  it.each<[string, Record<string, string>]>([
    ['of other content', { biz_content: JSON.stringify(sale('E1', '2.00')) }],
    ['with a parameter added', { notify_url: 'http://127.0.0.1/x' }],
    ['that is no base64', { sign: '***' }],
    ['of another length', { sign: 'AAAA' }],
  ])('%s is refused, and nothing is paid', async (_what, after) => {
    expect(await errorOf(await till.raw(pay(), after))).toEqual({ node: 'alipay_trade_pay_response', signed: true, code: '40002', subCode: 'isv.invalid-signature' });
    expect(await till.ledger()).toEqual([]);
  });

  it('covers sign_type, unlike a notification\'s', () => {
    expect(canonicalText({ b: '2', a: '1', sign: 'x', sign_type: 'RSA2', empty: '' })).toBe('a=1&b=2&sign_type=RSA2');
  });
});

describe('the answer\'s signature', () => {
  it('covers the raw text of the node: written again it is another', async () => {
    const text = await (await till.raw({ method: 'alipay.trade.precreate', biz_content: JSON.stringify({ out_trade_no: 'E2', total_amount: '1.00', subject: 'Tea' }) })).text();
    const { sign, ...rest } = JSON.parse(text) as { sign: string; alipay_trade_precreate_response: unknown };
    const raw = text.slice(text.indexOf(':') + 1, text.lastIndexOf(',"sign"'));
    const key = publicKeyFromBase64(till.endpoints.alipayPublicKey);
    expect(verifyText(raw, sign, key)).toBe(true);
    expect(verifyText(JSON.stringify(rest.alipay_trade_precreate_response), sign, key)).toBe(false);
  });
});

describe('what is no request', () => {
  it.each(['', '{', '[]', 'null', '"x"', '{"out_trade_no":{}}'])('biz_content %j is a wrong parameter', async (bizContent) => {
    for (const method of ['pay', 'query', 'cancel', 'refund', 'close', 'precreate', 'fastpay.refund.query']) {
      expect(await errorOf(await till.raw({ method: `alipay.trade.${method}`, ...(bizContent === '' ? {} : { biz_content: bizContent }) }))).toMatchObject({ code: '40004', subCode: 'ACQ.INVALID_PARAMETER' });
    }
  });

  it('has 404 elsewhere and never ends the gateway', async () => {
    expect((await fetch(till.endpoints.gateway)).status).toBe(404);
    expect((await fetch(till.endpoints.gateway.replace('gateway.do', 'other'), { method: 'POST' })).status).toBe(404);
    const { port } = new URL(till.endpoints.gateway);
    for (const bytes of ['\u0000\u0001', 'POST /gateway.do HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort', 'GET\r\n\r\n']) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
        socket.on('error', () => undefined).on('data', () => undefined).once('close', () => resolve());
      });
    }
    expect((await fetch(till.endpoints.gateway, { method: 'POST', body: 'x'.repeat(1_000_001) })).status).toBe(413);
    expect(await till.call('query', { out_trade_no: 'E4' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
  });

  it('whatever it is, it is answered and changes nothing', async () => {
    await assertProperty(
      asyncProperty(dictionary(constantFrom('out_trade_no', 'total_amount', 'subject', 'auth_code', 'trade_no', 'refund_amount'), jsonValue({ maxDepth: 1 })), async (content) => {
        const response = await till.raw({ method: 'alipay.trade.pay', biz_content: JSON.stringify(content) });
        expect(response.status).toBe(200);
        expect((await errorOf(response)).code).toMatch(/^4000[24]$/);
      }),
      { numRuns: 40 },
    );
  });
});

describe('words of the gateway', () => {
  it('money and times go there and back', () => {
    assertProperty(property(integer({ min: 1, max: 10_000_000_000 }), (amountMinor) => minorOf(yuan(amountMinor)) === amountMinor));
    assertProperty(property(integer({ min: 0, max: 4_000_000_000 }), (seconds) => alipayTimeMs(alipayTime(seconds * 1000)) === seconds * 1000));
    expect(yuan(5)).toBe('0.05');
    expect(alipayTime(Date.parse('2025-12-31T16:00:00Z'))).toBe('2026-01-01 00:00:00');
  });

  // Published vectors lie beside the repository, not in it: without them this is skipped.
  describe.skipIf(!existsSync(VECTORS))('a published notification', () => {
    it('verifies without sign and sign_type, and not otherwise', () => {
      const { alipay_rsa2_notify: vector } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { alipay_rsa2_notify: NotifyVector };
      const key = createPublicKey({ key: Buffer.from(vector.publicKeySpkiBase64, 'base64'), format: 'der', type: 'spki' });
      const params = { ...vector.params, sign: vector.sign };
      expect(isNotifySigned(params, key)).toBe(true);
      expect(verifyText(canonicalText(params), vector.sign, key)).toBe(false);
      expect(isNotifySigned({ ...params, total_amount: '0.11' }, key)).toBe(false);
      expect(isNotifySigned(vector.params, key)).toBe(false);
    });
  });
});
