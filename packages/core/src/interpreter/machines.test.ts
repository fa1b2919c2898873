import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionEvent } from '../events.js';
import { deepFreeze } from '../json.js';
import { aroundScope, scopeAddress } from './address.js';
import { decideOn } from './decide.js';
import { evolve, evolveAll } from './evolve.js';
import { createEvaluate } from './expression.js';
import { byCall, randomRun } from './random-machine.js';
import { programOf, runInMemory, type RunOptions } from './run-in-memory.js';
import { owedBy, todo } from './todo.js';
import type { Command, ExecutionState, Input } from './types.js';

const RUNS = { numRuns: 300 };
const evaluate = createEvaluate({ hash: () => '' });

const options = ({ definition, other, seed, outcomes }: typeof randomRun extends fc.Arbitrary<infer T> ? T : never): RunOptions => ({
  definition,
  workflows: { other },
  input: { n: 1 },
  seed,
  otherwise: byCall(outcomes),
  startAtMs: 0,
});

describe('random machines', () => {
  it('replay gives the state that running gave, event by event and through JSON', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const run = options(random);
        const program = programOf(run);
        let replayed: ExecutionState | undefined;
        await runInMemory({
          ...run,
          onDecided: ({ before, events, after, input }) => {
            // What is logged is frozen, and so is what was folded from it.
            deepFreeze([before, events]);
            for (const event of JSON.parse(JSON.stringify(events)) as ExecutionEvent[]) replayed = evolve(replayed, event, input.at, program);
            expect(replayed).toEqual(after);
            expect(JSON.parse(JSON.stringify(after))).toEqual(after);
            expect(evolveAll(before, events, input.at, program)).toEqual(after);
          },
        });
      }),
      RUNS,
    );
  });

  it('what an owner takes over is what the events fold to, and the scopes that it names are all that owe something else', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const run = options(random);
        const program = programOf(run);
        const inputs: Input[] = [];
        const { state: final } = await runInMemory({ ...run, onDecided: ({ input }) => inputs.push(input) });
        let own: ExecutionState | undefined;
        let folded: ExecutionState | undefined;
        const owed = new Map<string, string[]>();
        for (const input of inputs) {
          const before = JSON.stringify(own);
          const decision = await decideOn(program, own, input, input, evaluate);
          // Until it is taken over a decision has changed nothing.
          expect(JSON.stringify(own)).toBe(before);
          folded = evolveAll(folded, decision.events, input.at, program);
          const { state, changed } = decision.commit();
          own = state;
          expect(own).toEqual(folded);
          for (const address of changed) {
            const scope = own.scopes[address];
            const commands: Command[] = [];
            if (scope) expect(owedBy(scope, program, commands)).toBe('blocked');
            owed.set(address, commands.map((command) => JSON.stringify(command)));
          }
          if (own.status === 'running') expect([...owed.values()].flat().sort()).toEqual(todo(own, program).map((command) => JSON.stringify(command)).sort());
        }
        expect(own).toEqual(final);
      }),
      RUNS,
    );
  });

  it('the same input and seed give the same events', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const first = await runInMemory(options(random));
        const second = await runInMemory(options(random));
        expect(second.events).toEqual(first.events);
        expect(second.endedAtMs).toBe(first.endedAtMs);
      }),
      RUNS,
    );
  });

  it('a log that was cut anywhere can be gone on with, and calls nothing that it did not before', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, fc.nat(), async (random, at) => {
        const run = options(random);
        const program = programOf(run);
        const log: { event: ExecutionEvent; at: number }[] = [];
        await runInMemory({ ...run, onDecided: ({ events, input }) => log.push(...events.map((event) => ({ event, at: input.at }))) });
        const kept = log.slice(0, 1 + (at % log.length));
        let state: ExecutionState | undefined;
        for (const { event, at: atMs } of kept) state = evolve(state, event, atMs, program);
        if (!state) throw new Error('nothing kept');
        const started = kept.flatMap(({ event }) => (event.type === 'taskStarted' ? [`${event.step}/${event.attempt}`] : []));
        const ended = new Set(kept.flatMap(({ event }) => (event.type === 'stepLeft' ? [event.step] : [])));
        for (const command of todo(state, program)) {
          if (command.do !== 'call') continue;
          expect(started).toContain(`${command.step}/${command.attempt}`);
          expect(ended).not.toContain(command.step);
        }
        const { state: final } = await runInMemory({ ...run, from: { state, atMs: kept.at(-1)?.at ?? 0 } });
        expect(final.status).not.toBe('running');
        expect(todo(final, program)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('keeps to what must hold of every state', async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const run = options(random);
        const program = programOf(run);
        const steps = new Set<string>();
        await runInMemory({
          ...run,
          onDecided: ({ after, events }) => {
            // Nothing is left to be gone on with, and a running execution is owed something.
            const owed = todo(after, program);
            expect(owed.some((command) => command.do === 'continue')).toBe(false);
            expect(owed.length > 0).toBe(after.status === 'running');
            for (const [address, scope] of Object.entries(after.scopes)) {
              expect(scope.address).toBe(address);
              // None stays behind when what opened it has gone on: a late answer would find it.
              if (address !== '') {
                const { outer, index } = aroundScope(address);
                const opener = after.scopes[outer]?.current;
                expect(opener && scopeAddress(opener.step, index)).toBe(address);
                expect(opener?.phase).toMatchObject({ is: 'scopes' });
              }
              const { phase } = scope.current;
              if (phase.is === 'scopes') {
                const open = phase.inputs.filter((_, index) => `${scope.current.step.split('#')[0]}[${index}]` in after.scopes).length;
                expect(open + phase.ended).toBe(phase.begun);
                expect(phase.inputs.filter((_, index) => scopeAddress(scope.current.step, index) in after.results)).toHaveLength(phase.ended);
                if (phase.limit > 0) expect(open).toBeLessThanOrEqual(phase.limit);
              }
            }
            // A step is left once.
            for (const event of events) {
              if (event.type !== 'stepLeft') continue;
              expect(steps).not.toContain(event.step);
              steps.add(event.step);
            }
          },
        });
      }),
      RUNS,
    );
  });
});
