/** Simulated hosts on loopback: the acquirer, Alipay and WeChat Pay, on their real wire protocols. For tests and demonstrations. */
export { openHosts, startHosts, type Hosts, type HostsInProcess, type HostsOptions } from './hosts.js';
export type { HostClock, RandomBytes } from './clock.js';
export { rsaKeyPair, type RsaKeyPair } from './keys.js';
export type { WireAnswer, WireRequest } from './wallet/wire.js';
export type { AcquirerOptions } from './acquirer/acquirer.js';
export type { Account } from './acquirer/accounts.js';
export type { AlipayOptions } from './alipay/server.js';
export type { WechatOptions } from './wechat/server.js';
export type { Payer } from './wallet/payers.js';
export type { AcquirerEndpoints, AlipayEndpoints, Endpoints, HostName, WechatEndpoints } from './endpoints.js';
export { HostSimError } from './errors.js';
export type { Fault } from './faults.js';
export type { LedgerEntry } from './control.js';
