/** Every fault that a scenario file may have: what was found, what was expected, one next step. */
import type { Text } from '@tillwright/core';

interface Row {
  readonly what: Text;
  readonly expected: Text;
  readonly next: Text;
}

export const SCENARIO_FAULTS = {
  SCENARIO_SYNTAX: {
    what: { zh: '不是合法的 YAML 或 JSON：{why}', en: 'not YAML or JSON: {why}' },
    expected: { zh: '合法的 YAML 或 JSON', en: 'YAML or JSON' },
    next: { zh: '改正这一处，再运行一次', en: 'Mend this place and run it again' },
  },
  SCENARIO_DUPLICATE_KEY: {
    what: { zh: '这个名称写了两次', en: 'this name stands twice' },
    expected: { zh: '同一对象中每个名称只出现一次', en: 'each name once in an object' },
    next: { zh: '删除其中一个', en: 'Delete one of the two' },
  },
  SCENARIO_UNKNOWN_FIELD: {
    what: { zh: '这里没有字段 {field}', en: 'there is no field {field} here' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正名称，或删除该字段', en: 'Correct the name, or delete the field' },
  },
  SCENARIO_FIELD_MISSING: {
    what: { zh: '缺少 {field}', en: '{field} is missing' },
    expected: { zh: '字段 {field}', en: 'the field {field}' },
    next: { zh: '补上 {field}', en: 'Add {field}' },
  },
  SCENARIO_ONE_OF: {
    what: { zh: '这些字段必须恰好写一个：{choices}', en: 'of these exactly one is needed: {choices}' },
    expected: { zh: '其中一个：{choices}', en: 'one of: {choices}' },
    next: { zh: '写上一个，删去其余', en: 'Keep one of them' },
  },
  SCENARIO_VALUE: {
    what: { zh: '这个值不合适', en: 'this value does not fit' },
    expected: { zh: '{wanted}', en: '{wanted}' },
    next: { zh: '改正这个值', en: 'Correct the value' },
  },
  SCENARIO_SAME_NAME: {
    what: { zh: '已有名为 {name} 的场景', en: 'another scenario is named {name}' },
    expected: { zh: '每个场景有自己的名称', en: 'a name of its own for each scenario' },
    next: { zh: '换一个名称', en: 'Choose another name' },
  },
  SCENARIO_UNKNOWN_STATE: {
    what: { zh: '流程中没有状态 {name}', en: 'no workflow that runs here has a state {name}' },
    expected: { zh: '流程中的状态，例如 {known}', en: 'a state of the workflow, such as {known}' },
    next: { zh: '改正名称', en: 'Correct the name' },
  },
  SCENARIO_NOT_A_TASK: {
    what: { zh: '{name} 不是 Task 状态', en: '{name} is no Task' },
    expected: { zh: 'Task 状态，例如 {known}', en: 'a Task, such as {known}' },
    next: { zh: '换成一个 Task 状态', en: 'Name a Task' },
  },
} as const satisfies { readonly [code: string]: Row };

export type ScenarioFaultCode = keyof typeof SCENARIO_FAULTS;
