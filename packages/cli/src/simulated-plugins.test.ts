import { ActionError, Actions, bind, definePlugin, PaymentMethod, type Plugin } from '@tillwright/core/contract';
import { simulatedCash } from '@tillwright/device-sim';
import { describe, expect, it } from 'vitest';
import type { TillwrightConfig } from './config.js';
import { simulatedPlugins } from './simulated-plugins.js';

const cash = simulatedCash();
const method = (movesMoney: boolean): PaymentMethod => ({
  id: 'gift',
  label: { zh: '礼品卡', en: 'Gift card' },
  needs: 'none',
  capabilities: { operations: ['sale'], inquiry: movesMoney, reversal: false, completion: false, partialApproval: false, movesMoney },
  arguments: { type: 'object' },
  errors: {},
  policy: { answerWithinMs: 1_000, inquireAtMs: [1_000], reverse: { notBeforeMs: 0, withinMs: 0, backoffMs: [], laneAttempts: 1 }, watchAtMs: [] },
  prepare: () => Promise.reject(new ActionError('Payment.NotSent', 'none')),
  submit: () => Promise.reject(new Error('none')),
  inquire: () => Promise.reject(new Error('none')),
  remedy: () => ({ do: 'ask-person', why: 'none' }),
});
const plugin = (provision: Plugin['provides'][number]): Plugin => definePlugin({ name: 'gift', provides: [provision] });
const adding = (own: Plugin) => (defaults: readonly Plugin[]) => [...defaults, own];
const refused = expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/plugin gift .* would charge at its host.*--config.*simulated: true/) });

describe('the plugins of scenarios and simulations', () => {
  it('have no payment method whose host may be a real one', () => {
    for (const own of [plugin(bind(PaymentMethod).toValue(method(true))), plugin(bind(PaymentMethod).from([], () => method(false)))]) {
      expect(() => simulatedPlugins({ plugins: adding(own) }, [cash])).toThrow(refused);
      expect(() => simulatedPlugins({ plugins: () => [own] }, [cash])).toThrow(refused);
      expect(simulatedPlugins({ plugins: adding(own), simulated: true }, [cash])).toEqual([cash, own]);
    }
  });

  it('have none either where a configuration writes its own into what it is given', () => {
    const own = plugin(bind(PaymentMethod).toValue(method(true)));
    const added = (defaults: readonly Plugin[]) => {
      (defaults as Plugin[]).push(own);
      return defaults;
    };
    expect(() => simulatedPlugins({ plugins: added }, [cash])).toThrow(refused);
  });

  it('are those that come with Tillwright, whole or in part, and what moves no money', () => {
    const actions = plugin(bind(Actions).toValue({ namespace: 'gift', actions: {} }));
    expect(simulatedPlugins({}, [cash])).toEqual([cash]);
    expect(simulatedPlugins({ plugins: (defaults) => defaults.map((each) => ({ ...each, provides: [...each.provides] })) }, [cash])).toEqual([cash]);
    for (const own of [actions, plugin(bind(PaymentMethod).toValue(method(false)))]) expect(simulatedPlugins({ plugins: adding(own) }, [cash])).toEqual([cash, own]);
  });

  it('are those of the example, whose points are simulated', async () => {
    const { default: config } = (await import(new URL('../../../examples/member-points.config.mjs', import.meta.url).href)) as { default: TillwrightConfig };
    expect(simulatedPlugins(config, [cash]).map(({ name }) => name)).toEqual([cash.name, '@tillwright/device-sim/member-points']);
  });

  it('are refused though a method does not say whether it moves money', () => {
    for (const value of [{ id: 'gift' }, undefined]) expect(() => simulatedPlugins({ plugins: adding(plugin(bind(PaymentMethod).toValue(value as PaymentMethod))) }, [cash])).toThrow(refused);
  });

  it('are there at once, and fit core', () => {
    // A promise that fails is not left to end the process.
    for (const plugins of [async () => [cash], () => Promise.reject(new Error('no key file'))]) expect(() => simulatedPlugins({ plugins }, [cash])).toThrow('not a promise of them');
    expect(() => simulatedPlugins({ plugins: () => [cash, cash] }, [cash])).toThrow(expect.objectContaining({ code: 'PLUGIN_CONFLICT' }));
  });
});
