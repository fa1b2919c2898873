/** What tests and simulations of embedders and plugin authors run on: storage that dies with the process, a clock that jumps, a scanner for leaks. */
export { memoryLog, type MemoryLog, type MemoryLogOptions } from './log/memory-log.js';
export { memorySealedStore } from './log/memory-sealed-store.js';
export { virtualClock, type VirtualClock } from './engine/virtual-clock.js';
export { leakScanner, type Leak, type LeakEncoding, type LeakScanner, type Secret } from './leak-scanner.js';
export { checkLog, type Books } from './simulation/log-checkers.js';
export { countsOf } from './simulation/run.js';
export { simulate, type SimulateOptions, type SimulationFailure, type SimulationReport } from './simulation/simulate.js';
export type { FaultMix } from './simulation/swarm.js';
export type { CheckpointFate, SimulatedLog, SimulatedStorage, StorageOf, StorageOptions } from './simulation/storage.js';
export { Life, type LifeOptions, type PointKind } from './simulation/life.js';
export { seeded, type Random } from './interpreter/random.js';
export { journalOf } from './till.js';
export { Journal } from './engine/journal.js';
export { isSettled, isUndecided, openCase, type PaymentState } from './engine/payment.js';
export { addressOf, scopeOf } from './interpreter/address.js';
export { matches as errorMatches } from './interpreter/failure.js';
export { canonicalJson } from './json.js';
