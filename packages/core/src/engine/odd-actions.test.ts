/** Whatever an action throws, its Task ends, by a name that a flow can catch; what it shows afterwards nobody sees. */
import { describe, expect, it } from 'vitest';
import { type ActionContext, ActionError, Actions, bind, definePlugin } from '../contract.js';
import { flow, open, run, type Setup } from './money-rules.testing.js';

const CARD = '6222021234567890128';
const circle: { self?: unknown } = {};
circle.self = circle;
const locked = new Proxy(
  {},
  Object.fromEntries(
    ['get', 'has', 'getPrototypeOf', 'ownKeys'].map((trap) => [
      trap,
      () => {
        throw new Error(CARD);
      },
    ]),
  ),
);

const opened = (act: (context: ActionContext) => Promise<unknown>): Promise<Setup> => {
  const manifest = { description: { zh: '', en: '' }, arguments: { type: 'object' }, result: {}, errors: { 'Drawer.Jammed': { zh: '卡住', en: 'Jammed' } }, redo: 'again' } as const;
  const plugin = definePlugin({ name: 'odd', provides: [bind(Actions).toValue({ namespace: 'odd', actions: { act: { ...manifest, run: (_args, context) => act(context) as never } } })] });
  const caught = { Type: 'Pass', Output: { error: '{% $states.input.Error %}', cause: '{% $parse($states.input.Cause) %}' }, End: true };
  return open({ kind: 'wallet', plugins: [plugin], flow: flow({ Act: { Type: 'Task', Resource: 'odd:act', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], End: true }, Caught: caught }) });
};
const failed = { error: 'Task.Failed', cause: { hint: { zh: '操作未完成', en: 'The step was not completed' } } };

describe('an action that throws', () => {
  it.each<[string, unknown, object]>([
    ['nothing', undefined, failed],
    ['a text', CARD, failed],
    ['an error', new TypeError(CARD), { error: 'Task.Failed', cause: { message: 'the action failed (TypeError)' } }],
    ['what throws however it is looked at', locked, failed],
    ['an error by name', new ActionError('Drawer.Jammed', 'stuck', { drawer: 2 }), { error: 'Drawer.Jammed', cause: { message: 'stuck', drawer: 2, hint: { zh: '卡住', en: 'Jammed' } } }],
    ['an error by a name that it did not declare', new ActionError('constructor', 'stuck'), { error: 'constructor', cause: { message: 'stuck', ...failed.cause } }],
    ['an error without a name', new ActionError(undefined as unknown as string, 'stuck'), failed],
    ['an error with an empty name', new ActionError('', 'stuck'), failed],
    ['an error by a number', new ActionError(5 as unknown as string, 'stuck'), failed],
    ['an error whose details are a circle', new ActionError('Drawer.Jammed', 'stuck', circle as never), failed],
    ['an error whose details are no JSON', new ActionError('Drawer.Jammed', 'stuck', { n: 1n } as never), failed],
    ['an error whose details throw', new ActionError('Drawer.Jammed', 'stuck', locked as never), failed],
  ])('%s', async (_, thrown, told) => {
    const setup = await opened(() => Promise.reject(thrown));
    expect(await run(setup)).toMatchObject({ status: 'succeeded', output: told });
    expect(JSON.stringify(setup.log.records)).not.toContain(CARD);
    await setup.till.close();
  });
});

it('what an action shows once it is over is a prompt that nobody could close: it is not shown', async () => {
  let late: ActionContext | undefined;
  const setup = await opened(async (context) => {
    late = context;
    context.show('merchant', { zh: '请稍候', en: 'Please wait' });
    return null;
  });
  const shown: unknown[] = [];
  setup.till.on('prompt', ({ show }) => shown.push(show['text']));
  expect(await run(setup)).toMatchObject({ status: 'succeeded' });
  late?.show('merchant', { zh: '太晚', en: 'Too late' });
  expect(shown).toEqual([{ zh: '请稍候', en: 'Please wait' }]);
  expect(setup.till.prompts()).toEqual([]);
  await setup.till.close();
});
