import { POLICY_OPTIONS, pluginOptions, type PolicyOptions, type Sensitive, type SettlingPolicy } from '@tillwright/core/contract';
import type { WechatCarrier } from './carrier.js';
import type { WechatGateway } from './gateway.js';

export interface WechatOptions {
  readonly appid: string;
  readonly mchid: string;
  /** Serial number of the merchant's API certificate. */
  readonly serial: string;
  /** The merchant's API key, PEM. */
  readonly privateKey: string | Sensitive<string>;
  /** `PUB_KEY_ID_...` or certificate serial -> WeChat Pay's public key or platform certificate, PEM. */
  readonly platformKeys: { readonly [serial: string]: string };
  /** `https://api.mch.weixin.qq.com/` when left out. */
  readonly baseUrl?: string;
  /** What the payer reads as the order's title; the terminal's merchant name when left out. */
  readonly description?: string;
  readonly storeId?: string;
  /** The till's address as WeChat Pay's risk control wants it. */
  readonly deviceIp?: string;
  /** WeChat Pay demands an address for a QR's notification; the till asks by itself and needs none. HTTPS, no query. */
  readonly notifyUrl?: string;
  /** All times in ms. */
  readonly policy?: PolicyOptions;
  /** In place of the network; the SDK works as ever: simulation. */
  readonly carrier?: WechatCarrier;
  /** In place of the SDK: tests. */
  readonly gateway?: WechatGateway;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * Asked every 5 s up to 45 s, then every 10 s up to 65 s: the official pages name 30 and 45 s, and a QR must live for more
 * than a minute. Reversed for 7 days, and no sooner than 16 s after the payment left: WeChat Pay wants 15 s from when it has it.
 */
export const WECHAT_POLICY: SettlingPolicy = {
  answerWithinMs: 10 * SECOND,
  inquireAtMs: [5, 10, 15, 20, 25, 30, 35, 40, 45, 55, 65].map((seconds) => seconds * SECOND),
  reverse: {
    notBeforeMs: 16 * SECOND,
    withinMs: 7 * 24 * HOUR,
    backoffMs: [3 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
    laneAttempts: 5,
  },
  watchAtMs: [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 24 * HOUR],
};

export const { check, refused } = pluginOptions('@tillwright/plugin-wechat');

const name = { type: 'string', minLength: 1 };
const SCHEMA = {
  type: 'object',
  required: ['appid', 'mchid', 'serial', 'privateKey', 'platformKeys'],
  properties: {
    appid: name,
    mchid: name,
    serial: name,
    privateKey: {},
    platformKeys: { type: 'object', additionalProperties: name },
    baseUrl: name,
    description: name,
    storeId: name,
    deviceIp: name,
    notifyUrl: name,
    policy: POLICY_OPTIONS,
    carrier: {},
    gateway: {},
  },
};

/** @throws PLUGIN_OPTIONS_INVALID */
export const checkOptions = (options: WechatOptions): void => {
  check(SCHEMA, options);
  if (options.baseUrl !== undefined && !URL.canParse(options.baseUrl)) throw refused('options/baseUrl is no URL');
  if (options.notifyUrl !== undefined && !(URL.canParse(options.notifyUrl) && /^https:[^?#]*$/i.test(options.notifyUrl))) throw refused('options/notifyUrl is no HTTPS address without a query');
};
