import { fileURLToPath } from 'node:url';
import type { CaseDecision } from '@tillwright/core/node';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CasesOptions } from './commands/cases.js';
import type { graph } from './commands/graph.js';
import type { hosts } from './commands/hosts.js';
import type { logShow } from './commands/log.js';
import type { simulate } from './commands/simulate.js';
import type { run } from './commands/run.js';
import { EXIT, type ExitCode } from './exit.js';
import { type Language, languageOf } from './language.js';

const exits = `
Exit codes:
  0  it succeeded
  1  the payment did not happen (declined, cancelled)
  2  wrong use, or a wrong workflow
  3  something is open and needs a person, or was paid by a flow that failed after it`;

const languageOption = (): Option => new Option('--lang <language>', 'language of what is shown').choices(['zh', 'en']).default(languageOf(process.env), 'by LANG');
const dataOption = (): Option => new Option('--data <dir>', "where the till's log and devices keep their data").default('.tillwright');
const whole = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};

const atLeastOne = (text: string): number => {
  const count = whole(text);
  if (count < 1) throw new InvalidArgumentError('It must be at least 1.');
  return count;
};

const sha256 = (text: string): string => {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError('It must have 64 hex digits.');
  return text.toLowerCase();
};

// Each command loads what it needs when it is called: reading a log takes no till, a till that is told of hosts takes no hosts.
let language: Language = languageOf(process.env);

const program = new Command('tillwright')
  .description('Payment workflows at a till: flows are free, money is safe.')
  .version('0.1.0')
  .showHelpAfterError('(--help shows how)')
  .addHelpText('after', exits)
  .exitOverride();

/** Whoever reads along may go (`| head`): what only tells ends then, what takes or decides payments goes on unheard. */
let goesOn = false;
for (const out of [process.stdout, process.stderr])
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!goesOn) process.exit(EXIT.unheard);
  });

const act =
  <A extends unknown[]>(work: (...args: A) => Promise<ExitCode>, { money = false } = {}) =>
  async (...args: A): Promise<void> => {
    goesOn = money;
    const options = args.find((each): each is A[number] & { lang: Language } => typeof each === 'object' && each !== null && 'lang' in each);
    if (options) language = options.lang;
    process.exitCode = await work(...args);
  };

program
  .command('run')
  .description('runs a workflow: a till in this terminal, or by a script')
  .argument('<workflow>', 'a file such as workflows/counter-sale.asl.json')
  .option('--script <file>', 'JSON: what merchant and customer do; without it, this terminal asks')
  .addOption(dataOption())
  .option('--hosts <file>', 'endpoints as `tillwright hosts` prints them; without it, hosts are simulated in this process')
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .option('--stay', 'sale after sale; a changed workflow file is checked when it is saved and serves the next one', false)
  .option('--key <key>', 'idempotency key: the same key is the same transaction')
  .option('--json', 'prints every durable event, receipts and the result as lines of JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (file: string, { lang, ...options }: Omit<Parameters<typeof run>[1], 'language'> & { lang: Language }) =>
    (await import('./commands/run.js')).run(file, { ...options, language: lang }), { money: true }));

program
  .command('check')
  .description('checks workflow files: every fault with its place and what to do')
  .argument('<files...>', 'workflow files')
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .option('--json', 'the same for editors and CI', false)
  .option('--strict', 'warnings count as errors', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (files: string[], { lang, ...options }: { config?: string; json: boolean; strict: boolean; lang: Language }) =>
    (await import('./commands/check.js')).check(files, { ...options, language: lang })));

program
  .command('explain')
  .description('tells what a code of a report or an error name means, why the rule is there, and what to do')
  .argument('<code>', 'such as WORKFLOW_PAYMENT_UNCONFIRMED or Payment.Declined')
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (code: string, { lang, ...options }: { config?: string; lang: Language }) => (await import('./commands/explain.js')).explain(code, { ...options, language: lang })));

program
  .command('graph')
  .description('draws a workflow with lanes, money steps and error paths; with --execution one transaction on it')
  .argument('[workflow]', 'a file such as workflows/counter-sale.asl.json; with --execution, a part that it ran')
  .addOption(new Option('--format <format>', 'what is written').choices(['svg', 'mermaid']).default('svg'))
  .option('--out <file>', 'where to; standard output without it')
  .option('--execution <id>', 'a transaction of the log, drawn with times on the definition that it ran')
  .addOption(dataOption())
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (file: string | undefined, { lang, ...options }: Omit<Parameters<typeof graph>[1], 'language'> & { lang: Language }) =>
    (await import('./commands/graph.js')).graph(file, { ...options, language: lang })));

program
  .command('schema')
  .description('prints the JSON Schema of workflow files for editors: every action with its arguments and errors')
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .addHelpText('after', '\nVS Code: `tillwright schema > .vscode/tillwright.schema.json`, and in settings.json "json.schemas" (see docs/editors.md).' + exits)
  .action(act(async (options: { config?: string }) => (await import('./commands/schema.js')).schema(options)));

program
  .command('test')
  .description('plays the scenarios beside workflows in virtual time, and says which states and transitions they walk')
  .argument('<files...>', 'scenario files such as workflows/quick-sale.scenarios.yaml, or folders of them')
  .option('--only <text>', 'only scenarios whose name holds this')
  .option('--update', 'writes what comes out into the files as what is expected', false)
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .option('--json', 'results and coverage as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', `
Exit codes:
  0  every scenario came out as expected
  1  one did not
  2  wrong use, or a faulty scenario file or workflow
  3  the hosts' books and the log do not agree`)
  .action(act(async (files: string[], { lang, ...options }: { update: boolean; only?: string; config?: string; json: boolean; lang: Language }) =>
    (await import('./commands/test.js')).test(files, { ...options, language: lang })));

program
  .command('hosts')
  .description('starts the simulated hosts, prints their endpoints as JSON, runs until stopped')
  .option('--data <dir>', 'where their ledgers and keys outlive a restart; without it they live in memory')
  .option('--acquirer-port <port>', 'a fixed port', whole)
  .option('--alipay-port <port>', 'a fixed port', whole)
  .option('--wechat-port <port>', 'a fixed port', whole)
  .addHelpText('after', '\nThe endpoints hold test keys. `tillwright hosts > hosts.json &` and `tillwright run ... --hosts hosts.json` go together.' + exits)
  .action(act(async (options: Parameters<typeof hosts>[0]) => (await import('./commands/hosts.js')).hosts(options), { money: true }));

program
  .command('demo')
  .description('hosts and till as processes of their own, payments by a script, and the books held against each other')
  .argument('<workflow>', 'a file such as workflows/counter-sale.asl.json')
  .requiredOption('--script <file>', 'JSON: what merchant and customer do')
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (workflow: string, { lang, script }: { lang: Language; script: string }) =>
    (await import('./commands/demo.js')).demo({ workflow, script, language: lang, bin: fileURLToPath(new URL('../bin/tillwright.js', import.meta.url)) }), { money: true }));

program
  .command('simulate')
  .description('runs tills in virtual time against hosts, networks and power that fail, and holds log and ledgers against each other')
  .option('--seed <number>', 'the same seed gives the same runs, byte for byte; each run takes the next one', whole, Date.now() % 1_000_000)
  .option('--runs <number>', 'how many', atLeastOne, 100)
  .option('--wire', "whole shops on the hosts' real wire bytes, with the workflows in ./workflows; without it, small flows against a host in memory", false)
  .option('--workflow <name>', "only one: with --wire a file, without it one of the simulation's own flows; `grown`: flows that nobody wrote, from the seed")
  .option('--config <file>', 'with --wire: plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .addOption(new Option('--faults <mix>', 'what may go wrong').choices(['all', 'none', 'network', 'crashes']).default('all'))
  .option('--json', 'the report as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async ({ lang, ...options }: Omit<Parameters<typeof simulate>[0], 'language'> & { lang: Language }) =>
    (await import('./commands/simulate.js')).simulate({ ...options, language: lang })));

const log = program.command('log').description('reads the event log').addHelpText('after', exits);
log
  .command('show')
  .description('prints the events')
  .addOption(dataOption())
  .option('--execution <id>', 'only this transaction, with its payments')
  .option('--json', 'records as lines of JSON', false)
  .addHelpText('after', exits)
  .action(act(async (options: Parameters<typeof logShow>[0]) => (await import('./commands/log.js')).logShow(options)));
log
  .command('verify')
  .description('verifies the whole chain and names the first bad record; changes nothing')
  .addOption(dataOption())
  .option('--anchor-seq <number>', 'a record that is known from elsewhere', atLeastOne)
  .option('--anchor-head <sha256>', "that record's hash", sha256)
  .option('--json', 'the verdict as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async ({ lang, ...options }: { data: string; json: boolean; lang: Language; anchorSeq?: number; anchorHead?: string }) =>
    (await import('./commands/log.js')).logVerify({ ...options, language: lang })));

type CaseOptions = Omit<CasesOptions, 'language'> & { readonly lang: Language };
const cases = program.command('cases').description('payments that wait for a person').addHelpText('after', exits);
cases
  .command('list')
  .description('lists the open cases; exit code 3 when there are any')
  .addOption(dataOption())
  .option('--json', 'cases as lines of JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async ({ lang, ...options }: CaseOptions) => (await import('./commands/cases.js')).casesList({ ...options, language: lang })));
cases
  .command('show')
  .description('tells what is known of a case and what was tried')
  .argument('<caseId>', 'as `cases list` names it')
  .addOption(dataOption())
  .option('--json', 'the same as JSON, with the records of the payment', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (caseId: string, { lang, ...options }: CaseOptions) => (await import('./commands/cases.js')).casesShow(caseId, { ...options, language: lang })));
cases
  .command('resolve')
  .description('writes down what a person decided, with name and reason; no till may run on the data meanwhile')
  .argument('<caseId>', 'as `cases list` names it')
  .addOption(new Option('--as <decision>', 'what the books of acquirer or wallet say').choices(['paid', 'not-paid', 'undone']).makeOptionMandatory())
  .option('--amount <amount>', 'with paid: what the books say was paid, where that is less than was asked for')
  .requiredOption('--by <name>', 'who decided')
  .requiredOption('--reason <text>', 'what it was decided upon')
  .addOption(dataOption())
  .option('--json', 'what was written, as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (caseId: string, { lang, ...options }: CaseOptions & Omit<CaseDecision, 'amountMinor'> & { amount?: string }) =>
    (await import('./commands/cases.js')).casesResolve(caseId, { ...options, language: lang }), { money: true }));
cases
  .command('acknowledge')
  .description("after a backup was restored: a terminal whose PIN pad knows a later log sells again, with its pad's numbers")
  .argument('<terminal>', 'as `cases list` names it')
  .requiredOption('--by <name>', 'who decided')
  .requiredOption('--reason <text>', 'what it was decided upon')
  .addOption(dataOption())
  .option('--json', 'what was written, as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(async (terminal: string, { lang, ...options }: CaseOptions & Pick<CaseDecision, 'by' | 'reason'>) =>
    (await import('./commands/cases.js')).casesAcknowledge(terminal, { ...options, language: lang }), { money: true }));

try {
  await program.parseAsync();
} catch (error) {
  const code = (error as { code?: string; exitCode?: number }).code ?? '';
  if (code.startsWith('commander.')) process.exitCode = (error as { exitCode: number }).exitCode === 0 ? EXIT.succeeded : EXIT.wrongUse;
  else process.exitCode = (await import('./report.js')).reportError(error, language);
}
