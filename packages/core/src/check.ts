/** The door for tools that only look at workflow files: it loads no engine, so a check begins at once. */
export { checkWorkflows, parseWorkflow, renderDiagnostics } from './definition/check.js';
export { nearest as nearestNames } from './definition/nearest.js';
export type { Catalogue } from './definition/catalogue.js';
export type { Diagnostic } from './definition/diagnostic.js';
