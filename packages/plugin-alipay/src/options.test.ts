import { expect, it } from 'vitest';
import { alipay, type AlipayOptions } from './index.js';
import { alipayKeys, appKeys } from './test-gateway.js';

const options = { appId: '2021', privateKey: appKeys.privateKey, alipayPublicKey: alipayKeys.publicKey };

it.each([
  // As a number it would differ from that of every answer, and nothing would ever be paid.
  ['options/sellerId must be string', { sellerId: 2088 }],
  ["options must have required property 'alipayPublicKey'", { alipayPublicKey: undefined }],
  ['options/appid is not known', { appid: '2021' }],
  ['options/gatewayUrl is no URL', { gatewayUrl: 'openapi.alipay.com' }],
  ['options/policy/reverse/withinMs must be >= 0', { policy: { reverse: { withinMs: -1 } } }],
  ['options/privateKey is no RSA private key', { privateKey: 5 }],
  ['options/alipayPublicKey is no RSA public key', { alipayPublicKey: appKeys.privateKey }],
])('refuses options that can not be: %s', (why, more) => {
  expect(() => alipay({ ...options, ...more } as unknown as AlipayOptions)).toThrow(
    expect.objectContaining({ code: 'PLUGIN_OPTIONS_INVALID', details: { plugin: '@tillwright/plugin-alipay', why: expect.stringContaining(why) } }),
  );
});
