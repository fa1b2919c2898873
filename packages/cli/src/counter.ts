/** A counter ready to sell: hosts, simulated devices, plugins, engine. */
import { readFile } from 'node:fs/promises';
import { createTill, type Till } from '@tillwright/core';
import type { Clock, Plugin, SettlingPolicy } from '@tillwright/core/contract';
import { fileStorage } from '@tillwright/core/node';
import { createSimulation, deviceSim, sampleAccounts, type SimulatedTill } from '@tillwright/device-sim';
import type { Endpoints, Hosts } from '@tillwright/host-sim';
import { alipay } from '@tillwright/plugin-alipay';
import { card } from '@tillwright/plugin-card';
import { wechat } from '@tillwright/plugin-wechat';
import type { TillwrightConfig } from './config.js';
import { dataDirs } from './data-dirs.js';
import { UsageError } from './exit.js';
import type { WorkflowSource } from './workflow-files.js';

export const TERMINAL = 'T1';

/** The simulated hosts, knowing the sample cards. A till that is told of hosts need not load them. */
export const startSampleHosts = async (dataDir?: string, ports: { acquirer?: number; alipay?: number; wechat?: number } = {}): Promise<Hosts> => {
  const { startHosts } = await import('@tillwright/host-sim');
  return startHosts({
    ...(dataDir === undefined ? {} : { dataDir }),
    acquirer: { accounts: sampleAccounts(), ...(ports.acquirer === undefined ? {} : { port: ports.acquirer }) },
    alipay: ports.alipay === undefined ? {} : { port: ports.alipay },
    wechat: ports.wechat === undefined ? {} : { port: ports.wechat },
  });
};

/** @throws UsageError for a file that is not what `tillwright hosts` prints */
export const readEndpoints = async (file: string): Promise<Endpoints> => {
  try {
    const endpoints = JSON.parse(await readFile(file, 'utf8')) as Endpoints;
    if (endpoints.acquirer || endpoints.alipay || endpoints.wechat) return endpoints;
  } catch (error) {
    throw new UsageError(`can't read endpoints from ${file}: ${error instanceof Error ? error.message : 'error'}`, { cause: error });
  }
  throw new UsageError(`${file} holds no endpoints: it must be what \`tillwright hosts\` prints`);
};

type Policy = Partial<Omit<SettlingPolicy, 'reverse'>> & { readonly reverse?: Partial<SettlingPolicy['reverse']> };

/** What differs from each method's own timings. */
export interface Policies {
  readonly card?: Policy;
  readonly alipay?: Policy;
  readonly wechat?: Policy;
}

const policyOf = (policy: Policy | undefined): { policy?: Policy } => (policy === undefined ? {} : { policy });

/** The three payment methods, set up for the hosts that are there. */
export const paymentPlugins = (endpoints: Endpoints, policies: Policies = {}): Plugin[] => [
  ...(endpoints.acquirer
    ? [card({ acquirer: { host: endpoints.acquirer.host, port: endpoints.acquirer.port, tpdu: endpoints.acquirer.tpdu, header: endpoints.acquirer.header }, ...policyOf(policies.card) })]
    : []),
  ...(endpoints.alipay
    ? [
        alipay({
          appId: endpoints.alipay.appId,
          privateKey: endpoints.alipay.appPrivateKey,
          alipayPublicKey: endpoints.alipay.alipayPublicKey,
          gatewayUrl: endpoints.alipay.gateway,
          ...policyOf(policies.alipay),
        }),
      ]
    : []),
  ...(endpoints.wechat
    ? [
        wechat({
          appid: endpoints.wechat.appid,
          mchid: endpoints.wechat.mchid,
          serial: endpoints.wechat.serial,
          privateKey: endpoints.wechat.privateKey,
          platformKeys: { [endpoints.wechat.platformSerial]: endpoints.wechat.platformPublicKey },
          baseUrl: endpoints.wechat.baseURL,
          ...policyOf(policies.wechat),
        }),
      ]
    : []),
];

export interface Counter {
  readonly till: Till;
  readonly world: SimulatedTill;
  readonly endpoints: Endpoints;
  close(): Promise<void>;
}

/**
 * Opens a counter on a data directory, with the hosts named or with its own.
 * @throws what createTill throws; UsageError
 */
export const openCounter = async (options: {
  readonly data: string;
  readonly workflows: { readonly [workflow: string]: WorkflowSource };
  readonly endpoints?: Endpoints;
  readonly script?: string;
  readonly config: TillwrightConfig;
  readonly policies?: Policies;
  /** The machine's where absent. */
  readonly clock?: Clock;
}): Promise<Counter> => {
  const dirs = dataDirs(options.data);
  const hosts = options.endpoints ? undefined : await startSampleHosts(dirs.hosts);
  const endpoints = options.endpoints ?? hosts?.endpoints ?? {};
  try {
    const world = createSimulation({
      ...(options.script === undefined ? {} : { script: options.script }),
      ...(endpoints.acquirer ? { terminalMasterKey: endpoints.acquirer.terminalMasterKey } : {}),
      stateDir: dirs.devices,
      outputDir: dirs.receipts,
    });
    const defaults = [...paymentPlugins(endpoints, options.policies), deviceSim({ world })];
    const plugins = (await options.config.plugins?.(defaults)) ?? defaults;
    const terminal = { tid: endpoints.acquirer?.tid ?? '00000001', mid: endpoints.acquirer?.mid ?? '898000000000001', name: '街角小店 Corner Shop', operatorId: '01', ...options.config.terminal };
    const till = await createTill({ plugins, workflows: options.workflows, terminals: { [TERMINAL]: terminal }, ...fileStorage(dirs.log), ...(options.clock === undefined ? {} : { clock: options.clock }) });
    return {
      till,
      world,
      endpoints,
      close: async () => {
        await till.close();
        await hosts?.close();
      },
    };
  } catch (error) {
    await hosts?.close();
    throw error;
  }
};
