import type { Server, Socket } from 'node:net';
import { HostSimError } from './errors.js';
import type { Faults } from './faults.js';

/** A server's door on loopback, which the fault `refuse-connections` can shut and open. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Lets a server (`net` or `http`) listen on 127.0.0.1 and obey `refuse-connections`: uncounted, nothing listens and
 * open connections are dropped until the fault is cleared, then the same port listens again; counted, that many new
 * connections are reset before a byte is read.
 * @param options.port  0: any free port
 * @throws HOST_PORT_IN_USE
 */
export async function listen(server: Server, options: { readonly port: number; readonly faults: Faults }): Promise<Listener> {
  const { faults } = options;
  const sockets = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    if (faults.takeRefusal()) {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  const shut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  let ended = false;
  let port = options.port;
  // Changes come one after another, so that a fault pushed and cleared at once leaves the door open.
  let turn: Promise<void> = Promise.resolve();
  const follow = async (): Promise<void> => {
    const wanted = !ended && !faults.closed;
    if (server.listening === wanted) return;
    if (wanted) port = await bind(server, port);
    else await shut();
  };
  const next = (): Promise<void> => {
    turn = turn.then(follow, follow);
    return turn;
  };

  port = await bind(server, port);
  faults.onChange(next);
  await next();
  return {
    port,
    async close() {
      ended = true;
      await next();
    },
  };
}

async function bind(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new HostSimError('HOST_PORT_IN_USE', `port ${port} of 127.0.0.1 is in use`, { zh: '请换一个端口', en: 'Choose another port' }, { cause })
          : cause,
      );
    };
    server.once('error', failed);
    server.listen({ host: '127.0.0.1', port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
