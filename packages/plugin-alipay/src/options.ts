import { POLICY_OPTIONS, pluginOptions, type PolicyOptions, type Sensitive, type SettlingPolicy } from '@tillwright/core/contract';
import type { AlipayCarrier } from './carrier.js';
import type { AlipayGateway } from './gateway.js';

export interface AlipayOptions {
  readonly appId: string;
  /** The application's RSA key, PKCS#1 or PKCS#8: PEM, or its base64 body. */
  readonly privateKey: string | Sensitive<string>;
  /** Alipay's RSA public key, not the application's: PEM, or its base64 body. Without it no answer could be believed. */
  readonly alipayPublicKey: string;
  /** `https://openapi.alipay.com/gateway.do` when left out. */
  readonly gatewayUrl?: string;
  /** Seller's user id (2088...): an answer that names another one decides nothing. */
  readonly sellerId?: string;
  readonly storeId?: string;
  /** What the payer reads as the order's title; the terminal's merchant name when left out. */
  readonly subject?: string;
  /** All times in ms. */
  readonly policy?: PolicyOptions;
  /** In place of the network; the SDK works as ever: simulation. */
  readonly carrier?: AlipayCarrier;
  /** In place of the SDK: tests. */
  readonly gateway?: AlipayGateway;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Asked every 3 to 5 s for 60 s, then cancelled at once; a cancel is good for 24 h.
 * Watching goes on beyond a QR's own end, for as long as what turns up can still be cancelled: what was never seen may still arrive.
 */
export const ALIPAY_POLICY: SettlingPolicy = {
  answerWithinMs: 10 * SECOND,
  inquireAtMs: [3, 6, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60].map((seconds) => seconds * SECOND),
  reverse: {
    notBeforeMs: 0,
    withinMs: 24 * HOUR,
    backoffMs: [2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
    laneAttempts: 5,
  },
  watchAtMs: [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 23 * HOUR],
};

export const { check, refused } = pluginOptions('@tillwright/plugin-alipay');

const name = { type: 'string', minLength: 1 };
const SCHEMA = {
  type: 'object',
  required: ['appId', 'privateKey', 'alipayPublicKey'],
  properties: { appId: name, privateKey: {}, alipayPublicKey: name, gatewayUrl: name, sellerId: name, storeId: name, subject: name, policy: POLICY_OPTIONS, carrier: {}, gateway: {} },
};

/** @throws PLUGIN_OPTIONS_INVALID */
export const checkOptions = (options: AlipayOptions): void => {
  check(SCHEMA, options);
  if (options.gatewayUrl !== undefined && !URL.canParse(options.gatewayUrl)) throw refused('options/gatewayUrl is no URL');
};
