/**
 * Payments with the plugins that ship, on their wire bytes: the counter sale on a log on disk, simulated devices, and the hosts
 * in this process without sockets. Encoding, signatures, MACs and receipts are done in full, at both ends.
 */
import { readFileSync } from 'node:fs';
import { createTill } from '@tillwright/core';
import { fileStorage } from '@tillwright/core/node';
import { createSimulation, deviceSim, sampleAccounts, sampleCards } from '@tillwright/device-sim';
import { openHosts } from '@tillwright/host-sim';
import { alipay } from '@tillwright/plugin-alipay';
import { card } from '@tillwright/plugin-card';
import { luhnValid } from '@tillwright/plugin-card/protocol';
import { wechat } from '@tillwright/plugin-wechat';
import { inLanes, rate } from './measure.mjs';
import { paying } from './payments.mjs';

const MERCHANT = '898000000000001';
const clock = { now: () => Date.now(), until: (atMs, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, Math.max(0, atMs - Date.now()));
  signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
}) };

/** A line to the acquirer on which nothing takes time. */
const line = (acquirer) => (listener) => {
  const end = acquirer.connect({
    answer: (message) => queueMicrotask(() => listener.message(message)),
    hangUp: () => queueMicrotask(() => listener.broken('the acquirer hung up')),
  });
  queueMicrotask(() => listener.connected());
  return { send: (message) => queueMicrotask(() => end.receive(message)), close: () => end.closed() };
};
const carrier = (host) => ({
  clock,
  exchange: async (request, sent) => {
    sent();
    return await host.serve(request);
  },
});

const PREFIX = { alipay: '28', wechat: '13' };
let codes = 0;
const payerCode = (kind) => `${PREFIX[kind]}${String((codes += 1)).padStart(16, '0')}`;

/** Each counter's customer has a card of their own: one chip at fifty readers at once counts in an order in which nothing reaches its issuer. */
const cardOf = (index) => {
  const [chip] = sampleCards;
  const number = chip.pan.slice(0, 10) + String(500_000 + index).padStart(8, '0');
  const pan = Array.from({ length: 10 }, (_, digit) => `${number}${digit}`).find(luhnValid);
  return { ...chip, pan, track2: chip.track2.replace(chip.pan, pan) };
};

/** The customer: inserts the card, enters the PIN, holds up a code that nobody has shown before. */
const customer = (world, kind) =>
  world.on('waiting', (what) =>
    queueMicrotask(() => {
      if (what.device === 'scanner') world.scan(payerCode(kind));
      else if (what.device === 'pinpad') {
        world.typePin('123456');
        world.pressEnter();
      } else if (what.for === 'card') world.presentCard('chip-ok', 'insert');
      else world.removeCard();
    }),
  );

/**
 * Opens a till with so many counters on a directory of its own.
 * @param {{ dir: string, kind: 'card' | 'alipay' | 'wechat', terminals: number }} options
 */
export const openShipped = async ({ dir, kind, terminals }) => {
  const ids = Array.from({ length: terminals }, (_, index) => ({ id: `T${index}`, tid: String(index + 1).padStart(8, '0'), mid: MERCHANT }));
  const cards = ids.map((_, index) => cardOf(index));
  const hosts = await openHosts({ clock, acquirer: { accounts: sampleAccounts(cards), moreTerminals: ids.slice(1).map(({ tid, mid }) => ({ tid, mid })) } });
  const { tpdu, header, terminalMasterKey } = hosts.acquirer.terminal;
  const worlds = new Map(ids.map(({ id }, index) => [id, createSimulation({ terminalMasterKey, cards: [cards[index]] })]));
  for (const world of worlds.values()) customer(world, kind);
  const { appId, appPrivateKey, alipayPublicKey } = hosts.alipay.merchant;
  const { appid, mchid, serial, privateKey, platformSerial, platformPublicKey } = hosts.wechat.merchant;
  const storage = fileStorage(dir);
  const till = await createTill({
    plugins: [
      card({ acquirer: { host: 'acquirer', port: 1, tpdu, header, connect: line(hosts.acquirer) } }),
      alipay({ appId, privateKey: appPrivateKey, alipayPublicKey, gatewayUrl: 'http://alipay/gateway.do', carrier: carrier(hosts.alipay) }),
      wechat({ appid, mchid, serial, privateKey, platformKeys: { [platformSerial]: platformPublicKey }, baseUrl: 'http://wechat', carrier: carrier(hosts.wechat) }),
      deviceSim({ world: ({ id }) => worlds.get(id) }),
    ],
    workflows: { sale: readFileSync(new URL('../workflows/counter-sale.asl.json', import.meta.url), 'utf8') },
    terminals: Object.fromEntries(ids.map(({ id, tid, mid }) => [id, { tid, mid, name: '街角小店 Corner Shop' }])),
    ...storage,
  });
  const pay = paying(till, (step) => (step.startsWith('ScanOrShow') ? 'scan' : kind));
  return {
    take: (count) => rate(count, () => inLanes(count, terminals, pay)),
    close: async () => {
      await till.close();
      await hosts.close();
    },
  };
};
