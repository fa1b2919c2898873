/** What needs Node's own modules: logs and stores on disk, the machine's clock, randomness and ids. */
export { fileLog, type FileLog, type FileLogOptions } from './log/file-log.js';
export { fileSealedStore } from './log/sealed-store.js';
export { fileStorage } from './log/file-storage.js';
export { readLog, verifyLog, type Anchor, type LogVerdict } from './log/verify.js';
export { sha256, systemClock, systemHash, systemIds, systemRandom, timeSortedIds } from './log/system.js';
