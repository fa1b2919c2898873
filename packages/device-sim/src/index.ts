/** Simulated, scriptable till devices with faults, and sample cards. */
export { sampleAccounts, sampleCards } from './cards/sample-cards.js';
export type { Account, SampleCard } from './cards/sample-cards.js';
export { deviceSim } from './device-sim.js';
export type { DeviceSimOptions } from './device-sim.js';
export type { CardFault } from './devices/card-reader.js';
export { SimulationError } from './errors.js';
export type { SimulationErrorCode } from './errors.js';
export { promptAnswerer } from './prompt-answerer.js';
export type { AnswerablePrompt } from './prompt-answerer.js';
export { parseScript, ScriptError } from './script/parse.js';
export type { ScriptFault } from './script/parse.js';
export type { Gap } from './script/player.js';
export { scriptSchema } from './script/schema.js';
export { createSimulation } from './simulation.js';
export type { SimulatedTill, SimulationEvents, SimulationOptions } from './simulation.js';
export type { DeviceName, Happening, PrintedReceipt, Waiting } from './stage.js';
