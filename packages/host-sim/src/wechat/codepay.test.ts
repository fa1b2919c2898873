import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type TestTill } from './till.testing.js';

const CODEPAY = 'v3/pay/transactions/codepay';

describe('POST /v3/pay/transactions/codepay', () => {
  let till: TestTill;
  beforeAll(async () => {
    till = await openTill({
      payers: [
        { name: 'Poor', codePrefixRange: ['1301', '1301'], balanceMinor: 100 },
        { name: 'Slow', codePrefixRange: ['1302', '1302'], balanceMinor: 1_000_000, paysAfterQueries: 2 },
      ],
    });
  });
  afterAll(() => till.close());

  it('takes the money at once and answers with the whole order', async () => {
    const paid = await till.post(CODEPAY, sale(till, 'W00001'));
    expect(paid).toMatchObject({
      status: 200,
      data: {
        appid: till.endpoints.appid, mchid: till.endpoints.mchid, out_trade_no: 'W00001', trade_type: 'MICROPAY', trade_state: 'SUCCESS',
        success_time: '2026-03-01T10:00:00+08:00', amount: { total: 8888, payer_total: 8888, currency: 'CNY' },
      },
    });
    expect(paid.data['transaction_id']).toMatch(/^42\d{26}$/);
    expect(await till.query('W00001')).toMatchObject({ status: 200, data: { trade_state: 'SUCCESS', transaction_id: paid.data['transaction_id'] } });
    expect(await till.ledger()).toMatchObject([{ reference: 'W00001', amountMinor: 8888, status: 'approved', terminalId: '00000001' }]);
  });

  it('says nothing but USERPAYING while the payer decides', async () => {
    expect(await till.post(CODEPAY, sale(till, 'W00002', 8888, freshCode('1302')))).toEqual({ status: 200, data: { trade_state: 'USERPAYING' } });
    expect((await till.query('W00002')).data['trade_state']).toBe('USERPAYING');
    expect((await till.query('W00002')).data['trade_state']).toBe('USERPAYING');
    expect((await till.query('W00002')).data['trade_state']).toBe('SUCCESS');
  });
});
