/** What a mutant is asked to run. */
export { onSimulatedDisk } from '../../packages/core/src/simulation/disk-storage.js';
export { runOnce } from '../../packages/core/src/simulation/run.js';
