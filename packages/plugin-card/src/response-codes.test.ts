import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RESPONSE_CODES, responseCode } from './response-codes.js';

const STANDARD =
  '00 01 03 04 05 10 11 12 13 14 15 21 22 25 30 34 38 40 41 43 45 51 54 55 57 58 59 61 62 64 65 68 75 77 90 91 92 94 96 97 98 99 A0 A7'.split(' ');
const APPROVALS = ['00', '10', '11', '16', 'A2', 'A4', 'A5', 'A6'];

it('knows every code of the standard and every approval', () => {
  expect(Object.keys(RESPONSE_CODES).sort()).toEqual([...new Set([...STANDARD, ...APPROVALS])].sort());
});

it('approves with these codes and no others', () => {
  const approving = Object.entries(RESPONSE_CODES).flatMap(([code, { class: is }]) => (is === 'approved' ? [code] : []));
  expect(approving.sort()).toEqual(APPROVALS);
});

it('says what may follow a decline', () => {
  const again = (code: string) => responseCode(code).again;
  expect(['38', '75', '41', '51', '05'].map(again)).toEqual(['never', 'never', 'never', 'never', 'never']);
  expect(['77', '99', 'A0'].map(again)).toEqual(['sign-on-first', 'sign-on-first', 'sign-on-first']);
  expect(['68', '98', '91', '96'].map(again)).toEqual(['later', 'later', 'later', 'later']);
  expect(responseCode('55')).toMatchObject({ again: 'new-input', error: 'Pin.Incorrect', text: { zh: '密码错' } });
  expect(responseCode('45')).toMatchObject({ again: 'new-input', error: 'Card.UseChip' });
});

it('takes an unlisted code for a failure for good', () => {
  for (const code of ['ZZ', '', '__', 'constructor', 'toString']) expect(responseCode(code)).toMatchObject({ class: 'do-not', again: 'never', text: { zh: '交易失败' } });
});

it('has both languages for every code', () => {
  for (const { text } of Object.values(RESPONSE_CODES)) expect(text.zh.length * text.en.length).toBeGreaterThan(0);
});

const source = new URL('../../../../shared/PAYMENT-FACTS.md', import.meta.url);
it.skipIf(!existsSync(source))('words each code as the standard does', () => {
  const [, listed = ''] = /\(Q\/CUP 006\.6\): (.*?)\. An unknown code/s.exec(readFileSync(source, 'utf8')) ?? [];
  const standard = Object.fromEntries(listed.split('·').map((each) => [each.trim().slice(0, 2), each.trim().slice(3)]));
  expect(Object.keys(standard).sort()).toEqual([...STANDARD].sort());
  for (const [code, zh] of Object.entries(standard)) expect([code, responseCode(code).text.zh]).toEqual([code, zh]);
});
