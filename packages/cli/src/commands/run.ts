import { readFile } from 'node:fs/promises';
import { alarmText, type ExecutionResult, renderDiagnostics, type Text, type Till } from '@tillwright/core';
import { loadConfig } from '../config.js';
import { type Counter, openCounter, readEndpoints, TERMINAL } from '../counter.js';
import { EXIT, type ExitCode, UsageError } from '../exit.js';
import { type Language, say } from '../language.js';
import { describeResult, exitCodeOf } from '../report.js';
import type { Payer, Screen } from '../screen/interactive.js';
import { answerByScript } from '../screen/scripted.js';
import type { Change } from '../watch.js';
import { readWorkflows, workflowName } from '../workflow-files.js';

export interface RunOptions {
  readonly script?: string;
  readonly data: string;
  readonly hosts?: string;
  readonly config?: string;
  readonly key?: string;
  /** Sale after sale, on the workflow as it stands when each begins. */
  readonly stay?: boolean;
  readonly json: boolean;
  readonly language: Language;
}

/** How long the end waits for undos that are under way before it calls them open. */
const SETTLE_MS = 20_000;

const texts = {
  opening: { zh: '正在打开收银台…', en: 'Opening the till...' },
  recovered: { zh: '上次未完成的交易正在继续', en: 'Going on with a transaction that was not finished' },
  watching: { zh: '流程文件有改动时，检查通过后下一笔就用新的：', en: 'A sound change serves the next sale. Watching: ' },
  taken: { zh: '流程已更新，下一笔起使用：', en: 'Changed; the next sale runs on it: ' },
  refused: { zh: '改动有误，没有采用；收银台继续使用原来的版本。', en: 'The change was refused; the till goes on with the version it has.' },
  unwatched: { zh: '无法监视流程文件：改动要重新打开收银台后才生效。', en: 'The workflow files can not be watched: a change serves once the till is opened anew.' },
  settling: { zh: '正在撤销未决付款…', en: 'Undoing what is not settled...' },
} as const satisfies Record<string, Text>;

/** A till in the terminal, or by a script. @returns the exit code */
export const run = async (file: string, options: RunOptions): Promise<ExitCode> => {
  const { language, json } = options;
  if (options.stay && (options.script !== undefined || options.key !== undefined)) throw new UsageError('--stay goes with neither --script nor --key / --stay 不能与 --script 或 --key 同用');
  const workflows = await readWorkflows([file]);
  const workflow = workflowName(file);
  const script = options.script === undefined ? undefined : await readScript(options.script);
  if (script === undefined && !process.stdin.isTTY) throw new UsageError('a till needs a terminal, or a script: --script <file> / 需要终端，或用 --script 指定脚本');
  const announce = (text: Text): void => {
    if (!json) console.log(say(language, text));
  };
  announce(texts.opening);
  // Loaded before the till is open: from then on its prompts want to be heard.
  const screen = script === undefined ? await import('../screen/interactive.js') : undefined;
  const counter = await openCounter({
    data: options.data,
    workflows,
    config: await loadConfig(options.config),
    ...(options.hosts === undefined ? {} : { endpoints: await readEndpoints(options.hosts) }),
    ...(script === undefined ? {} : { script }),
  });
  const { till, world } = counter;
  let watching: { close(): Promise<void> } | undefined;
  try {
    let gap: unknown;
    const shown = script === undefined ? screen?.showInteractively(till, world, language, phoneOf(counter)) : undefined;
    if (script === undefined) {
      if (options.stay && shown) watching = await watchFrom(file, workflows, till, shown, options);
    } else answerByScript(till, world, (line) => (json ? undefined : console.log(`  ${line}`)), (error) => (gap ??= error));
    tell(counter, options);
    let exit: ExitCode = EXIT.succeeded;
    for (const { executionId, status } of till.executions().filter((each) => each.status === 'running')) {
      if (status === 'running') announce(texts.recovered);
      exit = worse(exit, await end(till, await (await till.get(executionId)).result, options));
    }
    let played = 0;
    do {
      const input = world.transactions[played]?.input ?? {};
      played += 1;
      const sale = await till.start({ terminal: TERMINAL, workflow, input, ...(options.key === undefined ? {} : { key: options.key }) });
      exit = worse(exit, await end(till, await sale.result, options));
    } while (gap === undefined && (options.stay ? await shown?.next() : world.scripted && world.nextTransaction()));
    if (gap !== undefined) throw gap;
    // A till that was open all day has seen sales that came to nothing; what is open still needs a person.
    return options.stay && exit !== EXIT.open ? EXIT.succeeded : exit;
  } finally {
    await watching?.close();
    // What prints while its flow goes on would wait for the next opening.
    await till.printOwed(TERMINAL).catch(() => {});
    await counter.close();
  }
};

const watchFrom = async (file: string, known: Awaited<ReturnType<typeof readWorkflows>>, till: Till, screen: Screen, { language, json }: RunOptions): Promise<{ close(): Promise<void> }> => {
  const { watchWorkflows } = await import('../watch.js');
  const report = ({ diagnostics, sources }: Exclude<Change, { error: unknown }>): string => (diagnostics.length > 0 ? `${renderDiagnostics(diagnostics, sources, { language, color: process.stdout.isTTY })}\n` : '');
  const told = (change: Change): void => {
    if (json) console.log(JSON.stringify({ change: 'error' in change ? { is: change.is } : { is: change.is, diagnostics: change.diagnostics } }));
    else if (change.is === 'taken') screen.notice(`\n${report(change)}✓ ${say(language, texts.taken)}${change.workflows.join(', ')}`);
    else if (change.is === 'refused') screen.notice(`\n${report(change)}✗ ${say(language, texts.refused)}`);
    else screen.notice(`\n${change.error instanceof Error ? change.error.message : 'error'}\n✗ ${say(language, change.is === 'unwatched' ? texts.unwatched : texts.refused)}`);
  };
  const watching = await watchWorkflows(file, { till, known, told });
  if (!json) console.log(`${say(language, texts.watching)}${file}`);
  return watching;
};

/** The customer's phone: tells the simulated wallet that the QR of the payment in hand was scanned. */
const phoneOf =
  ({ till, endpoints }: Counter): Payer =>
  async (prompt, outcome) => {
    const payment = (await till.get(prompt.executionId)).payments.at(-1);
    const control = payment?.method === 'alipay' ? endpoints.alipay?.control : payment?.method === 'wechat' ? endpoints.wechat?.control : undefined;
    const reference = payment?.references.at(-1);
    if (control === undefined || reference === undefined) return false;
    const heard = await fetch(`${control}/scan`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reference, outcome }) });
    if (!heard.ok) throw new Error(((await heard.json()) as { message: string }).message);
    return true;
  };

const worse = (a: ExitCode, b: ExitCode): ExitCode => (a > b ? a : b);

const readScript = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`can't read the script ${file} (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
};

/** Receipts as they come out, alarms, and with --json every durable event. */
const tell = ({ till, world }: Counter, { json, language }: RunOptions): void => {
  world.on('receipt', ({ id, copy, reprint, text }) => console.log(json ? JSON.stringify({ receipt: { id, copy, reprint, text } }) : `\n${text}`));
  till.on('alarm', (alarm) => {
    const { what, next } = alarmText(alarm);
    console.error(json ? JSON.stringify({ alarm }) : `! ${say(language, what)} (${alarm.kind})\n  ${say(language, next)}`);
  });
  if (json) till.on('event', (record) => console.log(JSON.stringify({ event: record })));
};

const end = async (till: Till, result: ExecutionResult, { json, language }: RunOptions): Promise<ExitCode> => {
  const undoing = (): boolean => till.payments().some(({ state }) => state === 'being-undone' || state === 'undecided');
  if (undoing()) {
    if (!json) console.log(say(language, texts.settling));
    await settled(till, undoing);
  }
  const { payments } = await till.get(result.executionId);
  const left = result.status === 'failed' ? { ...result, unsettled: payments.filter(({ state }) => state === 'being-undone' || state === 'undecided' || state === 'case') } : result;
  const around = { payments, methods: till.catalogue.methods, openCases: till.cases().length };
  console.log(json ? JSON.stringify({ result: left }) : describeResult(left, language, around));
  return exitCodeOf(left, around);
};

const settled = (till: Till, undoing: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      till.off('event', look);
      resolve();
    };
    const look = (): void => {
      if (!undoing()) done();
    };
    const timer = setTimeout(done, SETTLE_MS);
    till.on('event', look);
    look();
  });
