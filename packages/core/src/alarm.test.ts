import { expect, it } from 'vitest';
import { type Alarm, ALARMS, alarmText } from './alarm.js';

it('tells each alarm in both languages, with what it is about', () => {
  for (const kind of Object.keys(ALARMS) as Alarm['kind'][]) {
    const { what, next } = alarmText({ kind, terminalId: 'T1', paymentId: 'x-1/Pay#1', caseId: 'case-1', why: 'as told' });
    for (const text of [what.zh, what.en, next.zh, next.en]) expect(text).not.toMatch(/[{}]|^$/);
  }
  expect(alarmText({ kind: 'case-opened', paymentId: 'x-1/Pay#1', caseId: 'case-1', why: 'not undone after 3 tries' })).toEqual({
    what: { zh: '付款 x-1/Pay#1 需要人工处理', en: 'The payment x-1/Pay#1 needs a person' },
    next: { zh: '用 tillwright cases show case-1 查看，按主机账目处理', en: "See tillwright cases show case-1, and decide by the host's books" },
  });
});
