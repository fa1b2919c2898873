import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freshCode, openTill, sale, type TestTill } from './till.testing.js';

let till: TestTill;
beforeAll(async () => {
  till = await openTill();
});
afterAll(() => till.close());
afterEach(async () => {
  await fetch(`${till.endpoints.control}/faults`, { method: 'DELETE' });
});

/** Once its faults have been met. */
const met = async ({ endpoints }: TestTill): Promise<void> => {
  while (((await (await fetch(`${endpoints.control}/faults`)).text()).includes('"do"'))) await new Promise((resolve) => setImmediate(resolve));
};

const statusOf = async (reference: string): Promise<unknown> => (await till.ledger()).find((entry) => entry.reference === reference)?.status;

// The SDK's HTTP client sends a POST once more by itself when the connection drops, so a drop is met twice.
const DROPPED = 2;

describe('faults at Alipay\'s gateway', () => {
  it('drop-request: never processed', async () => {
    await till.fault({ do: 'drop-request', match: { operation: 'pay' }, times: DROPPED });
    await expect(till.call('pay', sale('F1'))).rejects.toThrow('HttpClient Request error');
    expect(await statusOf('F1')).toBeUndefined();
    expect(await till.call('query', { out_trade_no: 'F1' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
  });

  it('drop-answer: processed, and never told', async () => {
    await till.fault({ do: 'drop-answer', match: { operation: 'pay' }, times: DROPPED });
    await expect(till.call('pay', sale('F2'))).rejects.toThrow('HttpClient Request error');
    expect(await statusOf('F2')).toBe('approved');
    expect(await till.call('query', { out_trade_no: 'F2' })).toMatchObject({ trade_status: 'TRADE_SUCCESS' });
  });

  it('drop-answer, once: the SDK sends the pay again and hears of its own success', async () => {
    await till.fault({ do: 'drop-answer', match: { operation: 'pay' } });
    expect(await till.call('pay', sale('F2_again'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
    expect(await statusOf('F2_again')).toBe('approved');
  });

  it('bad-signature and garble: processed, and what comes back is refused by the SDK', async () => {
    await till.fault([{ do: 'bad-signature' }, { do: 'garble' }]);
    await expect(till.call('pay', sale('F3'))).rejects.toThrow('验签失败');
    await expect(till.call('pay', sale('F4'))).rejects.toThrow('Response 格式错误');
    expect([await statusOf('F3'), await statusOf('F4')]).toEqual(['approved', 'approved']);
  });

  it('misstate: a rightly signed answer for another amount or another trade, and what was asked for is paid', async () => {
    await till.fault([{ do: 'misstate', what: 'amount' }, { do: 'misstate', what: 'reference' }]);
    const right = await till.call('pay', sale('M0'));
    const [amount, reference] = [right, await till.call('pay', sale('M1'))];
    expect(amount).toMatchObject({ code: '10000', out_trade_no: 'M0' });
    expect(Number(amount['total_amount'])).toBeCloseTo(Number((await till.call('query', { out_trade_no: 'M0' }))['total_amount']) + 0.01, 5);
    expect(reference).toMatchObject({ code: '10000', out_trade_no: 'X1' });
    expect([await statusOf('M0'), await statusOf('M1')]).toEqual(['approved', 'approved']);
  });

  it('decline: with the code that was asked for, and nothing is paid', async () => {
    await till.fault([{ do: 'decline', code: 'ACQ.PAYMENT_FAIL' }, { do: 'decline', code: '20000' }, { do: 'decline', code: 'isv.insufficient-isv-permissions' }]);
    expect(await till.call('pay', sale('F5'))).toMatchObject({ code: '40004', sub_code: 'ACQ.PAYMENT_FAIL' });
    expect(await till.call('pay', sale('F6'))).toMatchObject({ code: '20000', sub_code: 'isp.unknow-error' });
    expect(await till.call('query', { out_trade_no: 'F6' })).toMatchObject({ code: '40002' });
    expect([await statusOf('F5'), await statusOf('F6')]).toEqual(['declined', 'declined']);
  });

  it('decline of a cancel: says whether to send it again, and cancels nothing', async () => {
    await till.call('pay', sale('F7'));
    await till.fault([{ do: 'decline', code: 'ACQ.SYSTEM_ERROR', match: { operation: 'cancel' } }, { do: 'decline', code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH', match: { operation: 'cancel' } }]);
    expect(await till.call('cancel', { out_trade_no: 'F7' })).toMatchObject({ sub_code: 'ACQ.SYSTEM_ERROR', retry_flag: 'Y' });
    expect(await till.call('cancel', { out_trade_no: 'F7' })).toMatchObject({ sub_code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH', retry_flag: 'N' });
    expect(await statusOf('F7')).toBe('approved');
    expect(await till.call('cancel', { out_trade_no: 'F7' })).toMatchObject({ action: 'refund' });
  });

  it('user-paying: the pay and the inquiries that meet it answer that the payer is busy', async () => {
    await till.fault({ do: 'user-paying', times: 3 });
    expect(await till.call('pay', sale('F8'))).toMatchObject({ code: '10003' });
    expect(await till.call('query', { out_trade_no: 'F8' })).toMatchObject({ trade_status: 'WAIT_BUYER_PAY' });
    expect(await till.call('query', { out_trade_no: 'F8' })).toMatchObject({ trade_status: 'WAIT_BUYER_PAY' });
    expect(await till.call('query', { out_trade_no: 'F8' })).toMatchObject({ trade_status: 'TRADE_SUCCESS' });
  });

  it('answer-twice: the request arrives twice, one trade comes of it', async () => {
    await till.fault({ do: 'answer-twice' });
    expect(await till.call('pay', sale('F9'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_SUCCESS' });
    expect((await till.ledger()).filter(({ reference }) => reference === 'F9')).toMatchObject([{ status: 'approved' }]);
  });

  it('http-status: below 500 unseen, from 500 processed', async () => {
    await till.fault([{ do: 'http-status', status: 403 }, { do: 'http-status', status: 502 }]);
    await expect(till.call('pay', sale('F10'))).rejects.toThrow('status: 403');
    await expect(till.call('pay', sale('F11'))).rejects.toThrow('status: 502');
    expect([await statusOf('F10'), await statusOf('F11')]).toEqual([undefined, 'approved']);
  });

  it('refuse-connections: nothing listens until it is cleared', async () => {
    await till.fault({ do: 'refuse-connections' });
    await expect(till.call('pay', sale('F12'))).rejects.toThrow('ECONNREFUSED');
    await fetch(`${till.endpoints.control}/faults`, { method: 'DELETE' });
    expect(await till.call('pay', sale('F12'))).toMatchObject({ code: '10000' });
  });

  it.each([['refuse', { code: '40004', sub_code: 'ACQ.TRADE_HAS_CLOSE' }], ['approve', { code: '10000' }]] as const)('overtaken: the pay comes after its cancel, and a host that is to %s it does', async (latePay, then) => {
    const other = await openTill({ latePay });
    try {
      await other.fault({ do: 'overtaken', match: { operation: 'pay' } });
      const answer = other.call('pay', sale('LATE'));
      await met(other);
      expect(await other.call('query', { out_trade_no: 'LATE' })).toMatchObject({ sub_code: 'ACQ.TRADE_NOT_EXIST' });
      expect(await other.call('cancel', { out_trade_no: 'LATE' })).toMatchObject({ code: '10000', retry_flag: 'N' });
      expect(await answer).toMatchObject(then);
    } finally {
      await other.close();
    }
  });

  it('delay-request: the pay comes, later', async () => {
    await till.fault({ do: 'delay-request', ms: 5 });
    expect(await till.call('pay', sale('F14'))).toMatchObject({ code: '10000' });
  });

  it('delay: the answer comes, later', async () => {
    await till.fault({ do: 'delay', ms: 5 });
    expect(await till.call('pay', sale('F13'))).toMatchObject({ code: '10000' });
  });
});

describe('a gateway started again on its data', () => {
  it('has its keys, its trades and its used codes, and its files tell no code', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'host-sim-alipay-'));
    const payers = [{ name: 'Poor', codePrefixRange: ['2801', '2801'] as const, balanceMinor: 150 }];
    try {
      const before = await openTill({ dataDir, payers });
      const codes = [freshCode('2801'), freshCode('2801')];
      const paid = await before.call('pay', sale('R1', '1.00', codes[0]));
      await before.call('pay', sale('R2', '1000.01', codes[1]));
      await before.call('cancel', { out_trade_no: 'R3' });
      const ledger = await before.ledger();
      await before.close();

      const after = await openTill({ dataDir, payers });
      expect(after.endpoints).toMatchObject({ appPrivateKey: before.endpoints.appPrivateKey, alipayPublicKey: before.endpoints.alipayPublicKey });
      expect(await after.ledger()).toEqual(ledger);
      expect(await after.call('query', { out_trade_no: 'R1' })).toMatchObject({ trade_status: 'TRADE_SUCCESS', trade_no: paid['trade_no'] });
      expect(await after.call('pay', sale('R4', '0.10', codes[0]))).toMatchObject({ sub_code: 'ACQ.PAYMENT_AUTH_CODE_INVALID' });
      expect(await after.call('pay', sale('R5', '0.51', freshCode('2801')))).toMatchObject({ sub_code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH' });
      expect(await after.call('pay', sale('R3', '0.10'))).toMatchObject({ sub_code: 'ACQ.TRADE_HAS_CLOSE' });
      await after.close();

      const files = await Promise.all((await readdir(dataDir)).map((name) => readFile(join(dataDir, name), 'utf8')));
      for (const code of codes) expect(files.join('\n') + JSON.stringify(ledger)).not.toContain(code);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
