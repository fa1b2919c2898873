import { expect, it } from 'vitest';
import { Stops } from './stops.js';

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
