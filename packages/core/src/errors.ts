import { messageOf } from './fault.js';
import type { Json, Text } from './json.js';

/** What an error code means: what happened, and what to do next. `{name}` stands for a detail of that name. */
interface ErrorEntry {
  readonly what: Text;
  readonly next: Text;
}

/**
 * Every code that core throws. Codes are frozen within a major version; texts are free to improve.
 * docs/errors.md is made from this table, and a test compares the two.
 */
export const ERRORS = {
  MONEY_INVALID: {
    what: { zh: '金额无效：{found}', en: 'Not an amount of money: {found}' },
    next: {
      zh: '使用最小货币单位的非负整数（如分）和 ISO 4217 货币代码',
      en: 'Use a whole number of minor units (fen, cents), 0 or above, and an ISO 4217 currency code',
    },
  },
  CALL_INVALID: {
    what: { zh: '{call} 的参数无效：{why}', en: '{call} was given what it can not take: {why}' },
    next: { zh: '按接口文档改正参数；什么都没有改变', en: 'Give what its documentation names; nothing was changed' },
  },
  WORKFLOW_INVALID: {
    what: { zh: '流程文件有错误，未被接受：{workflow}', en: 'The workflow was refused: {workflow}' },
    next: { zh: '按所列位置逐条修改后重试', en: 'Mend each fault listed, at the place it names, and load it again' },
  },
  WORKFLOW_UNKNOWN: {
    what: { zh: '没有名为 {workflow} 的流程', en: 'There is no workflow named {workflow}' },
    next: { zh: '可用的流程：{known}', en: 'Use one of: {known}' },
  },
  TERMINAL_UNKNOWN: {
    what: { zh: '没有编号为 {terminal} 的终端', en: 'There is no terminal {terminal}' },
    next: { zh: '可用的终端：{known}', en: 'Use one of: {known}' },
  },
  TERMINAL_DUPLICATE: {
    what: { zh: '终端号被打开了两次：{found}', en: 'One terminal id is opened twice: {found}' },
    next: { zh: '每台终端使用各自的终端号', en: 'Give each terminal a terminal id (TID) of its own' },
  },
  TERMINAL_BUSY: {
    what: { zh: '终端 {terminal} 正在进行另一笔交易', en: 'Terminal {terminal} is in the middle of another transaction' },
    next: { zh: '等它结束或先取消它', en: 'Wait for it to end, or cancel it first' },
  },
  LOG_RESTORED: {
    what: {
      zh: '终端 {terminal} 的密码键盘记得这份日志里没有的交易：日志是从旧备份恢复的，或是另一份日志',
      en: 'The PIN pad of terminal {terminal} remembers what this log does not hold: the log was restored from an older copy, or is another one',
    },
    next: {
      zh: '先按收单机构和钱包的账目逐条处理待处理事项，再用 tillwright cases acknowledge {terminal} 或 till.acknowledge 确认；之后终端继续交易',
      en: "Resolve its cases by the books of acquirer and wallets, then acknowledge with tillwright cases acknowledge {terminal} or till.acknowledge: the terminal sells again after that",
    },
  },
  TERMINAL_NOT_HELD: {
    what: { zh: '终端 {terminal} 没有因日志被恢复而暂停，无需确认', en: 'Terminal {terminal} is not held by a restored log: there is nothing to acknowledge' },
    next: { zh: '用 tillwright cases list 或 till.held() 查看暂停的终端', en: 'See which terminals are held with tillwright cases list or till.held()' },
  },
  KEY_REUSED: {
    what: { zh: '键 {key} 已用于内容不同的交易', en: 'The key {key} was used for a transaction with other content' },
    next: { zh: '新交易请使用新的键', en: 'Use a new key for a new transaction' },
  },
  ID_REUSED: {
    what: { zh: '编号来源（ids）给出的编号 {id} 已用过或为空', en: 'The id source (ids) gave the id {id}, which was used before or is empty' },
    next: { zh: '让编号永不重复，重启后也一样；或不传 ids，由核心自己生成', en: 'Give ids that never repeat, after a restart neither, or leave `ids` out: core makes its own' },
  },
  PROMPT_UNKNOWN: {
    what: { zh: '没有待答的提示：{prompt}', en: 'No prompt is open under the id {prompt}' },
    next: { zh: '提示可能已回答、取消或超时；请重新读取提示列表', en: 'It may be answered, cancelled or timed out: read the open prompts again' },
  },
  PROMPT_ANSWER_INVALID: {
    what: { zh: '回答不符合提示的要求：{found}', en: 'The answer does not fit the prompt: {found}' },
    next: { zh: '按提示给出的规则重新回答', en: "Answer by the prompt's own schema" },
  },
  EXECUTION_UNKNOWN: {
    what: { zh: '没有编号为 {execution} 的交易', en: 'There is no execution {execution}' },
    next: { zh: '请核对编号', en: 'Check the id' },
  },
  CASE_UNKNOWN: {
    what: { zh: '没有编号为 {case} 的待处理事项', en: 'There is no open case {case}' },
    next: { zh: '请重新读取待处理事项列表', en: 'Read the open cases again' },
  },
  CASE_NEEDS_REASON: {
    what: { zh: '处理事项必须写明姓名和理由', en: 'A case is resolved only with a name and a reason' },
    next: { zh: '填写处理人和理由', en: 'Give both `by` and `reason`' },
  },
  CASE_AMOUNT: {
    what: { zh: '事项 {case} 不能按该金额处理：请求的金额是 {asked}', en: 'Case {case} can not be resolved with this amount: {asked} was asked for' },
    next: { zh: '金额只用于已收款（paid）：大于零，且不超过请求的金额', en: 'An amount goes with paid alone: above nothing, and no more than was asked for' },
  },
  CASE_UNDONE: {
    what: { zh: '事项 {case} 不能处理为已收款：主机已于 {since} 确认撤销（{proof}）', en: 'Case {case} can not be resolved as paid: the host has undone it since {since} ({proof})' },
    next: { zh: '处理为已撤销（undone）；仍需收款时另做一笔交易', en: 'Resolve it as undone; where the money is still due, take it by a new sale' },
  },
  PLUGIN_CONTRACT_MISMATCH: {
    what: { zh: '插件 {plugin} 的契约版本 {found} 不受支持', en: 'Plugin {plugin} speaks contract {found}, which this core does not serve' },
    next: { zh: '升级插件或核心；本核心支持 {served}', en: 'Upgrade the plugin or core; this core serves {served}' },
  },
  PLUGIN_NEEDS_MISSING: {
    what: { zh: '插件缺少依赖：{missing}', en: 'Plugins need what nothing provides: {missing}' },
    next: { zh: '加入提供这些依赖的插件', en: 'Add a plugin that provides each of them' },
  },
  PLUGIN_CONFLICT: {
    what: { zh: '两个插件提供了同一项：{found}', en: 'Two plugins provide the same thing: {found}' },
    next: { zh: '去掉其中一个，或改名', en: 'Remove one of them, or rename it' },
  },
  PLUGIN_UNSAFE: {
    what: { zh: '支付方式 {method} 无法保证资金安全：{why}', en: 'Payment method {method} can not be made safe: {why}' },
    next: { zh: '按 docs/plugin-contract.md 改正其能力声明、函数或结算时间（policy）；没有打开任何终端', en: 'Mend its capabilities, functions or times (policy) by docs/plugin-contract.md; no till was opened' },
  },
  PLUGIN_MALFORMED: {
    what: { zh: '插件 {plugin} 提供的内容不符合契约：{why}', en: 'Plugin {plugin} provides what its contract does not know: {why}' },
    next: { zh: '按 docs/plugin-contract.md 改正该插件', en: 'Mend the plugin by docs/plugin-contract.md' },
  },
  PLUGIN_OPTIONS_INVALID: {
    what: { zh: '插件 {plugin} 的选项无效：{why}', en: 'Plugin {plugin} was given options that it can not take: {why}' },
    next: { zh: '按其说明改正选项；没有打开任何终端', en: 'Mend them by its documentation; no till was opened' },
  },
  PLUGIN_UNUSABLE: {
    what: { zh: '插件 {plugin} 在终端 {terminal} 无法使用：{why}', en: 'Plugin {plugin} can not be used at terminal {terminal}: {why}' },
    next: { zh: '检查其设备和配置，然后重新打开', en: 'See to its device and its configuration, then open the till again' },
  },
  PLUGIN_CLOSE_FAILED: {
    what: { zh: '插件 {plugin} 在终端 {terminal} 未能正常关闭：{why}', en: 'Plugin {plugin} could not be closed at terminal {terminal}: {why}' },
    next: { zh: '其余均已关闭，数据没有丢失；重新打开前请检查其设备', en: 'All else is closed and nothing is lost; see to its device before the till is opened again' },
  },
  LOG_LOCKED: {
    what: { zh: '数据目录正被另一进程使用：{dir}', en: 'Another process uses the data directory {dir}' },
    next: { zh: '先停止该进程，或使用另一目录', en: 'Stop that process first, or use another directory' },
  },
  LOG_DAMAGED: {
    what: { zh: '事件日志已损坏：{place}（{why}）', en: 'The event log is damaged at {place}: {why}' },
    next: {
      zh: '未删除任何内容。请从备份恢复，或联系支持人员；用 `tillwright log verify` 复查',
      en: 'Nothing was deleted. Restore it from a backup or call support; `tillwright log verify` checks it again',
    },
  },
  LOG_FAILED: {
    what: { zh: '事件日志无法读写：{why}', en: 'The event log could not be read or written: {why}' },
    next: { zh: '已停止收款。修复磁盘后重新打开', en: 'No more payments are taken. Mend the disk, then open the engine again' },
  },
  LOG_UNREADABLE: {
    what: { zh: '事件日志中的旧记录无法读取：{why}', en: 'Old records of the event log could not be read: {why}' },
    next: { zh: '没有丢失任何记录。检查磁盘和权限后再试', en: 'Nothing is lost. Look at the disk and its rights, then try again' },
  },
  SEALED_FAILED: {
    what: { zh: '密封存储无法写入：{why}', en: 'The sealed store could not be written: {why}' },
    next: { zh: '该笔未发送，未扣款。修复磁盘（空间、权限）后重新打开', en: 'Nothing was sent or charged. Mend the disk (its room, its rights), then open the engine again' },
  },
  SEALED_UNREADABLE: {
    what: { zh: '密封存储无法读取或擦除：{why}', en: 'The sealed store could not be read or erased: {why}' },
    next: { zh: '已停止收款，不会遗漏任何冲正。修复磁盘后重新打开', en: 'No more payments are taken, and no reversal is lost. Mend the disk, then open the engine again' },
  },
  ENGINE_FAULT: {
    what: { zh: '收款引擎内部出错：{why}', en: 'The engine met a fault of its own: {why}' },
    next: { zh: '已停止收款。请重新打开，未完成的交易会继续；若再次出现，请连同日志联系支持人员', en: 'No more payments are taken. Open the engine again: it goes on where it stood; should it come back, call support with the log' },
  },
  LOG_VERSION: {
    what: { zh: '事件日志由另一版本写成，本版本不能读取：{found}', en: 'The event log was written by another version, which this one does not read: {found}' },
    next: { zh: '请使用写入该日志的版本；若日志较新，请升级程序', en: 'Use the version that wrote it; where the log is the newer one, upgrade the program' },
  },
  ENGINE_CLOSED: {
    what: { zh: '引擎已关闭', en: 'The engine is closed' },
    next: { zh: '重新打开后再试', en: 'Open it again' },
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('tillwright:error');

/**
 * An error a person can meet: a frozen `code`, what happened and what to do next in Chinese and English.
 * `details` never holds card data, keys, PINs or payer's codes.
 */
export class TillwrightError extends Error {
  readonly code: ErrorCode;
  readonly what: Text;
  readonly hint: Text;
  readonly details: { readonly [name: string]: Json };
  readonly [BRAND] = true;

  constructor(code: ErrorCode, details: { readonly [name: string]: Json } = {}, options?: ErrorOptions) {
    const entry: ErrorEntry = ERRORS[code];
    super(`${code}: ${fill(entry.what.en, details)}. ${fill(entry.next.en, details)}.`, options);
    this.name = 'TillwrightError';
    this.code = code;
    this.what = { zh: fill(entry.what.zh, details), en: fill(entry.what.en, details) };
    this.hint = { zh: fill(entry.next.zh, details), en: fill(entry.next.en, details) };
    this.details = details;
  }

  /** Two copies of core may be installed: a brand tells, `instanceof` would not. */
  static is(value: unknown, code?: ErrorCode): value is TillwrightError {
    return typeof value === 'object' && value !== null && BRAND in value && (code === undefined || (value as TillwrightError).code === code);
  }
}

/** What was thrown, by an error with a code: its own where it has one. @param code of a text with `{why}` */
export const coded = (error: unknown, code: ErrorCode, details: { readonly [name: string]: Json } = {}): TillwrightError =>
  TillwrightError.is(error) ? error : new TillwrightError(code, { ...details, why: messageOf(error) }, { cause: error });

export const fill = (text: string, details: { readonly [name: string]: Json }): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    if (value === undefined) return whole;
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
