/** Every recipe of docs/recipes.md, applied as it stands there: found once, checked without a fault, and it does what it promises. */
import { readFile } from 'node:fs/promises';
import { checkWorkflows } from '@tillwright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { type Counter, TERMINAL } from '../packages/cli/src/counter.js';
import { amount, choose, confirmed, COUNTER_SALE, noted, payerCode, pin, present, PushedClock, scan, type SellOptions, Shop, type Sold, type Step } from './support.js';

interface Recipe {
  readonly number: number;
  readonly title: string;
  readonly changes: readonly { readonly find: string; readonly put: string }[];
}

const page = await readFile(new URL('../docs/recipes.md', import.meta.url), 'utf8');
const shipped = await readFile(COUNTER_SALE, 'utf8');
const recipes = page.split(/^## /m).flatMap((section): Recipe[] => {
  const [, number, title = ''] = /^(\d+)\. (.+)$/m.exec(section) ?? [];
  if (number === undefined) return [];
  const changes = [...section.matchAll(/^Find:\n\n```json\n([\s\S]*?)```\n\nPut(?::\n\n```json\n([\s\S]*?)```| nothing in its place\.)$/gm)].map(([, find = '', put = '']) => ({ find, put }));
  const blocks = changes.flatMap(({ find, put }) => (put === '' ? [find] : [find, put]));
  expect(blocks.length, `${title}: each block belongs to a change`).toBe(section.match(/^```json$/gm)?.length);
  return [{ number: Number(number), title, changes }];
});

const applied = ({ title, changes }: Recipe): string =>
  changes.reduce((text, { find, put }) => {
    expect(text.split(find).length - 1, `${title}: the file has this block once:\n${find}`).toBe(1);
    return text.replace(find, () => put);
  }, shipped);

let shop: Shop;
beforeAll(async () => void (shop = await Shop.open()));
afterAll(async () => {
  await shop.reconcile();
  await shop.close();
});

const sell = (text: string, steps: readonly Step[], more: SellOptions = {}): Promise<Sold> => shop.sell([...steps, confirmed, noted], { ...more, edit: () => text });
const card: readonly Step[] = [choose('card', 'how to pay'), present('chip-ok'), pin('123456')];
const alipay = (): Step[] => [choose('alipay', 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode('alipay'))];
const asked = ({ prompts }: Sold): string[] => prompts.filter(({ kind }) => kind !== 'device').map(({ show }) => show.text.en);
const optionsOf = ({ prompts }: Sold, text: string): unknown => prompts.find(({ show }) => show.text.en === text)?.show['options'];
const paid = (amountMinor: number): object => ({ result: { status: 'succeeded', output: { amountMinor } }, ledger: [{ amountMinor, status: 'approved' }] });

/** What each recipe promises, shown on a flow: the changed one keeps it, the shipped one does not. */
const promises: { readonly [number: number]: (text: string) => Promise<void> } = {
  1: async (text) => {
    const sold = await sell(text, [amount(8800), ...card]);
    expect(asked(sold).slice(0, 2)).toEqual(['Choose how to pay', 'Enter the amount (yuan)']);
    expect(sold).toMatchObject(paid(8800));
  },
  2: async (text) => {
    const sold = await sell(text, [amount(1280), choose('alipay', 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode('alipay'))]);
    expect(sold).toMatchObject(paid(1280));
    expect(asked(sold)).toEqual(['Enter the amount (yuan)', 'Choose how to pay', 'Please confirm the payment', 'Please confirm the payment']);
  },
  3: async (text) => {
    const tip: Step = { when: { prompt: 'choose', shows: 'Add a tip' }, answer: 15 };
    const sold = await sell(text, [amount(8850), tip, ...card]);
    expect(sold).toMatchObject(paid(10_178));
    expect(sold.receipts[0]?.text).toContain('101.78');
  },
  4: async (text) => {
    const over = await sell(text, [amount(50_001), ...card]);
    expect(optionsOf(over, 'Choose how to pay')).toContainEqual(expect.objectContaining({ value: 'alipay', disabled: true, why: { zh: '超过 500 元', en: 'above 500 yuan' } }));
    expect(over).toMatchObject(paid(50_001));
    const within = await sell(text, [amount(50_000), ...alipay()]);
    expect(within).toMatchObject(paid(50_000));
  },
  5: async (text) => {
    const small = await sell(text, [amount(99_999), ...card]);
    expect(asked(small)).not.toContain('A manager must agree to this amount');
    expect(small).toMatchObject(paid(99_999));
    const declined = await shop.sell([amount(100_000), ...card, { when: { prompt: 'confirm', shows: 'manager' }, cancel: true }, confirmed, noted], { edit: () => text });
    expect(asked(declined)).toContain('A manager must agree to this amount');
    expect(declined).toMatchObject({ result: { status: 'failed', error: 'Terminal.Cancelled' }, payments: [], ledger: [] });
    expect(await sell(text, [amount(100_000), ...card])).toMatchObject(paid(100_000));
  },
  6: async (text) => {
    const sold = await sell(text, [amount(2100), ...card]);
    expect(sold.receipts.map(({ copy }) => copy)).toEqual(['customer']);
    expect(sold).toMatchObject(paid(2100));
  },
  7: async (text) => {
    const wants = (answer: boolean): Step => ({ when: { prompt: 'choose', shows: 'want a receipt' }, answer });
    const without = await sell(text, [amount(2200), ...card, wants(false)]);
    expect(without.receipts).toEqual([]);
    expect(without).toMatchObject(paid(2200));
    const printed = await sell(text, [amount(2300), ...card, wants(true)]);
    expect(printed.receipts.map(({ copy }) => copy)).toEqual(['merchant', 'customer']);
    const cancelled = await sell(text, [amount(2400), ...card, { when: { prompt: 'choose', shows: 'want a receipt' }, cancel: true }]);
    expect(cancelled).toMatchObject(paid(2400));
  },
  8: async (text) => {
    const sold = await sell(text, [amount(2500), ...card]);
    const reading = sold.records.find(({ event }) => event.type === 'taskStarted' && event.resource === 'reader:readCard');
    // The task was begun a moment before it was written down.
    expect(reading?.event.type === 'taskStarted' ? Math.round(((reading.event.dueAt ?? 0) - reading.at) / 10_000) * 10 : 0).toBe(180);
    expect(sold).toMatchObject(paid(2500));
  },
  9: async (text) => {
    const sold = await sell(text, [amount(2600), ...card]);
    expect(sold.receipts).toHaveLength(2);
    for (const { text: receipt } of sold.receipts) {
      expect(receipt).toContain('金额');
      expect(receipt).not.toMatch(/Amount/);
    }
  },
  10: async (text) => {
    const clock = new PushedClock();
    const failures: string[] = [];
    const garbage: Step = { when: { device: 'scanner' }, garbage: true };
    const sold = await sell(text, [amount(2700), choose('alipay', 'how to pay'), choose('scan', 'scan the customer'), garbage, garbage, scan(payerCode('alipay'))], {
      clock,
      onOpen: ({ till }: Counter) =>
        void till.on('event', ({ event }) => {
          if (event.type !== 'taskFailed') return;
          failures.push(event.error);
          clock.push(1000);
        }),
    });
    expect(failures).toEqual(['Payer.CodeUnknown', 'Payer.CodeUnknown']);
    expect(sold).toMatchObject(paid(2700));
  },
  11: async (text) => {
    const pick = (answer: number): Step => ({ when: { prompt: 'choose', shows: 'Choose an amount' }, answer });
    const picked = await sell(text, [pick(2000), ...card]);
    expect(asked(picked)).not.toContain('Enter the amount (yuan)');
    expect(picked).toMatchObject(paid(2000));
    expect(await sell(text, [pick(0), amount(3333), ...card])).toMatchObject(paid(3333));
  },
  12: async (text) => {
    const sold = await sell(text, [amount(2800), ...alipay()]);
    expect(optionsOf(sold, 'Choose how to pay')).toMatchObject([{ value: 'alipay' }, { value: 'wechat' }, { value: 'card' }]);
    expect(sold).toMatchObject(paid(2800));
  },
  13: async (text) => {
    const sold = await sell(text, [amount(2900), ...card], { onEnd: async ({ till }) => await till.printOwed(TERMINAL) });
    const ended = sold.records.findIndex(({ event }) => event.type === 'executionEnded');
    expect(ended).toBeGreaterThan(0);
    expect(sold.records.slice(0, ended).filter(({ event }) => event.type === 'receiptPrinted')).toEqual([]);
    expect(sold.receipts.map(({ copy, reprint }) => ({ copy, reprint }))).toEqual([
      { copy: 'merchant', reprint: false },
      { copy: 'customer', reprint: false },
    ]);
    expect(sold).toMatchObject(paid(2900));
  },
};

it('thirteen recipes, each with a promise', () => {
  expect(recipes.map(({ number }) => number)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
  expect(Object.keys(promises).map(Number)).toEqual(recipes.map(({ number }) => number));
});

describe.each(recipes)('recipe $number, $title', (recipe) => {
  it('is found in the flow, and what comes of it has no fault', async () => {
    const text = applied(recipe);
    const catalogue = await createTillCatalogue((defaults) => defaults, []);
    expect(checkWorkflows({ 'counter-sale': { file: 'counter-sale.asl.json', text } }, catalogue).diagnostics).toEqual([]);
  });

  it('does what it promises', () => promises[recipe.number]?.(applied(recipe)));

  it('which the flow as shipped does not', async () => {
    await expect(promises[recipe.number]?.(shipped)).rejects.toThrow();
  });
});
