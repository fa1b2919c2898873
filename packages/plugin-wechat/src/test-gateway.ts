/** For tests only: a small WeChat Pay host on loopback that answers what a test tells it to, signed with keys made at start. */
import { createPublicKey, createSign, createVerify, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } });

export const merchantKeys = pair();
export const platformKeys = pair();
export const strangerKeys = pair();
export const PLATFORM_SERIAL = 'PUB_KEY_ID_0119000000012024';
export const MERCHANT_SERIAL = '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C';

/** A certificate of these keys, for nobody, good from 2000 to 2049 (X.509, version 1). PEM. */
export const selfSigned = ({ privateKey, publicKey }: { readonly privateKey: string; readonly publicKey: string }): string => {
  const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    const { length } = content;
    return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]), content]);
  };
  const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
  const sha256WithRsa = sequence(Buffer.from('06092a864886f70d01010b0500', 'hex'));
  const nobody = sequence();
  const time = (text: string): Buffer => der(0x17, Buffer.from(text));
  const content = sequence(der(0x02, Buffer.from([1])), sha256WithRsa, nobody, sequence(time('000101000000Z'), time('491231235959Z')), nobody, createPublicKey(publicKey).export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey));
  return `-----BEGIN CERTIFICATE-----\n${sequence(content, sha256WithRsa, signature).toString('base64')}\n-----END CERTIFICATE-----\n`;
};

export interface Seen {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly body: { readonly [name: string]: unknown };
  readonly signatureFits: boolean;
}

export type Respond = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

export interface TestGateway {
  readonly url: string;
  readonly seen: readonly Seen[];
  respond: Respond;
  close(): Promise<void>;
}

/** What a signed answer may have different. */
export interface Different {
  readonly key?: string;
  readonly serial?: string;
  readonly atSeconds?: number;
  readonly prefix?: string;
  /** What is signed in place of the body. */
  readonly signedBody?: string;
  readonly without?: string;
}

export const signedHeaders = (body: string, different: Different = {}): { [name: string]: string } => {
  const timestamp = String(different.atSeconds ?? Math.floor(Date.now() / 1000));
  const nonce = 'c5ac7061fccab6bf3e254dcf98995b8c';
  const signature = createSign('RSA-SHA256')
    .update(`${timestamp}\n${nonce}\n${different.signedBody ?? body}\n`)
    .sign(different.key ?? platformKeys.privateKey, 'base64');
  const headers: { [name: string]: string } = {
    'Content-Type': 'application/json; charset=utf-8',
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': different.serial ?? PLATFORM_SERIAL,
    'Wechatpay-Signature': `${different.prefix ?? ''}${signature}`,
  };
  if (different.without !== undefined) delete headers[different.without];
  return headers;
};

/** Answers every request with this, signed. */
export const answering =
  (status: number, body: object | string | ((seen: Seen) => object), different?: Different): Respond =>
  (seen, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(typeof body === 'function' ? body(seen) : body);
    response.writeHead(status, signedHeaders(text, different)).end(text);
  };

export const startTestGateway = async (): Promise<TestGateway> => {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const part = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(request.headers.authorization ?? '')?.[1] ?? '';
      const text = `${request.method}\n${request.url}\n${part('timestamp')}\n${part('nonce_str')}\n${body}\n`;
      const one: Seen = {
        method: request.method ?? '',
        target: request.url ?? '',
        body: (body === '' ? {} : JSON.parse(body)) as Seen['body'],
        signatureFits: part('serial_no') === MERCHANT_SERIAL && createVerify('RSA-SHA256').update(text).verify(merchantKeys.publicKey, part('signature'), 'base64'),
      };
      seen.push(one);
      gateway.respond(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gateway: TestGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
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
