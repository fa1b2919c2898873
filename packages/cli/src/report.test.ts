import { expect, it } from 'vitest';
import { describeResult } from './report.js';

it('tells what a person needs first, and the error name beside it', () => {
  const hint = { zh: '余额不足', en: 'Not enough money in the account' };
  const failed = { status: 'failed', error: 'Payment.Declined', cause: JSON.stringify({ hint }), unsettled: [] } as unknown as Parameters<typeof describeResult>[0];
  expect(describeResult(failed, 'zh', 0)).toBe('交易未完成: 余额不足 (Payment.Declined)');
  expect(describeResult(failed, 'en', 1)).toBe('Not paid: Not enough money in the account (Payment.Declined) — Something is open and needs a person');
});
