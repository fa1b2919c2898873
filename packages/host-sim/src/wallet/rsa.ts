import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** SHA256withRSA over UTF-8 text, PKCS#1 v1.5, as base64: Alipay's RSA2 and WeChat Pay's SHA256-RSA2048 alike. */
export function signText(text: string, privateKey: KeyObject | string): string {
  return sign('sha256', Buffer.from(text, 'utf8'), privateKey).toString('base64');
}

export function verifyText(text: string, signature: string, publicKey: KeyObject | string): boolean {
  return verify('sha256', Buffer.from(text, 'utf8'), publicKey, Buffer.from(signature, 'base64'));
}

/** A public key from the base64 body of an SPKI structure. */
export function publicKeyFromBase64(body: string): KeyObject {
  return createPublicKey({ key: Buffer.from(body, 'base64'), format: 'der', type: 'spki' });
}
