import type { JsonObject, JsonSchema, Text } from '../json.js';

/**
 * The workflow language as a JSON Schema (draft 2020-12). Editors read it too: every field has a description.
 * `x-expects` is what a diagnostic names as expected, in both languages.
 */
type Fields = { readonly [name: string]: JsonSchema };

const expects = (zh: string, en: string): { readonly 'x-expects': JsonObject } => ({ 'x-expects': { zh, en } });

/** A whole string `{% ... %}`. */
const EXPRESSION = '^\\{%[\\s\\S]*%\\}$';
const SECONDS_MAX = 99_999_999;

const text = (description: string): JsonSchema => ({ type: 'string', description, ...expects('字符串', 'a string') });
const template = (description: string): JsonSchema => ({ description: `${description} Any JSON; strings of the form "{% ... %}" in it are evaluated.` });
const integer = (description: string, minimum: number, maximum = SECONDS_MAX): JsonSchema => ({
  type: 'integer',
  minimum,
  maximum,
  description,
  ...expects(`${minimum} 到 ${maximum} 的整数`, `a whole number from ${minimum} to ${maximum}`),
});
const integerOrExpression = (description: string, minimum: number, maximum = SECONDS_MAX): JsonSchema => ({
  type: ['integer', 'string'],
  minimum,
  maximum,
  pattern: EXPRESSION,
  description,
  ...expects(`${minimum} 到 ${maximum} 的整数，或 "{% ... %}"`, `a whole number from ${minimum} to ${maximum}, or "{% ... %}"`),
});
const stateName = (description: string): JsonSchema => ({ type: 'string', minLength: 1, description, ...expects('状态名', 'the name of a state') });

/** `.`, `[`, `]` and `#` separate the parts of a step's address (`Split[1].Charge#2`), from which payment ids are made. */
const STATE_NAMES: JsonSchema = {
  type: 'string',
  pattern: '^[^.\\[\\]#\\u0000-\\u001f\\u007f-\\u009f]{1,80}$',
  ...expects('1 到 80 个字符，不含 . [ ] # 和控制字符', '1 to 80 characters without . [ ] # and control characters'),
};
const VARIABLE_NAMES: JsonSchema = {
  type: 'string',
  pattern: '^(?!states$)[\\p{ID_Start}_][\\p{ID_Continue}]{0,79}$',
  ...expects('字母开头的变量名，最多 80 个字符，不能是 states', 'a variable: a letter, then letters, digits or _, at most 80, and not "states"'),
};

const COMMENT = text('For people; the engine does not read it.');
const QUERY_LANGUAGE: JsonSchema = {
  enum: ['JSONata', 'JSONPath'],
  description: 'JSONata. JSONPath is taken at the top only where every state says JSONata.',
  ...expects('"JSONata"', '"JSONata"'),
};
const ASSIGN: JsonSchema = {
  type: 'object',
  propertyNames: VARIABLE_NAMES,
  description: 'Variables to set when the state is left: name to value. Later states read them as $name.',
  ...expects('一个对象：变量名到值', 'an object: variable names to values'),
};
const OUTPUT = template('What the state hands on; without it, its result.');
const ARGUMENTS = template('What is handed in; without it, the input of the state.');
const NEXT = stateName('The state that follows.');

const common = (type: string): Fields => ({
  Type: { const: type, description: `A ${type} state.` },
  Comment: COMMENT,
  QueryLanguage: QUERY_LANGUAGE,
});
const flowing: Fields = { Next: NEXT, End: { const: true, description: 'The way ends here.', ...expects('true', 'true') } };
const assigning: Fields = { Assign: ASSIGN, Output: OUTPUT };
const failing: Fields = {
  Retry: { type: 'array', items: { $ref: '#/$defs/Retrier' }, description: 'When and how often it is tried again.', ...expects('一个数组', 'an array') },
  Catch: { type: 'array', items: { $ref: '#/$defs/Catcher' }, description: 'Where it goes after an error.', ...expects('一个数组', 'an array') },
};

const record = (fields: Fields, required: readonly string[], owner: Text): JsonSchema => ({
  type: 'object',
  properties: fields,
  required,
  additionalProperties: false,
  'x-owner': { ...owner },
  ...expects('一个对象', 'an object'),
});
const owner = (type: string): Text => ({ zh: `${type} 状态`, en: `a ${type} state` });
const state = (type: string, fields: Fields, required: readonly string[] = []): JsonSchema => record({ ...common(type), ...fields }, ['Type', ...required], owner(type));

const STATES: Fields = {
  Pass: state('Pass', { ...flowing, ...assigning }),
  Task: state(
    'Task',
    {
      Resource: { type: 'string', minLength: 1, description: 'The action: <namespace>:<action>.', ...expects('<命名空间>:<动作>', '<namespace>:<action>') },
      Arguments: ARGUMENTS,
      ...flowing,
      ...assigning,
      ...failing,
      TimeoutSeconds: integerOrExpression('Fails with States.Timeout after so many seconds.', 1),
      HeartbeatSeconds: integerOrExpression('Fails with States.HeartbeatTimeout after so many seconds without a sign of life.', 1),
    },
    ['Resource'],
  ),
  Choice: state(
    'Choice',
    {
      Choices: { type: 'array', minItems: 1, items: { $ref: '#/$defs/ChoiceRule' }, description: 'Tried in order; the first that holds is taken.', ...expects('至少一项的数组', 'an array of one rule or more') },
      Default: stateName('Where it goes when no condition holds.'),
      ...assigning,
    },
    ['Choices'],
  ),
  Wait: state('Wait', {
    Seconds: integerOrExpression('How long it waits.', 0),
    Timestamp: {
      type: 'string',
      pattern: `${EXPRESSION}|^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$`,
      description: 'Until when it waits (RFC 3339).',
      ...expects('时间，例如 2026-01-31T09:30:00+08:00，或 "{% ... %}"', 'a time such as 2026-01-31T09:30:00+08:00, or "{% ... %}"'),
    },
    ...flowing,
    ...assigning,
  }),
  Succeed: state('Succeed', { Output: OUTPUT }),
  Fail: state('Fail', { Error: text('The error name it fails with, or an expression.'), Cause: text('What happened, or an expression.') }),
  Parallel: state(
    'Parallel',
    {
      Branches: { type: 'array', minItems: 1, items: { $ref: '#/$defs/Branch' }, description: 'Run side by side; the result is the array of their outputs.', ...expects('至少一项的数组', 'an array of one branch or more') },
      Arguments: ARGUMENTS,
      ...flowing,
      ...assigning,
      ...failing,
    },
    ['Branches'],
  ),
  Map: state(
    'Map',
    {
      Items: { type: ['array', 'string'], pattern: EXPRESSION, description: 'What it goes through; without it, the input.', ...expects('一个数组，或 "{% ... %}"', 'an array, or "{% ... %}"') },
      ItemSelector: template('The input of each iteration, made from $states.context.Map.Item.'),
      ItemProcessor: { $ref: '#/$defs/ItemProcessor' },
      MaxConcurrency: integerOrExpression('How many iterations run at once; 0: all.', 0),
      ToleratedFailureCount: integerOrExpression('So many iterations may fail.', 0),
      ToleratedFailurePercentage: {
        type: ['number', 'string'],
        minimum: 0,
        maximum: 100,
        pattern: EXPRESSION,
        description: 'So many of a hundred iterations may fail.',
        ...expects('0 到 100 的数字，或 "{% ... %}"', 'a number from 0 to 100, or "{% ... %}"'),
      },
      ...flowing,
      ...assigning,
      ...failing,
    },
    ['ItemProcessor'],
  ),
};

const STATE_TYPES = Object.keys(STATES);

const ERROR_EQUALS: JsonSchema = {
  type: 'array',
  minItems: 1,
  items: { type: 'string', minLength: 1, ...expects('错误名', 'an error name') },
  description: 'Error names; States.ALL stands alone and last.',
  ...expects('至少一个错误名的数组', 'an array of one error name or more'),
};

const MACHINE: Fields = {
  Comment: COMMENT,
  StartAt: stateName('Where it begins.'),
  States: {
    type: 'object',
    minProperties: 1,
    propertyNames: STATE_NAMES,
    additionalProperties: { $ref: '#/$defs/State' },
    description: 'The states by name.',
    ...expects('至少含一个状态的对象', 'an object of one state or more'),
  },
};

const DEFS: Fields = {
  State: {
    type: 'object',
    required: ['Type'],
    properties: { Type: { enum: STATE_TYPES, description: 'What kind of state it is.', ...expects(STATE_TYPES.join('、'), `one of ${STATE_TYPES.join(', ')}`) } },
    // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word
    allOf: STATE_TYPES.map((type) => ({ if: { type: 'object', properties: { Type: { const: type } }, required: ['Type'] }, then: { $ref: `#/$defs/${type}` } })),
    'x-owner': { zh: '状态', en: 'a state' },
    ...expects('一个状态对象', 'a state: an object'),
  },
  ...STATES,
  Branch: record(MACHINE, ['StartAt', 'States'], { zh: '分支', en: 'a branch' }),
  ItemProcessor: record(
    {
      ...MACHINE,
      ProcessorConfig: record(
        { Mode: { const: 'INLINE', description: 'Iterations run within the execution.', ...expects('"INLINE"（不支持 DISTRIBUTED）', '"INLINE" (a distributed Map is not supported)') } },
        [],
        { zh: 'ProcessorConfig', en: 'ProcessorConfig' },
      ),
    },
    ['StartAt', 'States'],
    { zh: 'ItemProcessor', en: 'ItemProcessor' },
  ),
  ChoiceRule: record(
    {
      Comment: COMMENT,
      Condition: { type: ['boolean', 'string'], pattern: EXPRESSION, description: 'Whether this rule is taken.', ...expects('"{% ... %}"，或 true、false', '"{% ... %}", or true or false') },
      Next: NEXT,
      ...assigning,
    },
    ['Condition', 'Next'],
    { zh: '"Choices" 的一项', en: 'a choice rule' },
  ),
  Retrier: record(
    {
      Comment: COMMENT,
      ErrorEquals: ERROR_EQUALS,
      IntervalSeconds: integer('Before the first retry.', 1),
      MaxAttempts: integer('How often it is tried again; 0: never.', 0),
      BackoffRate: { type: 'number', minimum: 1, description: 'By what the interval grows each time.', ...expects('不小于 1 的数字', 'a number of 1 or more') },
      MaxDelaySeconds: integer('The interval grows no further.', 1, 31_622_400),
      JitterStrategy: { enum: ['FULL', 'NONE'], description: 'FULL: a random part of the interval.', ...expects('"FULL" 或 "NONE"', '"FULL" or "NONE"') },
    },
    ['ErrorEquals'],
    { zh: '"Retry" 的一项', en: 'a retrier' },
  ),
  Catcher: record({ Comment: COMMENT, ErrorEquals: ERROR_EQUALS, Next: NEXT, ...assigning }, ['ErrorEquals', 'Next'], { zh: '"Catch" 的一项', en: 'a catcher' }),
};

export const workflowSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Tillwright workflow',
  ...record(
    {
      $schema: text('Where an editor finds this schema.'),
      ...MACHINE,
      QueryLanguage: QUERY_LANGUAGE,
      Version: { const: '1.0', description: 'Of the States Language.', ...expects('"1.0"', '"1.0"') },
      TimeoutSeconds: integer('The execution fails with States.Timeout after so many seconds.', 1),
    },
    ['StartAt', 'States'],
    { zh: '流程', en: 'a workflow' },
  ),
  $defs: DEFS,
};
