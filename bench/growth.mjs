/**
 * What history costs: a log of so many closed transactions, written by the real encoder, then opened in processes of their own.
 *
 *     npm run bench -- --growth [--transactions 1000000] [--open 10000] [--json] [--dir <directory>]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStorage, verifyLog } from '@tillwright/core/node';
import Table from 'cli-table3';
import { machine } from './measure.mjs';
import { workflowHash, workflowText } from './growth-till.mjs';

const CHILD = fileURLToPath(new URL('./growth-child.mjs', import.meta.url));
/** Transactions to a line: about what one write takes where fifty tills are busy. */
const BATCH = 20;

const started = (n, terminal) => ({
  stream: `x/x${n}`,
  event: { type: 'executionStarted', executionId: `x${n}`, key: `order-${n}`, terminal, workflow: 'sale', pins: { sale: workflowHash }, plugins: { 'bench-growth': '1.0.0' }, input: { amountMinor: 1000 + (n % 5000), key: `order-${n}` } },
});

const left = (stream, next) => ({ stream, event: { type: 'stepLeft', step: 'WhichWay#1', next, output: {} } });

/** A sale as the engine writes it, from its start to its end. */
const transaction = (n) => {
  const x = `x/x${n}`;
  const paymentId = `x${n}/Pay#1`;
  const p = `p/${paymentId}`;
  const amount = { amountMinor: 1000 + (n % 5000), currency: 'CNY' };
  const request = { paymentId, attempt: 1, operation: 'sale', amount, terminalId: 'T0', operatorId: '01', allowPartial: false, arguments: {} };
  const prepared = { reference: `wallet-${n}`, lane: `wallet-${n}`, data: { trace: n % 1_000_000 }, dataVersion: 1 };
  const answer = { outcome: 'approved', verified: true, amount, completion: 'none', facts: { receipt: [{ key: 'reference', label: { zh: '参考号', en: 'Reference' }, value: `wallet-${n}` }] } };
  return [
    started(n, 'T0'),
    left(x, 'Pay'),
    { stream: x, event: { type: 'taskStarted', step: 'Pay#1', attempt: 1, resource: 'payment:sale', arguments: { method: 'wallet', amountMinor: amount.amountMinor } } },
    { stream: p, event: { type: 'paymentPrepared', attempt: 1, execution: `x${n}`, step: 'Pay#1', taskAttempt: 1, method: 'wallet', plugin: 'bench-growth', dueMinor: amount.amountMinor, saleReference: `order-${n}`, request, prepared, sealed: false } },
    { stream: p, event: { type: 'paymentAnswered', attempt: 1, to: 'submit', try: 1, answer } },
    { stream: p, event: { type: 'paymentCommitted' } },
    { stream: x, event: { type: 'stepLeft', step: 'Pay#1', next: null, output: { paymentId, amountMinor: amount.amountMinor } } },
    { stream: x, event: { type: 'executionEnded', status: 'succeeded', output: { paymentId, amountMinor: amount.amountMinor } } },
  ];
};
/** A sale that waits for its person. */
const open = (n) => [started(n, `T${n}`), left(`x/x${n}`, 'Ask'), { stream: `x/x${n}`, event: { type: 'taskStarted', step: 'Ask#1', attempt: 1, resource: 'prompt:notice', arguments: { text: { zh: '你好', en: 'hello' } } } }];

const write = async (dir, count, one) => {
  const { log } = fileStorage(dir);
  await log.open();
  log.append([{ stream: 'e', event: { type: 'definitionStored', hash: workflowHash, workflow: 'sale', source: workflowText } }], 0);
  for (let n = 1; n <= count; n += 1) {
    log.append(one(n), 1_767_225_600_000 + n);
    if (n % BATCH === 0) await log.durable(log.head);
  }
  await log.close();
};

const inChild = (...args) => JSON.parse(execFileSync(process.execPath, [CHILD, ...args.map(String)], { encoding: 'utf8', maxBuffer: 1 << 24 }));
const mebibytes = (bytes) => Math.round(bytes / 2 ** 20);
const sizeOf = (dir, wanted) => readdirSync(dir, { recursive: true }).reduce((sum, name) => (wanted(String(name)) ? sum + statSync(join(dir, String(name))).size : sum), 0);

/** A till for each of so many sales that wait for their person, opened in a process of its own. */
export const openTransactions = async (data, count) => {
  await write(data, count, open);
  const foldMs = inChild('fold', data, count).ms;
  return { what: 'open', count, logMiB: mebibytes(sizeOf(data, (name) => name.endsWith('.jsonl'))), indexMiB: 0, foldMs: Math.round(foldMs), ...inChild('open', data, count) };
};

/** @param {{ transactions: number, open: number, dir?: string, say: (text: string) => void }} options */
export const growth = async ({ transactions, open: waiting, dir = tmpdir(), say }) => {
  const own = mkdtempSync(join(dir, 'tillwright-growth-'));
  try {
    const rows = [];
    for (const count of new Set([Math.min(1000, transactions), transactions])) {
      const data = join(own, `closed-${count}`);
      say(`${count.toLocaleString('en-US')} closed transactions: writing ...`);
      await write(data, count, transaction);
      // The whole log is folded once, which leaves a checkpoint, as any till does when it closes.
      say('  folding all of them once ...');
      const foldMs = inChild('fold', data, 1).ms;
      const child = inChild('closed', data, count);
      rows.push({ what: 'closed', count, logMiB: mebibytes(sizeOf(data, (name) => name.endsWith('.jsonl'))), indexMiB: mebibytes(sizeOf(data, (name) => name.startsWith('index'))), foldMs: Math.round(foldMs), ...child });
      if (count <= 1000) {
        const verdict = await verifyLog(data);
        if (!verdict.ok) throw new Error(`the log that was written does not verify: ${verdict.why}`);
      }
      rmSync(data, { recursive: true });
    }
    say(`${waiting.toLocaleString('en-US')} open transactions ...`);
    rows.push(await openTransactions(join(own, 'open'), waiting));
    return { machine: machine(own), rows };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
};

export const growthTable = ({ machine: { cpu, cores, node, loadAtStart }, rows }) => {
  const table = new Table({ head: ['transactions', 'log', 'index', 'whole log folded', 'opened from checkpoint', 'records read', 'resident', 'sale with a new key', 'old key', 'find'], style: { head: [], border: [] } });
  for (const row of rows) {
    const ms = (value) => (value === undefined ? '-' : `${value.toFixed(2)} ms`);
    table.push([`${row.count.toLocaleString('en-US')} ${row.what}`, `${row.logMiB} MiB`, `${row.indexMiB} MiB`, row.foldMs === 0 ? '-' : `${(row.foldMs / 1000).toFixed(1)} s`, `${row.openMs} ms`, row.readAtOpen.toLocaleString('en-US'), `${row.residentMiB} MiB`, ms(row.saleMs), ms(row.oldKeyMs), ms(row.findMs)]);
  }
  return `${cpu}, ${cores} cores; Node ${node}; load ${loadAtStart.join(' ')}\n${table}`;
};
