import { type Acquirer, type AcquirerOptions, openAcquirer, startAcquirer } from './acquirer/acquirer.js';
import { type Alipay, type AlipayOptions, openAlipay, startAlipay } from './alipay/server.js';
import type { HostClock, RandomBytes } from './clock.js';
import { claimDataDir } from './data-dir.js';
import type { Endpoints } from './endpoints.js';
import type { RsaKeyPair } from './keys.js';
import { openWechat, startWechat, type Wechat, type WechatOptions } from './wechat/server.js';

export interface HostsOptions {
  /** Where ledgers, keys and what is remembered of cards outlive a restart. Left out: memory only. */
  readonly dataDir?: string;
  /** Milliseconds since 1970; the machine's clock when left out. */
  readonly clock?: () => number;
  /** `false` leaves the host out; left out, it starts with defaults. */
  readonly acquirer?: AcquirerOptions | false;
  readonly alipay?: AlipayOptions | false;
  readonly wechat?: WechatOptions | false;
}

export interface Hosts {
  readonly endpoints: Endpoints;
  close(): Promise<void>;
}

interface Started<T> {
  readonly endpoints: T;
  close(): Promise<void>;
}

/**
 * Starts the simulated hosts on 127.0.0.1, each with its own ledger and control API.
 * @throws HOST_DATA_IN_USE, HOST_DATA_DAMAGED, HOST_OPTIONS_INVALID, HOST_PORT_IN_USE; what had started is closed again
 */
export async function startHosts(options: HostsOptions = {}): Promise<Hosts> {
  const { dataDir } = options;
  const clock = options.clock ?? Date.now;
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).toReversed()) await each();
  };
  const start = async <O extends object, T>(
    wanted: O | false | undefined,
    starter: (options: O & { readonly dataDir?: string; readonly clock: () => number }) => Promise<Started<T>>,
    defaults: O,
  ): Promise<T | undefined> => {
    if (wanted === false) return undefined;
    const host = await starter({ ...(wanted ?? defaults), clock, ...(dataDir === undefined ? {} : { dataDir }) });
    opened.push(() => host.close());
    return host.endpoints;
  };
  try {
    if (dataDir !== undefined) opened.push(await claimDataDir(dataDir));
    const acquirer = await start(options.acquirer, startAcquirer, {});
    const alipay = await start(options.alipay, startAlipay, {});
    const wechat = await start(options.wechat, startWechat, {});
    return { endpoints: { ...(acquirer && { acquirer }), ...(alipay && { alipay }), ...(wechat && { wechat }) }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The hosts in this process, without sockets. */
export interface HostsInProcess {
  readonly acquirer: Acquirer;
  readonly alipay: Alipay;
  readonly wechat: Wechat;
  close(): Promise<void>;
}

/**
 * Opens all three hosts in this process: bytes in, bytes out, no socket and no timer of the machine; ledgers in memory.
 * @throws HOST_OPTIONS_INVALID
 */
export async function openHosts(options: {
  readonly clock: HostClock;
  readonly random?: RandomBytes;
  readonly keyPair?: () => Promise<RsaKeyPair>;
  readonly acquirer?: AcquirerOptions;
  readonly alipay?: AlipayOptions;
  readonly wechat?: WechatOptions;
}): Promise<HostsInProcess> {
  const { clock, random, keyPair } = options;
  const acquirer = await openAcquirer({ ...options.acquirer, clock, random });
  const alipay = await openAlipay({ ...options.alipay, clock, random, keyPair });
  const wechat = await openWechat({ ...options.wechat, clock, random, keyPair });
  return {
    acquirer,
    alipay,
    wechat,
    async close() {
      for (const host of [acquirer, alipay, wechat]) await host.close();
    },
  };
}
