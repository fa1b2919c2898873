/** A whole shop in virtual time, from one seed: till, devices, and hosts on their real wire protocols. No socket, no timer of the machine. */
export { openShop, type Shop, type ShopOptions } from './shop.js';
export type { ShopHosts } from './shop-hosts.js';
export { reconcile, type HostLedger, type Reconciled } from './reconcile.js';
export { runShop, type RunOptions, type RunReport } from './run/run.js';
export { simulateShops, type ShopsReport, type SimulateShopsOptions } from './run/simulate.js';
