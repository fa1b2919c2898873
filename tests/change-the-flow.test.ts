/** The flow is changed by editing its JSON alone: each changed flow passes the checker and charges what it says. */
import { checkWorkflows, TillwrightError } from '@tillwright/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Counter } from '../packages/cli/src/counter.js';
import { amount, choose, confirmed, noted, payerCode, pin, present, scan, type SellOptions, Shop, type Step } from './support.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterEach(() => shop.reconcile());
afterAll(() => shop.close());

interface Flow {
  States: { [name: string]: { [field: string]: unknown } & { Next?: string; Arguments?: { [name: string]: unknown } } };
}
const state = (flow: Flow, name: string): Flow['States'][string] => {
  const found = flow.States[name];
  if (found === undefined) throw new Error(`the flow has no state ${name}`);
  return found;
};

/** Parses, changes and writes the shipped workflow; the checker warns of what was named and finds nothing else to say of the result. */
const changed = (change: (flow: Flow) => void, warnings: readonly string[] = []): { options: SellOptions; text: () => string } => {
  let text = '';
  return {
    text: () => text,
    options: {
      edit: (shipped) => {
        const flow = JSON.parse(shipped) as Flow;
        change(flow);
        text = JSON.stringify(flow, undefined, 2);
        expect(text).not.toBe(JSON.stringify(JSON.parse(shipped), undefined, 2));
        return text;
      },
      onOpen: ({ till }: Counter) => {
        const { diagnostics } = checkWorkflows({ 'counter-sale': { file: 'counter-sale.asl.json', text } }, till.catalogue);
        expect(diagnostics.map(({ severity, code, pointer }) => `${severity} ${code} ${pointer}`)).toEqual(warnings);
      },
    },
  };
};

const card: Step[] = [choose('card', 'how to pay'), present('chip-ok'), pin('123456')];
const alipay = (): Step[] => [choose('alipay', 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode('alipay'))];
const kinds = (prompts: readonly { kind: string; show: { text: { en: string } } }[]): string[] => prompts.filter(({ kind }) => kind !== 'device').map(({ kind, show }) => `${kind} ${show.text.en}`);

const swapped = changed((flow) => {
  state(flow, 'Prepare').Next = 'ListMethods';
  state(flow, 'ChooseMethod').Next = 'EnterAmount';
  state(flow, 'EnterAmount').Next = 'WhatIsNeeded';
});
const unconfirmed = changed((flow) => {
  delete flow.States['Confirm'];
  const text = JSON.stringify(flow.States).replaceAll('"Next":"Confirm"', '"Next":"Pay"').replaceAll('"Default":"Confirm"', '"Default":"Pay"');
  flow.States = JSON.parse(text) as Flow['States'];
}, ['warning WORKFLOW_PAYMENT_UNCONFIRMED /States/Pay/Resource']);
const tipping = changed((flow) => {
  state(flow, 'EnterAmount').Next = 'AskTip';
  flow.States['AskTip'] = {
    Type: 'Task',
    Resource: 'prompt:choose',
    Arguments: {
      audience: 'customer',
      text: { zh: '是否加小费？', en: 'Add a tip?' },
      options: [0, 10, 15].map((percent) => ({ value: percent, label: { zh: `${percent}%`, en: `${percent}%` } })),
    },
    TimeoutSeconds: 60,
    Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout'], Next: 'Cancelled' }],
    // Half a fen is rounded up: the amount stays a whole number.
    Assign: { amountMinor: '{% $amountMinor + $floor(($amountMinor * $states.result + 50) / 100) %}' },
    Next: 'ListMethods',
  };
});
const limited = changed((flow) => {
  const { Arguments } = state(flow, 'EnterAmount');
  if (Arguments) Arguments['maxMinor'] = 10_000;
});

describe.each([
  ['card', () => card],
  ['alipay', alipay],
] as const)('with %s', (method, paid) => {
  it('amount and method swapped', async () => {
    const sold = await shop.sell([amount(8801), ...paid(), confirmed, noted], swapped.options);
    expect(kinds(sold.prompts).slice(0, 2)).toEqual(['choose Choose how to pay', 'amount Enter the amount (yuan)']);
    expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: 8801, method } });
    expect(sold.ledger).toMatchObject([{ amountMinor: 8801, status: 'approved' }]);
  });

  it('without the confirmation', async () => {
    const sold = await shop.sell([amount(8802), ...paid(), noted], unconfirmed.options);
    expect(kinds(sold.prompts).filter((kind) => kind.startsWith('confirm'))).toEqual([]);
    expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: 8802, method } });
    expect(sold.ledger).toMatchObject([{ amountMinor: 8802, status: 'approved' }]);
  });

  it.each([
    [0, 8850, 8850],
    [15, 8850, 10_178],
    [10, 4_321, 4_753],
  ])('with a tip of %i%%', async (percent, fen, total) => {
    const tip: Step = { when: { prompt: 'choose', shows: 'Add a tip' }, answer: percent };
    const sold = await shop.sell([amount(fen), tip, ...paid(), confirmed, noted], tipping.options);
    expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: total, method } });
    expect(sold.ledger).toMatchObject([{ amountMinor: total, status: 'approved' }]);
    expect(sold.texts).toContain(`RMB ${(total / 100).toLocaleString('en', { minimumFractionDigits: 2 })}`);
    expect(sold.receipts[0]?.text).toContain((total / 100).toFixed(2));
  });

  it('with a lower limit: an amount above it is refused, the limit itself is taken', async () => {
    const refusals: unknown[] = [];
    const sold = await shop.sell([amount(10_000), ...paid(), confirmed, noted], {
      ...limited.options,
      onPrompt: (prompt, { till }) => {
        if (prompt.kind !== 'amount') return;
        for (const above of [10_001, 5_000_000, 99.5]) {
          try {
            till.answer(prompt.id, above);
          } catch (error) {
            refusals.push(TillwrightError.is(error) ? error.code : error);
          }
        }
      },
    });
    expect(refusals).toEqual(['PROMPT_ANSWER_INVALID', 'PROMPT_ANSWER_INVALID', 'PROMPT_ANSWER_INVALID']);
    expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: 10_000, method } });
    expect(sold.ledger).toMatchObject([{ amountMinor: 10_000, status: 'approved' }]);
  });
});

it('a running sale finishes on its own version, the next one runs on the new', async () => {
  let shipped = '';
  let replaced = false;
  const offered: unknown[] = [];
  const sold = await shop.sell([amount(7_700), ...alipay(), confirmed, noted, { when: { prompt: 'amount' }, cancel: true }], {
    edit: (text) => (shipped = text),
    onPrompt: (prompt, { till }) => {
      if (prompt.kind !== 'amount') return;
      offered.push(prompt.show['maxMinor']);
      if (!replaced) till.replace('counter-sale', shipped.replace('"maxMinor": 5000000', '"maxMinor": 200'));
      replaced = true;
    },
    onEnd: async ({ till }) => {
      const next = await till.start({ terminal: 'T1', workflow: 'counter-sale' });
      expect(await next.result).toMatchObject({ status: 'failed', error: 'Terminal.Cancelled' });
    },
  });
  expect(offered).toEqual([5_000_000, 200]);
  expect(sold.ledger).toMatchObject([{ amountMinor: 7_700, status: 'approved' }]);
});
