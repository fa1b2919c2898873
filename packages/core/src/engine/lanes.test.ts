import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.js';

describe('a lane (12)', () => {
  it('is had at once where it is free: what its work does first is done before anybody else has a turn', () => {
    let begun = false;
    void new Lanes().run('A', { undo: false }, async () => void (begun = true));
    expect(begun).toBe(true);
  });

  it('is not had by who gave up, though it is free', async () => {
    let begun = false;
    expect(await new Lanes().run('A', { undo: true, signal: AbortSignal.abort() }, async () => void (begun = true))).toBeUndefined();
    expect(begun).toBe(false);
  });

  it('that is shut in the breath in which a sale was given it has that sale wait, and go before those that came later', async () => {
    const lanes = new Lanes();
    const done: string[] = [];
    lanes.shut('A', 'p0');
    const first = lanes.run('A', { undo: false }, async () => void done.push('first sale'));
    const second = lanes.run('A', { undo: false }, async () => void done.push('second sale'));
    lanes.reopen('A', 'p0');
    lanes.shut('A', 'p1');
    await lanes.run('A', { undo: true }, async () => void done.push('undo'));
    expect(done).toEqual(['undo']);
    lanes.reopen('A', 'p1');
    await Promise.all([first, second]);
    expect(done).toEqual(['undo', 'first sale', 'second sale']);
  });

  it('that was shut so is given up by a sale like any other', async () => {
    const lanes = new Lanes();
    const stop = new AbortController();
    lanes.shut('A', 'p0');
    const sale = lanes.run('A', { undo: false, signal: stop.signal }, async () => 'sent');
    lanes.reopen('A', 'p0');
    lanes.shut('A', 'p1');
    await Promise.resolve();
    stop.abort();
    expect(await sale).toBeUndefined();
  });
});
