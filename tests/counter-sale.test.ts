/** Every path of the counter sale, on real wire protocols over loopback; the hosts' own ledgers are held against the log. */
import type { Prompt } from '@tillwright/core';
import { PinPad } from '@tillwright/core/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { amount, choose, confirmed, ended, noted, payerCode, pin, present, PushedClock, QR, QUICK, scan, type SellOptions, Shop, type Sold, type Step, watchPinBlocks, wrapping } from './support.js';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterEach(async () => {
  await shop.clearFaults();
  await shop.reconcile();
});
afterAll(() => shop.close());

const RIGHT = pin('123456');
const cardSale = (fen: number, ...steps: Step[]): Step[] => [amount(fen), choose('card', 'how to pay'), ...steps, confirmed, noted];
const walletSale = (wallet: 'alipay' | 'wechat', fen: number, code: string, ...steps: Step[]): Step[] => [
  amount(fen), choose(wallet, 'how to pay'), choose('scan', 'scan the customer'), scan(code), ...steps, confirmed, noted,
];

const expectPaid = (sold: Sold, fen: number, method: string): void => {
  expect(sold.result).toMatchObject({ status: 'succeeded', output: { amountMinor: fen, currency: 'CNY', method } });
  expect(sold.payments.at(-1)).toMatchObject({ state: 'paid', amountMinor: fen, method, committed: true });
  expect(sold.ledger.filter(({ status }) => status === 'approved')).toMatchObject([{ amountMinor: fen }]);
  expect(sold.unused).toEqual([]);
};
const expectNothingPaid = (sold: Sold, error: string): void => {
  expect(sold.result).toMatchObject({ status: 'failed', error, unsettled: [] });
  expect(sold.payments.filter(({ state }) => !['declined', 'undone', 'not-sent'].includes(state))).toEqual([]);
  expect(sold.ledger.filter(({ status }) => status === 'approved' || status === 'waiting')).toEqual([]);
  expect(sold.receipts).toEqual([]);
};
const shownBy = (sold: Sold, resource: string): Prompt[] => sold.prompts.filter(({ show }) => show['resource'] === resource);
/** Something that a prompt or device waits for, and the time passes. */
const passTime = (clock: PushedClock, when: (prompt: Prompt) => boolean): SellOptions => ({
  clock,
  onPrompt: (prompt) => {
    if (when(prompt)) clock.push(600_000);
  },
});
const paying = (prompt: Prompt): boolean => prompt.show['resource'] === 'payment:sale' && prompt.audience === 'customer';

describe('card', () => {
  it('chip and PIN: paid, confirmed by both, two copies of the receipt', async () => {
    const sold = await shop.sell(cardSale(8850, present('chip-ok'), RIGHT));
    expectPaid(sold, 8850, 'card');
    expect(sold.prompts.filter(({ kind }) => kind === 'confirm').map(({ audience }) => audience).toSorted()).toEqual(['customer', 'merchant']);
    expect(sold.texts).toContain('RMB 88.50');
    expect(sold.texts).toContain('遮挡键盘');
    expect(sold.receipts.map(({ copy, reprint, complete }) => ({ copy, reprint, complete }))).toEqual([
      { copy: 'merchant', reprint: false, complete: true },
      { copy: 'customer', reprint: false, complete: true },
    ]);
    expect(sold.receipts[0]?.text).toContain('88.50');
  });

  it('contactless under the limit: no PIN is asked for', async () => {
    const sold = await shop.sell(cardSale(9900, present('contactless-ok', 'tap')));
    expectPaid(sold, 9900, 'card');
    expect(shownBy(sold, 'pinpad:enterPin')).toEqual([]);
  });

  it('contactless over the limit: with PIN', async () => {
    const sold = await shop.sell(cardSale(100_001, present('contactless-ok', 'tap'), RIGHT));
    expectPaid(sold, 100_001, 'card');
    expect(shownBy(sold, 'pinpad:enterPin').length).toBeGreaterThan(0);
  });

  it('stripe only, with PIN', async () => {
    expectPaid(await shop.sell(cardSale(4321, present('stripe-only', 'swipe'), RIGHT)), 4321, 'card');
  });

  it('a chip card that is swiped is asked to be inserted', async () => {
    const sold = await shop.sell(cardSale(1500, present('chip-and-stripe', 'swipe'), present('chip-and-stripe'), RIGHT));
    expectPaid(sold, 1500, 'card');
    expect(sold.texts).toContain('这是芯片卡，请插卡');
    expect(sold.texts).toContain('This card has a chip');
  });

  it('three chip failures let the stripe in', async () => {
    const sold = await shop.sell(cardSale(1600, present('chip-broken', 'insert', { times: 3 }), present('chip-broken', 'swipe'), RIGHT));
    expectPaid(sold, 1600, 'card');
    expect(sold.texts).toContain('芯片无法读取，请改为刷卡');
  });

  it('unreadable: told how to hold it, tried again', async () => {
    const sold = await shop.sell(cardSale(1700, present('stripe-only', 'swipe', { fault: 'unreadable', times: 2 }), present('stripe-only', 'swipe'), RIGHT));
    expectPaid(sold, 1700, 'card');
    expect(sold.texts).toContain('磁条朝下');
    expect(sold.texts).toContain('stripe down, at an even speed');
  });

  it('unreadable for good: another way to pay is offered', async () => {
    const sold = await shop.sell([
      ...cardSale(1800, present('unreadable', 'swipe', { times: 3 })), choose('again', 'Not paid'),
      choose('card', 'how to pay'), present('chip-ok'), RIGHT,
    ]);
    expectPaid(sold, 1800, 'card');
    expect(sold.texts).toContain('无法读卡');
    expect(sold.payments).toHaveLength(1);
  });

  it.each([
    ['expired', '该卡已过期', 'expired', []],
    ['blocked', '挂失卡', '41', [RIGHT]],
    ['stolen', '被窃卡', '43', [RIGHT]],
    ['low-balance', '可用余额不足', '51', [RIGHT]],
    ['counterfeit', '持卡人认证失败', '05', [RIGHT]],
    ['pin-locked', '密码错误次数超限', '38', [RIGHT]],
    ['chip-refuses', '卡片拒绝', '', [RIGHT]],
  ] as const)('%s: the hint is shown in Chinese and English, nothing is paid', async (id, zh, _code, steps) => {
    const sold = await shop.sell([...cardSale(5100, present(id), ...steps), ended]);
    expectNothingPaid(sold, 'Payment.Declined');
    const [notPaid] = sold.prompts.filter(({ show }) => show.text.en.startsWith('Not paid'));
    expect(notPaid?.show.text.zh).toContain(zh);
    expect(notPaid?.show.text.en).toMatch(/^Not paid: [A-Z]\w+ /);
    expect(notPaid?.show.text.en).not.toMatch(/undefined|null/);
  });

  it('51 declined: another method is chosen and paid', async () => {
    const sold = await shop.sell([
      ...cardSale(5200, present('low-balance'), RIGHT), choose('again', 'Not paid'),
      choose('alipay', 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode('alipay')),
    ]);
    expectPaid(sold, 5200, 'alipay');
    expect(sold.payments.map(({ method, state }) => ({ method, state }))).toEqual([{ method: 'card', state: 'declined' }, { method: 'alipay', state: 'paid' }]);
  });

  describe('PIN', () => {
    /** What the PIN pad gave: kept by the test alone. */
    let blocks: string[];
    const watched = wrapping(PinPad, (pad) => watchPinBlocks(pad, (block) => void blocks.push(Buffer.from(block).toString('hex'))));

    it('wrong, then right: a new trace number and a new PIN block, confirmed once', async () => {
      blocks = [];
      const sold = await shop.sell(cardSale(2300, present('chip-ok'), pin('654321'), RIGHT), { plugins: watched });
      expectPaid(sold, 2300, 'card');
      expect(sold.payments.map(({ state }) => state)).toEqual(['declined', 'paid']);
      expect(new Set(sold.payments.flatMap(({ references }) => references)).size).toBe(2);
      expect(sold.ledger).toMatchObject([{ status: 'declined', code: '55' }, { status: 'approved' }]);
      expect(new Set(blocks).size).toBe(2);
      expect(sold.texts).toContain('密码错误，请重新输入');
      expect(sold.prompts.filter(({ kind }) => kind === 'confirm')).toHaveLength(2);
    });

    it('wrong three times: asked no more', async () => {
      blocks = [];
      const sold = await shop.sell([...cardSale(2400, present('chip-and-stripe'), pin('000001'), pin('000002'), pin('000003'), RIGHT), ended], { plugins: watched });
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.ledger.map(({ status, code }) => `${status} ${code}`)).toEqual(['declined 55', 'declined 55', 'declined 38']);
      expect(new Set(sold.ledger.map(({ reference }) => reference)).size).toBe(3);
      expect(blocks).toHaveLength(3);
      expect(sold.unused).toHaveLength(1);
    });

    it('passed over: the customer signs', async () => {
      const sold = await shop.sell(cardSale(2500, present('chip-ok'), { when: { device: 'pinpad' }, bypass: true }));
      expectPaid(sold, 2500, 'card');
      expect(sold.receipts[0]?.text).toMatch(/签名|SIGNATURE/i);
    });

    it('passed over where the host wants one: asked for again', async () => {
      blocks = [];
      const sold = await shop.sell(cardSale(150_000, present('chip-ok'), { when: { device: 'pinpad' }, bypass: true }, RIGHT), { plugins: watched });
      expectPaid(sold, 150_000, 'card');
      expect(sold.ledger).toMatchObject([{ status: 'declined', code: '55' }, { status: 'approved' }]);
      expect(blocks).toHaveLength(1);
    });

    it('cancelled on the pad: nothing is sent', async () => {
      const sold = await shop.sell(cardSale(2600, present('chip-ok'), { when: { device: 'pinpad' }, cancel: true }));
      expectNothingPaid(sold, 'Terminal.Cancelled');
      expect(sold.payments).toEqual([]);
    });
  });

  describe('undone', () => {
    it('pulled before its cryptogram: nothing is sent', async () => {
      const sold = await shop.sell([...cardSale(3100, present('chip-ok', 'insert', { fault: 'pulled-before-cryptogram' }), RIGHT), ended]);
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.texts).toContain('卡片已被拔出');
      expect(sold.ledger).toEqual([]);
    });

    it.each([
      ['the card is pulled before completion', present('chip-ok', 'insert', { fault: 'pulled-after-cryptogram' })],
      ['the card refuses the approval', present('chip-declines')],
    ])('%s: reversed', async (_what, presented) => {
      const sold = await shop.sell([...cardSale(3200, presented, RIGHT), ended]);
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.payments).toMatchObject([{ state: 'undone' }]);
      expect(sold.ledger).toMatchObject([{ status: 'reversed', amountMinor: 3200 }]);
      expect(sold.texts).toContain('未扣款');
    });

    it('its answer is lost: reversed at the acquirer', async () => {
      await shop.fault('acquirer', { do: 'drop-answer', match: { operation: 'sale' } });
      const clock = new PushedClock();
      const approved = async (): Promise<boolean> => (await shop.ledger('acquirer')).some(({ status, amountMinor }) => status === 'approved' && amountMinor === 3301);
      const sold = await shop.sell([...cardSale(3301, present('chip-ok'), RIGHT), ended], {
        clock,
        onPrompt: async (prompt) => {
          if (!paying(prompt) || prompt.show.text.en !== 'Processing, please wait') return;
          while (!(await approved()));
          clock.push(60_000);
        },
      });
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.ledger).toMatchObject([{ status: 'reversed', amountMinor: 3301 }]);
    });

    it('its request is lost: the acquirer knows of nothing to reverse', async () => {
      await shop.fault('acquirer', { do: 'drop-request', match: { operation: 'sale' } });
      const clock = new PushedClock();
      const sold = await shop.sell([...cardSale(3302, present('chip-ok'), RIGHT), ended], {
        clock,
        onPrompt: async (prompt) => {
          if (!paying(prompt) || prompt.show.text.en !== 'Processing, please wait') return;
          while ((await shop.control<unknown[]>('acquirer', '/faults')).length > 0);
          clock.push(60_000);
        },
      });
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.payments).toMatchObject([{ state: 'undone' }]);
    });

    it.each(['bad-signature', 'garble'] as const)('its answer is not to be believed (%s): reversed', async (how) => {
      await shop.fault('acquirer', { do: how, match: { operation: 'sale' } });
      const clock = new PushedClock();
      const sold = await shop.sell([...cardSale(3303, present('chip-ok'), RIGHT), ended], {
        clock,
        onPrompt: async (prompt) => {
          if (!paying(prompt) || prompt.show.text.en !== 'Processing, please wait') return;
          while (!(await shop.ledger('acquirer')).some(({ status, amountMinor }) => status !== 'declined' && amountMinor === 3303));
          clock.push(60_000);
        },
      });
      expectNothingPaid(sold, 'Payment.Declined');
      expect(sold.ledger).toMatchObject([{ status: 'reversed' }]);
    });
  });
});

describe.each(['alipay', 'wechat'] as const)('%s', (wallet) => {
  const other = wallet === 'alipay' ? 'wechat' : 'alipay';
  const pay = wallet === 'alipay' ? 'pay' : 'codepay';
  const known = async (payer: { outcome?: string; paysAfterQueries?: number; password?: string; balanceMinor?: number }): Promise<string> => {
    const code = payerCode(wallet);
    await shop.control(wallet, '/accounts', { payers: [{ name: `payer of ${code.slice(0, 6)}`, balanceMinor: 10_000_000, code, ...payer }] });
    return code;
  };

  it("the payer's code: paid at once", async () => {
    const sold = await shop.sell(walletSale(wallet, 1280, payerCode(wallet)));
    expectPaid(sold, 1280, wallet);
    expect(sold.receipts).toHaveLength(2);
  });

  it('waits for the password, then paid', async () => {
    const sold = await shop.sell(walletSale(wallet, 1290, await known({ password: 'needed', paysAfterQueries: 2 })));
    expectPaid(sold, 1290, wallet);
  });

  it('the customer walks away: cancelled at the host', async () => {
    const sold = await shop.sell([...walletSale(wallet, 1300, await known({ outcome: 'walks-away' })), ended]);
    expectNothingPaid(sold, 'Payment.Declined');
    expect(sold.payments).toMatchObject([{ state: 'undone' }]);
    expect(sold.ledger.map(({ status }) => status)).toEqual(['closed']);
  });

  it('the customer cancels in the wallet: declined', async () => {
    const sold = await shop.sell([...walletSale(wallet, 1310, await known({ outcome: 'declines' })), ended]);
    expectNothingPaid(sold, 'Payment.Declined');
  });

  it('the answer is lost: found by inquiry', async () => {
    await shop.fault(wallet, { do: 'drop-answer', match: { operation: pay } });
    expectPaid(await shop.sell(walletSale(wallet, 1320, payerCode(wallet))), 1320, wallet);
  });

  it.each(['bad-signature', 'garble'] as const)('an answer that is not to be believed (%s) decides nothing: found by inquiry', async (how) => {
    await shop.fault(wallet, { do: how, match: { operation: pay } });
    expectPaid(await shop.sell(walletSale(wallet, 1321, payerCode(wallet))), 1321, wallet);
  });

  it('the request is lost: nothing is charged', async () => {
    await shop.fault(wallet, { do: 'drop-request', match: { operation: pay } });
    const sold = await shop.sell([...walletSale(wallet, 1322, payerCode(wallet)), ended]);
    expectNothingPaid(sold, 'Payment.Declined');
    expect(sold.payments).toMatchObject([{ state: 'undone' }]);
  });

  it('too little money: declined with the hint, another method is chosen', async () => {
    const sold = await shop.sell([
      ...walletSale(wallet, 1330, await known({ balanceMinor: 10 })), choose('again', 'Not paid'),
      choose(other, 'how to pay'), choose('scan', 'scan the customer'), scan(payerCode(other)),
    ]);
    expectPaid(sold, 1330, other);
    expect(sold.payments.map(({ state }) => state)).toEqual(['declined', 'paid']);
    expect(sold.texts).toMatch(/未收款：[^"]*余额不足/);
  });

  it("the other wallet's code: the switch is offered and taken", async () => {
    const sold = await shop.sell([...walletSale(wallet, 1340, payerCode(other)), choose('switch', 'Pay with it')]);
    expectPaid(sold, 1340, other);
  });

  it("the other wallet's code: scanned again instead", async () => {
    const sold = await shop.sell([...walletSale(wallet, 1350, payerCode(other)), choose('scan', 'Pay with it'), scan(payerCode(wallet))]);
    expectPaid(sold, 1350, wallet);
  });

  it('what is no code at all: told, and ended', async () => {
    const sold = await shop.sell([amount(1), choose(wallet, 'how to pay'), choose('scan', 'scan the customer'), { when: { device: 'scanner' }, garbage: true }, ended]);
    expectNothingPaid(sold, 'Payment.Declined');
    expect(sold.texts).toContain('无法识别付款码');
  });

  describe("merchant's QR", () => {
    const show = (fen: number): Step[] => [amount(fen), choose(wallet, 'how to pay'), choose('show', 'scan the customer'), confirmed, noted];
    const referenceOf = (records: { till: { payments(): readonly { references: readonly string[]; state: string }[] } }): string =>
      records.till.payments().find(({ state }) => state === 'undecided')?.references[0] ?? '';

    it('scanned: paid', async () => {
      const scanned: string[] = [];
      const sold = await shop.sell(show(1410), {
        policies: QR,
        onPrompt: async (prompt, counter) => {
          if (prompt.show['qr'] === undefined || scanned.length > 0) return;
          scanned.push(String(prompt.show['qr']));
          await shop.control(wallet, '/scan', { reference: referenceOf(counter), outcome: 'pays', afterQueries: 2 });
        },
      });
      expectPaid(sold, 1410, wallet);
      // Inquiries that find it waiting leave the QR where it stands.
      expect(sold.prompts.filter((prompt) => paying(prompt)).at(-1)?.show['qr']).toBe(scanned[0]);
      expect(scanned).toHaveLength(1);
    });

    it('not scanned and cancelled: closed', async () => {
      const sold = await shop.sell(show(1420), {
        policies: QR,
        onPrompt: (prompt, { till }) => {
          if (prompt.show['qr'] !== undefined) till.cancelPrompt(prompt.id, 'merchant');
        },
      });
      expectNothingPaid(sold, 'Terminal.Cancelled');
      expect(sold.payments).toMatchObject([{ state: 'undone' }]);
      expect(sold.ledger.filter(({ status }) => status !== 'closed' && status !== 'reversed')).toEqual([]);
    });

    it('cancelled while it is being paid: what was paid is given back', async () => {
      let paidBefore: unknown;
      const sold = await shop.sell(show(1430), {
        policies: { alipay: { ...QR.alipay, inquireAtMs: [180_000] }, wechat: { ...QR.wechat, inquireAtMs: [180_000] } },
        onPrompt: async (prompt, counter) => {
          if (prompt.show['qr'] === undefined || paidBefore !== undefined) return;
          const reference = referenceOf(counter);
          await shop.control(wallet, '/scan', { reference, outcome: 'pays' });
          paidBefore = (await shop.ledger(wallet)).find((entry) => entry.reference === reference)?.status;
          counter.till.cancelPrompt(prompt.id, 'merchant');
        },
      });
      expect(paidBefore).toBe('approved');
      // WeChat gives the money back in a second step: the goods stay here until it is done.
      expect(sold.result).toMatchObject({ status: 'failed', error: wallet === 'alipay' ? 'Terminal.Cancelled' : 'Payment.Unsettled' });
      expect(sold.payments).toMatchObject([{ state: 'undone', amountMinor: 0 }]);
      expect(sold.ledger.map(({ status }) => status)).toEqual([wallet === 'alipay' ? 'reversed' : 'refunded']);
    });
  });
});

describe('cancel and time-out', () => {
  it.each(['merchant', 'customer'] as const)('the %s cancels at the confirmation', async (audience) => {
    const sold = await shop.sell([...cardSale(6100, present('chip-ok'), RIGHT).slice(0, -2), { when: { prompt: 'confirm', audience }, cancel: true }, { when: { prompt: 'confirm' }, walksAway: true }]);
    expectNothingPaid(sold, 'Terminal.Cancelled');
    expect(sold.payments).toEqual([]);
  });

  it.each(['amount', 'choose'] as const)('cancelled at the %s', async (prompt) => {
    expectNothingPaid(await shop.sell([{ when: { prompt }, cancel: true }, amount(1)]), 'Terminal.Cancelled');
  });

  const away = (when: Step): Step => ({ when, walksAway: true });
  const beside = (resource: string) => (prompt: Prompt) => prompt.show['resource'] === resource && prompt.audience === 'customer';
  const says = (text: string) => (prompt: Prompt) => prompt.show.text.en.includes(text);
  it.each<[string, Step[], (prompt: Prompt) => boolean, string]>([
    ['the amount', [away({ prompt: 'amount' })], says('Enter the amount'), 'Terminal.Cancelled'],
    ['the method', [amount(1), away({ prompt: 'choose' })], says('how to pay'), 'Terminal.Cancelled'],
    ['the card', [amount(1), choose('card'), away({ device: 'reader' })], beside('reader:readCard'), 'Terminal.Cancelled'],
    ['the PIN', [amount(1), choose('card'), present('chip-ok'), away({ device: 'pinpad' })], beside('pinpad:enterPin'), 'Terminal.Cancelled'],
    ['scan or show', [amount(1), choose('alipay', 'how to pay'), away({ prompt: 'choose' })], says('scan the customer'), 'Terminal.Cancelled'],
    ['the code', [amount(1), choose('alipay'), choose('scan'), away({ device: 'scanner' })], beside('scanner:scan'), 'Terminal.Cancelled'],
    ['the switch', [amount(1), choose('alipay'), choose('scan'), scan('131111111111111111'), away({ prompt: 'choose' })], says('Pay with it'), 'Terminal.Cancelled'],
    ['the confirmation', [amount(1), choose('alipay'), choose('scan'), scan('281111111111111111'), away({ prompt: 'confirm' }), away({ prompt: 'confirm' })], says('confirm the payment'), 'Terminal.Cancelled'],
    ['another way', [amount(1), choose('card'), present('expired'), away({ prompt: 'choose' })], says('Not paid'), 'Payment.Declined'],
  ])('nobody reacts to %s: it ends, nothing is charged', async (_what, steps, waiting, error) => {
    expectNothingPaid(await shop.sell(steps, passTime(new PushedClock(), waiting)), error);
  });

  it('a payment that takes too long is undone', async () => {
    const code = payerCode('alipay');
    await shop.control('alipay', '/accounts', { payers: [{ name: 'slow payer', balanceMinor: 10_000_000, code, outcome: 'walks-away' }] });
    const clock = new PushedClock();
    const sold = await shop.sell([...walletSale('alipay', 6200, code), ended], {
      policies: { ...QUICK, alipay: { ...QUICK.alipay, inquireAtMs: [900_000] } },
      clock,
      onPrompt: (prompt) => {
        if (prompt.show.text.en.includes('on your phone')) clock.push(181_000);
      },
    });
    expectNothingPaid(sold, 'Payment.Declined');
    expect(sold.ledger).toMatchObject([{ status: 'closed' }]);
  });
});

describe('the till itself', () => {
  it('out of paper: paid, the receipt owed, printed when paper is back without the reprint mark', async () => {
    const sold = await shop.sell(
      [...walletSale('wechat', 7100, payerCode('wechat')), { fault: 'paper-out', after: 'confirm', nth: 2 }, { do: 'paper-in', after: 'notice' }],
      { onEnd: ({ world }) => printed(world, 2) },
    );
    expectPaid(sold, 7100, 'wechat');
    expect(sold.texts).toContain('已收款，签购单未打印');
    expect(sold.receipts.map(({ copy, reprint }) => ({ copy, reprint }))).toEqual([{ copy: 'merchant', reprint: false }, { copy: 'customer', reprint: false }]);
    expect(sold.receipts.map(({ text }) => text).join('')).not.toContain('重打印');
  });

  it('the paper ends within the receipt: printed again, marked as a reprint', async () => {
    const sold = await shop.sell(
      [...walletSale('alipay', 7200, payerCode('alipay')), { when: { device: 'printer' }, fault: 'paper-out-midway' }, { do: 'paper-in', after: 'notice' }],
      { onEnd: ({ world }) => printed(world, 3) },
    );
    expectPaid(sold, 7200, 'alipay');
    expect(sold.receipts.map(({ copy, reprint, complete }) => ({ copy, reprint, complete }))).toEqual([
      { copy: 'merchant', reprint: false, complete: false },
      { copy: 'merchant', reprint: true, complete: true },
      { copy: 'customer', reprint: false, complete: true },
    ]);
    expect(sold.receipts[1]?.text).toContain('重打印');
  });

  it('paper that comes with the next counter: what is owed is printed then', async () => {
    const first = await shop.sell([...walletSale('alipay', 7300, payerCode('alipay')), { fault: 'paper-out', after: 'confirm' }]);
    expectPaid(first, 7300, 'alipay');
    expect(first.receipts).toEqual([]);
    const counter = await shop.counter([]);
    try {
      await printed(counter.world, 2);
      expect(counter.world.receipts.map(({ copy, reprint }) => ({ copy, reprint }))).toEqual([{ copy: 'merchant', reprint: false }, { copy: 'customer', reprint: false }]);
      expect(counter.world.receipts[0]?.text).toContain('73.00');
    } finally {
      await counter.close();
    }
  });

  it('not ready: says what is missing and how to mend it, and goes on once it is mended', async () => {
    const sold = await shop.sell([
      ...walletSale('wechat', 7400, payerCode('wechat')),
      { fault: 'network-down' }, { fault: 'power-low' }, { fault: 'clock-skew', skewMs: 600_000 },
      { do: 'network-up', after: 'notice' }, { do: 'power-ok', after: 'notice', nth: 2 }, { do: 'clock-right', after: 'notice', nth: 3 },
    ]);
    expectPaid(sold, 7400, 'wechat');
    const notices = sold.prompts.filter(({ kind }) => kind === 'notice').map(({ show }) => show.text);
    expect(notices).toHaveLength(3);
    expect(notices[0]?.zh).toMatch(/终端未就绪：.*电源.*网络.*时钟/);
    expect(notices[0]?.en).toMatch(/plug in.*check the cable.*set the time/s);
    expect(notices[1]?.en).not.toContain('check the cable');
    expect(notices[2]?.en).toMatch(/not ready: Clock: /);
  });

  it("the acquirer can't be reached: the card is shown as not ready, wallets go on", async () => {
    await shop.fault('acquirer', { do: 'refuse-connections' });
    const sold = await shop.sell(walletSale('alipay', 7500, payerCode('alipay')));
    expectPaid(sold, 7500, 'alipay');
    const [methods] = sold.prompts.filter(({ show }) => show.text.en === 'Choose how to pay');
    expect(methods?.show['options']).toMatchObject([{ value: 'card', disabled: true, why: { zh: expect.stringContaining('无法连接收单机构') } }, { value: 'alipay', disabled: false }, { value: 'wechat', disabled: false }]);
    expect(methods?.answer).toEqual({ enum: ['alipay', 'wechat'] });
  });

  it('a host that goes away between check and payment: not sent, nothing charged, another way is offered', async () => {
    const sold = await shop.sell([...walletSale('alipay', 7600, payerCode('alipay')), ended], {
      onPrompt: (prompt) => (prompt.kind === 'confirm' && prompt.audience === 'merchant' ? shop.fault('alipay', { do: 'refuse-connections' }) : undefined),
    });
    expectNothingPaid(sold, 'Payment.Declined');
    expect(sold.payments).toMatchObject([{ state: 'not-sent' }]);
  });
});

const printed = (world: { receipts: readonly unknown[]; on(name: 'receipt', listener: () => void): unknown }, copies: number): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => void (world.receipts.length >= copies && resolve());
    world.on('receipt', () => setImmediate(look));
    look();
  });
