/* oxlint-disable unicorn/no-thenable -- `then` is JSON Schema's */
import type { JsonSchema } from '@tillwright/core/contract';
import { sampleCards } from '../cards/sample-cards.js';

const note = { type: 'string', description: 'For readers; nothing reads it' } as const;
const times = {
  description: 'How often this reaction is given before the next fitting one is; 1 if absent',
  anyOf: [{ type: 'integer', minimum: 1 }, { const: 'always' }],
} as const;
const onlyTrue = { const: true } as const;

/** A step that answers one prompt or device: closed, with exactly one of its reactions. */
const reaction = (reactions: { readonly [name: string]: JsonSchema }, more: { readonly [name: string]: JsonSchema } = {}): JsonSchema => ({
  type: 'object',
  properties: { when: true, times, note, ...reactions, ...more },
  required: ['when'],
  additionalProperties: false,
  oneOf: Object.keys(reactions).map((name) => ({ required: [name] })),
});

const prompt = (kinds: readonly string[]) => ({ required: ['when'], properties: { when: { required: ['prompt'], properties: { prompt: { enum: kinds } } } } });
const device = (name: string) => ({ required: ['when'], properties: { when: { required: ['device'], properties: { device: { const: name } } } } });

const walksAway = { ...onlyTrue, description: 'Nobody reacts: the wait ends by time-out or cancel' } as const;

/**
 * JSON Schema (draft 2020-12) of a script: what merchant and customer do, and what goes wrong on the counter.
 * Reactions to one prompt or device are given in their order; between different ones order means nothing,
 * so a script still plays when the workflow's steps are swapped.
 */
export const scriptSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tillwright simulation script',
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    name: { type: 'string' },
    note,
    steps: { $ref: '#/$defs/steps' },
    transactions: { type: 'array', minItems: 1, items: { $ref: '#/$defs/transaction' } },
  },
  additionalProperties: false,
  oneOf: [{ required: ['steps'] }, { required: ['transactions'] }],
  $defs: {
    transaction: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        note,
        input: { description: "The workflow's input, for whoever starts the transaction" },
        steps: { $ref: '#/$defs/steps' },
      },
      required: ['steps'],
      additionalProperties: false,
    },
    steps: { type: 'array', items: { $ref: '#/$defs/step' } },
    step: { type: 'object', if: { required: ['when'] }, then: { $ref: '#/$defs/reaction' }, else: { $ref: '#/$defs/change' } },
    reaction: {
      properties: { when: { $ref: '#/$defs/when' } },
      allOf: [
        { if: prompt(['amount', 'choose', 'confirm', 'notice']), then: { $ref: '#/$defs/promptReaction' } },
        { if: prompt(['device']), then: { $ref: '#/$defs/deviceCancel' } },
        { if: device('reader'), then: { $ref: '#/$defs/readerReaction' } },
        { if: device('pinpad'), then: { $ref: '#/$defs/pinpadReaction' } },
        { if: device('scanner'), then: { $ref: '#/$defs/scannerReaction' } },
        { if: device('printer'), then: { $ref: '#/$defs/printerReaction' } },
      ],
    },
    when: {
      type: 'object',
      if: { required: ['prompt'] },
      then: {
        properties: {
          prompt: { enum: ['amount', 'choose', 'confirm', 'notice', 'device'], description: 'device: what stands beside a working device; it takes no answer but cancel' },
          audience: { enum: ['merchant', 'customer'] },
          shows: { type: 'string', minLength: 1, description: 'Only a prompt whose text holds this' },
        },
        additionalProperties: false,
      },
      else: {
        properties: { device: { enum: ['reader', 'pinpad', 'scanner', 'printer'] } },
        required: ['device'],
        additionalProperties: false,
      },
    },
    promptReaction: reaction({ answer: { description: "By the prompt's own schema; amounts in minor units" }, cancel: onlyTrue, walksAway }),
    deviceCancel: reaction({ cancel: onlyTrue, walksAway }),
    readerReaction: reaction(
      { card: { enum: sampleCards.map((card) => card.id) }, walksAway, unavailable: onlyTrue },
      {
        by: { enum: ['insert', 'tap', 'swipe'], description: 'insert if absent' },
        fault: { enum: ['unreadable', 'chip-failure', 'pulled-before-cryptogram', 'pulled-after-cryptogram'] },
      },
    ),
    pinpadReaction: reaction({
      pin: { type: 'string', pattern: '^[0-9]{1,12}$', description: 'Typed, then Enter' },
      bypass: onlyTrue,
      cancel: onlyTrue,
      walksAway,
      unavailable: onlyTrue,
    }),
    scannerReaction: reaction({ code: { type: 'string', minLength: 1 }, garbage: onlyTrue, walksAway, unavailable: onlyTrue }),
    printerReaction: reaction({ prints: onlyTrue, fault: { enum: ['paper-out', 'paper-out-midway', 'unavailable'] } }),
    change: {
      type: 'object',
      properties: {
        fault: { enum: ['paper-out', 'network-down', 'power-low', 'clock-skew', 'device-broken'] },
        do: { enum: ['paper-in', 'network-up', 'power-ok', 'clock-right', 'device-mended'] },
        after: { enum: ['amount', 'choose', 'confirm', 'notice', 'card', 'pin', 'code', 'receipt', 'no-paper'], description: 'At the beginning if absent' },
        nth: { type: 'integer', minimum: 1, description: 'After the nth of these; 1 if absent' },
        device: { enum: ['reader', 'pinpad', 'scanner', 'printer'] },
        skewMs: { type: 'integer', description: "How far the device's clock is ahead of the till's, in ms" },
        batteryPercent: { type: 'integer', minimum: 0, maximum: 100 },
        note,
      },
      additionalProperties: false,
      oneOf: [{ required: ['fault'] }, { required: ['do'] }],
      dependentRequired: { nth: ['after'] },
      allOf: [
        { if: { required: ['fault'], properties: { fault: { const: 'clock-skew' } } }, then: { required: ['skewMs'] } },
        { if: { required: ['fault'], properties: { fault: { const: 'device-broken' } } }, then: { required: ['device'] } },
        { if: { required: ['do'], properties: { do: { const: 'device-mended' } } }, then: { required: ['device'] } },
      ],
    },
  },
};
