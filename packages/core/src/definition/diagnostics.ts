import type { Text } from '../json.js';

/** `what` happened, what was `expected`, what to do `next`; `{name}` stands for a detail of that name. */
export interface DiagnosticEntry {
  readonly severity: 'error' | 'warning';
  readonly what: Text;
  readonly expected: Text;
  readonly next: Text;
}

/**
 * Every fault that the checker reports. Codes are frozen within a major version; texts are free to improve.
 * A workflow with one `error` is refused whole; a `warning` is shown and the workflow runs.
 */
export const DIAGNOSTICS = {
  // The text itself
  WORKFLOW_EMPTY: {
    severity: 'error',
    what: { zh: '文件是空的', en: 'the file is empty' },
    expected: { zh: '一个 JSON 对象', en: 'a JSON object' },
    next: { zh: '写入流程，至少包含 "StartAt" 和 "States"', en: 'Write a workflow into it, with "StartAt" and "States" at least' },
  },
  WORKFLOW_TOO_LARGE: {
    severity: 'error',
    what: { zh: '文件有 {length} 个字符，太大了', en: 'the file is too large: {length} characters' },
    expected: { zh: '最多 {limit} 个字符', en: 'at most {limit} characters' },
    next: { zh: '把公用部分移到另一个流程，用 workflow:run 调用', en: 'Move parts of it to other workflows and call them by workflow:run' },
  },
  WORKFLOW_TOO_DEEP: {
    severity: 'error',
    what: { zh: '嵌套太深', en: 'nested too deeply' },
    expected: { zh: '最多 {limit} 层', en: 'at most {limit} levels' },
    next: { zh: '减少嵌套，或把内层移到另一个流程，用 workflow:run 调用', en: 'Nest less, or move the inner part to a workflow of its own and call it by workflow:run' },
  },
  WORKFLOW_SYNTAX: {
    severity: 'error',
    what: { zh: '不是合法的 JSON：{why.zh}', en: 'not JSON: {why.en}' },
    expected: { zh: '{wanted.zh}', en: '{wanted.en}' },
    next: { zh: '改正这一处，再检查一次', en: 'Mend this place and check again' },
  },
  WORKFLOW_COMMENT: {
    severity: 'error',
    what: { zh: '流程文件里不能写注释', en: 'comments are not allowed here' },
    expected: { zh: '不带注释的 JSON', en: 'JSON without comments' },
    next: { zh: '改用 "Comment" 字段，或删除这条注释', en: 'Put the text into a "Comment" field, or delete it' },
  },
  WORKFLOW_TRAILING_COMMA: {
    severity: 'error',
    what: { zh: '最后一项后面多了一个逗号', en: 'a comma stands after the last item' },
    expected: { zh: '末项之后没有逗号', en: 'no comma after the last item' },
    next: { zh: '删除这个逗号', en: 'Delete this comma' },
  },
  WORKFLOW_DUPLICATE_KEY: {
    severity: 'error',
    what: { zh: '{key} 已经写在第 {line} 行', en: '{key} stands already in line {line}' },
    expected: { zh: '同一对象中每个名称只出现一次', en: 'each name once in an object' },
    next: { zh: '删除其中一个，或改名', en: 'Delete one of the two, or rename it' },
  },
  WORKFLOW_KEY_FORBIDDEN: {
    severity: 'error',
    what: { zh: '名称 {key} 不能使用', en: 'the name {key} can not be used' },
    expected: { zh: '"__proto__" 以外的名称', en: 'any name but "__proto__"' },
    next: { zh: '换一个名称', en: 'Choose another name' },
  },
  WORKFLOW_NUMBER_UNSAFE: {
    severity: 'error',
    what: { zh: '这个数字无法准确保存', en: 'this number can not be kept exactly' },
    expected: { zh: '绝对值不超过 9007199254740991 的整数，或有限的小数', en: 'a whole number within ±9007199254740991, or a finite fraction' },
    next: { zh: '使用较小的数；编号请写成字符串', en: 'Use a smaller number; write an identifier as a string' },
  },
  // The shape
  WORKFLOW_NOT_OBJECT: {
    severity: 'error',
    what: { zh: '流程必须是一个 JSON 对象', en: 'a workflow is a JSON object' },
    expected: { zh: '一个含有 "StartAt" 和 "States" 的对象', en: 'an object with "StartAt" and "States"' },
    next: { zh: '把内容放进 { "StartAt": ..., "States": { ... } }', en: 'Put it into { "StartAt": ..., "States": { ... } }' },
  },
  WORKFLOW_UNKNOWN_FIELD: {
    severity: 'error',
    what: { zh: '{owner.zh}没有字段 {field}', en: '{owner.en} has no field {field}' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正名称，或删除该字段', en: 'Correct the name, or delete the field' },
  },
  WORKFLOW_JSONPATH_FIELD: {
    severity: 'error',
    what: { zh: '{field} 是 JSONPath 的写法，这里只用 JSONata', en: '{field} belongs to JSONPath; workflows are written in JSONata' },
    expected: { zh: 'JSONata 的写法：{instead.zh}', en: 'the JSONata spelling: {instead.en}' },
    next: { zh: '改为：{instead.zh}', en: 'Write instead: {instead.en}' },
  },
  WORKFLOW_UNSUPPORTED_FIELD: {
    severity: 'error',
    what: { zh: '{field} 在收银机上不受支持', en: '{field} is not supported at a till' },
    expected: { zh: '不使用该字段', en: 'a workflow without it' },
    next: { zh: '{instead.zh}', en: '{instead.en}' },
  },
  WORKFLOW_QUERY_LANGUAGE: {
    severity: 'error',
    what: { zh: '查询语言是 {language}', en: 'the query language is {language} here' },
    expected: { zh: 'JSONata', en: 'JSONata' },
    next: { zh: '在流程顶层写 "QueryLanguage": "JSONata"', en: 'Write "QueryLanguage": "JSONata" at the top of the workflow' },
  },
  WORKFLOW_FIELD_MISSING: {
    severity: 'error',
    what: { zh: '{owner.zh}缺少 {field}', en: '{owner.en} lacks {field}' },
    expected: { zh: '{field}：{wanted.zh}', en: '{field}: {wanted.en}' },
    next: { zh: '补上 {field}', en: 'Add {field}' },
  },
  WORKFLOW_VALUE_INVALID: {
    severity: 'error',
    what: { zh: '{field} 的值不合适', en: '{field} does not take this value' },
    expected: { zh: '{wanted.zh}', en: '{wanted.en}' },
    next: { zh: '改成：{wanted.zh}', en: 'Change it to {wanted.en}' },
  },
  WORKFLOW_NAME_INVALID: {
    severity: 'error',
    what: { zh: '名称 {name} 不能使用', en: '{name} can not be a name here' },
    expected: { zh: '{wanted.zh}', en: '{wanted.en}' },
    next: { zh: '换一个名称，并修改所有用到它的地方', en: 'Choose another name, also where it is used' },
  },
  // The way through the states
  WORKFLOW_UNKNOWN_STATE: {
    severity: 'error',
    what: { zh: '没有名为 {name} 的状态', en: 'there is no state {name} here' },
    expected: { zh: '同一层的状态名：{known}', en: 'a state of the same level: {known}' },
    next: { zh: '改正名称，或添加这个状态', en: 'Correct the name, or add the state' },
  },
  WORKFLOW_NEXT_OR_END: {
    severity: 'error',
    what: { zh: '状态 {name} {why.zh}', en: 'state {name} {why.en}' },
    expected: { zh: '"Next" 和 "End": true 二者取一', en: 'either "Next" or "End": true' },
    next: { zh: '写明下一个状态 "Next"，或用 "End": true 结束', en: 'Say where it goes by "Next", or end there by "End": true' },
  },
  WORKFLOW_UNREACHABLE_STATE: {
    severity: 'error',
    what: { zh: '没有任何路径到达状态 {name}', en: 'no way leads to state {name}' },
    expected: { zh: '从 "StartAt" 可以到达的状态', en: 'a state that can be reached from "StartAt"' },
    next: { zh: '让某个 "Next"、"Default" 或 "Catch" 指向它，或删除它', en: 'Let a "Next", "Default" or "Catch" lead to it, or delete it' },
  },
  WORKFLOW_ENDLESS_STATE: {
    severity: 'error',
    what: { zh: '从状态 {name} 出发永远不会结束', en: 'from state {name} no way leads to an end' },
    expected: { zh: '每个状态都能走到 "End": true、Succeed 或 Fail', en: 'a way from every state to "End": true, Succeed or Fail' },
    next: { zh: '在这个循环中加一个出口', en: 'Give this circle a way out' },
  },
  WORKFLOW_CHOICE_NO_DEFAULT: {
    severity: 'warning',
    what: { zh: '当没有条件成立时，状态 {name} 会失败', en: 'state {name} fails when no condition holds' },
    expected: { zh: '"Default"', en: 'a "Default"' },
    next: { zh: '加上 "Default"', en: 'Add "Default" with the state to go to' },
  },
  WORKFLOW_WAIT_TIME: {
    severity: 'error',
    what: { zh: '状态 {name} {why.zh}', en: 'state {name} {why.en}' },
    expected: { zh: '"Seconds" 和 "Timestamp" 二者取一', en: 'either "Seconds" or "Timestamp"' },
    next: { zh: '只写一个等待时间', en: 'Say once how long it waits' },
  },
  WORKFLOW_HEARTBEAT_TOO_LONG: {
    severity: 'error',
    what: { zh: '"HeartbeatSeconds" 不小于 "TimeoutSeconds"（{timeout}）', en: '"HeartbeatSeconds" is not below "TimeoutSeconds" ({timeout})' },
    expected: { zh: '小于 {timeout} 的秒数', en: 'fewer than {timeout} seconds' },
    next: { zh: '缩短 "HeartbeatSeconds"，或延长 "TimeoutSeconds"', en: 'Lower "HeartbeatSeconds", or raise "TimeoutSeconds"' },
  },
  // Actions and what they are given
  WORKFLOW_RESOURCE_INVALID: {
    severity: 'error',
    what: { zh: '"Resource" 不是动作名称', en: '"Resource" does not name an action' },
    expected: { zh: '<命名空间>:<动作>，例如 "pinpad:enterPin"', en: '<namespace>:<action>, such as "pinpad:enterPin"' },
    next: { zh: '写成 <命名空间>:<动作>；可用的命名空间：{known}', en: 'Write <namespace>:<action>; the namespaces are {known}' },
  },
  WORKFLOW_UNKNOWN_NAMESPACE: {
    severity: 'error',
    what: { zh: '没有命名空间 "{namespace}"', en: 'there is no namespace "{namespace}"' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正名称，或注册提供它的插件', en: 'Correct the name, or register the plugin that brings it' },
  },
  WORKFLOW_UNKNOWN_ACTION: {
    severity: 'error',
    what: { zh: '命名空间 "{namespace}" 没有这个动作', en: 'namespace "{namespace}" has no action with this name' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正动作名称', en: 'Use an action that it offers' },
  },
  WORKFLOW_ARGUMENTS_INVALID: {
    severity: 'error',
    what: { zh: '{resource} 不接受这些参数：{why.zh}', en: '{resource} does not take these arguments: {why.en}' },
    expected: { zh: '{wanted.zh}', en: '{wanted.en}' },
    next: { zh: '按 {resource} 的参数说明修改', en: 'Change it to what {resource} takes' },
  },
  WORKFLOW_ACTION_SCHEMA: {
    severity: 'error',
    what: { zh: '{resource} 的参数说明无法读取：{why}', en: 'the schema of the arguments of {resource} can not be read: {why}' },
    expected: { zh: '合法的 JSON Schema（2020-12）', en: 'a sound JSON Schema (2020-12)' },
    next: { zh: '这是插件的错误：请告知其作者，或升级插件', en: "This is the plugin's fault: tell its author, or upgrade it" },
  },
  WORKFLOW_UNKNOWN_METHOD: {
    severity: 'error',
    what: { zh: '没有支付方式 {method}', en: 'there is no payment method {method}' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正名称，或注册提供它的插件', en: 'Correct the name, or register the plugin that brings it' },
  },
  WORKFLOW_AMOUNT_INVALID: {
    severity: 'error',
    what: { zh: '{field} 不是金额', en: '{field} is not an amount of money' },
    expected: { zh: '以最小货币单位（如分）计的整数，不小于 0', en: 'a whole number of minor units (fen, cents), 0 or above' },
    next: { zh: '写成整数，例如 12.50 元写作 1250', en: 'Write it as a whole number: 12.50 yuan is 1250' },
  },
  // Errors, retries
  WORKFLOW_UNKNOWN_ERROR: {
    severity: 'error',
    what: { zh: '没有任何步骤会产生错误 {name}', en: 'nothing ends with the error {name}' },
    expected: { zh: '已知的错误名，例如 {known}', en: 'an error name that something raises, such as {known}' },
    next: { zh: '改正名称，或删除它', en: 'Correct the name, or delete it' },
  },
  WORKFLOW_ERROR_UNCERTAIN: {
    severity: 'warning',
    what: { zh: '看不出哪个步骤会产生错误 {name}', en: 'nothing that is seen here ends with the error {name}' },
    expected: { zh: '已知的错误名，例如 {known}', en: 'an error name that something raises, such as {known}' },
    next: { zh: '核对名称', en: 'Check the name' },
  },
  WORKFLOW_ERROR_ALL_NOT_LAST: {
    severity: 'error',
    what: { zh: '"States.ALL" {why.zh}', en: '"States.ALL" {why.en}' },
    expected: { zh: '"States.ALL" 单独写在最后一项', en: '"States.ALL" alone, in the last item' },
    next: { zh: '把 "States.ALL" 单独移到最后一项', en: 'Move "States.ALL" to a last item of its own' },
  },
  WORKFLOW_RETRY_UNSAFE: {
    severity: 'error',
    what: { zh: '{resource} 收取款项，不能因 {name} 重试', en: '{resource} moves money and may not be tried again after {name}' },
    expected: { zh: '具体的错误名，例如 {known}', en: 'errors by name, such as {known}' },
    next: { zh: '列出可以重试的错误，或改用 "Catch"', en: 'Name the errors after which it is safe, or use "Catch"' },
  },
  // Variables
  WORKFLOW_VARIABLE_UNKNOWN: {
    severity: 'error',
    what: { zh: '变量 ${name} 在这里不可能有值：{why.zh}', en: 'the variable ${name} is never set here: {why.en}' },
    expected: { zh: '到达这里之前已用 "Assign" 设置的变量', en: 'a variable that an "Assign" sets before this state is reached' },
    next: { zh: '改正变量名，或在之前的状态中用 "Assign" 设置它', en: 'Correct the name, or set it by "Assign" in a state before this one' },
  },
  WORKFLOW_VARIABLE_UNSET: {
    severity: 'warning',
    what: { zh: '变量 ${name} 不一定有值：经由 {way} 时没有设置', en: 'the variable ${name} is not set on every way: not on {way}' },
    expected: { zh: '在到达这里的每条路径上都设置的变量', en: 'a variable that is set on every way to this state' },
    next: { zh: '在这条路径上（"Catch" 也算）用 "Assign" 设置它，或先给一个初值，或用 $exists 判断', en: 'Set it by "Assign" on that way (a "Catch" has its own), give it a first value early on, or ask by $exists' },
  },
  WORKFLOW_VARIABLE_SHADOWED: {
    severity: 'warning',
    what: { zh: '分支内的 ${name} 是另一个变量，外面的 ${name} 不会改变', en: 'this ${name} is another variable than the one outside, which stays as it is' },
    expected: { zh: '外层没有使用的变量名', en: 'a name that is not used outside' },
    next: { zh: '换一个名称；要把结果带出来，请用 "Output" 和外层的 "Assign"', en: 'Choose another name; hand a result out by "Output", and set the outer variable in the "Assign" outside' },
  },
  // Money on its way through the flow
  WORKFLOW_PAYMENT_UNCONFIRMED: {
    severity: 'warning',
    what: { zh: '付款之前没有确认{runs.zh}：{way}', en: 'a payment is taken that nobody confirmed{runs.en}: {way}' },
    expected: { zh: '每条路径上，在最后一次输入金额之后、付款之前，有 prompt:confirm', en: 'a prompt:confirm on every way, after the last prompt:amount and before the payment' },
    next: { zh: '在付款之前加一个 prompt:confirm；无人值守时由顾客确认', en: 'Put a prompt:confirm before the payment; where there is no merchant, the customer confirms' },
  },
  WORKFLOW_RECEIPT_UNPAID: {
    severity: 'error',
    what: { zh: '状态 {name} 打印签购单，但之前不可能有付款{runs.zh}', en: 'state {name} prints a receipt where nothing can have been paid{runs.en}' },
    expected: { zh: '付款成功之后的 printer:print', en: 'printer:print behind a payment' },
    next: { zh: '把 printer:print 移到付款之后', en: 'Move printer:print behind the payment' },
  },
  WORKFLOW_RECEIPT_TOO_SOON: {
    severity: 'warning',
    what: { zh: '状态 {name} 打印签购单，但有一条路径没有付款{runs.zh}：{way}', en: 'state {name} prints a receipt, and on one way nothing was paid{runs.en}: {way}' },
    expected: { zh: '每条路径上都在付款成功之后的 printer:print', en: 'printer:print behind a payment on every way' },
    next: { zh: '让未付款的路径绕过 printer:print', en: 'Lead the way without a payment past printer:print' },
  },
  WORKFLOW_SUCCESS_UNPAID: {
    severity: 'warning',
    what: { zh: '流程可能在没有付款的情况下成功结束：{way}', en: 'the sale succeeds though nothing was paid: {way}' },
    expected: { zh: '每条成功的路径上都有一次成功的付款', en: 'an approved payment on every way to a success' },
    next: { zh: '让没有付款的路径以 Fail 结束', en: 'Let the way without a payment end in a Fail state' },
  },
  WORKFLOW_PAYMENT_AGAIN: {
    severity: 'warning',
    what: {
      zh: '{name} 可能在已有付款成功之后再次收款，届时会以 Payment.ExceedsDue 失败{runs.zh}',
      en: '{name} can be reached after a payment that was approved, and fails with Payment.ExceedsDue then{runs.en}',
    },
    expected: { zh: '"Arguments" 中有 "dueMinor" 或 "saleReference"', en: '"dueMinor" or "saleReference" in "Arguments"' },
    next: {
      zh: '同一单分几次付：写上 "dueMinor"（应收总额）；每笔各是一单：写上 "saleReference"',
      en: 'For parts of one bill write "dueMinor", what is due in all; where each is a sale of its own, "saleReference"',
    },
  },
  WORKFLOW_PAYMENT_CIRCLE: {
    severity: 'warning',
    what: { zh: '{after.zh}后，{name} 可能在无人操作的情况下再次收款', en: '{name} can charge again after {after.en}, with nobody asked in between' },
    expected: { zh: '再次付款之前有人操作：提示、读卡或扫码', en: 'a prompt, or a card or code that is read, before the next payment' },
    next: { zh: '在循环中加一个提示，或用 "Retry" 写明次数', en: 'Put a prompt into the circle, or use "Retry" with a number of attempts' },
  },
  WORKFLOW_PAYMENT_UNBOUNDED: {
    severity: 'error',
    what: { zh: 'Map 状态 {name} 会同时收取不限笔数的款项', en: 'the Map {name} takes any number of payments at once' },
    expected: { zh: '"MaxConcurrency" 不小于 1，或常量的 "Items"', en: '"MaxConcurrency" of 1 or more, or constant "Items"' },
    next: { zh: '写上 "MaxConcurrency": 1', en: 'Write "MaxConcurrency": 1' },
  },
  WORKFLOW_PAYMENTS_AT_ONCE: {
    severity: 'warning',
    what: {
      zh: '{name} 会同时为同一单收几笔款：前一笔没有结果时，后一笔以 Payment.NotSent 失败',
      en: '{name} takes several payments of one sale at the same time: one that begins while another is undecided fails with Payment.NotSent',
    },
    expected: { zh: '依次付款，或每笔有自己的 "saleReference"', en: 'payments one after the other, or a "saleReference" for each' },
    next: {
      zh: '依次付款（Map 写上 "MaxConcurrency": 1）；每笔各是一单：写上 "saleReference"；要等前一笔：在 "Retry" 中写上 Payment.NotSent',
      en: 'Take them one after the other (a Map with "MaxConcurrency": 1); write "saleReference" where each is a sale of its own; or wait for the other one by a "Retry" of Payment.NotSent',
    },
  },
  // People who are asked
  WORKFLOW_PROMPT_NO_CANCEL: {
    severity: 'warning',
    what: { zh: '{name} 无法取消后继续：{why.zh}', en: '{name} can not be left by a cancel: {why.en}' },
    expected: { zh: '"Catch" 处理 "Terminal.Cancelled"，并通向结束', en: 'a "Catch" of "Terminal.Cancelled" that leads on to an end' },
    next: { zh: '加上 { "ErrorEquals": ["Terminal.Cancelled", "States.Timeout"], "Next": ... }', en: 'Add { "ErrorEquals": ["Terminal.Cancelled", "States.Timeout"], "Next": ... }' },
  },
  WORKFLOW_PROMPT_NO_TIMEOUT: {
    severity: 'warning',
    what: { zh: '{name}（{resource}）会一直等待，终端一直被占用', en: '{name} ({resource}) waits for ever, and keeps the terminal' },
    expected: { zh: '"TimeoutSeconds"', en: '"TimeoutSeconds"' },
    next: { zh: '加上 "TimeoutSeconds"，并用 "Catch" 处理 "States.Timeout"', en: 'Add "TimeoutSeconds", and a "Catch" for "States.Timeout"' },
  },
  WORKFLOW_SENSITIVE_LOST: {
    severity: 'warning',
    what: { zh: '重启后 {name} 得到的卡或付款码已失效：{why.zh}', en: 'after a restart {name} is given a card or code that is gone: {why.en}' },
    expected: { zh: '"Catch" 处理 "Sensitive.Lost"，回到读卡或扫码', en: 'a "Catch" of "Sensitive.Lost" that leads back to where it is read' },
    next: { zh: '加上 { "ErrorEquals": ["Sensitive.Lost"], "Next": {reader} }', en: 'Add { "ErrorEquals": ["Sensitive.Lost"], "Next": {reader} }' },
  },
  WORKFLOW_ERROR_UNCAUGHT: {
    severity: 'warning',
    what: { zh: '没有 "Catch" 处理 {resource} 的错误：{names}', en: 'nothing catches what {resource} can end with: {names}' },
    expected: { zh: '在这个状态或外层用 "Catch" 处理这些错误', en: 'a "Catch" for them, in this state or around it' },
    next: { zh: '写明这些错误之后去哪里，或用 "States.ALL"；不处理则交易以该错误结束', en: 'Say where it goes after them, or after "States.ALL"; uncaught they end the transaction' },
  },
  WORKFLOW_ERROR_NEVER_HERE: {
    severity: 'warning',
    what: { zh: '{state} 不会产生错误 {name}：{why.zh}', en: '{state} never ends with {name}: {why.en}' },
    expected: { zh: '这里可能产生的错误：{known}', en: 'an error that can happen here: {known}' },
    next: { zh: '改正名称，或删除它', en: 'Correct the name, or delete it' },
  },
  // Workflows that run others
  WORKFLOW_RUN_TARGET: {
    severity: 'error',
    what: { zh: 'workflow:run 没有写明要运行的流程', en: 'workflow:run does not name a workflow' },
    expected: { zh: '"Arguments" 中的常量 "workflow"', en: 'a constant "workflow" in "Arguments"' },
    next: { zh: '把流程名写成常量字符串，不能是表达式', en: 'Write the name as a constant string, not as an expression' },
  },
  WORKFLOW_UNKNOWN_WORKFLOW: {
    severity: 'error',
    what: { zh: '没有名为 {name} 的流程', en: 'there is no workflow {name}' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改正名称，或添加这个流程', en: 'Correct the name, or add the workflow' },
  },
  WORKFLOW_RECURSION: {
    severity: 'error',
    what: { zh: '流程绕回自身：{circle}', en: 'the workflow comes back to itself: {circle}' },
    expected: { zh: '不循环的 workflow:run', en: 'workflows that run each other without a circle' },
    next: { zh: '去掉这个调用；重复的步骤用 "Next" 或 Map', en: 'Take this call out; repeat steps by "Next" or Map' },
  },
  WORKFLOW_TARGET_REFUSED: {
    severity: 'error',
    what: { zh: '流程 {name} 本身有错误', en: 'workflow {name} has faults itself' },
    expected: { zh: '没有错误的流程', en: 'a workflow without faults' },
    next: { zh: '先改正 {name}', en: 'Mend {name} first' },
  },
  // Expressions
  WORKFLOW_EXPRESSION_SYNTAX: {
    severity: 'error',
    what: { zh: '表达式有语法错误（{why}）', en: 'the expression is not JSONata: {why}' },
    expected: { zh: '合法的 JSONata 表达式', en: 'a JSONata expression' },
    next: { zh: '改正这一处', en: 'Mend the expression at this place' },
  },
  WORKFLOW_EXPRESSION_TOO_LONG: {
    severity: 'error',
    what: { zh: '表达式太长或嵌套太深', en: 'the expression is too long or nested too deeply' },
    expected: { zh: '最多 {limit} 个字符', en: 'at most {limit} characters' },
    next: { zh: '分成几步，中间结果用 "Assign" 保存', en: 'Split it over several states, with "Assign" between' },
  },
  WORKFLOW_EXPRESSION_PARTIAL: {
    severity: 'warning',
    what: { zh: '这是普通文字，其中的 {% %} 不会计算', en: 'this is plain text: the {% %} in it is not evaluated' },
    expected: { zh: '整个字符串是一个 "{% ... %}"', en: 'the whole string as one "{% ... %}"' },
    next: { zh: '在表达式中用 & 连接文字，例如 "{% \'共 \' & $n %}"', en: 'Join texts inside the expression by &: "{% \'sum \' & $n %}"' },
  },
  WORKFLOW_UNKNOWN_FUNCTION: {
    severity: 'error',
    what: { zh: '没有函数 ${name}', en: 'there is no function ${name}' },
    expected: { zh: 'JSONata 的函数，或 $partition $range $hash $random $uuid $parse', en: 'a function of JSONata, or $partition $range $hash $random $uuid $parse' },
    next: { zh: '改正函数名', en: 'Correct the name of the function' },
  },
  WORKFLOW_FUNCTION_REFUSED: {
    severity: 'error',
    what: { zh: '函数 ${name} 不能使用', en: 'the function ${name} may not be used' },
    expected: { zh: '写明的表达式', en: 'an expression that can be checked as it stands' },
    next: { zh: '直接写出要计算的表达式；读取 JSON 文字用 $parse', en: 'Write the expression out; read JSON text by $parse' },
  },
  WORKFLOW_STATES_FIELD: {
    severity: 'error',
    what: { zh: '这里没有 $states.{field}', en: 'there is no $states.{field} here' },
    expected: { zh: '以下之一：{known}', en: 'one of: {known}' },
    next: { zh: '改用这里可用的字段；之前步骤的结果用 "Assign" 保存', en: 'Use what there is; keep what an earlier state gave by "Assign"' },
  },
  WORKFLOW_PATTERN_UNSAFE: {
    severity: 'error',
    what: { zh: '正则表达式无法在有限时间内匹配：{why}', en: 'the pattern can not be matched in bounded time: {why}' },
    expected: { zh: '不含前后查看和反向引用的正则表达式', en: 'a regular expression without look-around and back references' },
    next: { zh: '改写正则表达式', en: 'Write the pattern another way' },
  },
  WORKFLOW_TEXT_ARITHMETIC: {
    severity: 'error',
    what: { zh: '{operator} 的一边是文字，它只能计算数字', en: '{operator} has a text on one side, and takes numbers only' },
    expected: { zh: '两边都是数字；连接文字用 &', en: 'numbers on both sides; & joins texts' },
    next: { zh: '用 & 连接文字；先算数再连接时加括号', en: 'Join texts by &; put what is to be added first in brackets' },
  },
} as const satisfies Record<string, DiagnosticEntry>;

export type DiagnosticCode = keyof typeof DIAGNOSTICS;
