import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../contract.js';
import { setAlarm } from './alarms.js';
import { systemClock, systemRandom } from './defaults.js';
import { virtualClock } from './virtual-clock.js';

afterEach(() => vi.useRealTimers());

const promising = ({ now, until }: Clock): Clock => ({ now, until });

describe.each([
  ["the system's clock", () => systemClock],
  ['a clock that only promises', () => promising(systemClock)],
  ['a virtual clock', () => virtualClock()],
  ['a virtual clock that only promises', () => promising(virtualClock())],
])('an alarm of %s', (name, make) => {
  const turnTo = async (clock: Clock, ms: number): Promise<void> => {
    if (name.includes('virtual')) await clock.until(clock.now() + ms);
    else await vi.advanceTimersByTimeAsync(ms);
  };

  it('calls once when it is due, however far that is, and never when it was taken back', async () => {
    if (!name.includes('virtual')) vi.useFakeTimers({ now: 0 });
    const clock = make();
    const heard: string[] = [];
    const far = 40 * 86_400_000;
    setAlarm(clock, clock.now() + far, () => heard.push('far'));
    setAlarm(clock, clock.now() + 1000, () => heard.push('near'));
    const takeBack = setAlarm(clock, clock.now() + 1000, () => heard.push('taken back'));
    setAlarm(clock, clock.now() - 5, () => heard.push('past'));
    const takePast = setAlarm(clock, clock.now(), () => heard.push('past, taken back'));
    expect(heard).toEqual([]);
    takeBack();
    takePast();
    await turnTo(clock, 999);
    expect(heard).toEqual(['past']);
    await turnTo(clock, 1);
    await turnTo(clock, far);
    expect(heard).toEqual(['past', 'near', 'far']);
    takeBack();
    if (!name.includes('virtual')) expect(vi.getTimerCount()).toBe(0);
  });
});

it('random bytes are given out once', () => {
  const given = Array.from({ length: 2000 }, () => Buffer.from(systemRandom.bytes(16)).toString('hex'));
  expect(new Set(given).size).toBe(2000);
  expect(given).not.toContain('0'.repeat(32));
  expect(systemRandom.bytes(5000)).toHaveLength(5000);
});
