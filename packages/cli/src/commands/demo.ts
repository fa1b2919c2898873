import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Text, toDecimal } from '@tillwright/core';
import { verifyLog } from '@tillwright/core/node';
import type { Endpoints } from '@tillwright/host-sim';
import Table from 'cli-table3';
import { dataDirs } from '../data-dirs.js';
import { EXIT, type ExitCode, unreadable, UsageError } from '../exit.js';
import { type Language, say } from '../language.js';
import { reconcile } from './reconcile.js';

const texts = {
  hosts: { zh: '启动三个模拟主机（收单、支付宝、微信支付）…', en: 'Starting three simulated hosts (acquirer, Alipay, WeChat Pay)...' },
  sales: { zh: '按脚本收三笔款…', en: 'Taking three payments by the script...' },
  table: { zh: '主机账与事件日志对账', en: "Each host's own ledger beside the event log" },
  log: { zh: '事件日志校验', en: 'The event log' },
  sound: { zh: '完整', en: 'sound' },
  agrees: { zh: '一致', en: 'agrees' },
  differs: { zh: '不一致', en: 'DIFFERS' },
  kept: { zh: '数据保存在', en: 'Everything is kept in' },
} as const satisfies Record<string, Text>;

/** The hosts as a process of their own; resolves once they print their endpoints. */
const startHosts = (bin: string, data: string): Promise<{ child: ChildProcess; endpoints: Endpoints }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, 'hosts', '--data', data], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TILLWRIGHT_STOP_WITH_STDIN: '1' } });
    child.once('error', reject);
    child.once('exit', (code) => reject(new UsageError(`the simulated hosts ended with ${code ?? 'a signal'}`)));
    createInterface({ input: child.stdout }).once('line', (line) => resolve({ child, endpoints: JSON.parse(line) as Endpoints }));
  });

const ended = (child: ChildProcess): Promise<number> => new Promise((resolve) => child.once('exit', (code) => resolve(code ?? EXIT.open)));

/** Hosts and till as processes of their own, three payments, receipts, and the books held against each other. */
export const demo = async (options: { workflow: string; script: string; language: Language; bin: string }): Promise<ExitCode> => {
  const { language, bin } = options;
  for (const file of [options.workflow, options.script]) {
    await access(file).catch((error: unknown) => {
      throw unreadable(file, error);
    });
  }
  const data = await mkdtemp(join(tmpdir(), 'tillwright-demo-'));
  const dirs = dataDirs(data);
  console.log(say(language, texts.hosts));
  const { child: hosts, endpoints } = await startHosts(bin, dirs.hosts);
  try {
    const file = join(data, 'endpoints.json');
    await writeFile(file, JSON.stringify(endpoints), { mode: 0o600 });
    console.log(say(language, texts.sales));
    const till = spawn(process.execPath, [bin, 'run', options.workflow, '--script', options.script, '--hosts', file, '--data', data, '--lang', language], { stdio: ['ignore', 'inherit', 'inherit'] });
    const code = await ended(till);
    // The till has said why it did not open.
    if (code === EXIT.wrongUse && !existsSync(dirs.log)) return code;
    const rows = await reconcile(dirs.log, endpoints);
    const verdict = await verifyLog(dirs.log);
    console.log(`\n${say(language, texts.table)}`);
    console.log(table(rows, language));
    const approved = rows.filter((row) => row.agrees && row.log === 'approved');
    const hostsPaid = new Set(approved.map(({ host }) => host)).size;
    const allAgree = rows.every((row) => row.agrees) && hostsPaid === 3;
    console.log(`${say(language, texts.log)}: ${verdict.ok ? `${say(language, texts.sound)}, ${verdict.records} records, head ${verdict.head.slice(0, 16)}…` : `${verdict.file}:${verdict.line} ${verdict.why}`}`);
    console.log(`${say(language, texts.kept)} ${data}`);
    return code === EXIT.succeeded && allAgree && verdict.ok ? EXIT.succeeded : EXIT.open;
  } finally {
    const gone = ended(hosts);
    hosts.stdin?.end();
    await gone;
  }
};

const table = (rows: Awaited<ReturnType<typeof reconcile>>, language: Language): string => {
  const heads: Text[] = [
    { zh: '主机', en: 'Host' },
    { zh: '交易号', en: 'Reference' },
    { zh: '金额', en: 'Amount' },
    { zh: '主机账', en: 'Ledger' },
    { zh: '日志', en: 'Log' },
    { zh: '', en: '' },
  ];
  const drawn = new Table({ head: heads.map((head) => say(language, head)), style: { head: [], border: [] } });
  for (const row of rows) {
    drawn.push([row.host, row.reference, `RMB ${toDecimal({ amountMinor: row.amountMinor, currency: 'CNY' })}`, row.ledger, row.log, say(language, row.agrees ? texts.agrees : texts.differs)]);
  }
  return drawn.toString();
};
