import { virtualClock } from '../engine/virtual-clock.js';
import { catalogueFor } from '../till.js';
import type { Trade } from './grown.js';
import { SimulatedHost } from './host.js';
import { Life } from './life.js';
import { everything, METHODS, simulatedMethods, simulatedShop } from './method.js';
import { standardTerms } from './policy.js';

const clock = virtualClock();
const life = new Life();
/** Only looked at. */
const plugins = [
  simulatedMethods({ host: new SimulatedHost({ clock, fault: () => 'honest', latencyMs: () => 0, lateMs: 0, remembers: false }), life, clock, sharedLane: false, advice: false, installed: everything, terms: standardTerms, watch: { sending: () => {} } }),
  simulatedShop({ life, clock, draw: () => 0, acting: () => {} }),
];

/** What grown flows do with the simulation's own plugins. */
export const simulatedTrade: Trade = {
  catalogue: (names) => catalogueFor(plugins, names),
  // By another one when it is tried again: that would be another payment, and is not sent.
  means: (chance) => ({ arguments: { method: chance.often(0.05) ? `{% $states.context.State.RetryCount = 0 ? '${chance.pick(METHODS)}' : '${chance.pick(METHODS)}' %}` : chance.pick(METHODS) } }),
  step: (chance) => ({
    task: { Resource: chance.pick(['shop:pack', 'shop:ship']), TimeoutSeconds: 3 + chance.under(10) },
    retried: ['Shop.Empty', 'Task.Interrupted'],
    caught: ['Shop.Empty', 'States.Timeout'],
  }),
};
