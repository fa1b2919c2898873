/** Power failures at every operation of the disk, over several lives of one log. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { TillwrightError } from '../errors.js';
import type { Json } from '../json.js';
import { fileLog } from './file-log.js';
import { SimulatedDisk } from './simulated-disk.js';
import { counted, countsOf, openAll } from './test-events.js';

/** One call of append with so many records, then perhaps a checkpoint, which ends a line within a write, and a wait for the disk. */
const step = fc.record({ records: fc.integer({ min: 1, max: 3 }), checkpoint: fc.boolean(), wait: fc.boolean() });
const life = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  operations: fc.integer({ min: 0, max: 25 }),
  fault: fc.option(fc.constantFrom(['append', 'SHORT'], ['append', 'ENOSPC'], ['sync', 'EIO'], ['create', 'EROFS']) as fc.Arbitrary<['append' | 'sync' | 'create', string]>),
  /** Opened again in the same running machine, after a fault, or after the power was gone. */
  restart: fc.boolean(),
  /** Takes what a checkpoint spares it. */
  restores: fc.boolean(),
  seed: fc.integer(),
});

const seeded = (seed: number) => {
  let state = seed | 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
};

it('lose nothing acknowledged, keep appends whole and in order, double nothing, and are never taken for damage', async () => {
  let cuts = 0;
  let restored = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 5 }), fc.constantFrom(1, 900, 1e9), async (lives, segmentBytes) => {
      const disk = new SimulatedDisk();
      let calls: number[][] = [];
      let acknowledged = 0;
      let next = 1;
      for (const { steps, operations, fault, restart, restores, seed } of lives) {
        const log = fileLog('/data', { fileSystem: disk, segmentBytes, lazyFlushMs: 1e9 });
        disk.powerFailsAfter(operations);
        if (fault !== null) disk.failNext(...fault);
        const live = async (): Promise<void> => {
          let spared = 0;
          const restore = (state: Json): boolean => {
            if (restores) spared = (state as { calls: number }).calls;
            return restores;
          };
          const { records, cut } = await openAll(log, { restore });
          if (cut !== undefined) cuts += 1;
          const found = countsOf(records);
          // Whole calls, from the first on, at least all that were acknowledged.
          const after = keptCalls(calls.slice(spared), found.length);
          expect(found).toEqual(after.flat());
          const kept = [...calls.slice(0, spared), ...after];
          if (spared > 0) restored += 1;
          expect(kept.length).toBeGreaterThanOrEqual(acknowledged);
          calls = kept;
          acknowledged = kept.length;
          for (const { records: count, checkpoint, wait } of steps) {
            const call = Array.from({ length: count }, () => next++);
            log.append(call.map((to) => counted(to)), 0);
            calls.push(call);
            const sofar = calls.length;
            if (checkpoint) void log.checkpoint?.({ calls: sofar }).catch(() => {});
            if (!wait) continue;
            await log.durable(log.head);
            acknowledged = sofar;
          }
        };
        const trouble: unknown[] = [];
        await settled(live().catch((error: unknown) => trouble.push(error)));
        for (const error of trouble) if (!TillwrightError.is(error, 'LOG_FAILED')) throw error;
        await settled(log.close().catch(() => undefined));
        if (restart || disk.off) disk.restart(seeded(seed));
      }
      disk.powerFailsAfter(Infinity);
      const end = fileLog('/data', { fileSystem: disk });
      const found = countsOf((await openAll(end)).records);
      expect(found).toEqual(keptCalls(calls, found.length).flat());
      expect(keptCalls(calls, found.length).length).toBeGreaterThanOrEqual(acknowledged);
    }),
    { numRuns: 800 },
  );
  // The property says little if the disk never tore anything, and no checkpoint was ever taken.
  expect(cuts).toBeGreaterThan(50);
  expect(restored).toBeGreaterThan(20);
}, 60_000);

/** Waits until the work is done, or nothing moves any more because the power is gone: the disk is in memory, turns suffice. */
const settled = async (work: Promise<unknown>): Promise<boolean> => {
  const ended = work.then(() => true);
  for (let turn = 0; turn < 40; turn += 1) {
    const next = new Promise<false>((resolve) => setImmediate(() => resolve(false)));
    if (await Promise.race([ended, next])) return true;
  }
  return false;
};

const keptCalls = (calls: readonly number[][], found: number): number[][] => {
  const kept: number[][] = [];
  for (let count = 0; count < found; count += kept.at(-1)?.length ?? 1) kept.push(calls[kept.length] ?? []);
  return kept;
};
