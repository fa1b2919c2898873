import { bind, Clock, definePlugin, HealthCheck, PaymentMethod, Terminal } from '@tillwright/core/contract';
import type { Plugin } from '@tillwright/core/contract';
import { type AlipayOptions, checkOptions } from './options.js';
import { gatewayCheck } from './health.js';
import { AlipayPayment } from './payment.js';
import { sdkGateway } from './sdk-gateway.js';

export type { AlipayCarrier } from './carrier.js';
export type { AlipayFacts } from './facts.js';
export type { AlipayCall, AlipayGateway, AlipayHeard, AlipayMethod } from './gateway.js';
export { ALIPAY_POLICY } from './options.js';
export type { AlipayOptions } from './options.js';
export { sdkGateway } from './sdk-gateway.js';

/**
 * Alipay as a payment method (`alipay`): payer's code and merchant's QR, amounts in CNY fen.
 * @throws PLUGIN_OPTIONS_INVALID
 * Source: Alipay open platform, face-to-face payment.
 */
export const alipay = (options: AlipayOptions): Plugin => {
  checkOptions(options);
  const gateway = options.gateway ?? sdkGateway({ ...options, now: () => options.carrier?.clock.now() ?? Date.now() });
  return definePlugin({
    name: '@tillwright/plugin-alipay',
    version: '0.1.0',
    provides: [
      bind(PaymentMethod).from([Clock, Terminal], (clock, terminal) => new AlipayPayment(options, gateway, clock, terminal)),
      bind(HealthCheck).from([], () => gatewayCheck(gateway)),
    ],
  });
};
