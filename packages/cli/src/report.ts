/** Errors and results, said to a person. */
import { diagnosticsOf, renderDiagnostics, TillwrightError, type ExecutionResult, type PaymentView, type Text, toDecimal } from '@tillwright/core';
import { EXIT, type ExitCode, isTold, UsageError } from './exit.js';
import { inLine, type Language, say } from './language.js';
import type { WorkflowSource } from './workflow-files.js';

/** What the system refused: a path, a right, a port. */
const isOfSystem = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error && 'code' in error;

/** After these something may be open. */
const STOPPED: ReadonlySet<string> = new Set(['LOG_DAMAGED', 'LOG_FAILED', 'LOG_UNREADABLE', 'SEALED_FAILED', 'SEALED_UNREADABLE', 'ENGINE_FAULT']);

/** Says what went wrong on standard error. @returns the exit code */
export const reportError = (error: unknown, language: Language, sources: { readonly [workflow: string]: WorkflowSource } = {}): ExitCode => {
  if (TillwrightError.is(error, 'WORKFLOW_INVALID')) {
    console.error(renderDiagnostics(diagnosticsOf(error), sources, { language, color: process.stderr.isTTY }));
    return EXIT.wrongUse;
  }
  if (isTold(error)) {
    console.error(`${error.code}: ${error.what ? say(language, error.what) : error.message}\n  ${say(language, error.hint)}`);
    return STOPPED.has(error.code) ? EXIT.open : EXIT.wrongUse;
  }
  if (isOfSystem(error)) {
    console.error(`tillwright: ${error.message}\n  ${say(language, texts.system)}`);
    return EXIT.wrongUse;
  }
  if (error instanceof UsageError || error instanceof RangeError) {
    console.error(`tillwright: ${error.message}`);
    return EXIT.wrongUse;
  }
  console.error(error instanceof Error ? (error.stack ?? error.message) : 'unexpected error');
  return EXIT.open;
};

const texts = {
  succeeded: { zh: '交易成功', en: 'Succeeded' },
  failed: { zh: '交易未完成', en: 'Not paid' },
  system: { zh: '请检查该路径、权限和磁盘空间', en: 'Look at the path, its rights and the room on its disk' },
  open: { zh: '有未决付款，需要人工处理', en: 'Something is open and needs a person' },
} as const satisfies Record<string, Text>;

/** A flow that fails behind a payment leaves it paid: whoever hears that nothing happened takes it once more. */
export const exitCodeOf = (result: ExecutionResult, { payments, openCases }: Pick<Around, 'payments' | 'openCases'>): ExitCode => {
  if (openCases > 0 || (result.status === 'failed' && payments.some(isPaid)) || (result.status === 'failed' && result.unsettled.length > 0)) return EXIT.open;
  return result.status === 'succeeded' ? EXIT.succeeded : EXIT.notPaid;
};

/** What a result is told with: its transaction's payments, and the names of the methods. */
export interface Around {
  readonly payments: readonly PaymentView[];
  readonly methods: readonly { readonly id: string; readonly label: Text }[];
  /** Of the whole till. */
  readonly openCases: number;
}

const isPaid = ({ state }: PaymentView): boolean => state === 'paid';

/** One line of how it ended: what was paid and how, and the cashier's hint where there is one. */
export const describeResult = (result: ExecutionResult, language: Language, { payments, methods, openCases }: Around): string => {
  const isOpen = openCases > 0 || (result.status === 'failed' && result.unsettled.length > 0);
  const open = isOpen ? ` — ${say(language, texts.open)}` : '';
  const paid = payments.filter(isPaid).map(({ method, currency, amountMinor, references }) => {
    const label = methods.find(({ id }) => id === method)?.label;
    return `${label ? say(language, label) : method} ${currency} ${toDecimal({ amountMinor, currency })} ${references.at(-1) ?? ''}`.trimEnd();
  }).join(', ');
  if (result.status === 'failed') {
    const head = paid === '' ? texts.failed : { zh: `已收款（${paid}），但流程未走完`, en: `Paid (${paid}), but the flow failed` };
    return `${say(language, head)}: ${`${causeText(result.cause, language)} (${inLine(result.error)})`.trimStart()}${open}`;
  }
  return `${say(language, texts.succeeded)}${paid === '' ? '' : `: ${paid}`}${open}`;
};

const causeText = (cause: string, language: Language): string => {
  try {
    const parsed = JSON.parse(cause) as { message?: string; hint?: Text };
    return parsed.hint ? say(language, parsed.hint) : inLine(parsed.message ?? cause);
  } catch {
    return inLine(cause);
  }
};
