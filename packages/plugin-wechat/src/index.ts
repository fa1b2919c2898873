import { bind, Clock, definePlugin, HealthCheck, PaymentMethod, Terminal } from '@tillwright/core/contract';
import type { Plugin } from '@tillwright/core/contract';
import { gatewayCheck } from './health.js';
import { checkOptions, type WechatOptions } from './options.js';
import { WechatPayment } from './payment.js';
import { sdkGateway } from './sdk-gateway.js';

export type { WechatCarrier } from './carrier.js';
export type { WechatFacts } from './facts.js';
export type { WechatCall, WechatGateway, WechatHeard } from './gateway.js';
export { WECHAT_POLICY } from './options.js';
export type { WechatOptions } from './options.js';
export { sdkGateway } from './sdk-gateway.js';

/**
 * WeChat Pay as a payment method (`wechat`): payer's code and merchant's QR, amounts in CNY fen.
 * @throws PLUGIN_OPTIONS_INVALID
 * Source: WeChat Pay API v3, code payment and Native.
 */
export const wechat = (options: WechatOptions): Plugin => {
  checkOptions(options);
  const gateway = options.gateway ?? sdkGateway(options);
  return definePlugin({
    name: '@tillwright/plugin-wechat',
    version: '0.1.0',
    provides: [
      bind(PaymentMethod).from([Clock, Terminal], (clock, terminal) => new WechatPayment(options, gateway, clock, terminal)),
      bind(HealthCheck).from([], () => gatewayCheck(gateway, options.mchid)),
    ],
  });
};
