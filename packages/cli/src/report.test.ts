import { TillwrightError } from '@tillwright/core';
import { afterEach, expect, it, vi } from 'vitest';
import { describeResult, exitCodeOf, reportError } from './report.js';

afterEach(() => vi.restoreAllMocks());

type Result = Parameters<typeof describeResult>[0];
type Around = Parameters<typeof describeResult>[2];
const around = (more: Partial<Around> = {}): Around => ({ payments: [], methods: [{ id: 'points', label: { zh: '会员积分', en: 'Member points' } }], openCases: 0, ...more });
const payment = (method: string, amountMinor: number, references: readonly string[], state: Around['payments'][number]['state'] = 'paid'): Around['payments'][number] => ({ paymentId: method, method, references, state, amountMinor, currency: 'CNY', committed: state === 'paid' });

it('tells what a person needs first, and the error name beside it', () => {
  const hint = { zh: '余额不足', en: 'Not enough money in the account' };
  const failed = { status: 'failed', error: 'Payment.Declined', cause: JSON.stringify({ hint }), unsettled: [] } as unknown as Result;
  expect(describeResult(failed, 'zh', around())).toBe('交易未完成: 余额不足 (Payment.Declined)');
  expect(describeResult(failed, 'en', around({ openCases: 1 }))).toBe('Not paid: Not enough money in the account (Payment.Declined) — Something is open and needs a person');
});

it('tells what was paid, each part by the name of its method and its last reference', () => {
  const succeeded = { status: 'succeeded', output: null } as unknown as Result;
  const payments = [payment('points', 1000, ['MP1']), payment('gone', 0, ['G1'], 'declined'), payment('cash', 7850, ['C1', 'C2'])];
  expect(describeResult(succeeded, 'zh', around({ payments }))).toBe('交易成功: 会员积分 CNY 10.00 MP1, cash CNY 78.50 C2');
  expect(describeResult(succeeded, 'en', around({ payments: [] }))).toBe('Succeeded');
});

it('of a flow that failed behind a payment it tells what is paid, and never that nothing was', () => {
  const failed = { status: 'failed', error: 'Printer.NoPaper', cause: JSON.stringify({ hint: { zh: '缺纸', en: 'Out of paper' } }), unsettled: [] } as unknown as Result;
  const paid = around({ payments: [payment('gone', 0, ['G1'], 'declined'), payment('points', 1000, ['MP1'])] });
  expect(describeResult(failed, 'en', paid)).toBe('Paid (Member points CNY 10.00 MP1), but the flow failed: Out of paper (Printer.NoPaper)');
  expect(describeResult(failed, 'zh', paid)).toBe('已收款（会员积分 CNY 10.00 MP1），但流程未走完: 缺纸 (Printer.NoPaper)');
  expect(exitCodeOf(failed, paid)).toBe(3);
  expect(exitCodeOf(failed, around({ payments: [payment('gone', 0, ['G1'], 'undone')] }))).toBe(1);
});

it('the name of an error is only a text on a screen', () => {
  const failed = { status: 'failed', error: 'Odd\u001B[2J\nSucceeded', cause: 'x', unsettled: [] } as unknown as Result;
  expect(describeResult(failed, 'en', around())).toBe('Not paid: x (Odd[2J Succeeded)');
});

it.each([
  ['what stopped a till, and may leave something open', new TillwrightError('SEALED_UNREADABLE', { why: 'EIO' }), 3, /^SEALED_UNREADABLE: 密封存储.*EIO\n {2}已停止收款/],
  ['a fault of its own', new TillwrightError('ENGINE_FAULT', { why: 'TypeError' }), 3, /^ENGINE_FAULT: .*TypeError\n {2}已停止收款/],
  ['wrong use', new TillwrightError('WORKFLOW_UNKNOWN', { workflow: 'x', known: 'sale' }), 2, /^WORKFLOW_UNKNOWN: .*\n {2}/],
  ['what the system refuses', Object.assign(new Error("ENOTDIR: not a directory, mkdir 'x'"), { code: 'ENOTDIR', syscall: 'mkdir' }), 2, /^tillwright: ENOTDIR: not a directory, mkdir 'x'\n {2}请检查/],
])('tells %s, and ends accordingly', (_what, error, code, text) => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(reportError(error, 'zh')).toBe(code);
  expect(told.mock.calls.map(([line]) => String(line))).toEqual([expect.stringMatching(text)]);
});
