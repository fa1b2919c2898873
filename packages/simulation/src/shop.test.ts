import { readFileSync } from 'node:fs';
import type { EventRecord } from '@tillwright/core';
import { Counters, type Plugin, Printer, type Provision } from '@tillwright/core/contract';
import { decode } from '@tillwright/plugin-card/protocol';
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

it('a till without a printer promises no receipt', async () => {
  const [byCard] = (JSON.parse(script) as { transactions: { steps: unknown[] }[] }).transactions;
  const shop = await openShop({
    seed: 'no printer',
    workflows,
    script: JSON.stringify({ transactions: [{ steps: [...(byCard?.steps ?? []), { when: { prompt: 'notice' }, answer: true }] }] }),
    plugins: (defaults) => defaults.map((plugin) => ({ ...plugin, provides: plugin.provides.filter(({ token }) => token !== Printer) })),
  });
  const notices: string[] = [];
  shop.till.on('prompt', ({ kind, show }) => void (kind === 'notice' && notices.push(show.text.zh, show.text.en)));
  expect(await shop.sell({ workflow: 'counter-sale' })).toMatchObject({ status: 'succeeded' });
  expect(notices).toEqual([
    '已收款，签购单未打印：此终端没有打印机：交易已成功，不打印签购单',
    'Paid, but no receipt is printed: This terminal has no printer: the payment stands, and no receipt is printed',
  ]);
  expect(await shop.quiet()).toBe(true);
  await shop.close();
});

it('a log that was restored from an older copy sends nothing, and the till goes on above the trace numbers that its PIN pad has seen', async () => {
  const [byCard] = (JSON.parse(script) as { transactions: { steps: unknown[] }[] }).transactions;
  const steps = [...(byCard?.steps ?? []), { when: { prompt: 'choose' }, answer: 'end', times: 'always' }];
  let copy: readonly EventRecord[] | undefined;
  const sent: { mti: string; trace: number }[] = [];
  const shop = await openShop({
    seed: 'restored',
    workflows,
    script: JSON.stringify({ transactions: [{ steps }, { steps }, { steps }] }),
    onSend: (...message) => {
      if (message[0] !== 'acquirer') return;
      const { mti, fields } = decode(message[1]);
      sent.push({ mti, trace: Number(fields[11]) });
      // While the first sale is on its way.
      if (mti === '0200') copy ??= shop.log.records.filter(({ seq }) => seq <= shop.log.durableTo);
    },
  });
  for (let n = 0; n < 2; n += 1) {
    expect(await shop.sell({ workflow: 'counter-sale' })).toMatchObject({ status: 'succeeded' });
    expect(await shop.quiet()).toBe(true);
    shop.world.nextTransaction();
  }
  const highest = Math.max(...sent.map(({ trace }) => trace));
  const before = sent.length;
  shop.restore(copy ?? []);
  const alarms: string[] = [];
  await shop.reopen();
  shop.till.on('alarm', ({ kind }) => alarms.push(kind));
  await shop.quiet();
  expect(sent.length).toBe(before);
  expect(shop.hosts.ledger('acquirer').map(({ status }) => status)).toEqual(['approved', 'approved']);
  expect(alarms).toEqual(['log-restored']);
  await expect(shop.sell({ workflow: 'counter-sale' })).rejects.toMatchObject({ code: 'LOG_RESTORED' });

  const decision = { by: 'Li', reason: 'the disk was replaced; seen in the books' };
  const [open] = shop.till.cases();
  await shop.till.resolve(open?.caseId ?? '', { as: 'paid', ...decision });
  await shop.till.acknowledge('T1', decision);
  expect(await shop.sell({ workflow: 'counter-sale' })).toMatchObject({ status: 'succeeded' });
  await shop.quiet();
  expect(shop.hosts.ledger('acquirer').map(({ status }) => status)).toEqual(['approved', 'approved', 'approved']);
  expect(sent.slice(before).map(({ mti }) => mti)).not.toContain('0400');
  expect(Math.min(...sent.slice(before).map(({ trace }) => trace))).toBeGreaterThan(highest);
  await shop.close();
});

it('a wrong PIN needs a new entry, also when the till stopped in between: another trace number, another PIN block (13)', async () => {
  const sales: { trace: string | undefined; pinBlock: string | undefined }[] = [];
  const steps = [
    { when: { prompt: 'amount' }, answer: 2300 },
    { when: { prompt: 'choose' }, answer: 'card' },
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert' },
    { when: { device: 'pinpad' }, pin: '654321' },
    { when: { prompt: 'confirm', audience: 'merchant' }, answer: true, times: 'always' },
    { when: { prompt: 'confirm', audience: 'customer' }, answer: true, times: 'always' },
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert' },
    { when: { device: 'pinpad' }, pin: '123456', times: 'always' },
  ];
  const shop = await openShop({
    seed: 'wrong PIN',
    workflows,
    script: JSON.stringify({ transactions: [{ steps }] }),
    onSend: (...message) => {
      if (message[0] !== 'acquirer') return;
      const { mti, fields } = decode(message[1]);
      if (mti === '0200') sales.push({ trace: fields[11], pinBlock: fields[52] });
    },
  });
  const { life } = shop;
  shop.world.on('waiting', ({ device }) => {
    if (device === 'pinpad' && sales.length === 1) life.end();
  });
  expect(await shop.sell({ workflow: 'counter-sale', key: 'order-1' })).toBeUndefined();
  expect(sales).toHaveLength(1);
  shop.crash(shop.log.head - shop.log.durableTo);
  await shop.reopen();
  expect(await shop.sell({ workflow: 'counter-sale', key: 'order-1' })).toMatchObject({ status: 'succeeded' });
  expect(sales).toHaveLength(2);
  expect(new Set(sales.map(({ trace }) => trace)).size).toBe(2);
  expect(new Set(sales.map(({ pinBlock }) => pinBlock)).size).toBe(2);
  expect(sales[1]?.pinBlock).toMatch(/^[0-9A-F]{16}$/i);
  expect(shop.hosts.ledger('acquirer')).toMatchObject([{ status: 'declined', code: '55' }, { status: 'approved' }]);
  await shop.close();
});

it('a wrong PIN is entered again while the chip stays in: its one cryptogram goes out once more, under another trace number (13)', async () => {
  const sales: { trace: string | undefined; chip: string | undefined }[] = [];
  const steps = [
    { when: { prompt: 'amount' }, answer: 2300 },
    { when: { prompt: 'choose' }, answer: 'card' },
    { when: { prompt: 'choose' }, answer: 'end', times: 'always' },
    // Once: a card can be read a second time only when it was taken out.
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert' },
    { when: { device: 'pinpad' }, pin: '654321' },
    { when: { device: 'pinpad' }, pin: '111111' },
    { when: { device: 'pinpad' }, pin: '123456' },
    { when: { prompt: 'confirm', audience: 'merchant' }, answer: true, times: 'always' },
    { when: { prompt: 'confirm', audience: 'customer' }, answer: true, times: 'always' },
  ];
  const shop = await openShop({
    seed: 'PIN again',
    workflows,
    script: JSON.stringify({ transactions: [{ steps }] }),
    onSend: (...message) => {
      if (message[0] !== 'acquirer') return;
      const { mti, fields } = decode(message[1]);
      if (mti === '0200') sales.push({ trace: fields[11], chip: fields[55] });
    },
  });
  expect(await shop.sell({ workflow: 'counter-sale' })).toMatchObject({ status: 'succeeded' });
  expect(new Set(sales.map(({ trace }) => trace)).size).toBe(3);
  expect(new Set(sales.map(({ chip }) => chip)).size).toBe(1);
  expect(shop.hosts.ledger('acquirer')).toMatchObject([{ status: 'declined', code: '55' }, { status: 'declined', code: '55' }, { status: 'approved' }]);
  await shop.close();
});

/** The card plugin with so many trace numbers, where there are 999,999. */
const withTraces = (plugin: Plugin, max: number): Plugin => {
  const fewer = (counters: Counters): Counters => ({
    current: (name, from) => counters.current(name, from),
    next: (name, range) => counters.next(name, name === 'trace' ? { ...range, max } : range),
    set: (name, to) => counters.set(name, to),
  });
  const provides = plugin.provides.map(({ token, how }): Provision => {
    if (how.kind !== 'factory') return { token, how };
    const make = (...given: never[]): unknown => how.make(...(given.map((each, index) => (how.needs[index]?.id === Counters.id ? fewer(each) : each)) as never[]));
    return { token, how: { ...how, make } };
  });
  return { ...plugin, provides };
};

it.each([0, 1])('sells on when the acquirer has settled the batch, %i sales after the sign-on: nobody is charged twice, nothing stays open', async (before) => {
  const steps = [
    { when: { prompt: 'amount' }, answer: 1250, times: 'always' },
    { when: { prompt: 'choose' }, answer: 'card' },
    // The host's 77 is told, and the merchant tries again.
    { when: { prompt: 'choose' }, answer: 'again' },
    { when: { prompt: 'choose' }, answer: 'card' },
    { when: { prompt: 'confirm', audience: 'merchant' }, answer: true, times: 'always' },
    { when: { prompt: 'confirm', audience: 'customer' }, answer: true, times: 'always' },
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert', times: 'always' },
    { when: { device: 'pinpad' }, pin: '123456', times: 'always' },
  ];
  const shop = await openShop({ seed: 'settled', workflows, script: JSON.stringify({ transactions: Array.from({ length: 4 }, () => ({ steps })) }) });
  const results: unknown[] = [];
  for (let n = 0; n < 3; n += 1) {
    if (n === before) await shop.hosts.closeBatch('00000001');
    results.push((await shop.sell({ workflow: 'counter-sale' }))?.status);
    shop.world.nextTransaction();
  }
  expect(await shop.quiet()).toBe(true);
  expect(results).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(shop.hosts.ledger('acquirer').map(({ reference, status }) => `${reference.slice(9, 15)} ${status}`)).toEqual(before === 0 ? ['000002 approved', '000002 approved', '000002 approved'] : ['000001 approved', '000002 approved', '000002 approved']);
  expect(shop.till.cases()).toEqual([]);
  await shop.close();
});

it('a trace number that comes round again within a batch is not sent under: its reversal would undo the sale that had it first', async () => {
  const steps = [
    { when: { prompt: 'amount' }, answer: 1250, times: 'always' },
    { when: { prompt: 'choose' }, answer: 'card' },
    { when: { prompt: 'choose' }, answer: 'end', times: 'always' },
    { when: { prompt: 'confirm', audience: 'merchant' }, answer: true, times: 'always' },
    { when: { prompt: 'confirm', audience: 'customer' }, answer: true, times: 'always' },
    { when: { device: 'reader' }, card: 'chip-ok', by: 'insert', times: 'always' },
    { when: { device: 'pinpad' }, pin: '123456', times: 'always' },
  ];
  const sent: string[] = [];
  const shop = await openShop({
    seed: 'round again',
    workflows,
    script: JSON.stringify({ transactions: Array.from({ length: 33 }, () => ({ steps })) }),
    plugins: (defaults) => defaults.map((plugin) => (plugin.name === '@tillwright/plugin-card' ? withTraces(plugin, 30) : plugin)),
    onSend: (...message) => {
      if (message[0] === 'acquirer') sent.push(decode(message[1]).mti);
    },
  });
  const sell = async (): Promise<string | undefined> => {
    const result = await shop.sell({ workflow: 'counter-sale' });
    shop.world.nextTransaction();
    return result?.status;
  };
  // The sign-on took the first number, which is free in its second round; after that each one was a sale's.
  for (let n = 0; n < 30; n += 1) expect(await sell()).toBe('succeeded');
  const before = sent.length;
  for (let n = 0; n < 3; n += 1) expect(await sell()).toBe('failed');
  expect(await shop.quiet()).toBe(true);
  expect(sent.slice(before)).toEqual([]);
  expect(shop.hosts.ledger('acquirer').map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 'approved'));
  await shop.close();
});

/** A code is scanned and pays. */
const byCode = (how: object, then: object, states: object = {}): string => {
  const scan = { Type: 'Task', Resource: 'scanner:scan', TimeoutSeconds: 60, Assign: { code: '{% $states.result %}' }, Next: 'Pay' };
  const paying = { Type: 'Task', Resource: 'payment:sale', Arguments: { amountMinor: 1000, currency: 'CNY', with: { code: '{% $code %}' }, ...how }, TimeoutSeconds: 300, ...then };
  return JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'Scan', States: { Scan: scan, Pay: paying, ...states } });
};

it.each([0, 40_000, 300_000, 3 * 86_400_000])('a refund of WeChat Pay that is on its way for %i ms is found when it arrives, and a person who was told of it is told that, too', async (refundTakesMs) => {
  const sale = byCode({ method: 'wechat', dueMinor: 3000 }, { Next: 'GivenUp' }, { GivenUp: { Type: 'Fail', Error: 'Sale.GivenUp' } });
  const shop = await openShop({ seed: 'on its way', workflows: { sale }, refundTakesMs });
  shop.world.on('waiting', () => setImmediate(() => shop.world.scan('131234567890123456')));
  expect(await shop.sell({ workflow: 'sale' })).toMatchObject({ status: 'failed', error: 'Sale.GivenUp', unsettled: [{ method: 'wechat' }] });
  await shop.quiet();
  expect(await shop.reconcile()).toMatchObject([{ host: 'wechat', ledger: 'refunded', log: 'undone', agrees: true }]);
  const told = shop.till.cases();
  // Asked for in a minute; what takes longer is a case, and asked for all the same.
  if (refundTakesMs < 60_000) expect(told).toEqual([]);
  else expect(told).toMatchObject([{ why: expect.stringMatching(/^refund WR\w+ is on its way, says the host/), undone: { proof: 'money-back' } }]);
  await shop.close();
});

it.each([
  ['alipay', 'pay', '281234567890123456'],
  ['wechat', 'codepay', '131234567890123456'],
] as const)('a payer of %s who is asked minutes after the sale was told as undone can not pay for it any more', async (method, operation, code) => {
  const shop = await openShop({ seed: 'asked late', workflows: { sale: byCode({ method }, { End: true }) } });
  await shop.hosts.register(method, [{ code, name: 'slow', balanceMinor: 100_000, outcome: 'walks-away' }]);
  shop.hosts.fault(method, { do: 'delay-request', ms: 200_000, match: { operation } });
  shop.world.on('waiting', () => setImmediate(() => shop.world.scan(code)));
  expect(await shop.sell({ workflow: 'sale' })).toMatchObject({ status: 'failed', error: 'Payment.Undone' });
  // After the last look: whoever pays then would be charged for nothing, and nobody would ever know.
  await shop.clock.until(shop.clock.now() + 25 * 3_600_000);
  const [waiting] = shop.hosts.ledger(method);
  await expect(shop.hosts.scan(method, { reference: waiting?.reference ?? '', outcome: 'pays' })).rejects.toThrow('waits for a payer');
  await shop.quiet();
  expect(await shop.reconcile()).toMatchObject([{ ledger: 'closed', log: 'undone', agrees: true }]);
  expect(shop.till.cases()).toEqual([]);
  await shop.close();
});
