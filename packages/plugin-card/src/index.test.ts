import { Actions, all, CardReader, Clock, Counters, HealthCheck, PaymentMethod, PinPad, RandomSource, Terminal, Vault } from '@tillwright/core/contract';
import iconv from 'iconv-lite';
import { expect, it } from 'vitest';
import { card, type CardOptions } from './index.js';
import { settings } from './options.js';

const ACQUIRER = { host: '127.0.0.1', port: 1, tpdu: '6000030000', header: '603100310100' };

it('provides a method, actions and checks, and needs only core and two devices', () => {
  const plugin = card({ acquirer: ACQUIRER });
  const given = new Set(plugin.provides.map(({ token }) => token.id));
  expect([PaymentMethod, Actions, HealthCheck].every(({ id }) => given.has(id))).toBe(true);
  const needed = plugin.provides.flatMap(({ how }) => (how.kind === 'factory' ? how.needs.map(({ id }) => id) : []));
  const core = [Clock, RandomSource, Terminal, Counters, Vault, CardReader, PinPad].map(({ id }) => id);
  expect(needed.filter((id) => !core.includes(id) && !given.has(id))).toEqual([]);
  expect(all(HealthCheck).many).toBe(true);
});

it.each<[string, unknown]>([
  ['options/acquirer/tpdu must match', { acquirer: { ...ACQUIRER, tpdu: '60' } }],
  ['options/acquirer/header must match', { acquirer: { ...ACQUIRER, header: 'xyz' } }],
  ['options/acquirer/port must be integer', { acquirer: { ...ACQUIRER, port: '8583' } }],
  ["options must have required property 'acquirer'", {}],
  ...(['host', 'port', 'tpdu', 'header'] as const).map((name) => [`options/acquirer must have required property '${name}'`, { acquirer: { ...ACQUIRER, [name]: undefined } }] as [string, unknown]),
  ['options must be object', undefined],
  ['options/noPinLimit is not known', { acquirer: ACQUIRER, noPinLimit: 1 }],
  ['options/acquirer/timeoutMs is not known', { acquirer: { ...ACQUIRER, timeoutMs: 1 } }],
  ['options/pin/minLength must be >= 4', { acquirer: ACQUIRER, pin: { minLength: 3 } }],
  ['options/pin has a minLength above its maxLength', { acquirer: ACQUIRER, pin: { minLength: 7, maxLength: 6 } }],
  ['options/noPinLimitMinor must be integer', { acquirer: ACQUIRER, noPinLimitMinor: 1000.5 }],
  ['options/noPinLimitMinor must be >= 0', { acquirer: ACQUIRER, noPinLimitMinor: -1 }],
  ['options/acquirer/host must NOT have fewer than 1', { acquirer: { ...ACQUIRER, host: '' } }],
  ['options/acquirer/port must be >= 1', { acquirer: { ...ACQUIRER, port: 0 } }],
  ['options/acquirer/port must be <= 65535', { acquirer: { ...ACQUIRER, port: 65_536 } }],
  ['options/acquirer/connectTimeoutMs must be > 0', { acquirer: { ...ACQUIRER, connectTimeoutMs: 0 } }],
  ['options/macAlgorithm must be equal to one of', { acquirer: ACQUIRER, macAlgorithm: 'x9.9' }],
  ['options/pin/maxLength must be <= 12', { acquirer: ACQUIRER, pin: { maxLength: 13 } }],
  ['options/pin/allowBypass must be boolean', { acquirer: ACQUIRER, pin: { allowBypass: 'no' } }],
  ['options/doubleLengthKeys must be boolean', { acquirer: ACQUIRER, doubleLengthKeys: 'no' }],
  ['options/operatorId must match', { acquirer: ACQUIRER, operatorId: '0001' }],
  ['options/merchantNameForField43 must be string', { acquirer: ACQUIRER, merchantNameForField43: 7 }],
  ['options/policy/reverse/backoffMs/0 must be number', { acquirer: ACQUIRER, policy: { reverse: { backoffMs: ['1s'] } } }],
  ['options/operatorId must match', { acquirer: ACQUIRER, operatorId: '店员' }],
  ['options/merchantNameForField43 has more than 40 bytes', { acquirer: ACQUIRER, merchantNameForField43: '二十个字符的商户名称实在太长了不能放进第四十三域里' }],
  // Each sale would be refused at the counter, unsent: 43 is a text of GBK.
  ['options/merchantNameForField43 holds a character that GBK lacks', { acquirer: ACQUIRER, merchantNameForField43: 'Zoë 🥐' }],
])('refuses options that no acquirer could take: %s', (why, options) => {
  expect(() => card(options as CardOptions)).toThrow(expect.objectContaining({ code: 'PLUGIN_OPTIONS_INVALID', details: { plugin: '@tillwright/plugin-card', why: expect.stringContaining(why) } }));
});

it('without other agreement reverses silence at once and for a day, three times before a person hears of it, and looks again after a 25', () => {
  const minute = 60_000;
  expect(settings({ acquirer: ACQUIRER })).toEqual({
    acquirer: { ...ACQUIRER, connectTimeoutMs: 10_000 },
    macAlgorithm: 'unionpay-ecb',
    noPinLimitMinor: 1000_00,
    pin: { minLength: 4, maxLength: 12, allowBypass: true },
    doubleLengthKeys: true,
    operatorId: '01',
    policy: {
      answerWithinMs: minute,
      inquireAtMs: [],
      reverse: { notBeforeMs: 0, withinMs: 24 * 60 * minute, backoffMs: [1_000, 5_000, 15_000, minute, 5 * minute], laneAttempts: 3 },
      watchAtMs: [10_000, minute, 5 * minute, 30 * minute],
    },
  });
});

it('fills the merchant name up to 40 bytes of GBK, however many bytes a character takes', () => {
  for (const name of ['Corner Shop', '街角小店', '€uro Café', '二十个字的商户名称恰好填满第四十三域了吗']) expect(iconv.encode(settings({ acquirer: ACQUIRER, merchantNameForField43: name }).merchantNameForField43 ?? '', 'gbk')).toHaveLength(40);
});
