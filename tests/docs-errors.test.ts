/**
 * docs/errors.md is made from the tables in the code: `UPDATE_DOCS=1 npx vitest run tests/docs-errors.test.ts` writes it anew,
 * without the variable the test compares.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ALARMS, type Catalogue, checkWorkflows, ERRORS, type Text } from '@tillwright/core';
import { expect, it } from 'vitest';
import { createTillCatalogue } from '../packages/cli/src/catalogue.js';
import { DIAGNOSTICS } from '../packages/core/src/definition/diagnostics.js';
import { standardActions } from '../packages/core/src/engine/standard/index.js';

const FILE = new URL('../docs/errors.md', import.meta.url);

interface Told {
  readonly what: Text;
  readonly next: Text;
}

/** What the interpreter and the engine themselves end a state with. Names that no action declares stand here with their texts. */
const STATES_ERRORS: { readonly [name: string]: Told } = {
  'States.ALL': {
    what: { zh: '在 ErrorEquals 中代表任何错误', en: 'in ErrorEquals: any error' },
    next: { zh: '单独写在最后一项；不能用于收款步骤的 Retry', en: 'write it alone and last; never in the Retry of a Task that moves money' },
  },
  'States.TaskFailed': {
    what: { zh: '在 ErrorEquals 中代表超时以外的任何错误', en: 'in ErrorEquals: any error but a time-out' },
    next: { zh: '用 Catch 处理；不能用于收款步骤的 Retry', en: 'catch it; never in the Retry of a Task that moves money' },
  },
  'States.Timeout': {
    what: { zh: '步骤或流程超过了 TimeoutSeconds', en: 'a state or the workflow took longer than its TimeoutSeconds' },
    next: { zh: '用 Catch 转到取消或重试的状态', en: 'catch it and go where the transaction is cancelled or asked for again' },
  },
  'States.HeartbeatTimeout': {
    what: { zh: '步骤超过 HeartbeatSeconds 没有活动', en: 'a Task gave no sign of life within HeartbeatSeconds' },
    next: { zh: '同 States.Timeout', en: 'as States.Timeout, which stands for it too' },
  },
  'States.QueryEvaluationError': {
    what: { zh: '表达式无法计算，或超出限额；Cause 写明位置', en: 'an expression could not be evaluated, or went past a limit; the Cause names its place' },
    next: { zh: '改正表达式；用样例数据再试', en: 'mend the expression and try it with the data that the Cause tells of' },
  },
  'States.NoChoiceMatched': {
    what: { zh: 'Choice 没有条件成立，也没有 Default', en: 'no condition of a Choice held, and it has no Default' },
    next: { zh: '加上 Default', en: 'add a Default' },
  },
  'States.BranchFailed': {
    what: { zh: 'Parallel 的一个分支失败', en: 'a branch of a Parallel failed' },
    next: { zh: '在 Parallel 上或分支内用 Catch', en: 'catch it at the Parallel, or within the branch' },
  },
  'States.ExceedToleratedFailureThreshold': {
    what: { zh: 'Map 失败的次数超过允许', en: 'more iterations of a Map failed than it tolerates' },
    next: { zh: '提高 ToleratedFailureCount，或用 Catch', en: 'raise ToleratedFailureCount, or catch it' },
  },
  'States.DataLimitExceeded': {
    what: { zh: '数据太大', en: 'a value grew too large' },
    next: { zh: '传递更少的数据；此错误不能用 States.ALL 捕获', en: 'hand on less; States.ALL does not catch this one' },
  },
  'States.Runtime': {
    what: { zh: '流程在运行中出现无法继续的错误', en: 'the workflow met a fault that it can not go on from' },
    next: { zh: '按 Cause 修改流程；此错误不能用 States.ALL 捕获', en: 'mend the workflow by its Cause; States.ALL does not catch this one' },
  },
  'Task.Failed': {
    what: { zh: '动作的代码出错', en: "the action's own code failed" },
    next: { zh: '用 Catch 处理，并告知插件作者', en: "catch it, and tell the plugin's author" },
  },
  'Task.Unknown': {
    what: { zh: '此终端没有这个动作', en: 'nothing offers this action at this terminal' },
    next: { zh: '加入提供它的插件后重新打开', en: 'add the plugin that offers it and open the engine again' },
  },
  'Task.ArgumentsInvalid': {
    what: { zh: '参数不符合动作的 JSON Schema', en: "the arguments do not fit the action's JSON Schema, or `with` the payment method's" },
    next: { zh: '改正 Arguments 中的表达式', en: 'mend the expressions in Arguments' },
  },
  'Task.Interrupted': {
    what: { zh: '重启时动作正在进行，且它不能重做', en: 'a restart cut off an action that is not to be done again' },
    next: { zh: '用 Catch 询问商户再继续', en: 'catch it and ask the merchant how to go on' },
  },
  'Task.Superseded': {
    what: { zh: '流程已走向别处，动作被停止', en: 'the flow went another way and the action was stopped' },
    next: { zh: '无需处理：动作从它的 signal 得知', en: 'nothing: the action hears it from its signal' },
  },
  'Payment.Uncommitted': {
    what: { zh: '流程想成功结束，但已收的款不足应收', en: 'the flow would have succeeded with less paid than is due; what was paid is undone' },
    next: { zh: '收足应收，或在结束前调用 payment:commit；它结束整笔交易，无法捕获', en: 'take what is due, or call payment:commit before the end; it ends the transaction, so nothing catches it' },
  },
};

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n');
const code = (text: string): string => `\`${text}\``;

const told = (entries: readonly (readonly [string, Told])[]): string =>
  table(['', 'what happened', 'what next'], entries.flatMap(([name, { what, next }]) => [
    [code(name), what.en, next.en],
    ['', what.zh, next.zh],
  ]));

/** Errors of actions and methods, with everything that declares each of them. One name may have several hints. */
const declared = (catalogue: Catalogue): string => {
  const rows = new Map<string, { name: string; hint: Text; by: Set<string> }>();
  const note = (by: string, errors: { readonly [name: string]: Text }): void => {
    for (const [name, hint] of Object.entries(errors)) {
      const key = JSON.stringify([name, hint.zh, hint.en]);
      const known = rows.get(key) ?? { name, hint, by: new Set() };
      known.by.add(by);
      rows.set(key, known);
    }
  };
  for (const [namespace, actions] of Object.entries(catalogue.actions)) {
    for (const [name, { errors }] of Object.entries(actions)) {
      // The catalogue counts a method's errors among those of payment:sale; here they are told under the method.
      note(`${namespace}:${name}`, standardActions[namespace]?.[name]?.errors ?? errors);
    }
  }
  for (const { id, errors } of catalogue.methods) note(`method ${id}`, errors);
  const sorted = [...rows.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  return table(['error', 'from', 'the hint that the cashier reads'], sorted.map(({ name, hint, by }) => [code(name), [...by].map(code).join(', '), `${hint.en}<br>${hint.zh}`]));
};

const made = (catalogue: Catalogue): string => `# Errors

This page is made from the tables in the code; a test compares the two. Codes are frozen within a major version, texts may improve.
\`{name}\` stands for a detail. 每个代码都有中英文说明。

## Codes that an embedder meets

Thrown as \`TillwrightError\`: \`code\`, \`what\`, \`hint\` (each \`{ zh, en }\`), \`details\`. Recognise one by \`TillwrightError.is(error, 'LOG_LOCKED')\`.

${told(Object.entries(ERRORS))}

## Alarms

What a person should know though no call failed: \`till.on('alarm', ...)\` gives \`kind\`, what it is about, and \`why\`; \`alarmText\` puts it into a merchant's words.
One that nobody has heard yet is kept for whoever listens first, the last hundred of them; what became a case stands in \`till.cases()\`, too.

${told(Object.entries(ALARMS))}

## What the checker reports

A workflow with one error is refused whole; a warning is shown and the workflow runs. Each report names file, line, column, JSON Pointer, what was
expected, the nearest names and one next step; \`tillwright check --json\` gives the same as data.

${table(['', 'what was found', 'what was expected', 'what next'], Object.entries(DIAGNOSTICS).flatMap(([name, { severity, what, expected, next }]) => [
  [`${code(name)}${severity === 'warning' ? ' (warning)' : ''}`, what.en, expected.en, next.en],
  ['', what.zh, expected.zh, next.zh],
]))}

## Error names that a workflow may catch: of the language and the engine

${told(Object.entries(STATES_ERRORS))}

## Error names that a workflow may catch: of actions and payment methods

The Cause of a failed Task is JSON text with \`message\` and \`hint\`: \`{% $parse($states.errorOutput.Cause).hint.en %}\` is what to show. A decline
carries the host's own \`code\`, its hint, and \`again\`: \`never\`, \`new-input\`, \`sign-on-first\` or \`later\`.

${declared(catalogue)}
`;

const catching = (name: string): string =>
  JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Task', Resource: 'payment:methods', TimeoutSeconds: 9, HeartbeatSeconds: 3, Catch: [{ ErrorEquals: [name], Next: 'B' }], End: true }, B: { Type: 'Succeed' } } });

it('docs/errors.md says what the tables say', async () => {
  const text = made(await createTillCatalogue((defaults) => defaults, []));
  if (process.env.UPDATE_DOCS === '1') await writeFile(FILE, text);
  const file = await readFile(FILE, 'utf8');
  expect(file, `write it anew: UPDATE_DOCS=1 npx vitest run ${fileURLToPath(import.meta.url)}`).toBe(text);
});

it('every error name that it tells of may be caught, and no other', async () => {
  const catalogue = await createTillCatalogue((defaults) => defaults, ['f']);
  const faults = (name: string): string[] => checkWorkflows({ f: { file: 'f', text: catching(name) } }, catalogue).diagnostics.filter(({ severity }) => severity === 'error').map(({ code: found }) => found);
  for (const name of Object.keys(STATES_ERRORS)) expect(faults(name), name).toEqual([]);
  expect(faults('Payment.Unheard')).toEqual(['WORKFLOW_UNKNOWN_ERROR']);
});

it('every text stands in both languages', async () => {
  const catalogue = await createTillCatalogue((defaults) => defaults, []);
  const texts = [
    ...Object.values(ERRORS).flatMap(({ what, next }) => [what, next]),
    ...Object.values(DIAGNOSTICS).flatMap(({ what, expected, next }) => [what, expected, next]),
    ...Object.values(STATES_ERRORS).flatMap(({ what, next }) => [what, next]),
    ...Object.values(catalogue.actions).flatMap((actions) => Object.values(actions).flatMap(({ errors }) => Object.values(errors))),
    ...catalogue.methods.flatMap(({ errors }) => Object.values(errors)),
  ];
  for (const { zh, en } of texts) {
    expect(en).toMatch(/\S/);
    expect(zh, en).toMatch(/[\u4e00-\u9fff]|^\{|^"|^JSONata$/);
  }
});
