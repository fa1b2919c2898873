/** For tests of tills, plugins and workflows. */
export { leakScanner, type Leak, type LeakEncoding, type LeakScanner, type Secret } from './leak-scanner.js';
