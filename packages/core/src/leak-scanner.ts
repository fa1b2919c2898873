/**
 * Finds secrets in bytes that were written: logs, receipts, output. Works on values that a test knows, in the encodings in
 * which they could have got there, and on whatever looks like a card number though nobody knows it.
 */

/** A value that may stand nowhere. Findings tell its name, never the value. */
export interface Secret {
  readonly name: string;
  /** Text (a card number, a PIN, a code, a PEM body), or bytes (a key, a PIN block). */
  readonly value: string | Uint8Array;
}

/** How a secret was found to be written. `packed`: two digits to a byte, as in ISO 8583; `markup`: its characters stand in elements of their own, as in an SVG. */
export type LeakEncoding = 'plain' | 'bytes' | 'packed' | 'grouped' | 'markup' | 'full-width' | 'hex' | 'base64' | 'gb18030' | 'utf-16' | 'card-number';

export interface Leak {
  /** As it was given to `scan`: a file's name, `stdout`. */
  readonly source: string;
  readonly secret: string;
  readonly encoding: LeakEncoding;
  /** Where it begins, in bytes; in characters of the text as it is read for `grouped`, `markup`, `full-width` and `gb18030`. */
  readonly offset: number;
}

export interface LeakScanner {
  /** @returns every finding, at most one for each secret and encoding */
  scan(source: string, written: string | Uint8Array): readonly Leak[];
}

interface Needle {
  readonly secret: string;
  readonly encoding: LeakEncoding;
  /** Bytes, one character each. */
  readonly bytes: string;
  /** Too short to be told from chance: counts only where no letter or digit is next to it. */
  readonly alone: boolean;
}

/** Below this a needle may well stand somewhere by chance; base64 and packed digits have more signs to choose from. */
const SHORT = 8;
const SHORT_DENSE = 6;
const utf8 = new TextEncoder();

/**
 * @param options.secrets what may not be found; an empty value is refused
 * @param options.harmless exact texts that are not card numbers though they may look like one: times, hashes, trade numbers.
 *   They are passed over by the search for unknown card numbers only.
 * @throws RangeError for a secret without a value
 */
export const leakScanner = (options: { readonly secrets: readonly Secret[]; readonly harmless?: Iterable<string> }): LeakScanner => {
  for (const { name, value } of options.secrets) if (value.length === 0) throw new RangeError(`the secret ${name} is empty`);
  const needles = options.secrets.flatMap(needlesOf);
  const texts = options.secrets.flatMap(({ name, value }) => (typeof value === 'string' ? [{ name, value }] : []));
  const harmless = [...new Set(options.harmless)].filter((text) => text !== '').sort((a, b) => b.length - a.length);
  return {
    scan: (source, written) => {
      const bytes = typeof written === 'string' ? utf8.encode(written) : written;
      const haystack = latin1(bytes);
      const found = needles.flatMap(({ secret, encoding, bytes: needle, alone }) => {
        const offset = alone ? indexAlone(haystack, needle) : haystack.indexOf(needle);
        return offset < 0 ? [] : [{ source, secret, encoding, offset }];
      });
      for (const encoding of ['utf-8', 'gb18030'] as const) {
        const text = new TextDecoder(encoding).decode(bytes);
        found.push(...texts.flatMap((secret) => inText(source, text, secret, encoding)));
      }
      found.push(...cardNumbers(source, haystack, harmless), ...(isMarkup(haystack) ? cardNumbers(source, withoutMarkup(haystack), harmless) : []));
      return found.filter((leak, index) => found.findIndex((other) => other.secret === leak.secret && other.encoding === leak.encoding && (leak.encoding !== 'card-number' || other.offset === leak.offset)) === index);
    },
  };
};

const needlesOf = ({ name, value }: Secret): Needle[] => {
  const needle = (encoding: LeakEncoding, bytes: string): Needle => ({ secret: name, encoding, bytes, alone: bytes.length < (encoding === 'base64' || encoding === 'packed' ? SHORT_DENSE : SHORT) });
  const raw = typeof value === 'string' ? utf8.encode(value) : value;
  const hex = hexOf(raw);
  const needles = [needle(typeof value === 'string' ? 'plain' : 'bytes', latin1(raw)), needle('hex', hex), needle('hex', hex.toUpperCase()), ...base64Of(raw).map((text) => needle('base64', text))];
  if (typeof value !== 'string') {
    // A key is also written as hexadecimal text, and that again in base64.
    return [...needles, ...[hex, hex.toUpperCase()].flatMap((text) => base64Of(utf8.encode(text)).map((each) => needle('base64', each)))];
  }
  needles.push(needle('utf-16', [...value].map((character) => `${character}\0`).join('')));
  // Track 2 with its separator as D, or a number: as it stands in a message or a TLV.
  const digits = value.toUpperCase().replace('=', 'D');
  if (/^[0-9A-F]+$/.test(digits) && digits.length >= 12) {
    if (digits !== value) needles.push(needle('plain', digits), needle('plain', digits.toLowerCase()));
    for (const packed of digits.length % 2 === 0 ? [digits] : [`${digits}0`, `${digits}F`, `0${digits}`]) {
      const inner = digits.length % 2 === 0 ? packed : packed.startsWith('0') ? packed.slice(2) : packed.slice(0, -2);
      const bytes = bytesOf(inner);
      needles.push(needle('packed', latin1(bytes)), ...base64Of(bytes).map((text) => needle('packed', text)));
    }
  }
  return needles;
};

/** What only the text shows: digits in groups, full-width digits, and what is not ASCII in GB18030. */
const inText = (source: string, text: string, secret: { name: string; value: string }, decoded: 'utf-8' | 'gb18030'): Leak[] => {
  const leaks: Leak[] = [];
  const look = (encoding: LeakEncoding, haystack: string): void => {
    const offset = secret.value.length < SHORT ? indexAlone(haystack, secret.value) : haystack.indexOf(secret.value);
    if (offset >= 0) leaks.push({ source, secret: secret.name, encoding, offset });
  };
  if (/[^\0-\x7F]/.test(secret.value)) look(decoded === 'gb18030' ? 'gb18030' : 'plain', text);
  if (/^\d{12,}$/.test(secret.value) && decoded === 'utf-8') look('grouped', text.replaceAll(/(?<=\d)[ -](?=\d)/g, ''));
  if (isMarkup(text)) look('markup', withoutMarkup(text));
  if (/[０-９]/.test(text)) look('full-width', text.replaceAll(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfe_e0)));
  return leaks;
};

const isMarkup = (text: string): boolean => /<\/[a-z]+>/.test(text);
/** What a reader sees of it, line by line. */
const withoutMarkup = (text: string): string =>
  text
    .replaceAll(/<\/(?:text|g|p|div|tr|svg)>/g, '\n')
    .replaceAll(/<[^<>]*>/g, '')
    .replaceAll(/&#x([0-9a-f]{1,6});/gi, (_entity, code: string) => String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10_ff_ff)));

/**
 * How the numbers of card schemes begin: Mir, Mastercard's second range, Diners Club, American Express, JCB, Visa, Mastercard, Maestro,
 * Discover, UnionPay, and what banks issue for their own country (9). A time in ms or a date written as digits begins otherwise.
 * Source: ISO/IEC 7812-1 (first digit: the industry) and the schemes' published issuer ranges.
 */
const SCHEMES = /^(?:220[0-4]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|30[0-5]|3[4-9]|[4-6]|81|9)/;

/** Every run of 13 to 19 digits, plain or as the hexadecimal of its characters, that begins as a scheme's numbers do and whose check digit is right. */
const cardNumbers = (source: string, haystack: string, harmless: readonly string[]): Leak[] => {
  // Passed over in place, so that offsets stay and neighbours do not join.
  const searched = harmless.reduce((text, known) => text.replaceAll(known, '\u0001'.repeat(known.length)), haystack);
  const plain = [...searched.matchAll(/\d+/g)].map((match) => ({ digits: match[0], offset: match.index }));
  const hex = [...searched.matchAll(/(?:3\d){13,}/g)].map((match) => ({ digits: match[0].replaceAll(/3(\d)/g, '$1'), offset: match.index }));
  return [...plain, ...hex]
    .filter(({ digits }) => digits.length >= 13 && digits.length <= 19 && SCHEMES.test(digits) && luhn(digits))
    .map(({ digits, offset }) => ({ source, secret: `a number of ${digits.length} digits with a card's check digit`, encoding: 'card-number', offset }));
};

const luhn = (digits: string): boolean => {
  const sum = [...digits].toReversed().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
};

const indexAlone = (haystack: string, needle: string): number => {
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) {
    if (!/[0-9A-Za-z]/.test(haystack[at - 1] ?? '') && !/[0-9A-Za-z]/.test(haystack[at + needle.length] ?? '')) return at;
  }
  return -1;
};

/** One character for each byte. */
const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
};

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** As it stands within base64 of something longer, at each of the three places in a group; both alphabets. */
const base64Of = (bytes: Uint8Array): string[] => {
  const texts = [0, 1, 2].map((before) => {
    const after = (3 - ((before + bytes.length) % 3)) % 3;
    const text = btoa(latin1(new Uint8Array([...new Uint8Array(before), ...bytes, ...new Uint8Array(after)])));
    // Characters that hold bits of a neighbour are left out.
    const from = before === 0 ? 0 : before + 1;
    return text.slice(from, text.length - (after === 0 ? 0 : after + 1));
  });
  return [...new Set(texts.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]))];
};
