/** Small random state machines and the behaviour of their Tasks, for property tests. */
import * as fc from 'fast-check';
import type { State, StateMachine } from '../definition/asl.js';
import type { TaskFunction } from './run-in-memory.js';

const NAMES = ['A', 'B', 'C', 'D'] as const;
const ERRORS = ['Card.Unreadable', 'Payment.Declined', 'Terminal.Cancelled'] as const;

// Only forward: such a machine ends whatever its Tasks do.
const following = (index: number, count: number): fc.Arbitrary<{ Next: string } | { End: true }> =>
  index + 1 >= count
    ? fc.constant({ End: true as const })
    : fc.oneof({ weight: 5, arbitrary: fc.integer({ min: index + 1, max: count - 1 }).map((to) => ({ Next: NAMES[to] ?? 'A' })) }, { weight: 1, arbitrary: fc.constant({ End: true as const }) });

const leaving = fc.record(
  {
    Assign: fc.constantFrom({ x: 1 }, { x: '{% $exists($x) ? $x + 1 : 0 %}' }, { y: '{% $states.input %}' }, { y: '{% $nothing %}' }),
    Output: fc.constantFrom('{% $states.input %}', '{% $exists($x) ? $x : "none" %}', { seen: ['{% $states.context.State.Name %}'] }, '{% $uuid() %}', '{% $nothing %}', 7),
  },
  { requiredKeys: [] },
);

const retrying = fc.record(
  {
    Retry: fc.constantFrom(
      [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }],
      [{ ErrorEquals: ['Card.Unreadable'], IntervalSeconds: 5, JitterStrategy: 'FULL' }, { ErrorEquals: ['States.Timeout', 'Payment.Declined'], MaxAttempts: 2, BackoffRate: 1 }],
    ),
  },
  { requiredKeys: [] },
);

const catching = (index: number, count: number): fc.Arbitrary<object> =>
  index + 1 >= count
    ? fc.constant({})
    : fc.oneof(
        fc.constant({}),
        fc.record({ name: fc.constantFrom('States.ALL', 'States.TaskFailed', ...ERRORS), to: fc.integer({ min: index + 1, max: count - 1 }), more: leaving }).map(({ name, to, more }) => ({
          Catch: [{ ...more, ErrorEquals: [name], Next: NAMES[to] ?? 'A' }],
        })),
      );

const stateOf = (index: number, count: number, depth: number): fc.Arbitrary<object> => {
  const flowing = fc.tuple(following(index, count), leaving).map(([next, more]) => ({ ...next, ...more }));
  const failing = fc.tuple(flowing, retrying, catching(index, count)).map((parts) => Object.assign({}, ...parts) as object);
  const task = failing.chain((base) =>
    fc.record({ Resource: fc.constantFrom('a:b', 'c:d'), TimeoutSeconds: fc.option(fc.constantFrom(1, 3), { nil: undefined }) }).map(({ Resource, TimeoutSeconds }) => ({
      ...base,
      Type: 'Task',
      Resource,
      Arguments: { from: '{% $states.context.State.Name %}' },
      ...(TimeoutSeconds === undefined ? {} : { TimeoutSeconds }),
    })),
  );
  const plain = [
    flowing.map((base) => ({ ...base, Type: 'Pass' })),
    task,
    task,
    fc.tuple(flowing, fc.integer({ min: 0, max: 4 })).map(([base, Seconds]) => ({ ...base, Type: 'Wait', Seconds })),
    fc.constantFrom({ Type: 'Succeed' }, { Type: 'Fail', Error: 'Card.Unreadable', Cause: '{% "why" %}' }),
    ...(index + 1 < count
      ? [
          fc.tuple(fc.constantFrom('{% true %}', '{% $random() < 0.5 %}', '{% $states.input %}'), fc.integer({ min: index + 1, max: count - 1 }), fc.boolean()).map(([Condition, to, has]) => ({
            Type: 'Choice',
            Choices: [{ Condition, Next: NAMES[to] ?? 'A' }],
            ...(has ? { Default: NAMES[index + 1] } : {}),
          })),
        ]
      : []),
  ];
  if (depth === 0) return fc.oneof(...plain);
  return fc.oneof(
    ...plain,
    fc.tuple(failing, fc.array(machineOf(depth - 1), { minLength: 1, maxLength: 3 })).map(([base, Branches]) => ({ ...base, Type: 'Parallel', Branches })),
    fc
      .record({ base: failing, processor: machineOf(depth - 1), items: fc.integer({ min: 0, max: 4 }), limit: fc.integer({ min: 0, max: 2 }), tolerated: fc.integer({ min: 0, max: 2 }) })
      .map(({ base, processor, items, limit, tolerated }) => ({
        ...base,
        Type: 'Map',
        Items: Array.from({ length: items }, (_, n) => n),
        ItemProcessor: processor,
        MaxConcurrency: limit,
        ...(tolerated === 0 ? {} : { ToleratedFailureCount: tolerated, ItemSelector: '{% $states.context.Map.Item.Value + 1 %}' }),
      })),
    failing.map((base) => ({ ...base, Type: 'Task', Resource: 'workflow:run', Arguments: { workflow: 'other', input: '{% $states.input %}' } })),
  );
};

const machineOf = (depth: number): fc.Arbitrary<StateMachine> =>
  fc
    .integer({ min: 1, max: NAMES.length })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => stateOf(index, count, depth))))
    .map((states) => ({ StartAt: 'A', States: Object.fromEntries(states.map((state, index) => [NAMES[index] ?? 'A', state as State])) }));

/** A machine, another that it may run, and what its Tasks do: call for call, the same wherever a run is taken up. */
export const randomRun = fc.record({
  definition: machineOf(2),
  other: machineOf(0),
  seed: fc.string({ minLength: 1, maxLength: 8 }),
  outcomes: fc.array(
    fc.oneof(
      fc.record({ result: fc.constantFrom(1, true, { ok: 1 }), afterMs: fc.integer({ min: 0, max: 5000 }) }),
      fc.record({ error: fc.constantFrom(...ERRORS), afterMs: fc.integer({ min: 0, max: 2000 }) }),
    ),
    { minLength: 1, maxLength: 6 },
  ),
});

/** What the call for this step and attempt does, whenever it is made. */
export const byCall =
  (outcomes: readonly ({ readonly result: number | boolean | { readonly ok: number }; readonly afterMs: number } | { readonly error: string; readonly afterMs: number })[]): TaskFunction =>
  (_, { step, attempt }) => {
    let hash = attempt;
    for (const unit of step) hash = (hash * 31 + unit.charCodeAt(0)) % 9973;
    return outcomes[hash % outcomes.length] ?? { result: null };
  };
