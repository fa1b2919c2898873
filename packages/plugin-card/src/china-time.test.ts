import { describe, expect, it } from 'vitest';
import { chinaTime, hostDateTime } from './china-time.js';

describe('China Standard Time', () => {
  it('is 8 hours ahead of UTC, in summer too', () => {
    expect(chinaTime(Date.UTC(2026, 11, 31, 15, 59, 59))).toEqual({ year: 2026, date: '261231', month: '2612' });
    expect(chinaTime(Date.UTC(2026, 11, 31, 16, 0, 0))).toEqual({ year: 2027, date: '270101', month: '2701' });
    expect(chinaTime(Date.UTC(2026, 6, 1, 16, 0, 0))).toEqual({ year: 2026, date: '260702', month: '2607' });
  });

  it.each([
    ['1123', '140509', Date.UTC(2026, 10, 23, 6, 5, 9), '2026/11/23 14:05:09'],
    // The host's last second of a year, told by a till that is in the next one, and the other way round.
    ['1231', '235959', Date.UTC(2026, 11, 31, 16, 0, 1), '2026/12/31 23:59:59'],
    ['0101', '000001', Date.UTC(2026, 11, 31, 15, 59, 0), '2027/01/01 00:00:01'],
    ['0229', '120000', Date.UTC(2028, 1, 29, 4, 0, 0), '2028/02/29 12:00:00'],
    // A till whose clock is months off.
    ['0801', '120000', Date.UTC(2027, 0, 15), '2026/08/01 12:00:00'],
    ['0601', '120000', Date.UTC(2026, 11, 15), '2027/06/01 12:00:00'],
  ])('the host names no year: %s %s is the nearest', (monthDay, time, nowMs, expected) => {
    expect(hostDateTime(monthDay, time, nowMs)).toBe(expected);
  });

  it('a host that gives no date, or no time, has none printed', () => {
    expect(hostDateTime(undefined, '140509', 0)).toBeUndefined();
    expect(hostDateTime('1123', undefined, 0)).toBeUndefined();
  });
});
