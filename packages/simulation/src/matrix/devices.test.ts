/**
 * Every call of a device during a sale, misbehaving in every way: nothing is guessed, nothing leaks, the sale comes to its end, and when
 * the device is well again the next customer pays as ever. By default one mishap in so many, the same ones every time; DEVICES_EVERY=1
 * takes them all.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { behaviours } from './behaviours.js';
import type { Way } from './customer.js';
import { workflows } from '../shipped.test-helper.js';
import { misbehaviours, type Mishap, sellWith } from './devices.js';

const EVERY = Number(process.env['DEVICES_EVERY'] ?? '23');
const HOWS = Object.keys(misbehaviours) as (keyof typeof misbehaviours)[];

const sales: readonly { readonly way: Way; readonly host: string }[] = [
  { way: { method: 'card', by: 'insert' }, host: 'approves' },
  { way: { method: 'card', by: 'insert' }, host: 'approves, then is silent' },
  { way: { method: 'card', by: 'tap' }, host: 'approves' },
  { way: { method: 'card', by: 'swipe' }, host: 'answers with a wrong MAC or signature' },
  { way: { method: 'alipay', by: 'scan' }, host: 'approves' },
];

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

const mishapsOf = (calls: readonly string[]): Mishap[] => {
  const counts = new Map<string, number>();
  return calls.flatMap((call) => {
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    return HOWS.flatMap((how) => (nth === 1 ? [false, true] : [false]).map((lasts) => ({ call, nth, lasts, how })));
  });
};

describe('devices that break their contract', () => {
  it.each(sales)('$way.method by $way.by, its host $host', { timeout: 3_600_000 }, async ({ way, host }) => {
    const behaviour = behaviours.find(({ name }) => name === host);
    const sale = { workflow: 'counter-sale', workflows: { 'counter-sale': workflows['counter-sale'] ?? '' }, way };
    if (!behaviour) throw new Error(`no host behaves so: ${host}`);
    const { problems, calls } = await sellWith(sale, behaviour);
    expect(problems).toEqual([]);
    const mishaps = mishapsOf(calls);
    const wrong: string[] = [];
    let taken = 0;
    for (const [index, mishap] of mishaps.entries()) {
      if (index % EVERY !== 0) continue;
      taken += 1;
      const before = unhandled.length;
      const played = await sellWith(sale, behaviour, mishap);
      const name = `${mishap.call} ${mishap.nth}${mishap.lasts ? ' and on' : ''} ${mishap.how}`;
      for (const problem of played.problems) wrong.push(`${name}: ${problem}`);
      if (unhandled.length > before) wrong.push(`${name}: nobody handles ${String(unhandled.at(-1))}`);
    }
    console.log(`${way.method} by ${way.by}: ${taken} of ${mishaps.length} mishaps at ${calls.length} calls`);
    expect(wrong).toEqual([]);
  });
});
