import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { check } from './commands/check.js';
import { demo } from './commands/demo.js';
import { hosts } from './commands/hosts.js';
import { logShow, logVerify } from './commands/log.js';
import { run } from './commands/run.js';
import { EXIT, type ExitCode } from './exit.js';
import { type Language, languageOf } from './language.js';
import { reportError } from './report.js';

const exits = `
Exit codes:
  0  it succeeded
  1  the payment did not happen (declined, cancelled)
  2  wrong use, or a wrong workflow
  3  something is open and needs a person`;

const languageOption = (): Option => new Option('--lang <language>', 'language of what is shown').choices(['zh', 'en']).default(languageOf(process.env), 'by LANG');
const dataOption = (): Option => new Option('--data <dir>', "where the till's log and devices keep their data").default('.tillwright');
const whole = (text: string): number => {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
};

let language: Language = languageOf(process.env);

const program = new Command('tillwright')
  .description('Payment workflows at a till: flows are free, money is safe.')
  .version('0.1.0')
  .showHelpAfterError('(--help shows how)')
  .addHelpText('after', exits)
  .exitOverride();

const act =
  <A extends unknown[]>(work: (...args: A) => Promise<ExitCode>) =>
  async (...args: A): Promise<void> => {
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
  .option('--key <key>', 'idempotency key: the same key is the same transaction')
  .option('--json', 'prints every durable event, receipts and the result as lines of JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act((file: string, { lang, ...options }: Omit<Parameters<typeof run>[1], 'language'> & { lang: Language }) => run(file, { ...options, language: lang })));

program
  .command('check')
  .description('checks workflow files: every fault with its place and what to do')
  .argument('<files...>', 'workflow files')
  .option('--config <file>', 'plugins of your own; otherwise ./tillwright.config.mjs where there is one')
  .option('--json', 'the same for editors and CI', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act((files: string[], { lang, ...options }: { config?: string; json: boolean; lang: Language }) => check(files, { ...options, language: lang })));

program
  .command('hosts')
  .description('starts the simulated hosts, prints their endpoints as JSON, runs until stopped')
  .option('--data <dir>', 'where their ledgers and keys outlive a restart; without it they live in memory')
  .option('--acquirer-port <port>', 'a fixed port', whole)
  .option('--alipay-port <port>', 'a fixed port', whole)
  .option('--wechat-port <port>', 'a fixed port', whole)
  .addHelpText('after', '\nThe endpoints hold test keys. `tillwright hosts > hosts.json &` and `tillwright run ... --hosts hosts.json` go together.' + exits)
  .action(act((options: Parameters<typeof hosts>[0]) => hosts(options)));

program
  .command('demo')
  .description('hosts and till as processes of their own, payments by a script, and the books held against each other')
  .argument('<workflow>', 'a file such as workflows/counter-sale.asl.json')
  .requiredOption('--script <file>', 'JSON: what merchant and customer do')
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act((workflow: string, { lang, script }: { lang: Language; script: string }) => demo({ workflow, script, language: lang, bin: fileURLToPath(new URL('../bin/tillwright.js', import.meta.url)) })));

const log = program.command('log').description('reads the event log').addHelpText('after', exits);
log
  .command('show')
  .description('prints the events')
  .addOption(dataOption())
  .option('--execution <id>', 'only this transaction, with its payments')
  .option('--json', 'records as lines of JSON', false)
  .addHelpText('after', exits)
  .action(act((options: Parameters<typeof logShow>[0]) => logShow(options)));
log
  .command('verify')
  .description('verifies the whole chain and names the first bad record; changes nothing')
  .addOption(dataOption())
  .option('--anchor-seq <number>', 'a record that is known from elsewhere', whole)
  .option('--anchor-head <sha256>', "that record's hash")
  .option('--json', 'the verdict as JSON', false)
  .addOption(languageOption())
  .addHelpText('after', exits)
  .action(act(({ lang, ...options }: { data: string; json: boolean; lang: Language; anchorSeq?: number; anchorHead?: string }) => logVerify({ ...options, language: lang })));

try {
  await program.parseAsync();
} catch (error) {
  const code = (error as { code?: string; exitCode?: number }).code ?? '';
  if (code.startsWith('commander.')) process.exitCode = (error as { exitCode: number }).exitCode === 0 ? EXIT.succeeded : EXIT.wrongUse;
  else process.exitCode = reportError(error, language);
}
