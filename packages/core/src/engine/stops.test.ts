import { expect, it } from 'vitest';
import { Stop, Stops } from './stops.js';

it('ends what is open with the engine, not what was let go of', () => {
  const closing = new AbortController();
  const stops = new Stops(closing.signal);
  const [open, released, ended] = [stops.open(), stops.open(), stops.open()];
  stops.release(released);
  stops.end(ended, 'enough');
  closing.abort('closed');
  expect([open, released, ended].map(({ signal }) => (signal.aborted ? (signal.reason as string) : 'open'))).toEqual(['closed', 'open', 'enough']);
});

it('opens nothing once the engine is closed', () => {
  const stops = new Stops(AbortSignal.abort('closed'));
  expect(stops.open().signal.reason).toBe('closed');
});

it('works as an AbortController does, with its signal made late or early, and tells a listener once', () => {
  const stop = new Stop();
  const early = new Stop();
  const { signal } = early;
  const heard: unknown[] = [];
  stop.onAbort(() => heard.push(stop.reason));
  stop.onAbort(() => heard.push('not this one'))();
  for (const each of [stop, early]) {
    each.abort('first');
    each.abort('second');
    expect(each.aborted).toBe(true);
    expect([each.signal.aborted, each.signal.reason]).toEqual([true, 'first']);
  }
  expect(signal).toBe(early.signal);
  expect(heard).toEqual(['first']);
});
