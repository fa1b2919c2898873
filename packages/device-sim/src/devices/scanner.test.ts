import { expect, test } from 'vitest';
import { createSimulation } from '../index.js';
import { never } from '../testing.test-helper.js';

test('a code is read when the scanner waits for one', async () => {
  const world = createSimulation();
  expect(world.scan('134567890123456789')).toBe(false);
  const waits: unknown[] = [];
  world.on('waiting', (what) => waits.push(what));
  const scanning = world.scanner.scan(never());
  expect(waits).toEqual([{ device: 'scanner', for: 'code' }]);
  expect(world.scan('134567890123456789')).toBe(true);
  expect((await scanning).reveal()).toBe('134567890123456789');
  expect(world.scan('134567890123456789')).toBe(false);
});

test('aborted, broken, and fit for the next', async () => {
  const world = createSimulation();
  const stop = new AbortController();
  const scanning = world.scanner.scan(stop.signal);
  stop.abort(new Error('cancelled'));
  await expect(scanning).rejects.toThrow('cancelled');
  const next = world.scanner.scan(never());
  world.setBroken('scanner', true);
  await expect(next).rejects.toMatchObject({ error: 'Device.Unavailable' });
  await expect(world.scanner.scan(never())).rejects.toMatchObject({ error: 'Device.Unavailable' });
  world.setBroken('scanner', false);
  const last = world.scanner.scan(never());
  world.scan('28');
  expect((await last).reveal()).toBe('28');
});

test('a wait that begins in the moment the former ends is not ended with it', async () => {
  const world = createSimulation();
  const first = world.scanner.scan(never());
  world.scan('1');
  const second = world.scanner.scan(never());
  await first;
  expect(world.scan('2')).toBe(true);
  expect((await second).reveal()).toBe('2');
});
