import iconv from 'iconv-lite';
import { POLICY_OPTIONS, pluginOptions, policyFrom, type PolicyOptions, type SettlingPolicy } from '@tillwright/core/contract';
import type { Connect } from './connection.js';

/** What a card acceptance contract with an acquirer settles, and what a merchant may choose. */
export interface CardOptions {
  readonly acquirer: {
    readonly host: string;
    readonly port: number;
    /** 10 hex digits: `60`, destination, source. */
    readonly tpdu: string;
    /** 12 hex digits. */
    readonly header: string;
    /** Until the TCP connection stands; default 10 s. */
    readonly connectTimeoutMs?: number;
    /** In place of TCP: simulation. */
    readonly connect?: Connect;
  };
  /** Default `unionpay-ecb`. */
  readonly macAlgorithm?: 'unionpay-ecb' | 'x9.19';
  /** Contactless: up to this no PIN and no signature is asked for, in minor units; default 100000 fen. */
  readonly noPinLimitMinor?: number;
  /** Default 4 to 12 digits, bypass allowed. */
  readonly pin?: { readonly minLength?: number; readonly maxLength?: number; readonly allowBypass?: boolean };
  /** Sign-on asks for double-length (network code 003) or single-length (001) keys; default true. */
  readonly doubleLengthKeys?: boolean;
  /** What differs from the default timings. */
  readonly policy?: PolicyOptions;
  /** Operator as sign-on names it (DE 63, up to 3 characters); default `01`. */
  readonly operatorId?: string;
  /** Merchant's name and place, sent as DE 43 (up to 40 bytes of GBK); left out by default. */
  readonly merchantNameForField43?: string;
}

export interface CardSettings {
  readonly acquirer: Required<Omit<CardOptions['acquirer'], 'connect'>> & Pick<CardOptions['acquirer'], 'connect'>;
  readonly macAlgorithm: 'unionpay-ecb' | 'x9.19';
  readonly noPinLimitMinor: number;
  readonly pin: { readonly minLength: number; readonly maxLength: number; readonly allowBypass: boolean };
  readonly doubleLengthKeys: boolean;
  readonly policy: SettlingPolicy;
  readonly operatorId: string;
  /** Filled up to 40 bytes. */
  readonly merchantNameForField43?: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/**
 * An acquirer has no inquiry: silence is reversed, at once and again, until the batch is closed the next day. A reversal answered 25 is
 * repeated at the watch times: it may have overtaken its sale on the way.
 */
const POLICY: SettlingPolicy = {
  answerWithinMs: MINUTE,
  inquireAtMs: [],
  reverse: { notBeforeMs: 0, withinMs: DAY, backoffMs: [1_000, 5_000, 15_000, MINUTE, 5 * MINUTE], laneAttempts: 3 },
  watchAtMs: [10_000, MINUTE, 5 * MINUTE, 30 * MINUTE],
};

const { check, refused } = pluginOptions('@tillwright/plugin-card');

const hexadecimal = (digits: number) => ({ type: 'string', pattern: `^[0-9A-Fa-f]{${digits}}$` });
const pinLength = { type: 'integer', minimum: 4, maximum: 12 };
const SCHEMA = {
  type: 'object',
  required: ['acquirer'],
  properties: {
    acquirer: {
      type: 'object',
      required: ['host', 'port', 'tpdu', 'header'],
      properties: {
        host: { type: 'string', minLength: 1 },
        port: { type: 'integer', minimum: 1, maximum: 65_535 },
        tpdu: hexadecimal(10),
        header: hexadecimal(12),
        connectTimeoutMs: { type: 'number', exclusiveMinimum: 0 },
        connect: {},
      },
    },
    macAlgorithm: { enum: ['unionpay-ecb', 'x9.19'] },
    noPinLimitMinor: { type: 'integer', minimum: 0 },
    pin: { type: 'object', properties: { minLength: pinLength, maxLength: pinLength, allowBypass: { type: 'boolean' } } },
    doubleLengthKeys: { type: 'boolean' },
    policy: POLICY_OPTIONS,
    operatorId: { type: 'string', pattern: '^[ -~]{1,3}$' },
    merchantNameForField43: { type: 'string' },
  },
};

/** @throws PLUGIN_OPTIONS_INVALID for what the acquirer could never take: found when the till is set up, not at the counter */
export const settings = (options: CardOptions): CardSettings => {
  check(SCHEMA, options);
  const { merchantNameForField43 } = options;
  const pin = { minLength: 4, maxLength: 12, allowBypass: true, ...options.pin };
  if (pin.minLength > pin.maxLength) throw refused('options/pin has a minLength above its maxLength');
  const field43 = iconv.encode(merchantNameForField43 ?? '', 'gbk');
  // What the text can't be written in would be found at the first sale only, and at each one after that.
  if (iconv.decode(field43, 'gbk') !== (merchantNameForField43 ?? '')) throw refused('options/merchantNameForField43 holds a character that GBK lacks');
  const spare = 40 - field43.length;
  if (spare < 0) throw refused('options/merchantNameForField43 has more than 40 bytes of GBK');
  return {
    acquirer: { connectTimeoutMs: 10_000, ...options.acquirer },
    macAlgorithm: options.macAlgorithm ?? 'unionpay-ecb',
    noPinLimitMinor: options.noPinLimitMinor ?? 100_000,
    pin,
    doubleLengthKeys: options.doubleLengthKeys ?? true,
    policy: policyFrom(POLICY, options.policy),
    operatorId: options.operatorId ?? '01',
    ...(merchantNameForField43 === undefined ? {} : { merchantNameForField43: merchantNameForField43 + ' '.repeat(spare) }),
  };
};
