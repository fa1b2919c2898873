import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type Answer, type TestTill } from './till.testing.js';

const CODEPAY = 'v3/pay/transactions/codepay';

let till: TestTill;
beforeAll(async () => {
  till = await openTill();
});
afterAll(() => till.close());
afterEach(async () => {
  await fetch(`${till.endpoints.control}/faults`, { method: 'DELETE' });
});

const pay = (reference: string): Promise<Answer> => till.post(CODEPAY, sale(till, reference, 100));
/** Once its faults have been met. */
const met = async ({ endpoints }: TestTill): Promise<void> => {
  while (((await (await fetch(`${endpoints.control}/faults`)).text()).includes('"do"'))) await new Promise((resolve) => setImmediate(resolve));
};

const statusOf = async (reference: string): Promise<unknown> => (await till.ledger()).find((entry) => entry.reference === reference)?.status;

describe('faults at WeChat Pay', () => {
  it('drop-request: never processed', async () => {
    await till.fault({ do: 'drop-request', match: { operation: 'codepay' } });
    await expect(pay('FAULT_01')).rejects.toThrow('socket hang up');
    expect(await statusOf('FAULT_01')).toBeUndefined();
  });

  it('drop-answer: processed, and never told', async () => {
    await till.fault({ do: 'drop-answer' });
    await expect(pay('FAULT_02')).rejects.toThrow('socket hang up');
    expect(await statusOf('FAULT_02')).toBe('approved');
    expect(await till.query('FAULT_02')).toMatchObject({ data: { trade_state: 'SUCCESS' } });
  });

  it('bad-signature and garble: processed, and what comes back is refused by the SDK', async () => {
    await till.fault([{ do: 'bad-signature' }, { do: 'garble' }]);
    for (const reference of ['FAULT_03', 'FAULT_04']) {
      await expect(pay(reference)).rejects.toMatchObject({ code: 'EV3_RES_HEADER_SIGNATURE_DIGEST' });
      expect(await statusOf(reference)).toBe('approved');
    }
  });

  it('misstate: a rightly signed answer for another amount, order or merchant, and what was asked for is paid', async () => {
    await till.fault([{ do: 'misstate', what: 'amount' }, { do: 'misstate', what: 'reference' }, { do: 'misstate', what: 'terminal' }]);
    const answers = [await pay('MIS_01'), await pay('MIS_02'), await pay('MIS_03')].map(({ data }) => data as { amount: { total: number }; out_trade_no: string; mchid: string });
    const { amount, mchid } = (await till.query('MIS_01')).data as { amount: { total: number }; mchid: string };
    expect(answers.map(({ amount: { total }, out_trade_no: order, mchid: merchant }) => [total - amount.total, order, merchant === mchid])).toEqual([[1, 'MIS_01', true], [0, 'XIS_02', true], [0, 'MIS_03', false]]);
    for (const reference of ['MIS_01', 'MIS_02', 'MIS_03']) expect(await statusOf(reference)).toBe('approved');
  });

  it('garble of an answer without a body damages its signature', async () => {
    const { appid, mchid } = till.endpoints;
    await till.post('v3/pay/transactions/native', { appid, mchid, description: 'Tea', out_trade_no: 'FAULT_05', notify_url: 'https://merchant.example/n', amount: { total: 1 } });
    await till.fault({ do: 'garble', match: { operation: 'close' } });
    await expect(till.post('v3/pay/transactions/out-trade-no/FAULT_05/close', { mchid })).rejects.toMatchObject({ code: 'EV3_RES_HEADER_SIGNATURE_DIGEST' });
    expect(await statusOf('FAULT_05')).toBe('closed');
  });

  it.each([['BANK_ERROR', 500], ['AUTHCODEEXPIRE', 400], ['NEW_CODE', 400], ['TRADE_ERROR', 403]])('decline: %s with HTTP %i, nothing is paid, and the inquiry says so', async (code, status) => {
    await till.fault({ do: 'decline', code, match: { operation: 'codepay' } });
    const reference = `DECL_${code}`;
    expect(await pay(reference)).toMatchObject({ status, data: { code } });
    expect(await till.query(reference)).toMatchObject({ data: { trade_state: 'PAYERROR' } });
    expect(await statusOf(reference)).toBe('declined');
  });

  it('decline of a reversal: reverses nothing', async () => {
    await pay('FAULT_06');
    till.clock.now += 15_000;
    await till.fault({ do: 'decline', code: 'SYSTEM_ERROR', match: { operation: 'reverse' } });
    expect(await till.reverse('FAULT_06')).toMatchObject({ status: 500, data: { code: 'SYSTEM_ERROR' } });
    expect(await statusOf('FAULT_06')).toBe('approved');
  });

  it('user-paying: codepay and the inquiries that meet it', async () => {
    await till.fault({ do: 'user-paying', times: 3 });
    expect(await pay('FAULT_07')).toEqual({ status: 200, data: { trade_state: 'USERPAYING' } });
    for (const state of ['USERPAYING', 'USERPAYING', 'SUCCESS']) expect((await till.query('FAULT_07')).data['trade_state']).toBe(state);
    await till.fault({ do: 'user-paying', match: { operation: 'query' } });
    const stale = await till.query('FAULT_07');
    expect(stale.data['trade_state']).toBe('USERPAYING');
    expect(stale.data).not.toHaveProperty('transaction_id');
    expect(stale.data).not.toHaveProperty('success_time');
  });

  it('answer-twice: the request arrives twice, one order comes of it', async () => {
    await till.fault({ do: 'answer-twice' });
    expect(await pay('FAULT_08')).toMatchObject({ status: 400, data: { code: 'ORDERPAID' } });
    expect(await statusOf('FAULT_08')).toBe('approved');
  });

  it('http-status: below 500 unseen, from 500 processed', async () => {
    await till.fault([{ do: 'http-status', status: 429 }, { do: 'http-status', status: 502 }]);
    expect(await pay('FAULT_09')).toMatchObject({ status: 429 });
    expect(await pay('FAULT_10')).toMatchObject({ status: 502 });
    expect([await statusOf('FAULT_09'), await statusOf('FAULT_10')]).toEqual([undefined, 'approved']);
  });

  it('refuse-connections: nothing listens until it is cleared', async () => {
    await till.fault({ do: 'refuse-connections' });
    // The first may still meet a connection kept alive, which is gone.
    await expect(pay('FAULT_11')).rejects.toThrow(/socket hang up|ECONNRESET|ECONNREFUSED/);
    await expect(pay('FAULT_11')).rejects.toThrow('ECONNREFUSED');
    await fetch(`${till.endpoints.control}/faults`, { method: 'DELETE' });
    expect(await pay('FAULT_11')).toMatchObject({ status: 200 });
  });

  it.each([['refuse', { status: 400, data: { code: 'ORDER_CLOSED' } }], ['approve', { status: 200, data: { trade_state: 'SUCCESS' } }]] as const)('overtaken: codepay comes after its reversal, and a host that is to %s it does', async (latePay, then) => {
    const other = await openTill({ latePay });
    try {
      await other.fault({ do: 'overtaken', match: { operation: 'codepay' } });
      const answer = other.post(CODEPAY, sale(other, 'FAULT_LATE', 100));
      await met(other);
      expect(await other.query('FAULT_LATE')).toMatchObject({ status: 404 });
      expect(await other.reverse('FAULT_LATE')).toMatchObject({ status: 200 });
      expect(await answer).toMatchObject(then);
    } finally {
      await other.close();
    }
  });

  it('delay-request: one still on its way when the host closes does not keep it open, and never comes', async () => {
    const other = await openTill();
    await other.fault({ do: 'delay-request', ms: 600_000 });
    const answer = other.post(CODEPAY, sale(other, 'FAULT_13', 100)).catch(() => 'gone');
    await met(other);
    await other.close();
    expect(await answer).toBe('gone');
  });

  it('delay: an answer still held when the host closes does not keep it open', async () => {
    const other = await openTill();
    await other.fault({ do: 'delay', ms: 600_000 });
    const answer = other.post(CODEPAY, sale(other, 'FAULT_12', 100)).catch(() => 'gone');
    // The answer is held only once the order is in the ledger.
    while ((await other.ledger()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await other.close();
    expect(await answer).toBe('gone');
  });
});

describe('a host started again on its data', () => {
  it('has its keys, its orders and its used codes, and its files tell no code', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'host-sim-wechat-'));
    const payers = [{ name: 'Poor', codePrefixRange: ['1301', '1301'] as const, balanceMinor: 150 }];
    const codes = [freshCode('1301'), freshCode('1301')];
    try {
      const before = await openTill({ dataDir, payers });
      const paid = await before.post(CODEPAY, sale(before, 'AGAIN_1', 100, codes[0]));
      await before.post(CODEPAY, sale(before, 'AGAIN_2', 100_001, codes[1]));
      await before.reverse('AGAIN_3');
      const ledger = await before.ledger();
      await before.close();

      const after = await openTill({ dataDir, payers });
      const { baseURL: _baseURL, control: _control, ...given } = before.endpoints;
      expect(after.endpoints).toMatchObject(given);
      expect(await after.ledger()).toEqual(ledger);
      expect(await after.query('AGAIN_1')).toEqual(paid);
      expect(await after.post(CODEPAY, sale(after, 'AGAIN_4', 10, codes[0]))).toMatchObject({ data: { code: 'AUTH_CODE_INVALID' } });
      expect(await after.post(CODEPAY, sale(after, 'AGAIN_5', 51, freshCode('1301')))).toMatchObject({ data: { code: 'NOTENOUGH' } });
      expect(await after.post(CODEPAY, sale(after, 'AGAIN_3', 10))).toMatchObject({ data: { code: 'ORDER_CLOSED' } });
      await after.close();

      const files = await Promise.all((await readdir(dataDir)).map((name) => readFile(join(dataDir, name), 'utf8')));
      for (const code of codes) expect(files.join('\n') + JSON.stringify(ledger)).not.toContain(code);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
