export { defineConfig } from './config.js';
export type { TillwrightConfig } from './config.js';
