/* oxlint-disable unicorn/no-thenable -- `then` is JSON Schema's */
import { scriptSchema } from '@tillwright/device-sim';
import type { JsonSchema } from '@tillwright/core';

const note = { type: 'string', description: 'For readers; nothing reads it' } as const;
const when = {
  at: { type: 'string', minLength: 1, description: 'As this Task begins; before the transaction if absent' },
  nth: { type: 'integer', minimum: 1, description: 'When it begins for the nth time; 1 if absent' },
} as const;
const closed = (properties: { readonly [name: string]: unknown }, required: readonly string[] = []): JsonSchema =>
  ({ type: 'object', properties, required, additionalProperties: false, ...('nth' in properties ? { dependentRequired: { nth: ['at'] } } : {}) }) as unknown as JsonSchema;
const texts = { type: 'array', items: { type: 'string', minLength: 1 } } as const;
const facts = { type: 'array', items: { type: 'object', minProperties: 1 } } as const;

const HOST_FAULTS = ['drop-request', 'drop-answer', 'overtaken', 'delay', 'answer-twice', 'garble', 'bad-signature', 'misstate', 'decline', 'user-paying', 'refuse-connections', 'http-status'];
/** What a fault does not go without. */
const NEEDED = { delay: 'ms', misstate: 'what', decline: 'code', 'http-status': 'status' } as const;

/** JSON Schema (draft 2020-12) of a scenario file. The steps are those of a script of the simulated devices. */
export const scenarioSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tillwright scenarios',
  description: 'What people, devices and hosts do to one workflow, and what must come out',
  ...closed(
    {
      $schema: { type: 'string' },
      note,
      always: { $ref: '#/$defs/steps', description: 'Reactions that every scenario has beside its own' },
      cannotReach: {
        type: 'array',
        description: 'Transitions that no person can cause, each with the reason',
        items: closed({ from: { type: 'string', minLength: 1 }, to: { type: 'string', minLength: 1 }, why: { type: 'string', minLength: 1 } }, ['from', 'to', 'why']),
      },
      scenarios: { type: 'array', items: { $ref: '#/$defs/scenario' } },
    },
    [],
  ),
  $defs: {
    ...(scriptSchema['$defs'] as { readonly [name: string]: JsonSchema }),
    scenario: closed(
      {
        name: { type: 'string', minLength: 1 },
        note,
        input: { description: "The workflow's input" },
        steps: { $ref: '#/$defs/steps', description: 'What merchant and customer do, and what goes wrong on the counter' },
        hosts: { type: 'array', items: { $ref: '#/$defs/hostFault' }, description: 'What goes wrong at the hosts and on the way to them' },
        payers: { type: 'array', items: { $ref: '#/$defs/payer' }, description: 'Wallets whose owners behave in another way than paying at once' },
        members: {
          type: 'array',
          description: 'Members with their points; where there are any, points are a payment method',
          items: closed({ code: { type: 'string', pattern: '^91[0-9]{14}$' }, name: { type: 'string', minLength: 1 }, points: { type: 'integer', minimum: 0 } }, ['code', 'name', 'points']),
        },
        cash: { const: true, description: 'Cash is a payment method, too: one that needs nothing of the customer' },
        events: { type: 'array', items: { $ref: '#/$defs/event' }, description: 'Power cuts, cancels, customers who scan the QR code' },
        expect: { $ref: '#/$defs/expect' },
      },
      ['name'],
    ),
    hostFault: {
      type: 'object',
      properties: { host: { enum: ['acquirer', 'alipay', 'wechat', 'points'] } },
      required: ['host', 'do'],
      if: { properties: { host: { const: 'points' } }, required: ['host'] },
      then: closed({ host: true, note, ...when, do: { enum: ['drop-request', 'drop-answer'] } }),
      else: {
        ...closed({
          host: true,
          note,
          ...when,
          do: { enum: HOST_FAULTS },
          match: closed({ operation: { type: 'string', minLength: 1 } }),
          times: { type: 'integer', minimum: 1 },
          ms: { type: 'integer', minimum: 0, description: 'delay: so long' },
          what: { enum: ['amount', 'reference', 'terminal'], description: 'misstate: what a rightly signed answer gets wrong' },
          code: { type: 'string', minLength: 1, description: "decline: the host's own code" },
          status: { type: 'integer', minimum: 200, maximum: 599, description: 'http-status: of the answer' },
        }),
        allOf: Object.entries(NEEDED).map(([fault, field]) => ({ if: { properties: { do: { const: fault } }, required: ['do'] }, then: { required: [field] } })),
      },
    },
    payer: closed(
      {
        host: { enum: ['alipay', 'wechat'] },
        note,
        code: { type: 'string', pattern: '^[0-9]{16,24}$', description: "The payer's code that the scanner reads" },
        name: { type: 'string', minLength: 1 },
        balanceMinor: { type: 'integer', minimum: 0 },
        password: { enum: ['needed', 'never'] },
        outcome: { enum: ['pays', 'walks-away', 'declines'] },
        paysAfterQueries: { type: 'integer', minimum: 0 },
      },
      ['host', 'code'],
    ),
    event: {
      type: 'object',
      properties: { do: { enum: ['restart', 'restart-after', 'cancel', 'scan'] } },
      required: ['do', 'at'],
      if: { properties: { do: { const: 'scan' } }, required: ['do'] },
      then: closed({ do: true, note, ...when, outcome: { enum: ['pays', 'walks-away', 'declines'] } }, ['outcome']),
      else: closed({ do: true, note, ...when }),
    },
    path: { type: 'array', items: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: { $ref: '#/$defs/path' } }] } },
    expect: closed({
      result: { enum: ['succeeded', 'failed'] },
      error: { type: 'string' },
      output: { description: 'Of objects only the named fields are compared' },
      path: { $ref: '#/$defs/path', description: 'Every state in order; the states of a workflow that was run stand under the state that ran it' },
      payments: { ...facts, description: 'In the order in which they were asked for: method, state, amountMinor' },
      ledger: { ...facts, description: "What the hosts' own books hold: host, status, amountMinor, code" },
      receipts: { type: 'array', items: { enum: ['merchant', 'customer'].flatMap((copy) => [copy, `${copy} reprint`, `${copy} torn`]) } },
      cases: { type: 'integer', minimum: 0, description: 'Cases that stand open for a person' },
      printed: { ...texts, description: 'Texts that stand on some receipt' },
      shown: { ...texts, description: 'Texts that were shown to somebody, in either language' },
    }),
  },
};
