import { Actions, all, CardReader, Clock, Counters, HealthCheck, PaymentMethod, PinPad, RandomSource, Terminal, Vault } from '@tillwright/core/contract';
import { expect, it } from 'vitest';
import { card } from './index.js';

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

it.each([
  { acquirer: { ...ACQUIRER, tpdu: '60' } },
  { acquirer: { ...ACQUIRER, header: 'xyz' } },
  { acquirer: ACQUIRER, pin: { minLength: 3 } },
  { acquirer: ACQUIRER, pin: { minLength: 7, maxLength: 6 } },
  { acquirer: ACQUIRER, merchantNameForField43: '二十个字符的商户名称实在太长了不能放进第四十三域里' },
])('refuses options that no acquirer could take (%#)', (options) => {
  expect(() => card(options)).toThrow(RangeError);
});
