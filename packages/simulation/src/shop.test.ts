import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openShop, type Shop } from './index.js';

const file = new URL('../../../workflows/counter-sale.asl.json', import.meta.url);
const workflows = { 'counter-sale': { file: 'counter-sale.asl.json', text: readFileSync(file, 'utf8') } };
const script = readFileSync(new URL('../../../workflows/scripts/three-customers.json', import.meta.url), 'utf8');

const threeCustomers = async (seed: string): Promise<Shop> => {
  const shop = await openShop({ seed, workflows, script });
  for (let more = true; more; more = shop.world.nextTransaction()) {
    const result = await shop.sell({ workflow: 'counter-sale' });
    expect(result).toMatchObject({ status: 'succeeded' });
  }
  expect(await shop.quiet()).toBe(true);
  return shop;
};

it('sells to three customers on the wire of three hosts, and each ledger equals the log', async () => {
  const shop = await threeCustomers('one');
  const rows = await shop.reconcile();
  expect(rows.map(({ host, ledger, log, amountMinor, agrees }) => ({ host, ledger, log, amountMinor, agrees }))).toEqual([
    { host: 'acquirer', ledger: 'approved', log: 'approved', amountMinor: 8850, agrees: true },
    { host: 'alipay', ledger: 'approved', log: 'approved', amountMinor: 1280, agrees: true },
    { host: 'wechat', ledger: 'approved', log: 'approved', amountMinor: 3999, agrees: true },
  ]);
  expect(shop.world.receipts.length).toBe(6);
  expect(shop.world.gaps).toEqual([]);
  await shop.close();
});

it('writes the same bytes for the same seed', async () => {
  const [one, again, other] = [await threeCustomers('one'), await threeCustomers('one'), await threeCustomers('other')];
  expect(again.text()).toBe(one.text());
  expect(other.text()).not.toBe(one.text());
  for (const shop of [one, again, other]) await shop.close();
});
