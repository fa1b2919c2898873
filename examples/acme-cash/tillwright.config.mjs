import { cash } from './dist/index.js';

export default { plugins: (defaults) => [...defaults, cash()] };
