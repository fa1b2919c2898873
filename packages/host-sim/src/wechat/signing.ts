import { randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { SignedAnswer, WireAnswer, WireRequest } from '../wallet/wire.js';
import { signText, verifyText } from '../wallet/rsa.js';

const SCHEMA = 'WECHATPAY2-SHA256-RSA2048';

/** What a merchant's request must prove. */
export interface Merchant {
  readonly mchid: string;
  readonly serial: string;
  readonly publicKey: KeyObject;
}

/** The text a request's signature covers: five lines, each ended, the target with its query as it was sent. */
export function requestText(parts: { readonly method: string; readonly target: string; readonly timestamp: string; readonly nonce: string; readonly body: string }): string {
  return `${parts.method}\n${parts.target}\n${parts.timestamp}\n${parts.nonce}\n${parts.body}\n`;
}

/** The text an answer's signature covers. */
export function answerText(parts: { readonly timestamp: string; readonly nonce: string; readonly body: string }): string {
  return `${parts.timestamp}\n${parts.nonce}\n${parts.body}\n`;
}

/** True when `Authorization` names this merchant, is no older or younger than allowed, and signs this very request. */
export function isSigned(request: WireRequest, merchant: Merchant, time: { readonly nowMs: number; readonly skewMs: number }): boolean {
  const header = request.headers['authorization'];
  if (typeof header !== 'string' || !header.startsWith(`${SCHEMA} `)) return false;
  const parts = Object.fromEntries([...header.slice(SCHEMA.length + 1).matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]));
  const { mchid = '', serial_no: serial = '', nonce_str: nonce = '', timestamp = '', signature = '' } = parts;
  if (!same(mchid, merchant.mchid) || !same(serial, merchant.serial)) return false;
  if (nonce === '' || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(time.nowMs - Number(timestamp) * 1000) > time.skewMs) return false;
  const text = requestText({ method: request.method, target: request.target, timestamp, nonce, body: request.body });
  return verifyText(text, signature, merchant.publicKey);
}

export interface Signer {
  readonly platformSerial: string;
  readonly privateKey: KeyObject;
  readonly nowMs: () => number;
}

/** Signs an answer over its raw body; 204 signs the empty one. */
export function signed(answer: { readonly status: number; readonly body: string }, signer: Signer | undefined): SignedAnswer {
  const plain = answer.body === '' ? {} : { 'Content-Type': 'application/json; charset=utf-8' };
  const common = { ...plain, 'Request-ID': randomBytes(12).toString('hex').toUpperCase() };
  if (signer === undefined) {
    const bare: WireAnswer = { ...answer, headers: common };
    return { answer: bare, forged: bare };
  }
  const timestamp = String(Math.floor(signer.nowMs() / 1000));
  const nonce = randomBytes(16).toString('hex');
  const headers = (signature: string): Record<string, string> => ({
    ...common,
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': signer.platformSerial,
    'Wechatpay-Signature': signature,
  });
  const signature = signText(answerText({ timestamp, nonce, body: answer.body }), signer.privateKey);
  return {
    answer: { ...answer, headers: headers(signature) },
    get forged() {
      return { ...answer, headers: headers(signText(answerText({ timestamp, nonce, body: `${answer.body} ` }), signer.privateKey)) };
    },
  };
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
