/** What needs Node's own modules: logs and stores on disk, and digests. */
export { acknowledgeLog, caseOf, casesOf, heldOf, resolveCase } from './log/cases.js';
export type { CaseAttempt, CaseDecision, CaseFile } from './engine/case-files.js';
export { fileLog, type FileLog, type FileLogOptions } from './log/file-log.js';
export { fileSealedStore } from './log/sealed-store.js';
export { fileStorage } from './log/file-storage.js';
export { readLog, verifyLog, type Anchor, type LogVerdict } from './log/verify.js';
export { systemHash } from './log/system.js';
export { memoryStorage } from './log/memory-storage.js';
export { onSimulatedDisk } from './simulation/disk-storage.js';
