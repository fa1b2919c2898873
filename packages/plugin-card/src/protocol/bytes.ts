/** Upper-case hexadecimal, the way field values, tags and keys are written. */
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();

/**
 * @param hex an even number of hexadecimal digits, either case
 * @throws RangeError for anything else; the text itself is not repeated, it may be a key
 */
export const fromHex = (hex: string): Uint8Array => {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw new RangeError('not an even number of hexadecimal digits');
  return Uint8Array.from(Buffer.from(hex, 'hex'));
};

export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** Compares without telling by its duration where the difference is. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
};
