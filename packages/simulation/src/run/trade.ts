/** What flows that nobody wrote do in a shop with the plugins that ship: cards are read and pay once or twice, PINs are entered, codes are scanned, QR codes shown. */
import { catalogueFor } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import type { Chance, Fields, Means, States, Trade } from '@tillwright/core/testing';
import { openShop } from '../shop.js';

/** @param plugins as a shop is given them */
export const shopTrade = async (plugins?: (defaults: readonly Plugin[]) => readonly Plugin[]): Promise<Trade> => {
  const offered = await offeredBy(plugins);
  return { catalogue: (names) => catalogueFor(offered, names), means, step };
};

/** The plugins of a shop, only looked at. */
const offeredBy = async (plugins?: (defaults: readonly Plugin[]) => readonly Plugin[]): Promise<readonly Plugin[]> => {
  let offered: readonly Plugin[] = [];
  const none = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'None', States: { None: { Type: 'Succeed' } } });
  const shop = await openShop({ seed: 'offered', workflows: { none }, plugins: (defaults) => (offered = plugins?.(defaults) ?? defaults) });
  await shop.close();
  return offered;
};

const step: Trade['step'] = (chance) =>
  chance.pick([
    { task: { Resource: 'till:check', TimeoutSeconds: 60 }, retried: ['Till.NotReady'], caught: ['Till.NotReady', 'Terminal.Cancelled'] },
    { task: { Resource: 'prompt:confirm', Arguments: { text: 'all of it?' }, TimeoutSeconds: 20 }, retried: ['States.Timeout'], caught: ['Terminal.Cancelled', 'States.Timeout'] },
    { task: { Resource: 'reader:readCard', Arguments: { amountMinor: 1000, currency: 'CNY' }, TimeoutSeconds: 30 }, retried: ['Card.Unreadable'], caught: ['Terminal.Cancelled', 'States.Timeout'] },
  ]);

const means: Trade['means'] = (chance) => chance.weighed<() => Means>([[3, () => byCard(chance)], [2, () => byCode(chance)], [1, () => byQr(chance)]])();

/** People pull their cards too early, and try again. */
const again = { Retry: [{ ErrorEquals: ['States.TaskFailed', 'States.Timeout'], IntervalSeconds: 1, MaxAttempts: 2 }] };

const byCard = (chance: Chance): Means => {
  const named = variables(chance);
  const amount = { amountMinor: chance.pick([1000, 600, 150_000]), currency: 'CNY' };
  const accept = chance.pick([['insert', 'tap', 'swipe'], ['insert'], ['tap']]);
  const former = formerPayment(chance, { method: 'card', with: `{% $${named.used} %}` });
  return {
    arguments: { method: 'card', with: `{% $${named.used} %}` },
    before: (name, pay) => ({
      [name]: { Type: 'Task', Resource: 'reader:readCard', Arguments: { ...amount, accept }, TimeoutSeconds: 60, ...again, Assign: { [named.read]: '{% $states.result %}' }, Next: `${name}Cvm` },
      [`${name}Cvm`]: {
        Type: 'Choice',
        Choices: [{ Condition: `{% $${named.read}.view.cvm = 'online-pin' %}`, Next: `${name}Pin` }],
        Default: former ? `${name}Former` : pay,
        Assign: { [named.used]: { card: `{% $${named.read} %}` } },
      },
      [`${name}Pin`]: {
        Type: 'Task',
        Resource: 'pinpad:enterPin',
        Arguments: { card: `{% $${named.read} %}`, ...amount, reason: 'first' },
        TimeoutSeconds: 60,
        ...again,
        Assign: { [named.used]: { card: `{% $${named.read} %}`, pin: '{% $states.result %}' } },
        Next: former ? `${name}Former` : pay,
      },
      ...former?.(`${name}Former`, pay),
    }),
  };
};

const byCode = (chance: Chance): Means => {
  const named = variables(chance);
  const method = chance.pick([`{% $${named.read}.view.method %}`, `{% $${named.read}.view.method %}`, 'alipay', 'wechat']);
  const how = { method, with: { mode: 'payer-code', code: `{% $${named.read} %}` } };
  const former = formerPayment(chance, how);
  return {
    arguments: how,
    before: (name, pay) => ({
      [name]: { Type: 'Task', Resource: 'scanner:scan', Arguments: { text: 'the code, please' }, TimeoutSeconds: 60, ...again, Assign: { [named.read]: '{% $states.result %}' }, Next: former ? `${name}Former` : pay },
      ...former?.(`${name}Former`, pay),
    }),
  };
};

const byQr = (chance: Chance): Means => ({ arguments: { method: chance.pick(['alipay', 'wechat']), with: { mode: 'merchant-qr' } } });

/** What was read pays a first time, and then once more. */
const formerPayment = (chance: Chance, how: Fields): ((name: string, pay: string) => States) | undefined => {
  if (!chance.often(0.25)) return undefined;
  const caught = chance.often(0.6);
  return (name, pay) => ({
    [name]: { Type: 'Task', Resource: 'payment:sale', Arguments: { ...how, amountMinor: 300, dueMinor: 1000 }, ...(caught ? { Catch: [{ ErrorEquals: ['States.ALL'], Next: pay }] } : {}), Next: pay },
  });
};

/** Of names that nothing else in a flow has: a variable of a scope may not be called as one of a scope around it. */
const variables = (chance: Chance): { readonly read: string; readonly used: string } => {
  const n = chance.under(1_000_000_000);
  return { read: `read${n}`, used: `used${n}` };
};
