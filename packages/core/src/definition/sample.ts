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
    pinpad: { enterPin: entry({ card: {}, amountMinor: amount }, ['card'], ['Pin.Bypassed', 'Sensitive.Lost']), loadKeys: entry({}, []), mac: entry({}, []) },
    prompt: {
      amount: entry({}, [], ['Terminal.Cancelled']),
      notice: entry({ text: { type: 'string' } }, ['text'], ['Terminal.Cancelled']),
      confirm: entry({ audience: { enum: ['merchant', 'customer'] }, limitMinor: amount, choice: { oneOf: [{ type: 'string' }, { type: 'integer' }] } }, ['audience'], ['Terminal.Cancelled']),
    },
    scanner: { scan: entry({}, [], ['Terminal.Cancelled']) },
    printer: { print: entry({}, [], ['Printer.NoPaper']) },
    payment: {
      methods: entry({}, []),
      commit: entry({}, [], [], true),
      sale: entry({ method: { type: 'string' }, amountMinor: amount, with: { type: 'object' } }, ['method', 'amountMinor'], ['Payment.Declined', 'Payment.NotSent', 'Sensitive.Lost'], true),
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
    { id: 'cash', label: text('Cash'), needs: 'none', operations: ['sale'], arguments: { type: 'object', additionalProperties: false }, errors: { 'Drawer.Empty': text('-') } },
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
      Catch: [{ ErrorEquals: ['Terminal.Cancelled', 'States.Timeout', 'Card.Unreadable'], Output: { why: '{% $states.errorOutput.Error %}' }, Next: 'Cancelled' }],
      Next: 'NeedsPin',
    },
    NeedsPin: {
      Type: 'Choice',
      Choices: [{ Condition: "{% $contains($string($card.view.entry), 'tap') %}", Next: 'Both' }],
      Default: 'EnterPin',
    },
    EnterPin: { Type: 'Task', Resource: 'pinpad:enterPin', Arguments: { card: '{% $card %}' }, Catch: [{ ErrorEquals: ['Sensitive.Lost'], Next: 'ReadCard' }, { ErrorEquals: ['Pin.Bypassed'], Next: 'Cancelled' }], Next: 'Both' },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'Merchant', States: { Merchant: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { audience: 'merchant', limitMinor: 100000 }, TimeoutSeconds: 60, End: true } } },
        { StartAt: 'Customer', States: { Customer: { Type: 'Task', Resource: 'prompt:confirm', Arguments: { audience: 'customer' }, TimeoutSeconds: 60, End: true } } },
      ],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Cancelled' }],
      Next: 'Pay',
    },
    Pay: {
      Type: 'Task',
      Resource: 'payment:sale',
      Arguments: { method: 'card', amountMinor: '{% $amountMinor %}', with: { card: '{% $card %}' } },
      Retry: [{ ErrorEquals: ['Payment.NotSent'], MaxAttempts: 1 }],
      Catch: [{ ErrorEquals: ['Sensitive.Lost'], Next: 'ReadCard' }, { ErrorEquals: ['Pin.Incorrect', 'Payment.Declined', 'Payment.NotSent'], Next: 'Pause' }],
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
