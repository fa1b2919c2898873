/** What the tests of the checker register: not part of the package's doors. */
import type { JsonObject, JsonSchema } from '../json.js';
import type { ActionEntry, Catalogue } from './catalogue.js';

const text = (en: string) => ({ zh: en, en });
const entry = (properties: JsonObject, required: readonly string[], errors: readonly string[] = [], movesMoney = false): ActionEntry => ({
  arguments: { type: 'object', properties, required, additionalProperties: false } satisfies JsonSchema,
  result: {},
  errors: Object.fromEntries(errors.map((name) => [name, text(name)])),
  redo: 'again',
  description: text('-'),
  movesMoney,
});
const amount: JsonObject = { type: 'integer', minimum: 0 };

export const catalogue: Catalogue = {
  actions: {
    reader: { readCard: entry({ accept: { type: 'array', items: { enum: ['swipe', 'insert', 'tap'] } }, amountMinor: amount }, ['amountMinor'], ['Card.Unreadable']) },
    pinpad: { enterPin: entry({ card: {}, amountMinor: amount }, ['card'], ['Pin.Bypassed']), loadKeys: entry({}, []), mac: entry({}, []) },
    prompt: { confirm: entry({ audience: { enum: ['merchant', 'customer'] }, limitMinor: amount, choice: { oneOf: [{ type: 'string' }, { type: 'integer' }] } }, ['audience'], ['Terminal.Cancelled']) },
    payment: {
      sale: entry({ method: { type: 'string' }, amountMinor: amount, with: { type: 'object' } }, ['method', 'amountMinor'], ['Payment.Declined', 'Payment.NotSent'], true),
    },
  },
  methods: [
    {
      id: 'card',
      label: text('Card'),
      needs: 'card',
      operations: ['sale'],
      arguments: { type: 'object', properties: { card: {} }, required: ['card'], additionalProperties: false },
      errors: { 'Pin.Incorrect': text('-') },
    },
  ],
  workflows: [],
};

/** A sound workflow with a bit of everything. */
export const goodSale: JsonObject = {
  Comment: '收款',
  QueryLanguage: 'JSONata',
  StartAt: 'ReadCard',
  States: {
    ReadCard: {
      Type: 'Task',
      Resource: 'reader:readCard',
      Arguments: { accept: ['insert', 'tap'], amountMinor: '{% $states.input.amountMinor %}' },
      Assign: { card: '{% $states.result %}', amountMinor: '{% $states.input.amountMinor %}', tries: 0 },
      TimeoutSeconds: 60,
      HeartbeatSeconds: 20,
      Retry: [{ ErrorEquals: ['Card.Unreadable'], IntervalSeconds: 1, MaxAttempts: 2, BackoffRate: 1.5 }],
      Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout'], Output: { why: '{% $states.errorOutput.Error %}' }, Next: 'Cancelled' }],
      Next: 'NeedsPin',
    },
    NeedsPin: {
      Type: 'Choice',
      Choices: [{ Condition: "{% $contains($string($card.view.entry), 'tap') %}", Next: 'Pay' }],
      Default: 'EnterPin',
    },
    EnterPin: { Type: 'Task', Resource: 'pinpad:enterPin', Arguments: { card: '{% $card %}' }, Next: 'Both' },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Merchant', States: { Merchant: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { audience: 'merchant', limitMinor: 100000 }, End: true } } },
        { StartAt: 'Customer', States: { Customer: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { audience: 'customer' }, End: true } } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Cancelled' }],
      Next: 'Pay',
    },
    Pay: {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: { method: 'card', amountMinor: '{% $amountMinor %}', with: { card: '{% $card %}' } },
      Retry: [{ ErrorEquals: ['Payment.NotSent'], MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['Pin.Incorrect', 'Payment.Declined'], Next: 'Pause' }],
      Next: 'Slips',
    },
    Pause: { Type: 'Wait', Seconds: 2, Next: 'Cancelled' },
    Slips: {
      Type: 'Map',
      Items: ['merchant', 'customer'],
      MaxConcurrency: 1,
      ItemSelector: { copy: '{% $states.context.Map.Item.Value %}' },
      ItemProcessor: { StartAt: 'Slip', States: { Slip: { Type: 'Pass', Output: '{% $states.input.copy %}', End: true } } },
      Next: 'Done',
    },
    Done: { Type: 'Succeed', Output: { amountMinor: '{% $amountMinor %}' } },
    Cancelled: { Type: 'Fail', Error: 'Sale.Cancelled', Cause: 'the sale did not happen' },
  },
};
