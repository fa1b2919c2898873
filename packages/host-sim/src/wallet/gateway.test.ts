import { afterEach, describe, expect, it } from 'vitest';
import { Faults } from '../faults.js';
import { machineTimers } from '../clock.js';
import { startGateway } from './gateway.js';
import { type Gateway, type SignedAnswer, WalletWire } from './wire.js';

let running: Awaited<ReturnType<typeof startGateway>> | undefined;
afterEach(() => running?.close());

const start = (gateway: Gateway): ReturnType<typeof startGateway> => {
  const faults = new Faults();
  const wire = new WalletWire(gateway, { faults, clock: machineTimers(Date.now) });
  return startGateway({ port: 0, faults, serve: (request) => wire.serve(request) });
};

function signed(body: string): SignedAnswer {
  return { answer: { status: 200, headers: {}, body }, forged: { status: 200, headers: {}, body: 'forged' } };
}

describe('a wallet\'s gateway', () => {
  it('processes one request after another, so that no answer overtakes an entry that is not durable yet', async () => {
    const seen: string[] = [];
    const steps: string[] = [];
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    running = await start({
      undoes: new Set(),
      operationOf(request) {
        seen.push(request.target);
        // The second request has come in whole: the first may go on.
        if (seen.length === 2) setImmediate(release);
        return undefined;
      },
      async handle(request) {
        steps.push(`begin ${request.target}`);
        if (steps.length === 1) await released;
        steps.push(`end ${request.target}`);
        return signed(request.target);
      },
    });
    const { url } = running;
    await Promise.all([fetch(`${url}/1`), fetch(`${url}/2`)]);
    const [first, second] = seen;
    expect(steps).toEqual([`begin ${first}`, `end ${first}`, `begin ${second}`, `end ${second}`]);
  });

  it('says nothing when the ledger fails, and serves the next', async () => {
    let broken = true;
    running = await start({
      undoes: new Set(),
      operationOf: () => 'pay',
      handle: async () => {
        if (broken) throw new Error('disk full');
        return signed('fine');
      },
    });
    const { url } = running;
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    broken = false;
    expect(await (await fetch(url)).text()).toBe('fine');
  });
});
