import { expect, it } from 'vitest';
import { wechat, type WechatOptions } from './index.js';
import { MERCHANT_SERIAL, merchantKeys, PLATFORM_SERIAL, platformKeys } from './test-gateway.js';

const options = { appid: 'wx1', mchid: '1900000001', serial: MERCHANT_SERIAL, privateKey: merchantKeys.privateKey, platformKeys: { [PLATFORM_SERIAL]: platformKeys.publicKey } };

it.each([
  // As a number it would differ from that of every answer, and nothing would ever be paid.
  ['options/mchid must be string', { mchid: 1900000001 }],
  ["options must have required property 'appid'", { appid: undefined }],
  ['options/appId is not known', { appId: 'wx1' }],
  ['options/platformKeys must be object', { platformKeys: platformKeys.publicKey }],
  ['options/baseUrl is no URL', { baseUrl: 'api.mch.weixin.qq.com' }],
  ['options/notifyUrl is no HTTPS address', { notifyUrl: 'http://shop.example/notify' }],
  ['options/notifyUrl is no HTTPS address', { notifyUrl: 'https://shop.example/notify?shop=1' }],
  ['options/policy/inquireAtMs must be array', { policy: { inquireAtMs: 5000 } }],
])('refuses options that can not be: %s', (why, more) => {
  expect(() => wechat({ ...options, ...more } as unknown as WechatOptions)).toThrow(
    expect.objectContaining({ code: 'PLUGIN_OPTIONS_INVALID', details: { plugin: '@tillwright/plugin-wechat', why: expect.stringContaining(why) } }),
  );
  expect(wechat({ ...options, notifyUrl: 'https://shop.example/notify', policy: { inquireAtMs: [5000] } }).name).toBe('@tillwright/plugin-wechat');
});
