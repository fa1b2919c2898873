import { describe, expect, it } from 'vitest';
import { cancel, close, query, refund } from '../alipay/after.js';
import { pay, precreate } from '../alipay/pay.js';
import { Trades, type Trade } from '../alipay/trades.js';
import { Ledger } from '../ledger.js';
import { close as closeOrder, query as queryOrder, reverse } from '../wechat/after.js';
import { codepay, native } from '../wechat/codepay.js';
import { Orders, type Order } from '../wechat/orders.js';
import { refund as refundOrder, refundQuery } from '../wechat/refunds.js';
import { PayerBook } from './payers.js';

const NOW = Date.parse('2026-03-01T02:00:00Z');
const payers = new PayerBook({ secret: 's', codeShape: /^\d{18}$/, payers: [{ name: 'Slow', codePrefixRange: ['2', '2'], balanceMinor: 100_000, password: 'needed' }] });
const merchant = { appid: 'wx1', mchid: '19' };

/** From now on nothing this ledger is given becomes durable until it is told so. */
function held<E extends { readonly reference: string }>(ledger: Ledger<E>): () => void {
  const put = ledger.put.bind(ledger);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  ledger.put = async (entry) => {
    await put(entry);
    await released;
  };
  return release;
}

/** Runs it until nothing of it is left but waiting for the disk, and says whether it has answered before that. */
async function answersEarly(run: () => Promise<unknown>, release: () => void): Promise<boolean> {
  let answered = false;
  const running = run().then(() => {
    answered = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  const early = answered;
  release();
  await running;
  return early;
}

describe('no answer before its entry is durable, at Alipay', () => {
  const code = '100000000000000001';
  const sale = (reference: string, authCode = code): Record<string, unknown> => ({ out_trade_no: reference, total_amount: '1.00', subject: 'Tea', auth_code: authCode });

  it.each<[string, (trades: Trades) => Promise<unknown>]>([
    ['pay', (trades) => pay(trades, sale('new'), undefined)],
    ['declined pay', (trades) => pay(trades, sale('new'), { do: 'decline', code: 'ACQ.PAYMENT_FAIL' }).catch(() => undefined)],
    ['precreate', (trades) => precreate(trades, sale('new'), undefined)],
    ['query', (trades) => query(trades, { out_trade_no: 'waits' }, undefined)],
    ['cancel', (trades) => cancel(trades, { out_trade_no: 'paid' })],
    ['cancel of what never was', (trades) => cancel(trades, { out_trade_no: 'never' })],
    ['close', (trades) => close(trades, { out_trade_no: 'waits' })],
    ['refund', (trades) => refund(trades, { out_trade_no: 'paid', refund_amount: '1.00' })],
  ])('%s', async (_what, run) => {
    const ledger = await Ledger.open<Trade>({ name: 'test' });
    const trades = new Trades(ledger, payers, () => NOW, 'refuse');
    await pay(trades, sale('paid', '100000000000000002'), undefined);
    await pay(trades, sale('waits', '200000000000000003'), undefined);
    expect(await answersEarly(() => run(trades), held(ledger))).toBe(false);
  });
});

describe('no answer before its entry is durable, at WeChat Pay', () => {
  const order = (reference: string): Record<string, unknown> => ({ ...merchant, description: 'Tea', out_trade_no: reference, amount: { total: 100 } });
  const sale = (reference: string, authCode: string): Record<string, unknown> => ({ ...order(reference), payer: { auth_code: authCode }, scene_info: {} });
  const policy = { notBeforeMs: 0, withinMs: 1000, whilePaying: 'close' } as const;
  const back = { out_trade_no: 'ORDER_paid', amount: { refund: 1, total: 100, currency: 'CNY' } };

  it.each<[string, (orders: Orders) => Promise<unknown>]>([
    ['codepay', (orders) => codepay(orders, sale('ORDER_new', '100000000000000001'), undefined)],
    ['declined codepay', (orders) => codepay(orders, sale('ORDER_new', '100000000000000001'), { do: 'decline', code: 'BANK_ERROR' })],
    ['native', (orders) => native(orders, { ...order('ORDER_new'), notify_url: 'https://merchant.example/n' }, undefined)],
    ['query', (orders) => queryOrder(orders, 'ORDER_waits', undefined)],
    ['reverse', (orders) => reverse(orders, 'ORDER_paid', merchant, policy)],
    ['reverse of what never was', (orders) => reverse(orders, 'ORDER_never', merchant, policy)],
    ['reverse that is refused as the payer pays', (orders) => reverse(orders, 'ORDER_waits', merchant, { ...policy, whilePaying: 'refuse' }).catch(() => undefined)],
    ['close', (orders) => closeOrder(orders, 'ORDER_qr', merchant)],
    ['refund', (orders) => refundOrder(orders, { ...back, out_refund_no: 'new' })],
    ['refund inquiry', (orders) => refundQuery(orders, 'back', 0)],
  ])('%s', async (what, run) => {
    const ledger = await Ledger.open<Order>({ name: 'test' });
    const orders = new Orders(ledger, payers, () => NOW, merchant, 'refuse');
    await codepay(orders, sale('ORDER_paid', '100000000000000002'), undefined);
    await codepay(orders, sale('ORDER_waits', '200000000000000003'), undefined);
    await native(orders, { ...order('ORDER_qr'), notify_url: 'https://merchant.example/n' }, undefined);
    if (what.startsWith('refund')) await refundOrder(orders, { ...back, out_refund_no: 'back' });
    expect(await answersEarly(() => run(orders), held(ledger))).toBe(false);
  });
});
