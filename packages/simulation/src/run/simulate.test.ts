import { readFileSync } from 'node:fs';
import type { ExecutionResult } from '@tillwright/core';
import { expect, it } from 'vitest';
import { openShop, runShop, type Shop, simulateShops } from '../index.js';
import { folder, workflows } from '../shipped.test-helper.js';
import { check, type Evidence } from './checkers.js';

it('every shipped workflow, whatever hosts, network, disk, power and people do', { timeout: 600_000 }, async () => {
  // A run is some hundred records long. One whose till was told to go on all day, its clock being wrong, had thousands.
  const onRun = ({ records }: { readonly records: number }): void => expect(records).toBeLessThan(2_000);
  const fixed = await simulateShops({ seed: 1, runs: 24, workflows, onRun });
  expect(fixed.failures).toEqual([]);
  expect(fixed.faults['clock-jump']).toBeGreaterThan(0);
  expect(fixed.payments.taken).toBeGreaterThan(10);
  expect(Object.keys(fixed.faults).length).toBeGreaterThan(25);
  expect(Object.keys(fixed.faults)).toEqual(expect.arrayContaining(['power-cut', 'torn-tail', 'damaged-record', 'opening-refused', 'disk-error']));
  // And some that nobody has seen: a failing one is told with its seed.
  const seed = Math.floor(Date.now() / 1_000) % 100_000_000;
  const fresh = await simulateShops({ seed, runs: 6, workflows, onRun });
  expect(fresh.failures).toEqual([]);
});

it('flows that nobody wrote, in the same trouble: cards that pay twice, codes of another wallet, QR codes beside each other', { timeout: 300_000 }, async () => {
  const fixed = await simulateShops({ seed: 1, runs: 50, workflows: 'grown' });
  expect(fixed.failures).toEqual([]);
  expect(fixed.payments.taken).toBeGreaterThan(20);
  const unseen = Math.floor(Date.now() / 1_000) % 100_000_000;
  expect((await simulateShops({ seed: unseen, runs: 10, workflows: 'grown' })).failures).toEqual([]);
});

it('two tills that are paid for one table: one payment at a time, and no more than the bill (15)', { timeout: 300_000 }, async () => {
  const { text } = workflows['counter-sale'] ?? { text: '' };
  // Another bill every minute.
  const bill = "{% 'table-7 ' & $substring($states.context.Execution.StartTime, 0, 16) %}";
  const table = text.replace(/("Resource": "payment:sale",\s+"Arguments": \{)/, `$1 "saleReference": "${bill}",`);
  expect(table).not.toBe(text);
  const report = await simulateShops({ seed: 1, runs: 12, workflows: { 'one-table': table } });
  expect(report.failures).toEqual([]);
  expect(report.payments.taken).toBeGreaterThan(10);
});

it('the same seed gives the same run, byte for byte', { timeout: 120_000 }, async () => {
  const options = { seed: '10', workflows, sold: ['counter-sale', 'tap-first', 'unattended'] };
  const [one, again] = [await runShop(options), await runShop(options)];
  expect(again).toEqual(one);
  expect(one.records).toBeGreaterThan(30);
});

it('a sale that its own reversal overtook is reversed when it has come after all', { timeout: 120_000 }, async () => {
  const shop = await sold('overtaken', (at) => at.hosts.fault('acquirer', { do: 'overtaken', match: { operation: 'sale' } }));
  expect(shop.hosts.ledger('acquirer')).toMatchObject([{ status: 'reversed' }]);
  expect(await check(evidenceOf(shop))).toEqual([]);
  await shop.close();
});

it('a sale that was approved for less than was asked is reversed before its card accepts it, and the books agree', { timeout: 120_000 }, async () => {
  const shop = await sold('partial', (at) => at.hosts.fault('acquirer', { do: 'decline', code: '10', match: { operation: 'sale' } }));
  expect(shop.hosts.ledger('acquirer')).toMatchObject([{ status: 'reversed' }]);
  expect(await check(evidenceOf(shop))).toEqual([]);
  await shop.close();
});

/** One customer with a chip card, after something was done to the shop. */
const sold = async (seed: string, before: (shop: Shop) => void): Promise<Shop> => {
  const script = readFileSync(new URL('scripts/three-customers.json', folder), 'utf8');
  const [first] = (JSON.parse(script) as { transactions: { steps: unknown[] }[] }).transactions;
  const steps = [...(first?.steps ?? []), { when: { prompt: 'choose' }, answer: 'end', times: 'always' }];
  const shop = await openShop({ seed, workflows, script: JSON.stringify({ transactions: [{ steps }] }) });
  before(shop);
  await shop.sell({ workflow: 'counter-sale' });
  expect(await shop.quiet()).toBe(true);
  return shop;
};

const evidenceOf = (shop: Shop, changed: Partial<Evidence> = {}): Evidence => ({ shop, told: [], seen: [], shown: [], secrets: [], sent: new Map(), ...changed });

it('checkers see what they are there for', { timeout: 120_000 }, async () => {
  const shop = await sold('sound', () => {});
  expect(await check(evidenceOf(shop))).toEqual([]);
  const books = (entries: (ledgers: ReturnType<Shop['hosts']['ledgers']>) => ReturnType<Shop['hosts']['ledgers']>): Shop =>
    new Proxy(shop, {
      get: (target, name) => {
        if (name === 'hosts') return { ...target.hosts, ledgers: () => entries(target.hosts.ledgers()) };
        const member: unknown = Reflect.get(target, name, target);
        if (name === 'reconcile') return async () => (await import('../reconcile.js')).reconcile(target.log.records, entries(target.hosts.ledgers()));
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
  const empty = books((ledgers) => ledgers.map(({ host }) => ({ host, entries: [] })));
  expect(await check(evidenceOf(empty))).toEqual([expect.stringContaining('- in the ledger, approved in the log')]);
  const other = books((ledgers) => ledgers.map(({ host, entries }) => ({ host, entries: entries.map((entry) => ({ ...entry, reference: `${entry.reference}x` })) })));
  expect((await check(evidenceOf(other))).length).toBe(2);
  const refunded = books((ledgers) => ledgers.map(({ host, entries }) => ({ host, entries: entries.map((entry) => ({ ...entry, refundedMinor: 1 })) })));
  expect(await check(evidenceOf(refunded))).toEqual([expect.stringContaining('its host gave back 1')]);
  const proven = new Proxy(shop, {
    get: (target, name) => {
      const { till } = target;
      const [payment] = till.payments();
      if (name === 'till') return new Proxy(till, { get: (of, what) => (what === 'cases' ? () => [{ caseId: 'case1', undone: { at: 0, proof: 'closed' }, payment }] : (Reflect.get(of, what, of) as unknown)) });
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  expect(await check(evidenceOf(proven))).toEqual([expect.stringContaining('its case says that it is undone')]);
  expect(await check(evidenceOf(shop, { sent: new Map([['00000001-000001-000002', 2]]) }))).toEqual([expect.stringContaining('submitted 2 times')]);
  const [record] = shop.log.records;
  if (!record) throw new Error('the log is empty');
  expect(await check(evidenceOf(shop, { seen: [{ ...record, at: record.at + 1 }] }))).toEqual([expect.stringContaining('was shown')]);
  const [execution] = shop.till.executions();
  const wrong = { executionId: execution?.executionId ?? '', status: 'succeeded', output: 'something else' } satisfies ExecutionResult;
  expect(await check(evidenceOf(shop, { told: [wrong] }))).toEqual([expect.stringContaining('was told as succeeded')]);
  expect(await check(evidenceOf(shop, { secrets: ['Corner Shop'] }))).not.toEqual([]);
  expect(await check(evidenceOf(shop, { shown: ['6228480000000001019'] }))).toEqual([]);
  await shop.close();
});
