import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

/** Whether the one request of a call may have left. */
export interface OneConnection {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  /** A connection stood, over TLS a secured one: from then on the host may have the request. */
  readonly sent: () => boolean;
}

/** A new connection for one request, so that one which the host closed long ago can't swallow it. */
export const oneConnection = (): OneConnection => {
  let sent = false;
  const stands = (): void => {
    sent = true;
  };
  return {
    httpAgent: watched(new HttpAgent({ keepAlive: false }), 'connect', stands),
    httpsAgent: watched(new HttpsAgent({ keepAlive: false }), 'secureConnect', stands),
    sent: () => sent,
  };
};

type Connect = (...args: unknown[]) => Duplex | null | undefined;

const watched = <A extends HttpAgent>(agent: A, event: 'connect' | 'secureConnect', stands: () => void): A => {
  const own = agent as unknown as { createConnection: Connect };
  const connect = own.createConnection;
  own.createConnection = (...args) => {
    const socket = connect.apply(agent, args);
    if (socket) socket.once(event, stands);
    // Made by other means than is known here: it may have been sent.
    else stands();
    return socket;
  };
  return agent;
};
