/** Written into the log when an engine opens it. */
export const CORE_VERSION = '0.1.0';
