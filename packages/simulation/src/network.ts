/** The network between till and hosts: it takes its time, keeps the order of what goes one way on one connection, and outlives the till's process. */
import type { Clock } from '@tillwright/core/contract';
import type { Life } from '@tillwright/core/testing';
import type { HostsInProcess, WireAnswer, WireRequest } from '@tillwright/host-sim';
import type { AlipayCarrier } from '@tillwright/plugin-alipay';
import type { Connect } from '@tillwright/plugin-card';

/** Sees each message as it leaves the till: an ISO 8583 message without a frame's length, or a signed request. */
export type OnSend = (...sent: readonly ['acquirer', Uint8Array] | readonly ['alipay' | 'wechat', WireRequest]) => void;

export interface NetworkOptions {
  /** The world's clock, which does not stop when a till does. */
  readonly clock: Clock;
  readonly hosts: HostsInProcess;
  /** One way, in ms; asked for every message. */
  readonly latencyMs: () => number;
  readonly onSend?: OnSend | undefined;
}

/** One process's end of the network. */
export interface Network {
  readonly acquirer: Connect;
  readonly alipay: AlipayCarrier;
  readonly wechat: AlipayCarrier;
}

export const networkOf = ({ clock, hosts, latencyMs, onSend }: NetworkOptions, life: Life, tillClock: Clock): Network => {
  /** One way of one connection: nothing overtakes anything. */
  const oneWay = (): ((arrive: () => void) => void) => {
    let lastAt = 0;
    return (arrive) => {
      lastAt = Math.max(lastAt, clock.now() + latencyMs());
      void clock.until(lastAt).then(arrive);
    };
  };

  const acquirer: Connect = (listener) => {
    const there = oneWay();
    const back = oneWay();
    let open = true;
    let end: ReturnType<typeof hosts.acquirer.connect> | undefined;
    const hear = (tell: () => void): void =>
      back(() => {
        if (!open || !life.alive) return;
        life.point('hear');
        if (life.alive) tell();
      });
    const broken = (why: string): void => hear(() => listener.broken(why));
    there(() => {
      if (!hosts.acquirer.faults.admits()) return broken('no connection to the acquirer (ECONNREFUSED)');
      end = hosts.acquirer.connect({
        answer: (payload) => hear(() => listener.message(payload)),
        hangUp: () => broken('the acquirer closed the connection without an answer'),
      });
      return hear(() => listener.connected());
    });
    return {
      send(message) {
        life.point('send');
        if (!life.alive) return;
        onSend?.('acquirer', message);
        there(() => end?.receive(message));
      },
      close() {
        if (open) there(() => end?.closed());
        open = false;
      },
    };
  };

  const over = (name: 'alipay' | 'wechat'): AlipayCarrier => ({
    clock: tillClock,
    exchange: (request, sent, signal) =>
      life.hear(
        (async () => {
          const host = hosts[name];
          const wait = (): Promise<void> => clock.until(clock.now() + latencyMs());
          await wait();
          if (!host.faults.admits()) throw broke('ECONNREFUSED');
          if (!life.alive || signal.aborted) throw broke('ECONNABORTED');
          sent();
          life.point('send');
          if (!life.alive) return await new Promise<never>(() => {});
          onSend?.(name, request);
          return await answered(host, request, wait);
        })(),
        'hear',
      ),
  });
  return { acquirer, alipay: over('alipay'), wechat: over('wechat') };
};

const answered = async (host: Pick<HostsInProcess['alipay'], 'serve'>, request: WireRequest, wait: () => Promise<void>): Promise<WireAnswer> => {
  await wait();
  const answer = await host.serve(request);
  await wait();
  if (answer === undefined) throw broke('ECONNRESET');
  return answer;
};

const broke = (code: string): Error => Object.assign(new Error(`the connection broke (${code})`), { code });
