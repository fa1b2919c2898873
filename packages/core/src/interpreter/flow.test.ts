import { describe, expect, it } from 'vitest';
import { runInMemory } from './run-in-memory.js';

describe('one step after another', () => {
  it('hands a Task its arguments and goes on with its output', async () => {
    const { state, calls } = await runInMemory({
      definition: {
        StartAt: 'Read',
        States: {
          Read: { Type: 'Task', Resource: 'reader:readCard', Arguments: { amountMinor: '{% $states.input.amountMinor %}' }, Assign: { card: '{% $states.result %}' }, Next: 'Large' },
          Large: { Type: 'Choice', Choices: [{ Condition: '{% $states.input.amountMinor > 100 %}', Next: 'Rest' }], Default: 'Refused' },
          Rest: { Type: 'Wait', Seconds: 5, Next: 'Done' },
          Done: { Type: 'Succeed', Output: '{% {"card": $card.view, "waited": $states.context.State.Name} %}' },
          Refused: { Type: 'Fail', Error: 'Too.Small', Cause: '{% "only " & $states.input.amountMinor %}' },
        },
      },
      input: { amountMinor: 1200 },
      tasks: { 'reader:readCard': (args) => ({ result: { view: '622848******0019', ...(args as object) } }) },
    });
    expect(state).toMatchObject({ status: 'succeeded', output: { card: '622848******0019', waited: 'Done' } });
    expect(calls.map((call) => [call.step, call.arguments])).toEqual([['Read#1', { amountMinor: 1200 }]]);
  });
});
