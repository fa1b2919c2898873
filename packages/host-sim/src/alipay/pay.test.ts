import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alipayTime } from '../wallet/china-time.js';
import { freshCode, openTill, sale, type TestTill } from './till.testing.js';

let till: TestTill;
beforeAll(async () => {
  till = await openTill({
    payers: [
      { name: 'Poor', codePrefixRange: ['2801', '2801'], balanceMinor: 10_000 },
      { name: 'Slow', codePrefixRange: ['2802', '2802'], balanceMinor: 1_000_000, paysAfterQueries: 2 },
      { name: 'Gone', codePrefixRange: ['2803', '2803'], balanceMinor: 1_000_000, outcome: 'walks-away' },
      { name: 'No', codePrefixRange: ['2804', '2804'], balanceMinor: 1_000_000, outcome: 'declines' },
      { name: 'Careful', codePrefixRange: ['2805', '2805'], balanceMinor: 1_000_000, password: 'needed' },
      { name: 'Rich', codePrefixRange: ['2806', '2806'], balanceMinor: 1_000_000_000, password: 'never' },
    ],
  });
});
afterAll(() => till.close());

const status = async (reference: string): Promise<unknown> => (await till.call('query', { out_trade_no: reference }))['trade_status'];

describe('alipay.trade.pay, answered at once', () => {
  it('takes the money and says whose, how much and when, in GMT+8', async () => {
    const paid = await till.call('pay', { ...sale('T1'), terminal_id: '00000001' });
    expect(paid).toMatchObject({
      code: '10000', msg: 'Success', out_trade_no: 'T1', total_amount: '88.88', buyer_pay_amount: '88.88', receipt_amount: '88.88',
      invoice_amount: '88.88', point_amount: '0.00', gmt_payment: '2026-03-01 10:00:00', fund_bill_list: [{ amount: '88.88', fund_channel: 'ALIPAYACCOUNT' }],
    });
    expect(paid['trade_no']).toMatch(/^20260301\d{20}$/);
    expect(paid['buyer_logon_id']).toMatch(/^1\d{2}\*{6}\d{2}$/);
    expect(paid['buyer_user_id']).toMatch(/^2088\d{12}$/);
    const [entry] = await till.ledger();
    expect(entry).toEqual({ reference: 'T1', amountMinor: 8888, currency: 'CNY', status: 'approved', at: till.clock.now, payer: paid['buyer_logon_id'], terminalId: '00000001' });
  });

  it.each([
    ['0.01', '0.01'], ['5', '5.00'], ['5.5', '5.50'], ['1000.00', '1000.00'],
  ])('reads %s yuan as %s', async (sent, said) => {
    expect(await till.call('pay', sale(`amount_${sent.replace('.', '_')}`, sent))).toMatchObject({ code: '10000', total_amount: said });
  });

  it.each(['0', '0.00', '-1.00', '1.001', '1,00', '1e2', '', '100000000.01', ' 1.00'])('refuses %j as an amount', async (amount) => {
    expect(await till.call('pay', sale('bad_amount', amount))).toMatchObject({ code: '40004', sub_code: 'ACQ.INVALID_PARAMETER' });
  });

  it.each([
    { out_trade_no: undefined }, { out_trade_no: 'a-b' }, { out_trade_no: 'x'.repeat(65) }, { subject: '' }, { auth_code: undefined }, { scene: 'by_mail' }, { total_amount: 88.88 },
  ])('refuses the parameters %j', async (wrong) => {
    expect(await till.call('pay', { ...sale('bad_param'), ...wrong })).toMatchObject({ code: '40004', sub_code: 'ACQ.INVALID_PARAMETER' });
  });
});

describe('the payer\'s code', () => {
  it.each(['2412345678901234', '3112345678901234', '281234567890123', '2812345678901234567890123', '28123456789012ab'])('is not %s', async (code) => {
    expect(await till.call('pay', sale(`code_${code}`, '1.00', code))).toMatchObject({ code: '40004', sub_code: 'ACQ.PAYMENT_AUTH_CODE_INVALID' });
  });

  it.each(['2512345678901234', '301234567890123456789012'])('is %s', async (code) => {
    expect(await till.call('pay', sale(`code_${code}`, '1.00', code))).toMatchObject({ code: '10000' });
  });

  it('is used once, also after a refusal', async () => {
    const code = freshCode('2801');
    expect(await till.call('pay', sale('once_1', '100.01', code))).toMatchObject({ sub_code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
    expect(await till.call('pay', sale('once_2', '1.00', code))).toMatchObject({ sub_code: 'ACQ.PAYMENT_AUTH_CODE_INVALID' });
    const other = freshCode();
    expect(await till.call('pay', sale('once_3', '1.00', other))).toMatchObject({ code: '10000' });
    expect(await till.call('pay', sale('once_4', '1.00', other))).toMatchObject({ sub_code: 'ACQ.PAYMENT_AUTH_CODE_INVALID' });
  });
});

describe('the payer\'s balance', () => {
  it('falls with each payment and comes back with a refund; a refused pay makes no trade', async () => {
    const pay = async (reference: string, yuan: string): Promise<string | undefined> => {
      const answer = await till.call('pay', sale(reference, yuan, freshCode('2801')));
      return answer.sub_code ?? answer.code;
    };
    expect(await pay('bal_1', '60.00')).toBe('10000');
    expect(await pay('bal_2', '60.00')).toBe('ACQ.BUYER_BALANCE_NOT_ENOUGH');
    expect(await till.call('query', { out_trade_no: 'bal_2' })).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await till.call('refund', { out_trade_no: 'bal_1', refund_amount: '20.00', out_request_no: 'r1' })).toMatchObject({ fund_change: 'Y' });
    expect(await pay('bal_3', '60.00')).toBe('10000');
    expect(await pay('bal_4', '0.01')).toBe('ACQ.BUYER_BALANCE_NOT_ENOUGH');
    expect((await till.ledger()).find(({ reference }) => reference === 'bal_2')).toMatchObject({ status: 'declined', code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
  });
});

describe('a payer who is asked', () => {
  it('has a password over 1000 yuan', async () => {
    expect(await till.call('pay', sale('ask_1', '1000.01'))).toMatchObject({ code: '10003', msg: 'order success pay inprocess', out_trade_no: 'ask_1' });
    expect(await status('ask_1')).toBe('WAIT_BUYER_PAY');
    expect(await till.call('query', { out_trade_no: 'ask_1' })).toMatchObject({ code: '10000', trade_status: 'TRADE_SUCCESS', send_pay_date: '2026-03-01 10:00:00', buyer_pay_amount: '1000.01' });
  });

  it('has one always, or never, as the payer likes', async () => {
    expect(await till.call('pay', sale('ask_2', '0.01', freshCode('2805')))).toMatchObject({ code: '10003' });
    expect(await till.call('pay', sale('ask_3', '1000.01', freshCode('2806')))).toMatchObject({ code: '10000' });
  });

  it('pays after as many inquiries as it takes, and only then is money taken', async () => {
    expect(await till.call('pay', sale('slow', '1.00', freshCode('2802')))).toMatchObject({ code: '10003' });
    expect(await till.call('query', { out_trade_no: 'slow' })).toMatchObject({ trade_status: 'WAIT_BUYER_PAY', receipt_amount: '0.00' });
    expect(await status('slow')).toBe('WAIT_BUYER_PAY');
    expect((await till.ledger()).find(({ reference }) => reference === 'slow')).toMatchObject({ status: 'waiting' });
    expect(await status('slow')).toBe('TRADE_SUCCESS');
    expect((await till.ledger()).find(({ reference }) => reference === 'slow')).toMatchObject({ status: 'approved' });
  });

  it('may walk away, and decide much later', async () => {
    expect(await till.call('pay', sale('gone', '1.00', freshCode('2803')))).toMatchObject({ code: '10003' });
    for (let query = 0; query < 5; query += 1) expect(await status('gone')).toBe('WAIT_BUYER_PAY');
    expect(await till.control('/scan', { reference: 'gone', outcome: 'pays' })).toBe(204);
    expect(await status('gone')).toBe('TRADE_SUCCESS');
    expect(await till.control('/scan', { reference: 'gone', outcome: 'pays' })).toBe(400);
  });

  it('may decline', async () => {
    expect(await till.call('pay', sale('no', '1.00', freshCode('2804')))).toMatchObject({ code: '10003' });
    expect(await status('no')).toBe('WAIT_BUYER_PAY');
    expect(await status('no')).toBe('TRADE_CLOSED');
  });

  it('loses the trade when the merchant\'s time is over', async () => {
    await till.call('pay', { ...sale('late', '1.00', freshCode('2803')), timeout_express: '5m' });
    till.clock.now += 5 * 60_000 - 1;
    expect(await status('late')).toBe('WAIT_BUYER_PAY');
    till.clock.now += 1;
    expect(await status('late')).toBe('TRADE_CLOSED');
  });
});

describe('one number twice', () => {
  it('is told of the success, whatever code comes with it', async () => {
    const first = sale('twice_1', '1.00');
    await till.call('pay', first);
    expect(await till.call('pay', first)).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
    expect(await till.call('pay', sale('twice_1', '1.00'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
    expect((await till.ledger()).filter(({ reference }) => reference === 'twice_1')).toHaveLength(1);
  });

  it('is refused with another amount or subject', async () => {
    await till.call('pay', sale('twice_2', '1.00'));
    expect(await till.call('pay', sale('twice_2', '1.01'))).toMatchObject({ sub_code: 'ACQ.CONTEXT_INCONSISTENT' });
    expect(await till.call('pay', { ...sale('twice_2', '1.00'), subject: 'Other' })).toMatchObject({ sub_code: 'ACQ.CONTEXT_INCONSISTENT' });
  });

  it('goes on waiting for the same payer, and refuses another', async () => {
    const first = sale('twice_3', '1.00', freshCode('2803'));
    await till.call('pay', first);
    expect(await till.call('pay', first)).toMatchObject({ code: '10003' });
    expect(await till.call('pay', sale('twice_3', '1.00'))).toMatchObject({ sub_code: 'ACQ.TRADE_BUYER_NOT_MATCH' });
  });

  it('stays closed once it was closed', async () => {
    const first = sale('twice_4', '1.00');
    await till.call('pay', first);
    await till.call('cancel', { out_trade_no: 'twice_4' });
    expect(await till.call('pay', sale('twice_4', '1.00'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_CLOSE' });
  });

  it('may be tried again after a refusal, and is then paid once', async () => {
    expect(await till.call('pay', sale('twice_5', '500.00', freshCode('2801')))).toMatchObject({ sub_code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
    expect(await till.call('pay', sale('twice_5', '500.00'))).toMatchObject({ code: '10000' });
    expect(await till.call('pay', sale('twice_5', '500.00'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
  });

  it('makes one trade of many that arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => till.call('pay', sale('twice_6', '1.00'))));
    expect(answers.map(({ code, sub_code: subCode }) => subCode ?? code).sort()).toEqual(['10000', ...Array.from({ length: 5 }, () => 'ACQ.TRADE_HAS_SUCCESS')]);
  });
});

const order = (reference: string, yuan = '12.00'): Record<string, unknown> => ({ out_trade_no: reference, total_amount: yuan, subject: 'Counter sale' });

describe('alipay.trade.precreate', () => {
  it('makes a QR and no trade until the payer scans', async () => {
    const made = await till.call('precreate', order('qr_1'));
    expect(made).toMatchObject({ code: '10000', out_trade_no: 'qr_1' });
    expect(made['qr_code']).toMatch(/^https:\/\/qr\.alipay\.com\/bax[0-9a-z]+$/);
    expect(await till.call('query', { out_trade_no: 'qr_1' })).toMatchObject({ code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await till.call('precreate', order('qr_1'))).toMatchObject({ qr_code: made['qr_code'] });
    expect(await till.call('precreate', order('qr_1', '13.00'))).toMatchObject({ sub_code: 'ACQ.CONTEXT_INCONSISTENT' });
    expect(await till.control('/scan', { reference: 'qr_1', outcome: 'pays', afterQueries: 1 })).toBe(204);
    expect(await status('qr_1')).toBe('WAIT_BUYER_PAY');
    expect(await status('qr_1')).toBe('TRADE_SUCCESS');
    expect(await till.call('precreate', order('qr_1'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
  });

  it('cannot be scanned once it was cancelled, or its time is over', async () => {
    await till.call('precreate', order('qr_2'));
    expect(await till.call('cancel', { out_trade_no: 'qr_2' })).toMatchObject({ code: '10000', retry_flag: 'N' });
    expect(await till.control('/scan', { reference: 'qr_2', outcome: 'pays' })).toBe(400);
    await till.call('precreate', { ...order('qr_3'), qr_code_timeout_express: '2m' });
    till.clock.now += 120_000;
    expect(await till.control('/scan', { reference: 'qr_3', outcome: 'pays' })).toBe(400);
    expect(await till.call('precreate', order('qr_3'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_CLOSE' });
    const timeExpire = alipayTime(till.clock.now + 60_000);
    await till.call('precreate', { ...order('qr_5'), time_expire: timeExpire, qr_code_timeout_express: '5m' });
    till.clock.now += 60_000;
    expect(await till.control('/scan', { reference: 'qr_5', outcome: 'pays' })).toBe(400);
    expect(await till.call('precreate', { ...order('qr_6'), time_expire: 'soon' })).toMatchObject({ sub_code: 'ACQ.INVALID_PARAMETER' });
    expect((await till.ledger()).filter(({ reference }) => /qr_[23]/.test(reference)).map((entry) => entry.status)).toEqual(['closed', 'closed']);
  });

  it('is not closed by alipay.trade.close while nobody scanned it, as there is no trade', async () => {
    await till.call('precreate', order('qr_4'));
    expect(await till.call('close', { out_trade_no: 'qr_4' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
    expect(await till.control('/scan', { reference: 'qr_4', outcome: 'pays' })).toBe(204);
    expect(await status('qr_4')).toBe('TRADE_SUCCESS');
  });
});

describe('what the payers\' control takes', () => {
  it('knows a payer from then on, and refuses what is no payer', async () => {
    expect(await till.control('/accounts', { payers: [{ name: 'Late', code: '2812345678901234', balanceMinor: 5 }] })).toBe(204);
    expect(await till.call('pay', sale('known', '0.06', '2812345678901234'))).toMatchObject({ sub_code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
    for (const wrong of [{}, null, [{ name: 'X' }], [{ name: 'X', code: '1012345678901234', balanceMinor: 1 }], [{ name: 'X', codePrefixRange: ['29', '281'], balanceMinor: 1 }], [{ name: 'X', code: '2812345678901235', balanceMinor: 1.5 }]]) {
      expect(await till.control('/accounts', wrong)).toBe(400);
    }
    for (const wrong of [{}, [], { reference: 'known' }, { reference: 'known', outcome: 'flies' }, { reference: 'nobody', outcome: 'pays' }]) expect(await till.control('/scan', wrong)).toBe(400);
  });
});
