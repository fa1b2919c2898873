import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Faults } from '../faults.js';
import { listen, type Listener } from '../listener.js';
import type { WireAnswer, WireRequest } from './wire.js';

const BODY_BYTES_MAX = 1_000_000;

/** A wallet's side of HTTP on 127.0.0.1. */
export async function startGateway(options: {
  readonly port: number;
  readonly faults: Faults;
  serve(request: WireRequest): Promise<WireAnswer | undefined>;
}): Promise<Listener & { /** `http://127.0.0.1:port` */ readonly url: string }> {
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    if (body === undefined) {
      reply(response, { status: 413, headers: {}, body: '' });
      return;
    }
    const answer = await options.serve({ method: incoming.method ?? '', target: incoming.url ?? '/', headers: incoming.headers, body });
    if (answer === undefined) incoming.socket.destroy();
    else reply(response, answer);
  };
  const server = createServer((incoming, response) => {
    incoming.on('error', () => undefined);
    response.on('error', () => undefined);
    serve(incoming, response).catch(() => void incoming.socket.destroy());
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  const listener = await listen(server, options);
  return { ...listener, url: `http://127.0.0.1:${listener.port}` };
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
