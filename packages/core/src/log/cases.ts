import { type CaseDecision, type CaseFile, caseFilesOf } from '../engine/case-files.js';
import type { EventInput } from '../engine/ports.js';
import { TillwrightError } from '../errors.js';
import { CORE_VERSION } from '../version.js';
import { fileLog, type FileLogOptions } from './file-log.js';
import { readLog } from './verify.js';

/**
 * The cases of the log in a directory, open and resolved, oldest first. Takes no lock and changes nothing.
 * @throws LOG_DAMAGED, LOG_VERSION
 */
export const casesOf = (dir: string): Promise<readonly CaseFile[]> => caseFilesOf(() => readLog(dir));

/**
 * Terminals whose PIN pad remembers what the log in a directory does not hold, and which nobody has acknowledged (rule 17).
 * @throws LOG_DAMAGED, LOG_VERSION
 */
export const heldOf = async (dir: string): Promise<readonly string[]> => {
  const held = new Set<string>();
  for await (const { stream, event } of readLog(dir)) {
    if (event.type === 'logHeld') held.add(stream.slice(2));
    else if (event.type === 'logAcknowledged') held.delete(stream.slice(2));
  }
  return [...held];
};

/**
 * Writes a person's decision upon an open case into the log of a till that does not run; on disk once this resolves.
 * The till finds it when it is opened again, and does nothing more about the payment by itself.
 * @throws CASE_NEEDS_REASON, CASE_UNKNOWN; LOG_LOCKED while a till runs on it; LOG_DAMAGED, LOG_VERSION, LOG_FAILED
 */
export const resolveCase = async (dir: string, caseId: string, decision: CaseDecision, options: FileLogOptions = {}): Promise<void> => {
  const { as, by, reason } = decision;
  await write(dir, { by, reason }, options, async () => {
    const found = (await casesOf(dir)).find((each) => each.caseId === caseId && each.resolved === undefined);
    if (!found) throw new TillwrightError('CASE_UNKNOWN', { case: caseId });
    return { stream: `p/${found.paymentId}`, event: { type: 'caseResolved', caseId, as, by, reason } };
  });
};

/**
 * Writes into the log of a till that does not run that a person has seen that it is not the one that the terminal's PIN pad knows.
 * The terminal sells again once the till is opened.
 * @throws as resolveCase; CASE_UNKNOWN for a terminal that is not held
 */
export const acknowledgeLog = (dir: string, terminal: string, { by, reason }: Pick<CaseDecision, 'by' | 'reason'>, options: FileLogOptions = {}): Promise<void> =>
  write(dir, { by, reason }, options, async () => {
    if (!(await heldOf(dir)).includes(terminal)) throw new TillwrightError('CASE_UNKNOWN', { case: terminal });
    return { stream: `t/${terminal}`, event: { type: 'logAcknowledged', by, reason } };
  });

/** @param decide reads under the lock: nobody else can have decided it meanwhile */
const write = async (dir: string, { by, reason }: Pick<CaseDecision, 'by' | 'reason'>, options: FileLogOptions, decide: () => Promise<EventInput>): Promise<void> => {
  if (!by.trim() || !reason.trim()) throw new TillwrightError('CASE_NEEDS_REASON');
  const log = fileLog(dir, options);
  const { cut } = await log.open();
  try {
    const at = Date.now();
    // What opening cut is noted, whoever opens.
    if (cut) log.append([{ stream: 'e', event: { type: 'engineOpened', version: CORE_VERSION, cut } }], at);
    log.append([await decide()], at);
    await log.durable(log.head);
  } finally {
    await log.close();
  }
};
