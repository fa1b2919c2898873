import { afterEach, describe, expect, it, vi } from 'vitest';
import { sha256, systemHash } from '../log/system.js';
import { systemClock, systemRandom, timeSortedIds } from './defaults.js';

describe('the clock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('waits longer than a timer of Node can', async () => {
    vi.useFakeTimers({ now: 1_000_000 });
    const days = 60 * 86_400_000;
    let done = false;
    const waiting = systemClock.until(1_000_000 + days).then(() => (done = true));
    await vi.advanceTimersByTimeAsync(days - 1);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('notices within a minute that the clock was set forward', async () => {
    vi.useFakeTimers({ now: 0 });
    let done = false;
    void systemClock.until(86_400_000).then(() => (done = true));
    await vi.advanceTimersByTimeAsync(1000);
    vi.setSystemTime(86_400_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(done).toBe(true);
  });

  it('resolves at once for what has passed', async () => {
    await systemClock.until(systemClock.now() - 1);
  });

  it('rejects with the reason when aborted, before or meanwhile, and leaves no timer', async () => {
    vi.useFakeTimers({ now: 0 });
    await expect(systemClock.until(5, AbortSignal.abort('gone'))).rejects.toBe('gone');
    const controller = new AbortController();
    const waiting = systemClock.until(5_000_000, controller.signal);
    controller.abort('cancelled');
    await expect(waiting).rejects.toBe('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('ids', () => {
  it('sort by time, also within a millisecond and when the clock steps back', () => {
    const times = [5, 5, 5, 6, 4, 4, 7];
    const ids = timeSortedIds({ now: () => times.shift() ?? 8 }, { bytes: (length) => new Uint8Array(length).fill(31) });
    const given = Array.from({ length: 7 }, () => ids.next('x'));
    expect(given.slice(0, 2)).toEqual(['x-0000000005zzzzzzzzzzzzzzzz', 'x-00000000060000000000000000']);
    expect(given.toSorted()).toEqual(given);
    expect(new Set(given).size).toBe(7);
  });

  it('of this machine differ and name what they are of', () => {
    const ids = timeSortedIds(systemClock, systemRandom);
    const given = Array.from({ length: 1000 }, () => ids.next('p'));
    expect(new Set(given).size).toBe(1000);
    expect(given.toSorted()).toEqual(given);
    for (const id of given) expect(id).toMatch(/^p-[0-9a-hjkmnp-tv-z]{26}$/);
  });
});

it('hashes and gives random bytes', () => {
  expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(systemHash('SHA-256', '收')).toBe(sha256('收'));
  expect(systemHash('MD5', '')).toBe('d41d8cd98f00b204e9800998ecf8427e');
  expect(['SHA-1', 'SHA-384', 'SHA-512'].map((name) => systemHash(name as 'SHA-1', 'a').length)).toEqual([40, 96, 128]);
  expect(systemRandom.bytes(16)).toHaveLength(16);
});
