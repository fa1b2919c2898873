import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Fault, Faults } from '../faults.js';
import { listen } from '../listener.js';

/** A request as it came in: the target and the body are the raw text, because both are signed. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a fault makes of the processing itself; all others concern the bytes. */
export type Twist = { readonly do: 'decline'; readonly code: string } | { readonly do: 'user-paying' } | undefined;

/** One wallet's side of HTTP. */
export interface Gateway {
  /** The operation's name for faults; undefined when the request is none of the wallet's. */
  operationOf(request: WireRequest): string | undefined;
  /** Checks, processes and signs. What it changes is durable when it resolves. */
  handle(request: WireRequest, twist: Twist): Promise<SignedAnswer>;
}

export interface SignedAnswer {
  readonly answer: WireAnswer;
  /** The same answer under a signature that does not verify. */
  readonly forged: WireAnswer;
}

export interface RunningGateway {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Runs outside of HTTP what must not run between a request's check and its entry in the ledger. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const BODY_BYTES_MAX = 1_000_000;

/**
 * Serves a wallet's gateway on loopback and applies faults to it. Requests are processed one after another.
 *
 * `delay` holds an answer that is already in the ledger. `answer-twice`: HTTP has one answer for one request, so the
 * request is processed twice, as a network that repeats it would, and the second answer leaves. `http-status` from 500
 * replaces the answer of a processed request; below 500 the request is refused unseen.
 */
export async function startGateway(options: {
  readonly port: number;
  readonly faults: Faults;
  readonly gateway: Gateway;
}): Promise<RunningGateway> {
  const { faults, gateway } = options;
  const held = new Map<NodeJS.Timeout, () => void>();
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => undefined);
    return done;
  };
  /** @returns false when the host was closed before the time was over */
  const hold = (ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      if (closed) {
        resolve(false);
        return;
      }
      const timer = setTimeout(() => {
        held.delete(timer);
        resolve(true);
      }, ms);
      held.set(timer, () => resolve(false));
    });

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    if (body === undefined) {
      reply(response, { status: 413, headers: {}, body: '' });
      return;
    }
    const request: WireRequest = { method: incoming.method ?? '', target: incoming.url ?? '/', headers: incoming.headers, body };
    const operation = gateway.operationOf(request);
    const fault = operation === undefined ? undefined : faults.take(operation);
    if (fault?.do === 'drop-request') {
      incoming.socket.destroy();
      return;
    }
    if (fault?.do === 'http-status' && fault.status < 500) {
      reply(response, { status: fault.status, headers: {}, body: '' });
      return;
    }
    const signed = await inTurn(async () => {
      const first = await gateway.handle(request, twistOf(fault));
      return fault?.do === 'answer-twice' ? gateway.handle(request, undefined) : first;
    });
    const lost = fault?.do === 'drop-answer' || (fault?.do === 'delay' && !(await hold(fault.ms)));
    if (lost) {
      incoming.socket.destroy();
      return;
    }
    reply(response, asSent(signed, fault));
  };

  const server = createServer((incoming, response) => {
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    serve(incoming, response).catch(() => {
      // A ledger that cannot be written: what was asked for may or may not have happened, so nothing is said.
      incoming.socket.destroy();
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });

  const listener = await listen(server, { port: options.port, faults });
  return {
    url: `http://127.0.0.1:${listener.port}`,
    inTurn,
    async close() {
      closed = true;
      for (const [timer, drop] of held) {
        clearTimeout(timer);
        drop();
      }
      await listener.close();
      await turn;
    },
  };
}

function twistOf(fault: Fault | undefined): Twist {
  if (fault?.do === 'decline') return { do: 'decline', code: fault.code };
  return fault?.do === 'user-paying' ? { do: 'user-paying' } : undefined;
}

function asSent({ answer, forged }: SignedAnswer, fault: Fault | undefined): WireAnswer {
  switch (fault?.do) {
    case 'bad-signature':
      return forged;
    case 'garble':
      if (answer.body === '') return forged;
      return { ...answer, body: `${answer.body.slice(0, Math.ceil(answer.body.length / 2))}\u0000~` };
    case 'http-status':
      return { status: fault.status, headers: {}, body: '' };
    default:
      return answer;
  }
}

function reply(response: ServerResponse, answer: WireAnswer): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(answer.body, 'utf8');
  // 204 has no body and so no length.
  const length = answer.status === 204 ? {} : { 'Content-Length': String(bytes.length) };
  response.writeHead(answer.status, { ...answer.headers, ...length });
  response.end(answer.status === 204 ? undefined : bytes);
}

async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
