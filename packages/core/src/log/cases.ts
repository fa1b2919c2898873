import { type CaseDecision, type CaseFile, caseFilesOf } from '../engine/case-files.js';
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
 * Writes a person's decision upon an open case into the log of a till that does not run; on disk once this resolves.
 * The till finds it when it is opened again, and does nothing more about the payment by itself.
 * @throws CASE_NEEDS_REASON, CASE_UNKNOWN; LOG_LOCKED while a till runs on it; LOG_DAMAGED, LOG_VERSION, LOG_FAILED
 */
export const resolveCase = async (dir: string, caseId: string, decision: CaseDecision, options: FileLogOptions = {}): Promise<void> => {
  const { as, by, reason } = decision;
  if (!by.trim() || !reason.trim()) throw new TillwrightError('CASE_NEEDS_REASON');
  const log = fileLog(dir, options);
  const { cut } = await log.open();
  try {
    const at = Date.now();
    // What opening cut is noted, whoever opens.
    if (cut) log.append([{ stream: 'e', event: { type: 'engineOpened', version: CORE_VERSION, cut } }], at);
    // Read under the lock: nobody else can have resolved it meanwhile.
    const found = (await casesOf(dir)).find((each) => each.caseId === caseId && each.resolved === undefined);
    if (!found) throw new TillwrightError('CASE_UNKNOWN', { case: caseId });
    log.append([{ stream: `p/${found.paymentId}`, event: { type: 'caseResolved', caseId, as, by, reason } }], at);
    await log.durable(log.head);
  } finally {
    await log.close();
  }
};
