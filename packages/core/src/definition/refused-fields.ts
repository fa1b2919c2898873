import type { Text } from '../json.js';

/** Fields of the States Language that a till does not take, each with what stands in their place here. */
export interface RefusedField {
  readonly why: 'jsonpath' | 'unsupported';
  /** The field that does the same, where one does. */
  readonly field?: string;
  readonly instead: Text;
}

const jsonata = (field: string, zh: string, en = zh): RefusedField => ({ why: 'jsonpath', field, instead: { zh, en } });
const unsupported = (zh: string, en: string, field?: string): RefusedField => ({ why: 'unsupported', ...(field === undefined ? {} : { field }), instead: { zh, en } });

const CONDITION = jsonata('Condition', '"Condition": "{% $states.input.amountMinor > 1000 %}"');
const valueOf = (field: string, path: string): RefusedField => jsonata(field, `"${field}": "{% $states.input.${path} %}"`);

const COMPARISONS = ['String', 'Numeric', 'Timestamp', 'Boolean'].flatMap((type) =>
  ['Equals', 'LessThan', 'GreaterThan', 'LessThanEquals', 'GreaterThanEquals'].flatMap((test) => [`${type}${test}`, `${type}${test}Path`]),
);
const TESTS = ['Variable', 'And', 'Or', 'Not', 'IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp', 'StringMatches'];

/** By name; of several, the first whose field the state has. */
export const REFUSED_FIELDS: ReadonlyMap<string, readonly RefusedField[]> = new Map<string, readonly RefusedField[]>([
  ['InputPath', [jsonata('Arguments', '"Arguments": "{% $states.input.card %}"'), jsonata('Output', '"Output": "{% $states.input.card %}"')]],
  ['Parameters', [jsonata('Arguments', '"Arguments": { "card": "{% $states.input.card %}" }'), jsonata('ItemSelector', '"ItemSelector": { "card": "{% $states.context.Map.Item.Value %}" }'), jsonata('Output', '"Output": { "card": "{% $states.input.card %}" }')]],
  ['ResultSelector', [jsonata('Output', '"Output": { "card": "{% $states.result.card %}" }')]],
  ['ResultPath', [jsonata('Assign', '"Assign": { "card": "{% $states.result %}" }')]],
  ['OutputPath', [jsonata('Output', '"Output": "{% $states.result.card %}"')]],
  ['Result', [jsonata('Output', '"Output": { ... }')]],
  ['ItemsPath', [valueOf('Items', 'items')]],
  ['SecondsPath', [valueOf('Seconds', 'seconds')]],
  ['TimestampPath', [valueOf('Timestamp', 'dueAt')]],
  ['TimeoutSecondsPath', [valueOf('TimeoutSeconds', 'seconds')]],
  ['HeartbeatSecondsPath', [valueOf('HeartbeatSeconds', 'seconds')]],
  ['MaxConcurrencyPath', [valueOf('MaxConcurrency', 'limit')]],
  ['ToleratedFailureCountPath', [valueOf('ToleratedFailureCount', 'count')]],
  ['ToleratedFailurePercentagePath', [valueOf('ToleratedFailurePercentage', 'percentage')]],
  ['ErrorPath', [valueOf('Error', 'error')]],
  ['CausePath', [valueOf('Cause', 'cause')]],
  ...[...COMPARISONS, ...TESTS].map((test): [string, readonly RefusedField[]] => [test, [CONDITION]]),
  ['ItemReader', [unsupported('用一个 Task 读出列表，再写 "Items": "{% $list %}"', 'Read the list by a Task and write "Items": "{% $list %}"', 'Items')]],
  ['ItemBatcher', [unsupported('用 "Items": "{% $partition($list, 10) %}" 分组', 'Make batches by "Items": "{% $partition($list, 10) %}"', 'Items')]],
  ['ResultWriter', [unsupported('用 "Output" 或 "Assign" 保存结果', 'Keep the result by "Output" or "Assign"', 'Output')]],
  ['ExecutionType', [unsupported('删除它：Map 总在流程之内运行', 'Delete it: a Map runs within the execution')]],
  ['Label', [unsupported('删除它：Map 总在流程之内运行', 'Delete it: a Map runs within the execution')]],
  ['Iterator', [unsupported('改名为 "ItemProcessor"', 'Rename it to "ItemProcessor"', 'ItemProcessor')]],
  ['Credentials', [unsupported('把凭据交给插件的配置，不写在流程里', "Give credentials to the plugin's options, never to a workflow")]],
]);

/** `"card.$": "$.card"`: a JSONPath template's key. */
export const jsonPathKey = (key: string): RefusedField | undefined => {
  if (!key.endsWith('.$')) return undefined;
  const name = key.slice(0, -2);
  return jsonata(name, `"${name}": "{% $states.input.${/^\w+$/.test(name) ? name : '...'} %}"`);
};
