import { type EventRecord, fromDecimal, type PaymentEvent, type Text, TillwrightError, toDecimal } from '@tillwright/core';
import { acknowledgeLog, type CaseAttempt, type CaseDecision, type CaseFile, caseOf, casesOf, heldOf, resolveCase } from '@tillwright/core/node';
import { logDir } from '../data-dirs.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { inLine, type Language, say } from '../language.js';

export interface CasesOptions {
  readonly data: string;
  readonly json: boolean;
  readonly language: Language;
}

const texts = {
  none: { zh: '没有待处理事项', en: 'No case waits for a person' },
  open: { zh: '待处理', en: 'open' },
  next: {
    zh: '先在收单机构或钱包的商户平台核实，再运行 tillwright cases resolve <编号> --as paid|not-paid|undone --by <姓名> --reason <理由>（账上金额不同时加 --amount <金额>）',
    en: "Look at the acquirer's or wallet's own books first, then: tillwright cases resolve <case> --as paid|not-paid|undone --by <name> --reason <text> (with --amount <amount> where the books hold another)",
  },
  case: { zh: '事项', en: 'Case' },
  why: { zh: '原因', en: 'Why' },
  opened: { zh: '开立时间', en: 'Opened' },
  resolved: { zh: '处理结果', en: 'Resolved' },
  payment: { zh: '支付', en: 'Payment' },
  terminal: { zh: '终端', en: 'Terminal' },
  sale: { zh: '订单', en: 'Sale' },
  method: { zh: '支付方式', en: 'Method' },
  amount: { zh: '金额', en: 'Amount' },
  brought: { zh: '顾客出示', en: 'Customer brought' },
  known: { zh: '主机告知', en: 'The host told' },
  attempts: { zh: '各次请求', en: 'Attempts' },
  inQuestion: { zh: '← 待核实', en: '<- in question' },
  tried: { zh: '已做的处理', en: 'What was tried' },
  written: { zh: '已记录', en: 'Written down' },
  locked: {
    zh: '收银程序正在使用这份日志：先关闭它，处理事项，再重新打开；它会从日志处继续',
    en: 'A running till holds this log: close it, resolve the case, open it again; it goes on where the log says',
  },
} as const satisfies Record<string, Text>;

/** Lists what waits for a person. @returns 3 when something does */
export const casesList = async ({ data, json, language }: CasesOptions): Promise<ExitCode> => {
  const open = await casesOf(logDir(data));
  const held = (await heldOf(logDir(data))).map((terminal) => new TillwrightError('LOG_RESTORED', { terminal }));
  if (json) {
    for (const { code, details } of held) console.log(JSON.stringify({ code, ...details }));
    for (const { records: _records, ...file } of open) console.log(JSON.stringify(file));
  } else if (open.length + held.length === 0) console.log(say(language, texts.none));
  else {
    for (const { what, hint } of held) console.log(`! ${say(language, what)}\n  ${say(language, hint)}`);
    for (const file of open) {
      const head = `${file.caseId}  ${time(file.openedAt)}  ${file.method}  ${amountOf(file)}  ${file.attempts.map(({ reference }) => reference).join(', ')}`;
      console.log([head, file.why, ...undoneOf(file, language)].map(inLine).join('\n  '));
    }
    if (open.length > 0) console.log(say(language, texts.next));
  }
  return open.length + held.length === 0 ? EXIT.succeeded : EXIT.open;
};

/** Tells all that the log knows of a case. @throws CASE_UNKNOWN */
export const casesShow = async (caseId: string, { data, json, language }: CasesOptions): Promise<ExitCode> => {
  const file = await knownCase(caseId, data);
  console.log(json ? JSON.stringify(file) : describe(file, language));
  return EXIT.succeeded;
};

/**
 * Writes a person's decision into the log.
 * @throws CASE_UNKNOWN, CASE_NEEDS_REASON, CASE_AMOUNT, CASE_UNDONE, LOG_*, UsageError; while a till runs it is told what to do, and 2 is returned
 */
export const casesResolve = async (caseId: string, options: CasesOptions & Omit<CaseDecision, 'amountMinor'> & { readonly amount?: string | undefined }): Promise<ExitCode> => {
  const { data, json, language, as, amount, by, reason } = options;
  const file = await knownCase(caseId, data);
  const decision: CaseDecision = { as, ...(amount === undefined ? {} : { amountMinor: minorOf(amount, file) }), by, reason };
  await unlocked(resolveCase(logDir(data), caseId, decision));
  console.log(json ? JSON.stringify({ caseId, ...decision }) : `${say(language, texts.written)}: ${caseId} ${decided(decision, file.currency, language)} (${by}: ${reason})`);
  return EXIT.succeeded;
};

/**
 * Writes down that a person has seen that a terminal's log is not the one that its PIN pad knows: the terminal sells again.
 * @throws as casesResolve; TERMINAL_NOT_HELD
 */
export const casesAcknowledge = async (terminal: string, { data, json, language, by, reason }: CasesOptions & Pick<CaseDecision, 'by' | 'reason'>): Promise<ExitCode> => {
  await unlocked(acknowledgeLog(logDir(data), terminal, { by, reason }));
  console.log(json ? JSON.stringify({ terminal, by, reason }) : `${say(language, texts.written)}: ${terminal} (${by}: ${reason})`);
  return EXIT.succeeded;
};

const knownCase = async (caseId: string, data: string): Promise<CaseFile> => {
  const file = await caseOf(logDir(data), caseId);
  if (!file) throw new TillwrightError('CASE_UNKNOWN', { case: caseId });
  return file;
};

const unlocked = async (work: Promise<void>): Promise<void> => {
  try {
    await work;
  } catch (error) {
    if (TillwrightError.is(error, 'LOG_LOCKED')) throw Object.assign(new Error(error.message, { cause: error }), { code: error.code, what: error.what, hint: texts.locked });
    throw error;
  }
};

const decisions: { readonly [as in CaseDecision['as']]: Text } = {
  paid: { zh: '已收款', en: 'paid' },
  'not-paid': { zh: '未收款', en: 'not paid' },
  undone: { zh: '已撤销', en: 'undone' },
};

const decided = ({ as, amountMinor }: Pick<CaseDecision, 'as' | 'amountMinor'>, currency: string, language: Language): string =>
  [say(language, decisions[as]), ...(amountMinor === undefined ? [] : [amountOf({ amountMinor, currency })])].join(' ');

const time = (at: number): string => new Date(at).toISOString();
const amountOf = ({ amountMinor, currency }: Pick<CaseFile, 'amountMinor' | 'currency'>): string => `${currency} ${toDecimal({ amountMinor, currency })}`;

/** What a person writes: never in minor units, though core asks programs for them. */
const minorOf = (amount: string, { amountMinor, currency }: Pick<CaseFile, 'amountMinor' | 'currency'>): number => {
  try {
    return fromDecimal(amount, currency).amountMinor;
  } catch (error) {
    const example = toDecimal({ amountMinor, currency });
    throw new UsageError(`--amount is in ${currency}, written like ${example} / --amount 以 ${currency} 为单位，写法如 ${example}`, { cause: error });
  }
};

/** Nobody is to pay back by hand what the host has given back. */
const undoneOf = ({ undone }: CaseFile, language: Language): string[] => {
  if (!undone) return [];
  const [since, proof] = [time(undone.at), undone.proof];
  return [say(language, { zh: `主机已于 ${since} 确认撤销（${proof}）：无需再退款，请处理为已撤销（undone）`, en: `The host has undone it since ${since} (${proof}): nothing is left to be paid back, resolve it as undone` })];
};

const describe = (file: CaseFile, language: Language): string => {
  const line = (label: Text, value: string): string => `${say(language, label)}: ${inLine(value)}`;
  const list = (label: Text, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [`${say(language, label)}:`, ...lines.map((each) => `  ${inLine(each)}`)]);
  const { resolved } = file;
  return [
    line(texts.case, file.caseId),
    line(texts.why, file.why),
    line(texts.opened, time(file.openedAt)),
    line(texts.resolved, resolved ? `${decided(resolved, file.currency, language)}, ${resolved.by}, ${time(resolved.at)}: ${resolved.reason}` : say(language, texts.open)),
    ...(resolved ? [] : undoneOf(file, language)),
    line(texts.payment, file.paymentId),
    line(texts.sale, file.saleReference),
    line(texts.terminal, file.terminalId),
    line(texts.method, file.method),
    line(texts.amount, amountOf(file)),
    ...list(texts.brought, file.brought.map((view) => JSON.stringify(view))),
    ...list(texts.known, file.facts.map(({ label, value }) => `${say(language, label)}: ${value}`)),
    ...list(texts.attempts, file.attempts.map((attempt) => `${attemptLine(attempt, file.currency)}${attempt.attempt === file.attempt ? `  ${say(language, texts.inQuestion)}` : ''}`)),
    ...list(texts.tried, file.records.map((record) => trailLine(record, file.currency, language)).filter((text) => text !== undefined)),
    ...(resolved ? [] : [say(language, texts.next)]),
  ].join('\n');
};

const attemptLine = ({ attempt, operation, reference, amountMinor, fate, submittedAt, undoes }: CaseAttempt, currency: string): string =>
  `${attempt}. ${operation} ${reference} ${amountOf({ amountMinor, currency })} ${time(submittedAt)} -> ${fate}${undoes === undefined ? '' : ` (of ${undoes})`}`;

/** One event as a line; what a receipt owes is no part of the case. */
const trailLine = ({ at, event }: EventRecord<PaymentEvent>, currency: string, language: Language): string | undefined => {
  const told = tell(event, currency);
  return told && `${time(at)} ${say(language, told)}`;
};

const tell = (event: PaymentEvent, currency: string): Text | undefined => {
  switch (event.type) {
    case 'paymentPrepared': {
      const what = `${event.request.operation} ${event.prepared.reference}`;
      return { zh: `发送 ${what}`, en: `sent ${what}` };
    }
    case 'paymentAnswered': {
      const heard = answerOf(event.answer);
      return { zh: `${questions[event.to].zh} ${event.try}：${heard}`, en: `${questions[event.to].en} ${event.try}: ${heard}` };
    }
    case 'paymentCompleted':
      return { zh: `卡片：${event.completion.outcome}`, en: `card: ${event.completion.outcome}` };
    case 'paymentGivenUp':
      return { zh: `流程已放弃（${event.why}），应答后撤销`, en: `given up (${event.why}), to be undone once it is answered` };
    case 'paymentCondemned':
      return { zh: `决定撤销（${event.why}）：${event.remedy.do}`, en: `to be undone (${event.why}): ${event.remedy.do}` };
    case 'paymentUndoAnswered': {
      const heard = answerOf(event.answer);
      return { zh: `撤销 ${event.try}：${heard}`, en: `undo ${event.try}: ${heard}` };
    }
    case 'paymentContradicted':
      return { zh: `已知 ${event.known}，又收到 ${event.heard.outcome}`, en: `known as ${event.known}, then heard ${event.heard.outcome}` };
    case 'caseOpened':
      return { zh: `开立事项：${event.why}`, en: `case opened: ${event.why}` };
    case 'caseResolved':
      return { zh: `${event.by} 处理为${decided(event, currency, 'zh')}：${event.reason}`, en: `resolved as ${decided(event, currency, 'en')} by ${event.by}: ${event.reason}` };
    case 'adviceAnswered':
      return { zh: `送达通知 ${event.try}：${event.result}`, en: `advice ${event.try}: ${event.result}` };
    case 'paymentCommitted':
      return { zh: '已确认收款', en: 'committed' };
    default:
      return undefined;
  }
};

const questions = {
  submit: { zh: '应答', en: 'answer' },
  inquire: { zh: '查询', en: 'inquiry' },
  watch: { zh: '复查', en: 'look again' },
  late: { zh: '迟到的应答', en: 'late answer' },
} as const satisfies Record<string, Text>;

type Heard = Extract<PaymentEvent, { type: 'paymentAnswered' | 'paymentUndoAnswered' }>['answer'];
/** The answer's own words, as the plugin wrote them down. */
const answerOf = (answer: Heard): string => {
  const more = [
    'reason' in answer ? answer.reason : undefined,
    'code' in answer ? answer.code : undefined,
    'proof' in answer ? answer.proof : undefined,
    'waitingFor' in answer ? answer.waitingFor : undefined,
    'why' in answer ? answer.why : undefined,
  ].filter((each) => each !== undefined);
  return [answer.outcome, ...more].join(', ');
};
