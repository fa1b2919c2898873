/**
 * Every flow, with every behaviour of its hosts, stopped at every moment at which the world could notice: at each append, each
 * sync, each message that leaves or is heard, each change of the sealed store. What was not on disk is lost, or kept in part.
 */
import { describe, expect, it } from 'vitest';
import type { Fault, Message } from '../simulation/host.js';
import type { PointKind } from '../simulation/life.js';
import { simulatedFlows } from '../simulation/flows.js';
import { World } from '../simulation/world.js';

const sale = (fault: Fault) => ({ kind, nth }: Message): Fault => (kind === 'sale' && nth === 1 ? fault : 'honest');
const behaviours: { readonly [name: string]: (message: Message) => Fault } = {
  honest: () => 'honest',
  'request lost': sale('request-lost'),
  'request late': sale('request-late'),
  'request doubled': sale('request-doubled'),
  'answer lost': sale('answer-lost'),
  'answer late': sale('answer-late'),
  thrown: sale('thrown'),
  declined: sale('declined'),
  'pending, then paid': sale('paid-later'),
  'pending for ever': sale('never-paid'),
  garbled: sale('garbled'),
  'refused by somebody in between': sale('unverified'),
  duplicate: sale('duplicate'),
  'too much': sale('too-much'),
  partial: sale('partial'),
  'refuses connections': ({ kind, nth }) => (kind === 'sale' && nth === 1 ? 'refused-connection' : 'honest'),
  'reversal lost once': ({ kind, nth }) => (nth > 1 ? 'honest' : kind === 'sale' ? 'answer-lost' : kind === 'reverse' ? 'request-lost' : kind === 'inquire' ? 'absent' : 'honest'),
  'undo answers lost once': ({ kind, nth }) => (nth > 1 ? 'honest' : kind === 'sale' || kind === 'complete' || kind === 'inquire' ? 'honest' : 'answer-lost'),
  'undo refused': ({ kind, nth }) => (kind === 'sale' && nth === 1 ? 'answer-lost' : kind === 'reverse' ? 'refused' : kind === 'inquire' ? 'absent' : 'honest'),
  'advice lost, then its answer': ({ kind, nth }) => (kind !== 'advise' || nth > 2 ? 'honest' : nth === 1 ? 'request-lost' : 'answer-lost'),
  'advice refused': ({ kind }) => (kind === 'advise' ? 'refused' : 'honest'),
  'card refuses': ({ kind }) => (kind === 'complete' ? 'refused-by-card' : 'honest'),
  'card gone': ({ kind }) => (kind === 'complete' ? 'card-gone' : 'honest'),
};

const flows = ['wallet', 'card', 'purse', 'split', 'broken', 'half-broken', 'caught', 'gone-on', 'retry', 'again', 'at-once', 'short', 'timeout', 'receipt', 'committed', 'asked', 'partial'];

interface Stop {
  readonly point: number;
  /** How many of the appends that were not durable are on disk all the same. */
  readonly keep: number;
}

/** Runs one sale to its quiet end, stopping at the given points of its lives one after another. */
const play = async (flow: string, behaviour: (message: Message) => Fault, stops: readonly Stop[]): Promise<{ problems: readonly string[]; points: number; lost: number; kinds: PointKind[] }> => {
  const world = new World({ seed: flow, fault: behaviour, workflows: { [flow]: simulatedFlows[flow] ?? '' }, advice: true });
  const kinds: PointKind[] = [];
  let points = 0;
  let lost = 0;
  for (let life = 0; life <= stops.length + 1; life += 1) {
    const stop = stops[life];
    const till = await world.open({
      endsAt: (point, kind) => {
        if (life === 0) {
          points = point;
          kinds.push(kind);
        }
        return point === stop?.point;
      },
    });
    if (till) {
      const start = till.start({ terminal: 'T1', workflow: flow, key: 'sale-1' }).then(async ({ executionId, result }) => {
        world.promise('sale-1', executionId);
        world.hear(await result);
      });
      start.catch(() => {});
      await Promise.race([start, world.life.ended, world.quiet()]);
      if (world.life.alive && (await world.quiet())) break;
    }
    if (life === 0) lost = world.undurable();
    world.crash(stop?.keep ?? 0);
    // The till is switched on again a while later.
    await world.clock.until(world.clock.now() + 3_000);
  }
  const problems = await world.check();
  world.life.end();
  world.clock.stop();
  return { problems, points, lost, kinds };
};

/** One moment in so many, the same ones every time: about a minute's worth. MATRIX_EVERY=1 stops at every single one. */
const EVERY = Number(process.env['MATRIX_EVERY'] ?? '25');

describe('crash matrix', () => {
  it.each(flows)('%s', { timeout: 300_000 }, async (flow) => {
    let runs = 0;
    let candidates = 0;
    const wrong: string[] = [];
    const run = async (name: string, behaviour: (message: Message) => Fault, stops: readonly Stop[]) => {
      runs += 1;
      const played = await play(flow, behaviour, stops);
      for (const problem of played.problems) wrong.push(`${name}, stopped at ${stops.map(({ point, keep }) => `${point} keeping ${keep}`).join(' and ') || 'nothing'}: ${problem}`);
      return played;
    };
    for (const [name, behaviour] of Object.entries(behaviours)) {
      const { points } = await run(name, behaviour, []);
      for (let point = 1; point <= points; point += 1) {
        candidates += 1;
        if (candidates % EVERY !== 0) continue;
        const { lost } = await run(name, behaviour, [{ point, keep: 0 }]);
        for (let keep = 1; keep <= lost; keep += 1) await run(name, behaviour, [{ point, keep }]);
        // The next life is stopped as well, somewhere in its recovery.
        await run(name, behaviour, [{ point, keep: 0 }, { point: 1 + (candidates % 12), keep: candidates % 2 }]);
      }
    }
    console.log(`${flow}: stopped at ${Math.floor(candidates / EVERY)} of ${candidates} moments, ${runs} runs`);
    expect(wrong.slice(0, 12)).toEqual([]);
  });
});
