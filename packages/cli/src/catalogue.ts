import { generateKeyPairSync } from 'node:crypto';
import { type Catalogue, catalogueFor } from '@tillwright/core';
import type { Plugin } from '@tillwright/core/contract';
import { createSimulation, deviceSim } from '@tillwright/device-sim';
import { paymentPlugins } from './counter.js';

/** What workflows may use with these plugins; no host is asked and nothing is opened. */
export const createTillCatalogue = async (choose: (defaults: readonly Plugin[]) => readonly Plugin[] | Promise<readonly Plugin[]>, workflows: readonly string[]): Promise<Catalogue> => {
  // Plugins are set up as at a till, with keys that open nothing.
  const merchant = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const host = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pem = merchant.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicPem = host.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const nowhere = 'http://127.0.0.1:9';
  const defaults = [
    ...paymentPlugins({
      acquirer: { host: '127.0.0.1', port: 9, control: nowhere, tpdu: '6000030000', header: '603100310100', tid: '00000001', mid: '898000000000001', terminalMasterKey: '0'.repeat(32) },
      alipay: { gateway: `${nowhere}/gateway.do`, control: nowhere, appId: 'check', appPrivateKey: pem, alipayPublicKey: publicPem },
      wechat: { baseURL: nowhere, control: nowhere, appid: 'check', mchid: 'check', serial: 'check', privateKey: pem, platformSerial: 'PUB_KEY_ID_CHECK', platformPublicKey: publicPem, apiV3Key: '0'.repeat(32) },
    }),
    deviceSim({ world: createSimulation() }),
  ];
  return catalogueFor(await choose(defaults), workflows);
};
