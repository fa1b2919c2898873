/** Answers that are rightly signed and speak of something else decide nothing (rule 3). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkBooks } from './run/checkers.js';
import { Customer, type Way } from './matrix/customer.js';
import { openShop } from './shop.js';

const file = new URL('../../../workflows/counter-sale.asl.json', import.meta.url);
const workflows = { 'counter-sale': { file: 'counter-sale.asl.json', text: readFileSync(file, 'utf8') } };

const card = { host: 'acquirer', way: { method: 'card', by: 'insert' } } as const;
const alipay = { host: 'alipay', way: { method: 'alipay', by: 'scan' } } as const;
const wechat = { host: 'wechat', way: { method: 'wechat', by: 'scan' } } as const;
const cases = [
  { ...card, what: 'amount' },
  { ...card, what: 'reference' },
  { ...card, what: 'terminal' },
  { ...alipay, what: 'amount' },
  { ...alipay, what: 'reference' },
  { ...wechat, what: 'amount' },
  { ...wechat, what: 'reference' },
  { ...wechat, what: 'terminal' },
] as const;

it.each(cases)('$host answers for another $what: unknown, and then asked for or reversed', async ({ host, way, what }: (typeof cases)[number] & { way: Way }) => {
  const shop = await openShop({ seed: `${host} ${what}`, workflows });
  let answers = 0;
  shop.hosts.byChance((_host, operation) => (['sale', 'pay', 'codepay'].includes(operation) && (answers += 1) === 1 ? { do: 'misstate', what } : undefined));
  new Customer(shop, way).watch(shop.till, shop.life);
  const result = await shop.sell({ workflow: 'counter-sale' });
  await shop.quiet();
  const first = shop.log.records.find(({ event }) => event.type === 'paymentAnswered');
  expect(first?.event).toMatchObject({ to: 'submit', answer: { outcome: 'unknown' } });
  // A card can only be reversed; a wallet is asked, and knows that it was paid.
  expect(result?.status).toBe(host === 'acquirer' ? 'failed' : 'succeeded');
  expect(shop.hosts.ledger(host).map(({ status }) => status)).toEqual([host === 'acquirer' ? 'reversed' : 'approved']);
  expect(await checkBooks({ shop, told: [], seen: [], sent: new Map() })).toEqual([]);
  await shop.close();
});
