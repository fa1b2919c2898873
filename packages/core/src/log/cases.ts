import { type CaseDecision, type CaseFile, casesIn, checkDecision, resolutionOf } from '../engine/case-files.js';
import { type Outline, outlineOf } from '../engine/journal.js';
import { beginsPayment, evolvePayment, openCase } from '../engine/payment.js';
import type { EventInput, EventLog } from '../engine/ports.js';
import { TillwrightError } from '../errors.js';
import type { EventRecord } from '../events.js';
import { decisionOf, personOf } from '../given.js';
import { CORE_VERSION } from '../version.js';
import { fileLog, type FileLogOptions } from './file-log.js';
import { LogReader } from './log-reader.js';
import { nodeFileSystem } from './node-file-system.js';

/**
 * The open cases of the log in a directory, oldest first. Takes no lock, changes nothing, and reads no more of a long history than
 * opening the till would.
 * @throws LOG_DAMAGED, LOG_VERSION
 */
export const casesOf = (dir: string, options: Pick<FileLogOptions, 'fileSystem'> = {}): Promise<readonly CaseFile[]> =>
  reading(dir, options, async (log, known) => {
    const payments = new Map(known.payments.map((payment) => [payment.paymentId, payment]));
    // Heard of after they had left memory.
    const strays = new Set<string>();
    for await (const record of log.tail()) {
      if (!record.stream.startsWith('p/')) continue;
      const id = record.stream.slice(2);
      const payment = payments.get(id);
      if (payment || beginsPayment(record.event)) payments.set(id, evolvePayment(payment, record));
      else strays.add(id);
    }
    const open = [...payments.values()].filter(openCase).map(({ paymentId }) => paymentId);
    const files = await Promise.all([...open, ...strays].map(async (id) => casesIn(await all(log.read(`p/${id}`)))));
    return files.flat().filter(({ resolved }) => resolved === undefined).sort((a, b) => a.openedAt - b.openedAt);
  });

/** A case by its id, open or resolved, however old. Takes no lock and changes nothing. @throws LOG_DAMAGED, LOG_VERSION */
export const caseOf = (dir: string, caseId: string, options: Pick<FileLogOptions, 'fileSystem'> = {}): Promise<CaseFile | undefined> =>
  reading(dir, options, (log) => findCase(log, caseId));

/**
 * Terminals whose PIN pad remembers what the log in a directory does not hold, and which nobody has acknowledged (rule 17).
 * @throws LOG_DAMAGED, LOG_VERSION
 */
export const heldOf = (dir: string, options: Pick<FileLogOptions, 'fileSystem'> = {}): Promise<readonly string[]> =>
  reading(dir, options, async (log, { held }) => {
    const now = new Set(held);
    for await (const { stream, event } of log.tail()) {
      if (event.type === 'logHeld') now.add(stream.slice(2));
      else if (event.type === 'logAcknowledged') now.delete(stream.slice(2));
    }
    return [...now];
  });

/**
 * Writes a person's decision upon an open case into the log of a till that does not run; on disk once this resolves.
 * The till finds it when it is opened again, and does nothing more about the payment by itself. Whatever else is open of the payment is resolved with it.
 * @throws CASE_NEEDS_REASON, CASE_UNKNOWN, CASE_AMOUNT, CASE_UNDONE; LOG_LOCKED while a till runs on it; LOG_DAMAGED, LOG_VERSION, LOG_FAILED
 */
export const resolveCase = async (dir: string, caseId: string, decision: CaseDecision, options: FileLogOptions = {}): Promise<void> => {
  const decided = decisionOf(decision);
  await write(dir, options, async (log) => {
    const found = await findCase(log, caseId);
    if (!found || found.resolved) throw new TillwrightError('CASE_UNKNOWN', { case: caseId });
    const stream = `p/${found.paymentId}`;
    const open = casesIn(await all(log.read(stream))).filter(({ resolved }) => resolved === undefined);
    for (const each of open) checkDecision(each, decided);
    return resolutionOf(open, decided).map((event) => ({ stream, event }));
  });
};

/**
 * Writes into the log of a till that does not run that a person has seen that it is not the one that the terminal's PIN pad knows.
 * The terminal sells again once the till is opened.
 * @throws as resolveCase; TERMINAL_NOT_HELD
 */
export const acknowledgeLog = async (dir: string, terminal: string, decision: Pick<CaseDecision, 'by' | 'reason'>, options: FileLogOptions = {}): Promise<void> => {
  const person = personOf(decision);
  await write(dir, options, async () => {
    if (!(await heldOf(dir, options)).includes(terminal)) throw new TillwrightError('TERMINAL_NOT_HELD', { terminal });
    return [{ stream: `t/${terminal}`, event: { type: 'logAcknowledged', ...person } }];
  });
};

/** @param decide reads under the lock: nobody else can have decided it meanwhile */
const write = async (dir: string, options: FileLogOptions, decide: (log: EventLog) => Promise<readonly EventInput[]>): Promise<void> => {
  const log = fileLog(dir, options);
  // Nothing is folded here: where the log goes on is all that is wanted of a checkpoint.
  const { cut } = await log.open({ restore: () => true });
  try {
    const at = Date.now();
    // What opening cut is noted, whoever opens.
    if (cut) log.append([{ stream: 'e', event: { type: 'engineOpened', version: CORE_VERSION, cut } }], at);
    log.append(await decide(log), at);
    await log.durable(log.head);
  } finally {
    await log.close();
  }
};

const findCase = async (log: Pick<EventLog, 'read' | 'find'>, caseId: string): Promise<CaseFile | undefined> => {
  for (const stream of await log.find('case', caseId)) {
    const found = casesIn(await all(log.read(stream))).find((each) => each.caseId === caseId);
    if (found) return found;
  }
  return undefined;
};

const reading = async <T>(dir: string, { fileSystem = nodeFileSystem }: Pick<FileLogOptions, 'fileSystem'>, work: (log: LogReader, known: Outline) => Promise<T>): Promise<T> => {
  let known: Outline = { payments: [], held: [] };
  const log = await LogReader.open(fileSystem, dir, (state) => {
    const outline = outlineOf(state);
    if (outline) known = outline;
    return outline !== undefined;
  });
  try {
    return await work(log, known);
  } finally {
    await log.close();
  }
};

const all = async (records: AsyncIterable<EventRecord>): Promise<EventRecord[]> => {
  const read: EventRecord[] = [];
  for await (const record of records) read.push(record);
  return read;
};
