/** For tests only: a small Alipay gateway on loopback that answers what a test tells it to, signed with keys made at start. */
import { createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

export const appKeys = pair();
export const alipayKeys = pair();
export const strangerKeys = pair();

export interface Seen {
  readonly method: string;
  readonly content: { readonly [name: string]: unknown };
  readonly timestamp: string;
  readonly signatureFits: boolean;
}

export type Respond = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

export interface TestGateway {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** What the next requests get. */
  respond: Respond;
  close(): Promise<void>;
}

export const sign = (text: string, key: string = alipayKeys.privateKey): string => createSign('RSA-SHA256').update(text, 'utf8').sign(key, 'base64');

export const nodeName = (method: string): string => `${method.replaceAll('.', '_')}_response`;

/** A signed answer; `node` is the raw text of the response member. */
export const signedBody = (method: string, node: string, key?: string): string => `{"${nodeName(method)}":${node},"sign":"${sign(node, key)}"}`;

/** Answers every request with these members, signed. */
export const answering =
  (members: object | ((seen: Seen) => object)): Respond =>
  (seen, response) =>
    void response.end(signedBody(seen.method, JSON.stringify(typeof members === 'function' ? members(seen) : members)));

export const startTestGateway = async (): Promise<TestGateway> => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const params: { [name: string]: string } = Object.fromEntries([...url.searchParams, ...new URLSearchParams(Buffer.concat(chunks).toString('utf8'))]);
      const text = Object.keys(params)
        .filter((name) => name !== 'sign')
        .sort()
        .map((name) => `${name}=${params[name]}`)
        .join('&');
      const one: Seen = {
        method: params['method'] ?? '',
        content: JSON.parse(params['biz_content'] ?? '{}') as Seen['content'],
        timestamp: params['timestamp'] ?? '',
        signatureFits: createVerify('RSA-SHA256').update(text, 'utf8').verify(appKeys.publicKey, params['sign'] ?? '', 'base64'),
      };
      seen.push(one);
      gateway.respond(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gateway: TestGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway.do`,
    seen,
    respond: (_seen, response) => void response.end(),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return gateway;
};
