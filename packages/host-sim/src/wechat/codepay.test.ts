import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type Answer, type TestTill } from './till.testing.js';

const CODEPAY = 'v3/pay/transactions/codepay';

let till: TestTill;
beforeAll(async () => {
  till = await openTill({
    payers: [
      { name: 'Poor', codePrefixRange: ['1301', '1301'], balanceMinor: 10_000 },
      { name: 'Slow', codePrefixRange: ['1302', '1302'], balanceMinor: 1_000_000, paysAfterQueries: 2 },
      { name: 'Gone', codePrefixRange: ['1303', '1303'], balanceMinor: 1_000_000, outcome: 'walks-away' },
      { name: 'No', codePrefixRange: ['1304', '1304'], balanceMinor: 1_000_000, outcome: 'declines' },
    ],
  });
});
afterAll(() => till.close());

const pay = (reference: string, total?: number, code?: string): Promise<Answer> => till.post(CODEPAY, sale(till, reference, total, code));
const stateOf = async (reference: string): Promise<unknown> => (await till.query(reference)).data['trade_state'];
const entryOf = async (reference: string): Promise<unknown> => (await till.ledger()).find((entry) => entry.reference === reference);

describe('codepay, answered at once', () => {
  it('takes the money and answers with the whole order', async () => {
    const paid = await pay('W00001');
    expect(paid).toMatchObject({
      status: 200,
      data: {
        appid: till.endpoints.appid, mchid: till.endpoints.mchid, out_trade_no: 'W00001', trade_type: 'MICROPAY', trade_state: 'SUCCESS', trade_state_desc: '支付成功',
        bank_type: 'OTHERS', success_time: '2026-03-01T10:00:00+08:00', amount: { total: 8888, payer_total: 8888, currency: 'CNY', payer_currency: 'CNY' }, scene_info: { device_id: '00000001' },
      },
    });
    expect(paid.data['transaction_id']).toMatch(/^42\d{26}$/);
    expect((paid.data['payer'] as { openid: string }).openid).toMatch(/^o[\w-]{27}$/);
    expect(await till.query('W00001')).toEqual(paid);
    expect(await entryOf('W00001')).toMatchObject({ amountMinor: 8888, status: 'approved', at: till.clock.now, terminalId: '00000001' });
    expect(await entryOf('W00001')).not.toMatchObject({ payer: (paid.data['payer'] as { openid: string }).openid });
  });

  it.each<[string, Record<string, unknown>]>([
    ['/out_trade_no', { out_trade_no: 'short' }], ['/out_trade_no', { out_trade_no: 'W 0001' }], ['/out_trade_no', { out_trade_no: 'x'.repeat(33) }], ['/description', { description: '' }],
    ['/payer/auth_code', { payer: {} }], ['/payer/auth_code', { payer: { auth_code: 131234567890123456 } }], ['/amount/total', { amount: { total: 0 } }], ['/amount/total', { amount: { total: 1.5 } }],
    ['/amount/total', { amount: { total: '1' } }], ['/amount/currency', { amount: { total: 1, currency: 'USD' } }], ['/scene_info', { scene_info: undefined }],
  ])('names the wrong parameter %s of %j', async (field, wrong) => {
    expect(await till.post(CODEPAY, { ...sale(till, 'W00002'), ...wrong })).toMatchObject({ status: 400, data: { code: 'PARAM_ERROR', detail: { field, location: 'body' } } });
    expect(await entryOf('W00002')).toBeUndefined();
  });

  it('knows the merchant', async () => {
    expect(await till.post(CODEPAY, { ...sale(till, 'W00003'), mchid: '1900000002' })).toMatchObject({ status: 403, data: { code: 'NO_AUTH' } });
    expect(await till.post(CODEPAY, { ...sale(till, 'W00003'), appid: 'wx1111111111111111' })).toMatchObject({ status: 400, data: { code: 'APPID_MCHID_NOT_MATCH' } });
    expect(await entryOf('W00003')).toBeUndefined();
  });
});

describe('the payer\'s code', () => {
  it.each(['091234567890123456', '161234567890123456', '13123456789012345', '1312345678901234567', '13123456789012345x'])('is not %s', async (code) => {
    expect(await pay(`CODE_${code}`, 1, code)).toMatchObject({ status: 400, data: { code: 'AUTH_CODE_INVALID' } });
  });

  it.each(['101234567890123456', '151234567890123456'])('is %s', async (code) => {
    expect(await pay(`CODE_${code}`, 1, code)).toMatchObject({ status: 200, data: { trade_state: 'SUCCESS' } });
  });

  it('is used once, and so is the number, whatever came of it', async () => {
    const code = freshCode('1301');
    expect(await pay('ONCE_1', 10_001, code)).toMatchObject({ status: 403, data: { code: 'NOTENOUGH' } });
    expect(await pay('ONCE_2', 1, code)).toMatchObject({ status: 400, data: { code: 'AUTH_CODE_INVALID' } });
    for (const again of [freshCode('1301'), code]) expect(await pay('ONCE_1', 10_001, again)).toMatchObject({ status: 403, data: { code: 'OUT_TRADE_NO_USED' } });
    expect(await stateOf('ONCE_1')).toBe('PAYERROR');
    expect(await entryOf('ONCE_1')).toMatchObject({ status: 'declined', code: 'NOTENOUGH' });
  });
});

describe('a payer who is asked', () => {
  it('has a password over 1000 yuan; until it is given, USERPAYING is all that is said', async () => {
    expect(await pay('ASK_01', 100_000)).toMatchObject({ data: { trade_state: 'SUCCESS' } });
    expect(await pay('ASK_02', 100_001)).toEqual({ status: 200, data: { trade_state: 'USERPAYING' } });
    expect(await stateOf('ASK_02')).toBe('USERPAYING');
    expect(await stateOf('ASK_02')).toBe('SUCCESS');
  });

  it('pays after as many inquiries as it takes, and only then is money taken', async () => {
    expect(await pay('ASK_03', 1, freshCode('1302'))).toEqual({ status: 200, data: { trade_state: 'USERPAYING' } });
    const waiting = await till.query('ASK_03');
    expect(waiting.data).toMatchObject({ trade_state: 'USERPAYING', amount: { total: 1 } });
    expect(waiting.data).not.toHaveProperty('transaction_id');
    expect(await stateOf('ASK_03')).toBe('USERPAYING');
    expect(await entryOf('ASK_03')).toMatchObject({ status: 'waiting' });
    expect(await stateOf('ASK_03')).toBe('SUCCESS');
    expect(await entryOf('ASK_03')).toMatchObject({ status: 'approved' });
  });

  it('may walk away and come back, or decline', async () => {
    await pay('ASK_04', 1, freshCode('1303'));
    for (let query = 0; query < 4; query += 1) expect(await stateOf('ASK_04')).toBe('USERPAYING');
    expect(await till.control('/scan', { reference: 'ASK_04', outcome: 'pays' })).toBe(204);
    expect(await stateOf('ASK_04')).toBe('SUCCESS');
    await pay('ASK_05', 1, freshCode('1304'));
    expect(await stateOf('ASK_05')).toBe('USERPAYING');
    expect(await stateOf('ASK_05')).toBe('PAYERROR');
  });

  it('needs the money when the payment is made, not when it began', async () => {
    await till.control('/accounts', [{ name: 'Two', codePrefixRange: ['1305', '1305'], balanceMinor: 100, password: 'needed' }]);
    await pay('ASK_06', 80, freshCode('1305'));
    await pay('ASK_07', 80, freshCode('1305'));
    await stateOf('ASK_06');
    expect(await stateOf('ASK_06')).toBe('SUCCESS');
    await stateOf('ASK_07');
    expect(await stateOf('ASK_07')).toBe('PAYERROR');
  });
});

describe('one number twice', () => {
  it('is told ORDERPAID for the same request, OUT_TRADE_NO_USED for another', async () => {
    const first = sale(till, 'TWICE_1', 100);
    await till.post(CODEPAY, first);
    expect(await till.post(CODEPAY, first)).toMatchObject({ status: 400, data: { code: 'ORDERPAID' } });
    expect(await pay('TWICE_1', 100)).toMatchObject({ status: 403, data: { code: 'OUT_TRADE_NO_USED' } });
    expect(await till.post(CODEPAY, { ...first, amount: { total: 101 } })).toMatchObject({ data: { code: 'OUT_TRADE_NO_USED' } });
  });

  it('goes on waiting for the same payer', async () => {
    const first = sale(till, 'TWICE_2', 100, freshCode('1303'));
    await till.post(CODEPAY, first);
    expect(await till.post(CODEPAY, first)).toEqual({ status: 200, data: { trade_state: 'USERPAYING' } });
  });

  it('makes one order of many that arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => pay('TWICE_3', 100)));
    expect(answers.map(({ data }) => String(data['trade_state'] ?? data['code'])).sort()).toEqual([...Array.from({ length: 5 }, () => 'OUT_TRADE_NO_USED'), 'SUCCESS']);
  });
});

describe('POST /v3/pay/transactions/native', () => {
  const NATIVE = 'v3/pay/transactions/native';
  const order = (reference: string, total = 1200): Record<string, unknown> => ({
    appid: till.endpoints.appid, mchid: till.endpoints.mchid, description: 'Counter sale', out_trade_no: reference, notify_url: 'https://merchant.example/notify', amount: { total, currency: 'CNY' },
  });
  const close = (reference: string): Promise<Answer> => till.post(`v3/pay/transactions/out-trade-no/${reference}/close`, { mchid: till.endpoints.mchid });

  it('makes a QR that is unpaid until a payer scans it', async () => {
    const made = await till.post(NATIVE, order('QR_001'));
    expect(made).toMatchObject({ status: 200 });
    expect(made.data['code_url']).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=[0-9A-Za-z]{11}$/);
    expect(await till.query('QR_001')).toMatchObject({ data: { trade_state: 'NOTPAY', trade_type: 'NATIVE' } });
    expect(await till.post(NATIVE, order('QR_001'))).toEqual(made);
    expect(await till.post(NATIVE, order('QR_001', 1201))).toMatchObject({ data: { code: 'OUT_TRADE_NO_USED' } });
    expect(await till.control('/scan', { reference: 'QR_001', outcome: 'pays', afterQueries: 1 })).toBe(204);
    expect(await stateOf('QR_001')).toBe('USERPAYING');
    expect(await stateOf('QR_001')).toBe('SUCCESS');
    expect(await till.post(NATIVE, order('QR_001'))).toMatchObject({ data: { code: 'ORDERPAID' } });
    expect(await close('QR_001')).toMatchObject({ status: 400, data: { code: 'ORDERPAID' } });
  });

  it('is closed with 204, once and again, and cannot be scanned then', async () => {
    await till.post(NATIVE, order('QR_002'));
    expect(await close('QR_002')).toMatchObject({ status: 204 });
    expect(await close('QR_002')).toMatchObject({ status: 204 });
    expect(await stateOf('QR_002')).toBe('CLOSED');
    expect(await till.control('/scan', { reference: 'QR_002', outcome: 'pays' })).toBe(400);
    expect(await till.post(NATIVE, order('QR_002'))).toMatchObject({ data: { code: 'ORDER_CLOSED' } });
    expect(await close('QR_never')).toMatchObject({ status: 404, data: { code: 'ORDER_NOT_EXIST' } });
  });

  it('lives until time_expire', async () => {
    await till.post(NATIVE, { ...order('QR_003'), time_expire: '2026-03-01T10:01:00+08:00' });
    till.clock.now = Date.parse('2026-03-01T02:01:00Z');
    expect(await stateOf('QR_003')).toBe('CLOSED');
    expect(await till.post(NATIVE, { ...order('QR_004'), time_expire: 'tomorrow' })).toMatchObject({ data: { code: 'PARAM_ERROR', detail: { field: '/time_expire' } } });
    expect(await till.post(NATIVE, { ...order('QR_004'), notify_url: undefined })).toMatchObject({ data: { code: 'PARAM_ERROR', detail: { field: '/notify_url' } } });
  });

  it('is closed by the merchant who signs, and by no other', async () => {
    await till.post(NATIVE, order('QR_007'));
    expect(await till.post('v3/pay/transactions/out-trade-no/QR_007/close', { mchid: '1999999999' })).toMatchObject({ status: 403, data: { code: 'NO_AUTH' } });
    expect(await stateOf('QR_007')).toBe('NOTPAY');
  });

  it('is not reversed, as a payer\'s code is not closed', async () => {
    await till.post(NATIVE, order('QR_005'));
    till.clock.now += 15_000;
    expect(await till.reverse('QR_005')).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
    expect(await stateOf('QR_005')).toBe('NOTPAY');
    await pay('QR_006', 1);
    expect(await close('QR_006')).toMatchObject({ status: 400, data: { code: 'INVALID_REQUEST' } });
  });
});
