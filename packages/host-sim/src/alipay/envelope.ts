import type { KeyObject } from 'node:crypto';
import { alipayTimeMs } from '../wallet/china-time.js';
import type { SignedAnswer, WireAnswer, WireRequest } from '../wallet/wire.js';
import { signText, verifyText } from '../wallet/rsa.js';

export type Params = Readonly<Record<string, string>>;

/** The inside of `<method>_response`, in the order it is written. */
export type ResponseNode = Readonly<Record<string, unknown>> & { readonly code: string; readonly msg: string };

/** The text a signature covers: all parameters with a value, sorted by name, `k=v` joined by `&`; never `sign` itself. */
export function canonicalText(params: Params, without: readonly string[] = ['sign']): string {
  return Object.keys(params)
    .filter((name) => !without.includes(name) && params[name] !== '')
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join('&');
}

/**
 * True when a notification's `sign` fits: unlike a request's, it covers neither `sign` nor `sign_type`.
 */
export function isNotifySigned(params: Params, publicKey: KeyObject): boolean {
  return verifyText(canonicalText(params, ['sign', 'sign_type']), params['sign'] ?? '', publicKey);
}

/** Parameters of the query and of the form body together, as the gateway signs and reads them. */
export function paramsOf(request: WireRequest): Params {
  const query = request.target.split('?').slice(1).join('?');
  return Object.fromEntries([...new URLSearchParams(query), ...new URLSearchParams(request.body)]);
}

export interface PublicChecks {
  readonly appId: string;
  readonly appPublicKey: KeyObject;
  readonly methods: ReadonlySet<string>;
  readonly nowMs: number;
  readonly timestampSkewMs: number;
}

/** A refusal of the request itself. Until app and method are known it cannot be signed, and stands in `error_response`. */
export interface Refusal {
  readonly node: ResponseNode;
  readonly signed: boolean;
}

/** Checks the public parameters in the gateway's order; undefined when all is well. */
export function refusalOf(params: Params, checks: PublicChecks): Refusal | undefined {
  if (!params['method']) return missing('method', false);
  if (!params['app_id']) return missing('app-id', false);
  if (params['app_id'] !== checks.appId) return invalid('app-id', false);
  if (!checks.methods.has(params['method'])) return invalid('method', false);
  if (!params['sign']) return missing('signature');
  if (!params['sign_type']) return missing('signature-type');
  if (!params['timestamp']) return missing('timestamp');
  if (!params['version']) return missing('version');
  if (params['sign_type'] !== 'RSA2') return invalid('signature-type');
  if ((params['charset'] ?? '').toLowerCase() !== 'utf-8') return invalid('charset');
  if (params['format'] !== undefined && params['format'].toLowerCase() !== 'json') return invalid('format');
  if (params['version'] !== '1.0') return invalid('version');
  const sentAt = alipayTimeMs(params['timestamp']);
  if (sentAt === undefined || Math.abs(checks.nowMs - sentAt) > checks.timestampSkewMs) return invalid('timestamp');
  if (params['encrypt_type'] !== undefined) return invalid('encrypt-type');
  if (!verifyText(canonicalText(params), params['sign'], checks.appPublicKey)) return invalid('signature');
  return undefined;
}

function missing(name: string, signed = true): Refusal {
  return { node: refused('40001', `isv.missing-${name}`), signed };
}

function invalid(name: string, signed = true): Refusal {
  return { node: refused('40002', `isv.invalid-${name}`), signed };
}

const MESSAGES: Readonly<Record<string, string>> = {
  '10000': 'Success',
  '10003': 'order success pay inprocess',
  '20000': 'Service Currently Unavailable',
  '20001': 'Insufficient Authorization Permissions',
  '40001': 'Missing Required Arguments',
  '40002': 'Invalid Arguments',
  '40004': 'Business Failed',
  '40006': 'Insufficient Permissions',
};

export function succeeded(fields: Readonly<Record<string, unknown>>, code = '10000'): ResponseNode {
  return { code, msg: MESSAGES[code] ?? 'Success', ...fields };
}

/** A failure: `40004` with a business `sub_code`, or another `code`. */
export function refused(code: string, subCode: string, fields: Readonly<Record<string, unknown>> = {}): ResponseNode {
  return { code, msg: MESSAGES[code] ?? 'Business Failed', sub_code: subCode, sub_msg: `${subCode} (test gateway)`, ...fields };
}

/**
 * Writes an answer and signs the raw text of its node. Slashes are written `\/`, as the gateway writes them: whoever
 * parses the node and writes it again before verifying has other bytes.
 */
export function sealed(method: string | undefined, node: ResponseNode, privateKey: KeyObject | undefined): SignedAnswer {
  const text = JSON.stringify(node).replaceAll('/', '\\/');
  const name = privateKey === undefined || method === undefined ? 'error' : method.replaceAll('.', '_');
  const write = (signature: string | undefined): WireAnswer => ({
    status: 200,
    headers: { 'Content-Type': 'text/html;charset=utf-8' },
    body: `{"${name}_response":${text}${signature === undefined ? '' : `,"sign":"${signature}"`}}`,
  });
  if (privateKey === undefined) return { answer: write(undefined), forged: write(undefined) };
  return {
    answer: write(signText(text, privateKey)),
    get forged() {
      return write(signText(`${text} `, privateKey));
    },
  };
}
